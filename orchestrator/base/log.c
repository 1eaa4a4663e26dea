#include "log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "log_limit.h"
#include "utf8.h"

/* A longer value is cut, so that nobody can fill the disk with one line. */
enum { VALUE_MAX_BYTES = 2048 };

static const char *const level_names[] = {"debug", "info", "warning", "error"};
static const char *const format_names[] = {"logfmt", "json"};
static atomic_int current_level = LOG_INFO;
static atomic_int current_format = LOG_FORMAT_LOGFMT;
static pthread_mutex_t write_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t limit_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct log_limit limit; /* behind limit_mutex */

void log_configure(enum log_level level, enum log_format format)
{
    atomic_store(&current_level, (int)level);
    atomic_store(&current_format, (int)format);
}

static int find_name(const char *const *names, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], text) == 0)
            return (int)i;
    }
    return -1;
}

bool log_level_parse(const char *text, enum log_level *level)
{
    int found = find_name(level_names, sizeof level_names / sizeof level_names[0], text);
    if (found >= 0)
        *level = (enum log_level)found;
    return found >= 0;
}

bool log_format_parse(const char *text, enum log_format *format)
{
    int found = find_name(format_names, sizeof format_names / sizeof format_names[0], text);
    if (found >= 0)
        *format = (enum log_format)found;
    return found >= 0;
}

/* Between quotes; both formats escape alike, but JSON knows no \x and must be UTF-8. */
static void put_quoted(FILE *line, const char *text, enum log_format format)
{
    const unsigned char *at = (const unsigned char *)text;
    const unsigned char *start = at;
    fputc('"', line);
    while (*at != '\0' && at - start < VALUE_MAX_BYTES) {
        size_t length = utf8_length(at);
        if (*at == '"' || *at == '\\')
            fprintf(line, "\\%c", *at);
        else if (*at == '\n')
            fputs("\\n", line);
        else if (length == 0 && format == LOG_FORMAT_JSON)
            fputs("\\ufffd", line);
        else if (length == 0 || *at < ' ' || *at == 0x7F)
            fprintf(line, format == LOG_FORMAT_JSON ? "\\u%04x" : "\\x%02x", *at);
        else
            fwrite(at, 1, length, line);
        at += length == 0 ? 1 : length;
    }
    fputs(*at == '\0' ? "\"" : "...\"", line);
}

static bool is_bare(const char *text)
{
    if (*text == '\0' || strlen(text) > VALUE_MAX_BYTES)
        return false;
    for (; *text != '\0'; text++) {
        if (*text <= ' ' || *text > '~' || *text == '"' || *text == '=' || *text == '\\')
            return false;
    }
    return true;
}

static void put_pair(FILE *line, const char *name, const char *value, enum log_format format)
{
    if (value == NULL)
        value = "";
    if (format == LOG_FORMAT_JSON)
        fprintf(line, ",\"%s\":", name);
    else
        fprintf(line, " %s=", name);
    if (format == LOG_FORMAT_LOGFMT && is_bare(value))
        fputs(value, line);
    else
        put_quoted(line, value, format);
}

static void put_head(FILE *line, enum log_level level, const char *event, enum log_format format)
{
    struct timespec now;
    struct tm parts;
    char text[32];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    const char *layout = format == LOG_FORMAT_JSON
                             ? "{\"time\":\"%s.%03dZ\",\"level\":\"%s\",\"event\":\"%s\""
                             : "time=%s.%03dZ level=%s event=%s";
    fprintf(line, layout, text, (int)(now.tv_nsec / 1000000), level_names[level], event);
}

/* The mutex keeps lines whole when a pipe takes only a part of one. */
static void write_line(const char *text, size_t length)
{
    pthread_mutex_lock(&write_mutex);
    while (length > 0) {
        ssize_t written = write(STDERR_FILENO, text, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            break; /* nowhere to complain */
        text += written;
        length -= (size_t)written;
    }
    pthread_mutex_unlock(&write_mutex);
}

bool log_is_written(enum log_level level)
{
    return (int)level >= atomic_load(&current_level);
}

/* `suppressed` is a member of the line when not 0. */
static void write_pairs(enum log_level level, const char *event, int64_t suppressed, va_list pairs)
{
    enum log_format format = (enum log_format)atomic_load(&current_format);
    char *text = NULL;
    size_t length = 0;
    FILE *line = open_memstream(&text, &length);
    if (line == NULL)
        return;
    put_head(line, level, event, format);
    for (const char *name; (name = va_arg(pairs, const char *)) != NULL;)
        put_pair(line, name, va_arg(pairs, const char *), format);
    if (suppressed > 0) {
        char number[32];
        snprintf(number, sizeof number, "%lld", (long long)suppressed);
        put_pair(line, "suppressed", number, format);
    }
    fputs(format == LOG_FORMAT_JSON ? "}\n" : "\n", line);
    if (fclose(line) == 0)
        write_line(text, length);
    free(text);
}

void log_write(enum log_level level, const char *event, ...)
{
    if (!log_is_written(level))
        return;
    va_list pairs;
    va_start(pairs, event);
    write_pairs(level, event, 0, pairs);
    va_end(pairs);
}

static bool passes(const char *event, const char *key, int64_t *suppressed)
{
    pthread_mutex_lock(&limit_mutex);
    bool passes = log_limit_pass(&limit, event, key, clock_seconds() / 60, suppressed);
    pthread_mutex_unlock(&limit_mutex);
    return passes;
}

void log_limited(enum log_level level, const char *event, const char *key, ...)
{
    int64_t suppressed = 0;
    if (!log_is_written(level) || (level != LOG_DEBUG && !passes(event, key, &suppressed)))
        return;
    va_list pairs;
    va_start(pairs, key);
    write_pairs(level, event, suppressed, pairs);
    va_end(pairs);
}
