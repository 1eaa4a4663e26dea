#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot.h"
#include "sample_image.h"

#define MAPPED 8192u
#define SEGMENT 512u
#define PIECE 1500u /* bytes of one piece of a download */
#define BOOTS_MAX 200u
#define STEPS_MAX 5000u
#define NONCE "9f3c0a5be2d1447"

const struct life lives[] = {
    {"an update", {{false, 1}}, 1, BEHAVES_WELL, false, 1},
    {"an update whose download breaks off", {{false, 1}}, 1, BEHAVES_WELL, true, 1},
    {"two updates", {{false, 1}, {false, 2}}, 2, BEHAVES_WELL, false, 2},
    {"an update that fails its health check", {{false, 1}}, 1, FAILS_ITS_CHECK, false, 0},
    {"an update that never answers", {{false, 1}}, 1, NEVER_ANSWERS, false, 0},
    {"an update that crashes", {{false, 1}}, 1, CRASHES, false, 0},
    {"a revert, then a good update", {{false, 1}, {false, 2}}, 2, FAILS_ITS_CHECK, false, 2},
    {"an update and the way back", {{false, 1}, {true, 0}}, 2, BEHAVES_WELL, false, 0},
    {"two updates and the way back by download",
     {{false, 1}, {false, 2}, {true, 0}},
     3,
     BEHAVES_WELL,
     false,
     0},
};
const int life_count = sizeof lives / sizeof lives[0];

/* --- firmwares -------------------------------------------------------------------------------------- */

struct image {
    uint8_t bytes[IMAGE_SIZE_MAX];
    uint32_t length;
    uint8_t sha256[FOTA_SHA256_SIZE];
    char hex[2 * FOTA_SHA256_SIZE + 1];
};

static struct image images[FIRMWARES][2];
static const char *const versions[FIRMWARES] = {"v1.0.0t45772(a)", "v1.1.0t45772(a)", "v1.2.0t45772(a)"};

static void make_images(void)
{
    if (images[0][0].length != 0)
        return;
    for (int i = 0; i < 2 * FIRMWARES; i++) {
        struct image *image = &images[i / 2][i % 2];
        br_sha256_context context;
        image->length = sample_image_make(image->bytes, i % 2 + 1, MAPPED, SEGMENT, (uint32_t)i + 1);
        br_sha256_init(&context);
        br_sha256_update(&context, image->bytes, image->length);
        br_sha256_out(&context, image->sha256);
        for (int byte = 0; byte < FOTA_SHA256_SIZE; byte++)
            snprintf(image->hex + 2 * byte, 3, "%02x", image->sha256[byte]);
    }
}

/* The firmware that stands whole in the slot; -1: none does. */
static int firmware_in(const struct world *world, int slot)
{
    for (int i = 0; i < FIRMWARES; i++) {
        const struct image *image = &images[i][slot - 1];
        if (memcmp(world->nor.bytes + world->platform.map->slot_address[slot - 1], image->bytes,
                   image->length) == 0)
            return i;
    }
    return -1;
}

/* --- the orchestrator ------------------------------------------------------------------------------- */

static void offer(struct world *world)
{
    const struct task *task = &world->life->tasks[world->task];
    char text[FOTA_MESSAGE_SIZE], back[100] = "";
    const struct image *slots = images[task->firmware];
    if (task->is_rollback)
        snprintf(back, sizeof back, "\"sha256\":\"%s\",", slots[0].hex); /* it ran in slot 1 */
    int length = snprintf(
        text, sizeof text,
        "{\"command\":\"%s\",\"campaign\":%d,\"attempt\":1,\"nonce\":\"" NONCE "%d\",\"version\":\"%s\",%s"
        "\"images\":{\"1\":{\"url\":\"http://h/%d\",\"size\":%u,\"sha256\":\"%s\"},"
        "\"2\":{\"url\":\"http://h/%d\",\"size\":%u,\"sha256\":\"%s\"}},\"download_seconds\":450,\"confirm_seconds\":225}",
        task->is_rollback ? "rollback" : "update", world->task + 1, world->task, versions[task->firmware],
        back, 2 * task->firmware, slots[0].length, slots[0].hex, 2 * task->firmware + 1, slots[1].length,
        slots[1].hex);
    struct fota_event event = {.type = FOTA_EVENT_COMMAND, .bytes = text, .length = (uint32_t)length};
    world->offer_is_due = false;
    fota_agent_step(&world->agent, world->now, &event);
}

