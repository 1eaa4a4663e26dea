/* One PostgreSQL connection. Not for sharing between threads. The only place that knows libpq.
 *
 * Statements are the files of store/sql/, one query each, compiled in as SQL_<FILE NAME IN CAPITALS>
 * (store_sql.h). Each is prepared on first use. Parameters are always $n and given as text. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "status.h"

struct store;
struct store_rows;

struct store_statement {
    int number;       /* position in the generated table */
    const char *name; /* file name without .sql */
    const char *text;
};

#define STORE_PARAMETERS_MAX 24

/* Parameters of one call; a zeroed struct is empty. Texts are borrowed until the call returns. */
struct store_parameters {
    int count;
    const char *values[STORE_PARAMETERS_MAX]; /* NULL is SQL NULL */
    int lengths[STORE_PARAMETERS_MAX];
    int formats[STORE_PARAMETERS_MAX]; /* 0 text, 1 binary */
    char numbers[STORE_PARAMETERS_MAX][32];
};

void store_put_text(struct store_parameters *parameters, const char *text); /* NULL for SQL NULL */
void store_put_integer(struct store_parameters *parameters, int64_t value);
void store_put_real(struct store_parameters *parameters, double value);
void store_put_boolean(struct store_parameters *parameters, bool value);
void store_put_bytes(struct store_parameters *parameters, const void *bytes, int length); /* bytea, binary */

/* Whether `url` can be a connection string at all. STATUS_INVALID says why not; a password in it is not
 * repeated. */
enum status store_check_url(const char *url, struct error *error) MUST_CHECK;

/* Makes a handle; does not connect. `url` is a libpq connection string, copied. Never fails. */
struct store *store_create(const char *url, const char *application_name);
void store_destroy(struct store *store);

/* Before the first connection: each statement is planned once, and by indexes. For those whose statements all
 * name the rows they want; others plan anew each time, as a plan from when a table was empty would read all
 * of it later. */
void store_keep_plans(struct store *store);

/* Connects when there is no working connection. STATUS_UNAVAILABLE when that fails. An open transaction is
 * lost with the connection. Every function below that needs the connection calls it outside a transaction. */
enum status store_connect(struct store *store, struct error *error) MUST_CHECK;

/* Runs a statement. `rows` may be NULL when nothing is to be read; else release with store_rows_free. Errors
 * of PostgreSQL come as STATUS_CONFLICT (unique, exclusion, foreign key, check), STATUS_UNAVAILABLE
 * (connection, shutdown, read only, disk full), STATUS_INVALID (data that does not parse) or STATUS_INTERNAL,
 * with error->sqlstate set; on STATUS_CONFLICT, error->field is the constraint's name. */
enum status store_run(struct store *store, const struct store_statement *statement,
                      const struct store_parameters *parameters, struct store_rows **rows,
                      struct error *error) MUST_CHECK;

/* Runs a statement that returns one row with one text (or json) value; copies it into `arena`. *text is NULL
 * when there is no row or the value is SQL NULL. This is how the read side of the API works: the query makes
 * the JSON. */
enum status store_run_text(struct store *store, const struct store_statement *statement,
                           const struct store_parameters *parameters, struct arena *arena, char **text,
                           struct error *error) MUST_CHECK;

int64_t store_rows_count(const struct store_rows *rows);
int64_t store_rows_affected(const struct store_rows *rows);
/* Values of row `row` (from 0), column `column` (from 0). NULL / 0 / false for SQL NULL. Borrowed from
 * `rows`. */
const char *store_rows_text(const struct store_rows *rows, int64_t row, int column);
bool store_rows_null(const struct store_rows *rows, int64_t row, int column);
int64_t store_rows_integer(const struct store_rows *rows, int64_t row, int column);
double store_rows_real(const struct store_rows *rows, int64_t row, int column);
bool store_rows_boolean(const struct store_rows *rows, int64_t row, int column);
/* A bytea, copied into `arena`. */
unsigned char *store_rows_bytes(const struct store_rows *rows, int64_t row, int column, struct arena *arena,
                                size_t *length);
void store_rows_free(struct store_rows *rows); /* NULL is fine */

/* The database's clock, by which all that is stored or decided goes: Unix seconds. */
enum status store_now(struct store *store, double *now, struct error *error) MUST_CHECK;

/* Runs a text of several statements, without parameters: migrations only. */
enum status store_run_script(struct store *store, const char *text, struct error *error) MUST_CHECK;

enum status store_begin(struct store *store, struct error *error) MUST_CHECK;
enum status store_commit(struct store *store, struct error *error) MUST_CHECK;
void store_rollback(struct store *store); /* harmless outside a transaction */

/* Runs `work` in a transaction: begin, work, commit; rolls back when work fails; runs it again (at most 5
 * times) after a serialization failure, a deadlock, or when another has taken a device at the same moment.
 * `work` must be safe to repeat: it re-reads whatever it decides on. */
#define STORE_SERIALIZATION_FAILURE "40001"
typedef enum status (*store_work)(struct store *store, void *context, struct error *error);
enum status store_transaction(struct store *store, store_work work, void *context,
                              struct error *error) MUST_CHECK;

#endif
