/* The boot record: what counts as valid, which copy rules, and what the words outside the CRC do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "boot_record.h"
#include "crc32.h"
#include "flash.h"
#include "report.h"

static struct sector_store *store;
static struct flash flash;

static const struct fota_platform platform = {&flash_port, &flash, &fota_map_512};

static int setup(void **state)
{
    (void)state;
    store = sector_store_new();
    flash_open_ram(&flash, fota_map_512.size, store);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    flash_close(&flash);
    sector_store_free(store);
    return 0;
}

static void fill(struct boot_record *record)
{
    memset(record, 0, sizeof *record);
    record->good_slot = 1;
    record->trial_slot = 2;
    record->state = BOOT_TRIAL;
    record->attempt.campaign = 9007199254740991u;
    record->attempt.attempt = 3;
    record->results[0].campaign = 7;
    record->results[0].attempt = 1;
    record->results[0].kind = REPORT_FAILED;
    record->results[0].reason = REASON_HASH_MISMATCH;
}

static struct boot_copy sealed(uint32_t sequence, uint8_t good, uint8_t trial, enum boot_state boot)
{
    struct boot_copy copy;

    memset(&copy, 0, sizeof copy);
    memset(&copy.words, 0xFF, sizeof copy.words);
    copy.record.magic = BOOT_MAGIC;
    copy.record.format = BOOT_FORMAT;
    copy.record.sequence = sequence;
    copy.record.good_slot = good;
    copy.record.trial_slot = trial;
    copy.record.state = (uint8_t)boot;
    copy.record.crc32 = crc32_add(0, (const uint8_t *)&copy.record, offsetof(struct boot_record, crc32));
    return copy;
}

static void what_is_stored_is_loaded(void **state)
{
    struct boot_journal journal, loaded;

    (void)state;
    assert_int_equal(boot_journal_load(&journal, &platform), BOOT_ABSENT);
    fill(&journal.record);
    assert_true(boot_journal_store(&journal));
    assert_int_equal(boot_journal_load(&loaded, &platform), BOOT_LOADED);
    assert_memory_equal(&loaded.record, &journal.record, sizeof loaded.record);
    assert_int_equal(loaded.words.tries, 0xFFFFFFFF);
    for (int i = 0; i < 5; i++) { /* both sectors in turn */
        journal.record.results[0].attempt++;
        assert_true(boot_journal_store(&journal));
        assert_int_equal(boot_journal_load(&loaded, &platform), BOOT_LOADED);
        assert_int_equal(loaded.copy, (i + 1) % 2);
        assert_memory_equal(&loaded.record, &journal.record, sizeof loaded.record);
    }
}

/* A device whose agent was older: its record is read, and the next store makes it one of this format. */
static void the_format_before_is_read(void **state)
{
    struct boot_copy copy = sealed(5, 2, 1, BOOT_STEADY);
    const struct boot_copy blank = sealed(4, 1, 2, BOOT_STEADY);
    struct boot_copy copies[2] = {blank, blank};
    struct boot_journal journal;
    struct boot_choice choice;
    uint32_t end = offsetof(struct boot_record, sequences);

    (void)state;
    copy.record.format = 2;
    copy.record.floor = 0;
    copy.record.results[7].attempt = 3;
    copy.record.sequences[0] = crc32_add(0, (const uint8_t *)&copy.record, end);
    memset((uint8_t *)&copy.record + end + 4, 0xFF, sizeof copy.record - end - 4); /* as flash has it there */
    copies[0] = copy;
    boot_choose(copies, &choice);
    assert_int_equal(choice.slot, 2);
    assert_true(flash_program(&flash, fota_map_512.record_address[0], &copy.record, sizeof copy.record));
    assert_int_equal(boot_journal_load(&journal, &platform), BOOT_LOADED);
    assert_int_equal(journal.record.good_slot, 2);
    assert_int_equal(journal.record.results[7].attempt, 3);
    assert_int_equal(journal.record.floor, 0);
    assert_int_equal(journal.record.sequences[0], 0);
    assert_int_equal(journal.record.download.size, 0);
    assert_true(boot_journal_store(&journal));
    assert_int_equal(boot_journal_load(&journal, &platform), BOOT_LOADED);
    assert_int_equal(journal.record.format, 3);
    assert_int_equal(journal.record.sequence, 6);
    copy.record.results[7].attempt ^= 1;
    assert_false(boot_record_is_valid(&copy.record));
}

static void any_damaged_bit_makes_the_record_invalid(void **state)
{
    struct boot_copy copy = sealed(5, 1, 2, BOOT_TRIAL);
    uint8_t *bytes = (uint8_t *)&copy.record;

    (void)state;
    assert_true(boot_record_is_valid(&copy.record));
    for (size_t i = 0; i < sizeof copy.record; i++) {
        for (uint8_t bit = 1; bit != 0; bit = (uint8_t)(bit << 1)) {
            bytes[i] ^= bit;
            assert_false(boot_record_is_valid(&copy.record));
            bytes[i] ^= bit;
        }
    }
}

