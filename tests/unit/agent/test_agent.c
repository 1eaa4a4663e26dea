/* The whole agent on simulated flash with a scripted server: updates, downloads that break, results that are
 * kept, and a power cut at every flash operation of an update. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot_loader.h"
#include "flash.h"
#include "fota_agent.h"
#include "sample_image.h"

#define MAPPED 8192u
#define SEGMENT 2048u

struct world {
    struct sector_store *store;
    struct flash flash;
    struct fota_platform platform;
    struct fota_agent agent;
    uint64_t now;
    uint8_t image[2][MAPPED + SEGMENT + 64]; /* what the server has for each slot */
    uint32_t length;
    char sha256[2][65];
    uint32_t advertised;  /* content length the server claims */
    uint32_t break_after; /* bytes until the next break; 0: none */
    bool ignores_range;
    bool http_wanted, reboot_wanted, health_wanted, healthy;
    enum fota_http_method method;
    uint32_t first_byte;
    uint32_t gets, resumed_at, images_written;
    char reports[16384]; /* all reports, one a line */
};

static struct world world;

static bool port_read(void *context, uint32_t address, void *bytes, uint32_t length)
{
    (void)context;
    return flash_read(&world.flash, address, bytes, length);
}

static bool port_erase(void *context, uint32_t address)
{
    const struct fota_flash_map *map = world.platform.map;
    (void)context;
    /* The slot that runs is never erased. */
    uint32_t start = map->slot_address[world.agent.running_slot - 1];
    assert_false(address >= start && address < start + map->slot_size);
    return flash_erase(&world.flash, address);
}

static bool port_program(void *context, uint32_t address, const void *bytes, uint32_t length)
{
    (void)context;
    return flash_program(&world.flash, address, bytes, length);
}

static bool port_http_start(void *context, enum fota_http_method method, const char *url, uint32_t first_byte)
{
    (void)context;
    assert_string_equal(url, "http://h/i");
    world.http_wanted = true;
    world.method = method;
    world.first_byte = first_byte;
    return true;
}

static void port_http_stop(void *context)
{
    (void)context;
    world.http_wanted = false;
}

static void port_publish(void *context, const char *report, uint32_t length)
{
    size_t used = strlen(world.reports);
    (void)context;
    assert_true(used + length + 2 < sizeof world.reports);
    (void)snprintf(world.reports + used, sizeof world.reports - used, "%.*s\n", (int)length, report);
}

static void port_health(void *context)
{
    (void)context;
    world.health_wanted = true;
}

static void port_reboot(void *context)
{
    (void)context;
    world.reboot_wanted = true;
}

static void port_happened(void *context, enum fota_happening what, uint64_t campaign, uint32_t attempt)
{
    (void)context;
    (void)campaign;
    (void)attempt;
    world.images_written += what == FOTA_IMAGE_WRITTEN;
}

static const struct fota_port port = {
    .flash_read = port_read,
    .flash_erase = port_erase,
    .flash_program = port_program,
    .http_start = port_http_start,
    .http_stop = port_http_stop,
    .publish = port_publish,
    .check_health = port_health,
    .reboot = port_reboot,
    .happened = port_happened,
};

static void step(struct fota_event event)
{
    fota_agent_step(&world.agent, world.now, &event);
}

static void boot(enum reset_reason reason)
{
    int slot = boot_loader_run(&world.platform);
    struct fota_setup setup = {slot, reason, "v1.0.5t45772(a)", 1};

    assert_int_not_equal(slot, 0); /* whatever happened: something whole boots */
    world.http_wanted = world.reboot_wanted = world.health_wanted = false;
    world.agent.running_slot = slot;
    fota_agent_start(&world.agent, &world.platform, &setup, world.now);
    step((struct fota_event){.type = FOTA_EVENT_CONNECTED});
}

