/* The Range header of image downloads (RFC 9110, section 14): one range of bytes. */
#ifndef HTTP_RANGE_H
#define HTTP_RANGE_H

#include <stdbool.h>
#include <stdint.h>

enum range_kind {
    RANGE_WHOLE,        /* no range, or one that is ignored: malformed, another unit, several ranges */
    RANGE_PART,         /* `length` bytes from `first` */
    RANGE_UNSATISFIABLE /* outside the image */
};

struct range {
    enum range_kind kind;
    uint64_t first, length;
};

/* `header` may be NULL. `size` is that of the whole image. For RANGE_WHOLE the range is everything. */
struct range range_parse(const char *header, uint64_t size);

/* Whether an entity tag is in a list such as If-None-Match ("a", W/"b" or *). `weak` compares weakly. */
bool etag_matches(const char *list, const char *etag, bool weak);

#endif
