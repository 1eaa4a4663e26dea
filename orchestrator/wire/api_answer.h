/* Answers of the HTTP API that no query makes. All texts are made in `arena`. */
#ifndef WIRE_API_ANSWER_H
#define WIRE_API_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "status.h"

/* {"error": {"code", "message", "field"}}; field is "" when none. */
char *api_error_format(struct arena *arena, const struct error *error);

/* The JSON object `json` with a further member, a list of texts. */
const char *api_texts_add(struct arena *arena, const char *json, const char *name, const char *const *texts,
                          size_t count);

/* {"NAME": count} */
char *api_count_format(struct arena *arena, const char *name, int64_t count);

/* {"registered": count, "devices": [{"id", "key"}]} of those whose key is not "". Ids and keys hold nothing
 * that JSON would escape. */
struct api_key {
    const char *id, *key;
};
char *api_registered_format(struct arena *arena, const struct api_key *keys, size_t count);

/* {"id", "kind", "key"}; without the key when it is NULL. */
char *api_key_format(struct arena *arena, const char *id, const char *kind, const char *key);

/* What a campaign is after a command: {"changed": bool, "state": text, "in_flight": number, "broker": bool,
 * "plan"?: text} */
struct api_command_done {
    bool changed;
    const char *state;
    int64_t in_flight; /* devices */
    bool broker;       /* is connected, so that they can be told */
    const char *plan;  /* what was, or would be, done; NULL or "": nothing to say */
};
char *api_command_format(struct arena *arena, const struct api_command_done *done);

/* [{"from": version, "hops": [versions]}] */
struct api_path {
    const char *from;
    const char **hops;
    size_t count;
};
char *api_paths_format(struct arena *arena, const struct api_path *paths, size_t count);

/* {"changed": bool, "state": text, "missing": number} */
char *api_approved_format(struct arena *arena, bool changed, const char *state, int64_t missing);

/* {"changed": bool, NAME: text}, NAME such as "version" */
char *api_changed_format(struct arena *arena, bool changed, const char *name, const char *text);

/* {"changed": bool, "product": number} */
char *api_product_format(struct arena *arena, bool changed, int64_t number);

/* The seed's answer to a call: {"status": 200, "nonce", "deliver_to_device": true}, with "device", "action"
 * and "answer", and of an upgrade "version" and "campaign" (NULL: none). */
struct api_called {
    const char *nonce, *device, *action, *answer, *version, *campaign;
};
char *api_called_format(struct arena *arena, const struct api_called *called);

/* {"status": "ready", "clock_difference_seconds": number}, and where the host's clock is more than `seconds`
 * ahead of the database's, or behind it, "warning": text. `host_ahead` is in milliseconds. */
char *api_ready_format(struct arena *arena, int64_t host_ahead, int seconds);

/* {"status": text} */
char *api_status_format(struct arena *arena, const char *status);

#endif