static void answer_http(void)
{
    int slot = agent_fsm_allows(world.agent.state, AGENT_CANCEL) ? world.agent.download.slot : 1;
    uint32_t start = world.ignores_range ? 0 : world.first_byte;
    struct fota_event event = {.type = FOTA_EVENT_HTTP_HEADERS};

    world.http_wanted = false;
    world.gets += world.method == FOTA_HTTP_GET;
    if (world.first_byte > 0)
        world.resumed_at = world.first_byte;
    event.http = (struct download_headers){.status = start > 0 ? 206 : 200,
                                           .content_length = world.advertised - start,
                                           .range_first = start,
                                           .range_total = world.advertised};
    step(event);
    uint32_t end = world.length;
    if (world.break_after != 0 && start + world.break_after < end)
        end = start + world.break_after;
    if (world.method == FOTA_HTTP_GET && !world.http_wanted)
        step((struct fota_event){.type = FOTA_EVENT_HTTP_DATA,
                                 .bytes = (const char *)world.image[slot - 1] + start,
                                 .length = end - start});
    step((struct fota_event){.type = FOTA_EVENT_HTTP_END});
}

/* Runs until nothing happens by itself for `seconds`. */
static void run(uint32_t seconds)
{
    uint64_t end = world.now + (uint64_t)seconds * 1000;

    while (world.now <= end && world.flash.cut_at == 0) {
        uint64_t wake = fota_agent_wake_at(&world.agent);
        if (world.reboot_wanted) {
            boot(RESET_SOFTWARE);
        } else if (world.http_wanted) {
            answer_http();
        } else if (world.health_wanted) {
            world.health_wanted = false;
            step((struct fota_event){.type = FOTA_EVENT_HEALTH, .healthy = world.healthy});
        } else {
            if (wake > end)
                break;
            world.now = wake > world.now ? wake : world.now;
            step((struct fota_event){.type = FOTA_EVENT_TIME});
        }
    }
    world.now = end;
}

static void command(const char *format, ...)
{
    char text[FOTA_MESSAGE_SIZE];
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    step((struct fota_event){.type = FOTA_EVENT_COMMAND, .bytes = text, .length = (uint32_t)length});
}

static void offer(int attempt, const char *version)
{
    command("{\"command\":\"update\",\"campaign\":5,\"attempt\":%d,\"nonce\":\"0123456789abcdef\","
            "\"version\":\"%s\","
            "\"images\":{\"1\":{\"url\":\"http://h/i\",\"size\":%u,\"sha256\":\"%s\"},\"2\":{\"url\":\"http:/"
            "/h/i\","
            "\"size\":%u,\"sha256\":\"%s\"}},\"download_seconds\":600,\"confirm_seconds\":60}",
            attempt, version, world.length, world.sha256[0], world.length, world.sha256[1]);
}

static void serve(uint32_t seed)
{
    for (int slot = 1; slot <= 2; slot++) {
        struct image_scan scan;
        struct image_digest digest;
        world.length = sample_image_make(world.image[slot - 1], slot, MAPPED, SEGMENT, seed + (uint32_t)slot);
        image_scan_start(&scan, world.length);
        image_scan_add(&scan, world.image[slot - 1], world.length);
        assert_int_equal(image_scan_finish(&scan, slot, &digest), IMAGE_GOOD);
        for (int i = 0; i < FOTA_SHA256_SIZE; i++)
            (void)snprintf(world.sha256[slot - 1] + 2 * i, 3, "%02x", digest.sha256[i]);
    }
    world.advertised = world.length;
}

static int setup(void **state)
{
    _Alignas(4) static uint8_t image[MAPPED + SEGMENT + 64];

    (void)state;
    memset(&world, 0, sizeof world);
    world.store = sector_store_new();
    world.healthy = true;
    world.platform = (struct fota_platform){&port, NULL, &fota_map_512};
    flash_open_ram(&world.flash, fota_map_512.size, world.store);
    uint32_t length = sample_image_make(image, 1, 4096, 1024, 99);
    for (uint32_t done = 0; done < length; done += 4)
        assert_true(flash_program(&world.flash, fota_map_512.slot_address[0] + done, image + done, 4));
    serve(1);
    boot(RESET_POWER_ON);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    flash_close(&world.flash);
    sector_store_free(world.store);
    return 0;
}

