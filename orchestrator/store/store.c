#include "store.h"

#include <libpq-fe.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "copy.h"
#include "store_sql.h"

enum { TRANSACTION_ATTEMPTS = 5 };

struct store {
    char *url;
    char *application_name;
    PGconn *connection;
    bool prepared[STORE_STATEMENT_COUNT];
    bool keeps_plans;
    bool in_transaction; /* from store_begin to commit or rollback, even when the connection is lost in
                            between */
};

struct store_rows; /* is a PGresult */

static const PGresult *as_result(const struct store_rows *rows)
{
    return (const PGresult *)(const void *)rows;
}

/* --- parameters ------------------------------------------------------------------------------------- */

static int next_parameter(struct store_parameters *parameters)
{
    if (parameters->count >= STORE_PARAMETERS_MAX)
        abort(); /* a statement with more parameters than any of ours: a bug */
    return parameters->count++;
}

void store_put_text(struct store_parameters *parameters, const char *text)
{
    parameters->values[next_parameter(parameters)] = text;
}

void store_put_integer(struct store_parameters *parameters, int64_t value)
{
    int n = next_parameter(parameters);
    snprintf(parameters->numbers[n], sizeof parameters->numbers[n], "%lld", (long long)value);
    parameters->values[n] = parameters->numbers[n];
}

void store_put_real(struct store_parameters *parameters, double value)
{
    int n = next_parameter(parameters);
    snprintf(parameters->numbers[n], sizeof parameters->numbers[n], "%.17g", value);
    parameters->values[n] = parameters->numbers[n];
}

void store_put_boolean(struct store_parameters *parameters, bool value)
{
    store_put_text(parameters, value ? "t" : "f");
}

void store_put_bytes(struct store_parameters *parameters, const void *bytes, int length)
{
    int n = next_parameter(parameters);
    parameters->values[n] = bytes;
    parameters->lengths[n] = length;
    parameters->formats[n] = 1;
}

/* --- connection ------------------------------------------------------------------------------------- */

/* The ports of one host or several, such as "5432,5433": libpq reads them at the first connection only, and
 * then a typing error looks like a database that is away. */
static bool are_ports(const char *text)
{
    for (;; text++) {
        size_t digits = strspn(text, "0123456789");
        long port = strtol(text, NULL, 10);
        bool is_default = digits == 0;
        if (!is_default && (digits > 5 || port < 1 || port > 65535))
            return false;
        text += digits;
        if (*text != ',')
            return *text == '\0';
    }
}

static bool has_good_ports(const PQconninfoOption *options)
{
    for (; options->keyword != NULL; options++) {
        if (strcmp(options->keyword, "port") == 0 && options->val != NULL && !are_ports(options->val))
            return false;
    }
    return true;
}

enum status store_check_url(const char *url, struct error *error)
{
    char *why = NULL;
    PQconninfoOption *options = PQconninfoParse(url, &why);
    bool is_read = options != NULL;
    bool is_good = is_read && has_good_ports(options);
    PQconninfoFree(options);
    if (is_good)
        return STATUS_OK;
    if (is_read)
        return error_set(error, STATUS_INVALID, "database_url", "has a port that is not one from 1 to 65535");
    PQfreemem(why);
    return error_set(
        error, STATUS_INVALID, "database_url",
        "is not a PostgreSQL connection string, such as postgresql://USER:PASSWORD@HOST:PORT/DATABASE");
}

struct store *store_create(const char *url, const char *application_name)
{
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL)
        abort();
    store->url = strdup(url);
    store->application_name = strdup(application_name);
    if (store->url == NULL || store->application_name == NULL)
        abort();
    return store;
}

void store_keep_plans(struct store *store)
{
    store->keeps_plans = true;
}

static void disconnect(struct store *store)
{
    PQfinish(store->connection);
    store->connection = NULL;
    memset(store->prepared, 0, sizeof store->prepared);
}

void store_destroy(struct store *store)
{
    if (store == NULL)
        return;
    disconnect(store);
    free(store->url);
    free(store->application_name);
    free(store);
}

/* libpq ends its messages with a newline and may use several lines: one line is wanted. */
static void copy_line(char *line, size_t size, const char *text)
{
    snprintf(line, size, "%s", text);
    size_t length = strlen(line);
    while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == ' '))
        line[--length] = '\0';
    for (char *c = line; *c != '\0'; c++) {
        if (*c == '\n' || *c == '\t')
            *c = ' ';
    }
}

