/* The end of a run: nothing fails any more, and everything must come to its end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "services.h"
#include "sql.h"
#include "world.h"

enum {
    CLOCK_STEPS_MAX = 300,
    CLOCK_STEP = 61,
    WALL_STEP = 4, /* beside two of the steady clock: less than what is a clock that was set */
    PATIENCE_SECONDS = 30,
    QUIET_ROUNDS = 6,
    SETTLE_ROUNDS_MAX = 500,
    WAITS_MAX = 3,
    ALWAYS_WELL = 99
};

static const char unacknowledged[] = "a result is not acknowledged, however often it is sent";

/* On a busy machine the orchestrators may not have had their turn yet, however often was looked. */
static bool is_over(int rounds, int rounds_max, time_t began)
{
    return rounds >= rounds_max && time(NULL) >= began + PATIENCE_SECONDS;
}

static bool everybody_works(struct world *world)
{
    bool worked = false;
    for (int i = 0; i < world->fleet.count; i++) {
        struct device *device = &world->fleet.devices[i];
        worked = worked || device->work != WORK_NONE;
        fleet_work(&world->fleet, device, ALWAYS_WELL);
    }
    return worked;
}

/* One exchange of everything with everybody. False when there was nothing to exchange. */
static bool exchange(struct world *world)
{
    int64_t before = world->broker.passed_on + world->counts->messages;
    world_deliver_all(world);
    bool moved = everybody_works(world) || before != world->broker.passed_on + world->counts->messages;
    broker_pass_all_on(&world->broker);
    return moved;
}

/* Until nothing has moved for a few rounds. */
static void settle_down(struct world *world)
{
    for (int quiet = 0, round = 0; quiet < QUIET_ROUNDS && round < SETTLE_ROUNDS_MAX; round++) {
        quiet = exchange(world) ? 0 : quiet + 1;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

/* What operators do with a campaign that cannot end by itself. */
static void help(struct world *world, const char *campaign, const char *state, bool waits, int *waited)
{
    if (strcmp(state, "awaiting_approval") == 0 || strcmp(state, "running") == 0)
        world_approve(world, campaign);
    *waited = waits ? *waited + 1 : 0;
    if (strcmp(state, "paused") == 0)
        world_command(world, campaign, CAMPAIGN_RESUME);
    else if (strcmp(state, "halted") == 0 || *waited >= WAITS_MAX)
        world_command(world, campaign, CAMPAIGN_CANCEL);
}

/* False when every campaign has ended. */
static bool go_on(struct world *world, int *waited)
{
    char *list = sql_ask(world->database_url, "unsettled"), *rest = list, *line;
    bool open = list != NULL;
    for (int i = 0; rest != NULL && (line = strsep(&rest, "\n")) != NULL && i < 8; i++) {
        char name[80], state[20];
        int waits;
        if (sscanf(line, "%79s %19s %d", name, state, &waits) != 3)
            abort();
        help(world, name, state, waits != 0, &waited[i]);
    }
    free(list);
    return open;
}

static int results_waiting(struct world *world)
{
    int waiting = 0;
    for (int i = 0; i < world->fleet.count; i++)
        waiting += fleet_send_results(&world->fleet, &world->fleet.devices[i]);
    return waiting;
}

/* What the database says of every device is what the device says. False, and `what`, when it is not. */
static bool fleet_is_known(struct world *world, char *what, size_t size)
{
    char *list =
        services_query(world->database_url,
                       "SELECT string_agg(format('%s %s %s %s', device_id, version, slot, image_sha256), "
                       "E'\n') FROM devices");
    char *rest = list, *line;
    bool known = true;
    while (known && rest != NULL && (line = strsep(&rest, "\n")) != NULL) {
        char id[16], version[VERSION_TEXT_SIZE], sha256[SHA256_HEX_SIZE];
        int slot;
        if (sscanf(line, "%15s %63s %d %64s", id, version, &slot, sha256) != 4)
            abort();
        const struct device *device = fleet_find(&world->fleet, id);
        known = slot == device->slot && strcmp(version, device->version[slot]) == 0 &&
                strcmp(sha256, device->sha256[slot]) == 0;
        snprintf(what, size, "device %s runs %s in slot %d, the database says %s in slot %d", id,
                 device->version[device->slot], device->slot, version, slot);
    }
    free(list);
    return known;
}

static void connect_all(struct world *world)
{
    settle_down(world);
    while (world->broker.wills.count > 0)
        broker_publish_will(&world->broker);
    for (int i = 0; i < world->fleet.count; i++)
        fleet_connect(&world->fleet, &world->fleet.devices[i], true);
}

void world_calm_down(struct world *world)
{
    int waited[8] = {0};
    bool open = true;
    time_t began = time(NULL);
    world->wall_step = WALL_STEP;
    for (int i = 0; i < world->fleet.count; i++)
        world->fleet.devices[i].is_steady = true;
    connect_all(world);
    for (int round = 0; !is_over(round, CLOCK_STEPS_MAX, began) && (open || results_waiting(world) > 0) &&
                        world->broken[0] == '\0';
         round++) {
        settle_down(world);
        world_pass_time(world, CLOCK_STEP);
        open = go_on(world, waited);
        world_look(world);
    }
    if (open)
        world_break(world, "a campaign does not end, though everybody answers");
    if (results_waiting(world) > 0)
        world_break(world, unacknowledged);
    connect_all(world);
    char what[300];
    bool known = false;
    began = time(NULL);
    for (int round = 0; !is_over(round, CLOCK_STEPS_MAX, began) && !known; round++) {
        settle_down(
            world); /* offers that come now are too late for their campaigns: results follow, though */
        snprintf(what, sizeof what, "%s", unacknowledged);
        known = results_waiting(world) == 0 && fleet_is_known(world, what, sizeof what);
    }
    if (!known)
        world_break(world, what);
    world_look(world);
}
