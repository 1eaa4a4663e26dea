/* policies/policy.schema.json says what the reader takes: the same members, words and defaults. */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
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

/* --- docs/openapi.yaml has the same once more, a member a line -------------------------------------------
 */

/* The lines of its schema `Policy`; to be freed. */
static char *openapi_policy(void)
{
    enum { MOST = 256 * 1024 };
    char *text = calloc(1, MOST);
    FILE *file = fopen("docs/openapi.yaml", "r");
    assert_non_null(text);
    assert_non_null(file);
    size_t size = fread(text, 1, MOST - 1, file);
    fclose(file);
    assert_true(size < MOST - 1);
    char *start = strstr(text, "\n    Policy:\n");
    assert_non_null(start);
    memmove(text, start, strlen(start) + 1);
    for (char *line = strchr(text + 13, '\n'); line != NULL; line = strchr(line + 1, '\n')) {
        if (strncmp(line, "\n    ", 5) == 0 && line[5] != ' ')
            line[1] = '\0'; /* the next schema */
    }
    return text;
}

/* "maximum: 100", as it would stand there; nothing when the schema has no such word or no plain value. */
static void word_of(const json_t *schema, const char *name, char word[64])
{
    const json_t *value = json_object_get(schema, name);
    word[0] = '\0';
    if (json_is_string(value))
        snprintf(word, 64, "%s: %s", name, json_string_value(value));
    else if (json_is_boolean(value))
        snprintf(word, 64, "%s: %s", name, json_is_true(value) ? "true" : "false");
    else if (json_is_number(value) && (json_number_value(value) >= 0.001 || json_number_value(value) == 0))
        snprintf(word, 64, "%s: %.10g", name, json_number_value(value));
}

/* Whether a line of the document is about the member and has its type, limits and default. */
static bool has_line(const char *text, const char *name, const json_t *schema)
{
    static const char *const names[] = {"type", "minimum", "maximum", "maxItems", "minItems", "default"};
    char begin[72], quoted[72], line[512], word[64];
    bool is_leaf = json_object_get(schema, "properties") == NULL &&
                   json_object_get(schema, "oneOf") == NULL &&
                   json_object_get(json_object_get(schema, "items"), "properties") == NULL;
    snprintf(begin, sizeof begin, " %s:%s", name, is_leaf ? " {" : "");
    snprintf(quoted, sizeof quoted, " \"%s\":%s", name, is_leaf ? " {" : "");
    for (const char *at = text; at != NULL && *at != '\0'; at = strchr(at + 1, '\n')) {
        snprintf(line, sizeof line, "%.*s", (int)strcspn(at + 1, "\n"), at + 1);
        bool fits = strstr(line, begin) != NULL || strstr(line, quoted) != NULL;
        for (size_t i = 0; is_leaf && fits && i < sizeof names / sizeof names[0]; i++) {
            word_of(schema, names[i], word);
            fits = strstr(line, word) != NULL;
        }
        if (fits)
            return true;
    }
    return false;
}

static int look_for_members(const char *text, const json_t *schema)
{
    int found = 0;
    const char *name;
    json_t *member;
    json_object_foreach(json_object_get(schema, "properties"), name, member)
    {
        if (!has_line(text, name, member))
            fail_msg("docs/openapi.yaml, Policy: %s is missing or of another kind than in policy.schema.json",
                     name);
        found += 1 + look_for_members(text, member);
    }
    const json_t *choices = json_object_get(schema, "oneOf");
    for (size_t i = 0; i < json_array_size(choices); i++)
        found += look_for_members(text, json_array_get(choices, i));
    const json_t *items = json_object_get(schema, "items");
    return items == NULL ? found : found + look_for_members(text, items);
}

static void the_openapi_document_has_the_same_members(void **state)
{
    (void)state;
    json_t *schema = load_schema();
    char *text = openapi_policy();
    assert_true(look_for_members(text, schema) > 50);
    free(text);
    json_decref(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_the_same),
        cmocka_unit_test(defaults_are_the_same),
        cmocka_unit_test(the_openapi_document_has_the_same_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
