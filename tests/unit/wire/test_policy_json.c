#include "policy_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WAVE "{\"name\":\"all\",\"size\":{\"rest\":true}}"

static void every_error_names_its_place(void **state)
{
    (void)state;
    const struct {
        const char *text, *field, *message;
    } cases[] = {
        {"", "", "line 1"},
        {"{\"name\":\"x\",\n \"waves\": [,]}", "", "line 2, column 12"},
        {"[]", "", "one JSON object"},
        {"{\"name\":\"x\",\"name\":\"y\"}", "", "duplicate"},
        {"{\"name\":\"x\"} trailing", "", "line 1"},
        {"{}", "name", "missing"},
        {"{\"name\":3}", "name", "is a whole number; allowed is a string"},
        {"{\"name\":null}", "name", "is null; allowed is a string"},
        {"{\"name\":\"x\",\"wave\":[]}", "wave",
         "allowed here: name, description, waves, rate, in_flight, timeouts, offline, retry, flapping, windows, approval, on_halt, on_pause"},
        {"{\"name\":\"x\",\"approval\":{\"approvers\":1,\"before\":[\"start\",\"wide\"]}}",
         "approval.before[1]", "names of this policy's waves"},
        {"{\"name\":\"x\",\"approval\":{\"approvers\":1}}", "approval.before", "names nothing"},
        {"{\"name\":\"x\",\"approval\":{\"approvers\":0,\"before\":[\"all\"]}}", "approval.approvers",
         "1 to 5"},
        {"{\"name\":\"x\",\"windows\":{}}", "windows.open", "missing"},
        {"{\"name\":\"x\",\"windows\":{\"zone\":\"a b\",\"open\":[]}}", "windows.zone", "Europe/Berlin"},
        {"{\"name\":\"x\",\"windows\":{\"open\":[{\"from\":\"1:00\",\"to\":\"02:00\"}]}}",
         "windows.open[0].from", "05:30"},
        {"{\"name\":\"x\",\"windows\":{\"open\":[{\"from\":\"01:00\",\"to\":\"24:01\"}]}}",
         "windows.open[0].to", "24:00"},
        {"{\"name\":\"x\",\"windows\":{\"open\":[{\"from\":\"01:60\",\"to\":\"02:00\"}]}}",
         "windows.open[0].from", "05:30"},
        {"{\"name\":\"x\",\"windows\":{\"open\":[{\"from\":\"01:00\",\"to\":\"01:00\"}]}}", "windows.open[0]",
         "same time"},
        {"{\"name\":\"x\",\"windows\":{\"open\":[{\"days\":[\"Mon\"],\"from\":\"01:00\",\"to\":\"02:00\"}]}}",
         "windows.open[0].days[0]", "mon, tue"},
        {"{\"name\":\"x\",\"windows\":{\"open\":[{\"days\":[],\"from\":\"01:00\",\"to\":\"02:00\"}]}}",
         "windows.open[0]", "no day"},
        {"{\"name\":\"x\",\"retry\":{\"on\":[\"failed\",\"late\"]}}", "retry.on[1]", "\"silent\""},
        {"{\"name\":\"x\",\"retry\":{\"attempts\":2,\"on\":[]}}", "retry.on", "names no outcome"},
        {"{\"name\":\"x\",\"retry\":{\"backoff_factor\":0.5}}", "retry.backoff_factor", "from 1 to 100"},
        {"{\"name\":\"x\",\"flapping\":{\"failures\":-1}}", "flapping.failures", "from 0 to 100"},
        {"{\"nmae\":\"x\"}", "nmae", "unknown member"},
        {"{\"name\":\"x\",\"description\":1}", "description", "a string"},
        {"{\"name\":\"x\",\"waves\":{}}", "waves", "is an object; allowed is an array"},
        {"{\"name\":\"x\",\"waves\":[]}", "waves", "1 to 32"},
        {"{\"name\":\"x\",\"waves\":[7]}", "waves[0]", "is a whole number; allowed is an object"},
        {"{\"name\":\"x\",\"waves\":[" WAVE ",{}]}", "waves[1].name", "missing"},
        {"{\"name\":\"x\",\"waves\":[{\"name\":\"a\"}]}", "waves[0].size", "missing"},
        {"{\"name\":\"x\",\"waves\":[{\"name\":\"a\",\"size\":{}}]}", "waves[0].size", "exactly one of"},
        {"{\"name\":\"x\",\"waves\":[{\"name\":\"a\",\"size\":{\"count\":1,\"rest\":true}}]}",
         "waves[0].size", "exactly one of"},
        {"{\"name\":\"x\",\"waves\":[{\"name\":\"a\",\"size\":{\"rest\":false}}]}", "waves[0].size.rest",
         "allowed is true"},
        {"{\"name\":\"x\",\"waves\":[{\"name\":\"a\",\"size\":{\"rest\":true,\"min\":3}}]}",
         "waves[0].size.min", "beside percent"},
        {"{\"name\":\"x\",\"waves\":[{\"name\":\"a\",\"size\":{\"procent\":3}}]}", "waves[0].size.procent",
         "percent, count, rest, tag, min, max"},
        {"{\"name\":\"x\",\"waves\":[{\"name\":\"a\",\"size\":{\"count\":1.5}}]}", "waves[0].size.count",
         "with a fraction; allowed is a whole number"},
        {"{\"name\":\"x\",\"waves\":[{\"name\":\"a\",\"size\":{\"rest\":true},\"gate\":{\"type\":\"guess\"}}]"
         "}",
         "waves[0].gate.type", "threshold"},
        {"{\"name\":\"x\",\"waves\":[{\"name\":\"a\",\"size\":{\"rest\":true},"
         "\"gate\":{\"type\":\"sequential\",\"failure_percent\":5}}]}",
         "waves[0].gate.failure_percent", "unknown member"},
        {"{\"name\":\"x\",\"waves\":[{\"name\":\"a\",\"size\":{\"rest\":true},"
         "\"gate\":{\"type\":\"sequential\",\"undecided\":\"wait\"}}]}",
         "waves[0].gate.undecided", "\"halt\" or \"promote\""},
        {"{\"name\":\"x\",\"waves\":[{\"name\":\"a\",\"size\":{\"rest\":true},"
         "\"gate\":{\"failure_percent\":\"5\"}}]}",
         "waves[0].gate.failure_percent", "is a string; allowed is a number"},
        {"{\"name\":\"x\",\"waves\":[{\"name\":\"a\",\"size\":{\"rest\":true},"
         "\"gate\":{\"failure_percent\":0}}]}",
         "waves[0].gate.failure_percent", "above 0"},
        {"{\"name\":\"x\",\"waves\":[{\"name\":\"a\",\"size\":{\"rest\":true},"
         "\"gate\":{\"count_rejected\":1}}]}",
         "waves[0].gate.count_rejected", "true or false"},
        {"{\"name\":\"x\",\"rate\":5}", "rate", "an object"},
        {"{\"name\":\"x\",\"rate\":{\"per_hour\":5}}", "rate.per_hour", "allowed here: per_minute"},
        {"{\"name\":\"x\",\"in_flight\":0}", "in_flight", "from 1"},
        {"{\"name\":\"x\",\"in_flight\":99999999999999999999}", "", "line 1"},
        {"{\"name\":\"x\",\"timeouts\":{\"offer_seconds\":true}}", "timeouts.offer_seconds",
         "a whole number"},
        {"{\"name\":\"x\",\"offline\":{\"then\":\"wait\"}}", "offline.then", "\"skip\" or \"fail\""},
        {"{\"name\":\"x\",\"on_halt\":\"explode\"}", "on_halt", "\"pause\" or \"rollback\""},
        {"{\"name\":\"a b\"}", "name", "A-Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct policy policy;
        struct error error = {0};
        enum status status = policy_json_parse(cases[i].text, strlen(cases[i].text), &policy, &error);
        if (status != STATUS_INVALID || strcmp(error.field, cases[i].field) != 0 ||
            strstr(error.message, cases[i].message) == NULL)
            fail_msg("%s\n gave %d \"%s\": %s", cases[i].text, (int)status, error.field, error.message);
    }
}

static void a_name_of_sixty_five_characters_is_refused(void **state)
{
    (void)state;
    char text[128];
    struct policy policy;
    struct error error;
    int length = snprintf(text, sizeof text, "{\"name\":\"%065d\"}", 0);
    assert_int_equal(policy_json_parse(text, (size_t)length, &policy, &error), STATUS_INVALID);
    assert_string_equal(error.field, "name");
    length = snprintf(text, sizeof text, "{\"name\":\"%064d\"}", 0);
    assert_int_equal(policy_json_parse(text, (size_t)length, &policy, &error), STATUS_OK);
}

static void a_zero_byte_is_no_json(void **state)
{
    (void)state;
    const char text[] = "{\"name\":\"x\",\"in_flight\":5\0}";
    struct policy policy;
    struct error error;
    assert_int_equal(policy_json_parse(text, sizeof text - 1, &policy, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "it holds a zero byte"));
}

static void what_is_not_given_has_its_default(void **state)
{
    (void)state;
    struct policy policy, defaults;
    struct error error;
    const char text[] = "{\"name\":\"default\"}";
    policy_defaults(&defaults);
    assert_int_equal(policy_json_parse(text, strlen(text), &policy, &error), STATUS_OK);
    assert_memory_equal(&policy, &defaults, sizeof policy);
}

static void everything_given_is_read(void **state)
{
    (void)state;
    struct policy policy;
    struct error error;
    const char text[] =
        "{\"name\":\"p\",\"description\":\"d\",\"waves\":["
        "{\"name\":\"a\",\"size\":{\"percent\":2.5,\"min\":3,\"max\":40},\"gate\":{\"type\":\"threshold\","
        "\"success_percent\":91,\"finished_percent\":92,\"failure_percent\":7.5,\"min_sample\":4,"
        "\"count_rejected\":true},\"soak_seconds\":60},"
        "{\"name\":\"b\",\"size\":{\"count\":10}},{\"name\":\"c\",\"size\":{\"rest\":true}}],"
        "\"rate\":{\"per_minute\":30,\"growth_factor\":1.5,\"growth_every\":20,\"ceiling_per_minute\":90},\"in_flight\":7,\"timeouts\":{\"offer_seconds\":1,\"download_seconds\":"
        "2,"
        "\"confirm_seconds\":3},\"offline\":{\"wait_seconds\":4,\"then\":\"fail\"},\"on_halt\":\"rollback\","
        "\"on_pause\":\"stop_downloads\",\"retry\":{"
        "\"attempts\":4,\"backoff_seconds\":5,\"backoff_factor\":3,\"backoff_max_seconds\":50,\"on\":[\"rejected\","
        "\"reverted\"]},\"flapping\":{\"failures\":6,\"within_seconds\":7,\"quarantine_seconds\":8},\"windows\":{"
        "\"zone\":\"device\",\"default_zone\":\"Europe/Berlin\",\"open\":[{\"days\":[\"tue\",\"sun\"],\"from\":"
        "\"22:15\",\"to\":\"05:00\"},{\"from\":\"00:00\",\"to\":\"24:00\"}]},"
        "\"approval\":{\"approvers\":2,\"before\":[\"start\",\"b\"]}}";
    assert_int_equal(policy_json_parse(text, strlen(text), &policy, &error), STATUS_OK);
    assert_string_equal(policy.name, "p");
    assert_int_equal(policy.wave_count, 3);
    assert_int_equal(policy.waves[0].size.kind, WAVE_SIZE_PERCENT);
    assert_true(policy.waves[0].size.percent == 2.5);
    assert_int_equal(policy.waves[0].size.min, 3);
    assert_int_equal(policy.waves[0].size.max, 40);
    assert_true(policy.waves[0].gate.threshold.success_percent == 91);
    assert_true(policy.waves[0].gate.threshold.finished_percent == 92);
    assert_true(policy.waves[0].gate.threshold.failure_percent == 7.5);
    assert_int_equal(policy.waves[0].gate.min_sample, 4);
    assert_true(policy.waves[0].gate.count_rejected);
    assert_int_equal(policy.waves[0].soak_seconds, 60);
    assert_int_equal(policy.waves[1].size.kind, WAVE_SIZE_COUNT);
    assert_int_equal(policy.waves[1].size.count, 10);
    assert_int_equal(policy.waves[2].size.kind, WAVE_SIZE_REST);
    assert_int_equal(policy.rate.per_minute, 30);
    assert_true(policy.rate.growth_factor == 1.5);
    assert_int_equal(policy.rate.growth_every, 20);
    assert_int_equal(policy.rate.ceiling_per_minute, 90);
    assert_int_equal(policy.in_flight, 7);
    assert_int_equal(policy.offer_seconds, 1);
    assert_int_equal(policy.download_seconds, 2);
    assert_int_equal(policy.confirm_seconds, 3);
    assert_int_equal(policy.offline_wait_seconds, 4);
    assert_int_equal(policy.offline_then, OFFLINE_FAIL);
    assert_int_equal(policy.on_halt, ON_HALT_ROLLBACK);
    assert_int_equal(policy.on_pause, ON_PAUSE_STOP_DOWNLOADS);
    assert_int_equal(policy.retry.attempts, 4);
    assert_int_equal(policy.retry.backoff_seconds, 5);
    assert_true(policy.retry.backoff_factor == 3);
    assert_int_equal(policy.retry.backoff_max_seconds, 50);
    assert_true(policy.retry.on_rejected && policy.retry.on_reverted);
    assert_false(policy.retry.on_failed || policy.retry.on_silent);
    assert_int_equal(policy.flapping.failures, 6);
    assert_int_equal(policy.flapping.within_seconds, 7);
    assert_int_equal(policy.flapping.quarantine_seconds, 8);

    assert_string_equal(policy.windows.zone, "device");
    assert_string_equal(policy.windows.default_zone, "Europe/Berlin");
    assert_int_equal(policy.windows.count, 2);
    assert_int_equal(policy.windows.windows[0].days, 2 | 64);
    assert_int_equal(policy.windows.windows[0].from, 22 * 60 + 15);
    assert_int_equal(policy.windows.windows[0].to, 300);
    assert_int_equal(policy.windows.windows[1].days, 127);
    assert_int_equal(policy.windows.windows[1].to, 1440);

    assert_int_equal(policy.approval.approvers, 2);
    assert_true(policy.approval.before_start);
    assert_int_equal(policy.approval.before_waves, 2);

    /* and comes back the same from its own text */
    struct policy again;
    char *formatted = policy_json_format(&policy);
    assert_int_equal(policy_json_parse(formatted, strlen(formatted), &again, &error), STATUS_OK);
    assert_memory_equal(&again, &policy, sizeof policy);
    free(formatted);
}

static void a_sequential_gate_is_read_and_written(void **state)
{
    (void)state;
    struct policy policy, again;
    struct error error = {0};
    const char text[] = "{\"name\":\"p\",\"waves\":[{\"name\":\"a\",\"size\":{\"rest\":true},\"gate\":{"
                        "\"type\":\"sequential\",\"acceptable_percent\":2,\"unacceptable_percent\":20,"
                        "\"alpha\":0.1,\"beta\":0.025,\"max_sample\":80,\"undecided\":\"promote\","
                        "\"min_sample\":3}}]}";
    assert_int_equal(policy_json_parse(text, strlen(text), &policy, &error), STATUS_OK);
    const struct sequential_policy *gate = &policy.waves[0].gate.sequential;
    assert_int_equal(policy.waves[0].gate.kind, GATE_SEQUENTIAL);
    assert_true(gate->acceptable_percent == 2 && gate->unacceptable_percent == 20);
    assert_true(gate->alpha == 0.1 && gate->beta == 0.025);
    assert_int_equal(gate->max_sample, 80);
    assert_int_equal(gate->undecided, UNDECIDED_PROMOTE);
    assert_int_equal(policy.waves[0].gate.min_sample, 3);
    char *formatted = policy_json_format(&policy);
    assert_int_equal(policy_json_parse(formatted, strlen(formatted), &again, &error), STATUS_OK);
    assert_memory_equal(&again, &policy, sizeof policy);
    free(formatted);
}

static void inside_another_document_the_path_goes_on(void **state)
{
    (void)state;
    struct policy policy;
    struct error error = {0};
    json_t *document = json_pack("{ss si}", "name", "x", "in_flight", -5);
    assert_int_equal(policy_json_read(document, "policy", &policy, &error), STATUS_INVALID);
    assert_string_equal(error.field, "policy.in_flight");
    json_object_set_new(document, "in_flight", json_string("5"));
    assert_int_equal(policy_json_read(document, "policy", &policy, &error), STATUS_INVALID);
    assert_string_equal(error.field, "policy.in_flight");
    json_decref(document);
}

static void the_policies_that_come_along_are_good(void **state)
{
    (void)state;
    static const char *const names[] = {"all-at-once", "canary-then-wide", "cautious", "emergency",
                                        "night-window"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[64];
        static char text[65536];
        struct policy policy;
        struct error error = {0};
        snprintf(path, sizeof path, "policies/%s.json", names[i]);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        size_t length = fread(text, 1, sizeof text, file);
        fclose(file);
        if (policy_json_parse(text, length, &policy, &error) != STATUS_OK)
            fail_msg("%s: %s: %s", path, error.field, error.message);
        assert_string_equal(policy.name, names[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_names_its_place),
        cmocka_unit_test(a_name_of_sixty_five_characters_is_refused),
        cmocka_unit_test(a_zero_byte_is_no_json),
        cmocka_unit_test(what_is_not_given_has_its_default),
        cmocka_unit_test(everything_given_is_read),
        cmocka_unit_test(a_sequential_gate_is_read_and_written),
        cmocka_unit_test(inside_another_document_the_path_goes_on),
        cmocka_unit_test(the_policies_that_come_along_are_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