static void members_out_of_range_make_it_invalid(void **state)
{
    struct boot_copy copy = sealed(5, 0, 1, BOOT_STEADY);

    (void)state;
    assert_false(boot_record_is_valid(&copy.record));
    copy = sealed(5, 1, 3, BOOT_STEADY);
    assert_false(boot_record_is_valid(&copy.record));
    copy = sealed(5, 1, 1, (enum boot_state)4);
    assert_false(boot_record_is_valid(&copy.record));
}

static void the_higher_sequence_rules_also_past_its_wrap(void **state)
{
    static const uint32_t pairs[][2] = {{1, 2}, {0xFFFFFFFF, 0}, {0xFFFFFFF0, 5}, {0x7FFFFFFF, 0x80000000}};
    struct boot_choice choice;

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct boot_copy copies[2] = {sealed(pairs[i][0], 1, 1, BOOT_STEADY),
                                      sealed(pairs[i][1], 2, 2, BOOT_STEADY)};
        boot_choose(copies, &choice);
        assert_int_equal(choice.slot, 2);
        struct boot_copy swapped[2] = {copies[1], copies[0]};
        boot_choose(swapped, &choice);
        assert_int_equal(choice.slot, 2);
        swapped[0].record.sequence ^= 1; /* damaged: the older one rules again */
        boot_choose(swapped, &choice);
        assert_int_equal(choice.slot, 1);
        swapped[1].record.magic ^= 1;
        boot_choose(swapped, &choice);
        assert_int_equal(choice.copy, -1);
        assert_int_equal(choice.slot, 1);
    }
}

static void tries_are_counted_on_trial_only(void **state)
{
    struct boot_copy copies[2] = {sealed(1, 1, 2, BOOT_TRIAL), sealed(2, 1, 1, BOOT_STEADY)};
    struct boot_choice choice;

    (void)state;
    boot_choose(copies, &choice);
    assert_false(choice.on_trial);
    assert_int_equal(choice.slot, 1);
    copies[1].record.magic = 0;
    for (uint32_t boot = 0; boot < BOOT_TRIES; boot++) {
        boot_choose(copies, &choice);
        assert_true(choice.on_trial);
        assert_int_equal(choice.slot, 2);
        assert_int_equal(choice.tries & ~copies[0].words.tries, 0); /* bits are only cleared */
        assert_int_not_equal(choice.tries, copies[0].words.tries);
        copies[0].words.tries = choice.tries;
    }
    boot_choose(copies, &choice);
    assert_false(choice.on_trial);
    assert_int_equal(choice.slot, 1);
    copies[0].words.confirmed = 0;
    boot_choose(copies, &choice);
    assert_int_equal(choice.slot, 2);
    assert_false(choice.on_trial);
    copies[0].words.confirmed = 1; /* torn: not a confirmation */
    boot_choose(copies, &choice);
    assert_int_equal(choice.slot, 1);
}

static void a_failed_boot_check_and_a_revert_end_the_trial(void **state)
{
    struct boot_copy copies[2] = {sealed(1, 2, 1, BOOT_TRIAL), sealed(0, 1, 1, BOOT_STEADY)};
    struct boot_choice choice;

    (void)state;
    copies[0].words.tries &= ~BOOT_CHECK_FAILED;
    boot_choose(copies, &choice);
    assert_int_equal(choice.slot, 2);
    assert_false(choice.on_trial);
    copies[0] = sealed(1, 2, 1, BOOT_REVERTED);
    boot_choose(copies, &choice);
    assert_int_equal(choice.slot, 2);
}

static void a_store_during_a_trial_keeps_its_tries(void **state)
{
    struct boot_journal journal;

    (void)state;
    (void)boot_journal_load(&journal, &platform);
    fill(&journal.record);
    journal.words.tries = 0xFFFFFFFCu;
    assert_true(boot_journal_store(&journal));
    assert_true(boot_journal_store(&journal));
    assert_int_equal(boot_journal_load(&journal, &platform), BOOT_LOADED);
    assert_int_equal(journal.words.tries, 0xFFFFFFFCu);
    journal.record.state = BOOT_STEADY;
    assert_true(boot_journal_store(&journal));
    assert_int_equal(boot_journal_load(&journal, &platform), BOOT_LOADED);
    assert_int_equal(journal.words.tries, 0xFFFFFFFFu);
}

static void acknowledging_erases_nothing_and_is_remembered(void **state)
{
    struct boot_journal journal;

    (void)state;
    (void)boot_journal_load(&journal, &platform);
    fill(&journal.record);
    assert_true(boot_journal_store(&journal));
    uint64_t before = flash.operations;
    assert_true(boot_journal_acknowledge(&journal, 0));
    assert_int_equal(flash.operations, before + 1);
    assert_int_equal(boot_journal_load(&journal, &platform), BOOT_LOADED);
    assert_int_equal(journal.record.results[0].acknowledged, 1);
    assert_true(boot_journal_store(&journal));
    assert_int_equal(boot_journal_load(&journal, &platform), BOOT_LOADED);
    assert_int_equal(journal.record.results[0].acknowledged, 1);
}

