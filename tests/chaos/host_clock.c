/* Loaded into a program, moves its host's clock, as the program sees it, by HOST_CLOCK_SECONDS. The clocks
 * that only measure how long something takes stay as they are. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t ahead;
static int (*real)(clockid_t, struct timespec *);

__attribute__((constructor)) static void start(void)
{
    const char *seconds = getenv("HOST_CLOCK_SECONDS");
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    if (real == NULL) {
        fprintf(stderr, "host_clock: no clock_gettime to be called\n");
        _exit(2);
    }
    ahead = seconds != NULL ? (time_t)atoll(seconds) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (real == NULL) /* by the constructor of another library */
        start();
    int result = real(clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += ahead;
    return result;
}

time_t time(time_t *copy)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    if (copy != NULL)
        *copy = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec precise = {0};
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &precise);
    *now = (struct timeval){precise.tv_sec, precise.tv_nsec / 1000};
    return 0;
}
