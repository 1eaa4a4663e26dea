#include "device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot.h"
#include "fota_agent.h"
#include "world.h"

#define PIECE 1500u /* bytes of one piece of a download */
#define STEPS_MAX 5000u

/* What a device has in RAM: of no worth once the power has failed. */
static struct fota_agent agent;

/* --- the port --------------------------------------------------------------------------------------- */

static bool port_read(void *context, uint32_t address, void *bytes, uint32_t length)
{
    return nor_read(&((struct world *)context)->nor, address, bytes, length);
}

static bool port_erase(void *context, uint32_t address)
{
    return nor_erase(&((struct world *)context)->nor, address);
}

static bool port_program(void *context, uint32_t address, const void *bytes, uint32_t length)
{
    return nor_program(&((struct world *)context)->nor, address, bytes, length);
}

static bool port_http_start(void *context, enum fota_http_method method, const char *url, uint32_t first_byte)
{
    struct world *world = context;
    world->http_wanted = true;
    world->is_get = method == FOTA_HTTP_GET;
    world->first_byte = first_byte;
    world->image_asked = atoi(url + strlen(WORLD_URL));
    return true;
}

static void port_http_stop(void *context)
{
    ((struct world *)context)->http_wanted = false;
}

static void port_publish(void *context, const char *report, uint32_t length)
{
    char text[WORLD_MESSAGE_SIZE];
    snprintf(text, sizeof text, "%.*s", (int)length, report);
    world_hear(context, text);
}

static void port_check_health(void *context)
{
    ((struct world *)context)->health_wanted = true;
}

static void port_reboot(void *context)
{
    ((struct world *)context)->reboot_wanted = true;
}

#ifndef DEVICE_HAS_NO_RANDOM
/* The same each time: what follows a cut is compared with what follows none. */
static uint32_t port_random(void *context)
{
    (void)context;
    return 0;
}
#endif

static const struct fota_port port = {
    .flash_read = port_read,
    .flash_erase = port_erase,
    .flash_program = port_program,
    .http_start = port_http_start,
    .http_stop = port_http_stop,
    .publish = port_publish,
    .check_health = port_check_health,
    .reboot = port_reboot,
#ifndef DEVICE_HAS_NO_RANDOM
    .random = port_random,
#endif
};

static struct fota_platform platform_of(struct world *world)
{
    return (struct fota_platform){.port = &port, .context = world, .map = world->nor.map};
}

/* --- what happens to it ----------------------------------------------------------------------------- */

static void step(struct world *world, struct fota_event event)
{
    fota_agent_step(&agent, world->now, &event);
}

static void command(struct world *world, const char *text)
{
    step(world,
         (struct fota_event){.type = FOTA_EVENT_COMMAND, .bytes = text, .length = (uint32_t)strlen(text)});
}

static void serve(struct world *world)
{
    uint32_t length, first = world->first_byte;
    const uint8_t *bytes = world_image(world->image_asked, &length);
    struct download_headers headers = {.status = first > 0 ? 206 : 200,
                                       .content_length = (int64_t)(length - first),
                                       .range_first = first > 0 ? (int64_t)first : -1,
                                       .range_total = first > 0 ? (int64_t)length : -1,
                                       .complete = true};
    bool breaks = world->life->breaks && !world->has_broken && world->is_get;
    step(world, (struct fota_event){.type = FOTA_EVENT_HTTP_HEADERS, .http = headers});
    for (uint32_t at = first; world->is_get && world->http_wanted && at < length; at += PIECE) {
        uint32_t count = length - at < PIECE ? length - at : PIECE;
        if (breaks && at > length / 2) {
            headers.complete = false;
            world->has_broken = true;
            break;
        }
        step(world, (struct fota_event){
                        .type = FOTA_EVENT_HTTP_DATA, .bytes = (const char *)bytes + at, .length = count});
    }
    if (!world->http_wanted)
        return;
    world->http_wanted = false;
    step(world, (struct fota_event){.type = FOTA_EVENT_HTTP_END, .http = headers});
}

