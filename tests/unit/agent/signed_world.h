/* A device with public keys: releases that are signed, offered and led back to. */
#ifndef SIGNED_WORLD_H
#define SIGNED_WORLD_H

#include "agent_world.h"

#define V1 "v1.1.0t45772(a)"
#define V2 "v1.2.0t45772(a)"

static unsigned char secrets[2][32] = {{1, 2, 3, 4}, {5, 6, 7, 8}};

static inline br_ec_private_key secret(int number)
{
    return (br_ec_private_key){BR_EC_secp256r1, secrets[number], sizeof secrets[number]};
}

static inline int setup_with_keys(void **state)
{
    (void)setup(state);
    for (int i = 0; i < 2; i++) {
        br_ec_private_key key = secret(i);
        br_ec_compute_pub(&br_ec_p256_m15, NULL, world.keys[i].point, &key);
    }
    world.key_count = 1;
    boot(RESET_POWER_ON);
    return 0;
}

/* The manifest as docs/signing.md has it, of what the server has now. */
static inline void sign(const char *version, uint32_t sequence, const char *requires, int number)
{
    char text[512];
    uint8_t digest[32], signature[64];
    br_sha256_context sha256;
    br_ec_private_key key = secret(number);
    int length = snprintf(text, sizeof text,
                          "fota-manifest-1\nptype 45772\nversion %s\nsequence %u\nrequires %s\n"
                          "slot 1 %u %s\nslot 2 %u %s\n",
                          version, sequence, requires[0] == '\0' ? "-" : requires, world.length,
                          world.sha256[0], world.length, world.sha256[1]);

    br_sha256_init(&sha256);
    br_sha256_update(&sha256, text, (size_t)length);
    br_sha256_out(&sha256, digest);
    assert_int_equal(br_ecdsa_i15_sign_raw(&br_ec_p256_m15, &br_sha256_vtable, digest, &key, signature), 64);
    length = snprintf(world.manifest, sizeof world.manifest, ",\"manifest\":{\"sequence\":%u,", sequence);
    if (requires[0] != '\0')
        length += snprintf(world.manifest + length, sizeof world.manifest - (size_t)length,
                           "\"requires\":\"%s\",", requires);
    length += snprintf(world.manifest + length, sizeof world.manifest - (size_t)length, "\"signatures\":[\"");
    for (int i = 0; i < 64; i++)
        length +=
            snprintf(world.manifest + length, sizeof world.manifest - (size_t)length, "%02x", signature[i]);
    (void)snprintf(world.manifest + length, sizeof world.manifest - (size_t)length, "\"]}");
}

/* With the images of a release in one call: served, signed, offered, run to its end and acknowledged. */
static inline void release(uint32_t seed, int attempt, const char *version, uint32_t sequence)
{
    serve(seed);
    sign(version, sequence, "", 0);
    offer(attempt, version);
    run(1);
    command("{\"command\":\"ack\",\"campaign\":5,\"attempt\":%d}", attempt);
}

static inline void roll_back(int attempt, const char *version, const char *sha256, bool with_images)
{
    char images[512] = "";

    if (with_images)
        (void)snprintf(images, sizeof images,
                       "\"images\":{\"1\":{\"url\":\"http://h/i\",\"size\":%u,\"sha256\":\"%s\"},"
                       "\"2\":{\"url\":\"http://h/i\",\"size\":%u,\"sha256\":\"%s\"}},",
                       world.length, world.sha256[0], world.length, world.sha256[1]);
    command("{\"command\":\"rollback\",\"campaign\":5,\"attempt\":%d,\"nonce\":\"0123456789abcdef\","
            "\"version\":\"%s\",%s\"sha256\":\"%s\",\"download_seconds\":60,\"confirm_seconds\":60%s}",
            attempt, version, images, sha256, with_images ? world.manifest : "");
    run(1);
}

static inline void then_rejected(int attempt, const char *reason)
{
    char wanted[160];
    (void)snprintf(
        wanted, sizeof wanted,
        "\n{\"report\":\"rejected\",\"campaign\":5,\"attempt\":%d,\"nonce\":\"0123456789abcdef\",\"reason\":\"%s\"",
        attempt, reason);
    if (count(wanted) == 0)
        fail_msg("not %s:\n%s", wanted, world.reports);
}

#endif
