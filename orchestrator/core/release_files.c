#include "release_files.h"

#include <stdbool.h>
#include <string.h>

#include "image.h"
#include "names.h"

enum { NAME_CHARACTERS_MAX = 64 };

static const char *const slot_names[] = {"user1.bin", "user2.bin"};
/* The main programs of a release without FOTA (the guide's table 1-1). */
static const char *const whole_names[] = {"eagle.flash.bin", "eagle.irom0text.bin"};

int release_slot(const char *name)
{
    int found;
    return name_find(slot_names, NAME_COUNT(slot_names), name, &found) ? found + 1 : 0;
}

static bool has_file(const struct firmware_file *files, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(files[i].name, name) == 0)
            return true;
    }
    return false;
}

/* A name that is no path, and stands for itself wherever it is written. */
static bool name_is_valid(const char *name)
{
    size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    return length >= 1 && length <= NAME_CHARACTERS_MAX && name[length] == '\0' && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}

/* Which files must be there, and which must not, follows from the class. */
static enum status check_set(const struct version *version, const struct firmware_file *files, size_t count,
                             struct error *error)
{
    bool fota = version_is_fota(version);
    for (size_t i = 0; i < NAME_COUNT(slot_names); i++) {
        bool given = has_file(files, count, slot_names[i]);
        if (fota && !given)
            return error_set(
                error, STATUS_INVALID, slot_names[i],
                "is missing: a release has user1.bin and user2.bin, and files are known by their names");
        if (!fota && given)
            return error_set(error, STATUS_INVALID, slot_names[i],
                             "is an image for upgrades, which class n has none of: its files are "
                             "eagle.flash.bin and eagle.irom0text.bin");
    }
    if (!fota && !has_file(files, count, whole_names[0]) && !has_file(files, count, whole_names[1]))
        return error_set(error, STATUS_INVALID, whole_names[0],
                         "is missing: a release of class n has eagle.flash.bin, eagle.irom0text.bin or both");
    return STATUS_OK;
}

static enum status check_file(const struct firmware_file *file, struct error *error)
{
    int slot = release_slot(file->name);
    struct image_info info;
    if (!name_is_valid(file->name))
        return error_set(
            error, STATUS_INVALID, file->name,
            "is no name for a file: allowed are 1 to %d characters of A-Z a-z 0-9 . _ - and no path",
            NAME_CHARACTERS_MAX);
    if (slot == 0 && file->size == 0)
        return error_set(error, STATUS_INVALID, file->name, "is empty");
    if (slot == 0 && file->size > FIRMWARE_FILE_SIZE_MAX)
        return error_set(error, STATUS_TOO_LARGE, file->name, "has %zu bytes; allowed are %d", file->size,
                         FIRMWARE_FILE_SIZE_MAX);
    if (slot == 0 || image_check(file->bytes, file->size, slot, &info, error) == STATUS_OK)
        return STATUS_OK;
    struct error why = *error;
    return error_set(error, STATUS_INVALID, file->name, "%s", why.message);
}

enum status release_files_check(const struct version *version, const struct firmware_file *files,
                                size_t count, struct error *error)
{
    if (count > FIRMWARE_FILES_MAX)
        return error_set(error, STATUS_INVALID, "files", "a release has at most %d files; these are %zu",
                         FIRMWARE_FILES_MAX, count);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(files[k].name, files[i].name) == 0)
                return error_set(error, STATUS_INVALID, files[i].name, "was given twice");
        }
    }
    if (check_set(version, files, count, error) != STATUS_OK)
        return error->status;
    for (size_t i = 0; i < count; i++) {
        if (check_file(&files[i], error) != STATUS_OK)
            return error->status;
    }
    return STATUS_OK;
}
