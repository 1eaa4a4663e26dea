#include "range.h"

#include <string.h>
#include <strings.h>

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

/* Reads digits; what does not fit is the largest number. False when there is no digit. */
static bool read_number(const char **at, uint64_t *number)
{
    const char *start = *at;
    *number = 0;
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        uint64_t digit = (uint64_t)(**at - '0');
        if (__builtin_mul_overflow(*number, 10, number) || __builtin_add_overflow(*number, digit, number)) {
            *at += strspn(*at, "0123456789");
            *number = UINT64_MAX;
            break;
        }
    }
    return *at != start;
}

static struct range part(uint64_t first, uint64_t last, uint64_t size)
{
    if (first >= size)
        return (struct range){.kind = RANGE_UNSATISFIABLE};
    if (last >= size)
        last = size - 1;
    return (struct range){.kind = RANGE_PART, .first = first, .length = last - first + 1};
}

struct range range_parse(const char *header, uint64_t size)
{
    const struct range whole = {.kind = RANGE_WHOLE, .first = 0, .length = size};
    uint64_t first = 0;
    uint64_t last = UINT64_MAX;
    if (header == NULL || strncasecmp(header, "bytes=", 6) != 0)
        return whole;
    const char *at = skip_blanks(header + 6);
    bool has_first = read_number(&at, &first);
    if (*at != '-')
        return whole;
    at++;
    bool has_last = read_number(&at, &last);
    if (!has_last)
        last = UINT64_MAX;
    if (*skip_blanks(at) != '\0' || (!has_first && !has_last) || (has_first && has_last && last < first))
        return whole;
    if (has_first)
        return part(first, last, size);
    if (last == 0 || size == 0) /* the last 0 bytes */
        return (struct range){.kind = RANGE_UNSATISFIABLE};
    return part(last >= size ? 0 : size - last, UINT64_MAX, size);
}

bool etag_matches(const char *list, const char *etag, bool weak)
{
    size_t length = strlen(etag);
    const char *at = list;
    for (;;) {
        at += strspn(at, " \t,");
        if (*at == '*')
            return true;
        bool is_weak = strncmp(at, "W/", 2) == 0;
        if (is_weak)
            at += 2;
        if (*at != '"')
            return false;
        const char *end = strchr(at + 1, '"');
        if (end == NULL)
            return false;
        if ((weak || !is_weak) && (size_t)(end + 1 - at) == length && strncmp(at, etag, length) == 0)
            return true;
        at = end + 1;
    }
}
