#include "copy.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void begin_value(struct copy *copy)
{
    if (copy->columns++ > 0)
        bytes_put(&copy->bytes, "\t", 1);
}

void copy_put_text(struct copy *copy, const char *text)
{
    begin_value(copy);
    if (text == NULL) {
        bytes_put(&copy->bytes, "\\N", 2);
        return;
    }
    for (;;) {
        size_t plain = strcspn(text, "\\\b\f\n\r\t\v");
        bytes_put(&copy->bytes, text, plain);
        text += plain;
        if (*text == '\0')
            return;
        static const char special[] = "\\\b\f\n\r\t\v", letter[] = "\\bfnrtv";
        const char escaped[2] = {'\\', letter[strchr(special, *text) - special]};
        bytes_put(&copy->bytes, escaped, 2);
        text++;
    }
}

void copy_put_integer(struct copy *copy, int64_t value)
{
    char text[32];
    size_t length = (size_t)snprintf(text, sizeof text, "%lld", (long long)value);
    begin_value(copy);
    bytes_put(&copy->bytes, text, length);
}

void copy_put_time(struct copy *copy, double seconds)
{
    char text[64];
    struct tm parts;
    long long microseconds = llround(seconds * 1e6);
    time_t whole = (time_t)(microseconds / 1000000);
    begin_value(copy);
    gmtime_r(&whole, &parts);
    size_t length = strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
    length += (size_t)snprintf(text + length, sizeof text - length, ".%06lld+00", microseconds % 1000000);
    bytes_put(&copy->bytes, text, length);
}

void copy_end_row(struct copy *copy)
{
    bytes_put(&copy->bytes, "\n", 1);
    copy->columns = 0;
}

void copy_release(struct copy *copy)
{
    bytes_release(&copy->bytes);
    memset(copy, 0, sizeof *copy);
}
