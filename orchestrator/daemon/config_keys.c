#include "config_values.h"

#include <ctype.h>
#include <string.h>

#define TEXT(name, flags, fallback, help)                                                                    \
    {                                                                                                        \
#name, CONFIG_TEXT, offsetof(struct config, name), 0, 0, flags, fallback, help                       \
    }
#define INTEGER(name, low, high, flags, fallback, help)                                                      \
    {                                                                                                        \
#name, CONFIG_INTEGER, offsetof(struct config, name), low, high, flags, fallback, help               \
    }

const struct config_key config_keys[] = {
    TEXT(database_url, CONFIG_REQUIRED | CONFIG_SECRET, NULL,
         "PostgreSQL, as postgresql://USER:PASSWORD@HOST:PORT/DATABASE"),
    TEXT(mqtt_url, CONFIG_REQUIRED | CONFIG_SECRET, NULL,
         "the broker, as mqtt://[USER:PASSWORD@]HOST[:PORT], or mqtts:// for TLS"),
    TEXT(mqtt_ca_file, 0, "", "the CA certificates (PEM) that the broker is checked against, for mqtts://"),
    TEXT(http_address, 0, "127.0.0.1", "the address the API and the image server listen on"),
    INTEGER(http_port, 1, 65535, 0, "8080", "the port they listen on"),
    TEXT(public_url, 0, "", "how devices reach the image server; by default http://http_address:http_port"),
    TEXT(cache_directory, 0, "/var/cache/orchestratord",
         "images are kept here on disk, to be sent from there"),
    {"log_level", CONFIG_LOG_LEVEL, offsetof(struct config, log_level), 0, 0, CONFIG_RELOADABLE, "info",
     "the least important lines that are logged"},
    {"log_format", CONFIG_LOG_FORMAT, offsetof(struct config, log_format), 0, 0, CONFIG_RELOADABLE, "logfmt",
     "how log lines are written"},
    INTEGER(http_threads, 1, 64, 0, "4", "threads that answer HTTP, each with a database connection"),
    INTEGER(ingest_workers, 1, 16, 0, "2", "threads that store reports, each with a database connection"),
    INTEGER(ingest_batch, 1, 10000, 0, "500", "reports stored in one transaction, at most"),
    INTEGER(queue_capacity, 1, 1000000, 0, "20000",
            "reports held in memory; when full, the broker holds the rest"),
    INTEGER(
        reports_per_minute, 1, 100000, CONFIG_RELOADABLE, "120",
        "reports of one device in a minute; above it the orchestrator drops its progress and merges what repeats"),
    INTEGER(tick_milliseconds, 10, 60000, CONFIG_RELOADABLE, "500",
            "time between two looks at the campaigns"),
    INTEGER(
        offer_resend_seconds, 1, 3600, CONFIG_RELOADABLE, "30",
        "an offer not answered is sent again after; or after a third of the policy's offer_seconds, where that is less"),
    INTEGER(probe_after_seconds, 1, 86400, CONFIG_RELOADABLE, "3600",
            "a device not heard of for so long is asked for a hello before it is offered anything"),
    INTEGER(broker_skew_seconds, 0, 60, 0, "0",
            "how far nodes of a broker cluster may be behind each other; 0 for one broker, 5 for a cluster"),
    INTEGER(event_retention_days, 1, 3650, CONFIG_RELOADABLE, "90", "the event log keeps so many days"),
};
const size_t config_key_count = sizeof config_keys / sizeof config_keys[0];
_Static_assert(sizeof config_keys / sizeof config_keys[0] <= CONFIG_KEYS_MAX, "raise CONFIG_KEYS_MAX");

const struct config_key *config_key_find(const char *name)
{
    for (size_t i = 0; i < config_key_count; i++) {
        if (strcmp(config_keys[i].name, name) == 0)
            return &config_keys[i];
    }
    return NULL;
}

enum { NAME_SIZE = 32 };

/* Levenshtein's distance, a row at a time. Both at most NAME_SIZE - 1 long. */
static size_t distance(const char *a, const char *b)
{
    size_t row[NAME_SIZE];
    size_t length = strlen(b);
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < length; j++) {
            size_t best = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j + 1] + 1 < best)
                best = row[j + 1] + 1;
            row[j + 1] = best;
        }
    }
    return row[length];
}

const struct config_key *config_key_nearest(const char *name)
{
    const struct config_key *nearest = NULL;
    size_t best = strlen(name) / 2 + 1; /* further than half its letters is no likeness */
    if (strlen(name) >= NAME_SIZE)
        return NULL;
    for (size_t i = 0; i < config_key_count; i++) {
        size_t found = distance(name, config_keys[i].name);
        if (found < best) {
            best = found;
            nearest = &config_keys[i];
        }
    }
    return nearest;
}

void config_key_variable(const struct config_key *key, char variable[CONFIG_VARIABLE_SIZE])
{
    snprintf(variable, CONFIG_VARIABLE_SIZE, CONFIG_ENVIRONMENT_PREFIX "%s", key->name);
    for (char *at = variable; *at != '\0'; at++)
        *at = (char)toupper((unsigned char)*at);
}

const char *config_key_allowed(const struct config_key *key, char *text, size_t size)
{
    switch (key->type) {
    case CONFIG_LOG_LEVEL:
        return "debug, info, warning or error";
    case CONFIG_LOG_FORMAT:
        return "logfmt or json";
    case CONFIG_INTEGER:
        snprintf(text, size, "a whole number from %d to %d", key->low, key->high);
        return text;
    case CONFIG_TEXT:
        break;
    }
    return "text";
}

static const char *default_text(const struct config_key *key)
{
    if ((key->flags & CONFIG_REQUIRED) != 0)
        return "required";
    return *key->fallback == '\0' ? "none" : key->fallback;
}

void config_print_help(FILE *file)
{
    fputs("Configuration keys, for the file (key = value) or the environment (" CONFIG_ENVIRONMENT_PREFIX
          "KEY).\nThose with * are read again at SIGHUP.\n",
          file);
    for (size_t i = 0; i < config_key_count; i++) {
        const struct config_key *key = &config_keys[i];
        char allowed[64];
        fprintf(file, "  %-21s%c %s\n", key->name, (key->flags & CONFIG_RELOADABLE) != 0 ? '*' : ' ',
                key->help);
        fprintf(file, "  %-22s (%s", "", config_key_allowed(key, allowed, sizeof allowed));
        fprintf(file, (key->flags & CONFIG_REQUIRED) != 0 ? "; required)\n" : "; default: %s)\n",
                default_text(key));
    }
}

void config_print_markdown(FILE *file)
{
    fputs("| key | environment | allowed | default | at SIGHUP | what it is |\n"
          "| --- | --- | --- | --- | --- | --- |\n",
          file);
    for (size_t i = 0; i < config_key_count; i++) {
        const struct config_key *key = &config_keys[i];
        char allowed[64], variable[CONFIG_VARIABLE_SIZE];
        config_key_variable(key, variable);
        fprintf(file, "| `%s` | `%s` | %s | %s | %s | %s |\n", key->name, variable,
                config_key_allowed(key, allowed, sizeof allowed), default_text(key),
                (key->flags & CONFIG_RELOADABLE) != 0 ? "read again" : "needs a restart", key->help);
    }
}
