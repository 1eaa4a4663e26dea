/* Commands in, reports out, held against the corpus in tests/golden that the server's tests read too. */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "command.h"
#include "report.h"

static jsmntok_t tokens[JSON_TOKENS];
static char url[FOTA_URL_SIZE];

static json_t *load(const char *path)
{
    json_error_t error;
    json_t *corpus = json_load_file(path, 0, &error);

    if (corpus == NULL)
        fail_msg("%s:%d: %s (run from the project's root)", path, error.line, error.text);
    assert_true(json_array_size(corpus) > 10);
    return corpus;
}

static enum command_verdict read_text(struct command *command, const char *text)
{
    return command_read(command, text, (uint32_t)strlen(text), 2, url, tokens);
}

static void every_golden_command_is_judged_as_marked(void **state)
{
    json_t *corpus = load("tests/golden/commands.json");
    bool seen[COMMAND_REBOOT + 1] = {false};
    struct command command;
    size_t index;
    json_t *entry;

    (void)state;
    json_array_foreach(corpus, index, entry)
    {
        char *text = json_dumps(json_object_get(entry, "message"), JSON_COMPACT);
        enum command_verdict verdict = read_text(&command, text);
        if ((verdict == COMMAND_GOOD) != json_is_true(json_object_get(entry, "valid")))
            fail_msg("%s: verdict %d, fault %s", json_string_value(json_object_get(entry, "name")),
                     (int)verdict, command.fault);
        if (verdict == COMMAND_GOOD)
            seen[command.kind] = true;
        free(text);
    }
    for (int kind = 0; kind <= COMMAND_REBOOT; kind++)
        assert_true(seen[kind]);
    json_decref(corpus);
}

static void an_update_is_read_member_by_member(void **state)
{
    json_t *corpus = load("tests/golden/commands.json");
    char *text = json_dumps(json_object_get(json_array_get(corpus, 0), "message"), 0);
    struct command command;

    (void)state;
    assert_int_equal(read_text(&command, text), COMMAND_GOOD);
    assert_int_equal(command.kind, COMMAND_UPDATE);
    assert_true(command.campaign == 12);
    assert_int_equal(command.attempt, 1);
    assert_string_equal(command.nonce, "9f3c0a5be2d14477");
    assert_string_equal(command.version, "v1.1.0t45772(a)");
    assert_int_equal(command.images[1].size, 409600);
    assert_int_equal(command.images[1].sha256[31], 0xAB);
    assert_int_equal(command.images[0].sha256[0], 0x61);
    assert_non_null(strstr(url, "/v1/images/abab"));
    assert_int_equal(command_read(&command, text, (uint32_t)strlen(text), 1, url, tokens), COMMAND_GOOD);
    assert_non_null(strstr(url, "/v1/images/6161"));
    assert_int_equal(command.download_seconds, 450);
    assert_int_equal(command.confirm_seconds, 225);
    free(text);
    json_decref(corpus);
}

/* Release with free(). */
static char *message_of(json_t *corpus, const char *name)
{
    size_t index;
    json_t *entry;

    json_array_foreach(corpus, index, entry)
    {
        if (strcmp(json_string_value(json_object_get(entry, "name")), name) == 0)
            return json_dumps(json_object_get(entry, "message"), JSON_COMPACT);
    }
    fail_msg("the corpus has no %s", name);
    return NULL;
}

static void the_manifest_of_an_update_is_read(void **state)
{
    json_t *corpus = load("tests/golden/commands.json");
    char *text = message_of(corpus, "update with a manifest");
    struct command command;

    (void)state;
    assert_int_equal(read_text(&command, text), COMMAND_GOOD);
    assert_true(command.manifest.present);
    assert_true(command.manifest.sequence == 7);
    assert_string_equal(command.manifest.requires, "v1.0.0t45772(a)");
    assert_int_equal(command.manifest.signature_count, 2);
    assert_int_equal(command.manifest.signatures[0][0], 0xA1);
    assert_int_equal(command.manifest.signatures[1][63], 0xB2);
    free(text);
    text = message_of(corpus, "update with an unsigned manifest");
    assert_int_equal(read_text(&command, text), COMMAND_GOOD);
    assert_true(command.manifest.present);
    assert_true(command.manifest.sequence == UINT32_MAX);
    assert_string_equal(command.manifest.requires, "");
    assert_int_equal(command.manifest.signature_count, 0);
    free(text);
    text = message_of(corpus, "update with three signatures");
    assert_int_equal(read_text(&command, text), COMMAND_REFUSED);
    assert_string_equal(command.fault, "manifest");
    free(text);
    text = message_of(corpus, "update");
    assert_int_equal(read_text(&command, text), COMMAND_GOOD);
    assert_false(command.manifest.present);
    free(text);
    json_decref(corpus);
}

