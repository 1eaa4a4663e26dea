/* A device's own endpoint for upgrades over the LAN (docs/protocol.md; the guide's "Upgrade local", section
 * 2.4): plain HTTP, one request at a time. */
#ifndef CTL_LOCAL_DEVICE_H
#define CTL_LOCAL_DEVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

struct local_device;

/* HOST:PORT, where HOST is a name, an IPv4 address or an IPv6 address in brackets. */
bool local_device_address_is_valid(const char *text);

/* `address` is valid and copied. Release with local_device_destroy. */
struct local_device *local_device_create(const char *address);
void local_device_destroy(struct local_device *device); /* NULL is fine */

/* Whether the last request failed because no answer came, or that of something else than such a device. */
bool local_device_unreachable(const struct local_device *device);

/* What follows gives STATUS_UNAVAILABLE when no answer came (local_device_unreachable) or the device is busy,
 * STATUS_INTERNAL when what answered is no such endpoint, STATUS_CONFLICT with the device's reason. */

/* The slot that runs: 1 or 2. */
enum status local_device_slot(struct local_device *device, int *slot, struct error *error) MUST_CHECK;

/* `command`: an update, as wire/command.h makes it. */
enum status local_device_start(struct local_device *device, const char *command,
                               struct error *error) MUST_CHECK;

/* The whole image for the other slot; the answer comes when the device has verified it. Where the connection
 * breaks off it is sent again, three times in all. `progress` is the label of what is shown of it on standard
 * error, NULL: nothing is. */
enum status local_device_image(struct local_device *device, const unsigned char *bytes, size_t size,
                               const char *progress, struct error *error) MUST_CHECK;

/* Restarts it into the new image. */
enum status local_device_reset(struct local_device *device, struct error *error) MUST_CHECK;

#endif
