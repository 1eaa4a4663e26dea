/* Commands as the agent reads them, with its own JSON reader; jansson says what is JSON. */
#include <jansson.h>

#include "command.h"
#include "fota_version.h"
#include "fuzz.h"

static char url[FOTA_URL_SIZE];

static void check_good(const struct command *command)
{
    struct fota_version version;
    bool numbered = command->kind != COMMAND_REPORT && command->kind != COMMAND_REBOOT;
    if (numbered)
        HOLDS(command->campaign >= 1 && command->campaign <= FOTA_CAMPAIGN_MAX && command->attempt >= 1 &&
              command->attempt <= FOTA_ATTEMPT_MAX);
    if (command->kind != COMMAND_UPDATE && command->kind != COMMAND_ROLLBACK)
        return;
    HOLDS(strlen(command->nonce) == BOOT_NONCE_LENGTH);
    HOLDS(fota_version_parse(command->version, &version));
    HOLDS(command->download_seconds >= 1 && command->confirm_seconds >= 1);
    for (int slot = 0; slot < 2; slot++) {
        const struct command_image *image = &command->images[slot];
        if (image->present)
            HOLDS(image->size >= 1);
        if (image->present && slot == 1)
            HOLDS(strlen(url) < FOTA_URL_SIZE && strncmp(url, "http://", 7) == 0 &&
                  strpbrk(url, " \r\n") == NULL);
    }
}

/* Levels of objects and lists, and tokens as jsmn counts them. */
static unsigned measure(json_t *value, unsigned *tokens)
{
    unsigned deepest = 0;
    size_t index;
    const char *name;
    json_t *inner;
    ++*tokens;
    if (json_is_array(value)) {
        json_array_foreach(value, index, inner)
        {
            unsigned depth = measure(inner, tokens);
            deepest = depth > deepest ? depth : deepest;
        }
    } else if (json_is_object(value)) {
        json_object_foreach(value, name, inner)
        {
            unsigned depth = measure(inner, tokens);
            deepest = depth > deepest ? depth : deepest;
            ++*tokens;
        }
    } else {
        return 0;
    }
    return deepest + 1;
}

/* What jansson takes as an object is JSON for the agent too, within its limits. jansson 2.14 passes over a
 * zero byte that follows a number, which is no JSON. */
static void check_json(const char *text, size_t size, enum command_verdict verdict)
{
    json_error_t where;
    unsigned tokens = 0;
    if (memchr(text, 0, size) != NULL) {
        HOLDS(verdict == COMMAND_NOT_JSON);
        return;
    }
    json_t *document = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &where);
    if (json_is_object(document) && measure(document, &tokens) <= JSON_DEPTH && tokens <= JSON_TOKENS)
        HOLDS(verdict != COMMAND_NOT_JSON);
    if (document != NULL && !json_is_object(document))
        HOLDS(verdict == COMMAND_NOT_JSON);
    json_decref(document);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    jsmntok_t tokens[JSON_TOKENS];
    struct command command;
    char *text =
        malloc(size > 0 ? size : 1); /* without a zero byte at the end, as it comes from the network */
    if (text == NULL)
        abort();
    memcpy(text, bytes, size);
    enum command_verdict verdict = command_read(&command, text, (uint32_t)size, 2, url, tokens);
    HOLDS((verdict == COMMAND_TOO_LARGE) == (size > FOTA_MESSAGE_SIZE));
    HOLDS((verdict == COMMAND_GOOD) == (command.fault == NULL));
    if (verdict == COMMAND_GOOD)
        check_good(&command);
    if (verdict == COMMAND_REFUSED) /* it can be answered */
        HOLDS(command.campaign >= 1 && command.attempt >= 1 && command.attempt <= FOTA_ATTEMPT_MAX);
    if (verdict != COMMAND_TOO_LARGE)
        check_json(text, size, verdict);
    free(text);
    return 0;
}
