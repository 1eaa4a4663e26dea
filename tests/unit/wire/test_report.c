/* Reports in: what is taken, and how everything else is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "report.h"

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TOPIC "fota/v1/lamp-1/report"
#define PRESENCE "fota/v1/lamp-1/presence"

static struct report parse(const char *topic, const char *payload)
{
    struct report report;
    report_parse(topic, payload, strlen(payload), &report);
    return report;
}

static void confirmed_carries_its_proof(void **state)
{
    (void)state;
    struct report report =
        parse(TOPIC, "{\"report\":\"confirmed\",\"campaign\":12,\"attempt\":3,\"nonce\":\"9f3c0a5be2d14477\","
                     "\"version\":\"v1.1.0t45772(a)\",\"slot\":2,\"sha256\":\"" SHA "\",\"extra\":[1]}");
    assert_int_equal(report.kind, REPORT_TARGET);
    assert_string_equal(report.device, "lamp-1");
    assert_int_equal(report.target.event, TARGET_EVENT_CONFIRMED);
    assert_int_equal(report.target.campaign, 12);
    assert_int_equal(report.target.attempt, 3);
    assert_string_equal(report.target.nonce, "9f3c0a5be2d14477");
    assert_true(report.target.has_running);
    assert_int_equal(report.target.running.slot, 2);
    assert_string_equal(report.target.running.version, "v1.1.0t45772(a)");
    assert_string_equal(report.target.running.sha256, SHA);
}

#define HELLO                                                                                                \
    "{\"report\":\"hello\",\"version\":\"v1.0.5t45772(a)\",\"slot\":1,\"boot\":\"confirmed\",\"sha256\":"    \
    "\"" SHA "\",\"reset_reason\":\"power_on\""

static void hello_carries_the_last_result(void **state)
{
    (void)state;
    struct report report = parse(TOPIC, HELLO "}");
    assert_int_equal(report.kind, REPORT_HELLO);
    assert_false(report.has_result);
    assert_false(report.is_busy);
    report =
        parse(TOPIC, HELLO
              ",\"result\":{\"report\":\"failed\",\"campaign\":1,\"attempt\":2,\"reason\":\"hash_mismatch\"},"
              "\"activity\":{\"campaign\":1,\"attempt\":3,\"state\":\"downloading\"}}");
    assert_int_equal(report.kind, REPORT_HELLO);
    assert_true(report.has_result);
    assert_true(report.is_busy);
    assert_int_equal(report.target.event, TARGET_EVENT_FAILED);
    assert_string_equal(report.target.reason, "hash_mismatch");
    /* Of a push over the LAN: the device itself counts. */
    report = parse(TOPIC, HELLO
                   ",\"result\":{\"report\":\"confirmed\",\"campaign\":0,\"attempt\":0,\"nonce\":\"00\"}}");
    assert_int_equal(report.kind, REPORT_HELLO);
    assert_false(report.has_result);
}

static void presence_is_read(void **state)
{
    (void)state;
    struct report report = parse("fota/v1/lamp-1/presence", "{\"online\":false}");
    assert_int_equal(report.kind, REPORT_PRESENCE);
    assert_false(report.online);
    assert_true(parse("fota/v1/lamp-1/presence", "{\"online\":true}").online);
}

#define NONCE "\"nonce\":\"9f3c0a5be2d14477\""
#define FAILED "{\"report\":\"failed\",\"campaign\":1,\"attempt\":2," NONCE ",\"reason\":\"hash_mismatch\""

