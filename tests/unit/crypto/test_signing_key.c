#include "signing_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Made with `openssl ecparam -name prime256v1 -genkey`, and written with both forms of the point. */
static const char whole[] = "-----BEGIN PUBLIC KEY-----\n"
                            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEFlF6CnqpicwhgAbRMeA1RvS/xF3a\n"
                            "jkAUZpJat1c+GaypetH7OodcuPnF8tdZ3Eea2JzqIAhUBSZ9/m1n7R5Ihg==\n"
                            "-----END PUBLIC KEY-----\n";
static const char compressed[] = "-----BEGIN PUBLIC KEY-----\n"
                                 "MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgACFlF6CnqpicwhgAbRMeA1RvS/xF3a\n"
                                 "jkAUZpJat1c+Gaw=\n"
                                 "-----END PUBLIC KEY-----\n";
static const char key_id[] = "97aafc8392dbf2887bb5d040194d6cff8737db171c88f25892d20c7d3fd6c86e";
/* `openssl dgst -sha256 -sign` of "a message\n" with its private key. */
static const char signature_digits[] = "e485833f770cff5246a2042889dc011690a1ae63150ee57940e051dacf4d8430"
                                       "1b6946af54dbd253da77aebc90c670e35e1b69df3c4bf1c537d13c0a01c7dfbb";
static const char message[] = "a message\n";

static const char secp384[] = "-----BEGIN PUBLIC KEY-----\n"
                              "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEJCV1Ttu/S/P3WqODJ3v2970I7vRku8vC\n"
                              "OEr8ImFlLIY9/tp9K8i+YiMC5Kvr25kv1bV2UwvqQiVaveFPHQLP2IaEf6zziaP0\n"
                              "UA3yIUJaUBkUPt3rNMjaURwH2lPyySpB\n"
                              "-----END PUBLIC KEY-----\n";
static const char edwards[] = "-----BEGIN PUBLIC KEY-----\n"
                              "MCowBQYDK2VwAyEAxw2M23+ljeFKeqHR2nE/yYhNYbtejihWv1lmo73AJW0=\n"
                              "-----END PUBLIC KEY-----\n";

static struct arena arena;
static struct error error;

static struct signing_key *read_public(const char *pem)
{
    struct signing_key *key;
    assert_int_equal(signing_key_read_public(pem, strlen(pem), &key, &error), STATUS_OK);
    return key;
}

static void refused_public(const char *pem, const char *why)
{
    struct signing_key *key;
    assert_int_equal(signing_key_read_public(pem, strlen(pem), &key, &error), STATUS_INVALID);
    assert_null(key);
    if (strstr(error.message, why) == NULL)
        fail_msg("%s does not say %s", error.message, why);
}

static struct signing_key *generate(void)
{
    struct signing_key *key;
    assert_int_equal(signing_key_generate(&key, &error), STATUS_OK);
    return key;
}

static void a_key_has_one_id_however_it_is_written(void **state)
{
    (void)state;
    const char *const forms[] = {whole, compressed};
    for (size_t i = 0; i < 2; i++) {
        char id[SHA256_HEX_SIZE];
        struct signing_key *key = read_public(forms[i]);
        signing_key_id(key, id);
        assert_string_equal(id, key_id);
        signing_key_free(key);
    }
}

static void a_signature_made_elsewhere_is_verified(void **state)
{
    (void)state;
    unsigned char signature[SIGNATURE_SIZE];
    struct signing_key *key = read_public(whole);
    assert_true(hex_parse(signature_digits, signature, sizeof signature));
    assert_true(signing_key_verify(key, message, strlen(message), signature));
    assert_false(signing_key_verify(key, message, strlen(message) - 1, signature));
    for (size_t i = 0; i < SIGNATURE_SIZE; i++) {
        signature[i] ^= 1;
        assert_false(signing_key_verify(key, message, strlen(message), signature));
        signature[i] ^= 1;
    }
    memset(signature, 0, sizeof signature);
    assert_false(signing_key_verify(key, message, strlen(message), signature));
    memset(signature, 0xff, sizeof signature);
    assert_false(signing_key_verify(key, message, strlen(message), signature));
    signing_key_free(key);
}

