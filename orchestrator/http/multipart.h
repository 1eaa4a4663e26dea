/* multipart/form-data bodies (RFC 7578), read from memory. */
#ifndef HTTP_MULTIPART_H
#define HTTP_MULTIPART_H

#include <stddef.h>

#include "arena.h"
#include "status.h"

#define MULTIPART_PARTS_MAX 18

struct multipart_part {
    const char *name;           /* of the form field */
    const char *file_name;      /* NULL when it is no file */
    const unsigned char *bytes; /* borrowed from the body */
    size_t size;
};

struct multipart {
    struct multipart_part parts[MULTIPART_PARTS_MAX];
    size_t count;
};

/* `content_type` is the header's value with its boundary; a zero byte must follow the body. Names are made in
 * `arena`. STATUS_INVALID says what is wrong with the body. */
enum status multipart_parse(const char *content_type, const char *body, size_t length, struct arena *arena,
                            struct multipart *multipart, struct error *error) MUST_CHECK;

/* The part of that name, or NULL. */
const struct multipart_part *multipart_find(const struct multipart *multipart, const char *name);

#endif
