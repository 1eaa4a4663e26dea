#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot_record.h"
#include "images.h"

#define BOOTS_MAX 200u
#define NONCE "9f3c0a5be2d1447" /* and a digit: of a task, or of a result of the history */

#define ONE {{false, 1}}, 1
#define TWO {{false, 1}, {false, 2}}, 2
#define AND_BACK {{false, 1}, {true, 0}}, 2
#define ATTACK {{false, 1}, {true, 2}}, 2
#define TWO_AND_BACK {{false, 1}, {false, 2}, {true, 0}}, 3
const struct life lives[] = {
    {"an update", ONE, BEHAVES_WELL, false, false, false, false},
    {"an update whose download breaks off", ONE, BEHAVES_WELL, true, false, false, false},
    {"two updates", TWO, BEHAVES_WELL, false, false, false, false},
    {"an update that fails its health check", ONE, FAILS_ITS_CHECK, false, false, false, false},
    {"an update that never answers", ONE, NEVER_ANSWERS, false, false, false, false},
    {"an update that crashes", ONE, CRASHES, false, false, false, false},
    {"a revert, then a good update", TWO, FAILS_ITS_CHECK, false, false, false, false},
    {"an update and the way back", AND_BACK, BEHAVES_WELL, false, false, false, false},
    {"two updates and the way back by download", TWO_AND_BACK, BEHAVES_WELL, false, false, false, false},
    {"a number that comes again after a revert", TWO, FAILS_ITS_CHECK, false, true, false, false},
    {"an update without a broker at first", TWO, HAS_NO_BROKER, false, false, false, false},
    {"an update that never connects", TWO, NEVER_CONNECTS, false, false, false, false},
    {"an update that loses its connection", ONE, LOSES_ITS_CONNECTION, false, false, false, false},
    {"a cancel between two trials", TWO, HAS_NO_BROKER, false, false, true, false},
    {"other bytes than were signed, and their hash", ATTACK, BEHAVES_WELL, false, false, false, true},
    {"the same, and its download breaks off", ATTACK, BEHAVES_WELL, true, false, false, true},
};
const int life_count = sizeof lives / sizeof lives[0];

int world_firmware_in(const struct world *world, int slot)
{
    for (int i = 0; i < FIRMWARES; i++) {
        const struct image *image = &images[i][slot - 1];
        if (memcmp(world->nor.bytes + world->nor.map->slot_address[slot - 1], image->bytes, image->length) ==
            0)
            return i;
    }
    return -1;
}

/* --- how it should go ------------------------------------------------------------------------------- */

bool world_connects(struct world *world, int slot)
{
    bool is_first = world_firmware_in(world, slot) == 1;
    if (world->life->behaviour == HAS_NO_BROKER) {
        world->has_tried = world->has_tried || is_first;
        world->network_is_mended = world->network_is_mended || (world->has_tried && !is_first);
    } else if (world->life->behaviour != NEVER_CONNECTS) {
        return true;
    }
    return !is_first || world->network_is_mended;
}

/* Both firmwares must know of it: the new one goes back without a verdict, the old one tries again. */
static bool tries_again(const struct world *world)
{
    return world->codes->agents[0]->knows_retrials && world->codes->agents[1]->knows_retrials;
}

static enum report_kind expected_result(const struct world *world, int task)
{
    const struct life *life = world->life;
    if (life->is_attack)
        return task == 0 ? REPORT_FAILED : REPORT_REJECTED;
    if (life->tasks[task].firmware != 1 || life->behaviour == BEHAVES_WELL)
        return REPORT_CONFIRMED;
    if (life->behaviour != HAS_NO_BROKER || !tries_again(world))
        return REPORT_REVERTED;
    return life->is_cancelled ? REPORT_CANCELLED : REPORT_CONFIRMED;
}

/* Of a task that is not to be confirmed. */
static enum fota_reason expected_reason(const struct world *world, int task)
{
    if (world->life->is_attack)
        return task == 0 ? REASON_HASH_MISMATCH : REASON_NO_PREVIOUS_IMAGE;
    switch (world->life->behaviour) {
    case FAILS_ITS_CHECK:
        return REASON_HEALTH_CHECK;
    case CRASHES:
        return REASON_CRASH_LOOP;
    case NEVER_CONNECTS:
    case LOSES_ITS_CONNECTION:
        return tries_again(world) ? REASON_NO_CONNECTION : REASON_CONFIRM_TIMEOUT;
    default:
        return REASON_CONFIRM_TIMEOUT;
    }
}

