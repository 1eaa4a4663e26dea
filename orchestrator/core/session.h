/* Sessions: which connection of a device a message comes from, and which of two is newer. The text is
 * BOOTID.N: docs/protocol.md, Sessions. */
#ifndef CORE_SESSION_H
#define CORE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SESSION_BOOT_SIZE 9  /* of a BOOTID, with the zero byte */
#define SESSION_TEXT_SIZE 20 /* of BOOTID.N, with the zero byte */
#define SESSION_NUMBER_MAX INT32_MAX
#define SESSION_RECENT_BOOTS_MAX 4 /* BOOTIDs that are stored for a device */

struct device_session {
    char boot[SESSION_BOOT_SIZE]; /* BOOTID: 8 lower-case hexadecimal digits */
    int32_t number;               /* N: 1 to SESSION_NUMBER_MAX; 0: no session is known */
};

/* Reads BOOTID.N. False, and `session` as it was, for every other text, also one whose N is out of range or
 * has a leading zero. */
bool session_parse(const char *text, struct device_session *session);

/* Writes BOOTID.N, which session_parse reads; an empty text where no session is known. */
void session_format(const struct device_session *session, char text[SESSION_TEXT_SIZE]);

enum session_order {
    SESSION_SAME,
    SESSION_NEWER,
    SESSION_OLDER,
};

/* What the session `said` in a message is to the `current` one stored for the device: with the same BOOTID
 * the higher N is newer; another BOOTID is newer unless it is one of `recent_boots`, the last BOOTIDs stored
 * for the device (`count` of them, 0 to SESSION_RECENT_BOOTS_MAX, in any order; the current one may be among
 * them). SESSION_NEWER where no current session is known. `said` must be known. */
enum session_order session_compare(const struct device_session *current, const char *const *recent_boots,
                                   size_t count, const struct device_session *said);

#endif
