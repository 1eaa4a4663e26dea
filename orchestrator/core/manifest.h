/* What the signature of a release is over: a text of lines in fixed order (docs/signing.md), from which any
 * change of the release can be seen. The signer, the orchestrator and the device each make it themselves. */
#ifndef CORE_MANIFEST_H
#define CORE_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

#include "release_files.h"
#include "status.h"

#define MANIFEST_SIZE 2048 /* the longest and its zero byte */
#define SEQUENCE_MAX 4294967295

struct manifest_file {
    const char *name;
    int64_t size; /* bytes */
    const char *sha256;
};

struct manifest {
    int ptype;
    const char *version;
    int64_t sequence;     /* 0 to SEQUENCE_MAX */
    const char *requires; /* the lowest version that may go straight to it; NULL or "": any */
    struct manifest_file files[FIRMWARE_FILES_MAX]; /* in any order */
    size_t file_count;
};

/* Writes the text. Of a release with images of the slots these are in it, and no further files: a device
 * knows nothing of them. Of any other all files are, by name in byte order. */
void manifest_format(const struct manifest *manifest, char text[MANIFEST_SIZE]);

/* Whether a manifest that was signed is that of this release. STATUS_CONFLICT names the first line that
 * differs, and what stands in both. */
enum status manifest_check(const char *is_signed, const char *own, struct error *error) MUST_CHECK;

#endif
