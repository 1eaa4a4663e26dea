#include "command.h"

#include <string.h>

#include "fota_version.h"

static const char *const command_names[] = {
#define X(name, text) text,
    COMMANDS(X)
#undef X
};
#define COMMAND_COUNT (sizeof command_names / sizeof command_names[0])
#define LONGEST_NAME 16u

const char *command_kind_name(enum command_kind kind)
{
    return (unsigned)kind < COMMAND_COUNT ? command_names[kind] : "unknown";
}

static bool read_kind(const struct json *json, struct command *command)
{
    char name[LONGEST_NAME];

    if (!message_string(json, message_member(json, 0, "command"), name, sizeof name))
        return false;
    for (unsigned i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(name, command_names[i]) == 0) {
            command->kind = (enum command_kind)i;
            return true;
        }
    }
    return false;
}

/* An integer from 1 to `max`. */
static bool read_positive(const struct json *json, int object, const char *name, uint64_t max,
                          uint64_t *value)
{
    return message_integer(json, message_member(json, object, name), max, value) && *value > 0;
}

static bool read_seconds(const struct json *json, const char *name, uint32_t *seconds)
{
    uint64_t value;

    if (!read_positive(json, 0, name, FOTA_SECONDS_MAX, &value))
        return false;
    *seconds = (uint32_t)value;
    return true;
}

/* The value of a lower-case hexadecimal digit, 16 when it is none. */
static unsigned hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 16;
}

