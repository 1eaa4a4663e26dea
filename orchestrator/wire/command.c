#include "command.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* Takes the object over. Packing these objects fails only when memory is exhausted. */
static char *dump(json_t *object, struct arena *arena)
{
    char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
    if (text == NULL)
        abort();
    char *copy = arena_copy(arena, text);
    free(text);
    json_decref(object);
    return copy;
}

static json_t *pack_image(const struct offered_image *image)
{
    return json_pack("{s:s, s:I, s:s}", "url", image->url, "size", (json_int_t)image->size, "sha256",
                     image->sha256);
}

/* The device's own deadline comes first, so that its verdict arrives before the orchestrator calls it silent.
 */
static json_int_t three_quarters(int64_t seconds)
{
    int64_t part = seconds * 3 / 4;
    return part < 1 ? 1 : part;
}

static json_t *pack_manifest(const struct offered_manifest *manifest)
{
    json_t *signatures = json_array();
    for (int i = 0; i < OFFERED_SIGNATURES_MAX; i++) {
        if (manifest->signatures[i] != NULL)
            json_array_append_new(signatures, json_string(manifest->signatures[i]));
    }
    return json_pack("{s:I, s:s*, s:o}", "sequence", (json_int_t)manifest->sequence, "requires",
                     manifest->requires, "signatures", signatures);
}

char *command_offer(const struct offer *offer, struct arena *arena)
{
    json_t *object = json_pack(
        "{s:s, s:I, s:i, s:s, s:s, s:I, s:I}", "command", offer->is_rollback ? "rollback" : "update",
        "campaign", (json_int_t)offer->campaign, "attempt", offer->attempt, "nonce", offer->nonce, "version",
        offer->version, "download_seconds", three_quarters(offer->download_seconds), "confirm_seconds",
        three_quarters(offer->confirm_seconds));
    int failed = object == NULL;
    if (offer->images[0].present && offer->images[1].present)
        failed |= json_object_set_new(
            object, "images",
            json_pack("{s:o, s:o}", "1", pack_image(&offer->images[0]), "2", pack_image(&offer->images[1])));
    if (offer->manifest.present)
        failed |= json_object_set_new(object, "manifest", pack_manifest(&offer->manifest));
    if (offer->is_rollback && offer->flip_sha256 != NULL)
        failed |= json_object_set_new(object, "sha256", json_string(offer->flip_sha256));
    if (failed)
        abort();
    return dump(object, arena);
}

static char *attempt_command(const char *command, int64_t campaign, int attempt, const char *nonce,
                             struct arena *arena)
{
    return dump(json_pack("{s:s, s:I, s:i, s:s*}", "command", command, "campaign", (json_int_t)campaign,
                          "attempt", attempt, "nonce", nonce),
                arena);
}

char *command_cancel(int64_t campaign, int attempt, const char *nonce, struct arena *arena)
{
    return attempt_command("cancel", campaign, attempt, nonce, arena);
}

char *command_ack(int64_t campaign, int attempt, const char *nonce, struct arena *arena)
{
    return attempt_command("ack", campaign, attempt, nonce, arena);
}

char *command_report(struct arena *arena)
{
    return dump(json_pack("{s:s}", "command", "report"), arena);
}

char *command_reboot(const char *nonce, struct arena *arena)
{
    return dump(json_pack("{s:s, s:s}", "command", "reboot", "nonce", nonce), arena);
}

void command_topic(const char *device, char topic[COMMAND_TOPIC_SIZE])
{
    snprintf(topic, COMMAND_TOPIC_SIZE, "fota/v1/%s/command", device);
}
