#include "age.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "moment.h"

enum { MOMENT_LENGTH = 19, MINUTE = 60, HOUR = 3600, DAY = 86400 };

/* Without the fraction of its second. */
static bool parse(const char *text, int64_t *seconds)
{
    char whole[MOMENT_LENGTH + 2];
    if (text == NULL || strlen(text) < MOMENT_LENGTH)
        return false;
    snprintf(whole, sizeof whole, "%.*sZ", MOMENT_LENGTH, text);
    return moment_parse(whole, seconds);
}

bool age_write(const char *at, const char *now, char text[AGE_SIZE], bool *is_future)
{
    int64_t from, to;
    text[0] = '\0';
    *is_future = false;
    if (!parse(at, &from) || !parse(now, &to))
        return false;
    *is_future = from > to;
    long long seconds = *is_future ? from - to : to - from;
    if (seconds < MINUTE)
        snprintf(text, AGE_SIZE, "%lld s", seconds);
    else if (seconds < HOUR)
        snprintf(text, AGE_SIZE, "%lld min", seconds / MINUTE);
    else if (seconds < DAY)
        snprintf(text, AGE_SIZE, "%lld h %lld min", seconds / HOUR, seconds % HOUR / MINUTE);
    else
        snprintf(text, AGE_SIZE, "%lld d %lld h", seconds / DAY, seconds % DAY / HOUR);
    return true;
}
