/* The options that fota-agent and fleetsim have in common: what a device is and how it reaches the broker. */
#ifndef HOST_DEVICE_OPTIONS_H
#define HOST_DEVICE_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>

#include "host.h"
#include "public_key.h"

/* Numbers of long options; a program counts its own from OPTION_OWN. */
enum {
    OPTION_VERSION = 256,
    OPTION_IMAGE,
    OPTION_MAP,
    OPTION_MQTT,
    OPTION_USERNAME,
    OPTION_PASSWORD,
    OPTION_PUBLIC_KEY,
    OPTION_VERBOSE,
    OPTION_HELP,
    OPTION_OWN
};

/* Their rows in a program's table for getopt_long. */
/* clang-format off */
#define DEVICE_OPTION_ROWS                                                                                   \
    {"version", required_argument, NULL, OPTION_VERSION},                                                    \
    {"image", required_argument, NULL, OPTION_IMAGE},                                                        \
    {"flash-map", required_argument, NULL, OPTION_MAP},                                                      \
    {"mqtt", required_argument, NULL, OPTION_MQTT},                                                          \
    {"mqtt-username", required_argument, NULL, OPTION_USERNAME},                                             \
    {"mqtt-password", required_argument, NULL, OPTION_PASSWORD},                                             \
    {"public-key", required_argument, NULL, OPTION_PUBLIC_KEY},                                              \
    {"verbose", no_argument, NULL, OPTION_VERBOSE},                                                          \
    {"help", no_argument, NULL, OPTION_HELP}
/* clang-format on */

struct device_options {
    const char *program;   /* for messages */
    const char *help_text; /* what --help prints */
    const char *version;   /* NULL: not given */
    const char *image_path;
    const struct fota_flash_map *map;
    struct mqtt_connector connector;
    struct public_keys public_keys;
    bool verbose;
};

/* What they are when not given. The password may come from the environment: MQTT_PASSWORD. */
void device_options_begin(struct device_options *options, const char *program, const char *help_text);

/* Takes one of the options above; --help prints and exits with 0, and what is none of them exits with 2. */
void device_options_take(struct device_options *options, int option, const char *value);

/* The first image for slot 1, released with free(): the file that was given, or a small generated one. Prints
 * why and exits with 1 when it cannot be read. */
uint8_t *device_options_first_image(const struct device_options *options, uint32_t *length);

#endif
