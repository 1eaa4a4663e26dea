/* The agent's reading of versions, held against the corpus that the server's test (wire/test_versions.c)
 * reads too. */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fota_version.h"

static json_t *corpus;

static int load(void **state)
{
    (void)state;
    corpus = json_load_file("tests/golden/versions.json", 0, NULL);
    return corpus != NULL ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    json_decref(corpus);
    return 0;
}

static struct fota_version parse(const json_t *text)
{
    struct fota_version version;
    if (!fota_version_parse(json_string_value(text), &version))
        fail_msg("%s", json_string_value(text));
    return version;
}

static void check_order(const char *list)
{
    const json_t *texts = json_object_get(corpus, list);
    size_t count = json_array_size(texts);
    assert_true(count > 10);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            struct fota_version a = parse(json_array_get(texts, i)), b = parse(json_array_get(texts, j));
            if (fota_version_is_newer(&a, &b) != (i > j))
                fail_msg("%s and %s", json_string_value(json_array_get(texts, i)),
                         json_string_value(json_array_get(texts, j)));
        }
    }
}

static void versions_are_ordered(void **state)
{
    (void)state;
    check_order("seed_in_order");
    check_order("semver_in_order");
}

static void equal_versions_are_not_newer(void **state)
{
    size_t index;
    json_t *pair;
    (void)state;
    json_array_foreach(json_object_get(corpus, "equal"), index, pair)
    {
        struct fota_version a = parse(json_array_get(pair, 0)), b = parse(json_array_get(pair, 1));
        assert_false(fota_version_is_newer(&a, &b));
        assert_false(fota_version_is_newer(&b, &a));
    }
    assert_true(index > 0);
}

static void schemes_do_not_compare(void **state)
{
    struct fota_version seed, semver;
    (void)state;
    assert_true(fota_version_parse("v1.0.0t45772(a)", &seed));
    assert_true(fota_version_parse("9.0.0t45772(a)", &semver));
    assert_false(fota_version_is_newer(&semver, &seed));
    assert_false(fota_version_is_newer(&seed, &semver));
}

static void the_tail_is_read(void **state)
{
    struct fota_version version;
    (void)state;
    assert_true(fota_version_parse("1.0.0-t5t2147483647(o)", &version));
    assert_true(version.is_semver && version.length == strlen("1.0.0-t5"));
    assert_true(version.ptype == 2147483647u && version.fota_class == 'o');
    assert_true(fota_version_is_online(&version));
    assert_true(fota_version_parse("1.0.0t0(l)", &version));
    assert_true(version.ptype == 0 && !fota_version_is_online(&version));
}

static void what_is_no_version_is_refused(void **state)
{
    size_t index;
    json_t *text;
    struct fota_version version;
    (void)state;
    json_array_foreach(json_object_get(corpus, "bad"), index, text)
    {
        if (fota_version_parse(json_string_value(text), &version))
            fail_msg("\"%s\" was taken", json_string_value(text));
    }
    assert_true(index > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_are_ordered),          cmocka_unit_test(equal_versions_are_not_newer),
        cmocka_unit_test(schemes_do_not_compare),        cmocka_unit_test(the_tail_is_read),
        cmocka_unit_test(what_is_no_version_is_refused),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
