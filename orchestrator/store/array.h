/* PostgreSQL array parameters: `{...}` texts, one per column of a batch, for `unnest($1, $2, ...)`. */
#ifndef STORE_ARRAY_H
#define STORE_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A zeroed struct is an empty array. Release with array_release. Aborts when memory is exhausted. */
struct array {
    char *text;
    size_t length, size;
    int64_t count;
    bool closed;
};

void array_put_text(struct array *array, const char *text); /* NULL for SQL NULL */
void array_put_integer(struct array *array, int64_t value);
void array_put_boolean(struct array *array, bool value);

/* The array as text; valid until array_reset or array_release. Nothing more may be put after it. */
const char *array_text(struct array *array);

/* Empties it, and keeps the memory. */
void array_reset(struct array *array);
void array_release(struct array *array);

#endif
