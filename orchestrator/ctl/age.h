/* How old a moment of the API is, by the server's clock: the operator's machine may be wrong. */
#ifndef CTL_AGE_H
#define CTL_AGE_H

#include <stdbool.h>

enum { AGE_SIZE = 32 };

/* Writes how far `at` is before `now`, both as the API writes moments ("2026-12-01T02:00:00Z", with or
 * without a fraction): "40 s", "12 min", "3 h 5 min", "2 d 7 h". *is_future tells that it is after it, by as
 * much. False, and an empty text, when one of them is NULL or no moment. */
bool age_write(const char *at, const char *now, char text[AGE_SIZE], bool *is_future);

#endif
