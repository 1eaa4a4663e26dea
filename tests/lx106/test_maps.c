/* boot.bin on the emulated core: for every flash map and size it starts images of both formats in both slots,
 * counts the tries of a trial, and falls back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "boot_record.h"
#include "crc32.h"
#include "machine_host.h"

#define IMAGE_MAX 0x4000u
#define NOTHING (-1)

struct image {
    uint8_t bytes[IMAGE_MAX];
    uint32_t length;
};

static const struct {
    const struct fota_flash_map *map;
    uint32_t kilobytes;
    const char *second; /* the image of slot 2 with a part that runs from flash */
} chips[] = {{&fota_map_256, 512, "256-2"},    {&fota_map_512, 1024, "512-2"},
             {&fota_map_512, 2048, "512-2"},   {&fota_map_512, 4096, "512-2"},
             {&fota_map_1024, 2048, "1024-2"}, {&fota_map_1024, 4096, "1024-2"},
             {&fota_map_1024, 8192, "1024-2"}, {&fota_map_1024, 16384, "1024-2"}};

static struct flash flash;
static struct machine machine;
static char directory[400], rom[512];
static int slot_seen;

static void read_file(const char *name, struct image *image)
{
    char path[600];

    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("%s cannot be read", path);
    image->length = (uint32_t)fread(image->bytes, 1, sizeof image->bytes, file);
    (void)fclose(file);
}

static void read_probe(const char *name, struct image *image)
{
    char path[64];

    (void)snprintf(path, sizeof path, "probe/%s.bin", name);
    read_file(path, image);
}

static void on_request(void *context, const struct modem_frame *frame, const uint8_t *bytes)
{
    struct modem_running running;

    (void)context;
    if (frame->type != MODEM_RUNNING)
        return;
    memcpy(&running, bytes, sizeof running);
    slot_seen = (int)running.slot;
}

/* One boot: the slot that says it runs; NOTHING when none does. */
static int boot(void)
{
    uint64_t wake_at;

    slot_seen = NOTHING;
    assert_true(machine_start(&machine, 1));
    if (machine_event(&machine, MODEM_START, 0, NULL, 0, &wake_at))
        assert_false(machine_event(&machine, MODEM_DOWN, 0, NULL, 0, &wake_at));
    assert_int_equal(machine.ended, MACHINE_RESTART);
    return slot_seen;
}

/* Image into slot 2, on trial. */
static void give_trial(const struct fota_flash_map *map, const struct image *first,
                       const struct image *second)
{
    const struct fota_platform platform = {&flash_port, &flash, map};
    struct boot_journal journal = {.platform = &platform, .copy = -1};

    assert_true(flash_program(&flash, map->slot_address[1], second->bytes, (second->length + 3) & ~3u));
    memset(&journal.words, 0xFF, sizeof journal.words);
    journal.record.good_slot = 1;
    journal.record.trial_slot = 2;
    journal.record.state = BOOT_TRIAL;
    journal.record.images[0].length = first->length;
    journal.record.images[0].crc32 = crc32_add(0, first->bytes, first->length);
    journal.record.images[1].length = second->length;
    journal.record.images[1].crc32 = crc32_add(0, second->bytes, second->length);
    assert_true(boot_journal_store(&journal));
}

static void open_chip(const struct fota_flash_map *map, uint32_t kilobytes, const struct image *first)
{
    char path[64], message[512];
    static struct image loader;
    bool created;

    (void)snprintf(path, sizeof path, "/tmp/lx106-maps.%ld", (long)getpid());
    assert_true(flash_open_file(&flash, path, kilobytes * 1024, &created, message, sizeof message));
    assert_true(flash_publish_file(path) && unlink(path) == 0); /* nothing is left, however this ends */
    read_file("boot.bin", &loader);
    assert_true(
        machine_provision(&flash, map, kilobytes, loader.bytes, loader.length, first->bytes, first->length));
    machine = (struct machine){.rom = rom, .request = on_request};
    assert_true(machine_open(&machine, &flash));
}

static void close_chip(void)
{
    machine_close(&machine);
    flash_close(&flash);
}

static void try_chip(const struct fota_flash_map *map, uint32_t kilobytes, const char *first_name,
                     const char *second_name)
{
    static struct image first, second;

    read_probe(first_name, &first);
    read_probe(second_name, &second);
    open_chip(map, kilobytes, &first);
    assert_int_equal(boot(), 1); /* without a record */
    give_trial(map, &first, &second);
    for (uint32_t i = 0; i < BOOT_TRIES; i++)
        assert_int_equal(boot(), 2);
    assert_int_equal(boot(), 1);
    close_chip();
}

static void images_with_a_mapped_part_start_with_every_map(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof chips / sizeof chips[0]; i++)
        try_chip(chips[i].map, chips[i].kilobytes, "1", chips[i].second);
}

static void images_without_start_with_every_map(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof chips / sizeof chips[0]; i++)
        try_chip(chips[i].map, chips[i].kilobytes, "e9-1", "e9-2");
}

static void a_trial_that_is_not_whole_is_not_started(void **state)
{
    static struct image first, second;
    const uint8_t nothing[4] = {0};

    (void)state;
    read_probe("1", &first);
    read_probe("512-2", &second);
    open_chip(&fota_map_512, 1024, &first);
    give_trial(&fota_map_512, &first, &second);
    assert_true(flash_program(&flash, fota_map_512.slot_address[1] + 64, nothing, sizeof nothing));
    assert_int_equal(boot(), 1);
    assert_true(flash_program(&flash, fota_map_512.slot_address[0] + 64, nothing, sizeof nothing));
    assert_int_equal(boot(), NOTHING); /* it waits, and looks again */
    close_chip();
}

/* Its CRC is right, but it would be loaded over the second stage. */
static void an_image_that_would_overwrite_the_loader_is_not_started(void **state)
{
    static struct image first, second;
    const uint32_t stage = 0x4010FC00;

    (void)state;
    read_probe("1", &first);
    read_probe("e9-2", &second);
    memcpy(second.bytes + 8, &stage, sizeof stage); /* where its first segment goes */
    uint32_t crc = crc32_add(0, second.bytes, second.length - 4);
    crc = (crc & 0x80000000u) != 0 ? ~crc : crc + 1;
    memcpy(second.bytes + second.length - 4, &crc, sizeof crc);
    open_chip(&fota_map_512, 1024, &first);
    give_trial(&fota_map_512, &first, &second);
    assert_int_equal(boot(), 1);
    close_chip();
}

static void an_unknown_map_is_not_guessed(void **state)
{
    static struct image first;

    (void)state;
    read_probe("1", &first);
    open_chip(&fota_map_512, 1024, &first);
    const uint8_t code = 0x10; /* 256 KB: the guide has no map for it */
    assert_int_equal(pwrite(flash.file, &code, 1, 3), 1);
    assert_int_equal(boot(), NOTHING);
    close_chip();
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_with_a_mapped_part_start_with_every_map),
        cmocka_unit_test(images_without_start_with_every_map),
        cmocka_unit_test(a_trial_that_is_not_whole_is_not_started),
        cmocka_unit_test(an_image_that_would_overwrite_the_loader_is_not_started),
        cmocka_unit_test(an_unknown_map_is_not_guessed),
    };
    const char *build = getenv("BUILD");

    (void)count;
    (void)arguments;
    (void)snprintf(directory, sizeof directory, "%s/lx106", build != NULL ? build : "build");
    (void)snprintf(rom, sizeof rom, "%s/rom.elf", directory);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
