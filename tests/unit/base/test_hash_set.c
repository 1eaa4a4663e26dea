#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "hash_set.h"

enum { MANY = 5000 };

static uint64_t hash_of(const char *text)
{
    return hash_add(HASH_START, text, strlen(text));
}

static uint64_t hash_of_number(int number)
{
    char text[20];
    snprintf(text, sizeof text, "lamp-%d", number);
    return hash_of(text);
}

/* The vectors of the FNV authors. */
static void hashes_are_fnv_1a(void **state)
{
    (void)state;
    assert_true(hash_of("") == 0xcbf29ce484222325u);
    assert_true(hash_of("a") == 0xaf63dc4c8601ec8cu);
    assert_true(hash_of("foobar") == 0x85944171f73967e8u);
    assert_true(hash_add(hash_of("foo"), "barbar", 3) == hash_of("foobar"));
}

static void a_set_has_what_was_added_and_nothing_else(void **state)
{
    (void)state;
    struct hash_set set = {0};
    assert_false(hash_set_has(&set, hash_of("lamp-1")));
    for (int i = 0; i < MANY; i++) {
        hash_set_add(&set, hash_of_number(i));
        hash_set_add(&set, hash_of_number(i));
    }
    assert_int_equal(set.count, MANY);
    for (int i = 0; i < 2 * MANY; i++)
        assert_int_equal(hash_set_has(&set, hash_of_number(i)), i < MANY);
    hash_set_release(&set);
    assert_int_equal(set.count, 0);
    assert_false(hash_set_has(&set, hash_of_number(1)));
}

/* It stands for a free place in the table. */
static void the_hash_0_can_be_added(void **state)
{
    (void)state;
    struct hash_set set = {0};
    hash_set_add(&set, hash_of("lamp-1"));
    assert_false(hash_set_has(&set, 0));
    hash_set_add(&set, 0);
    assert_true(hash_set_has(&set, 0));
    assert_int_equal(set.count, 2);
    hash_set_release(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_are_fnv_1a),
        cmocka_unit_test(a_set_has_what_was_added_and_nothing_else),
        cmocka_unit_test(the_hash_0_can_be_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
