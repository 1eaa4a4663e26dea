/* The right to download: a URL signed for one device, one image and a time. HMAC-SHA256 with the database's
 * secret, so that any orchestrator on the database can check what another has signed. */
#ifndef ENGINE_IMAGE_URL_H
#define ENGINE_IMAGE_URL_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

#define IMAGE_URL_SIZE 401
#define IMAGE_SECRET_SIZE 32

/* Writes BASE/v1/images/SHA256?device=D&expires=T.L&signature=S: T is now + seconds, and L is `seconds`, so
 * that whoever checks it knows when it was signed. `base` is the configured public URL, without a slash at
 * its end. `now` is in Unix seconds; `seconds` is 1 to 9999999. STATUS_INVALID when it does not fit
 * IMAGE_URL_SIZE. */
enum status image_url_sign(const unsigned char secret[IMAGE_SECRET_SIZE], const char *base,
                           const char *sha256, const char *device, int64_t now, int64_t seconds,
                           char url[IMAGE_URL_SIZE], struct error *error) MUST_CHECK;

/* Whether the three values from a query string are a right that still holds at `now`. STATUS_DENIED
 * otherwise. Constant time in the signature. *signed_at is when it was signed (Unix seconds), 0 where it does
 * not say so: an orchestrator of before has signed it. */
enum status image_url_check(const unsigned char secret[IMAGE_SECRET_SIZE], const char *sha256,
                            const char *device, const char *expires, const char *signature, int64_t now,
                            int64_t *signed_at, struct error *error) MUST_CHECK;

#endif
