/* Releases that are signed, and the floor below which no release may run: a device with keys takes nothing
 * that they do not vouch for, and erases nothing for it. */
#include "signed_world.h"

static void a_good_signature_lets_the_update_through(void **state)
{
    (void)state;
    sign(V1, 7, "v1.0.0t45772(a)", 0);
    offer(1, V1);
    run(1);
    assert_true(count("\n" ATTEMPT("confirmed", 1)) > 0);
    assert_int_equal(world.agent.journal.record.floor, 7);
}

static void either_key_is_good_enough(void **state)
{
    (void)state;
    sign(V1, 4294967295u, "", 1);
    offer(1, V1);
    then_rejected(1, "bad_signature"); /* it knows the other only */
    world.key_count = 2;
    boot(RESET_POWER_ON);
    offer(2, V1);
    run(1);
    assert_true(count("\n" ATTEMPT("confirmed", 2)) > 0);
}

/* Each member of what is signed, changed by itself. */
static void anything_altered_is_rejected_before_the_first_erase(void **state)
{
    (void)state;
    char good[sizeof world.manifest];
    uint64_t before = world.flash.operations;
    int attempt = 1;

    offer(attempt, V1);
    then_rejected(attempt, "bad_signature"); /* not signed at all */
    sign(V1, 7, "v1.0.0t45772(a)", 0);
    memcpy(good, world.manifest, sizeof good);
    offer(++attempt, V2); /* another version */
    then_rejected(attempt, "bad_signature");
    *strchr(world.manifest, '7') = '8'; /* another sequence */
    offer(++attempt, V1);
    then_rejected(attempt, "bad_signature");
    memcpy(world.manifest, good, sizeof good);
    *strchr(world.manifest, 'v') = 'b'; /* another lowest version */
    offer(++attempt, V1);
    then_rejected(attempt, "bad_signature");
    memcpy(world.manifest, good, sizeof good);
    char *digit = strstr(world.manifest, "[\"") + 2;
    *digit = *digit == '0' ? '1' : '0'; /* another signature */
    offer(++attempt, V1);
    then_rejected(attempt, "bad_signature");
    memcpy(world.manifest, good, sizeof good);
    for (int slot = 0; slot < 2; slot++) { /* another image in either slot: also in the one not written */
        char kept = world.sha256[slot][5];
        world.sha256[slot][5] = kept == '0' ? '1' : '0';
        offer(++attempt, V1);
        then_rejected(attempt, "bad_signature");
        world.sha256[slot][5] = kept;
    }
    world.length -= 4;
    offer(++attempt, V1);
    then_rejected(attempt, "bad_signature");
    world.length += 4;
    command(
        "{\"command\":\"update\",\"campaign\":5,\"attempt\":%d,\"nonce\":\"0123456789abcdef\",\"version\":\"" V1
        "\",\"images\":{\"2\":{\"url\":\"http://h/i\",\"size\":%u,\"sha256\":\"%s\"}}%s,"
        "\"download_seconds\":600,\"confirm_seconds\":60}",
        ++attempt, world.length, world.sha256[1], good);
    then_rejected(attempt, "bad_signature"); /* one slot only */
    run(1);
    assert_int_equal(world.gets, 0);
    /* Each rejection is stored, but those that would take the last place: one erase, and two programs.
     * Nothing else was touched. */
    assert_true(attempt >= (int)BOOT_RESULTS);
    assert_int_equal(world.flash.operations - before, 3 * (BOOT_RESULTS - 1));
    offer(++attempt, V1);
    run(1);
    assert_int_equal(world.agent.running_slot, 2);
}

static void without_keys_it_is_as_before(void **state)
{
    (void)state;
    world.key_count = 0;
    boot(RESET_POWER_ON);
    offer(1, V1);
    run(1);
    assert_int_equal(world.agent.running_slot, 2);
    assert_int_equal(world.agent.journal.record.floor, 0);
    serve(2);
    sign(V2, 9, "", 0); /* what it cannot check does not count */
    offer(2, V2);
    run(1);
    assert_int_equal(world.agent.running_slot, 1);
    assert_int_equal(world.agent.journal.record.floor, 0);
}

