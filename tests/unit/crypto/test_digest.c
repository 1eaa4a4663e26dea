#include "digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* FIPS 180-4's examples. */
static void sha256_is_that_of_the_standard(void **state)
{
    (void)state;
    char text[SHA256_HEX_SIZE];
    digest_sha256("abc", 3, text);
    assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest_sha256("", 0, text);
    assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* RFC 4231, cases 2 and 1: one after the other, so that nothing of a key is left. */
static void hmac_is_that_of_the_standard(void **state)
{
    static const char message[] = "what do ya want for nothing?";
    static const char other_key[] =
        "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b";
    char text[SHA256_HEX_SIZE];
    (void)state;
    for (int i = 0; i < 2; i++) {
        digest_hmac("Jefe", 4, message, strlen(message), text);
        assert_string_equal(text, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        digest_hmac(other_key, strlen(other_key), "Hi There", 8, text);
        assert_string_equal(text, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    }
}

static void texts_are_equal_only_as_a_whole(void **state)
{
    (void)state;
    assert_true(digest_equal("", ""));
    assert_true(digest_equal("abcd", "abcd"));
    assert_false(digest_equal("abcd", "abce"));
    assert_false(digest_equal("abcd", "abc"));
    assert_false(digest_equal("abc", "abcd"));
}

static void random_digits_have_their_length_and_differ(void **state)
{
    (void)state;
    char first[33], second[33];
    memset(first, 'x', sizeof first);
    random_hex(first, 16);
    random_hex(second, 16);
    assert_int_equal(strspn(first, "0123456789abcdef"), 32);
    assert_int_equal(strlen(first), 32);
    assert_string_not_equal(first, second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_is_that_of_the_standard),
        cmocka_unit_test(hmac_is_that_of_the_standard),
        cmocka_unit_test(texts_are_equal_only_as_a_whole),
        cmocka_unit_test(random_digits_have_their_length_and_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