static void what_is_not_one_json_object_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        " ",
        "[]",
        "1",
        "{",
        "{}}",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{a:1}",
        "{\"a\":}",
        "{\"a\":01}",
        "{\"a\":1.}",
        "{\"a\":tru}",
        "{\"a\":\"\x01\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":[1,2}",
        "{\"a\":1 \"b\":2}",
        "{\"command\":\"report\"} x",
        "{\"a\":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]}",
    };
    struct command command;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (read_text(&command, texts[i]) != COMMAND_NOT_JSON)
            fail_msg("taken as JSON: %s", texts[i]);
    assert_int_equal(read_text(&command, " {\"command\" : \"re\\u0070ort\", \"x\":[1.5e-3,{},[],null]} "),
                     COMMAND_GOOD);
    assert_int_equal(command.kind, COMMAND_REPORT);
}

#define CANCEL(members) "{\"command\":\"cancel\"," members "}"

/* docs/protocol.md, "JSON": the other side is tests/unit/wire/test_report.c. */
static void limits_of_json_are_those_of_the_protocol(void **state)
{
    static const char zero_byte[] = "{\"command\":\"report\",\"x\":\"\0\"}";
    static const struct {
        const char *text;
        enum command_verdict verdict;
    } cases[] = {
        {CANCEL("\"campaign\":1,\"attempt\":2"), COMMAND_GOOD},
        {CANCEL("\"campaign\":1.0,\"attempt\":2"), COMMAND_DROPPED},
        {CANCEL("\"campaign\":1,\"attempt\":2e0"), COMMAND_DROPPED},
        {CANCEL("\"campaign\":\"1\",\"attempt\":2"), COMMAND_DROPPED},
        {"\xEF\xBB\xBF{\"command\":\"report\"}", COMMAND_NOT_JSON},
        {"{\"command\":\"rep\\u0000ort\"}", COMMAND_DROPPED},
        {"{\"command\":null}", COMMAND_DROPPED},
        {"{\"command\":\"report\",\"x\":null}", COMMAND_GOOD},
    };
    struct command command;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (read_text(&command, cases[i].text) != cases[i].verdict)
            fail_msg("%s", cases[i].text);
    assert_int_equal(command_read(&command, zero_byte, sizeof zero_byte - 1, 2, url, tokens),
                     COMMAND_NOT_JSON);
    /* Of two members with one name the first counts. */
    assert_int_equal(read_text(&command, CANCEL("\"campaign\":1,\"campaign\":9,\"attempt\":2")),
                     COMMAND_GOOD);
    assert_true(command.campaign == 1);
}

static void messages_have_a_largest_size(void **state)
{
    static char text[FOTA_MESSAGE_SIZE + 2];
    struct command command;

    (void)state;
    memset(text, ' ', sizeof text - 1);
    memcpy(text, "{\"command\":\"report\"}", 20);
    assert_int_equal(command_read(&command, text, FOTA_MESSAGE_SIZE, 2, url, tokens), COMMAND_GOOD);
    assert_int_equal(command_read(&command, text, FOTA_MESSAGE_SIZE + 1, 2, url, tokens), COMMAND_TOO_LARGE);
}

static void a_damaged_command_never_crashes_the_reader(void **state)
{
    json_t *corpus = load("tests/golden/commands.json");
    char *text = message_of(corpus, "update with a manifest");
    size_t length = strlen(text);
    struct command command;

    (void)state;
    for (size_t i = 0; i < length; i++) {
        char kept = text[i];
        assert_int_not_equal(command_read(&command, text, (uint32_t)i, 2, url, tokens), COMMAND_GOOD);
        for (int damage = 1; damage < 256; damage *= 2) {
            text[i] = (char)(kept ^ damage);
            (void)command_read(&command, text, (uint32_t)length, 2, url, tokens);
        }
        text[i] = kept;
    }
    free(text);
    json_decref(corpus);
}

/* --- reports ---------------------------------------------------------------------------------------- */

