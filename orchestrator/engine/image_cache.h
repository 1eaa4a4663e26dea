/* Images on disk, by SHA-256, filled from the database on first use, so that they can be sent with sendfile.
 * What is on the disk is not believed: its bytes are hashed once in the life of a cache and whenever its size
 * or time has changed, and its size is compared at every open. A file that is not its image is logged
 * (image_damaged), removed, and fetched anew. */
#ifndef ENGINE_IMAGE_CACHE_H
#define ENGINE_IMAGE_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "status.h"
#include "store.h"

struct image_cache;

/* `directory` is made when absent (one level), also when it goes away later. Release with image_cache_close.
 */
enum status image_cache_open(const char *directory, struct image_cache **cache,
                             struct error *error) MUST_CHECK;
void image_cache_close(struct image_cache *cache);

/* Finds the image without the database; STATUS_NOT_FOUND when it is not on disk, or no more, as what was
 * there was damaged. The caller closes *fd. */
enum status image_cache_find(struct image_cache *cache, const char *sha256, int *fd, int64_t *size,
                             struct error *error) MUST_CHECK;

/* Finds it, and fetches it from the database first when it is not on disk (checked against its SHA-256,
 * written to a temporary file and renamed; concurrent calls for one image fetch once). STATUS_NOT_FOUND when
 * the database has none. */
enum status image_cache_fetch(struct image_cache *cache, struct store *store, const char *sha256, int *fd,
                              int64_t *size, struct error *error) MUST_CHECK;

/* Whether `fd`, as it was found, is as it was then: neither its size nor its time has changed, and no check
 * has found an image damaged since. */
bool image_cache_is_unchanged(struct image_cache *cache, const char *sha256, int fd);

/* A device says that it was sent other bytes: hashes the file on the disk, if there is one, but no more often
 * than every 10 s. */
void image_cache_suspect(struct image_cache *cache, const char *sha256);

/* How many seconds ago the image was last found damaged (0: just now), or -1 when it never was, as far as
 * this cache knows. */
int64_t image_cache_damaged_ago(struct image_cache *cache, const char *sha256);

/* Removes the image from the disk, if it is there: the database has it no more. Who reads it reads on. */
void image_cache_forget(struct image_cache *cache, const char *sha256);

#endif
