/* The test's clock, which all processes share and which the test moves. */
#ifndef PROPERTY_SHIFTED_CLOCK_H
#define PROPERTY_SHIFTED_CLOCK_H

#include <stdint.h>

/* Makes the clock, before any process is forked. */
void shifted_start(void);

/* What the database's now() shows: milliseconds since 1970. */
int64_t shifted_wall(void);

/* A clock that never jumps, for the orchestrators: milliseconds. */
int64_t shifted_steady(void);

/* Moves the database's clock by `wall` seconds, and the steady clock by `steady` seconds. */
void shifted_move(const char *database_url, int wall, int steady);

/* With PROPERTY_TRACE in the environment: what the test does, on stderr, each with the time. */
__attribute__((format(printf, 1, 2))) void shifted_trace(const char *format, ...);

#endif