static unsigned count(const char *text)
{
    unsigned found = 0;
    for (const char *at = world.reports; (at = strstr(at, text)) != NULL; at++)
        found++;
    return found;
}

#define ATTEMPT(report, attempt) "{\"report\":\"" report "\",\"campaign\":5,\"attempt\":" #attempt

static void an_update_ends_confirmed_and_is_done_once(void **state)
{
    (void)state;
    offer(1, "v1.1.0t45772(a)");
    run(1);
    assert_int_equal(count("\n" ATTEMPT("confirmed", 1)), 1);
    assert_non_null(
        strstr(world.reports, "\"nonce\":\"0123456789abcdef\",\"version\":\"v1.1.0t45772(a)\",\"slot\":2"));
    offer(1, "v1.1.0t45772(a)"); /* late copy: the result again, nothing else */
    boot(RESET_POWER_ON);
    offer(1, "v1.1.0t45772(a)"); /* and again after a reboot */
    run(0);
    assert_int_equal(count("\n" ATTEMPT("accepted", 1)), 1);
    assert_int_equal(world.images_written, 1);
    assert_int_equal(world.agent.running_slot, 2);
    run(30);
    unsigned before = count(ATTEMPT("confirmed", 1));
    assert_true(before >= 5); /* hello, and again at 2, 4, 8... seconds */
    command("{\"command\":\"ack\",\"campaign\":5,\"attempt\":1}");
    run(1000);
    boot(RESET_POWER_ON);
    assert_int_equal(count(ATTEMPT("confirmed", 1)), before);
}

static void a_broken_download_is_resumed(void **state)
{
    (void)state;
    world.break_after = 5000;
    offer(1, "v1.1.0t45772(a)");
    run(30);
    assert_int_equal(world.gets, 3);
    assert_int_equal(world.resumed_at, 10000);
    assert_true(count(ATTEMPT("confirmed", 1)) > 0);
}

static void a_server_without_range_is_good_enough(void **state)
{
    (void)state;
    world.break_after = 9000;
    world.ignores_range = true;
    offer(1, "v1.1.0t45772(a)");
    run(2);
    world.break_after = 0;
    run(40);
    assert_true(count(ATTEMPT("confirmed", 1)) > 0);
}

static void bad_downloads_fail_with_their_reason(void **state)
{
    (void)state;
    world.advertised--;
    offer(1, "v1.1.0t45772(a)");
    run(1);
    assert_int_equal(count("\n" ATTEMPT("failed", 1) ",\"reason\":\"length_mismatch\""), 1);
    world.advertised++;
    world.image[1][777] ^= 4;
    offer(2, "v1.1.0t45772(a)");
    run(1);
    assert_int_equal(count("\n" ATTEMPT("failed", 2) ",\"reason\":\"hash_mismatch\""), 1);
    assert_int_equal(world.agent.running_slot, 1);
}

static void offers_that_break_the_rules_are_rejected(void **state)
{
    (void)state;
    offer(1, "v1.0.5t45772(a)");
    offer(2, "b1.0.5t45772(a)");
    offer(3, "v1.1.0t45773(a)");
    offer(4, "v1.1.0t45772(n)");
    offer(5, "v1.1.0t45772(l)");
    offer(6, "9.0.0t45772(a)"); /* of another scheme: it has no order */
    assert_int_equal(count(ATTEMPT("rejected", 1) ",\"reason\":\"not_newer\""),
                     6); /* once more before each offer */
    assert_true(count(ATTEMPT("rejected", 2) ",\"reason\":\"not_newer\"") > 0);
    assert_true(count(ATTEMPT("rejected", 3) ",\"reason\":\"wrong_ptype\"") > 0);
    assert_true(count(ATTEMPT("rejected", 4) ",\"reason\":\"not_fota\"") > 0);
    assert_true(count(ATTEMPT("rejected", 5) ",\"reason\":\"not_fota\"") > 0);
    assert_true(count(ATTEMPT("rejected", 6) ",\"reason\":\"not_newer\"") > 0);
    assert_int_equal(world.agent.state, AGENT_IDLE);
}

