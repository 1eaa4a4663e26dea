#include "image_url.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"

/* The signature in hexadecimal: of the purpose and the three values, one a line, so that no value can pass
 * for part of another. Expiry is signed as the text it is sent as. */
static enum status signature(const unsigned char secret[IMAGE_SECRET_SIZE], const char *sha256,
                             const char *device, const char *expires, char text[SHA256_HEX_SIZE],
                             struct error *error)
{
    char message[256];
    int length = snprintf(message, sizeof message, "fota-image-v1\n%s\n%s\n%s", sha256, device, expires);
    if (length < 0 || (size_t)length >= sizeof message)
        return error_set(error, STATUS_INVALID, NULL, "device or expiry is too long to be signed");
    digest_hmac(secret, IMAGE_SECRET_SIZE, message, (size_t)length, text);
    return STATUS_OK;
}

enum status image_url_sign(const unsigned char secret[IMAGE_SECRET_SIZE], const char *base,
                           const char *sha256, const char *device, int64_t now, int64_t seconds,
                           char url[IMAGE_URL_SIZE], struct error *error)
{
    char expiry[48];
    char proof[SHA256_HEX_SIZE];
    snprintf(expiry, sizeof expiry, "%" PRId64 ".%" PRId64, now + seconds, seconds);
    enum status status = signature(secret, sha256, device, expiry, proof, error);
    if (status != STATUS_OK)
        return status;
    int length = snprintf(url, IMAGE_URL_SIZE, "%s/v1/images/%s?device=%s&expires=%s&signature=%s", base,
                          sha256, device, expiry, proof);
    if (length < 0 || length >= IMAGE_URL_SIZE)
        return error_set(error, STATUS_INVALID, NULL,
                         "the image URL would be %d characters long; allowed are %d: shorten the public URL",
                         length, IMAGE_URL_SIZE - 1);
    return STATUS_OK;
}

/* EXPIRES, or EXPIRES.SECONDS since it was signed. It is one of ours: its signature was good. */
static bool read_expiry(const char *text, int64_t now, int64_t *signed_at)
{
    char *end;
    errno = 0;
    long long until = strtoll(text, &end, 10);
    *signed_at = *end == '.' ? until - strtoll(end + 1, &end, 10) : 0;
    return errno == 0 && *end == '\0' && until > now;
}

enum status image_url_check(const unsigned char secret[IMAGE_SECRET_SIZE], const char *sha256,
                            const char *device, const char *expires, const char *given, int64_t now,
                            int64_t *signed_at, struct error *error)
{
    char proof[SHA256_HEX_SIZE];
    if (sha256 == NULL || device == NULL || expires == NULL || given == NULL)
        return error_set(error, STATUS_DENIED, NULL, "the image URL lacks device, expires or signature");
    if (signature(secret, sha256, device, expires, proof, error) != STATUS_OK)
        return error_set(error, STATUS_DENIED, NULL, "the image URL is not one that was given out");
    if (!digest_equal(given, proof))
        return error_set(error, STATUS_DENIED, "signature", "the image URL is not one that was given out");
    if (!read_expiry(expires, now, signed_at))
        return error_set(error, STATUS_DENIED, "expires", "the image URL has expired");
    return STATUS_OK;
}
