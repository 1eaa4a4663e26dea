/* The portable boot loader: which images it starts, what it programs, and which flash maps it knows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "boot.h"
#include "crc32.h"
#include "flash.h"
#include "sample_image.h"

static struct sector_store *store;
static struct flash flash;
static struct boot_memory memory;
static uint8_t image[0x6A000];
static uint32_t erased, programmed;
static bool program_fails;
static uint32_t bad_from, bad_to, bad_reads; /* so many reads from there to there are refused */

static bool read_flash(void *context, uint32_t address, void *bytes, uint32_t length)
{
    if (bad_reads > 0 && address >= bad_from && address < bad_to) {
        bad_reads--;
        return false;
    }
    return flash_read(context, address, bytes, length);
}

static bool erase_flash(void *context, uint32_t address)
{
    erased++;
    return flash_erase(context, address);
}

static bool program_flash(void *context, uint32_t address, const void *bytes, uint32_t length)
{
    programmed++;
    return !program_fails && flash_program(context, address, bytes, length);
}

static const struct fota_port port = {
    .flash_read = read_flash, .flash_erase = erase_flash, .flash_program = program_flash};
static const struct fota_platform platform = {&port, &flash, &fota_map_512};

static int setup(void **state)
{
    (void)state;
    store = sector_store_new();
    flash_open_ram(&flash, fota_map_512.size, store);
    erased = programmed = bad_reads = 0;
    program_fails = false;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    flash_close(&flash);
    sector_store_free(store);
    return 0;
}

static void write_slot(int slot, uint32_t length)
{
    uint32_t address = fota_map_512.slot_address[slot - 1];

    for (uint32_t done = 0; done < length; done += FOTA_SECTOR_SIZE)
        assert_true(flash_erase(&flash, address + done));
    assert_true(flash_program(&flash, address, image, length));
}

static uint32_t give_slot(int slot)
{
    uint32_t length = sample_image_make(image, slot, 1024, 256, (uint32_t)slot);
    write_slot(slot, length);
    return length;
}

/* A trial of slot 2, with both images known by length and CRC. */
static void give_trial(void)
{
    struct boot_journal journal = {.platform = &platform, .copy = -1};

    memset(&journal.words, 0xFF, sizeof journal.words);
    for (int slot = 1; slot <= 2; slot++) {
        struct boot_image *known = &journal.record.images[slot - 1];
        known->length = give_slot(slot);
        known->crc32 = crc32_add(0, image, known->length);
    }
    journal.record.good_slot = 1;
    journal.record.trial_slot = 2;
    journal.record.state = BOOT_TRIAL;
    assert_true(boot_journal_store(&journal));
    erased = programmed = 0;
}

static int boot(void)
{
    return boot_run(&platform, boot_check, &memory);
}

static void any_changed_byte_is_found(void **state)
{
    uint32_t length = give_slot(1);

    (void)state;
    assert_true(boot_check(&platform, 1, NULL, memory.buffer));
    for (uint32_t i = 0; i < length; i++) {
        image[i] ^= 0x10;
        write_slot(1, length);
        if (boot_check(&platform, 1, NULL, memory.buffer))
            fail_msg("byte %u changed is taken", i);
        image[i] ^= 0x10;
    }
    write_slot(1, length);
    assert_true(boot_check(&platform, 1, NULL, memory.buffer));
}

static void an_image_is_started_in_its_own_slot_only(void **state)
{
    (void)state;
    uint32_t length = sample_image_make(image, 1, 1024, 256, 1);
    write_slot(2, length);
    assert_false(boot_check(&platform, 2, NULL, memory.buffer));
}

/* A whole image, but not the one that the agent has verified. */
static void an_image_that_the_record_does_not_know_is_refused(void **state)
{
    struct boot_image known = {0};

    (void)state;
    known.length = give_slot(1);
    known.crc32 = crc32_add(0, image, known.length);
    assert_true(boot_check(&platform, 1, &known, memory.buffer));
    known.crc32++;
    assert_false(boot_check(&platform, 1, &known, memory.buffer));
    known.crc32--;
    known.length += 16;
    assert_false(boot_check(&platform, 1, &known, memory.buffer));
}

static void a_try_is_counted_on_trial_only(void **state)
{
    (void)state;
    give_slot(1);
    assert_int_equal(boot(), 1); /* no record at all */
    assert_int_equal(programmed, 0);
    give_trial();
    for (uint32_t i = 1; i <= BOOT_TRIES; i++) {
        assert_int_equal(boot(), 2);
        assert_int_equal(programmed, i);
    }
    for (int i = 0; i < 5; i++)
        assert_int_equal(boot(), 1);
    assert_int_equal(programmed, BOOT_TRIES);
    assert_int_equal(erased, 0);
}

static void a_try_that_cannot_be_counted_is_not_made(void **state)
{
    (void)state;
    give_trial();
    program_fails = true;
    assert_int_equal(boot(), 1);
    program_fails = false;
    assert_int_equal(boot(), 2);
}

static void a_trial_that_is_not_whole_is_given_up_for_good(void **state)
{
    (void)state;
    give_trial();
    image[100] ^= 1; /* of slot 2, the last one made */
    write_slot(2, 4096);
    assert_int_equal(boot(), 1);
    assert_int_equal(programmed, 1);
    give_slot(2);
    assert_int_equal(boot(), 1); /* the mark stays */
    assert_int_equal(programmed, 1);
    assert_int_equal(erased, 0);
}

