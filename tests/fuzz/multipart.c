/* multipart/form-data. Input: the value of Content-Type, a newline, the body. What is read is written with
 * another boundary and read again. */
#include "multipart.h"

#include <stdbool.h>

#include "fuzz.h"

static const char boundary[] = "x7Yq2-another-boundary";

static void put_quoted(FILE *out, const char *name, const char *text)
{
    fprintf(out, "; %s=\"", name);
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static char *write_body(const struct multipart *multipart, size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    for (size_t i = 0; i < multipart->count; i++) {
        const struct multipart_part *part = &multipart->parts[i];
        fprintf(out, "--%s\r\nContent-Disposition: form-data", boundary);
        put_quoted(out, "name", part->name);
        if (part->file_name != NULL)
            put_quoted(out, "filename", part->file_name);
        fputs("\r\n\r\n", out);
        fwrite(part->bytes, 1, part->size, out);
        fputs("\r\n", out);
    }
    fprintf(out, "--%s--\r\n", boundary);
    fclose(out);
    return text;
}

static void check_same(const struct multipart *a, const struct multipart *b)
{
    HOLDS(a->count == b->count);
    for (size_t i = 0; i < a->count; i++) {
        const struct multipart_part *x = &a->parts[i], *y = &b->parts[i];
        HOLDS(strcmp(x->name, y->name) == 0 && x->size == y->size &&
              memcmp(x->bytes, y->bytes, x->size) == 0);
        HOLDS((x->file_name == NULL) == (y->file_name == NULL));
        HOLDS(x->file_name == NULL || strcmp(x->file_name, y->file_name) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const uint8_t *newline = size > 0 ? memchr(bytes, '\n', size) : NULL;
    if (newline == NULL)
        return 0;
    size_t length = size - (size_t)(newline + 1 - bytes);
    char *content_type = fuzz_text(bytes, (size_t)(newline - bytes));
    char *body = fuzz_text(newline + 1, length);
    struct arena arena = {0};
    struct multipart multipart, again;
    struct error error = {0};
    if (multipart_parse(content_type, body, length, &arena, &multipart, &error) != STATUS_OK) {
        HOLDS(error.message[0] != '\0');
    } else {
        HOLDS(multipart.count <= MULTIPART_PARTS_MAX);
        for (size_t i = 0; i < multipart.count; i++) {
            const struct multipart_part *part = &multipart.parts[i];
            HOLDS(part->bytes >= (unsigned char *)body &&
                  part->bytes + part->size <= (unsigned char *)body + length);
            HOLDS(multipart_find(&multipart, part->name) == part);
        }
        if (memmem(body, length, boundary, strlen(boundary)) == NULL && length < 3000) {
            size_t written_length;
            char *written = write_body(&multipart, &written_length);
            char *type = arena_format(&arena, "multipart/form-data; boundary=%s", boundary);
            if (multipart_parse(type, written, written_length, &arena, &again, &error) != STATUS_OK) {
                fprintf(stderr, "%s\n", error.message);
                fuzz_broken("what was written is read", __FILE__, __LINE__);
            }
            check_same(&multipart, &again);
            free(written);
        }
    }
    arena_release(&arena);
    free(body);
    free(content_type);
    return 0;
}
