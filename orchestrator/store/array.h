/* PostgreSQL array parameters: `{...}` texts, one per column of a batch, for `unnest($1, $2, ...)`. */
#ifndef STORE_ARRAY_H
#define STORE_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "status.h"

/* A zeroed struct is an empty array. Release with array_release. Aborts when memory is exhausted. */
struct array {
    struct bytes bytes;
    int64_t count;
    bool closed;
};

void array_put_text(struct array *array, const char *text); /* NULL for SQL NULL */
void array_put_integer(struct array *array, int64_t value);
void array_put_boolean(struct array *array, bool value);

/* The array as text; valid until array_reset or array_release. Nothing more may be put after it. */
const char *array_text(struct array *array);

/* Runs a statement whose parameters are `count` arrays, one a column of a batch; nothing is run for a batch
 * without rows. The arrays are released in any case. */
struct store;
struct store_statement;
struct error;
enum status store_run_arrays(struct store *store, const struct store_statement *statement,
                             struct array *columns, int count, struct error *error) MUST_CHECK;

/* Empties it, and keeps the memory. */
void array_reset(struct array *array);
void array_release(struct array *array);

#endif
