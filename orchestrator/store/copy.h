/* Rows for COPY ... FROM STDIN, in its text format: the cheapest way in for many of them. */
#ifndef STORE_COPY_H
#define STORE_COPY_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "status.h"

/* A zeroed struct has no rows. Values are put one after the other, then copy_end_row. Release with
 * copy_release. Aborts when memory is exhausted. */
struct copy {
    struct bytes bytes;
    int columns; /* put of the row that is not ended yet */
};

void copy_put_text(struct copy *copy, const char *text); /* NULL for SQL NULL */
void copy_put_integer(struct copy *copy, int64_t value);
void copy_put_time(struct copy *copy, double seconds); /* since 1970, to the microsecond */
void copy_end_row(struct copy *copy);
void copy_release(struct copy *copy);

/* Runs a statement of the form COPY ... FROM STDIN with the rows; nothing is run without any. Errors as of
 * store_run. Releases the rows in any case. */
struct store;
struct store_statement;
struct error;
enum status store_run_copy(struct store *store, const struct store_statement *statement, struct copy *copy,
                           struct error *error) MUST_CHECK;

#endif
