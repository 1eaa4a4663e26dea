/* What the commands do with a device key that the server has just made. */
#ifndef CTL_DEVICE_KEY_H
#define CTL_DEVICE_KEY_H

#include "commands.h"

/* Whether a key may be written to `path` (NULL: to none). False after it has said why not; *code is then the
 * exit code. Asked before the key is made. */
bool device_key_may_be_written(struct session *session, const char *path, enum exit_code *code);

/* Writes the key to `path`, or shows it when that is NULL (with --json the document holds it already). */
enum exit_code device_key_show(struct session *session, const char *id, const char *kind, const char *key,
                               const char *path);

#endif