/* A result closes its task and is acknowledged, however often it is said. */
static void take_result(struct world *world, const char *report)
{
    static const enum report_kind ends[] = {REPORT_CONFIRMED, REPORT_REJECTED, REPORT_FAILED,
                                            REPORT_REVERTED};
    const char *at = strstr(report, "\"campaign\":");
    int campaign = at != NULL ? atoi(at + strlen("\"campaign\":")) : 0;
    char quoted[40];
    for (size_t i = 0; i < sizeof ends / sizeof ends[0] && campaign >= 1 && campaign <= TASKS_MAX; i++) {
        snprintf(quoted, sizeof quoted, "\"report\":\"%s\"", report_kind_name(ends[i]));
        if (strstr(report, quoted) == NULL)
            continue;
        enum report_kind *result = &world->results[campaign - 1];
        if (*result != 0 && *result != ends[i])
            world->nor.broken = "it says two outcomes of one attempt";
        *result = ends[i];
        if (world->task == campaign - 1)
            world->task++;
        world->offer_is_due = true; /* the next one, and the ack before it */
    }
}

static void port_publish(void *context, const char *report, uint32_t length)
{
    struct world *world = context;
    char text[FOTA_MESSAGE_SIZE + 1];
    memcpy(text, report, length);
    text[length] = '\0';
    if (strstr(text, "\"report\":\"hello\"") != NULL) {
        for (int i = 0; i < 2 * FIRMWARES; i++) {
            if (strstr(text, images[i / 2][i % 2].hex) != NULL && strstr(text, versions[i / 2]) != NULL)
                world->said_running = i / 2;
        }
        if (strstr(text, "\"activity\"") == NULL)
            world->offer_is_due = true;
        const char *result = strstr(text, "\"result\":");
        if (result == NULL)
            return;
        take_result(world, result);
        return;
    }
    take_result(world, text);
}

/* All results that came, each time: a device acknowledges what it knows and ignores the rest. */
static void acknowledge(struct world *world)
{
    for (int i = 0; i < TASKS_MAX; i++) {
        char text[100];
        if (world->results[i] == 0)
            continue;
        int length =
            snprintf(text, sizeof text, "{\"command\":\"ack\",\"campaign\":%d,\"attempt\":1}", i + 1);
        struct fota_event event = {.type = FOTA_EVENT_COMMAND, .bytes = text, .length = (uint32_t)length};
        fota_agent_step(&world->agent, world->now, &event);
    }
}

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
    world->method = method;
    world->first_byte = first_byte;
    world->image_asked = atoi(url + strlen("http://h/"));
    return true;
}

static void port_http_stop(void *context)
{
    ((struct world *)context)->http_wanted = false;
}

static void port_check_health(void *context)
{
    ((struct world *)context)->health_wanted = true;
}

static void port_reboot(void *context)
{
    ((struct world *)context)->reboot_wanted = true;
}

static void port_happened(void *context, enum fota_happening what, uint64_t campaign, uint32_t attempt)
{
    struct world *world = context;
    (void)attempt;
    if (what == FOTA_IMAGE_WRITTEN && campaign >= 1 && campaign <= TASKS_MAX)
        world->flashed[campaign - 1]++;
}

static const struct fota_port port = {
    .flash_read = port_read,
    .flash_erase = port_erase,
    .flash_program = port_program,
    .http_start = port_http_start,
    .http_stop = port_http_stop,
    .publish = port_publish,
    .check_health = port_check_health,
    .reboot = port_reboot,
    .happened = port_happened,
};

/* --- a life ----------------------------------------------------------------------------------------- */

static void step(struct world *world, struct fota_event event)
{
    fota_agent_step(&world->agent, world->now, &event);
}

