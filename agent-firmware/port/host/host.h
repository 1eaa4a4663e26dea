/* What both programs need at their start: options with clear errors, signals, a first image in flash. */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "device.h"

/* Each prints one line to stderr that names the option, what was given and what is allowed, and exits with 2,
 * when the text is not right. */
uint32_t option_number(const char *option, const char *text, uint32_t min, uint32_t max);
double option_seconds(const char *option, const char *text, double max);
double option_share(const char *option, const char *text); /* 0.1 or 10%: 0 to 1 */
const struct fota_flash_map *option_flash_map(const char *option, const char *text);
const char *option_version(const char *option, const char *text);
void option_broker(const char *option, const char *text, struct mqtt_connector *connector);
_Noreturn void usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Calls back in the loop at SIGTERM or SIGINT. False: errno says why. */
bool watch_signals(struct event_loop *loop, loop_descriptor_function *callback, void *context);

/* Writes an image into erased slot 1. False: it does not fit or is not valid, `message` says why. */
bool provision(const struct fota_platform *platform, const uint8_t *image, uint32_t length, char *message,
               uint32_t message_size);

#endif
