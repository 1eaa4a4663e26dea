/* A device of a test: the whole agent on simulated flash, with a scripted server. */
#ifndef AGENT_WORLD_H
#define AGENT_WORLD_H

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
#define MAPPED_MAX 65536u
#define SEGMENT 2048u
#define NONCE "0123456789abcdef"

struct world {
    struct sector_store *store;
    struct flash flash;
    struct fota_platform platform;
    struct fota_agent agent;
    uint64_t now;
    uint8_t image[2][MAPPED_MAX + SEGMENT + 64]; /* what the server has for each slot */
    uint32_t mapped;                             /* of those; MAPPED unless a test says otherwise */
    uint32_t length;
    char sha256[2][65];
    uint32_t advertised;  /* content length the server claims */
    uint32_t break_after; /* bytes until the next break; 0: none */
    bool ignores_range;
    enum fota_permission permission;
    uint32_t min_uptime_seconds;
    /* So many reads, or programs, of flash from `from` up to `to` are refused; reads may have a bit wrong
     * instead.
     */
    struct {
        uint32_t from, to, left;
    } bad_reads, bad_programs;
    bool bad_reads_flip;
    bool http_wanted, reboot_wanted, health_wanted, healthy;
    enum fota_http_method method;
    uint32_t first_byte;
    uint32_t gets, resumed_at, images_written;
    const char *nonce;  /* of the offers; NONCE unless a test says otherwise */
    char manifest[512]; /* member of the offers: empty, or from signed_as */
    struct fota_public_key keys[FOTA_KEYS_MAX];
    uint32_t key_count;
    uint32_t random;                 /* what the hardware says next */
    char session[FOTA_SESSION_SIZE]; /* of the connection */
    char reports[16384];             /* all reports, one a line */
};

static struct world world; /* of the test that runs */

static inline bool port_read(void *context, uint32_t address, void *bytes, uint32_t length)
{
    (void)context;
    if (world.bad_reads.left > 0 && address >= world.bad_reads.from && address < world.bad_reads.to) {
        world.bad_reads.left--;
        if (!world.bad_reads_flip || !flash_read(&world.flash, address, bytes, length))
            return false;
        *(uint8_t *)bytes ^= 1;
        return true;
    }
    return flash_read(&world.flash, address, bytes, length);
}

static inline bool port_erase(void *context, uint32_t address)
{
    const struct fota_flash_map *map = world.platform.map;
    (void)context;
    /* The slot that runs is never erased. */
    uint32_t start = map->slot_address[world.agent.running_slot - 1];
    assert_false(address >= start && address < start + map->slot_size);
    return flash_erase(&world.flash, address);
}

static inline bool port_program(void *context, uint32_t address, const void *bytes, uint32_t length)
{
    (void)context;
    if (world.bad_programs.left > 0 && address >= world.bad_programs.from &&
        address < world.bad_programs.to) {
        world.bad_programs.left--;
        return false;
    }
    return flash_program(&world.flash, address, bytes, length);
}

static inline bool port_http_start(void *context, enum fota_http_method method, const char *url,
                                   uint32_t first_byte)
{
    (void)context;
    assert_string_equal(url, "http://h/i");
    world.http_wanted = true;
    world.method = method;
    world.first_byte = first_byte;
    return true;
}

static inline void port_http_stop(void *context)
{
    (void)context;
    world.http_wanted = false;
}

static inline void port_publish(void *context, const char *report, uint32_t length)
{
    size_t used = strlen(world.reports);
    (void)context;
    assert_true(used + length + 2 < sizeof world.reports);
    (void)snprintf(world.reports + used, sizeof world.reports - used, "%.*s\n", (int)length, report);
}

static inline void port_health(void *context)
{
    (void)context;
    world.health_wanted = true;
}

static inline enum fota_permission port_may_update(void *context)
{
    (void)context;
    return world.permission;
}

static inline void port_reboot(void *context)
{
    (void)context;
    world.reboot_wanted = true;
}

static inline void port_happened(void *context, enum fota_happening what, uint64_t campaign, uint32_t attempt)
{
    (void)context;
    (void)campaign;
    (void)attempt;
    world.images_written += what == FOTA_IMAGE_WRITTEN;
}

static inline uint32_t port_random(void *context)
{
    (void)context;
    return world.random++;
}

static const struct fota_port port = {
    .flash_read = port_read,
    .flash_erase = port_erase,
    .flash_program = port_program,
    .http_start = port_http_start,
    .http_stop = port_http_stop,
    .publish = port_publish,
    .check_health = port_health,
    .may_update = port_may_update,
    .reboot = port_reboot,
    .random = port_random,
    .happened = port_happened,
};

static inline void step(struct fota_event event)
{
    fota_agent_step(&world.agent, world.now, &event);
}

