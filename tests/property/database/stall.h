/* The database stands still: backends of the orchestrators are stopped, with every lock that they hold. */
#ifndef PROPERTY_STALL_H
#define PROPERTY_STALL_H

#include <stdbool.h>

enum { STALL_ALL = -1 };

/* Of one orchestrator, or STALL_ALL. Ends by itself after a second of the machine's time: the test's own
 * queries may wait for those locks. */
void stall_begin(const char *database_url, int orchestrator);
void stall_end(void);

/* Whether this orchestrator's backends stand still. */
bool stall_is_of(int orchestrator);

#endif
