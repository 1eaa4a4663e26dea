#include "signing_key.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"

enum { NUMBER_SIZE = SIGNATURE_SIZE / 2, PEM_SIZE_MAX = 64 * 1024 };

struct signing_key {
    EVP_PKEY *key;
    bool is_private;
    unsigned char public_der[PUBLIC_KEY_SIZE];
};

/* libcrypto's own words, for what only it knows. Its queue is empty afterwards. */
static enum status library_error(struct error *error, const char *what)
{
    char why[160];
    ERR_error_string_n(ERR_peek_last_error(), why, sizeof why);
    ERR_clear_error();
    return error_set(error, STATUS_INTERNAL, NULL, "%s: %s", what, why);
}

/* --- the public key as DER ---------------------------------------------------------------------------- */

static bool put_coordinate(const EVP_PKEY *pkey, const char *name, unsigned char bytes[NUMBER_SIZE])
{
    BIGNUM *number = NULL;
    bool done = EVP_PKEY_get_bn_param(pkey, name, &number) == 1 &&
                BN_bn2binpad(number, bytes, NUMBER_SIZE) == NUMBER_SIZE;
    BN_free(number);
    return done;
}

/* Written by hand, so that a key read with a compressed point has the same identity as without. */
static bool put_public(const EVP_PKEY *pkey, unsigned char der[PUBLIC_KEY_SIZE])
{
    static const unsigned char head[PUBLIC_KEY_SIZE - 2 * NUMBER_SIZE] = {
        0x30, 0x59, 0x30, 0x13,                                     /* SEQUENCE { SEQUENCE { */
        0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,       /* id-ecPublicKey, */
        0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, /* prime256v1 }, */
        0x03, 0x42, 0x00, 0x04,                                     /* BIT STRING of the whole point } */
    };
    memcpy(der, head, sizeof head);
    return put_coordinate(pkey, OSSL_PKEY_PARAM_EC_PUB_X, der + sizeof head) &&
           put_coordinate(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, der + sizeof head + NUMBER_SIZE);
}

/* Takes `pkey` over, also when it is refused. */
static enum status adopt(EVP_PKEY *pkey, bool is_private, struct signing_key **key, struct error *error)
{
    char group[64] = "";
    *key = NULL;
    bool on_curve = EVP_PKEY_is_a(pkey, "EC") == 1 &&
                    EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) == 1 &&
                    strcmp(group, "prime256v1") == 0;
    struct signing_key *made = on_curve ? calloc(1, sizeof *made) : NULL;
    if (!on_curve) {
        const char *type = EVP_PKEY_get0_type_name(pkey);
        error_set(error, STATUS_INVALID, NULL, "is a key of type %s%s%s; allowed are ECDSA keys on P-256",
                  type != NULL ? type : "unknown", group[0] != '\0' ? " on " : "", group);
    } else if (made == NULL) {
        error_set(error, STATUS_INTERNAL, NULL, "out of memory");
    } else if (!put_public(pkey, made->public_der)) {
        library_error(error, "the public key cannot be read");
    } else {
        made->key = pkey;
        made->is_private = is_private;
        *key = made;
        return STATUS_OK;
    }
    ERR_clear_error();
    free(made);
    EVP_PKEY_free(pkey);
    return error->status;
}

void signing_key_public(const struct signing_key *key, unsigned char der[PUBLIC_KEY_SIZE])
{
    memcpy(der, key->public_der, PUBLIC_KEY_SIZE);
}

void signing_key_id(const struct signing_key *key, char id[SHA256_HEX_SIZE])
{
    digest_sha256(key->public_der, PUBLIC_KEY_SIZE, id);
}

/* --- making and reading ------------------------------------------------------------------------------- */

enum status signing_key_generate(struct signing_key **key, struct error *error)
{
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    if (pkey == NULL)
        return library_error(error, "no key can be made");
    return adopt(pkey, true, key, error);
}

void signing_key_free(struct signing_key *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->key);
    free(key);
}

struct passphrase {
    const char *text; /* may be NULL */
    bool asked;
    bool too_long;
};

/* pem_password_cb: without it libcrypto would ask on the terminal. */
static int give_passphrase(char *buffer, int size, int writing, void *context)
{
    struct passphrase *passphrase = context;
    (void)writing;
    passphrase->asked = true;
    if (passphrase->text == NULL)
        return -1;
    size_t length = strlen(passphrase->text);
    passphrase->too_long = length > (size_t)size;
    if (passphrase->too_long)
        return -1;
    memcpy(buffer, passphrase->text, length);
    return (int)length;
}

static BIO *open_text(const char *pem, size_t size)
{
    return size == 0 || size > PEM_SIZE_MAX ? NULL : BIO_new_mem_buf(pem, (int)size);
}

static bool holds(const char *pem, size_t size, const char *words)
{
    return memmem(pem, size, words, strlen(words)) != NULL;
}

enum status signing_key_read_public(const char *pem, size_t size, struct signing_key **key,
                                    struct error *error)
{
    *key = NULL;
    if (holds(pem, size, "PRIVATE KEY-----"))
        return error_set(
            error, STATUS_INVALID, NULL,
            "holds a PRIVATE key; give the public one (its name ends in .pub.pem). A private key "
            "goes nowhere: whoever has it can sign releases for your devices");
    BIO *text = open_text(pem, size);
    EVP_PKEY *pkey = text != NULL ? PEM_read_bio_PUBKEY(text, NULL, NULL, NULL) : NULL;
    BIO_free(text);
    ERR_clear_error();
    if (pkey == NULL)
        return error_set(error, STATUS_INVALID, NULL, "is no public key in PEM (-----BEGIN PUBLIC KEY-----)");
    return adopt(pkey, false, key, error);
}