static inline void connect(void)
{
    fota_agent_begin_session(&world.agent, world.session);
    step((struct fota_event){.type = FOTA_EVENT_CONNECTED});
}

/* Up to where it would connect. */
static inline void boot_offline(enum reset_reason reason)
{
    int slot = boot_loader_run(&world.platform);
    struct fota_setup setup = {.running_slot = slot,
                               .reset_reason = reason,
                               .version = "v1.0.5t45772(a)",
                               .seed = 1,
                               .min_uptime_seconds = world.min_uptime_seconds,
                               .keys = world.keys,
                               .key_count = world.key_count};

    assert_int_not_equal(slot, 0); /* whatever happened: something whole boots */
    world.http_wanted = world.reboot_wanted = world.health_wanted = false;
    world.agent.running_slot = slot;
    fota_agent_start(&world.agent, &world.platform, &setup, world.now);
}

static inline void boot(enum reset_reason reason)
{
    boot_offline(reason);
    connect();
}

static inline void answer_http(void)
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
static inline void run(uint32_t seconds)
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

/* Up to the restart that the agent asks for; whatever the health check is asked, it says nothing yet. */
static inline void run_to_reboot(void)
{
    while (!world.reboot_wanted) {
        if (world.http_wanted) {
            answer_http();
            continue;
        }
        uint64_t wake = fota_agent_wake_at(&world.agent);
        assert_int_not_equal(wake, FOTA_NEVER);
        world.now = wake > world.now ? wake : world.now;
        step((struct fota_event){.type = FOTA_EVENT_TIME});
    }
}

static inline void command(const char *format, ...)
{
    char text[FOTA_MESSAGE_SIZE];
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    step((struct fota_event){.type = FOTA_EVENT_COMMAND, .bytes = text, .length = (uint32_t)length});
}

static inline void write_offer(char text[FOTA_MESSAGE_SIZE], int attempt, const char *version)
{
    (void)snprintf(text, FOTA_MESSAGE_SIZE,
                   "{\"command\":\"update\",\"campaign\":5,\"attempt\":%d,\"nonce\":\"%s\","
                   "\"version\":\"%s\","
                   "\"images\":{\"1\":{\"url\":\"http://h/i\",\"size\":%u,\"sha256\":\"%s\"},"
                   "\"2\":{\"url\":\"http://h/i\",\"size\":%u,\"sha256\":\"%s\"}}%s,"
                   "\"download_seconds\":600,\"confirm_seconds\":60}",
                   attempt, world.nonce, version, world.length, world.sha256[0], world.length,
                   world.sha256[1], world.manifest);
}

static inline void offer(int attempt, const char *version)
{
    char text[FOTA_MESSAGE_SIZE];

    write_offer(text, attempt, version);
    command("%s", text);
}

static inline void serve(uint32_t seed)
{
    for (int slot = 1; slot <= 2; slot++) {
        struct image_scan scan;
        struct image_digest digest;
        world.length =
            sample_image_make(world.image[slot - 1], slot, world.mapped, SEGMENT, seed + (uint32_t)slot);
        image_scan_start(&scan, world.length);
        image_scan_add(&scan, world.image[slot - 1], world.length);
        assert_int_equal(image_scan_finish(&scan, slot, &digest), IMAGE_GOOD);
        for (int i = 0; i < FOTA_SHA256_SIZE; i++)
            (void)snprintf(world.sha256[slot - 1] + 2 * i, 3, "%02x", digest.sha256[i]);
    }
    world.advertised = world.length;
}

static inline int setup(void **state)
{
    _Alignas(4) static uint8_t image[MAPPED + SEGMENT + 64];

    (void)state;
    memset(&world, 0, sizeof world);
    world.store = sector_store_new();
    world.healthy = true;
    world.nonce = NONCE;
    world.mapped = MAPPED;
    world.platform = (struct fota_platform){&port, NULL, &fota_map_512};
    flash_open_ram(&world.flash, fota_map_512.size, world.store);
    uint32_t length = sample_image_make(image, 1, 4096, 1024, 99);
    for (uint32_t done = 0; done < length; done += 4)
        assert_true(flash_program(&world.flash, fota_map_512.slot_address[0] + done, image + done, 4));
    serve(1);
    boot(RESET_POWER_ON);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    flash_close(&world.flash);
    sector_store_free(world.store);
    return 0;
}

static inline unsigned count(const char *text)
{
    unsigned found = 0;
    for (const char *at = world.reports; (at = strstr(at, text)) != NULL; at++)
        found++;
    return found;
}

#define ATTEMPT(report, attempt) "{\"report\":\"" report "\",\"campaign\":5,\"attempt\":" #attempt
/* As far as its nonce, which is that of offer(). */
#define RESULT(report, attempt) ATTEMPT(report, attempt) ",\"nonce\":\"" NONCE "\""

#endif