/* Whether a firmware was confirmed that does not work, or that nobody signed. */
static bool is_false(const struct world *world, int task)
{
    const struct life *life = world->life;
    bool is_bad = life->tasks[task].firmware == 1 && life->behaviour != BEHAVES_WELL &&
                  life->behaviour != HAS_NO_BROKER;
    return world->results[task] == REPORT_CONFIRMED && (is_bad || life->is_attack);
}

/* The firmware of the last task that was confirmed. */
static int confirmed_last(const struct world *world)
{
    int firmware = 0;
    for (int i = 0; i < world->life->task_count; i++)
        if (world->results[i] == REPORT_CONFIRMED)
            firmware = world->life->tasks[i].firmware;
    return firmware;
}

/* --- the orchestrator ------------------------------------------------------------------------------- */

/* The number of a task's campaign. */
static int campaign_of(const struct world *world, int task)
{
    return world->life->same_number ? 1 : task + 1;
}

static void write_attack(const struct world *world, char text[WORLD_MESSAGE_SIZE])
{
    const struct image *signed_slots = images[1];
    if (world->task == 0)
        snprintf(text, WORLD_MESSAGE_SIZE,
                 "{\"command\":\"update\",\"campaign\":1,\"attempt\":1,\"nonce\":\"" NONCE
                 "0\",\"version\":\"%s\","
                 "\"images\":{\"1\":{\"url\":\"" WORLD_URL "4\",\"size\":%u,\"sha256\":\"%s\"},"
                 "\"2\":{\"url\":\"" WORLD_URL "5\",\"size\":%u,\"sha256\":\"%s\"}},"
                 "\"manifest\":{\"sequence\":0,\"signatures\":[\"%s\"]},\"download_seconds\":450,"
                 "\"confirm_seconds\":225}",
                 versions[1], signed_slots[0].length, signed_slots[0].hex, signed_slots[1].length,
                 signed_slots[1].hex, signature_of_first());
    else
        snprintf(text, WORLD_MESSAGE_SIZE,
                 "{\"command\":\"rollback\",\"campaign\":2,\"attempt\":1,\"nonce\":\"" NONCE
                 "1\",\"version\":\"%s\",\"sha256\":\"%s\",\"download_seconds\":450,\"confirm_seconds\":225}",
                 versions[2], images[2][1].hex);
}

void world_write_offer(const struct world *world, char text[WORLD_MESSAGE_SIZE])
{
    if (world->life->is_attack) {
        write_attack(world, text);
        return;
    }
    const struct task *task = &world->life->tasks[world->task];
    char back[100] = "";
    const struct image *slots = images[task->firmware];
    if (world->is_withdrawn && world->task == 0) {
        char nonce[40] = "";
        if (world->can_nonce)
            snprintf(nonce, sizeof nonce, ",\"nonce\":\"" NONCE "0\"");
        snprintf(text, WORLD_MESSAGE_SIZE, "{\"command\":\"cancel\",\"campaign\":%d,\"attempt\":1%s}",
                 campaign_of(world, 0), nonce);
        return;
    }
    if (task->is_rollback)
        snprintf(back, sizeof back, "\"sha256\":\"%s\",", slots[0].hex); /* it ran in slot 1 */
    snprintf(text, WORLD_MESSAGE_SIZE,
             "{\"command\":\"%s\",\"campaign\":%d,\"attempt\":1,\"nonce\":\"" NONCE
             "%d\",\"version\":\"%s\",%s"
             "\"images\":{\"1\":{\"url\":\"" WORLD_URL "%d\",\"size\":%u,\"sha256\":\"%s\"},"
             "\"2\":{\"url\":\"" WORLD_URL "%d\",\"size\":%u,\"sha256\":\"%s\"}},\"download_seconds\":450,"
             "\"confirm_seconds\":225}",
             task->is_rollback ? "rollback" : "update", campaign_of(world, world->task), world->task,
             versions[task->firmware], back, 2 * task->firmware, slots[0].length, slots[0].hex,
             2 * task->firmware + 1, slots[1].length, slots[1].hex);
}