static void a_power_cut_in_a_store_leaves_the_old_or_the_new_record(void **state)
{
    struct boot_journal journal, loaded;

    (void)state;
    for (uint64_t cut = 1; cut <= 3; cut++) {
        (void)boot_journal_load(&journal, &platform);
        fill(&journal.record);
        journal.record.attempt.attempt = 1;
        assert_true(boot_journal_store(&journal));
        assert_true(boot_journal_store(&journal));
        journal.record.attempt.attempt = 2;
        flash.cut_at = flash.operations + cut;
        assert_false(boot_journal_store(&journal));
        flash.cut_at = 0;
        assert_int_equal(boot_journal_load(&loaded, &platform), BOOT_LOADED);
        assert_int_equal(loaded.record.attempt.attempt, 1);
        loaded.record.attempt.attempt = 2; /* and it can be written after all */
        assert_true(boot_journal_store(&loaded));
        assert_int_equal(boot_journal_load(&loaded, &platform), BOOT_LOADED);
        assert_int_equal(loaded.record.attempt.attempt, 2);
    }
}

static uint32_t erases_left;
static bool reads_fail; /* of the record; what stands outside its CRC can be read */

static bool read_or_not(void *context, uint32_t address, void *bytes, uint32_t length)
{
    return !(reads_fail && address % FOTA_SECTOR_SIZE < BOOT_WORDS_OFFSET) &&
           flash_read(context, address, bytes, length);
}

static bool erase_or_not(void *context, uint32_t address)
{
    return erases_left > 0 && erases_left-- > 0 && flash_erase(context, address);
}

static bool program(void *context, uint32_t address, const void *bytes, uint32_t length)
{
    return flash_program(context, address, bytes, length);
}

static const struct fota_port bad_port = {
    .flash_read = read_or_not, .flash_erase = erase_or_not, .flash_program = program};
static const struct fota_platform bad_platform = {&bad_port, &flash, &fota_map_512};

/* It was written well, but the caller has been told that it was not. */
static void what_was_not_read_back_never_rules(void **state)
{
    struct boot_journal journal, loaded;

    (void)state;
    reads_fail = false;
    erases_left = 2;
    (void)boot_journal_load(&journal, &bad_platform);
    fill(&journal.record);
    assert_true(boot_journal_store(&journal));
    reads_fail = true;
    erases_left = 2; /* those of the two attempts; none to undo them */
    journal.record.attempt.attempt = 4;
    assert_false(boot_journal_store(&journal));
    assert_int_equal(boot_journal_load(&loaded, &platform), BOOT_LOADED);
    assert_int_equal(loaded.record.attempt.attempt, 3);
}

static void refused_is_not_absent(void **state)
{
    struct boot_journal journal;

    (void)state;
    reads_fail = true;
    assert_int_equal(boot_journal_load(&journal, &bad_platform), BOOT_UNREADABLE);
    assert_int_equal(journal.copy, -1);
    reads_fail = false;
    assert_int_equal(boot_journal_load(&journal, &bad_platform), BOOT_ABSENT);
}

/* A trial is stored with what its words say. */
static void a_store_keeps_a_confirmation(void **state)
{
    struct boot_journal journal, loaded;

    (void)state;
    (void)boot_journal_load(&journal, &platform);
    fill(&journal.record);
    assert_true(boot_journal_store(&journal));
    assert_true(boot_journal_confirm(&journal));
    assert_true(boot_journal_store(&journal));
    assert_int_equal(boot_journal_load(&loaded, &platform), BOOT_LOADED);
    assert_int_equal(loaded.words.confirmed, 0);
    journal.record.state = BOOT_STEADY;
    assert_true(boot_journal_store(&journal));
    assert_int_equal(boot_journal_load(&loaded, &platform), BOOT_LOADED);
    assert_int_equal(loaded.words.confirmed, 0xFFFFFFFF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_stored_is_loaded, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_not_read_back_never_rules, setup, teardown),
        cmocka_unit_test_setup_teardown(refused_is_not_absent, setup, teardown),
        cmocka_unit_test_setup_teardown(a_store_keeps_a_confirmation, setup, teardown),
        cmocka_unit_test_setup_teardown(the_format_before_is_read, setup, teardown),
        cmocka_unit_test(any_damaged_bit_makes_the_record_invalid),
        cmocka_unit_test(members_out_of_range_make_it_invalid),
        cmocka_unit_test(the_higher_sequence_rules_also_past_its_wrap),
        cmocka_unit_test(tries_are_counted_on_trial_only),
        cmocka_unit_test(a_failed_boot_check_and_a_revert_end_the_trial),
        cmocka_unit_test_setup_teardown(a_store_during_a_trial_keeps_its_tries, setup, teardown),
        cmocka_unit_test_setup_teardown(acknowledging_erases_nothing_and_is_remembered, setup, teardown),
        cmocka_unit_test_setup_teardown(a_power_cut_in_a_store_leaves_the_old_or_the_new_record, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
