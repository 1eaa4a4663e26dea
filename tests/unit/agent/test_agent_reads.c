/* Flash that refuses to be read, for a moment or for good: nothing is settled, stored or confirmed by a
 * guess, and nothing is lost. */
#include "agent_world.h"

#define VERSION "v1.1.0t45772(a)"
#define ALWAYS UINT32_MAX

static void refuse_reads(uint32_t address, uint32_t size, uint32_t count)
{
    world.bad_reads.from = address;
    world.bad_reads.to = address + size;
    world.bad_reads.left = count;
}

static void refuse_copy(int copy, uint32_t count)
{
    refuse_reads(world.platform.map->record_address[copy], FOTA_SECTOR_SIZE, count);
}

static void start(int slot)
{
    struct fota_setup setup = {.running_slot = slot, .version = "v1.0.5t45772(a)", .seed = 1};

    world.http_wanted = world.reboot_wanted = world.health_wanted = false;
    world.reports[0] = '\0';
    fota_agent_start(&world.agent, &world.platform, &setup, world.now);
    step((struct fota_event){.type = FOTA_EVENT_CONNECTED});
}

static void pass_seconds(uint32_t seconds)
{
    for (uint32_t i = 0; i < seconds; i++) {
        world.now += 1000;
        step((struct fota_event){.type = FOTA_EVENT_TIME});
    }
}

/* Up to the reboot into the trial, which is of slot 2. */
static void given_a_flip(void)
{
    offer(1, VERSION);
    while (!world.reboot_wanted) {
        if (world.http_wanted)
            answer_http();
        else
            step((struct fota_event){.type = FOTA_EVENT_TIME});
    }
}

static void nothing_is_done_until_the_record_can_be_read(void **state)
{
    (void)state;
    given_a_flip();
    int newer = world.agent.journal.copy;
    assert_int_equal(boot_loader_run(&world.platform), 2);
    uint64_t before = world.flash.operations;
    refuse_copy(newer, ALWAYS);
    start(2);
    offer(2, "v1.2.0t45772(a)");
    command("{\"command\":\"report\"}");
    command("{\"command\":\"cancel\",\"campaign\":5,\"attempt\":1}");
    step((struct fota_event){.type = FOTA_EVENT_HEALTH, .healthy = true});
    pass_seconds(30);
    assert_string_equal(world.reports, "");
    assert_int_equal(world.flash.operations, before);
    assert_int_equal(fota_agent_wake_at(&world.agent), world.now + 1000);
    world.bad_reads.left = 0;
    pass_seconds(1);
    assert_int_equal(count("{\"report\":\"hello\""), 1);
    assert_int_equal(count("\"boot\":\"trial\""), 1);
    assert_true(world.health_wanted);
    run(1);
    assert_true(count("\n" ATTEMPT("confirmed", 1)) > 0);
}

static void a_record_of_which_nothing_can_be_read_is_never_made_anew(void **state)
{
    (void)state;
    uint64_t before = world.flash.operations;
    uint32_t first = world.platform.map->record_address[0], second = world.platform.map->record_address[1];
    uint32_t low = first < second ? first : second, high = first < second ? second : first;

    refuse_reads(low, high - low + FOTA_SECTOR_SIZE, ALWAYS);
    start(1);
    pass_seconds(1000);
    assert_int_equal(world.flash.operations, before);
    assert_string_equal(world.reports, "");
    assert_false(world.reboot_wanted);
    world.bad_reads.left = 0;
    pass_seconds(1);
    offer(1, VERSION);
    run(1);
    assert_true(count("\n" ATTEMPT("confirmed", 1)) > 0);
}

/* The sector is bad for ever: by the other copy slot 1 is good and nothing is on trial. */
static void an_image_on_trial_is_not_taken_for_good(void **state)
{
    (void)state;
    given_a_flip();
    int newer = world.agent.journal.copy;
    assert_int_equal(boot_loader_run(&world.platform), 2);
    refuse_copy(newer, ALWAYS);
    start(2);
    pass_seconds(61);
    assert_true(count("{\"report\":\"hello\"") > 0);
    assert_int_equal(world.agent.journal.record.good_slot, 1);
    offer(2, "v1.2.0t45772(a)"); /* not over the good image */
    assert_int_equal(count(RESULT("rejected", 2) ",\"reason\":\"busy\""), 1);
    assert_true(world.reboot_wanted);
    assert_int_equal(boot_loader_run(&world.platform), 1);
}

