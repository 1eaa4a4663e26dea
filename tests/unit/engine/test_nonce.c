#include "nonce.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const unsigned char secret[IMAGE_SECRET_SIZE] = {1, 2, 3}, other_secret[IMAGE_SECRET_SIZE] = {1, 2, 4};

static void it_is_made_again(void **state)
{
    (void)state;
    char nonce[NONCE_SIZE], again[NONCE_SIZE];
    nonce_make(secret, 9007199254740991, "lamp-1", 1, nonce);
    nonce_make(secret, 9007199254740991, "lamp-1", 1, again);
    assert_string_equal(nonce, again);
    assert_int_equal(strlen(nonce), 16);
    assert_int_equal(strspn(nonce, "0123456789abcdef"), 16);
    assert_true(nonce_is(secret, 9007199254740991, "lamp-1", 1, nonce));
}

static void every_part_of_the_identity_counts(void **state)
{
    (void)state;
    char nonce[NONCE_SIZE];
    nonce_make(secret, 12, "lamp-1", 1, nonce);
    assert_false(nonce_is(other_secret, 12, "lamp-1", 1, nonce));
    assert_false(nonce_is(secret, 13, "lamp-1", 1, nonce));
    assert_false(nonce_is(secret, 12, "lamp-2", 1, nonce));
    assert_false(nonce_is(secret, 12, "lamp-1", 2, nonce));
    assert_false(nonce_is(secret, 1, "2lamp-1", 1, nonce));
    assert_false(nonce_is(secret, 12, "lamp-1", 1, ""));
}

/* The longest id and the largest numbers find room. */
static void the_longest_identity_is_told_apart_by_its_last_character(void **state)
{
    (void)state;
    char device[DEVICE_ID_SIZE], nonce[NONCE_SIZE];
    memset(device, 'x', sizeof device - 1);
    device[sizeof device - 1] = '\0';
    nonce_make(secret, 9007199254740991, device, 32767, nonce);
    assert_false(nonce_is(secret, 9007199254740991, device, 32766, nonce));
    device[sizeof device - 2] = 'y';
    assert_false(nonce_is(secret, 9007199254740991, device, 32767, nonce));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_made_again),
        cmocka_unit_test(every_part_of_the_identity_counts),
        cmocka_unit_test(the_longest_identity_is_told_apart_by_its_last_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
