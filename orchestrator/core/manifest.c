#include "manifest.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct writer {
    char *text;
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void add_line(struct writer *writer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(writer->text + writer->used, MANIFEST_SIZE - writer->used, format, arguments);
    va_end(arguments);
    writer->used += (size_t)length;
    if (writer->used >= MANIFEST_SIZE - 1)
        abort(); /* checked names and versions always fit */
    writer->text[writer->used++] = '\n';
    writer->text[writer->used] = '\0';
}

static int compare_names(const void *left, const void *right)
{
    const struct manifest_file *const *a = left, *const *b = right;
    return strcmp((*a)->name, (*b)->name);
}

void manifest_format(const struct manifest *manifest, char text[MANIFEST_SIZE])
{
    const struct manifest_file *files[FIRMWARE_FILES_MAX] = {0};
    struct writer writer = {.text = text};
    bool has_slots = false;
    for (size_t i = 0; i < manifest->file_count; i++) {
        files[i] = &manifest->files[i];
        has_slots = has_slots || release_slot(files[i]->name) != 0;
    }
    /* user1.bin comes before user2.bin */
    qsort(files, manifest->file_count, sizeof files[0], compare_names);
    bool free = manifest->requires == NULL || manifest->requires[0] == '\0';
    add_line(&writer, "fota-manifest-1");
    add_line(&writer, "ptype %d", manifest->ptype);
    add_line(&writer, "version %s", manifest->version);
    add_line(&writer, "sequence %" PRId64, manifest->sequence);
    add_line(&writer, "requires %s", free ? "-" : manifest->requires);
    for (size_t i = 0; i < manifest->file_count; i++) {
        int slot = release_slot(files[i]->name);
        if (slot != 0)
            add_line(&writer, "slot %d %" PRId64 " %s", slot, files[i]->size, files[i]->sha256);
        else if (!has_slots)
            add_line(&writer, "file %s %" PRId64 " %s", files[i]->name, files[i]->size, files[i]->sha256);
    }
}

/* The line at *at, cut to what a message can show; *at is then the next one. */
static void take_line(const char **at, char *line, size_t size)
{
    size_t length = strcspn(*at, "\n");
    snprintf(line, size, "%.*s", (int)(length < size ? length : size - 1), *at);
    *at += length + ((*at)[length] == '\n' ? 1 : 0);
}

enum status manifest_check(const char *is_signed, const char *own, struct error *error)
{
    char signed_line[160], own_line[160];
    if (strcmp(is_signed, own) == 0)
        return STATUS_OK;
    for (int number = 1;; number++) {
        const char *signed_from = is_signed, *own_from = own;
        take_line(&is_signed, signed_line, sizeof signed_line);
        take_line(&own, own_line, sizeof own_line);
        size_t length = (size_t)(own - own_from);
        if (length != 0 && (size_t)(is_signed - signed_from) == length &&
            memcmp(signed_from, own_from, length) == 0)
            continue;
        return error_set(error, STATUS_CONFLICT, NULL,
                         "the manifest differs at line %d: signed was \"%s\", this release has \"%s\"",
                         number, signed_line, own_line);
    }
}