void world_write_ack(const struct world *world, int task, char text[WORLD_MESSAGE_SIZE])
{
    char nonce[40] = "";
    if (world->can_nonce)
        snprintf(nonce, sizeof nonce, ",\"nonce\":\"" NONCE "%d\"", task);
    snprintf(text, WORLD_MESSAGE_SIZE, "{\"command\":\"ack\",\"campaign\":%d,\"attempt\":1%s}",
             campaign_of(world, task), nonce);
}

/* The kind of result that the text begins with, 0: none. */
static enum report_kind kind_in(const char *text)
{
    static const enum report_kind ends[] = {REPORT_CONFIRMED, REPORT_REJECTED, REPORT_FAILED, REPORT_REVERTED,
                                            REPORT_CANCELLED};
    char begin[40];
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        snprintf(begin, sizeof begin, "{\"report\":\"%s\"", report_kind_name(ends[i]));
        if (strncmp(text, begin, strlen(begin)) == 0)
            return ends[i];
    }
    return 0;
}

/* What follows the name of the first member of that name; NULL: there is none. */
static const char *member(const char *text, const char *quoted_name)
{
    const char *at = strstr(text, quoted_name);
    return at == NULL ? NULL : at + strlen(quoted_name);
}

/* The task that a result is of, by its nonce where it has one; -1: none. `end` is where the result ends. */
static int task_of(struct world *world, const char *result, const char *end)
{
    const char *nonce = member(result, "\"nonce\":\"" NONCE), *campaign = member(result, "\"campaign\":");
    if (nonce != NULL && nonce < end)
        return *nonce >= '0' && *nonce < '0' + world->life->task_count ? *nonce - '0' : -1;
    if (world_all_know_nonces(world))
        world->nor.broken = "it says a result without its nonce";
    int number = campaign != NULL && campaign < end ? atoi(campaign) : 0;
    return number >= 1 && number <= world->life->task_count ? number - 1 : -1;
}

/* A result closes its task and is acknowledged, however often it is said. */
static void take_result(struct world *world, const char *result, const char *end)
{
    enum report_kind kind = kind_in(result);
    if (kind == 0)
        return;
    int task = task_of(world, result, end);
    if (task < 0) {
        world->nor.broken = "it says again what was acknowledged before";
        return;
    }
    if (world->results[task] != 0 && world->results[task] != kind)
        world->nor.broken = "it says two outcomes of one attempt";
    world->results[task] = kind;
    if (world->task == task)
        world->task++;
    world->offer_is_due = true; /* the next one, and the ack before it */
}

/* The last acknowledged result is that of a task which has ended, or of the history. */
static void check_last(struct world *world, const char *last)
{
    const char *nonce = member(last, "\"nonce\":\"" NONCE);
    enum report_kind kind = kind_in(last);
    int task = nonce == NULL || *nonce > '9' ? -1 : *nonce - '0';
    bool is_old = task < 0 && nonce != NULL && kind == REPORT_REVERTED;
    if (!is_old && world_all_know_nonces(world) && (task < 0 || world->results[task] != kind))
        world->nor.broken = "its last result is another";
}

void world_hear(struct world *world, const char *text)
{
    const char *result = text, *end = text + strlen(text);
    if (strstr(text, "{\"report\":\"hello\"") == text) {
        int firmware_that_runs = world_firmware_in(world, world->nor.running_slot);
        const char *last = member(text, "\"last\":");
        for (int i = 0; i < 2 * FIRMWARES; i++) {
            const char *hex = strstr(text, images[i / 2][i % 2].hex);
            if (hex != NULL && hex < strstr(text, "\"boot\":") && strstr(text, versions[i / 2]) != NULL)
                world->said_running = i / 2;
        }
        world->can_nonce = strstr(text, "\"can\":[\"nonce\"") != NULL;
        const struct device_code *agent = world->codes->agents[firmware_that_runs];
        if (world->can_nonce != agent->knows_nonces ||
            (strstr(text, "\"retrial\"]") != NULL) != agent->knows_retrials)
            world->nor.broken = "it says wrongly what it can";
        bool waits = strstr(text, "\"state\":\"retrial\"") != NULL;
        world->is_withdrawn = world->is_withdrawn || (waits && world->life->is_cancelled);
        if (strstr(text, "\"activity\"") == NULL || (waits && world->is_withdrawn))
            world->offer_is_due = true;
        if (last != NULL)
            check_last(world, last);
        result = member(text, "\"result\":");
        end = last != NULL ? last : end;
    }
    if (result != NULL)
        take_result(world, result, end);
}

