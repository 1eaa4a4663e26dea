/* Trying again: which outcomes of an attempt are not final yet, and how long to wait. */
#ifndef CORE_RETRY_H
#define CORE_RETRY_H

#include <stdbool.h>

#include "policy.h"
#include "target_fsm.h"

/* Whether the policy tries this outcome again, as long as attempts are left. */
bool retry_is_for(const struct retry_policy *retry, enum target_state outcome);

/* Seconds to wait after attempt number `attempt` (1 or more) before the next: the back-off, multiplied by its
 * factor for every attempt after the first, to its maximum. */
double retry_delay(const struct retry_policy *retry, int attempt);

#endif