static const uint8_t sha256[FOTA_SHA256_SIZE] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\x61";

static struct boot_result result_of(enum report_kind kind, enum fota_reason reason, const char *version,
                                    int slot)
{
    struct boot_result result = {.campaign = 12,
                                 .attempt = 1,
                                 .kind = (uint8_t)kind,
                                 .reason = (uint8_t)reason,
                                 .slot = (uint8_t)slot};
    memcpy(result.nonce, "9f3c0a5be2d14477", sizeof result.nonce);
    memcpy(result.sha256, sha256, sizeof result.sha256);
    memcpy(result.version, version, strlen(version));
    return result;
}

static void expect(const char *name, const char *text, uint32_t length)
{
    json_t *corpus = load("tests/golden/reports.json");
    json_t *written = json_loadb(text, length, 0, NULL);
    json_t *entry;
    size_t index;
    bool found = false;

    assert_non_null(written);
    json_array_foreach(corpus, index, entry)
    {
        if (strcmp(json_string_value(json_object_get(entry, "name")), name) != 0)
            continue;
        found = true;
        if (!json_equal(json_object_get(entry, "message"), written))
            fail_msg("%s: written as %s", name, text);
    }
    assert_true(found);
    json_decref(written);
    json_decref(corpus);
}

static const struct boot_attempt in_work = {.campaign = 12, .attempt = 1, .nonce = "9f3c0a5be2d14477"};
static const struct fota_session no_session;

static void every_report_is_written_as_in_the_corpus(void **state)
{
    static char text[FOTA_REPORT_SIZE + 1];
    const struct fota_session session = {{0x9F, 0x3C, 0x0A, 0x5B}, 3};
    struct report_running running = {
        .version = "v1.1.0t45772(a)", .slot = 2, .sha256 = sha256, .reset_reason = RESET_POWER_ON};
    struct boot_result confirmed = result_of(REPORT_CONFIRMED, REASON_NONE, "v1.1.0t45772(a)", 2);
    struct boot_result rejected = result_of(REPORT_REJECTED, REASON_BUSY, "", 0);
    struct boot_result failed = result_of(REPORT_FAILED, REASON_HASH_MISMATCH, "", 0);
    struct boot_result reverted = result_of(REPORT_REVERTED, REASON_HEALTH_CHECK, "v1.0.5t45772(a)", 1);
    struct boot_result cancelled = result_of(REPORT_CANCELLED, REASON_NONE, "", 0);

    (void)state;
    expect("hello", text, report_hello(text, &running, NULL, NULL, NULL, NULL));
    running.flash_kb = 4096;
    running.flash_map = "1024+1024";
    expect("hello with its flash map", text, report_hello(text, &running, NULL, NULL, NULL, NULL));
    running.flash_map = NULL;
    running.session = session;
    expect("hello with a session", text, report_hello(text, &running, NULL, NULL, NULL, NULL));
    running.session = (struct fota_session){{0}, FOTA_SESSION_NUMBER_MAX};
    expect("hello with the last number of a session", text,
           report_hello(text, &running, NULL, NULL, NULL, NULL));
    running.session.number = 0;
    running.reset_reason = RESET_SOFTWARE;
    expect("hello with a result", text, report_hello(text, &running, NULL, NULL, &confirmed, NULL));
    expect("hello with a failed result", text, report_hello(text, &running, NULL, NULL, &failed, NULL));
    expect("hello between two trials", text, report_hello(text, &running, "retrial", &in_work, NULL, NULL));
    running.on_trial = true;
    expect("hello on trial", text, report_hello(text, &running, "trial", &in_work, NULL, NULL));
    expect("accepted", text, report_progress(text, REPORT_ACCEPTED, 12, 1, 0, RESET_SOFTWARE));
    expect("downloading", text, report_progress(text, REPORT_DOWNLOADING, 12, 1, 40, RESET_SOFTWARE));
    expect("installed", text, report_progress(text, REPORT_INSTALLED, 12, 1, 0, RESET_SOFTWARE));
    expect("trial", text, report_progress(text, REPORT_TRIAL, 12, 1, 0, RESET_SOFTWARE));
    expect("confirmed", text, report_result(text, &confirmed, &no_session));
    expect("rejected", text, report_result(text, &rejected, &no_session));
    expect("failed", text, report_result(text, &failed, &no_session));
    expect("failed with its session", text, report_result(text, &failed, &session));
    expect("reverted", text, report_result(text, &reverted, &no_session));
    expect("cancelled", text, report_result(text, &cancelled, &no_session));
}

