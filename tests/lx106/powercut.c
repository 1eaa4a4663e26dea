/* Cuts the power of a device on the emulated core at every flash operation of an upgrade, of a revert, of
 * lives in which the new image has no connection, and of one in which a device with a key is sent other bytes
 * than were signed, and then told to roll back to their hash:
 * before it, in the middle of it (a random part of its bits has changed) and after it. The device must come
 * back by itself each time, and end where it would have ended. Prints how many cuts were tried.
 *
 *     powercut DIRECTORY all|some
 *
 * `some` cuts once at every operation, in the three ways in turn; where the new image has no connection, from
 * the flip on, since what comes before is the same. `all` cuts at every operation in each of the three ways;
 * and then again some operations later, in the middle of the recovery. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signed.h"

#define FLIP 4u /* operations: erase, words, record, and the try that the boot loader counts */

struct life {
    const char *name, *release, *version;
    int slot;                     /* that runs at the end */
    const char *result, *another; /* the report it must end with, and one that must not come */
    enum world_network network;
    bool is_cancelled, is_attack;
};

#define CONFIRMED "\"report\":\"confirmed\""
#define REVERTED "\"report\":\"reverted\""
#define CANCELLED "\"report\":\"cancelled\""
#define NO_CONNECTION "\"reason\":\"no_connection\""
#define NOT_THERE "\"reason\":\"no_previous_image\""
#define UNSIGNED_BOOTS "an image that nobody signed would boot, were the good one broken"
#define GOOD "v1.1.0", "v1.1.0t45772(a)"
#define SICK "v1.2.0-sick", "v1.2.0t45772(a)"
static const struct life lives[] = {
    {"upgrade", GOOD, 2, CONFIRMED, REVERTED, WORLD_CONNECTS, false, false},
    {"revert", SICK, 1, REVERTED, CONFIRMED, WORLD_CONNECTS, false, false},
    {"upgrade without a broker at first", GOOD, 2, CONFIRMED, REVERTED, WORLD_HAS_NO_BROKER, false, false},
    {"upgrade that never connects", GOOD, 1, NO_CONNECTION, CONFIRMED, WORLD_NEVER_CONNECTS, false, false},
    {"cancel between two trials", GOOD, 1, CANCELLED, CONFIRMED, WORLD_HAS_NO_BROKER, true, false},
    {"other bytes than were signed, and their hash", GOOD, 1, NOT_THERE, CONFIRMED, WORLD_CONNECTS, false,
     true},
};

static struct world world;
static uint8_t start[1024 * 1024], after_cut[1024 * 1024];
static struct world_image unsigned_image; /* for slot 2 */

static const char *wrong_end(const struct life *life, enum world_end end)
{
    const struct world_image *image = life->slot == 1 ? &world.first : &world.offer[1];

    if (end != WORLD_RESTS)
        return end == WORLD_STUCK ? "the device does not come to rest" : "power failed twice";
    if (world.crashes != 0)
        return "the program crashed";
    if (world.records_lost != 0)
        return "the boot record was lost";
    if (world.sessions_wrong != 0)
        return "a session was not the one of its connection";
    if (world.nonces_wrong != 0)
        return "a result was without its nonce";
    if (world.running_slot != life->slot)
        return "the wrong slot runs";
    if (!world_slot_holds(&world, life->slot, image))
        return "the image that runs is not whole";
    if (strstr(world.reports, life->result) == NULL)
        return "the result was not reported";
    if (strstr(world.reports, life->another) != NULL)
        return "another result was reported";
    return NULL;
}

static void begin(uint32_t cut_at, uint32_t how)
{
    struct machine_board board;

    world_restore(&world, start);
    machine_read_board(&world.machine, &board);
    board.operations = 0;
    board.cut_at = cut_at;
    board.cut_how = how;
    machine_write_board(&world.machine, &board);
}

static uint32_t operations(void)
{
    struct machine_board board;

    machine_stop(&world.machine);
    machine_read_board(&world.machine, &board);
    return board.operations;
}

static void power_fails_next(uint32_t at)
{
    struct machine_board board;

    machine_read_board(&world.machine, &board);
    board.cut_at = at;
    machine_write_board(&world.machine, &board);
}

/* Whether boot.bin would start an image that nobody signed if the good one were broken. The device is off,
 * and goes on as if nothing had been tried. */
static bool falls_to_unsigned(const struct life *life)
{
    if (!life->is_attack)
        return false;
    world_keep(&world, after_cut);
    bool boots = world_boot_without_slot_1(&world) != 0;
    world_put_flash(&world, after_cut);
    return boots;
}

