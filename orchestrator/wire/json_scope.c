#include "json_scope.h"

#include <stdio.h>
#include <string.h>

enum status json_read_document(const char *text, size_t length, json_t **document, struct error *error)
{
    json_error_t problem;
    *document = NULL;
    if (length > 0 && memchr(text, 0, length) != NULL) /* jansson passes over one that follows a number */
        return error_set(error, STATUS_INVALID, NULL, "not valid JSON: it holds a zero byte");
    *document = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &problem);
    if (*document == NULL) {
        enum json_error_code code = json_error_code(&problem);
        bool has_null = code == json_error_null_character || code == json_error_null_byte_in_key;
        return error_set(error, STATUS_INVALID, NULL, "not valid JSON at line %d, column %d: %s",
                         problem.line, problem.column,
                         has_null ? "\\u0000 is not allowed in a text; every other character is"
                                  : problem.text);
    }
    if (json_is_object(*document))
        return STATUS_OK;
    json_decref(*document);
    *document = NULL;
    return error_set(error, STATUS_INVALID, NULL, "the document must be one JSON object");
}

void json_scope_begin(struct json_scope *scope, json_t *document, const char *path, struct error *error)
{
    *scope = (struct json_scope){.object = document, .error = error};
    snprintf(scope->path, sizeof scope->path, "%s", path);
}

static void member_path(const struct json_scope *scope, const char *name, char *path, size_t size)
{
    int length = snprintf(path, size, "%s%s%s", scope->path,
                          scope->path[0] != '\0' && name[0] != '\0' ? "." : "", name);
    if (length < 0 || (size_t)length >= size) /* cut: no document of ours nests so deep */
        path[size - 1] = '\0';
}

void json_scope_refuse(struct json_scope *scope, const char *name, const char *message)
{
    if (scope->status != STATUS_OK)
        return;
    char path[96];
    member_path(scope, name, path, sizeof path);
    scope->status = error_set(scope->error, STATUS_INVALID, path, "%s", message);
}

static const char *type_name(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
        return "a whole number";
    case JSON_REAL:
        return "a number with a fraction";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";
    case JSON_NULL:
        return "null";
    }
    return "something else";
}

/* The member, or NULL when it is absent or an error stands. */
static json_t *ask(struct json_scope *scope, const char *name, bool required)
{
    if (scope->asked_count < JSON_SCOPE_MEMBERS_MAX)
        scope->asked[scope->asked_count++] = name;
    if (scope->status != STATUS_OK)
        return NULL;
    json_t *value = json_object_get(scope->object, name);
    if (value == NULL && required && scope->missing == NULL)
        scope->missing = name;
    return value;
}

static bool wrong_type(struct json_scope *scope, const char *name, const json_t *value, const char *allowed)
{
    char message[96];
    snprintf(message, sizeof message, "is %s; allowed is %s", type_name(value), allowed);
    json_scope_refuse(scope, name, message);
    return false;
}

bool json_scope_null(struct json_scope *scope, const char *name)
{
    return json_is_null(ask(scope, name, false));
}

bool json_scope_text(struct json_scope *scope, const char *name, bool required, const char **value)
{
    json_t *member = ask(scope, name, required);
    if (member == NULL)
        return false;
    if (!json_is_string(member))
        return wrong_type(scope, name, member, "a string");
    *value = json_string_value(member);
    return true;
}

bool json_scope_integer(struct json_scope *scope, const char *name, bool required, int64_t *value)
{
    json_t *member = ask(scope, name, required);
    if (member == NULL)
        return false;
    if (!json_is_integer(member))
        return wrong_type(scope, name, member, "a whole number");
    *value = json_integer_value(member);
    return true;
}

bool json_scope_real(struct json_scope *scope, const char *name, bool required, double *value)
{
    json_t *member = ask(scope, name, required);
    if (member == NULL)
        return false;
    if (!json_is_number(member))
        return wrong_type(scope, name, member, "a number");
    *value = json_number_value(member);
    return true;
}

bool json_scope_boolean(struct json_scope *scope, const char *name, bool required, bool *value)
{
    json_t *member = ask(scope, name, required);
    if (member == NULL)
        return false;
    if (!json_is_boolean(member))
        return wrong_type(scope, name, member, "true or false");
    *value = json_is_true(member);
    return true;
}

bool json_scope_object(struct json_scope *scope, const char *name, bool required, json_t **value)
{
    json_t *member = ask(scope, name, required);
    if (member == NULL)
        return false;
    if (!json_is_object(member))
        return wrong_type(scope, name, member, "an object");
    *value = member;
    return true;
}

bool json_scope_array(struct json_scope *scope, const char *name, bool required, json_t **value)
{
    json_t *member = ask(scope, name, required);
    if (member == NULL)
        return false;
    if (!json_is_array(member))
        return wrong_type(scope, name, member, "an array");
    *value = member;
    return true;
}

void json_scope_enter(struct json_scope *inner, struct json_scope *outer, const char *name, json_t *object)
{
    char path[96];
    member_path(outer, name, path, sizeof path);
    json_scope_begin(inner, object, path, outer->error);
    inner->status = outer->status;
}

void json_scope_element(struct json_scope *inner, struct json_scope *outer, const char *name, json_t *array,
                        size_t index)
{
    char element[64];
    snprintf(element, sizeof element, "%s[%zu]", name, index);
    json_t *object = json_array_get(array, index);
    if (!json_is_object(object))
        wrong_type(outer, element, object, "an object");
    json_scope_enter(inner, outer, element, object);
}

/* "a, b, c" of everything this scope was asked for. */
static void allowed_members(const struct json_scope *scope, char *list, size_t size)
{
    size_t used = 0;
    list[0] = '\0';
    for (int i = 0; i < scope->asked_count && used < size; i++) {
        int written = snprintf(list + used, size - used, "%s%s", i == 0 ? "" : ", ", scope->asked[i]);
        used += written < 0 ? 0 : (size_t)written;
    }
}

static bool was_asked(const struct json_scope *scope, const char *name)
{
    for (int i = 0; i < scope->asked_count; i++) {
        if (strcmp(scope->asked[i], name) == 0)
            return true;
    }
    return false;
}

enum status json_scope_end(struct json_scope *scope)
{
    if (scope->status != STATUS_OK)
        return scope->status;
    const char *name;
    json_t *value;
    json_object_foreach(scope->object, name, value)
    {
        if (was_asked(scope, name))
            continue;
        char list[320];
        char message[400];
        allowed_members(scope, list, sizeof list);
        snprintf(message, sizeof message, "unknown member; allowed here: %s", list);
        json_scope_refuse(scope, name, message);
        return scope->status;
    }
    if (scope->missing != NULL)
        json_scope_refuse(scope, scope->missing, "is missing; it is required here");
    return scope->status;
}

void json_scope_leave(struct json_scope *inner, struct json_scope *outer)
{
    outer->status = json_scope_end(inner);
}
