/* A whole agent on flash in memory, for fuzz targets: an old image in slot 1, a new one that is offered for
 * slot 2, and rules for what may be written. */
#ifndef AGENT_BENCH_H
#define AGENT_BENCH_H

#include "fota_agent.h"
#include "fuzz.h"
#include "sample_image.h"

#define MAPPED 4096u
#define SEGMENT 512u
#define IMAGE_SIZE_MAX (MAPPED + SEGMENT + 64)
#define FLASH_SIZE 0x80000u

struct bench {
    uint8_t flash[FLASH_SIZE];
    struct fota_agent agent;
    uint64_t now;
    enum fota_http_method method;
    uint32_t first_byte, sent; /* of the open request */
    uint32_t random;           /* what the hardware says next */
    bool open, rebooted;
};

static struct bench bench;
static uint8_t old_image[IMAGE_SIZE_MAX], new_image[IMAGE_SIZE_MAX];
static uint32_t old_length, new_length;
static char offer[900];

static bool is_writable(uint32_t address, uint32_t length)
{
    const struct fota_flash_map *map = &fota_map_256;
    bool of_slot =
        address >= map->slot_address[1] && address + length <= map->slot_address[1] + map->slot_size;
    bool of_record =
        address >= map->record_address[0] && address + length <= map->record_address[1] + FOTA_SECTOR_SIZE;
    return address % 4 == 0 && length % 4 == 0 && (of_slot || of_record);
}

static bool port_read(void *context, uint32_t address, void *bytes, uint32_t length)
{
    (void)context;
    HOLDS(address % 4 == 0 && length % 4 == 0 && length <= FLASH_SIZE && address <= FLASH_SIZE - length);
    memcpy(bytes, bench.flash + address, length);
    return true;
}

static bool port_erase(void *context, uint32_t address)
{
    (void)context;
    HOLDS(address % FOTA_SECTOR_SIZE == 0 && is_writable(address, FOTA_SECTOR_SIZE));
    memset(bench.flash + address, 0xFF, FOTA_SECTOR_SIZE);
    return true;
}

static bool port_program(void *context, uint32_t address, const void *bytes, uint32_t length)
{
    (void)context;
    HOLDS(is_writable(address, length));
    for (uint32_t i = 0; i < length; i++)
        bench.flash[address + i] &= ((const uint8_t *)bytes)[i];
    return true;
}

static void port_publish(void *context, const char *report, uint32_t length)
{
    (void)context;
    HOLDS(length > 0 && report[0] == '{' && report[length - 1] == '}');
}

static void port_check_health(void *context)
{
    (void)context;
}

static void port_reboot(void *context)
{
    (void)context;
    bench.rebooted = true;
}

static uint32_t port_random(void *context)
{
    (void)context;
    return bench.random++;
}

/* The target's own. */
static bool port_http_start(void *context, enum fota_http_method method, const char *url,
                            uint32_t first_byte);
static void port_http_stop(void *context);

static const struct fota_port port = {
    .flash_read = port_read,
    .flash_erase = port_erase,
    .flash_program = port_program,
    .http_start = port_http_start,
    .http_stop = port_http_stop,
    .publish = port_publish,
    .check_health = port_check_health,
    .reboot = port_reboot,
    .random = port_random,
};

static void make_images(void)
{
    br_sha256_context context;
    uint8_t sha256[FOTA_SHA256_SIZE];
    char hex[2 * FOTA_SHA256_SIZE + 1];
    old_length = sample_image_make(old_image, 1, MAPPED, SEGMENT, 1);
    new_length = sample_image_make(new_image, 2, MAPPED, SEGMENT, 2);
    br_sha256_init(&context);
    br_sha256_update(&context, new_image, new_length);
    br_sha256_out(&context, sha256);
    for (size_t i = 0; i < sizeof sha256; i++)
        snprintf(hex + 2 * i, 3, "%02x", sha256[i]);
    snprintf(
        offer, sizeof offer,
        "{\"command\":\"update\",\"campaign\":5,\"attempt\":1,\"nonce\":\"0123456789abcdef\",\"version\":"
        "\"v1.1.0t45772(a)\",\"images\":{\"2\":{\"url\":\"http://h/i\",\"size\":%u,\"sha256\":\"%s\"}},"
        "\"download_seconds\":600,\"confirm_seconds\":60}",
        new_length, hex);
}

static void step(struct fota_event event)
{
    fota_agent_step(&bench.agent, bench.now, &event);
}

static void boot(void)
{
    static const struct fota_platform platform = {&port, NULL, &fota_map_256};
    static const struct fota_setup setup = {.running_slot = 1, .version = "v1.0.0t45772(a)", .seed = 1};
    memset(&bench, 0, sizeof bench);
    memset(bench.flash, 0xFF, sizeof bench.flash);
    memcpy(bench.flash + fota_map_256.slot_address[0], old_image, old_length);
    fota_agent_start(&bench.agent, &platform, &setup, 0);
    step((struct fota_event){.type = FOTA_EVENT_CONNECTED});
}

/* At the end, whatever came: the old image is as it was, and only the new one has ever been flagged. */
static inline void check_flash(void)
{
    HOLDS(memcmp(bench.flash + fota_map_256.slot_address[0], old_image, old_length) == 0);
    if (bench.rebooted || bench.agent.journal.record.state == BOOT_TRIAL)
        HOLDS(memcmp(bench.flash + fota_map_256.slot_address[1], new_image, new_length) == 0);
}

#endif
