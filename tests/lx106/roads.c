/* The table of docs/signing.md on the emulated core: every command that can lead a device to an image, by
 * what the boot record knows of it, what the slot that does not run holds, and whether the firmware has a
 * key. The rows are those of the unit test; a push needs an endpoint that the firmware here has not.
 *
 *     roads DIRECTORY */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/agent/roads.h"
#include "boot_record.h"
#include "signed.h"

#define VERSION "v1.1.0t45772(a)"
#define SEAL 0x04

static const struct fota_flash_map *const map = &fota_map_512;
static struct world world;
static uint8_t start[1024 * 1024];
static struct world_image other, another; /* for slot 2; what is asked for is world.offer[1] */

static bool port_read(void *context, uint32_t address, void *bytes, uint32_t length)
{
    return flash_read(context, address, bytes, length);
}

static bool port_erase(void *context, uint32_t address)
{
    return flash_erase(context, address);
}

static bool port_program(void *context, uint32_t address, const void *bytes, uint32_t length)
{
    return flash_program(context, address, bytes, length);
}

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "roads: %s\n", what);
    exit(1);
}

static void put_into_slot_2(const struct world_image *image, bool sealed)
{
    static _Alignas(4) uint8_t bytes[WORLD_IMAGE_MAX];
    uint32_t address = map->slot_address[1], length = (image->length + 3) & ~3u;

    memset(bytes, 0xFF, sizeof bytes);
    memcpy(bytes, image->bytes, image->length);
    if (sealed)
        bytes[0] |= SEAL;
    for (uint32_t at = 0; at < length; at += FOTA_SECTOR_SIZE)
        if (!flash_erase(&world.flash, address + at))
            die("flash");
    if (!flash_program(&world.flash, address, bytes, length))
        die("flash");
}

static void let_record_know(struct boot_record *record, const struct world_image *image, uint32_t sequence)
{
    struct boot_image known = {.length = image->length, .version = VERSION};
    struct image_scan scan;
    struct image_digest digest;

    image_scan_start(&scan, image->length);
    image_scan_add(&scan, image->bytes, image->length);
    if (image_scan_finish(&scan, 2, &digest) != IMAGE_GOOD)
        die("an image is not whole");
    known.crc32 = digest.crc32;
    memcpy(known.sha256, digest.sha256, sizeof known.sha256);
    record->images[1] = known;
    record->sequences[1] = sequence;
}

static void given(const struct road *road)
{
    static const struct fota_port port = {
        .flash_read = port_read, .flash_erase = port_erase, .flash_program = port_program};
    const struct fota_platform platform = {&port, &world.flash, map};
    static struct boot_journal journal;

    world_restore(&world, start);
    if (boot_journal_load(&journal, &platform) != BOOT_LOADED)
        die("the device has no boot record");
    if (road->slot != ROAD_EMPTY)
        put_into_slot_2(road->slot == ROAD_HOLDS_ANOTHER ? &another : &world.offer[1],
                        road->slot == ROAD_SEALED);
    if (road->known != ROAD_KNOWS_NOTHING)
        let_record_know(&journal.record, road->known == ROAD_KNOWS_ANOTHER ? &another : &world.offer[1],
                        road->known_sequence);
    journal.record.floor = road->floor;
    if (!boot_journal_store(&journal))
        die("flash");
}

/* What it came to, in the words of the table. */
static const char *when_commanded(const struct road *road)
{
    static char text[2][SIGNED_COMMAND_SIZE], reason[64];
    const struct world_image foreign[2] = {world.offer[0], another};
    const struct world_image *images = road->images == ROAD_SIGNED_FOR_ANOTHER ? foreign : world.offer;
    char manifest[SIGNED_MANIFEST_SIZE] = "";

    if (road->images >= ROAD_BY_ANOTHER_KEY)
        signed_manifest(manifest, VERSION, road->sequence, images, road->images == ROAD_BY_ANOTHER_KEY);
    signed_command(text[0], 1, VERSION, road->images == ROAD_NO_IMAGES ? NULL : images,
                   road->command == ROAD_ROLLBACK ? world.offer[1].sha256 : NULL, manifest);
    signed_command(text[1], 2, VERSION, NULL, other.sha256, "");
    world.commands[0] = text[0];
    world.commands[1] = road->sends_other ? text[1] : NULL;
    world.served = road->sends_other ? &other : NULL;
    if (world_run(&world) != WORLD_RESTS || world.crashes != 0 || world.records_lost != 0)
        return "does not come to rest";
    if (road->sends_other && (strstr(world.reports, "\"reason\":\"no_previous_image\"") == NULL ||
                              world_boot_without_slot_1(&world) != 0))
        return "leaves what was sent where it can be booted";
    if (world.running_slot == 2 && world_slot_holds(&world, 2, &world.offer[1]) &&
        strstr(world.reports, "\"report\":\"confirmed\"") != NULL)
        return world.gets > 0 ? ROAD_DOWNLOADS : ROAD_RUNS;
    const char *said = strstr(world.reports, "\"reason\":\"");
    if (said == NULL || sscanf(said, "\"reason\":\"%63[a-z_]", reason) != 1)
        return "says no reason";
    return world.running_slot == 2 ? "runs another image" : reason;
}

/* Of the rows with keys, or of those without. Returns how many went wrong. */
static uint32_t walk(const char *directory, const char *first, bool keys, uint32_t *walked)
{
    char line[ROAD_LINE_SIZE];
    uint32_t wrong = 0;

    world_open(&world, directory, first);
    if (world_run(&world) != WORLD_RESTS || world.running_slot != 1)
        die("a new device does not boot");
    world_keep(&world, start);
    world_offer(&world, "v1.1.0", VERSION);
    signed_alter(&other, &world.offer[1], 1);
    signed_alter(&another, &world.offer[1], 2);
    for (size_t i = 0; i < ROADS; i++) {
        if (roads[i].keys != keys || roads[i].command == ROAD_PUSH)
            continue;
        given(&roads[i]);
        const char *end;
        if (roads[i].command == ROAD_BOOT)
            end = world_boot_without_slot_1(&world) == 2 ? ROAD_RUNS : ROAD_NOTHING;
        else
            end = when_commanded(&roads[i]);
        ++*walked;
        if (strcmp(end, roads[i].ends) == 0)
            continue;
        road_line(&roads[i], line);
        printf("%s\nbut the device %s; it said:\n%s", line, end, world.reports);
        wrong++;
    }
    world_close(&world);
    return wrong;
}

int main(int count, char **arguments)
{
    uint32_t walked = 0;

    if (count != 2) {
        fputs("Usage: roads DIRECTORY\n", stderr);
        return 2;
    }
    signed_open(arguments[1]);
    uint32_t wrong = walk(arguments[1], "v1.0.6-keyed", true, &walked);
    wrong += walk(arguments[1], "v1.0.5", false, &walked);
    printf("%u roads to an image on the emulated core, %u do not end as documented\n", walked, wrong);
    return wrong == 0 && walked > 0 ? 0 : 1;
}
