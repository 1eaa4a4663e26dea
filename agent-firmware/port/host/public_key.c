#include "public_key.h"

#include <bearssl.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "host.h"

#define FILE_MAX 4096
/* DER SubjectPublicKeyInfo of a key on P-256 with its whole point: these bytes, then the point. */
static const uint8_t prefix[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48,
                                 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48,
                                 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};

struct der {
    uint8_t bytes[sizeof prefix + FOTA_KEY_SIZE];
    size_t length; /* may be more than `bytes` has */
};

static void take(void *context, const void *bytes, size_t length)
{
    struct der *der = context;

    if (length <= sizeof der->bytes && der->length <= sizeof der->bytes - length)
        memcpy(der->bytes + der->length, bytes, length);
    der->length += length;
}

/* Decodes the first object of the text. False: it is no whole PEM object named PUBLIC KEY. */
static bool decode(const char *text, size_t length, struct der *der)
{
    br_pem_decoder_context pem;

    br_pem_decoder_init(&pem);
    while (length > 0) {
        size_t pushed = br_pem_decoder_push(&pem, text, length);
        text += pushed;
        length -= pushed;
        switch (br_pem_decoder_event(&pem)) {
        case BR_PEM_BEGIN_OBJ:
            if (strcmp(br_pem_decoder_name(&pem), "PUBLIC KEY") != 0)
                return false;
            br_pem_decoder_setdest(&pem, take, der);
            break;
        case BR_PEM_END_OBJ:
            return true;
        case BR_PEM_ERROR:
            return false;
        default:
            break;
        }
    }
    return false;
}

void option_public_key(const char *option, const char *path, struct public_keys *keys)
{
    char text[FILE_MAX + 1];
    struct der der = {.length = 0};

    if (keys->count == FOTA_KEYS_MAX)
        usage_error("%s '%s': at most %u keys are allowed", option, path, FOTA_KEYS_MAX);
    size_t length = 0;
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        usage_error("%s '%s': %s", option, path, strerror(errno));
    } else {
        length = fread(text, 1, FILE_MAX, file);
        (void)fclose(file);
    }
    text[length++] = '\n'; /* the decoder sees the end of an object at the end of its line */
    if (!decode(text, length, &der) || der.length != sizeof der.bytes ||
        memcmp(der.bytes, prefix, sizeof prefix) != 0 || der.bytes[sizeof prefix] != 4)
        usage_error(
            "%s '%s': must be a PEM file with a PUBLIC KEY on P-256, as `orchestratorctl key generate` "
            "writes it",
            option, path);
    memcpy(keys->keys[keys->count++].point, der.bytes + sizeof prefix, FOTA_KEY_SIZE);
}