static void a_cancel_before_the_offer_ends_the_attempt(void **state)
{
    (void)state;
    command("{\"command\":\"cancel\",\"campaign\":5,\"attempt\":1}");
    offer(1, "v1.1.0t45772(a)");
    assert_int_equal(count(ATTEMPT("cancelled", 1)), 2);
    offer(2, "v1.1.0t45772(a)");
    command("{\"command\":\"cancel\",\"campaign\":5,\"attempt\":2}");
    run(5);
    assert_int_equal(count(ATTEMPT("cancelled", 2)), 1);
    assert_int_equal(world.agent.running_slot, 1);
}

static void an_unhealthy_image_goes_back(void **state)
{
    (void)state;
    world.healthy = false;
    offer(1, "v1.1.0t45772(a)");
    run(1);
    assert_int_equal(world.agent.running_slot, 1);
    assert_non_null(
        strstr(world.reports, ATTEMPT("reverted", 1) ",\"reason\":\"health_check\",\"version\":\"v1.0.5"));
}

static void a_crashing_image_goes_back(void **state)
{
    (void)state;
    offer(1, "v1.1.0t45772(a)");
    while (!world.reboot_wanted) {
        if (world.http_wanted)
            answer_http();
        step((struct fota_event){.type = FOTA_EVENT_TIME});
    }
    for (uint32_t i = 0; i < BOOT_TRIES; i++)
        assert_int_equal(boot_loader_run(&world.platform), 2);
    boot(RESET_EXCEPTION);
    assert_int_equal(world.agent.running_slot, 1);
    assert_non_null(strstr(world.reports, ATTEMPT("reverted", 1) ",\"reason\":\"crash_loop\""));
}

static void a_rollback_flips_without_a_download(void **state)
{
    char before[65];

    (void)state;
    for (int i = 0; i < FOTA_SHA256_SIZE; i++)
        (void)snprintf(before + 2 * i, 3, "%02x", world.agent.running.sha256[i]);
    offer(1, "v1.1.0t45772(a)");
    run(1);
    command(
        "{\"command\":\"rollback\",\"campaign\":5,\"attempt\":2,\"nonce\":\"0123456789abcdef\",\"version\":"
        "\"v1.0.5t45772(a)\",\"sha256\":\"%s\",\"download_seconds\":60,\"confirm_seconds\":60}",
        before);
    run(1);
    assert_true(count(ATTEMPT("confirmed", 2)) > 0);
    assert_int_equal(world.agent.running_slot, 1);
    assert_string_equal(world.agent.running.version, "v1.0.5t45772(a)");
    assert_int_equal(world.images_written, 1);
}

/* The invariant: after a cut at any operation something whole boots, the offer sent again ends well, and what
 * is reported is what runs. */
