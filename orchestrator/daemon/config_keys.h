/* The table of configuration keys. Inside daemon only. */
#ifndef DAEMON_CONFIG_KEYS_H
#define DAEMON_CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "config.h"

enum config_type { CONFIG_TEXT, CONFIG_INTEGER, CONFIG_LOG_LEVEL, CONFIG_LOG_FORMAT };

/* Bits of struct config_key.flags */
enum {
    CONFIG_REQUIRED = 1,
    CONFIG_SECRET = 2,    /* the value may hold a password */
    CONFIG_RELOADABLE = 4 /* SIGHUP takes a new value */
};

struct config_key {
    const char *name;
    enum config_type type;
    size_t offset; /* of the member in struct config */
    int low, high; /* for CONFIG_INTEGER */
    int flags;
    const char *fallback; /* the default as text; NULL: none */
    const char *help;     /* one line, no full stop */
};

extern const struct config_key config_keys[];
extern const size_t config_key_count;

#define CONFIG_ENVIRONMENT_PREFIX "ORCHESTRATORD_"
#define CONFIG_VARIABLE_SIZE 64

/* NULL when there is no such key. */
const struct config_key *config_key_find(const char *name);

/* The key whose name is nearest; NULL when none is near. */
const struct config_key *config_key_nearest(const char *name);

/* Writes ORCHESTRATORD_NAME. */
void config_key_variable(const struct config_key *key, char variable[CONFIG_VARIABLE_SIZE]);

/* What values are allowed, such as "a whole number from 1 to 65535". Borrowed or in `text`. */
const char *config_key_allowed(const struct config_key *key, char *text, size_t size);

#endif
