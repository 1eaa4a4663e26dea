/* Files that name devices, one id a line. */
#ifndef CTL_DEVICE_IDS_H
#define CTL_DEVICE_IDS_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#include "status.h"

/* Reads one device id a line; empty lines and those that begin with # are passed over, and spaces around an
 * id do not count. Writes each bad line as "NAME:LINE: what, and what is allowed" to `errors` (the first 20;
 * then how many more). On success *ids is a list of strings, and (*lines)[N] the line of its element N;
 * release them with json_decref and free(). `text` ends with a zero byte and is changed. */
enum status device_ids_read(const char *name, char *text, size_t length, FILE *errors, json_t **ids,
                            int **lines, struct error *error) MUST_CHECK;

#endif
