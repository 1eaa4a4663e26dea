#include "moment.h"

#include <string.h>

static const char shape[] = "0000-00-00T00:00:00Z";

static int number(const char *text, int digits)
{
    int value = 0;
    for (int i = 0; i < digits; i++)
        value = value * 10 + text[i] - '0';
    return value;
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in(int month, int year)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

bool moment_parse(const char *text, int64_t *seconds)
{
    if (strlen(text) != sizeof shape - 1)
        return false;
    for (size_t i = 0; i < sizeof shape - 1; i++) {
        bool is_digit = text[i] >= '0' && text[i] <= '9';
        if (shape[i] == '0' ? !is_digit : text[i] != shape[i])
            return false;
    }
    int year = number(text, 4), month = number(text + 5, 2), day = number(text + 8, 2);
    int hour = number(text + 11, 2), minute = number(text + 14, 2), second = number(text + 17, 2);
    if (year < 2000 || year > 2999 || month < 1 || month > 12 || day < 1 || day > days_in(month, year) ||
        hour > 23 || minute > 59 || second > 59)
        return false;
    int64_t days = 10957; /* from 1970 to 2000 */
    for (int y = 2000; y < year; y++)
        days += is_leap(y) ? 366 : 365;
    for (int m = 1; m < month; m++)
        days += days_in(m, year);
    *seconds = ((days + day - 1) * 24 + hour) * 3600 + minute * 60 + second;
    return true;
}