enum status signing_key_read_private(const char *pem, size_t size, const char *passphrase,
                                     struct signing_key **key, struct error *error)
{
    struct passphrase given = {.text = passphrase};
    BIO *text = open_text(pem, size);
    *key = NULL;
    EVP_PKEY *pkey = text != NULL ? PEM_read_bio_PrivateKey(text, NULL, give_passphrase, &given) : NULL;
    BIO_free(text);
    ERR_clear_error();
    if (pkey != NULL)
        return adopt(pkey, true, key, error);
    if (given.asked && passphrase == NULL)
        return error_set(error, STATUS_INVALID, NULL, "is encrypted: a passphrase is needed");
    if (given.too_long)
        return error_set(error, STATUS_INVALID, NULL, "cannot be opened: the passphrase is too long");
    if (given.asked)
        return error_set(error, STATUS_INVALID, NULL, "cannot be opened with this passphrase");
    if (holds(pem, size, "BEGIN PUBLIC KEY-----"))
        return error_set(error, STATUS_INVALID, NULL, "holds a public key; signing needs the private one");
    return error_set(error, STATUS_INVALID, NULL, "is no private key in PEM (-----BEGIN PRIVATE KEY-----)");
}

enum status signing_key_from_public(const unsigned char *der, size_t size, struct signing_key **key,
                                    struct error *error)
{
    const unsigned char *at = der;
    *key = NULL;
    EVP_PKEY *pkey = size == PUBLIC_KEY_SIZE ? d2i_PUBKEY(NULL, &at, (long)size) : NULL;
    ERR_clear_error();
    if (pkey == NULL)
        return error_set(error, STATUS_INVALID, NULL, "is no public key on P-256 in DER");
    return adopt(pkey, false, key, error);
}

/* --- writing ------------------------------------------------------------------------------------------ */

static enum status take_text(BIO *text, bool written, struct arena *arena, char **pem, struct error *error)
{
    char *bytes;
    *pem = NULL;
    if (written) {
        long length = BIO_get_mem_data(text, &bytes);
        *pem = arena_copy_bytes(arena, bytes, (size_t)length);
    }
    BIO_free(text);
    return written ? STATUS_OK : library_error(error, "the key cannot be written");
}

enum status signing_key_write_public(const struct signing_key *key, struct arena *arena, char **pem,
                                     struct error *error)
{
    BIO *text = BIO_new(BIO_s_mem());
    bool written = text != NULL && PEM_write_bio_PUBKEY(text, key->key) == 1;
    return take_text(text, written, arena, pem, error);
}

enum status signing_key_write_private(const struct signing_key *key, const char *passphrase,
                                      struct arena *arena, char **pem, struct error *error)
{
    const EVP_CIPHER *cipher = passphrase != NULL ? EVP_aes_256_cbc() : NULL;
    BIO *text = BIO_new(BIO_s_mem());
    bool written =
        text != NULL && key->is_private &&
        PEM_write_bio_PKCS8PrivateKey(text, key->key, cipher, passphrase,
                                      passphrase != NULL ? (int)strlen(passphrase) : 0, NULL, NULL) == 1;
    return take_text(text, written, arena, pem, error);
}

/* --- signatures --------------------------------------------------------------------------------------- */

/* From libcrypto's form (DER) to the wire's. */
static bool raw_signature(const unsigned char *der, size_t size, unsigned char signature[SIGNATURE_SIZE])
{
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)size);
    bool done = pair != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, NUMBER_SIZE) == NUMBER_SIZE &&
                BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + NUMBER_SIZE, NUMBER_SIZE) == NUMBER_SIZE;
    ECDSA_SIG_free(pair);
    return done;
}

enum status signing_key_sign(const struct signing_key *key, const void *bytes, size_t size,
                             unsigned char signature[SIGNATURE_SIZE], struct error *error)
{
    unsigned char der[SIGNATURE_SIZE + 16];
    size_t length = sizeof der;
    if (!key->is_private)
        return error_set(error, STATUS_INVALID, NULL, "signing needs the private key");
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = context != NULL && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key->key) == 1 &&
                EVP_DigestSign(context, der, &length, bytes, size) == 1 &&
                raw_signature(der, length, signature);
    EVP_MD_CTX_free(context);
    return done ? STATUS_OK : library_error(error, "cannot sign");
}

/* The other way; the caller frees *der with OPENSSL_free. */
static int der_signature(const unsigned char signature[SIGNATURE_SIZE], unsigned char **der)
{
    int length = -1;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, NUMBER_SIZE, NULL);
    BIGNUM *s = BN_bin2bn(signature + NUMBER_SIZE, NUMBER_SIZE, NULL);
    *der = NULL;
    if (pair != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(pair, r, s) == 1) {
        length = i2d_ECDSA_SIG(pair, der);
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(pair);
    return length;
}

bool signing_key_verify(const struct signing_key *key, const void *bytes, size_t size,
                        const unsigned char signature[SIGNATURE_SIZE])
{
    unsigned char *der;
    int length = der_signature(signature, &der);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = length > 0 && context != NULL &&
                EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key->key) == 1 &&
                EVP_DigestVerify(context, der, (size_t)length, bytes, size) == 1;
    EVP_MD_CTX_free(context);
    OPENSSL_free(der);
    ERR_clear_error();
    return good;
}
