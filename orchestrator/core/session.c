#include "session.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BOOT_DIGITS (SESSION_BOOT_SIZE - 1)
#define NUMBER_DIGITS_MAX 10

bool session_parse(const char *text, struct device_session *session)
{
    if (strspn(text, "0123456789abcdef") != BOOT_DIGITS || text[BOOT_DIGITS] != '.')
        return false;
    const char *digits = text + BOOT_DIGITS + 1;
    size_t count = strspn(digits, "0123456789");
    if (count < 1 || count > NUMBER_DIGITS_MAX || digits[count] != '\0' || digits[0] == '0')
        return false;
    int64_t number = 0;
    for (size_t i = 0; i < count; i++)
        number = number * 10 + (digits[i] - '0');
    if (number > SESSION_NUMBER_MAX)
        return false;
    memcpy(session->boot, text, BOOT_DIGITS);
    session->boot[BOOT_DIGITS] = '\0';
    session->number = (int32_t)number;
    return true;
}

void session_format(const struct device_session *session, char text[SESSION_TEXT_SIZE])
{
    text[0] = '\0';
    if (session->number > 0)
        snprintf(text, SESSION_TEXT_SIZE, "%.8s.%" PRId32, session->boot, session->number);
}

enum session_order session_compare(const struct device_session *current, const char *const *recent_boots,
                                   size_t count, const struct device_session *said)
{
    if (current->number == 0)
        return SESSION_NEWER;
    if (strcmp(said->boot, current->boot) == 0) {
        if (said->number == current->number)
            return SESSION_SAME;
        return said->number > current->number ? SESSION_NEWER : SESSION_OLDER;
    }
    for (size_t i = 0; i < count; i++)
        if (strcmp(said->boot, recent_boots[i]) == 0)
            return SESSION_OLDER;
    return SESSION_NEWER;
}