static void a_fall_back_is_not_for_good(void **state)
{
    (void)state;
    const struct fota_flash_map *map = world.platform.map;

    offer(1, VERSION);
    run(1);
    assert_int_equal(world.agent.running_slot, 2);
    refuse_reads(map->slot_address[1], map->slot_size, BOOT_READS);
    boot(RESET_POWER_ON);
    assert_int_equal(world.agent.running_slot, 1);
    world.bad_reads.left = 0;
    boot(RESET_POWER_ON);
    assert_int_equal(world.agent.running_slot, 2);
    assert_true(
        flash_erase(&world.flash, map->slot_address[1])); /* now it is lost, and another may take its place */
    boot(RESET_POWER_ON);
    assert_int_equal(world.agent.running_slot, 1);
    serve(7);
    world.healthy = false; /* and what runs is what a revert leads back to */
    offer(2, "v1.2.0t45772(a)");
    run(1);
    assert_true(count(ATTEMPT("reverted", 2)) > 0);
    assert_int_equal(world.agent.running_slot, 1);
    world.healthy = true;
    offer(3, "v1.2.0t45772(a)");
    run(1);
    assert_true(count("\n" ATTEMPT("confirmed", 3)) > 0);
    assert_int_equal(world.agent.running_slot, 2);
}

static void a_flip_that_cannot_be_stored_loses_nothing(void **state)
{
    (void)state;
    const struct fota_flash_map *map = world.platform.map;
    uint32_t low =
        map->record_address[0] < map->record_address[1] ? map->record_address[0] : map->record_address[1];

    world.agent.journal.record.floor = 5;
    world.permission = FOTA_BATTERY_LOW;
    offer(1, VERSION);
    world.permission = FOTA_MAY_UPDATE;
    offer(2, VERSION);
    while (!(world.http_wanted && world.method == FOTA_HTTP_GET)) {
        if (world.http_wanted)
            answer_http();
        else
            step((struct fota_event){.type = FOTA_EVENT_TIME});
    }
    refuse_reads(low, 2 * FOTA_SECTOR_SIZE, ALWAYS);
    world.bad_programs.from = low;
    world.bad_programs.to = low + 2 * FOTA_SECTOR_SIZE;
    world.bad_programs.left = ALWAYS;
    answer_http();
    assert_int_equal(count(RESULT("failed", 2) ",\"reason\":\"flash_error\""), 1);
    world.bad_reads.left = world.bad_programs.left = 0;
    offer(3, "v1.0.0t45772(a)"); /* is rejected, and that is stored */
    boot(RESET_POWER_ON);
    const struct boot_record *record = &world.agent.journal.record;
    assert_int_equal(record->floor, 5);
    assert_int_equal(record->state, BOOT_STEADY);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(record->results[BOOT_RESULTS - 3 + i].attempt, i + 1);
    offer(4, VERSION);
    run(1);
    assert_true(count("\n" ATTEMPT("confirmed", 4)) > 0);
}

/* Refused, or read wrong: the boot loader would not start the image by such a digest. */
static void the_digest_of_an_image_that_was_not_read_is_not_stored(void **state)
{
    (void)state;
    const struct fota_flash_map *map = world.platform.map;

    for (int flip = 0; flip < 2; flip++) {
        world.bad_reads_flip = flip != 0;
        assert_true(flash_erase(&world.flash, map->record_address[0]));
        assert_true(flash_erase(&world.flash, map->record_address[1]));
        refuse_reads(map->slot_address[0] + FOTA_SECTOR_SIZE, 4, ALWAYS); /* not its headers */
        start(1);
        pass_seconds(61);
        world.bad_reads.left = 0;
        assert_true(world.agent.journal.copy >= 0);
        assert_int_equal(boot_loader_run(&world.platform), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_done_until_the_record_can_be_read, setup, teardown),
        cmocka_unit_test_setup_teardown(a_record_of_which_nothing_can_be_read_is_never_made_anew, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_image_on_trial_is_not_taken_for_good, setup, teardown),
        cmocka_unit_test_setup_teardown(a_fall_back_is_not_for_good, setup, teardown),
        cmocka_unit_test_setup_teardown(a_flip_that_cannot_be_stored_loses_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(the_digest_of_an_image_that_was_not_read_is_not_stored, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