bool world_all_know_nonces(const struct world *world)
{
    for (int i = 0; i < FIRMWARES; i++)
        if (!world->codes->agents[i]->knows_nonces)
            return false;
    return true;
}

uint32_t world_floor(const struct world *world)
{
    return world->life->is_attack ? 0 : WORLD_FLOOR;
}

/* --- a life ----------------------------------------------------------------------------------------- */

void world_history(struct boot_result results[BOOT_RESULTS])
{
    static const enum report_kind kinds[WORLD_HISTORY] = {REPORT_REJECTED, REPORT_FAILED, REPORT_REVERTED,
                                                          REPORT_CANCELLED};
    for (int i = 0; i < WORLD_HISTORY; i++) {
        struct boot_result *result = &results[i];
        memset(result, 0, sizeof *result);
        *result = (struct boot_result){.campaign = 1,
                                       .attempt = (uint16_t)(100 + i),
                                       .kind = (uint8_t)kinds[i],
                                       .reason = kinds[i] == REPORT_CANCELLED ? 0 : REASON_HEALTH_CHECK,
                                       .acknowledged = 1};
        memcpy(result->nonce, NONCE, sizeof result->nonce);
        result->nonce[BOOT_NONCE_LENGTH - 1] = (char)('a' + i);
        if (kinds[i] != REPORT_REVERTED)
            continue;
        result->slot = 1;
        memcpy(result->sha256, images[0][0].sha256, sizeof result->sha256);
        memcpy(result->version, versions[0], strlen(versions[0]));
    }
}