static void hello_says_the_result_and_the_last_one(void **state)
{
    static char text[FOTA_REPORT_SIZE + 1];
    struct report_running running = {
        .version = "v1.1.0t45772(a)", .slot = 2, .sha256 = sha256, .reset_reason = RESET_SOFTWARE};
    struct boot_result last = result_of(REPORT_CONFIRMED, REASON_NONE, "v1.1.0t45772(a)", 2);
    struct boot_result result = result_of(REPORT_FAILED, REASON_HASH_MISMATCH, "", 0);

    (void)state;
    memcpy(last.nonce, "0123456789abcdef", sizeof last.nonce);
    result.attempt = 2;
    expect("hello with a result and the last one", text,
           report_hello(text, &running, NULL, NULL, &result, &last));
}

/* What an older agent wrote has no nonce but in confirmed. */
static void a_nonce_that_is_not_known_is_left_out(void **state)
{
    static char text[FOTA_REPORT_SIZE + 1];
    struct boot_result rejected = result_of(REPORT_REJECTED, REASON_BUSY, "", 0);
    struct boot_result failed = result_of(REPORT_FAILED, REASON_HASH_MISMATCH, "", 0);
    struct boot_result reverted = result_of(REPORT_REVERTED, REASON_HEALTH_CHECK, "v1.0.5t45772(a)", 1);
    struct boot_result cancelled = result_of(REPORT_CANCELLED, REASON_NONE, "", 0);
    struct boot_result *const results[] = {&rejected, &failed, &reverted, &cancelled};
    static const char *const names[] = {"rejected of an older device", "failed of an older device",
                                        "reverted of an older device", "cancelled of an older device"};

    (void)state;
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        memset(results[i]->nonce, 0, sizeof results[i]->nonce);
        expect(names[i], text, report_result(text, results[i], &no_session));
    }
}

/* One that did not fit would be cut off, and be no JSON. */
static void the_longest_report_fits(void **state)
{
    static const enum report_kind ends[] = {REPORT_CONFIRMED, REPORT_REVERTED};
    static char text[FOTA_REPORT_SIZE + 1], version[BOOT_VERSION_SIZE];
    struct report_running running = {.version = version,
                                     .slot = 2,
                                     .sha256 = sha256,
                                     .reset_reason = RESET_DEEP_SLEEP,
                                     .session = {{0}, FOTA_SESSION_NUMBER_MAX},
                                     .flash_kb = 16384,
                                     .flash_map = "1024+1024"};
    struct boot_attempt attempt = in_work;
    uint32_t longest = 0;

    (void)state;
    memset(version, '9', sizeof version - 1);
    attempt.campaign = FOTA_CAMPAIGN_MAX;
    attempt.attempt = FOTA_ATTEMPT_MAX;
    for (size_t i = 0; i < 4; i++) {
        struct boot_result result = result_of(ends[i % 2], REASON_NO_PREVIOUS_IMAGE, version, 2);
        result.campaign = FOTA_CAMPAIGN_MAX;
        result.attempt = (uint16_t)FOTA_ATTEMPT_MAX;
        struct boot_result last = result;
        last.kind = (uint8_t)ends[i / 2];
        uint32_t length = report_hello(text, &running, "downloading", &attempt, &result, &last);
        longest = length > longest ? length : longest;
        json_t *report = json_loadb(text, length, 0, NULL);
        assert_non_null(report);
        assert_non_null(json_object_get(json_object_get(report, "last"), "sha256"));
        json_decref(report);
    }
    assert_true(longest < FOTA_REPORT_SIZE);
    assert_true(longest <= FOTA_MESSAGE_SIZE);
}

