#include "api_answer.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Text that came from outside may not be UTF-8, which jansson refuses: then without the text. */
static json_t *text_or_empty(const char *text)
{
    json_t *value = json_string(text);
    return value != NULL ? value : json_string("(not UTF-8)");
}

static char *dump(struct arena *arena, json_t *document)
{
    char *text = json_dumps(document, JSON_COMPACT);
    json_decref(document);
    if (text == NULL)
        abort();
    char *kept = arena_copy(arena, text);
    free(text);
    return kept;
}

char *api_error_format(struct arena *arena, const struct error *error)
{
    return dump(arena, json_pack("{s{ss so so}}", "error", "code", status_code(error->status), "message",
                                 text_or_empty(error->message), "field", text_or_empty(error->field)));
}

const char *api_texts_add(struct arena *arena, const char *json, const char *name, const char *const *texts,
                          size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_string(texts[i]));
    const char *member = dump(arena, json_pack("{so}", name, list));
    /* It is put before the object's other members, which stay as PostgreSQL has written them. */
    return arena_format(arena, "%.*s,%s", (int)strlen(member) - 1, member, strchr(json, '{') + 1);
}

char *api_count_format(struct arena *arena, const char *name, int64_t count)
{
    return dump(arena, json_pack("{sI}", name, (json_int_t)count));
}

/* Written without a document in memory: there may be hundreds of thousands. */
char *api_registered_format(struct arena *arena, const struct api_key *keys, size_t count)
{
    static const char form[] = "%s{\"id\":\"%s\",\"key\":\"%s\"}";
    size_t size = sizeof "{\"registered\":,\"devices\":[]}" + 20;
    for (size_t i = 0; i < count; i++)
        size += sizeof form + strlen(keys[i].id) + strlen(keys[i].key);
    char *text = arena_allocate(arena, size);
    size_t used = (size_t)snprintf(text, size, "{\"registered\":%zu,\"devices\":[", count);
    const char *comma = "";
    for (size_t i = 0; i < count; i++) {
        if (keys[i].key[0] == '\0')
            continue;
        used += (size_t)snprintf(text + used, size - used, form, comma, keys[i].id, keys[i].key);
        comma = ",";
    }
    snprintf(text + used, size - used, "]}");
    return text;
}

char *api_key_format(struct arena *arena, const char *id, const char *kind, const char *key)
{
    return dump(arena, json_pack("{ss ss ss*}", "id", id, "kind", kind, "key", key));
}

char *api_command_format(struct arena *arena, const struct api_command_done *done)
{
    const char *plan = done->plan != NULL && done->plan[0] != '\0' ? done->plan : NULL;
    return dump(arena, json_pack("{sb ss sI sb ss*}", "changed", (int)done->changed, "state", done->state,
                                 "in_flight", (json_int_t)done->in_flight, "broker", (int)done->broker,
                                 "plan", plan));
}

char *api_paths_format(struct arena *arena, const struct api_path *paths, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *hops = json_array();
        for (size_t hop = 0; hop < paths[i].count; hop++)
            json_array_append_new(hops, json_string(paths[i].hops[hop]));
        json_array_append_new(list, json_pack("{ss so}", "from", paths[i].from, "hops", hops));
    }
    return dump(arena, list);
}

char *api_approved_format(struct arena *arena, bool changed, const char *state, int64_t missing)
{
    return dump(arena, json_pack("{sb ss sI}", "changed", (int)changed, "state", state, "missing",
                                 (json_int_t)missing));
}

char *api_changed_format(struct arena *arena, bool changed, const char *name, const char *text)
{
    return dump(arena, json_pack("{sb ss}", "changed", (int)changed, name, text));
}

char *api_product_format(struct arena *arena, bool changed, int64_t number)
{
    return dump(arena, json_pack("{sb sI}", "changed", (int)changed, "product", (json_int_t)number));
}

char *api_status_format(struct arena *arena, const char *status)
{
    return dump(arena, json_pack("{ss}", "status", status));
}

char *api_ready_format(struct arena *arena, int64_t host_ahead, int seconds)
{
    int64_t distance = host_ahead < 0 ? -host_ahead : host_ahead;
    const char *sign = host_ahead < 0 ? "-" : "";
    const char *warning = "";
    if (distance > seconds * 1000LL)
        warning = arena_format(arena, ",\"warning\":\"the host's clock is %lld.%03d s %s the database's\"",
                               (long long)distance / 1000, (int)(distance % 1000),
                               host_ahead < 0 ? "behind" : "ahead of");
    return arena_format(arena, "{\"status\":\"ready\",\"clock_difference_seconds\":%s%lld.%03d%s}", sign,
                        (long long)distance / 1000, (int)(distance % 1000), warning);
}

char *api_called_format(struct arena *arena, const struct api_called *called)
{
    return dump(arena, json_pack("{si ss sb ss ss ss ss* ss*}", "status", 200, "nonce", called->nonce,
                                 "deliver_to_device", 1, "device", called->device, "action", called->action,
                                 "answer", called->answer, "version", called->version, "campaign",
                                 called->campaign));
}