static void results_name_their_attempt_and_session(void **state)
{
    (void)state;
    struct report report = parse(TOPIC, FAILED ",\"session\":\"9f3c0a5b.3\"}");
    assert_int_equal(report.kind, REPORT_TARGET);
    assert_string_equal(report.target.nonce, "9f3c0a5be2d14477");
    assert_int_equal(report.session.number, 3);
    report = parse(TOPIC, "{\"report\":\"cancelled\",\"campaign\":1,\"attempt\":2," NONCE "}");
    assert_int_equal(report.kind, REPORT_CANCELLED);
    assert_string_equal(report.target.nonce, "9f3c0a5be2d14477");
    report = parse(TOPIC, HELLO ",\"activity\":{\"campaign\":1,\"attempt\":3," NONCE
                                ",\"state\":\"accepted\"},\"last\":" FAILED "}}");
    assert_int_equal(report.kind, REPORT_HELLO);
    assert_string_equal(report.work_nonce, "9f3c0a5be2d14477");
    assert_true(report.has_last && !report.has_result);
    assert_int_equal(report.last.event, TARGET_EVENT_FAILED);
    assert_string_equal(report.last.reason, "hash_mismatch");
}

static void hello_says_what_the_firmware_can(void **state)
{
    (void)state;
    assert_string_equal(parse(TOPIC, HELLO "}").can, "");
    assert_string_equal(parse(TOPIC, HELLO ",\"can\":[]}").can, "");
    struct report report = parse(TOPIC, HELLO ",\"can\":[\"nonce\",\"last\",\"delta1\"]}");
    assert_string_equal(report.can, "nonce,last,delta1");
    assert_true(can_has(report.can, "nonce") && can_has(report.can, "last") && can_has(report.can, "delta1"));
    assert_false(can_has(report.can, "delta") || can_has(report.can, "once") || can_has("", "nonce"));
    char most[600];
    int used = snprintf(most, sizeof most, "%s", HELLO ",\"can\":[\"0123456789abcdef\"");
    for (int i = 1; i < CAN_WORDS_MAX; i++)
        used += snprintf(most + used, sizeof most - (size_t)used, ",\"0123456789abcdef\"");
    snprintf(most + used, sizeof most - (size_t)used, "]}");
    assert_int_equal(strlen(parse(TOPIC, most).can), CAN_SIZE - 1);
}

static void bad_nonces_and_capabilities_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *payload, *place;
    } bad[] = {
        {"{\"report\":\"failed\",\"campaign\":1,\"attempt\":2,\"nonce\":\"9F3c0a5be2d14477\",\"reason\":\"a\"}",
         "nonce: "},
        {"{\"report\":\"rejected\",\"campaign\":1,\"attempt\":2,\"nonce\":7,\"reason\":\"a\"}", "nonce: "},
        {"{\"report\":\"cancelled\",\"campaign\":1,\"attempt\":2,\"nonce\":\"\"}", "nonce: "},
        {HELLO ",\"activity\":{\"campaign\":1,\"attempt\":2,\"nonce\":\"x\"}}", "nonce: "},
        {HELLO ",\"can\":\"nonce\"}", "can: "},
        {HELLO ",\"can\":[\"Nonce\"]}", "can: "},
        {HELLO ",\"can\":[\"\"]}", "can: "},
        {HELLO ",\"can\":[\"a,b\"]}", "can: "},
        {HELLO ",\"can\":[\"0123456789abcdefg\"]}", "can: "},
        {HELLO ",\"can\":[1]}", "can: "},
        {HELLO
         ",\"can\":[\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\"]}",
         "can: "},
        {HELLO ",\"last\":{\"report\":\"accepted\",\"campaign\":1,\"attempt\":2}}", "last.report: "},
        {HELLO ",\"last\":7}", "last.report: "},
        {FAILED ",\"session\":\"9f3c0a5b\"}", "session: "},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct report report = parse(TOPIC, bad[i].payload);
        if (report.kind != REPORT_REJECTED || report.rejection != REJECTION_BAD_MEMBER ||
            strncmp(report.detail, bad[i].place, strlen(bad[i].place)) != 0)
            fail_msg("%s: kind %d, %s", bad[i].payload, report.kind, report.detail);
    }
}

