/* Hexadecimal text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "hex.h"

static void every_byte_there_and_back(void **state)
{
    (void)state;
    for (int value = 0; value < 256; value++) {
        unsigned char byte = (unsigned char)value, back = 0;
        char text[3], wanted[3];
        hex_format(text, &byte, 1);
        snprintf(wanted, sizeof wanted, "%02x", value);
        assert_string_equal(text, wanted);
        assert_true(hex_parse(text, &back, 1));
        assert_int_equal(back, value);
    }
}

static void only_lower_case_digits_of_the_right_length_are_read(void **state)
{
    (void)state;
    unsigned char bytes[2];
    assert_true(hex_parse("00ff", bytes, 2));
    assert_true(hex_parse("", bytes, 0));
    assert_false(hex_parse("", bytes, 2));
    assert_false(hex_parse("00f", bytes, 2));
    assert_false(hex_parse("00fff", bytes, 2));
    for (int value = 1; value < 256; value++) {
        char text[] = "0000";
        bool digit = strchr("0123456789abcdef", value) != NULL;
        for (int at = 0; at < 4; at++) {
            text[at] = (char)value;
            assert_int_equal(hex_parse(text, bytes, 2), digit);
            text[at] = '0';
        }
    }
}

static void a_sha256_has_64_digits(void **state)
{
    (void)state;
    char text[66];
    memset(text, 'a', sizeof text);
    for (size_t length = 0; length < 66; length++) {
        text[length] = '\0';
        assert_int_equal(hex_is_sha256(text), length == 64);
        text[length] = 'a';
    }
    text[64] = '\0';
    text[63] = 'A';
    assert_false(hex_is_sha256(text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_there_and_back),
        cmocka_unit_test(only_lower_case_digits_of_the_right_length_are_read),
        cmocka_unit_test(a_sha256_has_64_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
