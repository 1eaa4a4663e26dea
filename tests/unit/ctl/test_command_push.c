/* orchestratorctl device push, against servers of this test in the places of orchestrator and device: what
 * each of them is asked, and what is said of it. */
#include "digest.h"
#include "http_script.h"
#include "run_words.h"

#define V1 "v1.0.5t45772(a)"
#define V2 "v1.1.0t45772(a)"
#define IMAGE "the image of slot 2"
#define DIGITS "0123456789abcdef0123456789abcdef"
#define GOOD "200 {\"status\":\"200\"}"
#define SLOT(n) "200 {\"user_info\":{\"status\":\"200\",\"user_bin\":\"user" n ".bin\"}}"
#define DEVICE(version, slot, boot, at)                                                                      \
    "200 {\"id\":\"one\",\"ptype\":45772,\"product\":\"lamp\",\"version\":\"" version "\",\"slot\":" slot    \
    ",\"boot\":\"" boot "\",\"reported_at\":\"2026-01-01T00:00:0" at "Z\"}"
#define BEFORE DEVICE(V1, "1", "confirmed", "0")
#define PRODUCT "200 {\"max_version\":null,\"require_signature\":false}"

static struct script server, device;
static char firmware[4096], address[64];

/* A release with these members beside its images. */
static const char *release(const char *members)
{
    char sha256[SHA256_HEX_SIZE];
    digest_sha256(IMAGE, sizeof IMAGE - 1, sha256);
    snprintf(firmware, sizeof firmware,
             "200 {\"version\":\"" V2 "\",%s,\"images\":[{\"slot\":1,\"size\":7,\"sha256\":\"" DIGITS DIGITS
             "\"},{\"slot\":2,\"size\":19,\"sha256\":\"%s\"}]}",
             members, sha256);
    return firmware;
}

#define PLAIN "\"sequence\":7,\"requires\":null,\"signatures\":[]"

static void given(const char *const *of_server, const char *const *of_device)
{
    start(&server, of_server);
    start(&device, of_device);
    connected = client_create(server.url, "secret");
    snprintf(address, sizeof address, "%.*s", (int)strcspn(device.url + 7, "/"), device.url + 7);
}

/* What was written down for both was asked for. */
static void then_it_ends(void)
{
    stop(&server);
    stop(&device);
    client_destroy(connected);
    connected = NULL;
}

#define PUSH(...)                                                                                            \
    run((int)(sizeof((const char *[]){"ctl", "device", "push", __VA_ARGS__}) / sizeof(char *)),              \
        (const char *[]){"ctl", "device", "push", __VA_ARGS__})
#define PUSH_ONE(...) PUSH("one", "--to", V2, "--address", address, __VA_ARGS__)

