/* Images on disk, by SHA-256, filled from the database on first use, so that they can be sent with sendfile.
 */
#ifndef ENGINE_IMAGE_CACHE_H
#define ENGINE_IMAGE_CACHE_H

#include <stdint.h>

#include "status.h"
#include "store.h"

struct image_cache;

/* `directory` is made when absent (one level). Release with image_cache_close. */
enum status image_cache_open(const char *directory, struct image_cache **cache,
                             struct error *error) MUST_CHECK;
void image_cache_close(struct image_cache *cache);

/* Finds the image without the database; STATUS_NOT_FOUND when it is not on disk yet. The caller closes *fd.
 */
enum status image_cache_find(struct image_cache *cache, const char *sha256, int *fd, int64_t *size,
                             struct error *error) MUST_CHECK;

/* Finds it, and fetches it from the database first when it is not on disk (checked against its SHA-256,
 * written to a temporary file and renamed; concurrent calls for one image fetch once). STATUS_NOT_FOUND when
 * the database has none. */
enum status image_cache_fetch(struct image_cache *cache, struct store *store, const char *sha256, int *fd,
                              int64_t *size, struct error *error) MUST_CHECK;

/* Removes the image from the disk, if it is there: the database has it no more. Who reads it reads on. */
void image_cache_forget(struct image_cache *cache, const char *sha256);

#endif
