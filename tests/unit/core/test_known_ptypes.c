/* The table of product types: sorted, each once, with a name and a source; those that the guide names are in
 * it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "known_ptypes.h"

static bool is_known(int ptype, const char *source)
{
    for (size_t i = 0; i < known_ptype_count; i++) {
        if (known_ptypes[i].ptype == ptype)
            return strstr(known_ptypes[i].source, source) != NULL;
    }
    return false;
}

static void the_table_is_sorted_and_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < known_ptype_count; i++) {
        assert_true(i == 0 || known_ptypes[i - 1].ptype < known_ptypes[i].ptype);
        assert_true(known_ptypes[i].name[0] != '\0' && known_ptypes[i].source[0] != '\0');
    }
}

static void those_of_the_guide_and_the_sdk_are_in_it(void **state)
{
    (void)state;
    static const int guide[] = {27388, 45772, 12335}, sdk[] = {45772, 23701, 12335};
    for (int i = 0; i < 3; i++) {
        assert_true(is_known(guide[i], "guide"));
        assert_true(is_known(sdk[i], "IoT_Demo"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_sorted_and_whole),
        cmocka_unit_test(those_of_the_guide_and_the_sdk_are_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