static void assert_says(const char *text, const char *wanted)
{
    if (strstr(text, wanted) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", text, wanted);
}

static const char *const nothing[] = {NULL};

static void a_release_is_pushed_and_confirmed(void **state)
{
    (void)state;
    const char *of_server[] = {
        BEFORE,
        release("\"sequence\":7,\"requires\":\"" V1 "\",\"signatures\":["
                "{\"valid\":false,\"signature\":\"aa\"},{\"valid\":true,\"signature\":\"bb\"},"
                "{\"valid\":true,\"signature\":\"cc\"},{\"valid\":true,\"signature\":\"dd\"}]"),
        PRODUCT,
        "200 " IMAGE,
        BEFORE,
        BEFORE,
        DEVICE(V2, "2", "trial", "1"),
        DEVICE(V2, "2", "confirmed", "1"),
        NULL};
    static const char *const of_device[] = {SLOT("1"), GOOD, GOOD, GOOD, NULL};
    given(of_server, of_device);
    assert_int_equal(PUSH_ONE("--wait", "60"), EXIT_DONE);
    then_it_ends();
    assert_string_equal(printed, "device one runs " V2 " in slot 2, and has confirmed it\n");
    assert_string_equal(complaints, "");
    const char *body = strstr(device.requests[1], "\r\n\r\n");
    json_t *command = json_loads(body + 4, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(command, "command")), "update");
    assert_string_equal(json_string_value(json_object_get(command, "version")), V2);
    assert_int_equal(strlen(json_string_value(json_object_get(command, "nonce"))), 16);
    assert_int_equal(json_integer_value(json_object_get(command, "campaign")), 1);
    assert_int_equal(json_integer_value(json_object_get(command, "attempt")), 1);
    json_t *wanted = json_pack("{si ss s[ss]}", "sequence", 7, "requires", V1, "signatures", "bb", "cc");
    assert_true(json_equal(json_object_get(command, "manifest"), wanted));
    json_t *first = json_pack("{ss si ss}", "url", "http://local/", "size", 7, "sha256", DIGITS DIGITS);
    assert_true(json_equal(json_object_get(json_object_get(command, "images"), "1"), first));
    json_decref(first);
    json_decref(wanted);
    json_decref(command);
    assert_says(device.requests[2], "POST /upgrade?command=image ");
    assert_says(device.requests[2], "\r\n\r\n" IMAGE);
    assert_says(device.requests[3], "POST /upgrade?command=reset ");
}

static void a_document_says_how_it_ended(void **state)
{
    (void)state;
    /* The trial was too short to be seen; the report is newer. */
    const char *of_server[] = {
        BEFORE, release(PLAIN), PRODUCT, "200 " IMAGE, BEFORE, BEFORE, DEVICE(V1, "1", "confirmed", "3"),
        NULL};
    static const char *const of_device[] = {SLOT("1"), GOOD, GOOD, "", NULL}; /* the restart was quicker */
    given(of_server, of_device);
    assert_int_equal(PUSH_ONE("--json"), EXIT_REFUSED);
    then_it_ends();
    json_t *found = json_loads(printed, 0, NULL);
    json_t *wanted = json_pack("{ss ss si ss ss}", "device", "one", "version", V2, "slot", 2, "state",
                               "reverted", "runs", V1);
    assert_true(json_equal(found, wanted));
    json_decref(wanted);
    json_decref(found);
    assert_says(complaints, "device one runs " V1 ": it did not confirm " V2);
}

/* A report that comes just before the restart is not taken for one that came after it. */
static void a_late_report_proves_nothing(void **state)
{
    (void)state;
    const char *of_server[] = {BEFORE,
                               release(PLAIN),
                               PRODUCT,
                               "200 " IMAGE,
                               DEVICE(V1, "1", "confirmed", "1"),
                               DEVICE(V1, "1", "confirmed", "1"),
                               DEVICE(V1, "1", "confirmed", "1"),
                               DEVICE(V2, "2", "confirmed", "2"),
                               NULL};
    static const char *const of_device[] = {SLOT("1"), GOOD, GOOD, GOOD, NULL};
    given(of_server, of_device);
    assert_int_equal(PUSH_ONE("--wait", "60"), EXIT_DONE);
    then_it_ends();
}

/* An inventory that had the version already is believed when it has been told anew. */
static void a_stale_inventory_proves_nothing(void **state)
{
    (void)state;
    const char *of_server[] = {DEVICE(V2, "1", "confirmed", "0"),
                               release(PLAIN),
                               PRODUCT,
                               "200 " IMAGE,
                               DEVICE(V2, "1", "confirmed", "0"),
                               DEVICE(V2, "1", "confirmed", "0"),
                               DEVICE(V2, "2", "confirmed", "2"),
                               NULL};
    static const char *const of_device[] = {SLOT("1"), GOOD, GOOD, GOOD, NULL};
    given(of_server, of_device);
    assert_int_equal(PUSH_ONE("--wait", "60"), EXIT_DONE);
    then_it_ends();
}

