/* Strict reading of JSON: every member is asked for by name and type; what was not asked for is refused.
 *
 * A scope is one object in the document, with its path. The first error sticks: after it every call does
 * nothing, so that a reader asks for all members in a row and looks at the status once, at json_scope_end. */
#ifndef WIRE_JSON_SCOPE_H
#define WIRE_JSON_SCOPE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"

#define JSON_SCOPE_MEMBERS_MAX 16

struct json_scope {
    json_t *object; /* borrowed */
    char path[96];  /* "" for the document, else such as "waves[1]" */
    const char *asked[JSON_SCOPE_MEMBERS_MAX];
    int asked_count;
    const char *missing; /* the first required member that was not there */
    enum status status;
    struct error *error;
};

/* Reads one JSON object. Refuses syntax errors (the message names line and column), duplicate keys and
 * anything that is not an object. Release *document with json_decref. */
enum status json_read_document(const char *text, size_t length, json_t **document,
                               struct error *error) MUST_CHECK;

/* `document` is borrowed until json_scope_end. `path` is that of the object itself. */
void json_scope_begin(struct json_scope *scope, json_t *document, const char *path, struct error *error);

/* Each looks up a member. A member that is absent leaves the value as it is (the default); JSON null counts
 * as a wrong type. `required` makes absence an error. They return whether a value was read. Texts are
 * borrowed from the document. */
/* Whether the member is there, and null; it is then asked for. */
bool json_scope_null(struct json_scope *scope, const char *name);
bool json_scope_text(struct json_scope *scope, const char *name, bool required, const char **value);
bool json_scope_integer(struct json_scope *scope, const char *name, bool required, int64_t *value);
bool json_scope_real(struct json_scope *scope, const char *name, bool required, double *value);
bool json_scope_boolean(struct json_scope *scope, const char *name, bool required, bool *value);
bool json_scope_object(struct json_scope *scope, const char *name, bool required, json_t **value);
bool json_scope_array(struct json_scope *scope, const char *name, bool required, json_t **value);

/* Makes the scope of a member that json_scope_object has found. */
void json_scope_enter(struct json_scope *inner, struct json_scope *outer, const char *name, json_t *object);

/* Makes the scope of element `index` of the array `name`; refuses an element that is no object. */
void json_scope_element(struct json_scope *inner, struct json_scope *outer, const char *name, json_t *array,
                        size_t index);

/* Refuses the value of member `name`, with the scope's path before it: "allowed is ...". */
void json_scope_refuse(struct json_scope *scope, const char *name, const char *message);

/* Ends a scope: unknown members first (a misspelt name is a better hint than a missing one), then missing
 * ones. Returns the first error. */
enum status json_scope_end(struct json_scope *scope) MUST_CHECK;

/* Ends an inner scope and hands its error to the outer one. */
void json_scope_leave(struct json_scope *inner, struct json_scope *outer);

#endif