/* `again`: the second cut comes so many operations after the first; 0: there is none. */
static bool cut(const struct life *life, uint32_t at, uint32_t how, uint32_t again, uint32_t *cuts)
{
    static const char *const ways[] = {"before", "in the middle of", "after"};
    const char *wrong = "the cut did not come";

    begin(at, how);
    enum world_end end = world_run(&world);
    if (end == WORLD_POWER_CUT) {
        ++*cuts;
        bool is_open = falls_to_unsigned(life);
        power_fails_next(again == 0 ? 0 : at + again);
        end = world_run(&world);
        if (end == WORLD_POWER_CUT && again != 0) {
            ++*cuts;
            is_open = is_open || falls_to_unsigned(life);
            power_fails_next(0);
            end = world_run(&world);
        }
        wrong = wrong_end(life, end);
        if (wrong == NULL && is_open)
            wrong = UNSIGNED_BOOTS;
    }
    if (wrong != NULL)
        printf("%s, power cut %s operation %u, and again after %u (0: not): %s; it said:\n%s", life->name,
               ways[how], at, again, wrong, world.reports);
    return wrong == NULL;
}

/* What the server has, and what is commanded. */
static void given(const struct life *life)
{
    static char manifest[SIGNED_MANIFEST_SIZE], commands[2][SIGNED_COMMAND_SIZE];

    world_offer(&world, life->release, life->version);
    world.network = life->network;
    world.is_cancelled = life->is_cancelled;
    if (!life->is_attack)
        return;
    signed_alter(&unsigned_image, &world.offer[1], 1);
    signed_manifest(manifest, life->version, 0, world.offer, false);
    signed_command(commands[0], 1, life->version, world.offer, NULL, manifest);
    signed_command(commands[1], 2, life->version, NULL, unsigned_image.sha256, "");
    world.served = &unsigned_image;
    world.commands[0] = commands[0];
    world.commands[1] = commands[1];
}

/* Returns how many cuts were tried; counts those that went wrong. */
static uint32_t sweep(const struct life *life, bool all, uint32_t *wrong)
{
    uint32_t cuts = 0;

    given(life);
    begin(0, 0);
    const char *fault = wrong_end(life, world_run(&world));
    uint32_t count = operations();
    if (fault == NULL && falls_to_unsigned(life))
        fault = UNSIGNED_BOOTS;
    if (fault != NULL) {
        printf("%s, no power cut: %s; it said:\n%s", life->name, fault, world.reports);
        ++*wrong;
        return 0;
    }
    bool is_known = !all && life->network != WORLD_CONNECTS && world.trial_at > FLIP;
    for (uint32_t at = is_known ? world.trial_at - FLIP + 1 : 1; at <= count; at++) {
        for (uint32_t how = MACHINE_CUT_BEFORE; how <= MACHINE_CUT_AFTER; how++) {
            if (!all && how != at % 3)
                continue;
            *wrong += !cut(life, at, how, 0, &cuts);
            if (all)
                *wrong += !cut(life, at, how, 1 + (at * 7 + how * 5) % count, &cuts);
        }
    }
    printf("%s: %u flash operations, %u power cuts\n", life->name, count, cuts);
    return cuts;
}

/* A new device, with a key or without. */
static void make(const char *directory, bool has_key)
{
    world_open(&world, directory, has_key ? "v1.0.6-keyed" : "v1.0.5");
    if (world_run(&world) != WORLD_RESTS || world.running_slot != 1) {
        puts("a new device does not boot");
        exit(1);
    }
    world_keep(&world, start);
}

int main(int count, char **arguments)
{
    struct machine_board board;
    uint32_t cuts = 0, wrong = 0, stack[2];

    if (count != 3 || (strcmp(arguments[2], "all") != 0 && strcmp(arguments[2], "some") != 0)) {
        fputs("Usage: powercut DIRECTORY all|some\n", stderr);
        return 2;
    }
    signed_open(arguments[1]);
    for (int keys = 0; keys < 2; keys++) {
        make(arguments[1], keys != 0);
        for (size_t i = 0; i < sizeof lives / sizeof lives[0]; i++)
            if (lives[i].is_attack == (keys != 0))
                cuts += sweep(&lives[i], strcmp(arguments[2], "all") == 0, &wrong);
        machine_read_board(&world.machine, &board);
        stack[keys] = board.stack_used;
        world_close(&world);
    }
    printf(
        "%u power cuts on the emulated core, %u went wrong; with signatures at most %u bytes of stack were "
        "used, without at most %u bytes of stack\n",
        cuts, wrong, stack[1], stack[0]);
    return wrong == 0 ? 0 : 1;
}
