/* Calls to one device, which are answered when the device has acknowledged. They are made here; the ticker of
 * any orchestrator sends them, any takes the answer, and whoever made one looks for it (SQL_CALL_STATES). */
#ifndef ENGINE_CALL_H
#define ENGINE_CALL_H

#include <stdint.h>

#include "operate.h"
#include "report.h"
#include "store.h"

#define CALL_SECONDS 10     /* to wait for an answer when nothing is said */
#define CALL_SECONDS_MAX 50 /* clients and proxies often give up after a minute */

/* Asks the device to restart, within `seconds`. STATUS_NOT_FOUND, or STATUS_CONFLICT when it is offline. */
enum status operate_device_reboot(struct store *store, const struct actor *actor, const char *device,
                                  const char *reason, int64_t seconds, int64_t *call, char nonce[NONCE_SIZE],
                                  struct error *error) MUST_CHECK;

/* Makes and starts a campaign of this device alone. `version` NULL: the current release of its product type.
 * STATUS_NOT_FOUND or STATUS_CONFLICT when the device is offline, runs what is not lower, or is in another
 * live campaign. */
struct device_upgrade {
    int64_t campaign;
    char name[NAME_MAX_LENGTH + 1];
    char version[VERSION_TEXT_SIZE];
};

enum status operate_device_upgrade(struct store *store, const struct actor *actor, const char *device,
                                   const char *version, struct device_upgrade *upgrade,
                                   struct error *error) MUST_CHECK;

#endif