static void ignore_notice(void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

/* Compiling a statement (jit) took five times as long as running it; and pages come from memory, or from a
 * disk that does not turn. Of the pages of temporary tables (each campaign's planning makes one) a connection
 * keeps so many for ever, and PostgreSQL's usual 8 MB grow for hours. The rest is what the server does about
 * an orchestrator that vanishes: one that waits for its next statement is noticed by the first, one that owes
 * it the acknowledgement of an answer by the second, one that owes nothing by the probes. Until then the
 * others wait for its locks. */
#define OPTIONS                                                                                              \
    "-c TimeZone=UTC -c jit=off -c random_page_cost=1.1 -c temp_buffers=1MB "                                \
    "-c idle_in_transaction_session_timeout=20s -c tcp_user_timeout=20s "                                    \
    "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=2"

/* A server that has ended says so, and closes the connection: whoever used it next would be told that the
 * database is away, though it has long been back. The first read takes what it said, the second finds the
 * end. */
static bool is_connected(const struct store *store)
{
    return store->connection != NULL && PQstatus(store->connection) == CONNECTION_OK &&
           (store->in_transaction ||
            (PQconsumeInput(store->connection) == 1 && PQconsumeInput(store->connection) == 1 &&
             PQstatus(store->connection) == CONNECTION_OK));
}

enum status store_connect(struct store *store, struct error *error)
{
    if (is_connected(store))
        return STATUS_OK;
    disconnect(store);
    /* A server or an orchestrator that vanishes without a word must hold up neither us nor, through the locks
     * of its open transaction, the others. What stands before dbname the URL may override. */
    const char *keywords[] = {"keepalives_idle",
                              "keepalives_interval",
                              "keepalives_count",
                              "tcp_user_timeout",
                              "target_session_attrs",
                              "dbname",
                              "application_name",
                              "connect_timeout",
                              "client_encoding",
                              "options",
                              NULL};
    const char *values[] = {"10",
                            "5",
                            "2",
                            "20000",
                            "read-write", /* of several hosts, the one that is no standby */
                            store->url,
                            store->application_name,
                            "5",
                            "UTF8",
                            store->keeps_plans
                                ? "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off " OPTIONS
                                : "-c plan_cache_mode=force_custom_plan " OPTIONS,
                            NULL};
    store->connection = PQconnectdbParams(keywords, values, 1);
    if (store->connection == NULL)
        abort();
    if (PQstatus(store->connection) != CONNECTION_OK) {
        char line[400];
        copy_line(line, sizeof line, PQerrorMessage(store->connection));
        disconnect(store);
        return error_set(error, STATUS_UNAVAILABLE, "database_url", "cannot connect to PostgreSQL: %s", line);
    }
    PQsetNoticeReceiver(store->connection, ignore_notice, NULL);
    return STATUS_OK;
}

#define READ_ONLY "25006"

/* --- statements ------------------------------------------------------------------------------------- */

static enum status status_of_sqlstate(const char *sqlstate)
{
    if (strncmp(sqlstate, "23", 2) == 0)
        return STATUS_CONFLICT;
    if (strncmp(sqlstate, "22", 2) == 0)
        return STATUS_INVALID;
    /* connection, shutdown, resources, read-only, out of disk, lock timeout */
    static const char *const unavailable[] = {"08", "57", "53", "58", "55", READ_ONLY};
    for (size_t i = 0; i < sizeof unavailable / sizeof unavailable[0]; i++) {
        if (strncmp(sqlstate, unavailable[i], strlen(unavailable[i])) == 0)
            return STATUS_UNAVAILABLE;
    }
    return STATUS_INTERNAL;
}

static enum status failure(struct store *store, const PGresult *result, const char *name, struct error *error)
{
    const char *sqlstate = result != NULL ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    char line[400];
    if (PQstatus(store->connection) != CONNECTION_OK) {
        copy_line(line, sizeof line, PQerrorMessage(store->connection));
        disconnect(store);
        return error_set(error, STATUS_UNAVAILABLE, NULL, "lost the connection to PostgreSQL: %s", line);
    }
    if (sqlstate == NULL) {
        copy_line(line, sizeof line, PQerrorMessage(store->connection));
        return error_set(error, STATUS_INTERNAL, NULL, "statement %s: %s", name, line);
    }
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
    copy_line(line, sizeof line, primary != NULL ? primary : "");
    enum status status =
        error_set(error, status_of_sqlstate(sqlstate), constraint, "statement %s: %s", name, line);
    if (error != NULL)
        snprintf(error->sqlstate, sizeof error->sqlstate, "%s", sqlstate);
    /* The primary has become a standby under it: this connection would stay with it for ever. */
    if (strcmp(sqlstate, READ_ONLY) == 0)
        disconnect(store);
    return status;
}

static enum status check(struct store *store, PGresult *result, const char *name, struct store_rows **rows,
                         struct error *error)
{
    ExecStatusType outcome = PQresultStatus(result);
    if (outcome != PGRES_TUPLES_OK && outcome != PGRES_COMMAND_OK) {
        enum status status = failure(store, result, name, error);
        PQclear(result);
        return status;
    }
    if (rows != NULL)
        *rows = (struct store_rows *)(void *)result;
    else
        PQclear(result);
    return STATUS_OK;
}

static enum status execute(struct store *store, const char *text, struct error *error)
{
    if (store->connection == NULL)
        return error_set(error, STATUS_UNAVAILABLE, NULL, "lost the connection to PostgreSQL");
    return check(store, PQexec(store->connection, text), text, NULL, error);
}

/* A new connection knows nothing of the transaction: what was begun must fail, not go on without it. */
static enum status ensure_connection(struct store *store, struct error *error)
{
    if (store->in_transaction && (store->connection == NULL || PQstatus(store->connection) != CONNECTION_OK))
        return error_set(error, STATUS_UNAVAILABLE, NULL, "lost the connection to PostgreSQL");
    return store_connect(store, error);
}

enum status store_run(struct store *store, const struct store_statement *statement,
                      const struct store_parameters *parameters, struct store_rows **rows,
                      struct error *error)
{
    static const struct store_parameters none;
    if (rows != NULL)
        *rows = NULL;
    if (parameters == NULL)
        parameters = &none;
    if (ensure_connection(store, error) != STATUS_OK)
        return error->status;
    if (!store->prepared[statement->number]) {
        PGresult *result = PQprepare(store->connection, statement->name, statement->text, 0, NULL);
        if (check(store, result, statement->name, NULL, error) != STATUS_OK)
            return error->status;
        store->prepared[statement->number] = true;
    }
    PGresult *result = PQexecPrepared(store->connection, statement->name, parameters->count,
                                      parameters->values, parameters->lengths, parameters->formats, 0);
    return check(store, result, statement->name, rows, error);
}

enum status store_run_copy(struct store *store, const struct store_statement *statement, struct copy *copy,
                           struct error *error)
{
    enum status status = STATUS_OK;
    if (copy->bytes.length == 0)
        return STATUS_OK;
    if (ensure_connection(store, error) != STATUS_OK) {
        copy_release(copy);
        return error->status;
    }
    PGresult *result = PQexec(store->connection, statement->text);
    if (PQresultStatus(result) != PGRES_COPY_IN) {
        status = failure(store, result, statement->name, error);
        PQclear(result);
    } else {
        PQclear(result);
        bool sent = copy->bytes.length <= INT_MAX &&
                    PQputCopyData(store->connection, copy->bytes.text, (int)copy->bytes.length) == 1;
        if (PQputCopyEnd(store->connection, sent ? NULL : "not all rows could be sent") == 1) {
            status = check(store, PQgetResult(store->connection), statement->name, NULL, error);
            while (store->connection != NULL && (result = PQgetResult(store->connection)) != NULL)
                PQclear(result);
        } else {
            disconnect(store); /* it would wait for rows for ever */
            status = error_set(error, STATUS_UNAVAILABLE, NULL, "lost the connection to PostgreSQL");
        }
    }
    copy_release(copy);
    return status;
}

enum status store_run_text(struct store *store, const struct store_statement *statement,
                           const struct store_parameters *parameters, struct arena *arena, char **text,
                           struct error *error)
{
    struct store_rows *rows = NULL;
    *text = NULL;
    if (store_run(store, statement, parameters, &rows, error) != STATUS_OK)
        return error->status;
    if (store_rows_count(rows) > 0 && !store_rows_null(rows, 0, 0))
        *text = arena_copy(arena, store_rows_text(rows, 0, 0));
    store_rows_free(rows);
    return STATUS_OK;
}

enum status store_now(struct store *store, double *now, struct error *error)
{
    struct store_rows *rows;
    if (store_run(store, &SQL_CLOCK_NOW, NULL, &rows, error) != STATUS_OK)
        return error->status;
    *now = store_rows_real(rows, 0, 0);
    store_rows_free(rows);
    return STATUS_OK;
}

enum status store_run_script(struct store *store, const char *text, struct error *error)
{
    if (ensure_connection(store, error) != STATUS_OK)
        return error->status;
    PGresult *result = PQexec(store->connection, text);
    return check(store, result, "script", NULL, error);
}

/* --- rows ------------------------------------------------------------------------------------------- */

int64_t store_rows_count(const struct store_rows *rows)
{
    return PQntuples(as_result(rows));
}

int64_t store_rows_affected(const struct store_rows *rows)
{
    PGresult *result = (PGresult *)(void *)(uintptr_t)rows; /* libpq's parameter lacks a const */
    return strtoll(PQcmdTuples(result), NULL, 10);
}

bool store_rows_null(const struct store_rows *rows, int64_t row, int column)
{
    return PQgetisnull(as_result(rows), (int)row, column) != 0;
}

const char *store_rows_text(const struct store_rows *rows, int64_t row, int column)
{
    if (store_rows_null(rows, row, column))
        return NULL;
    return PQgetvalue(as_result(rows), (int)row, column);
}

int64_t store_rows_integer(const struct store_rows *rows, int64_t row, int column)
{
    return strtoll(PQgetvalue(as_result(rows), (int)row, column), NULL, 10);
}

double store_rows_real(const struct store_rows *rows, int64_t row, int column)
{
    return strtod(PQgetvalue(as_result(rows), (int)row, column), NULL);
}

bool store_rows_boolean(const struct store_rows *rows, int64_t row, int column)
{
    return PQgetvalue(as_result(rows), (int)row, column)[0] == 't';
}

unsigned char *store_rows_bytes(const struct store_rows *rows, int64_t row, int column, struct arena *arena,
                                size_t *length)
{
    const char *text = PQgetvalue(as_result(rows), (int)row, column);
    unsigned char *bytes = PQunescapeBytea((const unsigned char *)text, length);
    if (bytes == NULL)
        abort();
    unsigned char *copy = (unsigned char *)arena_copy_bytes(arena, bytes, *length);
    PQfreemem(bytes);
    return copy;
}

void store_rows_free(struct store_rows *rows)
{
    PQclear((PGresult *)(void *)rows);
}

/* --- transactions ----------------------------------------------------------------------------------- */

enum status store_begin(struct store *store, struct error *error)
{
    if (store_connect(store, error) != STATUS_OK)
        return error->status;
    if (execute(store, "BEGIN", error) != STATUS_OK)
        return error->status;
    store->in_transaction = true;
    return STATUS_OK;
}

/* PostgreSQL answers COMMIT of a transaction in which a statement has failed with ROLLBACK, and no error. */
enum status store_commit(struct store *store, struct error *error)
{
    bool failed = store->connection != NULL && PQtransactionStatus(store->connection) == PQTRANS_INERROR;
    enum status status = execute(store, "COMMIT", error);
    store->in_transaction = false;
    if (status == STATUS_OK && failed)
        return error_set(error, STATUS_INTERNAL, NULL, "a statement of the transaction had failed");
    return status;
}

void store_rollback(struct store *store)
{
    struct error ignored;
    if (store->connection != NULL && PQtransactionStatus(store->connection) != PQTRANS_IDLE &&
        execute(store, "ROLLBACK", &ignored) != STATUS_OK)
        disconnect(store); /* a connection that cannot roll back is of no use */
    store->in_transaction = false;
}

/* Of two transactions that take one device at the same moment, the second sees that it is taken when it runs
 * again. */
static bool worth_repeating(const struct error *error)
{
    return strcmp(error->sqlstate, STORE_SERIALIZATION_FAILURE) == 0 ||
           strcmp(error->sqlstate, "40P01") == 0 ||
           (strcmp(error->sqlstate, "23505") == 0 &&
            strcmp(error->field, "targets_one_live_per_device") == 0);
}

enum status store_transaction(struct store *store, store_work work, void *context, struct error *error)
{
    struct error own;
    if (error == NULL)
        error = &own;
    for (int attempt = 1;; attempt++) {
        if (store_begin(store, error) != STATUS_OK)
            return error->status;
        enum status status = work(store, context, error);
        if (status == STATUS_OK)
            status = store_commit(store, error);
        if (status == STATUS_OK)
            return STATUS_OK;
        store_rollback(store);
        if (!worth_repeating(error) || attempt == TRANSACTION_ATTEMPTS)
            return status;
    }
}
