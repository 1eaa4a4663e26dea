/* Lists of devices as CSV (RFC 4180: fields may be quoted; lines end with LF or CRLF). */
#ifndef CTL_CSV_H
#define CTL_CSV_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#include "status.h"

/* Reads a whole stream. Release *text with free(). */
enum status csv_read_stream(FILE *stream, const char *name, char **text, size_t *length,
                            struct error *error) MUST_CHECK;

/* Reads a document whose first line names its columns: id and ptype, and version, product and tags where
 * there are any, in any order. Checks every line and writes each bad one as "NAME:LINE: what, and what is
 * allowed" to `errors` (the first 20; then how many more). On success *devices is the body of POST
 * /v1/devices; release it with json_decref. `text` is changed. */
enum status csv_read_devices(const char *name, char *text, size_t length, FILE *errors, json_t **devices,
                             struct error *error) MUST_CHECK;

/* Adds the words of `tags`, separated by spaces or semicolons, to a list. */
void csv_split_tags(const char *tags, json_t *list);

#endif
