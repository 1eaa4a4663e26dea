#include "signature_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"
#include "json_scope.h"

enum { LINES_MAX = 32, SIGNATURE_BYTES = 64 };

static bool is_line(const json_t *line)
{
    const char *text = json_string_value(line);
    return text != NULL && strlen(text) == json_string_length(line) && strchr(text, '\n') == NULL;
}

static const char *read_manifest(struct json_scope *scope, struct arena *arena)
{
    json_t *lines;
    const char *text = "";
    if (!json_scope_array(scope, "manifest", true, &lines))
        return text;
    if (json_array_size(lines) > LINES_MAX) {
        json_scope_refuse(scope, "manifest", "allowed are at most 32 lines");
        return text;
    }
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i);
        char place[32];
        if (!is_line(line)) {
            snprintf(place, sizeof place, "manifest[%zu]", i);
            json_scope_refuse(scope, place, "allowed is a string that is one line");
            return text;
        }
        text = arena_format(arena, "%s%s\n", text, json_string_value(line));
    }
    return text;
}

static const char *read_digits(struct json_scope *scope, const char *name, size_t bytes, const char *allowed,
                               struct arena *arena)
{
    unsigned char read[SIGNATURE_BYTES];
    const char *text = "";
    if (json_scope_text(scope, name, true, &text) && !hex_parse(text, read, bytes))
        json_scope_refuse(scope, name, allowed);
    return arena_copy(arena, text);
}

enum status signature_json_parse(const char *text, size_t length, const char *path, struct arena *arena,
                                 struct signature_document *document, struct error *error)
{
    struct json_scope scope;
    json_t *object;
    if (json_read_document(text, length, &object, error) != STATUS_OK) {
        struct error why = *error;
        return error_set(error, why.status, path, "%s", why.message);
    }
    json_scope_begin(&scope, object, path, error);
    document->manifest = read_manifest(&scope, arena);
    document->key_id =
        read_digits(&scope, "key_id", 32, "allowed are 64 lower-case hexadecimal digits", arena);
    document->signature = read_digits(&scope, "signature", SIGNATURE_BYTES,
                                      "allowed are 128 lower-case hexadecimal digits", arena);
    enum status status = json_scope_end(&scope);
    json_decref(object);
    return status;
}

char *signature_json_format(const struct signature_document *document)
{
    json_t *lines = json_array();
    for (const char *at = document->manifest; *at != '\0'; at += strcspn(at, "\n") + 1)
        json_array_append_new(lines, json_stringn(at, strcspn(at, "\n")));
    json_t *object = json_pack("{so ss ss}", "manifest", lines, "key_id", document->key_id, "signature",
                               document->signature);
    char *text = json_dumps(object, JSON_INDENT(2));
    json_decref(object);
    if (text == NULL)
        abort();
    return text;
}
