/* Files on the operator's machine: read whole up to a limit, written whole or not at all. */
#ifndef CTL_LOCAL_FILE_H
#define CTL_LOCAL_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

/* Reads a file of at most `limit` bytes; STATUS_TOO_LARGE when it has more. Errors name the file. Release
 * *bytes with free(). */
enum status local_file_read(const char *path, size_t limit, unsigned char **bytes, size_t *size,
                            struct error *error) MUST_CHECK;

/* Writes a file so that at every moment, a power cut included, `path` holds all of it or what was there
 * before: into a temporary file beside it, then to the disk, then under its name. An existing file is
 * replaced only with `replace`; else STATUS_CONFLICT. A `secret` file is for its owner only. */
enum status local_file_write(const char *path, const unsigned char *bytes, size_t size, bool replace,
                             bool secret, struct error *error) MUST_CHECK;

/* Whether local_file_write could make the new file now: nothing has its name, and its directory takes files.
 * For what must not be lost when it comes. Leaves nothing behind. */
enum status local_file_check_new(const char *path, struct error *error) MUST_CHECK;

#endif
