/* Whether the two images of a release look like one program, and like the release that they are said to be.
 * An image for the ESP8266 does not name its program, so these are doubts and no proof: what is compared is
 * what builds of one program for two slots have in common. */
#ifndef CORE_RELEASE_DOUBTS_H
#define CORE_RELEASE_DOUBTS_H

#include <stddef.h>

#include "release_files.h"
#include "version.h"

enum { RELEASE_DOUBTS_MAX = 8, RELEASE_DOUBT_SIZE = 256 };

struct release_doubts {
    int count;
    char texts[RELEASE_DOUBTS_MAX][RELEASE_DOUBT_SIZE]; /* one line each */
};

/* One more; nothing when there is no room. */
void release_doubt(struct release_doubts *doubts, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Compares user1.bin and user2.bin: the version of the SDK ("2.0.0(656edbf)") and its build ("compiled @
 * ..."), flash settings, segments, and sizes, which may differ by 2%. Then looks for versions as text, such
 * as v1.1.0t45772(a): an image that holds any must hold the release's. `files` have passed
 * release_files_check; without both images nothing is compared. */
void release_doubts_find(const struct version *version, const struct firmware_file *files, size_t count,
                         struct release_doubts *doubts);

#endif