static void hello_and_presence_name_their_session(void **state)
{
    (void)state;
    struct report report = parse(TOPIC, HELLO ",\"session\":\"9f3c0a5b.3\"}");
    assert_int_equal(report.kind, REPORT_HELLO);
    assert_string_equal(report.session.boot, "9f3c0a5b");
    assert_int_equal(report.session.number, 3);
    report = parse(PRESENCE, "{\"online\":false,\"session\":\"00c0ffee.2147483647\"}");
    assert_int_equal(report.kind, REPORT_PRESENCE);
    assert_false(report.online);
    assert_string_equal(report.session.boot, "00c0ffee");
    assert_int_equal(report.session.number, SESSION_NUMBER_MAX);
    /* Of older firmware. */
    assert_int_equal(parse(TOPIC, HELLO "}").session.number, 0);
    assert_int_equal(parse(PRESENCE, "{\"online\":true}").session.number, 0);
}

static void a_bad_session_is_refused_in_both(void **state)
{
    (void)state;
    static const char *const sessions[] = {
        "3",
        "null",
        "{}",
        "[\"9f3c0a5b.3\"]",
        "\"\"",
        "\"9f3c0a5b\"",
        "\"9f3c0a5b.\"",
        "\"9f3c0a5b.0\"",
        "\"9f3c0a5b.03\"",
        "\"9F3C0A5B.3\"",
        "\"9f3c0a5.3\"",
        "\"9f3c0a5b.2147483648\"",
    };
    for (size_t i = 0; i < sizeof sessions / sizeof sessions[0]; i++) {
        char hello[512], presence[128];
        snprintf(hello, sizeof hello, "%s,\"session\":%s}", HELLO, sessions[i]);
        snprintf(presence, sizeof presence, "{\"online\":true,\"session\":%s}", sessions[i]);
        const struct report reports[] = {parse(TOPIC, hello), parse(PRESENCE, presence)};
        for (int of = 0; of < 2; of++)
            if (reports[of].kind != REPORT_REJECTED || reports[of].rejection != REJECTION_BAD_MEMBER ||
                strcmp(reports[of].detail,
                       "session: must be BOOTID.N: 8 lower-case hexadecimal digits, a dot, and a number from "
                       "1 to 2147483647 without a leading zero") != 0)
                fail_msg("session %s: kind %d, %s", sessions[i], reports[of].kind, reports[of].detail);
    }
}