/* What flash says, whoever reads it. */
static void look_at_record(const struct world *world, struct boot_copy copies[2], struct boot_choice *choice)
{
    for (int i = 0; i < 2; i++) {
        const uint8_t *sector = world->nor.bytes + world->nor.map->record_address[i];
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
    else if (world_firmware_in(world, slot) < 0)
        world->nor.broken = "it boots an image that is not whole";
    else if (++world->boots > BOOTS_MAX)
        world->nor.broken = "it boots for ever";
}

bool world_run(struct world *world)
{
    jmp_buf power;
    world->nor.power = &power;
    if (setjmp(power) != 0)
        return false;
    for (;;) {
        world->nor.running_slot = 0;
        uint64_t before = world->nor.operations;
        int slot = world->codes->boot_loader->boot(world);
        if (slot == 0 && world->nor.bad_read_at != 0 && ++world->boots < BOOTS_MAX)
            continue; /* the chip restarts and looks again */
        if (world->nor.broken == NULL)
            check_boot(world, slot, before);
        if (world->nor.broken != NULL)
            return true;
        world->nor.running_slot = slot;
        int firmware = world_firmware_in(world, slot);
        if (firmware == 1 && world->life->behaviour == CRASHES)
            continue;
        if (world->codes->agents[firmware]->run(world, slot) || world->nor.broken != NULL)
            return true;
    }
}

void world_make(struct world *world, const struct life *life, const struct world_codes *codes,
                uint32_t random)
{
    make_images();
    memset(world, 0, sizeof *world);
    world->life = life;
    world->codes = codes;
    world->nor.map = &fota_map_256;
    world->nor.random = random;
    world->said_running = -1;
    memset(world->nor.bytes, 0xFF, sizeof world->nor.bytes);
    memcpy(world->nor.bytes + fota_map_256.slot_address[0], images[0][0].bytes, images[0][0].length);
    /* Made where the device is made, on a bench with power. */
    world->nor.running_slot = 1;
    device_code.make(world);
    nor_power_on(&world->nor);
}

/* Whether the record has this very attempt with its end, acknowledged. */
static bool has_result(const struct world *world, const struct boot_copy *copy, int task)
{
    for (uint32_t i = 0; i < BOOT_RESULTS; i++) {
        const struct boot_result *result = &copy->record.results[i];
        bool is_known = result->nonce[0] != '\0';
        bool has_reason = result->kind == REPORT_CONFIRMED || result->kind == REPORT_CANCELLED ||
                          result->reason == (uint8_t)expected_reason(world, task);
        if (result->kind == (uint8_t)world->results[task] && has_reason &&
            result->campaign == (uint64_t)campaign_of(world, task) && result->attempt == 1 &&
            (result->acknowledged != 0 || (copy->words.acknowledged & 1u << i) == 0) &&
            (!is_known || result->nonce[BOOT_NONCE_LENGTH - 1] == '0' + task))
            return true;
    }
    return false;
}

/* What the record must have kept, by flash alone. */
static const char *check_record(const struct world *world)
{
    struct boot_result history[BOOT_RESULTS];
    struct boot_copy copies[2];
    struct boot_choice choice;
    look_at_record(world, copies, &choice);
    if (choice.copy < 0)
        return "its record is lost";
    const struct boot_copy *copy = &copies[choice.copy];
    world_history(history);
    if (copy->record.floor != world_floor(world))
        return "its record has lost the floor";
    if (copy->record.state != BOOT_STEADY)
        return "something is still on trial";
    for (int i = 0; i < world->life->task_count; i++)
        if (!has_result(world, copy, i))
            return "its record has lost a result";
    /* A new result takes a place that is free, so that the older ones have moved to the front. */
    return memcmp(copy->record.results, history, WORLD_HISTORY * sizeof *history) == 0
               ? NULL
               : "its record has lost its history";
}

const char *world_check_fallback(const struct world *world)
{
    static struct world broken;
    if (!world->life->is_attack)
        return NULL;
    broken = *world;
    broken.nor.fault = FAULT_NONE;
    broken.nor.bad_read_at = broken.nor.cut_at = 0;
    broken.nor.running_slot = 0;
    memset(broken.nor.bytes + broken.nor.map->slot_address[0], 0, FOTA_SECTOR_SIZE);
    return world->codes->boot_loader->boot(&broken) == 0
               ? NULL
               : "it would boot an image that nobody signed, were the good one broken";
}

const char *world_check(struct world *world)
{
    const struct life *life = world->life;
    if (world->nor.broken != NULL)
        return world->nor.broken;
    const char *what = world_check_fallback(world);
    if (what != NULL)
        return what;
    int runs = world_firmware_in(world, world->nor.running_slot);
    for (int i = 0; i < life->task_count; i++)
        if (world->results[i] != expected_result(world, i))
            return "an outcome is not what it should be";
    if (runs != confirmed_last(world))
        return "it does not end where it should";
    if (world->said_running != runs)
        return "it does not run what it said";
    return check_record(world);
}

const char *world_check_honest(struct world *world, bool is_lost)
{
    const struct life *life = world->life;
    if (world->nor.broken != NULL)
        return world->nor.broken;
    const char *what = world_check_fallback(world);
    if (what != NULL)
        return what;
    for (int i = 0; i < life->task_count; i++) {
        if (is_false(world, i))
            return "a firmware that does not work, or is not signed, was confirmed";
        if (world->results[i] == 0)
            return "an attempt has no outcome";
    }
    int runs = world_firmware_in(world, world->nor.running_slot);
    if (runs != confirmed_last(world) && !is_lost)
        return "it does not run what its results say";
    return world->said_running == runs ? NULL : "it does not run what it said";
}

const char *world_check_flash(struct world *world)
{
    const char *what = world_check_honest(world, true);
    struct boot_copy copies[2];
    struct boot_choice choice;
    if (what != NULL)
        return what;
    look_at_record(world, copies, &choice);
    if (choice.copy < 0 || copies[choice.copy].record.floor != world_floor(world))
        return "its record is lost";
    if (choice.on_trial)
        return "something is still on trial";
    if (world_firmware_in(world, choice.slot) != confirmed_last(world))
        return "its record calls another image good than its results do";
    world->nor.bad_read_at = 0;
    world->nor.running_slot = 0;
    return world->codes->boot_loader->boot(world) == choice.slot ? NULL : "the good slot does not boot";
}
