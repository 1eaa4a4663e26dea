/* Which files a release has, and how they must be: the same where it is signed and where it is stored. */
#ifndef CORE_RELEASE_FILES_H
#define CORE_RELEASE_FILES_H

#include <stddef.h>

#include "status.h"
#include "version.h"

#define FIRMWARE_FILES_MAX 10            /* the guide's "support max 10 files" (section 2.4) */
#define FIRMWARE_FILE_SIZE_MAX (1 << 20) /* of a file that is no image of a slot */

struct firmware_file {
    const char *name; /* 1 to 64 characters of A-Z a-z 0-9 . _ - */
    const unsigned char *bytes;
    size_t size;
};

/* 1 for user1.bin, 2 for user2.bin, 0 for any other name. */
int release_slot(const char *name);

/* Checks names, number, which must be there and which must not (by the version's class), sizes, and the
 * images of the slots (core/image). `count` may be more than FIRMWARE_FILES_MAX: then they are refused
 * unread. error->field is the file's name. */
enum status release_files_check(const struct version *version, const struct firmware_file *files,
                                size_t count, struct error *error) MUST_CHECK;

#endif