/* Many times: r or s begins with a zero byte now and then. */
static void what_is_signed_is_verified(void **state)
{
    (void)state;
    struct signing_key *key = generate(), *other = generate();
    for (unsigned i = 0; i < 600; i++) {
        unsigned char signature[SIGNATURE_SIZE];
        assert_int_equal(signing_key_sign(key, &i, sizeof i, signature, &error), STATUS_OK);
        assert_true(signing_key_verify(key, &i, sizeof i, signature));
        assert_false(signing_key_verify(other, &i, sizeof i, signature));
    }
    signing_key_free(key);
    signing_key_free(other);
}

static void a_private_key_is_written_and_read_again(void **state)
{
    (void)state;
    const char *const passphrases[] = {NULL, "correct horse"};
    for (size_t i = 0; i < 2; i++) {
        char *pem, before[SHA256_HEX_SIZE], after[SHA256_HEX_SIZE];
        struct signing_key *key = generate(), *again;
        assert_int_equal(signing_key_write_private(key, passphrases[i], &arena, &pem, &error), STATUS_OK);
        assert_non_null(strstr(pem, i == 0 ? "-----BEGIN PRIVATE KEY-----" : "BEGIN ENCRYPTED PRIVATE KEY"));
        assert_int_equal(signing_key_read_private(pem, strlen(pem), passphrases[i], &again, &error),
                         STATUS_OK);
        signing_key_id(key, before);
        signing_key_id(again, after);
        assert_string_equal(before, after);
        signing_key_free(again);
        refused_public(pem, "PRIVATE");
        signing_key_free(key);
    }
}

static void the_right_passphrase_is_needed(void **state)
{
    (void)state;
    char *pem, long_one[5000];
    struct signing_key *key = generate(), *again;
    assert_int_equal(signing_key_write_private(key, "correct horse", &arena, &pem, &error), STATUS_OK);
    assert_int_equal(signing_key_read_private(pem, strlen(pem), NULL, &again, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "passphrase is needed"));
    assert_int_equal(signing_key_read_private(pem, strlen(pem), "wrong", &again, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "with this passphrase"));
    memset(long_one, 'x', sizeof long_one);
    long_one[sizeof long_one - 1] = '\0';
    assert_int_equal(signing_key_read_private(pem, strlen(pem), long_one, &again, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "too long"));
    signing_key_free(key);
}

static void a_public_key_goes_by_der_and_pem(void **state)
{
    (void)state;
    unsigned char der[PUBLIC_KEY_SIZE];
    char *pem, id[SHA256_HEX_SIZE];
    struct signing_key *key = read_public(whole), *again;
    signing_key_public(key, der);
    assert_int_equal(signing_key_from_public(der, sizeof der, &again, &error), STATUS_OK);
    signing_key_id(again, id);
    assert_string_equal(id, key_id);
    assert_int_equal(signing_key_write_public(again, &arena, &pem, &error), STATUS_OK);
    assert_string_equal(pem, whole);
    signing_key_free(again);
    signing_key_free(key);
    der[40] ^= 1; /* no point of the curve */
    assert_int_equal(signing_key_from_public(der, sizeof der, &again, &error), STATUS_INVALID);
    assert_int_equal(signing_key_from_public(der, sizeof der - 1, &again, &error), STATUS_INVALID);
}

static void other_keys_and_damage_are_refused(void **state)
{
    (void)state;
    char damaged[sizeof whole];
    refused_public(secp384, "secp384r1; allowed are ECDSA keys on P-256");
    refused_public(edwards, "ED25519; allowed are ECDSA keys on P-256");
    refused_public("", "no public key");
    refused_public("not a key", "no public key");
    memcpy(damaged, whole, sizeof whole);
    damaged[60] ^= 1;
    refused_public(damaged, "no public key");
    struct signing_key *key;
    assert_int_equal(signing_key_read_private(whole, strlen(whole), NULL, &key, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "holds a public key"));
    assert_int_equal(signing_key_read_private("?", 1, NULL, &key, &error), STATUS_INVALID);
    key = read_public(whole);
    unsigned char signature[SIGNATURE_SIZE];
    assert_int_equal(signing_key_sign(key, "", 0, signature, &error), STATUS_INVALID);
    signing_key_free(key);
}

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_has_one_id_however_it_is_written),
        cmocka_unit_test(a_signature_made_elsewhere_is_verified),
        cmocka_unit_test(what_is_signed_is_verified),
        cmocka_unit_test(a_private_key_is_written_and_read_again),
        cmocka_unit_test(the_right_passphrase_is_needed),
        cmocka_unit_test(a_public_key_goes_by_der_and_pem),
        cmocka_unit_test(other_keys_and_damage_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, release);
}
