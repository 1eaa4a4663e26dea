/* The monotonic clock: for how long something takes, and how long to wait. What is stored or decided goes by
 * the database's clock. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Since some moment of the past; never 0. */
int64_t clock_seconds(void);
int64_t clock_milliseconds(void);

/* So long from now, for pthread_cond_timedwait with CLOCK_MONOTONIC. */
struct timespec clock_in_milliseconds(int64_t milliseconds);

#endif