/* A string of exactly 2 * size lower-case hexadecimal digits. */
static bool read_hex(const struct json *json, int token, uint8_t *bytes, uint32_t size)
{
    char text[2 * FOTA_SIGNATURE_SIZE + 1];

    if (!message_string(json, token, text, sizeof text) || strlen(text) != 2 * size)
        return false;
    for (uint32_t i = 0; i < size; i++) {
        unsigned high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);
        if (high > 15 || low > 15)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool read_sha256(const struct json *json, int object, uint8_t sha256[FOTA_SHA256_SIZE])
{
    return read_hex(json, message_member(json, object, "sha256"), sha256, FOTA_SHA256_SIZE);
}

static bool read_nonce(const struct json *json, char nonce[BOOT_NONCE_LENGTH + 1])
{
    int token = message_member(json, 0, "nonce");
    uint8_t bytes[BOOT_NONCE_LENGTH / 2];

    return read_hex(json, token, bytes, sizeof bytes) &&
           message_string(json, token, nonce, BOOT_NONCE_LENGTH + 1);
}

/* `url` is filled, and taken for none when it is not good. */
static bool read_url(const struct json *json, int object, char url[FOTA_URL_SIZE])
{
    static const char scheme[] = "http://";

    if (!message_string(json, message_member(json, object, "url"), url, FOTA_URL_SIZE) ||
        strncmp(url, scheme, sizeof scheme - 1) != 0 || url[sizeof scheme - 1] == '\0')
        return false;
    for (const char *at = url; *at != '\0'; at++)
        if (*at <= ' ') /* would end the request line */
            return false;
    return true;
}

static bool read_image(const struct json *json, int token, struct command_image *image,
                       char url[FOTA_URL_SIZE])
{
    uint64_t size;

    if (!message_is_object(json, token) || (url != NULL && !read_url(json, token, url)) ||
        !read_positive(json, token, "size", UINT32_MAX, &size) || !read_sha256(json, token, image->sha256))
        return false;
    image->size = (uint32_t)size;
    image->present = true;
    return true;
}

/* The URL of `slot` is read last, and stays. */
static bool read_images(const struct json *json, struct command *command, int slot, char url[FOTA_URL_SIZE])
{
    const int order[2] = {3 - slot, slot};
    int images = message_member(json, 0, "images");

    if (images < 0)
        return command->kind == COMMAND_ROLLBACK;
    if (!message_is_object(json, images))
        return false;
    for (int i = 0; i < 2; i++) {
        const char name[2] = {(char)('0' + order[i]), '\0'};
        int token = message_member(json, images, name);
        if (token >= 0 && !read_image(json, token, &command->images[order[i] - 1], url))
            return false;
    }
    return true;
}

/* Not there at all is good: an older orchestrator sends none. */
static bool read_manifest(const struct json *json, struct command_manifest *manifest)
{
    struct fota_version version;
    uint64_t sequence;
    int token = message_member(json, 0, "manifest");

    if (token < 0)
        return true;
    if (!message_is_object(json, token) ||
        !message_integer(json, message_member(json, token, "sequence"), UINT32_MAX, &sequence))
        return false;
    int requires = message_member(json, token, "requires");
    if (requires >= 0 && (!message_string(json, requires, manifest->requires, sizeof manifest->requires) ||
                          !fota_version_parse(manifest->requires, &version)))
        return false;
    int list = message_member(json, token, "signatures");
    int count = message_array_size(json, list);
    if (count < 0 || count > (int)FOTA_SIGNATURES_MAX)
        return false;
    for (int i = 0; i < count; i++)
        if (!read_hex(json, message_element(json, list, i), manifest->signatures[i], FOTA_SIGNATURE_SIZE))
            return false;
    manifest->sequence = (uint32_t)sequence;
    manifest->signature_count = (uint32_t)count;
    manifest->present = true;
    return true;
}

/* The member at fault, or NULL. */
static const char *read_update(const struct json *json, struct command *command, int slot,
                               char url[FOTA_URL_SIZE])
{
    struct fota_version version;

    if (!read_nonce(json, command->nonce))
        return "nonce";
    if (!message_string(json, message_member(json, 0, "version"), command->version,
                        sizeof command->version) ||
        !fota_version_parse(command->version, &version))
        return "version";
    if (!read_images(json, command, slot, url))
        return "images";
    if (command->kind == COMMAND_ROLLBACK && !read_sha256(json, 0, command->sha256))
        return "sha256";
    if (!read_manifest(json, &command->manifest))
        return "manifest";
    if (!read_seconds(json, "download_seconds", &command->download_seconds))
        return "download_seconds";
    if (!read_seconds(json, "confirm_seconds", &command->confirm_seconds))
        return "confirm_seconds";
    return NULL;
}

static const char *read_attempt(const struct json *json, struct command *command)
{
    uint64_t attempt;

    if (!read_positive(json, 0, "campaign", FOTA_CAMPAIGN_MAX, &command->campaign))
        return "campaign";
    if (!read_positive(json, 0, "attempt", FOTA_ATTEMPT_MAX, &attempt))
        return "attempt";
    command->attempt = (uint32_t)attempt;
    return NULL;
}

enum command_verdict command_read(struct command *command, const char *text, uint32_t length, int slot,
                                  char url[FOTA_URL_SIZE], jsmntok_t tokens[JSON_TOKENS])
{
    struct json json;

    memset(command, 0, sizeof *command);
    command->fault = "message";
    if (length > FOTA_MESSAGE_SIZE)
        return COMMAND_TOO_LARGE;
    if (!message_parse(&json, text, length, tokens))
        return COMMAND_NOT_JSON;
    command->fault = "command";
    if (!read_kind(&json, command))
        return COMMAND_DROPPED;
    command->fault = NULL;
    if (command->kind == COMMAND_REPORT)
        return COMMAND_GOOD;
    if (command->kind != COMMAND_REBOOT)
        command->fault = read_attempt(&json, command);
    if (command->fault != NULL)
        return COMMAND_DROPPED;
    if (command->kind == COMMAND_UPDATE || command->kind == COMMAND_ROLLBACK) {
        command->fault = read_update(&json, command, slot, url);
        return command->fault == NULL ? COMMAND_GOOD : COMMAND_REFUSED;
    }
    if (message_member(&json, 0, "nonce") >= 0 && !read_nonce(&json, command->nonce))
        command->fault = "nonce";
    return command->fault == NULL ? COMMAND_GOOD : COMMAND_DROPPED;
}
