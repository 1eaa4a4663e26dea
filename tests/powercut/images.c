#include "images.h"

#include <bearssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample_image.h"

#define MAPPED 8192u
#define SEGMENT 512u

struct image images[FIRMWARES][2];
const char *const versions[FIRMWARES] = {WORLD_VERSION, "v1.1.0t45772(a)", "v1.2.0t45772(a)"};

void make_images(void)
{
    if (images[0][0].length != 0)
        return;
    for (int i = 0; i < 2 * FIRMWARES; i++) {
        struct image *image = &images[i / 2][i % 2];
        br_sha256_context context;
        image->length = sample_image_make(image->bytes, i % 2 + 1, MAPPED, SEGMENT, (uint32_t)i + 1);
        br_sha256_init(&context);
        br_sha256_update(&context, image->bytes, image->length);
        br_sha256_out(&context, image->sha256);
        for (int byte = 0; byte < FOTA_SHA256_SIZE; byte++)
            snprintf(image->hex + 2 * byte, 3, "%02x", image->sha256[byte]);
    }
}

const uint8_t *world_image(int asked, uint32_t *length)
{
    const struct image *image = &images[asked / 2][asked % 2];
    *length = image->length;
    return image->bytes;
}

static unsigned char secret_bytes[32] = {1, 2, 3, 4};
static const br_ec_private_key secret = {BR_EC_secp256r1, secret_bytes, sizeof secret_bytes};

const struct fota_public_key *world_key(void)
{
    static struct fota_public_key key;
    if (key.point[0] == 0)
        (void)br_ec_compute_pub(&br_ec_p256_m15, NULL, key.point, &secret);
    return &key;
}

/* The manifest is that of docs/signing.md. */
const char *signature_of_first(void)
{
    static char hex[2 * FOTA_SIGNATURE_SIZE + 1];
    uint8_t digest[FOTA_SHA256_SIZE], signature[FOTA_SIGNATURE_SIZE];
    br_sha256_context context;
    char text[512];
    if (hex[0] != '\0')
        return hex;
    int length =
        snprintf(text, sizeof text,
                 "fota-manifest-1\nptype 45772\nversion %s\nsequence 0\nrequires -\n"
                 "slot 1 %u %s\nslot 2 %u %s\n",
                 versions[1], images[1][0].length, images[1][0].hex, images[1][1].length, images[1][1].hex);
    br_sha256_init(&context);
    br_sha256_update(&context, text, (size_t)length);
    br_sha256_out(&context, digest);
    if (br_ecdsa_i15_sign_raw(&br_ec_p256_m15, &br_sha256_vtable, digest, &secret, signature) !=
        FOTA_SIGNATURE_SIZE)
        abort();
    for (uint32_t i = 0; i < FOTA_SIGNATURE_SIZE; i++)
        snprintf(hex + 2 * i, 3, "%02x", signature[i]);
    return hex;
}
