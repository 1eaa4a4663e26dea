/* ECDSA keys on the curve P-256 (FIPS 186-4), with SHA-256: read, write, sign, verify. */
#ifndef CRYPTO_SIGNING_KEY_H
#define CRYPTO_SIGNING_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "hex.h"
#include "status.h"

enum {
    SIGNATURE_SIZE = 64, /* r and s, 32 bytes each, most significant byte first */
    SIGNATURE_HEX_SIZE = 2 * SIGNATURE_SIZE + 1,
    PUBLIC_KEY_SIZE = 91, /* DER SubjectPublicKeyInfo (RFC 5480) of a P-256 point, not compressed */
};

/* Public, or private with its public part. Release with signing_key_free. */
struct signing_key;

enum status signing_key_generate(struct signing_key **key, struct error *error) MUST_CHECK;
void signing_key_free(struct signing_key *key);

/* Reads PEM: the public key alone (SubjectPublicKeyInfo), or the private one (PKCS#8 or SEC 1). `passphrase`
 * opens an encrypted private key; NULL when there is none. STATUS_INVALID, without a field, for anything
 * else: other keys and curves, several kinds of damage; a private key where a public one is asked for is
 * refused as what it is. */
enum status signing_key_read_public(const char *pem, size_t size, struct signing_key **key,
                                    struct error *error) MUST_CHECK;
enum status signing_key_read_private(const char *pem, size_t size, const char *passphrase,
                                     struct signing_key **key, struct error *error) MUST_CHECK;

/* Reads what signing_key_public wrote. */
enum status signing_key_from_public(const unsigned char *der, size_t size, struct signing_key **key,
                                    struct error *error) MUST_CHECK;

/* The public key as DER: always the same bytes for the same key, however it was written. */
void signing_key_public(const struct signing_key *key, unsigned char der[PUBLIC_KEY_SIZE]);

/* The key's name to programs: SHA-256 of its public key as DER. */
void signing_key_id(const struct signing_key *key, char id[SHA256_HEX_SIZE]);

/* PEM texts, in `arena`. The private one is PKCS#8, encrypted (AES-256) when a passphrase is given. */
enum status signing_key_write_public(const struct signing_key *key, struct arena *arena, char **pem,
                                     struct error *error) MUST_CHECK;
enum status signing_key_write_private(const struct signing_key *key, const char *passphrase,
                                      struct arena *arena, char **pem, struct error *error) MUST_CHECK;

/* Signs the SHA-256 of `size` bytes. STATUS_INVALID when the key is a public one. */
enum status signing_key_sign(const struct signing_key *key, const void *bytes, size_t size,
                             unsigned char signature[SIGNATURE_SIZE], struct error *error) MUST_CHECK;

/* Whether the signature is this key's, over these very bytes. */
bool signing_key_verify(const struct signing_key *key, const void *bytes, size_t size,
                        const unsigned char signature[SIGNATURE_SIZE]);

#endif