static void serve(struct world *world)
{
    const struct image *image = &images[world->image_asked / 2][world->image_asked % 2];
    struct download_headers headers = {.status = world->first_byte > 0 ? 206 : 200,
                                       .content_length = (int64_t)(image->length - world->first_byte),
                                       .range_first = world->first_byte > 0 ? (int64_t)world->first_byte : -1,
                                       .range_total = world->first_byte > 0 ? (int64_t)image->length : -1,
                                       .complete = true};
    bool breaks = world->life->breaks && !world->has_broken && world->method == FOTA_HTTP_GET;
    step(world, (struct fota_event){.type = FOTA_EVENT_HTTP_HEADERS, .http = headers});
    for (uint32_t at = world->first_byte;
         world->method == FOTA_HTTP_GET && world->http_wanted && at < image->length; at += PIECE) {
        uint32_t count = image->length - at < PIECE ? image->length - at : PIECE;
        if (breaks && at > image->length / 2) {
            headers.complete = false;
            world->has_broken = true;
            break;
        }
        step(world, (struct fota_event){.type = FOTA_EVENT_HTTP_DATA,
                                        .bytes = (const char *)image->bytes + at,
                                        .length = count});
    }
    if (!world->http_wanted)
        return;
    world->http_wanted = false;
    step(world, (struct fota_event){.type = FOTA_EVENT_HTTP_END, .http = headers});
}

static bool is_over(const struct world *world)
{
    return world->task == world->life->task_count && !world->offer_is_due;
}

static void answer_health(struct world *world)
{
    bool is_first = firmware_in(world, world->nor.running_slot) == 1;
    world->health_wanted = false;
    if (is_first && world->life->behaviour == NEVER_ANSWERS)
        return;
    step(world, (struct fota_event){.type = FOTA_EVENT_HEALTH,
                                    .healthy = !is_first || world->life->behaviour != FAILS_ITS_CHECK});
}

/* From the start of the agent to its reboot: false; or to the end of the life: true. */
static bool run_agent(struct world *world, int slot)
{
    const struct fota_setup setup = {.running_slot = slot, .version = versions[0], .seed = 1};
    world->http_wanted = world->reboot_wanted = world->health_wanted = world->offer_is_due = false;
    fota_agent_start(&world->agent, &world->platform, &setup, world->now);
    if (!world->reboot_wanted)
        step(world, (struct fota_event){.type = FOTA_EVENT_CONNECTED});
    for (unsigned steps = 0; !world->reboot_wanted && world->nor.broken == NULL; steps++) {
        if (steps > STEPS_MAX) {
            world->nor.broken = "it goes round for ever";
        } else if (world->http_wanted) {
            serve(world);
        } else if (world->health_wanted) {
            answer_health(world);
        } else if (world->offer_is_due) {
            world->offer_is_due = false;
            acknowledge(world);
            if (world->task < world->life->task_count && !world->reboot_wanted)
                offer(world);
        } else if (is_over(world)) {
            return true;
        } else {
            uint64_t wake = fota_agent_wake_at(&world->agent);
            if (wake == FOTA_NEVER) {
                world->nor.broken = "it waits for nothing";
                break;
            }
            world->now = wake > world->now ? wake : world->now + 1;
            step(world, (struct fota_event){.type = FOTA_EVENT_TIME});
        }
    }
    return false;
}

/* What flash says, whoever reads it. */
static void look_at_record(const struct world *world, struct boot_copy copies[2], struct boot_choice *choice)
{
    for (int i = 0; i < 2; i++) {
        const uint8_t *sector = world->nor.bytes + world->platform.map->record_address[i];
        memcpy(&copies[i].record, sector, sizeof copies[i].record);
        memcpy(&copies[i].words, sector + BOOT_WORDS_OFFSET, sizeof copies[i].words);
    }
    boot_choose(copies, choice);
}

/* What the boot loader has chosen, and what it left. */
static void check_boot(struct world *world, int slot, uint64_t operations_before)
{
    struct boot_copy copies[2];
    struct boot_choice choice;
    look_at_record(world, copies, &choice);
    if (slot == 0)
        world->nor.broken = "no slot boots";
    else if (choice.copy < 0)
        world->nor.broken = "the record cannot be read";
    else if (world->nor.operations != operations_before && copies[choice.copy].record.state != BOOT_TRIAL)
        world->nor.broken = "a boot that is no trial writes";
    else if (firmware_in(world, slot) < 0)
        world->nor.broken = "it boots an image that is not whole";
    else if (++world->boots > BOOTS_MAX)
        world->nor.broken = "it boots for ever";
}

