/* Commands out: they have exactly the members of the corpus that the agent's parser is tested with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "command.h"
#include "manifest.h"

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

#define SIGNATURE SHA SHA

static json_t *golden(const char *name)
{
    json_t *corpus = json_load_file("tests/golden/commands.json", 0, NULL);
    assert_non_null(corpus);
    size_t index;
    json_t *example, *found = NULL;
    json_array_foreach(corpus, index, example)
    {
        if (strcmp(json_string_value(json_object_get(example, "name")), name) == 0)
            found = json_deep_copy(json_object_get(example, "message"));
    }
    json_decref(corpus);
    assert_non_null(found);
    return found;
}

/* The same members with values of the same types, all the way down. */
static void assert_same_shape(json_t *is, json_t *should)
{
    const char *key;
    json_t *value;
    assert_int_equal(json_typeof(is), json_typeof(should));
    if (!json_is_object(is))
        return;
    json_object_foreach(should, key, value)
    {
        if (json_object_get(is, key) == NULL)
            fail_msg("%s is missing", key);
        assert_same_shape(json_object_get(is, key), value);
    }
    json_object_foreach(is, key, value)
    {
        if (json_object_get(should, key) == NULL)
            fail_msg("%s is too much", key);
    }
}

static void check(const char *text, const char *name)
{
    json_t *is = json_loads(text, 0, NULL), *should = golden(name);
    assert_non_null(is);
    assert_same_shape(is, should);
    assert_string_equal(json_string_value(json_object_get(is, "command")),
                        json_string_value(json_object_get(should, "command")));
    json_decref(is);
    json_decref(should);
}

static struct offer an_offer(void)
{
    return (struct offer){.campaign = 12,
                          .attempt = 1,
                          .nonce = "9f3c0a5be2d14477",
                          .version = "v1.1.0t45772(a)",
                          .images = {{true, "http://a/1", 1000, SHA}, {true, "http://a/2", 1000, SHA}},
                          .download_seconds = 600,
                          .confirm_seconds = 1};
}

static void commands_have_the_members_of_the_corpus(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct offer offer = an_offer();
    check(command_offer(&offer, &arena), "update");
    offer.manifest = (struct offered_manifest){true, 7, "v1.0.0t45772(a)", {SIGNATURE, SIGNATURE}};
    check(command_offer(&offer, &arena), "update with a manifest");
    offer.manifest = (struct offered_manifest){true, SEQUENCE_MAX, NULL, {NULL, NULL}};
    check(command_offer(&offer, &arena), "update with an unsigned manifest");
    offer.manifest.present = false;
    offer.is_rollback = true;
    offer.flip_sha256 = SHA;
    check(command_offer(&offer, &arena), "rollback");
    offer.manifest = (struct offered_manifest){true, 3, NULL, {SIGNATURE, NULL}};
    check(command_offer(&offer, &arena), "rollback with a manifest");
    offer.manifest.present = false;
    offer.images[0].present = offer.images[1].present = false;
    check(command_offer(&offer, &arena), "rollback without images");
    check(command_cancel(12, 1, NULL, &arena), "cancel");
    check(command_ack(12, 1, NULL, &arena), "ack");
    check(command_report(&arena), "report");
    check(command_reboot("9f3c0a5be2d14477", &arena), "reboot that wants an answer");
    arena_release(&arena);
}

static void the_device_is_told_three_quarters(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct offer offer = an_offer();
    json_t *is = json_loads(command_offer(&offer, &arena), 0, NULL);
    assert_int_equal(json_integer_value(json_object_get(is, "download_seconds")), 450);
    assert_int_equal(json_integer_value(json_object_get(is, "confirm_seconds")), 1);
    json_decref(is);
    arena_release(&arena);
}

static void the_largest_offer_fits_a_message(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct offer offer = an_offer();
    char url[401];
    memset(url, 'u', 400);
    url[400] = '\0';
    offer.is_rollback = true;
    offer.flip_sha256 = SHA;
    offer.campaign = 9007199254740991;
    offer.attempt = 32767;
    offer.download_seconds = offer.confirm_seconds = 604800;
    char version[VERSION_TEXT_SIZE];
    memset(version, '9', sizeof version);
    version[sizeof version - 1] = '\0';
    offer.version = version;
    offer.images[0].size = offer.images[1].size = 1 << 20;
    offer.manifest = (struct offered_manifest){true, SEQUENCE_MAX, version, {SIGNATURE, SIGNATURE}};
    offer.images[0].url = offer.images[1].url = url;
    assert_true(strlen(command_offer(&offer, &arena)) <= MESSAGE_SIZE_MAX);
    arena_release(&arena);
}

static void topics_name_the_device(void **state)
{
    (void)state;
    char topic[COMMAND_TOPIC_SIZE];
    command_topic("lamp-1", topic);
    assert_string_equal(topic, "fota/v1/lamp-1/command");
    char longest[65];
    memset(longest, 'x', 64);
    longest[64] = '\0';
    command_topic(longest, topic);
    assert_int_equal(strlen(topic), 64 + strlen("fota/v1//command"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_have_the_members_of_the_corpus),
        cmocka_unit_test(the_device_is_told_three_quarters),
        cmocka_unit_test(the_largest_offer_fits_a_message),
        cmocka_unit_test(topics_name_the_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
