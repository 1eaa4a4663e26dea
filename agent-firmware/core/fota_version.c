#include "fota_version.h"

#include <string.h>

#include "fota_semver.h"

#define PTYPE_MAX 2147483647u

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads `N.N.N`; 0 to 999, or -1. */
static int read_value(const char *text)
{
    int value = 0;

    for (int i = 0; i < 5; i++) {
        if (i % 2 == 1 && text[i] != '.')
            return -1;
        if (i % 2 == 0) {
            if (!is_digit(text[i]))
                return -1;
            value = value * 10 + (text[i] - '0');
        }
    }
    return value;
}

/* Reads the digits of the ptype (no leading zero, at most PTYPE_MAX). Returns what follows, or NULL. */
static const char *read_ptype(const char *text, uint32_t *ptype)
{
    uint32_t value = 0;

    if (!is_digit(*text) || (*text == '0' && is_digit(text[1])))
        return 0;
    for (; is_digit(*text); text++) {
        uint32_t digit = (uint32_t)(*text - '0');
        if (value > (PTYPE_MAX - digit) / 10)
            return 0;
        value = value * 10 + digit;
    }
    *ptype = value;
    return text;
}

/* Reads `tPTYPE(C)` up to the end of the text. */
static bool read_tail(const char *text, struct fota_version *version)
{
    if (*text != 't')
        return false;
    text = read_ptype(text + 1, &version->ptype);
    if (!text || text[0] != '(')
        return false;
    version->fota_class = text[1];
    if (text[1] != 'o' && text[1] != 'l' && text[1] != 'a' && text[1] != 'n')
        return false;
    return text[2] == ')' && text[3] == '\0';
}

static bool read_seed(const char *text, struct fota_version *version)
{
    int value = read_value(text + 1);

    if (value < 0)
        return false;
    version->order = (uint32_t)value * 2 + (text[0] == 'v' ? 1 : 0);
    return read_tail(text + 6, version);
}

/* The last `t` begins the tail: neither it nor a class has one. */
static bool read_semver(const char *text, struct fota_version *version)
{
    const char *tail = strrchr(text, 't');

    if (!tail || !fota_semver_is_valid(text, tail))
        return false;
    version->is_semver = true;
    version->semver = text;
    version->length = (uint32_t)(tail - text);
    return read_tail(tail, version);
}

bool fota_version_parse(const char *text, struct fota_version *version)
{
    memset(version, 0, sizeof *version);
    if (strlen(text) > FOTA_VERSION_LENGTH)
        return false;
    if (is_digit(text[0]))
        return read_semver(text, version);
    return (text[0] == 'v' || text[0] == 'b') && read_seed(text, version);
}

bool fota_version_is_newer(const struct fota_version *a, const struct fota_version *b)
{
    if (a->is_semver != b->is_semver)
        return false;
    if (!a->is_semver)
        return a->order > b->order;
    return fota_semver_compare(a->semver, a->semver + a->length, b->semver, b->semver + b->length) > 0;
}

bool fota_version_is_online(const struct fota_version *version)
{
    return version->fota_class == 'o' || version->fota_class == 'a';
}

bool fota_version_is_local(const struct fota_version *version)
{
    return version->fota_class == 'l' || version->fota_class == 'a';
}