static void everything_else_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *topic, *payload;
        enum rejection rejection;
        const char *says;
    } examples[] = {
        {"fota/v1/lamp-1/other", "{}", REJECTION_BAD_TOPIC, "topic"},
        {"fota/v2/lamp-1/report", "{}", REJECTION_BAD_TOPIC, "topic"},
        {"", "{}", REJECTION_BAD_TOPIC, "topic"},
        {"fota/v1/lamp 1/report", "{}", REJECTION_BAD_TOPIC, "topic"},
        {"fota/v1//report", "{}", REJECTION_BAD_TOPIC, "topic"},
        {"fota/v1/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/report", "{}",
         REJECTION_BAD_TOPIC, "64"},
        {TOPIC, "", REJECTION_NOT_JSON, "object"},
        {TOPIC, "hello", REJECTION_NOT_JSON, "object"},
        {TOPIC, "[1]", REJECTION_NOT_JSON, "object"},
        {TOPIC, "{\"report\":\"hello\"} x", REJECTION_NOT_JSON, "object"},
        {TOPIC, "{\"report\":\"accepted\",\"campaign\":1,\"campaign\":2,\"attempt\":1}", REJECTION_NOT_JSON,
         "object"},
        {TOPIC, "{}", REJECTION_BAD_MEMBER, "report"},
        {TOPIC, "{\"report\":7}", REJECTION_BAD_MEMBER, "report"},
        {TOPIC, "{\"report\":\"offer\",\"campaign\":1,\"attempt\":1}", REJECTION_BAD_MEMBER, "report"},
        {TOPIC, "{\"report\":\"hello\"}", REJECTION_BAD_MEMBER, "version"},
        {TOPIC, "{\"report\":\"accepted\",\"campaign\":0,\"attempt\":1}", REJECTION_BAD_MEMBER, "campaign"},
        {TOPIC, "{\"report\":\"accepted\",\"campaign\":\"1\",\"attempt\":1}", REJECTION_BAD_MEMBER,
         "campaign"},
        {TOPIC, "{\"report\":\"accepted\",\"campaign\":9007199254740992,\"attempt\":1}", REJECTION_BAD_MEMBER,
         "campaign"},
        {TOPIC, "{\"report\":\"accepted\",\"campaign\":1,\"attempt\":32768}", REJECTION_BAD_MEMBER,
         "attempt"},
        {TOPIC, "{\"report\":\"downloading\",\"campaign\":1,\"attempt\":1,\"progress\":101}",
         REJECTION_BAD_MEMBER, "progress"},
        {TOPIC, "{\"report\":\"rejected\",\"campaign\":1,\"attempt\":1}", REJECTION_BAD_MEMBER, "reason"},
        {TOPIC, "{\"report\":\"rejected\",\"campaign\":1,\"attempt\":1,\"reason\":\"No way\"}",
         REJECTION_BAD_MEMBER, "reason"},
        {TOPIC, "{\"report\":\"confirmed\",\"campaign\":1,\"attempt\":1,\"nonce\":\"xyz\"}",
         REJECTION_BAD_MEMBER, "nonce"},
        {TOPIC,
         "{\"report\":\"reverted\",\"campaign\":1,\"attempt\":1,\"reason\":\"health_check\",\"version\":\"1."
         "0\"}",
         REJECTION_BAD_MEMBER, "version"},
        {TOPIC, HELLO ",\"result\":{\"report\":\"trial\",\"campaign\":1,\"attempt\":1}}",
         REJECTION_BAD_MEMBER, "result"},
        {TOPIC, HELLO ",\"device\":\"lamp-2\"}", REJECTION_DEVICE_MISMATCH, "device"},
        {TOPIC, HELLO ",\"device\":1}", REJECTION_DEVICE_MISMATCH, "device"},
        {"fota/v1/lamp-1/presence", "{\"online\":1}", REJECTION_BAD_MEMBER, "online"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        struct report report = parse(examples[i].topic, examples[i].payload);
        if (report.kind != REPORT_REJECTED || report.rejection != examples[i].rejection ||
            strstr(report.detail, examples[i].says) == NULL)
            fail_msg("%s on %s: kind %d, rejection %s, %s", examples[i].payload, examples[i].topic,
                     report.kind, rejection_name(report.rejection), report.detail);
    }
}

static void too_large_is_refused_unread(void **state)
{
    (void)state;
    enum { MEGABYTE = 1 << 20 };
    char *payload = malloc(MEGABYTE);
    assert_non_null(payload);
    memset(payload, ' ', MEGABYTE);
    struct report report;
    report_parse(TOPIC, payload, MEGABYTE, &report);
    assert_int_equal(report.rejection, REJECTION_TOO_LARGE);
    report_parse(TOPIC, payload, 2049, &report);
    assert_int_equal(report.rejection, REJECTION_TOO_LARGE);
    report_parse(TOPIC, payload, 2048, &report);
    assert_int_equal(report.rejection, REJECTION_NOT_JSON);
    free(payload);
}

static void a_zero_byte_is_no_json(void **state)
{
    (void)state;
    const char payload[] = "{\"report\":\"accepted\",\"campaign\":12\0,\"attempt\":1}";
    struct report report;
    report_parse(TOPIC, payload, sizeof payload - 1, &report);
    assert_int_equal(report.kind, REPORT_REJECTED);
    assert_int_equal(report.rejection, REJECTION_NOT_JSON);
}

