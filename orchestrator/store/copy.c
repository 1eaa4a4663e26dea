#include "copy.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void put_bytes(struct copy *copy, const char *bytes, size_t length)
{
    if (length == 0)
        return;
    if (copy->size - copy->length < length) {
        size_t size = (copy->length + length) * 2;
        char *text = realloc(copy->text, size);
        if (text == NULL)
            abort();
        copy->text = text;
        copy->size = size;
    }
    memcpy(copy->text + copy->length, bytes, length);
    copy->length += length;
}

static void begin_value(struct copy *copy)
{
    if (copy->columns++ > 0)
        put_bytes(copy, "\t", 1);
}

void copy_put_text(struct copy *copy, const char *text)
{
    begin_value(copy);
    if (text == NULL) {
        put_bytes(copy, "\\N", 2);
        return;
    }
    for (;;) {
        size_t plain = strcspn(text, "\\\b\f\n\r\t\v");
        put_bytes(copy, text, plain);
        text += plain;
        if (*text == '\0')
            return;
        static const char special[] = "\\\b\f\n\r\t\v", letter[] = "\\bfnrtv";
        const char escaped[2] = {'\\', letter[strchr(special, *text) - special]};
        put_bytes(copy, escaped, 2);
        text++;
    }
}

void copy_put_integer(struct copy *copy, int64_t value)
{
    char text[32];
    size_t length = (size_t)snprintf(text, sizeof text, "%lld", (long long)value);
    begin_value(copy);
    put_bytes(copy, text, length);
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
    put_bytes(copy, text, length);
}

void copy_end_row(struct copy *copy)
{
    put_bytes(copy, "\n", 1);
    copy->columns = 0;
}

void copy_release(struct copy *copy)
{
    free(copy->text);
    memset(copy, 0, sizeof *copy);
}