/* The newer copy says that the trial has failed. */
static void a_copy_that_cannot_be_read_starts_no_trial(void **state)
{
    struct boot_journal journal;

    (void)state;
    give_trial();
    assert_int_equal(boot_journal_load(&journal, &platform), BOOT_LOADED);
    journal.record.state = BOOT_REVERTED;
    assert_true(boot_journal_store(&journal));
    bad_from = fota_map_512.record_address[journal.copy];
    bad_to = bad_from + FOTA_SECTOR_SIZE;
    programmed = 0;
    for (uint32_t reads = 1; reads <= 1000000; reads *= 10) {
        bad_reads = reads;
        assert_int_equal(boot(), 1);
        assert_int_equal(programmed, 0);
    }
    assert_true(flash_erase(&flash, fota_map_512.slot_address[0])); /* and still something boots */
    bad_reads = UINT32_MAX;
    assert_int_equal(boot(), 2);
}

static void an_image_is_read_again_before_it_is_given_up(void **state)
{
    (void)state;
    give_trial();
    bad_from = fota_map_512.slot_address[1];
    bad_to = bad_from + fota_map_512.slot_size;
    bad_reads = BOOT_READS - 1;
    assert_int_equal(boot(), 2);
    bad_reads = UINT32_MAX;
    assert_int_equal(boot(), 1);
}

static void a_good_slot_that_is_lost_leaves_the_other(void **state)
{
    (void)state;
    give_slot(2);
    assert_int_equal(boot(), 2);
    assert_true(flash_erase(&flash, fota_map_512.slot_address[1]));
    assert_int_equal(boot(), 0);
}

/* Espressif's own firmware, for both slots. */
static void real_images_are_whole(void **state)
{
    static const char *const folders[] = {"at-sdk2.0.0", "at-sdk3.0.6"};

    (void)state;
    for (int i = 0; i < 4; i++) {
        char path[64];
        int slot = 1 + i % 2;
        (void)snprintf(path, sizeof path, "../shared/images/%s/user%d.bin", folders[i / 2], slot);
        FILE *file = fopen(path, "rb");
        if (file == NULL) {
            print_message("%s is not there\n", path);
            skip();
        }
        uint32_t length = (uint32_t)fread(image, 1, sizeof image, file);
        (void)fclose(file);
        write_slot(slot, (length + 3) & ~3u);
        assert_true(boot_check(&platform, slot, NULL, memory.buffer));
        write_slot(3 - slot, (length + 3) & ~3u);
        assert_false(boot_check(&platform, 3 - slot, NULL, memory.buffer));
    }
}

static void the_map_is_in_the_first_word(void **state)
{
    static const struct {
        uint32_t code, kilobytes;
        const struct fota_flash_map *map;
    } known[] = {{0, 512, &fota_map_256},   {2, 1024, &fota_map_512},  {3, 2048, &fota_map_512},
                 {4, 4096, &fota_map_512},  {5, 2048, &fota_map_1024}, {6, 4096, &fota_map_1024},
                 {8, 8192, &fota_map_1024}, {9, 16384, &fota_map_1024}};
    uint32_t kilobytes;
    uint32_t found = 0;

    (void)state;
    for (uint32_t code = 0; code < 16; code++)
        found += boot_map(code << 28 | 0x020003E9u, &kilobytes) != NULL;
    assert_int_equal(found, sizeof known / sizeof known[0]);
    for (uint32_t i = 0; i < found; i++) {
        assert_ptr_equal(boot_map(known[i].code << 28 | 0x000001E9u, &kilobytes), known[i].map);
        assert_int_equal(kilobytes, known[i].kilobytes);
    }
}

static uint32_t first_words[9], reads_of_word;

static bool read_word(void *context, uint32_t address, void *bytes, uint32_t length)
{
    (void)context;
    assert_int_equal(address, 0);
    assert_int_equal(length, 4);
    assert_true(reads_of_word < sizeof first_words / sizeof first_words[0]);
    memcpy(bytes, &first_words[reads_of_word], 4);
    return first_words[reads_of_word++] != 0;
}

/* By a wrong map a good record would not be found. */
static void the_first_word_counts_when_three_reads_agree(void **state)
{
    static const struct fota_port words = {.flash_read = read_word};
    static const struct fota_platform unknown = {&words, NULL, NULL};
    const uint32_t right = 0x200003E9u, wrong = 0x600003E9u;
    uint32_t kilobytes;

    (void)state;
    for (uint32_t bad = 0; bad < 6; bad++) { /* two in a row, from any on; 0: refused */
        for (uint32_t i = 0; i < 9; i++)
            first_words[i] = i == bad || i == bad + 1 ? wrong : right;
        for (int refused = 0; refused < 2; refused++) {
            reads_of_word = 0;
            assert_ptr_equal(boot_read_map(&unknown, &kilobytes), &fota_map_512);
            first_words[bad] = first_words[bad + 1] = 0;
        }
    }
    for (uint32_t i = 0; i < 9; i++)
        first_words[i] = i % 2 == 0 ? wrong : right;
    reads_of_word = 0;
    assert_null(boot_read_map(&unknown, &kilobytes));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(any_changed_byte_is_found),
        TEST(an_image_is_started_in_its_own_slot_only),
        TEST(an_image_that_the_record_does_not_know_is_refused),
        TEST(a_try_is_counted_on_trial_only),
        TEST(a_try_that_cannot_be_counted_is_not_made),
        TEST(a_trial_that_is_not_whole_is_given_up_for_good),
        TEST(a_copy_that_cannot_be_read_starts_no_trial),
        TEST(an_image_is_read_again_before_it_is_given_up),
        TEST(a_good_slot_that_is_lost_leaves_the_other),
        TEST(real_images_are_whole),
        TEST(the_map_is_in_the_first_word),
        TEST(the_first_word_counts_when_three_reads_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
