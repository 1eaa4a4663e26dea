/* A download that a reboot interrupts: what is in flash is kept, checked, and not fetched again. */
#include "agent_world.h"

#define VERSION "v1.1.0t45772(a)"
#define KEPT (4 * FOTA_SECTOR_SIZE) /* of the 20000 bytes that came: the whole sectors */

/* 20000 bytes come in, then the power fails. */
static int setup_interrupted(void **state)
{
    (void)setup(state);
    world.mapped = 10 * FOTA_SECTOR_SIZE;
    serve(1);
    world.break_after = 20000;
    offer(1, VERSION);
    while (world.agent.download.received < 20000) {
        if (world.http_wanted)
            answer_http();
        else
            step((struct fota_event){.type = FOTA_EVENT_TIME});
    }
    world.break_after = 0;
    world.gets = world.resumed_at = 0;
    boot(RESET_POWER_ON);
    return 0;
}

static uint32_t slot_2(void)
{
    return world.platform.map->slot_address[1];
}

static void the_same_offer_goes_on_where_it_was(void **state)
{
    (void)state;
    uint64_t before = world.flash.operations;
    offer(1, VERSION);
    run(1);
    assert_true(count("\n" ATTEMPT("confirmed", 1)) > 0);
    assert_int_equal(world.resumed_at, KEPT);
    assert_int_equal(world.gets, 1);
    assert_int_equal(count(ATTEMPT("accepted", 1)), 2); /* the attempt is taken anew, the bytes are not */
    uint32_t sectors = (world.length - KEPT + FOTA_SECTOR_SIZE - 1) / FOTA_SECTOR_SIZE;
    uint32_t whole = world.length / FOTA_SECTOR_SIZE - KEPT / FOTA_SECTOR_SIZE;
    /* Erase and program the rest, note its whole sectors; seal, flip, try, confirm and its store:
     * 1 + 3 + 1 + 1 + 3. */
    assert_int_equal(world.flash.operations - before, 2 * sectors + whole + 9);
    assert_int_equal(world.agent.journal.record.download.size, 0);
}

static void another_attempt_at_the_same_image_goes_on_too(void **state)
{
    (void)state;
    command("{\"command\":\"cancel\",\"campaign\":5,\"attempt\":1}");
    offer(2, VERSION);
    run(1);
    assert_true(count("\n" ATTEMPT("confirmed", 2)) > 0);
    assert_int_equal(world.resumed_at, KEPT);
}

static void a_server_without_range_is_read_from_its_start(void **state)
{
    (void)state;
    world.ignores_range = true;
    offer(1, VERSION);
    run(1);
    assert_true(count("\n" ATTEMPT("confirmed", 1)) > 0);
    assert_int_equal(world.gets, 1);
}

static void another_image_begins_at_its_start(void **state)
{
    (void)state;
    serve(2);
    offer(1, VERSION);
    run(1);
    assert_true(count("\n" ATTEMPT("confirmed", 1)) > 0);
    assert_int_equal(world.resumed_at, 0);
}

/* What flash has kept is not what came: found by the SHA-256 in the end, and all is fetched again, once. */
static void wrong_bytes_in_flash_are_fetched_again(void **state)
{
    (void)state;
    const uint32_t zero = 0;
    assert_true(flash_program(&world.flash, slot_2() + 4096, &zero, sizeof zero));
    offer(1, VERSION);
    run(1);
    assert_true(count("\n" ATTEMPT("confirmed", 1)) > 0);
    assert_int_equal(world.resumed_at, KEPT);
    assert_int_equal(world.gets, 2);
}

static void wrong_bytes_of_the_server_are_fetched_twice_at_most(void **state)
{
    (void)state;
    world.image[1][30000] ^= 4;
    offer(1, VERSION);
    run(1);
    assert_int_equal(count("\n" RESULT("failed", 1) ",\"reason\":\"hash_mismatch\""), 1);
    assert_int_equal(world.gets, 2);
    world.image[1][30000] ^= 4;
    world.gets = world.resumed_at = 0;
    boot(RESET_POWER_ON);
    offer(2, VERSION); /* nothing of it is kept */
    run(1);
    assert_true(count("\n" ATTEMPT("confirmed", 2)) > 0);
    assert_int_equal(world.resumed_at, 0);
}

static void results_stored_on_the_way_keep_the_progress(void **state)
{
    (void)state;
    world.break_after = 10000;
    offer(1, VERSION);
    while (world.agent.download.received < KEPT + 10000) {
        if (world.http_wanted)
            answer_http();
        else
            step((struct fota_event){.type = FOTA_EVENT_TIME});
    }
    offer(2, VERSION); /* busy: a result, and so a store */
    assert_int_equal(count("\n" RESULT("rejected", 2) ",\"reason\":\"busy\""), 1);
    command("{\"command\":\"ack\",\"campaign\":5,\"attempt\":2}");
    boot(RESET_POWER_ON);
    world.break_after = 0;
    offer(1, VERSION);
    run(1);
    assert_int_equal(world.resumed_at, KEPT + 2 * FOTA_SECTOR_SIZE);
    assert_true(count("\n" ATTEMPT("confirmed", 1)) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_same_offer_goes_on_where_it_was, setup_interrupted, teardown),
        cmocka_unit_test_setup_teardown(another_attempt_at_the_same_image_goes_on_too, setup_interrupted,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_server_without_range_is_read_from_its_start, setup_interrupted,
                                        teardown),
        cmocka_unit_test_setup_teardown(another_image_begins_at_its_start, setup_interrupted, teardown),
        cmocka_unit_test_setup_teardown(wrong_bytes_in_flash_are_fetched_again, setup_interrupted, teardown),
        cmocka_unit_test_setup_teardown(wrong_bytes_of_the_server_are_fetched_twice_at_most,
                                        setup_interrupted, teardown),
        cmocka_unit_test_setup_teardown(results_stored_on_the_way_keep_the_progress, setup_interrupted,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
