/* The daemon's configuration: defaults, then the file, then the environment. One table of keys
 * (config_keys.h) drives the parsers, `--help` and docs/configuration.md. */
#ifndef DAEMON_CONFIG_H
#define DAEMON_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "log.h"
#include "status.h"

struct config {
    char *database_url; /* libpq connection string */
    char *mqtt_url;     /* as given; what it says stands in the mqtt_ members below */
    char *mqtt_ca_file; /* "" unless mqtts */
    char *http_address; /* numeric IPv4 or IPv6 address */
    int http_port;
    char *public_url; /* without a slash at its end */
    char *cache_directory;
    enum log_level log_level;
    enum log_format log_format;
    int http_threads;
    int ingest_workers;
    int ingest_batch;       /* reports in one transaction, at most */
    int queue_capacity;     /* reports between the broker and the workers; at least ingest_batch */
    int reports_per_minute; /* of one device */
    int tick_milliseconds;
    int offer_resend_seconds;
    int probe_after_seconds;
    int broker_skew_seconds; /* that other nodes of a broker cluster may be behind */
    int event_retention_days;

    char *mqtt_host; /* from mqtt_url */
    int mqtt_port;
    char *mqtt_user;     /* NULL when mqtt_url names none */
    char *mqtt_password; /* NULL when mqtt_url names none */
    bool mqtt_tls;
};

/* Reads `path` (NULL: no file), then the environment. On STATUS_INVALID the message begins with FILE:LINE or
 * with the variable's name, names the key and says what is allowed; STATUS_NOT_FOUND or STATUS_DENIED when
 * the file cannot be read. Values that may hold a password are never repeated in a message. Release with
 * config_release, also after an error. */
enum status config_load(const char *path, struct config *config, struct error *error) MUST_CHECK;

/* Releases the texts; a zeroed or released struct is fine. */
void config_release(struct config *config);

/* For SIGHUP: copies the reloadable members of `fresh` to `running`, and writes the names of the other keys
 * that differ to `restart`, with commas between; "" when there are none. */
void config_adopt(struct config *running, const struct config *fresh, char *restart, size_t restart_size);

/* The keys for `--help`, and the same as a markdown table. */
void config_print_help(FILE *file);
void config_print_markdown(FILE *file);

#endif