/* It waits for the push that was broken off: the image alone is what it takes then. */
static void what_was_broken_off_is_gone_on_with(void **state)
{
    (void)state;
    const char *of_server[] = {
        BEFORE, release(PLAIN), PRODUCT, "200 " IMAGE, BEFORE, DEVICE(V2, "2", "confirmed", "1"), NULL};
    static const char *const of_device[] = {SLOT("1"), "503 {\"status\":\"503\",\"reason\":\"busy\"}", GOOD,
                                            GOOD, NULL};
    given(of_server, of_device);
    assert_int_equal(PUSH_ONE("--wait", "60"), EXIT_DONE);
    then_it_ends();
    assert_says(device.requests[2], "POST /upgrade?command=image ");
}

static void what_is_busy_is_asked_again(void **state)
{
    (void)state;
#define BUSY "503 {\"status\":\"503\",\"reason\":\"busy\"}"
    const char *of_server[] = {
        BEFORE, release(PLAIN), PRODUCT, "200 " IMAGE, BEFORE, DEVICE(V2, "2", "confirmed", "1"), NULL};
    static const char *const of_device[] = {
        SLOT("1"), BUSY, "409 {\"status\":\"409\",\"reason\":\"say start first\"}", GOOD, GOOD, GOOD, NULL};
    given(of_server, of_device);
    assert_int_equal(PUSH_ONE("--wait", "60"), EXIT_DONE);
    then_it_ends();
    assert_says(device.requests[3], "POST /upgrade?command=start ");
    assert_says(device.requests[4], "POST /upgrade?command=image ");
}

static void refusals_end_it(void **state)
{
    (void)state;
    const char *of_server[] = {BEFORE, release(PLAIN), PRODUCT, "200 " IMAGE, NULL};
    static const char *const at_start[] = {SLOT("1"), "409 {\"status\":\"409\",\"reason\":\"battery_low\"}",
                                           NULL};
    static const char *const at_image[] = {SLOT("1"), GOOD,
                                           "409 {\"status\":\"409\",\"reason\":\"flash_error\"}", NULL};
    given(of_server, at_start);
    assert_int_equal(PUSH_ONE("--json"), EXIT_REFUSED);
    then_it_ends();
    assert_says(complaints, "device one does not take " V2 ": its battery is low (battery_low)\n");
    assert_string_equal(printed, "");
    given(of_server, at_image);
    assert_int_equal(PUSH_ONE("--json"), EXIT_REFUSED);
    then_it_ends();
    assert_says(complaints, "its flash could not be read or written (flash_error)\n");
}

