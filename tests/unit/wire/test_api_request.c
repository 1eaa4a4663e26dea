#include "api_request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api_answer.h"

static struct arena arena;
static struct error error;

static int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

#define PARSE(kind, text, out) api_##kind##_parse(text, strlen(text), &arena, out, &error)

static void the_seeds_product_is_read(void **state)
{
    (void)state;
    struct api_products products;
    const char text[] = "{ \"products\": [ { \"name\": \"name\", \"description\": \"description\", "
                        "\"serial\": \"serial\", \"is_private\": 1, \"ptype\": 27388, \"status\": 1 } ] }";
    assert_int_equal(PARSE(products, text, &products), STATUS_OK);
    assert_int_equal(products.count, 1);
    assert_string_equal(products.items[0].name, "name");
    assert_string_equal(products.items[0].description, "description");
    assert_string_equal(products.items[0].serial, "serial");
    assert_true(products.items[0].is_private);
    assert_int_equal(products.items[0].ptype, 27388);
    assert_int_equal(products.items[0].status, 1);
}

static void all_members_of_a_product_are_optional(void **state)
{
    (void)state;
    struct api_products products;
    assert_int_equal(PARSE(products, "{\"products\":[{},{\"is_private\":true,\"status\":2}]}", &products),
                     STATUS_OK);
    assert_int_equal(products.count, 2);
    assert_null(products.items[0].name);
    assert_false(products.items[0].is_private);
    assert_int_equal(products.items[0].status, 1);
    assert_true(products.items[1].is_private);
    assert_int_equal(products.items[1].status, 2);
}

