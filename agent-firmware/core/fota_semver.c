#include "fota_semver.h"

#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_identifier(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

/* --- reading: each takes what stands at `at` and returns what follows, or NULL --- */

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && is_digit(*at))
        at++;
    return at;
}

/* Without leading zeros. */
static const char *take_number(const char *at, const char *end)
{
    const char *after = skip_digits(at, end);
    return after == at || (*at == '0' && after - at > 1) ? 0 : after;
}

/* Joined by dots. In a prerelease (`strict`) numbers have no leading zeros. */
static const char *take_identifiers(const char *at, const char *end, bool strict)
{
    for (;; at++) {
        const char *start = at;
        while (at < end && is_identifier(*at))
            at++;
        if (at == start)
            return 0;
        if (strict && *start == '0' && at - start > 1 && skip_digits(start, at) == at)
            return 0;
        if (at == end || *at != '.')
            return at;
    }
}

bool fota_semver_is_valid(const char *text, const char *end)
{
    const char *at = text;

    for (int i = 0; i < 3; i++) {
        if (i > 0 && (at == end || *at++ != '.'))
            return false;
        at = take_number(at, end);
        if (!at)
            return false;
    }
    if (at < end && *at == '-')
        at = take_identifiers(at + 1, end, true);
    if (at && at < end && *at == '+')
        at = take_identifiers(at + 1, end, false);
    return at == end;
}

/* --- precedence --- */

static int compare_bytes(const char *a, const char *b, long length)
{
    return length > 0 ? memcmp(a, b, (size_t)length) : 0;
}

/* Numbers without leading zeros, of any size: the longer is the larger. */
static int compare_numbers(const char *a, const char *a_end, const char *b, const char *b_end)
{
    long difference = (long)(a_end - a) - (long)(b_end - b);
    if (difference != 0)
        return difference < 0 ? -1 : 1;
    return compare_bytes(a, b, (long)(a_end - a));
}

/* A number comes before a word; words in ASCII order, the shorter before what it begins. */
static int compare_identifiers(const char *a, const char *a_end, const char *b, const char *b_end)
{
    bool a_number = skip_digits(a, a_end) == a_end, b_number = skip_digits(b, b_end) == b_end;
    long a_length = (long)(a_end - a), b_length = (long)(b_end - b);
    int difference;

    if (a_number != b_number)
        return a_number ? -1 : 1;
    if (a_number)
        return compare_numbers(a, a_end, b, b_end);
    difference = compare_bytes(a, b, a_length < b_length ? a_length : b_length);
    return difference != 0 ? difference : (a_length > b_length) - (a_length < b_length);
}

static const char *find(const char *at, const char *end, char wanted)
{
    while (at < end && *at != wanted)
        at++;
    return at;
}

/* Both without the hyphen; an empty one is a release, which comes after all its prereleases. */
static int compare_prereleases(const char *a, const char *a_end, const char *b, const char *b_end)
{
    if (a == a_end || b == b_end)
        return (a == a_end) - (b == b_end);
    for (;; a++, b++) {
        const char *a_stop = find(a, a_end, '.'), *b_stop = find(b, b_end, '.');
        int difference = compare_identifiers(a, a_stop, b, b_stop);
        if (difference != 0)
            return difference;
        a = a_stop;
        b = b_stop;
        if (a == a_end || b == b_end)
            return (a != a_end) - (b != b_end);
    }
}

int fota_semver_compare(const char *a, const char *a_end, const char *b, const char *b_end)
{
    a_end = find(a, a_end, '+'); /* build metadata does not count */
    b_end = find(b, b_end, '+');
    for (int i = 0; i < 3; i++) {
        const char *a_stop = skip_digits(a, a_end), *b_stop = skip_digits(b, b_end);
        int difference = compare_numbers(a, a_stop, b, b_stop);
        if (difference != 0)
            return difference;
        a = a_stop < a_end ? a_stop + 1 : a_stop; /* past the dot, or the hyphen */
        b = b_stop < b_end ? b_stop + 1 : b_stop;
    }
    return compare_prereleases(a, a_end, b, b_end);
}