/* Nothing is sent to any device. */
static void what_does_not_fit_is_said_before(void **state)
{
    (void)state;
    struct {
        const char *answers[4], *words;
    } cases[] = {
        {{"404 {\"error\":{\"code\":\"not_found\",\"message\":\"no such device\",\"field\":\"\"}}"},
         "no device has the id one"},
        {{"200 {\"id\":\"one\",\"ptype\":7}"}, "device one is of ptype 7, " V2 " is for another"},
        {{BEFORE, "404 {\"error\":{\"code\":\"not_found\",\"message\":\"no such firmware\",\"field\":\"\"}}"},
         V2 " was never uploaded"},
        {{BEFORE, "200 {\"requires\":\"v1.0.9t45772(a)\"}"},
         "device one runs " V1 ", and " V2 " may only follow v1.0.9t45772(a) or a later version"},
        {{"200 {\"ptype\":45772,\"version\":null}", "200 {\"requires\":\"v1.0.9t45772(a)\"}"},
         "it is not known what device one runs"},
        {{BEFORE, "200 {\"signatures\":[{\"valid\":false}]}", "200 {\"require_signature\":true}"},
         "product lamp requires signed releases"},
        {{BEFORE, "200 {\"signatures\":[]}", "200 {\"max_version\":\"v1.0.9\"}"},
         "product lamp takes no release above v1.0.9"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        given(cases[i].answers, nothing);
        assert_int_equal(PUSH_ONE("--json"), EXIT_REFUSED);
        then_it_ends();
        assert_says(complaints, cases[i].words);
        assert_string_equal(printed, "");
    }
    given(nothing, nothing);
    assert_int_equal(PUSH("one", "--to", "v1.1.0t45772(o)", "--address", address), EXIT_REFUSED);
    assert_says(complaints, "v1.1.0t45772(o) is of class o, which is not for upgrades over the LAN");
    assert_int_equal(PUSH("one", "--to", V2, "--address", "lamp"), EXIT_USAGE);
    assert_says(complaints, "--address is \"lamp\"; allowed is HOST:PORT");
    assert_int_equal(PUSH("one", "--to", V2), EXIT_USAGE);
    assert_says(complaints, "--address is missing");
    assert_int_equal(PUSH("one", "--address", "a:1"), EXIT_USAGE);
    assert_says(complaints, "--to is missing");
    assert_int_equal(PUSH("one/two", "--to", V2, "--address", "a:1"), EXIT_USAGE);
    assert_int_equal(PUSH("one", "--to", "v1", "--address", "a:1"), EXIT_USAGE);
    assert_int_equal(PUSH("one", "--to", V2, "--address", "a:1", "--wait", "0"), EXIT_USAGE);
    then_it_ends();
}

static void another_device_is_not_written_to(void **state)
{
    (void)state;
    static const char *const of_device[] = {SLOT("2"), NULL};
    const char *of_server[] = {BEFORE, release(PLAIN), PRODUCT, NULL};
    given(of_server, of_device);
    assert_int_equal(PUSH_ONE("--json"), EXIT_REFUSED);
    then_it_ends();
    assert_says(complaints, "runs slot 2, but device one runs slot 1: is it the address of another device?");
}

static void a_wrong_image_is_not_pushed(void **state)
{
    (void)state;
    static const char *const of_device[] = {SLOT("1"), NULL};
    const char *of_server[] = {BEFORE, release(PLAIN), PRODUCT, "200 another image", NULL};
    given(of_server, of_device);
    assert_int_equal(PUSH_ONE("--json"), EXIT_REFUSED);
    then_it_ends();
    assert_says(complaints, "user2.bin of " V2 " came from the server with another SHA-256");
}

static void who_does_not_answer_is_unreachable(void **state)
{
    (void)state;
    static const char *const of_device[] = {"", NULL};
    const char *of_server[] = {BEFORE, release(PLAIN), PRODUCT, NULL};
    given(of_server, of_device);
    assert_int_equal(PUSH_ONE("--json"), EXIT_UNREACHABLE);
    then_it_ends();
    assert_says(complaints, "no answer from 127.0.0.1:");
    static const char *const silent[] = {"", NULL};
    given(silent, nothing);
    assert_int_equal(PUSH_ONE("--json"), EXIT_UNREACHABLE);
    then_it_ends();
    assert_says(complaints, "cannot reach the orchestrator");
}

static int tear_down(void **state)
{
    (void)state;
    free(printed);
    free(complaints);
    printed = complaints = NULL;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_release_is_pushed_and_confirmed, tear_down),
        cmocka_unit_test_teardown(a_document_says_how_it_ended, tear_down),
        cmocka_unit_test_teardown(a_late_report_proves_nothing, tear_down),
        cmocka_unit_test_teardown(a_stale_inventory_proves_nothing, tear_down),
        cmocka_unit_test_teardown(what_was_broken_off_is_gone_on_with, tear_down),
        cmocka_unit_test_teardown(what_is_busy_is_asked_again, tear_down),
        cmocka_unit_test_teardown(refusals_end_it, tear_down),
        cmocka_unit_test_teardown(what_does_not_fit_is_said_before, tear_down),
        cmocka_unit_test_teardown(another_device_is_not_written_to, tear_down),
        cmocka_unit_test_teardown(a_wrong_image_is_not_pushed, tear_down),
        cmocka_unit_test_teardown(who_does_not_answer_is_unreachable, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