static void below_the_floor_nothing_is_taken(void **state)
{
    (void)state;
    release(1, 1, V1, 7);
    serve(2);
    sign(V2, 6, "", 0);
    offer(2, V2);
    then_rejected(2, "below_floor");
    release(2, 3, V2, 7); /* the same is enough */
    assert_string_equal(world.agent.running.version, V2);
    /* A rollback's download of an older release: not with its old sequence, but with one signed for it now.
     */
    serve(1);
    world.image[0][777] ^= 4; /* slot 1 runs: what slot 2 holds is not asked for */
    serve(3);
    sign("v1.0.9t45772(a)", 6, "", 0);
    roll_back(4, "v1.0.9t45772(a)", world.sha256[1], true);
    then_rejected(4, "below_floor");
    sign("v1.0.9t45772(a)", 7, "", 0);
    roll_back(5, "v1.0.9t45772(a)", world.sha256[1], true);
    assert_string_equal(world.agent.running.version, "v1.0.9t45772(a)");
    assert_int_equal(world.agent.journal.record.floor, 7);
}

static void the_floor_rises_with_the_confirmation_only(void **state)
{
    (void)state;
    world.healthy = false;
    release(1, 1, V1, 7);
    assert_int_equal(world.agent.running_slot, 1);
    assert_int_equal(world.agent.journal.record.floor, 0);
    world.healthy = true;
    release(2, 2, V1, 3); /* lower than what failed: that never counted */
    assert_int_equal(world.agent.running_slot, 2);
    assert_int_equal(world.agent.journal.record.floor, 3);
}

static void a_flip_back_below_the_floor_needs_a_permission(void **state)
{
    (void)state;
    char before[65];

    release(1, 1, V1, 6); /* slot 2 */
    memcpy(before, world.sha256[1], sizeof before);
    release(2, 2, V2, 7); /* slot 1 */
    roll_back(3, V1, before, false);
    then_rejected(3, "below_floor");
    serve(1);
    sign(V1, 6, "", 0); /* signed once, but not for now */
    roll_back(4, V1, before, true);
    then_rejected(4, "below_floor");
    sign(V1, 7, "", 1); /* not by a key that counts */
    roll_back(5, V1, before, true);
    then_rejected(5, "below_floor");
    uint32_t written = world.images_written;
    sign(V1, 7, "", 0);
    roll_back(6, V1, before, true);
    assert_string_equal(world.agent.running.version, V1);
    assert_int_equal(world.images_written, written);
    assert_int_equal(world.agent.journal.record.sequences[1], 7);
}

static void a_flip_back_at_the_floor_is_free(void **state)
{
    (void)state;
    char before[65];

    release(1, 1, V1, 7);
    memcpy(before, world.sha256[1], sizeof before);
    release(2, 2, V2, 7);
    roll_back(3, V1, before, false);
    assert_string_equal(world.agent.running.version, V1);
}

/* No signature covers what the command of a flip back says of the version. */
static void a_flip_back_keeps_the_version_of_its_image(void **state)
{
    (void)state;
    char before[65];

    release(1, 1, V1, 7);
    memcpy(before, world.sha256[1], sizeof before);
    release(2, 2, V2, 7);
    roll_back(3, "v9.9.9t45772(a)", before, false);
    assert_int_equal(world.agent.running_slot, 2);
    assert_string_equal(world.agent.running.version, V1);
}

/* What slot 2 holds is not what the record speaks of: it takes a signature. */
static void another_image_has_not_the_sequence_of_the_one_before(void **state)
{
    (void)state;
    release(1, 1, V1, 7);
    release(2, 2, V2, 7);
    serve(3);
    const struct fota_flash_map *map = world.platform.map;
    for (uint32_t at = 0; at < 0x4000; at += FOTA_SECTOR_SIZE)
        assert_true(flash_erase(&world.flash, map->slot_address[1] + at));
    assert_true(flash_program(&world.flash, map->slot_address[1], world.image[1], world.length & ~3u));
    roll_back(3, "v1.0.9t45772(a)", world.sha256[1], false);
    then_rejected(3, "bad_signature");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_good_signature_lets_the_update_through, setup_with_keys, teardown),
        cmocka_unit_test_setup_teardown(either_key_is_good_enough, setup_with_keys, teardown),
        cmocka_unit_test_setup_teardown(anything_altered_is_rejected_before_the_first_erase, setup_with_keys,
                                        teardown),
        cmocka_unit_test_setup_teardown(without_keys_it_is_as_before, setup_with_keys, teardown),
        cmocka_unit_test_setup_teardown(below_the_floor_nothing_is_taken, setup_with_keys, teardown),
        cmocka_unit_test_setup_teardown(the_floor_rises_with_the_confirmation_only, setup_with_keys,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_flip_back_below_the_floor_needs_a_permission, setup_with_keys,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_flip_back_at_the_floor_is_free, setup_with_keys, teardown),
        cmocka_unit_test_setup_teardown(a_flip_back_keeps_the_version_of_its_image, setup_with_keys,
                                        teardown),
        cmocka_unit_test_setup_teardown(another_image_has_not_the_sequence_of_the_one_before, setup_with_keys,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