/* The largest members: a device of the longest id has it in both URLs. */
static uint32_t largest_command(char *text, uint32_t size, const char *kind, const char *sha256_member)
{
    char target[401], id[65], long_version[BOOT_VERSION_SIZE], signature[129];

    memset(id, 'i', sizeof id - 1);
    memset(target, 'u', sizeof target - 1);
    memset(signature, 'a', sizeof signature - 1);
    id[64] = target[400] = signature[128] = '\0';
    (void)snprintf(long_version, sizeof long_version, "1.4.0-%045dt99999999(a)", 0);
    long_version[6] = 'a'; /* digits alone would not begin with 0 */
    memcpy(target, "http://h/v1/images/", 19);
    memcpy(target + 30, "?device=", 8);
    memcpy(target + 38, id, 64);
    assert_int_equal(strlen(long_version), BOOT_VERSION_SIZE - 1);
    int length = snprintf(
        text, size,
        "{\"command\":\"%s\",\"campaign\":%llu,\"attempt\":%u,\"nonce\":\"9f3c0a5be2d14477\",\"version\":\"%s\",%s"
        "\"images\":{\"1\":{\"url\":\"%s\",\"size\":4294967295,\"sha256\":\"%.64s\"},"
        "\"2\":{\"url\":\"%s\",\"size\":4294967295,\"sha256\":\"%.64s\"}},"
        "\"manifest\":{\"sequence\":4294967295,\"requires\":\"%s\",\"signatures\":[\"%s\",\"%s\"]},"
        "\"download_seconds\":2147483647,\"confirm_seconds\":2147483647}",
        kind, (unsigned long long)FOTA_CAMPAIGN_MAX, FOTA_ATTEMPT_MAX, long_version, sha256_member, target,
        signature, target, signature, long_version, signature, signature);
    assert_true(length > 0 && (uint32_t)length < size);
    return (uint32_t)length;
}

/* Four tokens are left for what may come. */
static void the_largest_commands_are_read(void **state)
{
    static char text[2 * FOTA_MESSAGE_SIZE];
    struct command command;
    struct json json;

    (void)state;
    for (int kind = COMMAND_UPDATE; kind <= COMMAND_ROLLBACK; kind++) {
        uint32_t length = largest_command(
            text, sizeof text, command_kind_name((enum command_kind)kind),
            kind == COMMAND_UPDATE
                ? ""
                : "\"sha256\":\"6161616161616161616161616161616161616161616161616161616161616161\",");
        assert_true(length <= FOTA_MESSAGE_SIZE);
        assert_true(message_parse(&json, text, length, tokens));
        assert_true(json.count <= 60);
        assert_int_equal(command_read(&command, text, length, 2, url, tokens), COMMAND_GOOD);
        assert_int_equal(command.kind, kind);
        assert_int_equal(strlen(url), FOTA_URL_SIZE - 1);
        assert_int_equal(command.manifest.signature_count, 2);
        assert_int_equal(strlen(command.manifest.requires), BOOT_VERSION_SIZE - 1);
    }
}

static void cancel_and_ack_may_have_a_nonce(void **state)
{
    static const char *const names[] = {"cancel", "ack"};
    json_t *corpus = load("tests/golden/commands.json");
    struct command command;
    char name[40];

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *text = message_of(corpus, names[i]);
        assert_int_equal(read_text(&command, text), COMMAND_GOOD);
        assert_string_equal(command.nonce, "");
        free(text);
        (void)snprintf(name, sizeof name, "%s with a nonce", names[i]);
        text = message_of(corpus, name);
        assert_int_equal(read_text(&command, text), COMMAND_GOOD);
        assert_string_equal(command.nonce, "9f3c0a5be2d14477");
        free(text);
        /* It would be taken for every attempt of that number: nothing is done, nor answered. */
        (void)snprintf(name, sizeof name, "%s with a short nonce", names[i]);
        text = message_of(corpus, name);
        assert_int_equal(read_text(&command, text), COMMAND_DROPPED);
        assert_string_equal(command.fault, "nonce");
        free(text);
    }
    json_decref(corpus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_manifest_of_an_update_is_read),
        cmocka_unit_test(every_golden_command_is_judged_as_marked),
        cmocka_unit_test(an_update_is_read_member_by_member),
        cmocka_unit_test(what_is_not_one_json_object_is_refused),
        cmocka_unit_test(limits_of_json_are_those_of_the_protocol),
        cmocka_unit_test(messages_have_a_largest_size),
        cmocka_unit_test(a_damaged_command_never_crashes_the_reader),
        cmocka_unit_test(every_report_is_written_as_in_the_corpus),
        cmocka_unit_test(hello_says_the_result_and_the_last_one),
        cmocka_unit_test(a_nonce_that_is_not_known_is_left_out),
        cmocka_unit_test(the_longest_report_fits),
        cmocka_unit_test(the_largest_commands_are_read),
        cmocka_unit_test(cancel_and_ack_may_have_a_nonce),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
