/* Values of configuration keys: read, checked one by one and against each other. Inside daemon only. */
#ifndef DAEMON_CONFIG_VALUES_H
#define DAEMON_CONFIG_VALUES_H

#include "config_keys.h"

#define CONFIG_KEYS_MAX 32

/* Sets the member of `key` from `text`. `place` begins the message: FILE:LINE or a variable's name. */
enum status config_set(struct config *config, const struct config_key *key, const char *text,
                       const char *place, struct error *error) MUST_CHECK;

/* Where `text` came from last, for messages about values that do not fit together. */
struct config_places {
    char *names[CONFIG_KEYS_MAX]; /* by index of the key; NULL: the default */
};

/* The checks that need more than one value, and the members made from others. */
enum status config_complete(struct config *config, const struct config_places *places,
                            struct error *error) MUST_CHECK;

#endif
