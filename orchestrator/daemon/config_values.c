#include "config_values.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The rest of an image's URL has 241 characters, and all of it at most 400 (docs/protocol.md). */
enum { PUBLIC_URL_MAX = 150, MQTT_PORT = 1883, MQTTS_PORT = 8883 };

static enum status refuse(const struct config_key *key, const char *place, const char *text,
                          const char *allowed, struct error *error)
{
    if ((key->flags & CONFIG_SECRET) != 0)
        return error_set(error, STATUS_INVALID, key->name, "%s: %s: %s is wanted", place, key->name, allowed);
    return error_set(error, STATUS_INVALID, key->name, "%s: %s: \"%.100s\" is not allowed: %s is wanted",
                     place, key->name, text, allowed);
}

static bool parse_integer(const char *text, int low, int high, int *value)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (errno != 0 || *text < '-' || *text > '9' || *end != '\0' || number < low || number > high)
        return false;
    *value = (int)number;
    return true;
}

enum status config_set(struct config *config, const struct config_key *key, const char *text,
                       const char *place, struct error *error)
{
    void *member = (char *)config + key->offset;
    char allowed[64];
    bool good = true;
    char *copy;
    switch (key->type) {
    case CONFIG_INTEGER:
        good = parse_integer(text, key->low, key->high, member);
        break;
    case CONFIG_LOG_LEVEL:
        good = log_level_parse(text, member);
        break;
    case CONFIG_LOG_FORMAT:
        good = log_format_parse(text, member);
        break;
    case CONFIG_TEXT:
        if (*text == '\0' && (key->fallback == NULL || *key->fallback != '\0'))
            return error_set(error, STATUS_INVALID, key->name, "%s: %s: must not be empty", place, key->name);
        copy = strdup(text);
        if (copy == NULL)
            return error_set(error, STATUS_INTERNAL, key->name, "%s: out of memory", place);
        free(*(char **)member);
        *(char **)member = copy;
        break;
    }
    if (!good)
        return refuse(key, place, text, config_key_allowed(key, allowed, sizeof allowed), error);
    return STATUS_OK;
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    digit = (char)(digit | 0x20);
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* A copy of the first `length` bytes with %XX decoded; NULL when a %XX is broken or says zero. */
static char *decode(const char *text, size_t length)
{
    char *decoded = calloc(1, length + 1);
    size_t out = 0;
    for (size_t i = 0; decoded != NULL && i < length; i++) {
        char character = text[i];
        if (character == '%') {
            int high = i + 2 < length ? hex_value(text[i + 1]) : -1;
            int low = high >= 0 ? hex_value(text[i + 2]) : -1;
            if (low < 0 || high + low == 0) {
                free(decoded);
                return NULL;
            }
            character = (char)(high << 4 | low);
            i += 2;
        }
        decoded[out++] = character;
    }
    return decoded;
}

/* [USER[:PASSWORD]@] at `text`; moves it behind. */
static bool parse_user(const char **text, struct config *config)
{
    const char *at = strrchr(*text, '@');
    if (at == NULL)
        return true;
    size_t length = (size_t)(at - *text);
    const char *colon = memchr(*text, ':', length);
    size_t user_length = colon == NULL ? length : (size_t)(colon - *text);
    config->mqtt_user = decode(*text, user_length);
    if (colon != NULL)
        config->mqtt_password = decode(colon + 1, (size_t)(at - colon) - 1);
    *text = at + 1;
    return user_length > 0 && config->mqtt_user != NULL && (colon == NULL || config->mqtt_password != NULL);
}

/* HOST[:PORT], where HOST is a name, an IPv4 address or [IPv6]. */
struct authority {
    const char *host; /* `length` bytes, without the brackets */
    size_t length;
    int port;         /* 0 when none is given */
    const char *rest; /* what follows */
};

static bool is_ipv6(const char *text, size_t length)
{
    char host[INET6_ADDRSTRLEN];
    unsigned char address[16];
    if (length >= sizeof host)
        return false;
    snprintf(host, sizeof host, "%.*s", (int)length, text);
    return inet_pton(AF_INET6, host, address) == 1;
}

/* ":PORT" at *text; moves it behind. */
static bool parse_port(const char **text, int *port)
{
    char digits[8];
    size_t count = strspn(*text + 1, "0123456789");
    if (count == 0 || count >= sizeof digits)
        return false;
    snprintf(digits, sizeof digits, "%.*s", (int)count, *text + 1);
    *text += 1 + count;
    return parse_integer(digits, 1, 65535, port);
}

static bool parse_authority(const char *text, struct authority *authority)
{
    static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    bool in_brackets = *text == '[';
    *authority = (struct authority){.host = text + in_brackets};
    authority->length = in_brackets ? strcspn(authority->host, "]") : strspn(text, name);
    text = authority->host + authority->length;
    if (in_brackets && (*text++ != ']' || !is_ipv6(authority->host, authority->length)))
        return false;
    if (authority->length == 0 || (*text == ':' && !parse_port(&text, &authority->port)))
        return false;
    authority->rest = text;
    return true;
}

static bool parse_host(const char *text, struct config *config)
{
    struct authority authority;
    if (!parse_authority(text, &authority) || (*authority.rest != '\0' && strcmp(authority.rest, "/") != 0))
        return false;
    config->mqtt_host = strndup(authority.host, authority.length);
    config->mqtt_port = authority.port != 0 ? authority.port : config->mqtt_tls ? MQTTS_PORT : MQTT_PORT;
    return config->mqtt_host != NULL;
}

static bool parse_mqtt_url(struct config *config)
{
    const char *text = config->mqtt_url;
    config->mqtt_tls = strncmp(text, "mqtts://", 8) == 0;
    if (!config->mqtt_tls && strncmp(text, "mqtt://", 7) != 0)
        return false;
    text += config->mqtt_tls ? 8 : 7;
    return parse_user(&text, config) && parse_host(text, config);
}

static const char *place_of(const struct config_places *places, const char *name)
{
    const char *place = places->names[config_key_find(name) - config_keys];
    return place == NULL ? "default" : place;
}

static enum status check_mqtt(struct config *config, const struct config_places *places, struct error *error)
{
    if (!parse_mqtt_url(config))
        return refuse(config_key_find("mqtt_url"), place_of(places, "mqtt_url"), "",
                      "mqtt://[USER:PASSWORD@]HOST[:PORT] or mqtts://... (with %XX for @ : / in a password)",
                      error);
    const char *place = place_of(places, "mqtt_ca_file");
    if (config->mqtt_tls && *config->mqtt_ca_file == '\0')
        return error_set(error, STATUS_INVALID, "mqtt_ca_file",
                         "%s: mqtt_ca_file: must be given when mqtt_url is mqtts://",
                         place_of(places, "mqtt_url"));
    if (!config->mqtt_tls && *config->mqtt_ca_file != '\0')
        return error_set(error, STATUS_INVALID, "mqtt_ca_file",
                         "%s: mqtt_ca_file: is only for mqtts://, but mqtt_url is mqtt://", place);
    if (config->mqtt_tls && access(config->mqtt_ca_file, R_OK) != 0)
        return error_set(error, STATUS_INVALID, "mqtt_ca_file", "%s: mqtt_ca_file: cannot read %.200s: %s",
                         place, config->mqtt_ca_file, strerror(errno));
    return STATUS_OK;
}

static enum status default_public_url(struct config *config, bool brackets, struct error *error)
{
    char url[PUBLIC_URL_MAX];
    if (strcmp(config->http_address, "0.0.0.0") == 0 || strcmp(config->http_address, "::") == 0)
        return error_set(
            error, STATUS_INVALID, "public_url",
            "public_url: must be given when http_address is %s: devices need an address to go to",
            config->http_address);
    snprintf(url, sizeof url, brackets ? "http://[%s]:%d" : "http://%s:%d", config->http_address,
             config->http_port);
    return config_set(config, config_key_find("public_url"), url, "default", error);
}

/* Devices put it into the first line of a request as it is: printable ASCII, and no query of its own. */
static bool is_public_url(const char *text)
{
    static const char scheme[] = "http://";
    struct authority authority;
    if (strlen(text) > PUBLIC_URL_MAX || strncmp(text, scheme, sizeof scheme - 1) != 0 ||
        !parse_authority(text + sizeof scheme - 1, &authority) ||
        (*authority.rest != '/' && *authority.rest != '\0'))
        return false;
    for (const char *at = authority.rest; *at != '\0'; at++) {
        if (*at <= ' ' || *at > '~' || strchr("?#\"<>\\", *at) != NULL)
            return false;
    }
    return true;
}

static enum status check_http(struct config *config, const struct config_places *places, struct error *error)
{
    unsigned char address[16];
    bool is_ipv6 = inet_pton(AF_INET6, config->http_address, address) == 1;
    if (!is_ipv6 && inet_pton(AF_INET, config->http_address, address) != 1)
        return refuse(config_key_find("http_address"), place_of(places, "http_address"), config->http_address,
                      "a numeric address, such as 127.0.0.1, 0.0.0.0 or ::1,", error);
    if (*config->public_url == '\0')
        return default_public_url(config, is_ipv6, error);
    if (!is_public_url(config->public_url))
        return refuse(config_key_find("public_url"), place_of(places, "public_url"), config->public_url,
                      "http://HOST[:PORT][/PATH] of at most 150 characters, PORT from 1 to 65535,", error);
    for (size_t length = strlen(config->public_url); config->public_url[length - 1] == '/'; length--)
        config->public_url[length - 1] = '\0';
    return STATUS_OK;
}

enum status config_complete(struct config *config, const struct config_places *places, struct error *error)
{
    enum status status = check_mqtt(config, places, error);
    if (status == STATUS_OK)
        status = check_http(config, places, error);
    if (status == STATUS_OK && config->queue_capacity < config->ingest_batch)
        status = error_set(error, STATUS_INVALID, "queue_capacity",
                           "%s: queue_capacity: %d is not allowed: at least ingest_batch (%d) is wanted",
                           place_of(places, "queue_capacity"), config->queue_capacity, config->ingest_batch);
    return status;
}
