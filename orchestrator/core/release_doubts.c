#include "release_doubts.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
    SLOTS = 2,
    SDK_SIZE = 48,
    BUILD_SIZE = 48,
    FIRST_MAGIC = 0xEA,
    FIRST_HEADER = 16,
    SIZES_PERCENT = 2 /* that the images of one program may differ in size */
};

/* What an image shows of the program that it is. */
struct marks {
    const char *file;
    size_t size;
    int segments, mode, settings;          /* of its e9 header */
    char sdk[SDK_SIZE];                    /* "" when none is found */
    char build[BUILD_SIZE];                /* the same */
    bool says_release;                     /* holds the release's version as text */
    char other_version[VERSION_TEXT_SIZE]; /* the first other one; "" when none */
};

void release_doubt(struct release_doubts *doubts, const char *format, ...)
{
    if (doubts->count == RELEASE_DOUBTS_MAX)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(doubts->texts[doubts->count++], RELEASE_DOUBT_SIZE, format, arguments);
    va_end(arguments);
}

/* --- what an image shows ---------------------------------------------------------------------------- */

static bool is_digit(unsigned char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_of(unsigned char byte, const char *characters)
{
    return byte != 0 && strchr(characters, byte) != NULL;
}

#define WORDS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-"

/* Where the text that ends before `end` begins, going back over version characters; at most as long as a
 * version. */
static size_t word_start(const unsigned char *bytes, size_t end)
{
    size_t start = end;
    while (start > 0 && end - start < VERSION_TEXT_SIZE && is_of(bytes[start - 1], WORDS))
        start--;
    return start;
}

/* "2.0.0(656edbf)" or "3.0.6-dev(072755c)" around the parenthesis at `at`. */
static void find_sdk(const unsigned char *bytes, size_t size, size_t at, struct marks *marks)
{
    size_t start = word_start(bytes, at), end = at + 1;
    while (end < size && is_of(bytes[end], "0123456789abcdef"))
        end++;
    bool has_numbers = at - start >= 5 && is_digit(bytes[start]) && bytes[start + 1] == '.' &&
                       is_digit(bytes[start + 2]) && bytes[start + 3] == '.' && is_digit(bytes[start + 4]);
    if (marks->sdk[0] == '\0' && has_numbers && end - at - 1 >= 7 && end < size && bytes[end] == ')')
        snprintf(marks->sdk, sizeof marks->sdk, "%.*s", (int)(end + 1 - start), (const char *)bytes + start);
}

/* "v1.1.0t45772(a)" around the parenthesis at `at`. */
static void find_version(const unsigned char *bytes, size_t size, size_t at, const char *release,
                         struct marks *marks)
{
    char text[VERSION_TEXT_SIZE + 4], canonical[VERSION_TEXT_SIZE];
    struct version version;
    struct error error;
    size_t start = word_start(bytes, at);
    if (at + 2 >= size || !is_of(bytes[at + 1], "olan") || bytes[at + 2] != ')' ||
        at - start >= VERSION_TEXT_SIZE)
        return;
    snprintf(text, sizeof text, "%.*s", (int)(at + 3 - start), (const char *)bytes + start);
    if (version_parse(text, &version, &error) != STATUS_OK)
        return;
    version_format(&version, canonical);
    if (strcmp(canonical, release) == 0)
        marks->says_release = true;
    else if (marks->other_version[0] == '\0')
        snprintf(marks->other_version, sizeof marks->other_version, "%s", canonical);
}

/* "compiled @ Jul 19 2016 17:58:40" at `at`. */
static void find_build(const unsigned char *bytes, size_t size, size_t at, struct marks *marks)
{
    static const char before[] = "compiled @ ";
    size_t length = sizeof before - 1;
    if (marks->build[0] != '\0' || size - at <= length || memcmp(bytes + at, before, length) != 0)
        return;
    size_t end = at + length;
    while (end < size && bytes[end] >= ' ' && bytes[end] <= '~')
        end++;
    snprintf(marks->build, sizeof marks->build, "%.*s", (int)(end - at - length),
             (const char *)bytes + at + length);
}

static void read_header(const struct firmware_file *file, struct marks *marks)
{
    const unsigned char *bytes = file->bytes;
    size_t at = 0;
    if (bytes[0] == FIRST_MAGIC)
        at = FIRST_HEADER +
             ((size_t)bytes[12] | (size_t)bytes[13] << 8 | (size_t)bytes[14] << 16 | (size_t)bytes[15] << 24);
    marks->segments = bytes[at + 1]; /* the image check has been there */
    marks->mode = bytes[at + 2];
    marks->settings = bytes[at + 3];
}

static void read_marks(const struct firmware_file *file, const char *release, struct marks *marks)
{
    *marks = (struct marks){.file = file->name, .size = file->size};
    read_header(file, marks);
    for (size_t at = 0; at < file->size; at++) {
        if (file->bytes[at] == '(') {
            find_sdk(file->bytes, file->size, at, marks);
            find_version(file->bytes, file->size, at, release, marks);
        } else if (file->bytes[at] == 'c') {
            find_build(file->bytes, file->size, at, marks);
        }
    }
}

/* --- what does not fit ------------------------------------------------------------------------------ */

static bool differ(const char *one, const char *two)
{
    return one[0] != '\0' && two[0] != '\0' && strcmp(one, two) != 0;
}

static void compare(const struct marks *one, const struct marks *two, struct release_doubts *doubts)
{
    size_t larger = one->size > two->size ? one->size : two->size;
    size_t smaller = one->size > two->size ? two->size : one->size;
    if (differ(one->sdk, two->sdk))
        release_doubt(doubts, "%s is built on SDK %s, %s on SDK %s", one->file, one->sdk, two->file,
                      two->sdk);
    else if ((one->sdk[0] == '\0') != (two->sdk[0] == '\0'))
        release_doubt(doubts, "%s names its SDK, %s does not", one->sdk[0] != '\0' ? one->file : two->file,
                      one->sdk[0] != '\0' ? two->file : one->file);
    if (differ(one->build, two->build))
        release_doubt(doubts, "%s has an SDK compiled %s, %s one compiled %s", one->file, one->build,
                      two->file, two->build);
    if (one->segments != two->segments)
        release_doubt(doubts, "%s has %d segments, %s has %d", one->file, one->segments, two->file,
                      two->segments);
    if (one->mode != two->mode || one->settings != two->settings)
        release_doubt(doubts, "%s is made for flash settings %02x %02x, %s for %02x %02x", one->file,
                      one->mode, one->settings, two->file, two->mode, two->settings);
    if ((larger - smaller) * 100 > larger * SIZES_PERCENT)
        release_doubt(
            doubts,
            "%s has %zu bytes, %s has %zu: builds of one program for two slots differ by %d%% at most",
            one->file, one->size, two->file, two->size, SIZES_PERCENT);
}

void release_doubts_find(const struct version *version, const struct firmware_file *files, size_t count,
                         struct release_doubts *doubts)
{
    struct marks marks[SLOTS] = {0};
    const struct firmware_file *images[SLOTS] = {NULL, NULL};
    char release[VERSION_TEXT_SIZE];
    version_format(version, release);
    for (size_t i = 0; i < count; i++) {
        int slot = release_slot(files[i].name);
        if (slot != 0)
            images[slot - 1] = &files[i];
    }
    if (images[0] == NULL || images[1] == NULL)
        return;
    for (int i = 0; i < SLOTS; i++)
        read_marks(images[i], release, &marks[i]);
    if (images[0]->size == images[1]->size &&
        memcmp(images[0]->bytes, images[1]->bytes, images[0]->size) == 0)
        release_doubt(doubts, "user1.bin and user2.bin are the same file: each is linked for its own slot");
    compare(&marks[0], &marks[1], doubts);
    for (int i = 0; i < SLOTS; i++) {
        if (!marks[i].says_release && marks[i].other_version[0] != '\0')
            release_doubt(doubts, "%s holds the version %s, not %s", marks[i].file, marks[i].other_version,
                          release);
    }
}
