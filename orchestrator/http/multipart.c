#include "multipart.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { BOUNDARY_MAX = 70 /* RFC 2046 */, HEADERS_BYTES_MAX = 4096 };

struct cursor {
    const char *at, *end;
};

static enum status refuse(struct error *error, const char *message)
{
    return error_set(error, STATUS_INVALID, NULL, "the multipart body %s", message);
}

/* Finds NAME=value or NAME="value" after a semicolon; copies it to the arena. */
static const char *header_parameter(const char *header, const char *name, struct arena *arena)
{
    size_t length = strlen(name);
    bool quoted = false;
    for (const char *at = header; *at != '\0'; at++) {
        if (quoted && *at == '\\' && at[1] != '\0')
            at++;
        else if (*at == '"')
            quoted = !quoted;
        if (quoted || *at != ';')
            continue;
        const char *word = at + 1 + strspn(at + 1, " \t");
        if (strncasecmp(word, name, length) != 0 || word[length] != '=')
            continue;
        const char *value = word + length + 1;
        if (*value != '"')
            return arena_copy_bytes(arena, value, strcspn(value, "; \t"));
        char *copy = arena_copy(arena, value + 1);
        char *out = copy;
        for (const char *in = copy; *in != '\0' && *in != '"'; in++) {
            if (*in == '\\' && in[1] != '\0')
                in++;
            *out++ = *in;
        }
        *out = '\0';
        return copy;
    }
    return NULL;
}

static bool starts_with(struct cursor cursor, const char *text)
{
    size_t length = strlen(text);
    return (size_t)(cursor.end - cursor.at) >= length && memcmp(cursor.at, text, length) == 0;
}

/* The headers of one part: only Content-Disposition counts. Leaves the cursor at the first byte of the value.
 */
static enum status read_headers(struct cursor *cursor, struct arena *arena, struct multipart_part *part,
                                struct error *error)
{
    const char *start = cursor->at;
    while (!starts_with(*cursor, "\r\n")) {
        const char *line_end = memmem(cursor->at, (size_t)(cursor->end - cursor->at), "\r\n", 2);
        if (line_end == NULL || line_end - start > HEADERS_BYTES_MAX)
            return refuse(error, "has a part whose headers do not end");
        const char *line = arena_copy_bytes(arena, cursor->at, (size_t)(line_end - cursor->at));
        if (strncasecmp(line, "Content-Disposition:", 20) == 0) {
            part->name = header_parameter(line, "name", arena);
            part->file_name = header_parameter(line, "filename", arena);
        }
        cursor->at = line_end + 2;
    }
    cursor->at += 2;
    if (part->name == NULL)
        return refuse(error, "has a part without a name in its Content-Disposition");
    return STATUS_OK;
}

/* One part from its headers to the delimiter that ends it. Leaves the cursor after that delimiter. */
static enum status read_part(struct cursor *cursor, const char *delimiter, struct arena *arena,
                             struct multipart *multipart, struct error *error)
{
    if (multipart->count == MULTIPART_PARTS_MAX)
        return error_set(error, STATUS_INVALID, NULL, "the multipart body has more than %d parts",
                         MULTIPART_PARTS_MAX);
    struct multipart_part *part = &multipart->parts[multipart->count];
    *part = (struct multipart_part){0};
    enum status status = read_headers(cursor, arena, part, error);
    if (status != STATUS_OK)
        return status;
    const char *value_end =
        memmem(cursor->at, (size_t)(cursor->end - cursor->at), delimiter, strlen(delimiter));
    if (value_end == NULL)
        return refuse(error, "ends in the middle of a part");
    if (multipart_find(multipart, part->name) != NULL)
        return error_set(error, STATUS_INVALID, part->name, "is given twice; allowed is once");
    part->bytes = (const unsigned char *)cursor->at;
    part->size = (size_t)(value_end - cursor->at);
    multipart->count++;
    cursor->at = value_end + strlen(delimiter);
    return STATUS_OK;
}

enum status multipart_parse(const char *content_type, const char *body, size_t length, struct arena *arena,
                            struct multipart *multipart, struct error *error)
{
    multipart->count = 0;
    const char *boundary = header_parameter(content_type, "boundary", arena);
    if (boundary == NULL || boundary[0] == '\0' || strlen(boundary) > BOUNDARY_MAX)
        return error_set(error, STATUS_INVALID, "Content-Type",
                         "multipart/form-data needs a boundary of 1 to 70 characters");
    const char *delimiter = arena_format(arena, "\r\n--%s", boundary);
    struct cursor cursor = {body, body + length};
    if (!starts_with(cursor, delimiter + 2))
        return refuse(error, "does not begin with its boundary");
    cursor.at += strlen(delimiter) - 2;
    while (!starts_with(cursor, "--")) {
        cursor.at += strspn(cursor.at, " \t");
        if (!starts_with(cursor, "\r\n"))
            return refuse(error, "has a boundary with something else on its line, or no closing boundary");
        cursor.at += 2;
        enum status status = read_part(&cursor, delimiter, arena, multipart, error);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

const struct multipart_part *multipart_find(const struct multipart *multipart, const char *name)
{
    for (size_t i = 0; i < multipart->count; i++) {
        if (strcmp(multipart->parts[i].name, name) == 0)
            return &multipart->parts[i];
    }
    return NULL;
}