static void answer_health(struct world *world)
{
    bool is_first = world_firmware_in(world, world->nor.running_slot) == 1;
    world->health_wanted = false;
    if (is_first && world->life->behaviour == NEVER_ANSWERS)
        return;
    if (is_first && world->life->behaviour == LOSES_ITS_CONNECTION) {
        step(world, (struct fota_event){.type = FOTA_EVENT_DISCONNECTED});
        return;
    }
    step(world, (struct fota_event){.type = FOTA_EVENT_HEALTH,
                                    .healthy = !is_first || world->life->behaviour != FAILS_ITS_CHECK});
}

/* All results that came, each time: a device acknowledges what it knows and ignores the rest. */
static void acknowledge(struct world *world)
{
    char text[WORLD_MESSAGE_SIZE];
    for (int task = 0; task < TASKS_MAX; task++)
        if (world->results[task] != 0) {
            world_write_ack(world, task, text);
            command(world, text);
        }
}

static void command_what_is_due(struct world *world)
{
    char text[WORLD_MESSAGE_SIZE];
    world->offer_is_due = false;
    acknowledge(world);
    if (world->task == world->life->task_count || world->reboot_wanted)
        return;
    world->offer_is_due = false;
    world_write_offer(world, text);
    command(world, text);
}

static void wait(struct world *world)
{
    uint64_t wake = fota_agent_wake_at(&agent);
    if (wake == FOTA_NEVER && !agent.connected) { /* where bad flash has left it with this image */
        world->network_is_mended = true;
        step(world, (struct fota_event){.type = FOTA_EVENT_CONNECTED});
        return;
    }
    if (wake == FOTA_NEVER) {
        world->nor.broken = "it waits for nothing";
        return;
    }
    world->now = wake > world->now ? wake : world->now + 1;
    step(world, (struct fota_event){.type = FOTA_EVENT_TIME});
}

/* --- its code --------------------------------------------------------------------------------------- */

static bool run(struct world *world, int slot)
{
    const struct fota_platform platform = platform_of(world);
    const struct fota_setup setup = {.running_slot = slot,
                                     .version = WORLD_VERSION,
                                     .seed = 1,
                                     .keys = world_key(),
                                     .key_count = world->life->is_attack ? 1 : 0};
    world->http_wanted = world->reboot_wanted = world->health_wanted = world->offer_is_due = false;
    fota_agent_start(&agent, &platform, &setup, world->now);
    if (world_connects(world, slot) && !world->reboot_wanted)
        step(world, (struct fota_event){.type = FOTA_EVENT_CONNECTED});
    for (unsigned steps = 0; !world->reboot_wanted && world->nor.broken == NULL; steps++) {
        if (steps > STEPS_MAX)
            world->nor.broken = "it goes round for ever";
        else if (world->http_wanted)
            serve(world);
        else if (world->health_wanted)
            answer_health(world);
        else if (world->offer_is_due)
            command_what_is_due(world);
        else if (world->task == world->life->task_count)
            return true;
        else
            wait(world);
    }
    return false;
}

static int boot(struct world *world)
{
    static struct boot_memory memory;
    const struct fota_platform platform = platform_of(world);
    return boot_run(&platform, boot_check, &memory);
}

static void make(struct world *world)
{
    const struct fota_platform platform = platform_of(world);
    const struct fota_setup setup = {.running_slot = 1, .version = WORLD_VERSION, .seed = 1};
    fota_agent_start(&agent, &platform, &setup, 0);
    agent.journal.record.floor = world_floor(world);
    world_history(agent.journal.record.results);
    if (!boot_journal_store(&agent.journal))
        abort();
}

#ifndef DEVICE_KNOWS_NONCES
#define DEVICE_KNOWS_NONCES true
#endif
#ifndef DEVICE_KNOWS_RETRIALS
#define DEVICE_KNOWS_RETRIALS true
#endif
const struct device_code device_code = {DEVICE_KNOWS_NONCES, DEVICE_KNOWS_RETRIALS, make, boot, run};
