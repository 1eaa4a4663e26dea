/* What differs from one firmware to the next. */
#ifndef LX106_RELEASE_H
#define LX106_RELEASE_H

#include <stdbool.h>

extern const char release_version[];
/* The self test that the agent asks for on trial. */
bool release_is_healthy(void);

#endif
