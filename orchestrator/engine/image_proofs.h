/* What an image cache knows of its files: which one was hashed, when, and how it stood on the disk then. Safe
 * from any thread. */
#ifndef ENGINE_IMAGE_PROOFS_H
#define ENGINE_IMAGE_PROOFS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct image_proofs;

/* Release with image_proofs_destroy. */
struct image_proofs *image_proofs_create(void);
void image_proofs_destroy(struct image_proofs *proofs);

/* The bytes of the file were hashed just now, and are those of the image. */
void image_proofs_note(struct image_proofs *proofs, const char *sha256, const struct stat *file);

/* The file was no such image. */
void image_proofs_note_damage(struct image_proofs *proofs, const char *sha256);

/* Whether a file with this size and time was proved, and no damage was found since. */
bool image_proofs_hold(struct image_proofs *proofs, const char *sha256, const struct stat *file);

/* Seconds since the image was last found damaged; -1: never. */
int64_t image_proofs_damaged_ago(struct image_proofs *proofs, const char *sha256);

/* Somebody doubts the image: whether it is to be hashed, as it was not for that reason in the last 10 s. */
bool image_proofs_suspect(struct image_proofs *proofs, const char *sha256);

/* The image is gone for good. */
void image_proofs_forget(struct image_proofs *proofs, const char *sha256);

#endif
