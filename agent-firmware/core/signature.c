#include "signature.h"

#include <bearssl.h>
#include <string.h>

#include "fota_version.h"
#include "text.h"

static void add(br_sha256_context *manifest, const char *text)
{
    br_sha256_update(manifest, text, strlen(text));
}

static void add_number(br_sha256_context *manifest, uint32_t value)
{
    char digits[TEXT_NUMBER_SIZE];

    add(manifest, text_number(digits, value));
}

static void add_slot(br_sha256_context *manifest, const char *name, const struct command_image *image)
{
    char hex[2 * FOTA_SHA256_SIZE + 1];

    add(manifest, name);
    add_number(manifest, image->size);
    add(manifest, " ");
    text_hex(hex, image->sha256, FOTA_SHA256_SIZE);
    add(manifest, hex);
    add(manifest, "\n");
}

/* The SHA-256 of the manifest's lines. */
static void digest_manifest(const struct command *command, uint32_t ptype, uint8_t digest[FOTA_SHA256_SIZE])
{
    br_sha256_context manifest;

    br_sha256_init(&manifest);
    add(&manifest, "fota-manifest-1\nptype ");
    add_number(&manifest, ptype);
    add(&manifest, "\nversion ");
    add(&manifest, command->version);
    add(&manifest, "\nsequence ");
    add_number(&manifest, command->manifest.sequence);
    add(&manifest, "\nrequires ");
    add(&manifest, command->manifest.requires[0] == '\0' ? "-" : command->manifest.requires);
    add(&manifest, "\n");
    add_slot(&manifest, "slot 1 ", &command->images[0]);
    add_slot(&manifest, "slot 2 ", &command->images[1]);
    br_sha256_out(&manifest, digest);
}

static bool is_by(const struct fota_public_key *known, const uint8_t digest[FOTA_SHA256_SIZE],
                  const uint8_t signature[FOTA_SIGNATURE_SIZE])
{
    struct fota_public_key point = *known; /* BearSSL wants one that it could write to */
    const br_ec_public_key key = {BR_EC_secp256r1, point.point, sizeof point.point};

    return br_ecdsa_i15_vrfy_raw(&br_ec_p256_m15, digest, FOTA_SHA256_SIZE, &key, signature,
                                 FOTA_SIGNATURE_SIZE) == 1;
}

bool signature_is_good(const struct command *command, const struct fota_public_key *keys, uint32_t count)
{
    struct fota_version version;
    uint8_t digest[FOTA_SHA256_SIZE];

    if (!command->manifest.present || !command->images[0].present || !command->images[1].present ||
        !fota_version_parse(command->version, &version))
        return false;
    digest_manifest(command, version.ptype, digest);
    for (uint32_t i = 0; i < command->manifest.signature_count; i++)
        for (uint32_t k = 0; k < count; k++)
            if (is_by(&keys[k], digest, command->manifest.signatures[i]))
                return true;
    return false;
}
