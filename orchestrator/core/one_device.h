/* An upgrade of one device is a campaign of it alone: how that goes, and what it is called. */
#ifndef CORE_ONE_DEVICE_H
#define CORE_ONE_DEVICE_H

#include <stdint.h>

#include "policy.h"
#include "version.h"

/* One wave of everything; a device that says no ends it, as nobody else is in it. */
void one_device_policy(struct policy *policy);

/* upgrade-ID-110-1767225600; of a long id the end, where ids differ. `seconds` is the database's time (Unix).
 */
void one_device_campaign(const char *device, const struct version *version, int64_t seconds,
                         char name[NAME_MAX_LENGTH + 1]);

#endif
