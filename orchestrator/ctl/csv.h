/* Lists of devices as CSV (RFC 4180: fields may be quoted; lines end with LF or CRLF). */
#ifndef CTL_CSV_H
#define CTL_CSV_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#include "status.h"

/* Reads a whole stream of at most 64 MiB. Release *text with free(). */
enum status csv_read_stream(FILE *stream, const char *name, char **text, size_t *length,
                            struct error *error) MUST_CHECK;

/* The same for a file, or standard input when `path` is "-"; *name is what messages call it. */
enum status csv_read_file(const char *path, const char **name, char **text, size_t *length,
                          struct error *error) MUST_CHECK;

/* Reads a document whose first line names its columns: id and ptype, and version, product, tags, key,
 * flash_kb and flash_map where there are any, in any order. Checks every line and writes each bad one as
 * "NAME:LINE: what, and what is allowed" to `errors` (the first 20; then how many more). On success *devices
 * is the body of POST /v1/devices (as many as it takes), and (*lines)[N] the line of its element N; release
 * them with json_decref and free(). `text` is changed. */
enum status csv_read_devices(const char *name, char *text, size_t length, FILE *errors, json_t **devices,
                             int **lines, struct error *error) MUST_CHECK;

/* Turns the place in a request that the server names, "devices[N].MEMBER", into the one that the operator
 * knows, "NAME:LINE: MEMBER"; other errors stay as they are. `count` lines. */
void csv_name_line(struct error *error, const char *name, const int *lines, size_t count);

/* Adds the words of `tags`, separated by spaces or semicolons, to a list. */
void csv_split_tags(const char *tags, json_t *list);

#endif
