/* Bytes that grow, for texts of unknown length. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stddef.h>

/* A zeroed struct is empty. Release with bytes_release. */
struct bytes {
    char *text; /* with a NUL behind it; NULL while nothing was put */
    size_t length, size;
};

/* Aborts when memory is exhausted. */
void bytes_put(struct bytes *bytes, const char *text, size_t length);
void bytes_release(struct bytes *bytes);

#endif
