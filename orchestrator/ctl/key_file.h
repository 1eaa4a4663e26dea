/* Device keys on the operator's disk: for their owner only, and never over a file that is there. */
#ifndef CTL_KEY_FILE_H
#define CTL_KEY_FILE_H

#include <jansson.h>

#include "status.h"

/* Whether master_device_key.bin, or a list of keys, may be written as `path`, which may also be a directory:
 * asked before the server is, since a key is shown once. */
enum status key_file_check(const char *path, struct error *error) MUST_CHECK;

/* Writes the 40 digits, as `flash-map build --key` takes them. In a directory the file is named KEY.bin, as
 * the guide's is (section 2.2.1). *written is the file's path; release with free(). */
enum status key_file_write(const char *path, const char *key, char **written, struct error *error) MUST_CHECK;

/* Writes the lines "id,key" of a list of {"id", "key"}, after a line that names the columns. */
enum status key_list_write(const char *path, const json_t *devices, struct error *error) MUST_CHECK;

#endif
