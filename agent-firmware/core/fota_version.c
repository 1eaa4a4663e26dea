#include "fota_version.h"

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

bool fota_version_parse(const char *text, struct fota_version *version)
{
    int value;

    if (text[0] != 'v' && text[0] != 'b')
        return false;
    value = read_value(text + 1);
    if (value < 0 || text[6] != 't')
        return false;
    version->order = (uint32_t)value * 2 + (text[0] == 'v' ? 1 : 0);
    text = read_ptype(text + 7, &version->ptype);
    if (!text || text[0] != '(')
        return false;
    version->fota_class = text[1];
    if (text[1] != 'o' && text[1] != 'l' && text[1] != 'a' && text[1] != 'n')
        return false;
    return text[2] == ')' && text[3] == '\0';
}

bool fota_version_is_online(const struct fota_version *version)
{
    return version->fota_class == 'o' || version->fota_class == 'a';
}