static void sweep(bool healthy)
{
    for (uint64_t cut = 1;; cut++) {
        void *none = NULL;
        (void)setup(&none);
        world.healthy = healthy;
        uint64_t limit = world.flash.operations + cut;
        offer(1, "v1.1.0t45772(a)");
        world.flash.cut_at = 0;
        /* run() stops at a cut; so set it only for the flash. */
        while (world.flash.operations < limit &&
               !(world.agent.state == AGENT_IDLE && !world.http_wanted && !world.reboot_wanted &&
                 count(ATTEMPT("accepted", 1)) > 0 &&
                 (count("\n" ATTEMPT("confirmed", 1)) > 0 || count(ATTEMPT("reverted", 1)) > 0))) {
            world.flash.cut_at = limit;
            if (world.reboot_wanted)
                boot(RESET_SOFTWARE);
            else if (world.http_wanted)
                answer_http();
            else if (world.health_wanted) {
                world.health_wanted = false;
                step((struct fota_event){.type = FOTA_EVENT_HEALTH, .healthy = healthy});
            } else
                step((struct fota_event){.type = FOTA_EVENT_TIME});
        }
        bool was_cut = world.flash.operations >= limit;
        world.flash.cut_at = 0;
        boot(RESET_POWER_ON);
        offer(1, "v1.1.0t45772(a)");
        run(5);
        int slot = healthy ? 2 : 1;
        const char *end = healthy ? ATTEMPT("confirmed", 1) : ATTEMPT("reverted", 1);
        if (world.agent.running_slot != slot || count(end) == 0 || world.agent.state != AGENT_IDLE)
            fail_msg("cut at operation %llu: slot %d, reports:\n%s", (unsigned long long)cut,
                     world.agent.running_slot, world.reports);
        (void)teardown(&none);
        if (!was_cut) {
            assert_true(cut > 10);
            return;
        }
    }
}

static void power_may_fail_at_any_operation_of_an_update(void **state)
{
    (void)state;
    sweep(true);
}

static void power_may_fail_at_any_operation_of_a_revert(void **state)
{
    (void)state;
    sweep(false);
}

/* --- calls -------------------------------------------------------------------------------------------- */

#define NONCE "00112233445566aa"

static void call_reboot(const char *nonce)
{
    command("{\"command\":\"reboot\",\"nonce\":\"%s\"}", nonce);
}

static void a_reboot_is_answered_before_it_and_done_once(void **state)
{
    (void)state;
    call_reboot(NONCE);
    assert_true(world.reboot_wanted);
    assert_int_equal(count("{\"report\":\"answered\",\"nonce\":\"" NONCE "\",\"status\":\"rebooting\"}"), 1);
    call_reboot(NONCE); /* on its way down it hears nothing any more */
    assert_int_equal(count("answered"), 1);
    boot(RESET_SOFTWARE);
    assert_int_equal(world.agent.state, AGENT_IDLE);
    assert_int_equal(count("\"reset_reason\":\"software\""), 1);
}

static void a_device_at_work_answers_that_it_is_busy(void **state)
{
    (void)state;
    offer(1, "v1.1.0t45772(a)");
    call_reboot(NONCE);
    assert_false(world.reboot_wanted);
    assert_int_equal(count("{\"report\":\"answered\",\"nonce\":\"" NONCE "\",\"status\":\"busy\"}"), 1);
    call_reboot(NONCE);
    assert_int_equal(count("answered"), 1);
    call_reboot("ffeeddccbbaa0099");
    assert_int_equal(count("answered"), 2);
    call_reboot("ffee"); /* no nonce */
    assert_int_equal(count("answered"), 2);
    run(1);
    assert_true(count(ATTEMPT("confirmed", 1)) > 0);
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_update_ends_confirmed_and_is_done_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reboot_is_answered_before_it_and_done_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_device_at_work_answers_that_it_is_busy, setup, teardown),
        cmocka_unit_test_setup_teardown(a_broken_download_is_resumed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_server_without_range_is_good_enough, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_downloads_fail_with_their_reason, setup, teardown),
        cmocka_unit_test_setup_teardown(offers_that_break_the_rules_are_rejected, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cancel_before_the_offer_ends_the_attempt, setup, teardown),
        cmocka_unit_test_setup_teardown(an_unhealthy_image_goes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(a_crashing_image_goes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(a_rollback_flips_without_a_download, setup, teardown),
        cmocka_unit_test(power_may_fail_at_any_operation_of_an_update),
        cmocka_unit_test(power_may_fail_at_any_operation_of_a_revert),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