/* The corpus that the agent's tests read too. */
/* docs/protocol.md, "JSON": the other side is tests/unit/agent/test_protocol.c. */
static void limits_of_json_are_those_of_the_protocol(void **state)
{
    (void)state;
    static const struct {
        const char *topic, *payload;
        enum rejection rejection;
    } cases[] = {
        {TOPIC, "{\"report\":\"accepted\",\"campaign\":1.0,\"attempt\":2}", REJECTION_BAD_MEMBER},
        {TOPIC, "{\"report\":\"accepted\",\"campaign\":1,\"attempt\":2e0}", REJECTION_BAD_MEMBER},
        {TOPIC, "{\"report\":\"accepted\",\"campaign\":\"1\",\"attempt\":2}", REJECTION_BAD_MEMBER},
        {TOPIC, "{\"report\":\"accepted\",\"campaign\":1,\"campaign\":1,\"attempt\":2}", REJECTION_NOT_JSON},
        {TOPIC, "\xEF\xBB\xBF{\"report\":\"accepted\",\"campaign\":1,\"attempt\":2}", REJECTION_NOT_JSON},
        {TOPIC, "{\"report\":\"accepted\",\"campaign\":1,\"attempt\":2,\"x\":\"\\u0000\"}",
         REJECTION_NOT_JSON},
        {TOPIC, "{\"report\":\"accepted\",\"campaign\":1,\"attempt\":2,\"x\":\"\xFF\"}", REJECTION_NOT_JSON},
        {TOPIC, "{\"report\":\"accepted\",\"device\":null,\"campaign\":1,\"attempt\":2}",
         REJECTION_DEVICE_MISMATCH},
        {TOPIC, HELLO ",\"session\":null}", REJECTION_BAD_MEMBER},
        {PRESENCE, "", REJECTION_NOT_JSON},
        {PRESENCE, "{\"online\":null}", REJECTION_BAD_MEMBER},
        {PRESENCE, "{}", REJECTION_BAD_MEMBER},
        {"fota/v1/lamp-1/nonsense", "{\"online\":true}", REJECTION_BAD_TOPIC},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct report report = parse(cases[i].topic, cases[i].payload);
        if (report.kind != REPORT_REJECTED || report.rejection != cases[i].rejection)
            fail_msg("%s: %s", cases[i].payload, report.detail);
    }
    struct report report = parse(TOPIC, "{\"report\":\"accepted\",\"campaign\":1,\"attempt\":2,\"x\":null}");
    assert_int_equal(report.kind, REPORT_TARGET);
}

static void the_golden_corpus_is_understood(void **state)
{
    (void)state;
    json_error_t where;
    json_t *corpus = json_load_file("tests/golden/reports.json", 0, &where);
    assert_non_null(corpus);
    assert_true(json_array_size(corpus) > 10);
    size_t index;
    json_t *example;
    json_array_foreach(corpus, index, example)
    {
        json_t *message = json_object_get(example, "message");
        char *text =
            json_is_string(message) ? strdup(json_string_value(message)) : json_dumps(message, JSON_COMPACT);
        struct report report;
        report_parse("fota/v1/lamp-00001/report", text, strlen(text), &report);
        bool valid = json_is_true(json_object_get(example, "valid"));
        if ((report.kind != REPORT_REJECTED) != valid)
            fail_msg("%s: %s %s", json_string_value(json_object_get(example, "name")),
                     rejection_name(report.rejection), report.detail);
        free(text);
    }
    json_decref(corpus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(confirmed_carries_its_proof),
        cmocka_unit_test(hello_carries_the_last_result),
        cmocka_unit_test(presence_is_read),
        cmocka_unit_test(results_name_their_attempt_and_session),
        cmocka_unit_test(hello_says_what_the_firmware_can),
        cmocka_unit_test(bad_nonces_and_capabilities_are_refused),
        cmocka_unit_test(hello_and_presence_name_their_session),
        cmocka_unit_test(a_bad_session_is_refused_in_both),
        cmocka_unit_test(everything_else_is_refused),
        cmocka_unit_test(too_large_is_refused_unread),
        cmocka_unit_test(a_zero_byte_is_no_json),
        cmocka_unit_test(limits_of_json_are_those_of_the_protocol),
        cmocka_unit_test(the_golden_corpus_is_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
