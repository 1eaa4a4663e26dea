#include "signature_file.h"

#include <stdlib.h>
#include <string.h>

#include "local_file.h"
#include "utf8.h"

enum { KEY_FILE_MAX = 64 * 1024, PASSPHRASE_MAX = 1000 };

const char *file_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* The file as a text that ends with a zero byte, in `arena`. */
static enum status read_text(const char *path, size_t limit, struct arena *arena, char **text, size_t *size,
                             struct error *error)
{
    unsigned char *bytes;
    enum status status = local_file_read(path, limit, &bytes, size, error);
    if (status != STATUS_OK)
        return status;
    *text = arena_copy_bytes(arena, bytes, *size);
    explicit_bzero(bytes, *size); /* it may be a secret */
    free(bytes);
    return STATUS_OK;
}

/* The rest of the manifest's line that begins with `word`; NULL when there is none, or it is "-". */
static const char *find_value(const char *manifest, const char *word, struct arena *arena)
{
    size_t length = strlen(word);
    for (const char *at = manifest; *at != '\0'; at += strcspn(at, "\n") + 1) {
        if (strncmp(at, word, length) != 0)
            continue;
        char *value = arena_copy_bytes(arena, at + length, strcspn(at + length, "\n"));
        return strcmp(value, "-") == 0 ? NULL : value;
    }
    return NULL;
}

enum status signature_file_read(const char *path, struct arena *arena, struct signature_parts *parts,
                                struct error *error)
{
    struct signature_document document;
    char *text;
    size_t size;
    if (read_text(path, SIGNATURE_DOCUMENT_MAX, arena, &text, &size, error) != STATUS_OK)
        return error->status;
    size_t mark = utf8_mark(text, size);
    if (signature_json_parse(text + mark, size - mark, "", arena, &document, error) != STATUS_OK)
        return error_context(error, "%s is no signature of firmware sign", path);
    char *again = signature_json_format(&document);
    parts->document = arena_copy(arena, again);
    free(again);
    parts->sequence = find_value(document.manifest, "sequence ", arena);
    parts->requires = find_value(document.manifest, "requires ", arena);
    return STATUS_OK;
}

enum status passphrase_read(const char *path, struct arena *arena, char **passphrase, struct error *error)
{
    size_t size;
    if (read_text(path, PASSPHRASE_MAX, arena, passphrase, &size, error) != STATUS_OK)
        return error->status;
    (*passphrase)[strcspn(*passphrase, "\r\n")] = '\0';
    if ((*passphrase)[0] == '\0')
        return error_set(error, STATUS_INVALID, NULL, "%s has no passphrase in its first line", path);
    return STATUS_OK;
}

enum status key_file_read_public(const char *path, struct signing_key **key, struct error *error)
{
    struct arena arena = {0};
    char *text;
    size_t size;
    enum status status = read_text(path, KEY_FILE_MAX, &arena, &text, &size, error);
    if (status == STATUS_OK) {
        status = signing_key_read_public(text, size, key, error);
        if (status != STATUS_OK)
            status = error_context(error, "%s", path);
        explicit_bzero(text, size);
    }
    arena_release(&arena);
    return status;
}

enum status key_file_read_private(const char *path, const char *passphrase_file, struct signing_key **key,
                                  struct error *error)
{
    struct arena arena = {0};
    char *text = NULL, *passphrase = NULL;
    size_t size = 0;
    enum status status = read_text(path, KEY_FILE_MAX, &arena, &text, &size, error);
    if (status == STATUS_OK && passphrase_file != NULL)
        status = passphrase_read(passphrase_file, &arena, &passphrase, error);
    if (status == STATUS_OK) {
        status = signing_key_read_private(text, size, passphrase, key, error);
        if (status != STATUS_OK)
            status = error_context(error, "%s", path);
    }
    if (text != NULL)
        explicit_bzero(text, size);
    if (passphrase != NULL)
        explicit_bzero(passphrase, strlen(passphrase));
    arena_release(&arena);
    return status;
}
