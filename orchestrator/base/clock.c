#include "clock.h"

int64_t clock_seconds(void)
{
    return (int64_t)clock_in_milliseconds(0).tv_sec + 1;
}

int64_t clock_milliseconds(void)
{
    struct timespec now = clock_in_milliseconds(0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + 1;
}

struct timespec clock_in_milliseconds(int64_t milliseconds)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    int64_t nanoseconds = at.tv_nsec + milliseconds % 1000 * 1000000;
    at.tv_sec += (time_t)(milliseconds / 1000 + nanoseconds / 1000000000);
    at.tv_nsec = (long)(nanoseconds % 1000000000);
    return at;
}