static void bad_products_are_refused(void **state)
{
    (void)state;
    const struct {
        const char *text, *field;
    } cases[] = {
        {"{}", "products"},
        {"{\"products\":{}}", "products"},
        {"{\"products\":[]}", "products"},
        {"{\"products\":[1]}", "products[0]"},
        {"{\"products\":[{},{\"is_private\":2}]}", "products[1].is_private"},
        {"{\"products\":[{\"is_private\":\"1\"}]}", "products[0].is_private"},
        {"{\"products\":[{\"status\":3}]}", "products[0].status"},
        {"{\"products\":[{\"ptype\":-1}]}", "products[0].ptype"},
        {"{\"products\":[{\"ptype\":2147483648}]}", "products[0].ptype"},
        {"{\"products\":[{\"colour\":1}]}", "products[0].colour"},
        {"{\"products\":[{}],\"more\":1}", "more"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct api_products products;
        assert_int_equal(PARSE(products, cases[i].text, &products), STATUS_INVALID);
        assert_string_equal(error.field, cases[i].field);
    }
}

static void devices_are_read(void **state)
{
    (void)state;
    struct api_devices devices;
    const char text[] =
        "{\"devices\":[{\"id\":\"a\",\"ptype\":1},{\"id\":\"b\",\"ptype\":2,\"product\":\"p\","
        "\"version\":\"v1.0.0t2(a)\",\"tags\":[\"lab\",\"floor:2\"]}]}";
    assert_int_equal(PARSE(devices, text, &devices), STATUS_OK);
    assert_int_equal(devices.count, 2);
    assert_null(devices.items[0].version);
    assert_null(devices.items[0].product);
    assert_string_equal(devices.items[0].tags, "");
    assert_string_equal(devices.items[1].id, "b");
    assert_string_equal(devices.items[1].product, "p");
    assert_string_equal(devices.items[1].version, "v1.0.0t2(a)");
    assert_string_equal(devices.items[1].tags, "lab,floor:2");
}

static void bad_devices_are_refused(void **state)
{
    (void)state;
    const struct {
        const char *text, *field;
    } cases[] = {
        {"{\"devices\":[{\"ptype\":1}]}", "devices[0].id"},
        {"{\"devices\":[{\"id\":\"a\"}]}", "devices[0].ptype"},
        {"{\"devices\":[{\"id\":\"a\",\"ptype\":1},{\"id\":7,\"ptype\":1}]}", "devices[1].id"},
        {"{\"devices\":[{\"id\":\"a\",\"ptype\":1,\"tags\":\"x\"}]}", "devices[0].tags"},
        {"{\"devices\":[{\"id\":\"a\",\"ptype\":1,\"tags\":[\"x\",\"a,b\"]}]}", "devices[0].tags[1]"},
        {"{\"devices\":[{\"id\":\"a\",\"ptype\":1,\"tags\":[\"\"]}]}", "devices[0].tags[0]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct api_devices devices;
        assert_int_equal(PARSE(devices, cases[i].text, &devices), STATUS_INVALID);
        assert_string_equal(error.field, cases[i].field);
    }
}

static void campaigns_are_read(void **state)
{
    (void)state;
    struct api_campaign campaign;
    const char text[] = "{\"name\":\"c\",\"firmware\":\"v1.1.0t1(a)\",\"from\":\">=v1.0.0\",\"tags\":[\"x\"],"
                        "\"policy\":{\"name\":\"p\"},\"start\":true}";
    assert_int_equal(PARSE(campaign, text, &campaign), STATUS_OK);
    assert_string_equal(campaign.name, "c");
    assert_string_equal(campaign.firmware, "v1.1.0t1(a)");
    assert_string_equal(campaign.from, ">=v1.0.0");
    assert_string_equal(campaign.tags, "x");
    assert_string_equal(campaign.policy, "{\"name\":\"p\"}");
    assert_true(campaign.start);
    assert_int_equal(PARSE(campaign, "{\"name\":\"c\",\"firmware\":\"f\"}", &campaign), STATUS_INVALID);
    assert_string_equal(error.field, "policy");
    assert_int_equal(PARSE(campaign,
                           "{\"name\":\"c\",\"firmware\":\"f\",\"policy\":{\"name\":\"p\",\"in_flight\":0}}",
                           &campaign),
                     STATUS_INVALID);
    assert_string_equal(error.field, "policy.in_flight");
}

/* A campaign of which the rest is `rest`: refused at `field`, or good when that is NULL. Whether it is good.
 */
static bool campaign_is_good(const char *rest, const char *field, struct api_campaign *campaign)
{
    char text[300];
    snprintf(text, sizeof text, "{\"name\":\"c\",\"firmware\":\"f\",\"policy\":{\"name\":\"p\"}%s", rest);
    assert_int_equal(PARSE(campaign, text, campaign), field == NULL ? STATUS_OK : STATUS_INVALID);
    if (field != NULL)
        assert_string_equal(error.field, field);
    return field == NULL;
}

static void a_campaign_may_have_a_start_and_an_end(void **state)
{
    (void)state;
    const struct {
        const char *rest, *field; /* NULL: it is good */
        int64_t start_at, end_at;
    } cases[] = {
        {",\"start_at\":\"2026-12-01T02:00:00Z\"}", NULL, 1796090400, 0},
        {",\"end_at\":\"2026-12-01T02:00:01Z\",\"at_end\":\"pause\"}", NULL, 0, 1796090401},
        {",\"start_at\":\"tomorrow\"}", "start_at", 0, 0},
        {",\"start_at\":1796090400}", "start_at", 0, 0},
        {",\"end_at\":\"2026-02-30T00:00:00Z\"}", "end_at", 0, 0},
        {",\"at_end\":\"pause\"}", "at_end", 0, 0},
        {",\"end_at\":\"2026-12-01T02:00:01Z\",\"at_end\":\"stop\"}", "at_end", 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct api_campaign campaign;
        if (!campaign_is_good(cases[i].rest, cases[i].field, &campaign))
            continue;
        assert_int_equal(campaign.start_at, cases[i].start_at);
        assert_int_equal(campaign.end_at, cases[i].end_at);
        assert_int_equal(campaign.pauses_at_end, cases[i].end_at != 0);
    }
}

static void a_campaign_says_who_comes_first(void **state)
{
    (void)state;
    const struct {
        const char *rest, *field; /* NULL: it is good */
        int priority;
        enum overlap overlap;
    } cases[] = {
        {"}", NULL, 50, OVERLAP_LEAVE_OUT},
        {",\"priority\":0,\"overlap\":\"queue\"}", NULL, 0, OVERLAP_QUEUE},
        {",\"priority\":100,\"overlap\":\"take-over\"}", NULL, 100, OVERLAP_TAKE_OVER},
        {",\"overlap\":\"refuse\"}", NULL, 50, OVERLAP_REFUSE},
        {",\"priority\":101}", "priority", 0, OVERLAP_LEAVE_OUT},
        {",\"priority\":-1}", "priority", 0, OVERLAP_LEAVE_OUT},
        {",\"priority\":\"high\"}", "priority", 0, OVERLAP_LEAVE_OUT},
        {",\"overlap\":\"mix\"}", "overlap", 0, OVERLAP_LEAVE_OUT},
        {",\"seed\":-1}", "seed", 0, OVERLAP_LEAVE_OUT},
        {",\"seed\":9007199254740992}", "seed", 0, OVERLAP_LEAVE_OUT},
        {",\"seed\":9007199254740991}", NULL, 50, OVERLAP_LEAVE_OUT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct api_campaign campaign;
        if (!campaign_is_good(cases[i].rest, cases[i].field, &campaign))
            continue;
        assert_int_equal(campaign.priority, cases[i].priority);
        assert_int_equal(campaign.overlap, cases[i].overlap);
    }
}

static void approvals_are_read(void **state)
{
    (void)state;
    struct api_approval approval;
    assert_int_equal(PARSE(approval, "", &approval), STATUS_OK);
    assert_null(approval.wave);
    assert_null(approval.reason);
    assert_int_equal(PARSE(approval, "{\"wave\":\"wide\",\"reason\":\"seen\"}", &approval), STATUS_OK);
    assert_string_equal(approval.wave, "wide");
    assert_string_equal(approval.reason, "seen");
    assert_int_equal(PARSE(approval, "{\"wave\":2}", &approval), STATUS_INVALID);
    assert_string_equal(error.field, "wave");
}

static void commands_may_have_a_reason(void **state)
{
    (void)state;
    const char *reason = "x";
    assert_int_equal(PARSE(command, "", &reason), STATUS_OK);
    assert_null(reason);
    assert_int_equal(PARSE(command, "{\"reason\":\"because\"}", &reason), STATUS_OK);
    assert_string_equal(reason, "because");
    assert_int_equal(PARSE(command, "{\"raison\":\"because\"}", &reason), STATUS_INVALID);
    assert_string_equal(error.field, "raison");
}

/* In our words, not those of the library we read it with. */
static void a_null_character_is_refused(void **state)
{
    (void)state;
    const char *const cases[] = {"{\"devices\":[{\"id\":\"a\\u0000b\",\"ptype\":1}]}",
                                 "{\"de\\u0000vices\":[{\"id\":\"a\",\"ptype\":1}]}"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct api_devices devices;
        assert_int_equal(PARSE(devices, cases[i], &devices), STATUS_INVALID);
        assert_non_null(strstr(error.message, "\\u0000 is not allowed in a text"));
        assert_non_null(strstr(error.message, "line 1"));
        assert_null(strstr(error.message, "JSON_ALLOW_NUL"));
    }
}

static void errors_are_written_as_json(void **state)
{
    (void)state;
    struct error given;
    error_set(&given, STATUS_CONFLICT, "name", "\"x\" is taken");
    assert_string_equal(
        api_error_format(&arena, &given),
        "{\"error\":{\"code\":\"conflict\",\"message\":\"\\\"x\\\" is taken\",\"field\":\"name\"}}");
    error_set(&given, STATUS_INVALID, NULL, "\xff");
    assert_non_null(strstr(api_error_format(&arena, &given), "\"message\":\"(not UTF-8)\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_seeds_product_is_read, tear_down),
        cmocka_unit_test_teardown(all_members_of_a_product_are_optional, tear_down),
        cmocka_unit_test_teardown(bad_products_are_refused, tear_down),
        cmocka_unit_test_teardown(devices_are_read, tear_down),
        cmocka_unit_test_teardown(bad_devices_are_refused, tear_down),
        cmocka_unit_test_teardown(campaigns_are_read, tear_down),
        cmocka_unit_test_teardown(a_campaign_may_have_a_start_and_an_end, tear_down),
        cmocka_unit_test_teardown(a_campaign_says_who_comes_first, tear_down),
        cmocka_unit_test_teardown(approvals_are_read, tear_down),
        cmocka_unit_test_teardown(commands_may_have_a_reason, tear_down),
        cmocka_unit_test_teardown(a_null_character_is_refused, tear_down),
        cmocka_unit_test_teardown(errors_are_written_as_json, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
