#include "shifted_clock.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "clock.h"
#include "sql.h"

static struct offsets {
    atomic_llong wall, steady; /* milliseconds */
} * offsets;

void shifted_start(void)
{
    offsets = mmap(NULL, sizeof *offsets, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (offsets == MAP_FAILED)
        abort();
}

int64_t shifted_wall(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + atomic_load(&offsets->wall);
}

int64_t shifted_steady(void)
{
    return clock_milliseconds() + atomic_load(&offsets->steady);
}

void shifted_move(const char *database_url, int wall, int steady)
{
    atomic_fetch_add(&offsets->steady, steady * 1000LL);
    atomic_fetch_add(&offsets->wall, wall * 1000LL);
    sql_move_clock(database_url, wall);
}

void shifted_trace(const char *format, ...)
{
    static int wanted = -1;
    char text[300], time[20];
    va_list arguments;
    if (wanted < 0)
        wanted = getenv("PROPERTY_TRACE") != NULL;
    if (!wanted)
        return;
    int64_t now = shifted_wall();
    time_t seconds = (time_t)(now / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    strftime(time, sizeof time, "%H:%M:%S", &utc);
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fprintf(stderr, "%s.%03d %s\n", time, (int)(now % 1000), text);
}