bool world_run(struct world *world)
{
    static struct boot_memory memory;
    jmp_buf power;
    world->nor.power = &power;
    if (setjmp(power) != 0)
        return false;
    for (;;) {
        world->nor.running_slot = 0;
        uint64_t before = world->nor.operations;
        int slot = boot_run(&world->platform, boot_check, &memory);
        if (slot == 0 && world->nor.bad_read_at != 0 && ++world->boots < BOOTS_MAX)
            continue; /* the chip restarts and looks again */
        if (world->nor.broken == NULL)
            check_boot(world, slot, before);
        if (world->nor.broken != NULL)
            return true;
        world->nor.running_slot = slot;
        if (firmware_in(world, slot) == 1 && world->life->behaviour == CRASHES)
            continue;
        if (run_agent(world, slot) || world->nor.broken != NULL)
            return true;
    }
}

void world_make(struct world *world, const struct life *life, uint32_t random)
{
    make_images();
    memset(world, 0, sizeof *world);
    world->life = life;
    world->platform = (struct fota_platform){.port = &port, .context = world, .map = &fota_map_256};
    world->nor.map = &fota_map_256;
    world->nor.random = random;
    world->said_running = -1;
    memset(world->nor.bytes, 0xFF, sizeof world->nor.bytes);
    memcpy(world->nor.bytes + fota_map_256.slot_address[0], images[0][0].bytes, images[0][0].length);
    /* Made where the device is made, on a bench with power. */
    const struct fota_setup setup = {.running_slot = 1, .version = versions[0], .seed = 1};
    world->nor.running_slot = 1;
    fota_agent_start(&world->agent, &world->platform, &setup, 0);
    world->agent.journal.record.floor = WORLD_FLOOR;
    if (!boot_journal_store(&world->agent.journal))
        abort();
    nor_power_on(&world->nor);
}

const char *world_check(struct world *world)
{
    const struct life *life = world->life;
    if (world->nor.broken != NULL)
        return world->nor.broken;
    int runs = firmware_in(world, world->nor.running_slot);
    if (runs != life->ends_with)
        return "it does not end where it should";
    if (world->said_running != runs)
        return "it does not run what it said";
    for (int i = 0; i < life->task_count; i++) {
        bool fails = life->tasks[i].firmware == 1 && life->behaviour != BEHAVES_WELL;
        if (world->results[i] != (fails ? REPORT_REVERTED : REPORT_CONFIRMED))
            return "an outcome is not what it should be";
    }
    if (world->agent.journal.record.state != BOOT_STEADY)
        return "something is still on trial";
    return NULL;
}

const char *world_check_honest(struct world *world, bool is_lost)
{
    const struct life *life = world->life;
    if (world->nor.broken != NULL)
        return world->nor.broken;
    int expected = 0; /* that the results speak of */
    for (int i = 0; i < life->task_count; i++) {
        bool fails = life->tasks[i].firmware == 1 && life->behaviour != BEHAVES_WELL;
        if (world->results[i] == REPORT_CONFIRMED && fails)
            return "a firmware that does not work was confirmed";
        if (world->results[i] == REPORT_CONFIRMED)
            expected = life->tasks[i].firmware;
        if (world->results[i] == 0)
            return "an attempt has no outcome";
    }
    int runs = firmware_in(world, world->nor.running_slot);
    if (runs != expected && !is_lost)
        return "it does not run what its results say";
    return world->said_running == runs ? NULL : "it does not run what it said";
}

const char *world_check_flash(struct world *world)
{
    static struct boot_memory memory;
    const char *what = world_check_honest(world, true);
    struct boot_copy copies[2];
    struct boot_choice choice;
    if (what != NULL)
        return what;
    int expected = 0;
    for (int i = 0; i < world->life->task_count; i++)
        if (world->results[i] == REPORT_CONFIRMED)
            expected = world->life->tasks[i].firmware;
    look_at_record(world, copies, &choice);
    if (choice.copy < 0 || copies[choice.copy].record.floor != WORLD_FLOOR)
        return "its record is lost";
    if (choice.on_trial)
        return "something is still on trial";
    if (firmware_in(world, choice.slot) != expected)
        return "its record calls another image good than its results do";
    world->nor.bad_read_at = 0;
    world->nor.running_slot = 0;
    return boot_run(&world->platform, boot_check, &memory) == choice.slot ? NULL
                                                                          : "the good slot does not boot";
}
