/* The server's reading of versions, held against the corpus that the agent's test (agent/test_fota_version.c)
 * reads too, and against the versions of the golden commands. */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "version.h"

static json_t *load(const char *path)
{
    json_t *corpus = json_load_file(path, 0, NULL);
    assert_non_null(corpus);
    return corpus;
}

static struct version parse(const json_t *text)
{
    struct version version;
    struct error error;
    if (version_parse(json_string_value(text), &version, &error) != STATUS_OK)
        fail_msg("%s", error.message);
    return version;
}

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

static void check_order(const json_t *texts)
{
    assert_true(json_array_size(texts) > 10);
    for (size_t i = 0; i < json_array_size(texts); i++) {
        for (size_t j = 0; j < json_array_size(texts); j++) {
            struct version a = parse(json_array_get(texts, i)), b = parse(json_array_get(texts, j));
            assert_int_equal(sign(version_compare(&a, &b)), (i > j) - (i < j));
        }
    }
}

static void versions_are_read_and_ordered_as_devices_do(void **state)
{
    json_t *corpus = load("tests/golden/versions.json"), *entry;
    size_t index;
    (void)state;
    check_order(json_object_get(corpus, "seed_in_order"));
    check_order(json_object_get(corpus, "semver_in_order"));
    json_array_foreach(json_object_get(corpus, "equal"), index, entry)
    {
        struct version a = parse(json_array_get(entry, 0)), b = parse(json_array_get(entry, 1));
        assert_int_equal(version_compare(&a, &b), 0);
    }
    json_array_foreach(json_object_get(corpus, "bad"), index, entry)
    {
        struct version version;
        if (version_parse(json_string_value(entry), &version, NULL) == STATUS_OK)
            fail_msg("\"%s\" was taken", json_string_value(entry));
    }
    json_decref(corpus);
}

/* Every version that the server may send is one that devices take. */
static void versions_of_the_golden_commands_are_versions(void **state)
{
    json_t *corpus = load("tests/golden/commands.json"), *entry;
    size_t index;
    int semantic = 0;
    (void)state;
    json_array_foreach(corpus, index, entry)
    {
        json_t *version = json_object_get(json_object_get(entry, "message"), "version");
        if (json_is_true(json_object_get(entry, "valid")) && version != NULL)
            semantic += parse(version).scheme == VERSION_SEMVER;
    }
    assert_true(semantic > 0);
    json_decref(corpus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_are_read_and_ordered_as_devices_do),
        cmocka_unit_test(versions_of_the_golden_commands_are_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
