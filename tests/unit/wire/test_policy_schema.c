/* policies/policy.schema.json says what the reader takes: the same members, words and defaults. */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy_json.h"

static json_t *load_schema(void)
{
    json_error_t error;
    json_t *schema = json_load_file("policies/policy.schema.json", JSON_REJECT_DUPLICATES, &error);
    if (schema == NULL)
        fail_msg("policy.schema.json:%d: %s", error.line, error.text);
    return schema;
}

/* Of several alternatives, the one that knows every member of the value, with its type where it has one. */
static const json_t *alternative(const json_t *schema, const json_t *value)
{
    const json_t *choices = json_object_get(schema, "oneOf");
    if (choices == NULL)
        return schema;
    for (size_t i = 0; i < json_array_size(choices); i++) {
        const json_t *choice = json_array_get(choices, i),
                     *properties = json_object_get(choice, "properties");
        const json_t *type = json_object_get(json_object_get(properties, "type"), "const");
        bool knows = type == NULL || json_equal(type, json_object_get(value, "type"));
        const char *name;
        json_t *member;
        json_object_foreach((json_t *)(uintptr_t)value, name, member) knows =
            knows && json_object_get(properties, name) != NULL;
        if (knows)
            return choice;
    }
    fail_msg("no alternative of the schema takes this");
    return NULL;
}

/* Every member of what the writer writes is in the schema, and the other way round. */
static void compare(const json_t *schema, const json_t *value, const char *path)
{
    schema = alternative(schema, value);
    if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++)
            compare(json_object_get(schema, "items"), json_array_get(value, i), path);
        return;
    }
    if (!json_is_object(value))
        return;
    const json_t *properties = json_object_get(schema, "properties");
    const char *name;
    json_t *member;
    json_object_foreach((json_t *)(uintptr_t)value, name, member)
    {
        if (json_object_get(properties, name) == NULL)
            fail_msg("%s.%s is not in the schema", path, name);
        compare(json_object_get(properties, name), member, name);
    }
    json_object_foreach((json_t *)(uintptr_t)properties, name, member)
    {
        if (json_object_get(value, name) == NULL && strcmp(name, "description") != 0)
            fail_msg("%s.%s is only in the schema", path, name);
    }
}

static void compare_defaults(const json_t *schema, const json_t *value, const char *path)
{
    const json_t *given = json_object_get(schema, "default");
    schema = alternative(schema, value);
    if (given != NULL && json_is_number(given)) {
        if (json_number_value(given) != json_number_value(value))
            fail_msg("%s: the schema's default is another", path);
    } else if (given != NULL && !json_equal(given, value)) {
        fail_msg("%s: the schema's default is another", path);
    }
    const char *name;
    json_t *member;
    json_object_foreach((json_t *)(uintptr_t)value, name, member)
        compare_defaults(json_object_get(json_object_get(schema, "properties"), name), member, name);
    for (size_t i = 0; i < json_array_size(value); i++)
        compare_defaults(json_object_get(schema, "items"), json_array_get(value, i), path);
}

static json_t *formatted(const struct policy *policy)
{
    char *text = policy_json_format(policy);
    json_t *document = json_loads(text, 0, NULL);
    assert_non_null(document);
    free(text);
    return document;
}

static void members_are_the_same(void **state)
{
    (void)state;
    struct policy policy;
    policy_defaults(&policy);
    policy.wave_count = 4;
    policy.waves[3] = policy.waves[2] = policy.waves[0];
    policy.waves[2].size = (struct wave_size){.kind = WAVE_SIZE_TAG, .tag = "eu"};
    policy.waves[0].size = (struct wave_size){.kind = WAVE_SIZE_PERCENT, .percent = 5};
    policy.waves[1] = policy.waves[0];
    policy.waves[1].size = (struct wave_size){.kind = WAVE_SIZE_COUNT, .count = 5};
    policy.waves[1].gate.kind = GATE_SEQUENTIAL;
    policy.rate = (struct rate_policy){10, 2, 50, 100};
    policy.windows.count = 1;
    policy.windows.windows[0] = (struct window){127, 60, 120};
    policy.approval = (struct approval_policy){2, true, 2};
    json_t *schema = load_schema(), *document = formatted(&policy);
    compare(schema, document, "policy");
    json_decref(document);
    json_decref(schema);
}

static void defaults_are_the_same(void **state)
{
    (void)state;
    for (int kind = GATE_THRESHOLD; kind <= GATE_SEQUENTIAL; kind++) {
        struct policy policy;
        policy_defaults(&policy);
        policy.waves[0].gate.kind = (enum gate_kind)kind;
        json_t *schema = load_schema(), *document = formatted(&policy);
        compare_defaults(schema, document, "policy");
        json_decref(document);
        json_decref(schema);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_the_same),
        cmocka_unit_test(defaults_are_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
