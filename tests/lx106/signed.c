#include "signed.h"

#include <bearssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crc32.h"

#define NONCE "0123456789abcdef"
#define SIGNATURE 64
#define OUTER_HEADER 16u
#define TRAILER 4u

static br_skey_decoder_context decoder;
static unsigned char other_secret[32] = {1, 2, 3, 4};

static _Noreturn void die(const char *path)
{
    fprintf(stderr, "lx106: %s holds no private key on P-256\n", path);
    exit(1);
}

static void take_der(void *context, const void *bytes, size_t length)
{
    br_skey_decoder_push(context, bytes, length);
}

void signed_open(const char *directory)
{
    char path[512];
    unsigned char bytes[2048];
    br_pem_decoder_context pem;

    (void)snprintf(path, sizeof path, "%s/release.pem", directory);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        die(path);
    size_t length = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    br_skey_decoder_init(&decoder);
    br_pem_decoder_init(&pem);
    for (size_t done = 0; done < length;) {
        done += br_pem_decoder_push(&pem, bytes + done, length - done);
        if (br_pem_decoder_event(&pem) == BR_PEM_BEGIN_OBJ)
            br_pem_decoder_setdest(&pem, take_der, &decoder);
    }
    if (br_skey_decoder_key_type(&decoder) != BR_KEYTYPE_EC)
        die(path);
}

void signed_manifest(char text[SIGNED_MANIFEST_SIZE], const char *version, uint32_t sequence,
                     const struct world_image images[2], bool by_another_key)
{
    const br_ec_private_key other = {BR_EC_secp256r1, other_secret, sizeof other_secret};
    const br_ec_private_key *key = by_another_key ? &other : br_skey_decoder_get_ec(&decoder);
    uint8_t digest[br_sha256_SIZE], signature[SIGNATURE];
    char manifest[512], hex[2 * SIGNATURE + 1];
    br_sha256_context sha256;

    int length =
        snprintf(manifest, sizeof manifest,
                 "fota-manifest-1\nptype 45772\nversion %s\nsequence %u\nrequires -\n"
                 "slot 1 %u %s\nslot 2 %u %s\n",
                 version, sequence, images[0].length, images[0].sha256, images[1].length, images[1].sha256);
    br_sha256_init(&sha256);
    br_sha256_update(&sha256, manifest, (size_t)length);
    br_sha256_out(&sha256, digest);
    if (br_ecdsa_i15_sign_raw(&br_ec_p256_m15, &br_sha256_vtable, digest, key, signature) != SIGNATURE)
        abort();
    for (int i = 0; i < SIGNATURE; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", signature[i]);
    (void)snprintf(text, SIGNED_MANIFEST_SIZE, ",\"manifest\":{\"sequence\":%u,\"signatures\":[\"%s\"]}",
                   sequence, hex);
}

void signed_command(char text[SIGNED_COMMAND_SIZE], int attempt, const char *version,
                    const struct world_image *images, const char *sha256, const char *manifest)
{
    char members[512] = "", back[100] = "";

    if (images != NULL)
        (void)snprintf(members, sizeof members,
                       "\"images\":{\"1\":{\"url\":\"http://h/1\",\"size\":%u,\"sha256\":\"%s\"},"
                       "\"2\":{\"url\":\"http://h/2\",\"size\":%u,\"sha256\":\"%s\"}},",
                       images[0].length, images[0].sha256, images[1].length, images[1].sha256);
    if (sha256 != NULL)
        (void)snprintf(back, sizeof back, "\"sha256\":\"%s\",", sha256);
    (void)snprintf(text, SIGNED_COMMAND_SIZE,
                   "{\"command\":\"%s\",\"campaign\":5,\"attempt\":%d,\"nonce\":\"" NONCE "\","
                   "\"version\":\"%s\",%s%s\"download_seconds\":600,\"confirm_seconds\":60%s}",
                   sha256 != NULL ? "rollback" : "update", attempt, version, members, back, manifest);
}

void signed_alter(struct world_image *image, const struct world_image *from, uint32_t place)
{
    uint8_t *trailer = image->bytes + from->length - TRAILER;

    *image = *from;
    image->bytes[OUTER_HEADER + place] ^= 0x55;
    uint32_t sum = crc32_add(0, image->bytes, from->length - TRAILER);
    sum = (sum & 0x80000000u) != 0 ? ~sum : sum + 1;
    for (uint32_t i = 0; i < TRAILER; i++)
        trailer[i] = (uint8_t)(sum >> 8 * i);
    world_name_image(image);
}
