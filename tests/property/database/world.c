#include "world.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "random_policy.h"
#include "services.h"
#include "sql.h"

enum { STEPS_MIN = 150, STEPS_MORE = 250, LOOK_EVERY = 12, SENDER_MILLISECONDS = 20, MODULUS = 1000003 };

void world_break(struct world *world, const char *what)
{
    if (world->broken[0] == '\0')
        snprintf(world->broken, sizeof world->broken, "%.499s", what);
}

bool world_has(const struct world *world, enum part part)
{
    return (world->without >> part & 1) == 0;
}

/* --- making ----------------------------------------------------------------------------------------- */

static void start(struct world *world, const char *database_url, uint64_t seed, unsigned without,
                  struct world_counts *counts)
{
    memset(world, 0, sizeof *world);
    world->database_url = database_url;
    world->random = seed;
    world->without = without;
    world->counts = counts;
    int devices = 10 + random_below(&world->random, DEVICES_MAX - 9);
    if (!world_has(world, PART_DEVICES))
        devices = 5;
    sql_start_anew(database_url, devices);
    fleet_make(&world->fleet, &world->network, devices);
    for (int i = 0; i < CAMPAIGNS; i++) {
        world->policies[i] = world_make_policy(&world->random);
        world->priorities[i] = random_below(&world->random, 3);
        world->overlaps[i] = (enum overlap)random_below(&world->random, OVERLAP_TAKE_OVER + 1);
    }
    world->operator= store_create(database_url, "operator");
    for (int i = 0; i < ORCHESTRATORS; i++)
        orchestrator_start(&world->orchestrators[i], database_url);
}

static void end(struct world *world)
{
    for (int i = 0; i < ORCHESTRATORS; i++)
        orchestrator_kill(&world->orchestrators[i]);
    store_destroy(world->operator);
    for (int i = 0; i < CAMPAIGNS; i++)
        free(world->policies[i]);
}

/* --- messages --------------------------------------------------------------------------------------- */

static void take_in(struct world *world, const struct message *message)
{
    if (strcmp(message->topic, ORCHESTRATOR_COMPLAINT) == 0) {
        world_break(world, message->payload);
        return;
    }
    int64_t event = services_query_integer(world->database_url, "SELECT last_value FROM events_event_id_seq");
    fleet_note_published(&world->fleet, message, event);
    network_send(&world->network.down, message->topic, message->payload);
}

void world_collect(struct world *world)
{
    struct message message;
    for (int i = 0; i < ORCHESTRATORS; i++) {
        while (orchestrator_collect(&world->orchestrators[i], &message))
            take_in(world, &message);
    }
}

/* Any orchestrator may get it: the subscription is shared. */
void world_deliver_up(struct world *world, int place)
{
    struct message message;
    network_take(&world->network.up, place, &message);
    int first = random_below(&world->random, ORCHESTRATORS);
    for (int i = 0; i < ORCHESTRATORS; i++) {
        if (orchestrator_deliver(&world->orchestrators[(first + i) % ORCHESTRATORS], &message)) {
            world->counts->messages++;
            return;
        }
    }
    network_send(&world->network.up, message.topic, message.payload); /* the broker keeps it */
}

void world_deliver_down(struct world *world, int place)
{
    struct message message;
    network_take(&world->network.down, place, &message);
    fleet_receive(&world->fleet, &message);
    world->counts->messages++;
}

/* Most reach the other side in their order. */
static void pass_on(struct world *world, struct direction *direction, void (*deliver)(struct world *, int))
{
    uint64_t *random = &world->random;
    if (direction->count == 0)
        return;
    int place = 0, fate = world_has(world, PART_LOSSES) ? random_below(random, 100) : 0;
    if (fate >= 80)
        place = random_below(random, direction->count); /* overtakes those before it */
    struct message message = direction->messages[place];
    if (fate >= 93)
        network_take(direction, place, &message); /* is lost */
    else
        deliver(world, place);
    if (fate >= 70 && fate < 80)
        network_send(direction, message.topic, message.payload); /* comes again, late */
}

void world_let_go_on(struct world *world)
{
    for (int i = 0; i < ORCHESTRATORS; i++)
        orchestrator_continue(&world->orchestrators[i]);
}

/* --- faults ----------------------------------------------------------------------------------------- */

/* Kills the one that publishes next, at that very moment: what it says must be stored by then. */
static void kill_sender(struct world *world)
{
    struct pollfd ends[ORCHESTRATORS];
    struct message message;
    world_collect(world);
    for (int i = 0; i < ORCHESTRATORS; i++)
        ends[i] = (struct pollfd){world->orchestrators[i].pid != 0 ? world->orchestrators[i].socket : -1,
                                  POLLIN, 0};
    if (poll(ends, ORCHESTRATORS, SENDER_MILLISECONDS) <= 0)
        return;
    struct orchestrator *sender = &world->orchestrators[ends[0].revents != 0 ? 0 : 1];
    bool found = orchestrator_collect(sender, &message);
    orchestrator_kill(sender);
    if (found)
        take_in(world, &message);
}

static void do_harm(struct world *world)
{
    uint64_t *random = &world->random;
    struct orchestrator *orchestrator = &world->orchestrators[random_below(random, ORCHESTRATORS)];
    int kind = random_below(random, 5), after = random_below(random, 3000);
    nanosleep(&(struct timespec){.tv_nsec = after * 1000L}, NULL); /* at any instant */
    if ((kind == 0 || kind == 3) && world_has(world, PART_KILLS)) {
        if (kind == 0)
            orchestrator_kill(orchestrator);
        else
            kill_sender(world);
        world->counts->kills++;
    } else if (kind == 1 && world_has(world, PART_STOPS)) {
        orchestrator_stop(orchestrator);
        world->counts->stops++;
    } else if (kind == 2 && world_has(world, PART_CUTS)) {
        free(services_query(
            world->database_url,
            "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity WHERE "
            "application_name LIKE 'orchestrator %' ORDER BY random() LIMIT 1) p"));
        world->counts->cuts++;
    }
}

static void mend(struct world *world)
{
    world_let_go_on(world);
    for (int i = 0; i < ORCHESTRATORS; i++) {
        if (world->orchestrators[i].pid == 0)
            orchestrator_start(&world->orchestrators[i], world->database_url);
    }
}

/* --- steps ------------------------------------------------------------------------------------------ */

/* Lets the orchestrators work. */
static void wait(const struct world *world)
{
    bool idle = world->network.up.count == 0 && world->network.down.count == 0;
    nanosleep(&(struct timespec){.tv_nsec = idle ? 2000000 : 200000}, NULL);
}

static void step(struct world *world)
{
    uint64_t *random = &world->random;
    int kind = random_below(random, 100);
    struct device *device = &world->fleet.devices[random_below(random, world->fleet.count)];
    if (kind < 22) {
        pass_on(world, &world->network.down, world_deliver_down);
    } else if (kind < 48) {
        pass_on(world, &world->network.up, world_deliver_up);
    } else if (kind < 72) {
        for (int i = 0; i < world->fleet.count && device->work == WORK_NONE; i++) /* the next that has work */
            device = &world->fleet.devices[(device - world->fleet.devices + 1) % world->fleet.count];
        fleet_work(&world->fleet, device, random_below(random, 100));
    } else if (kind < 80) {
        sql_move_clock(world->database_url,
                       random_below(random, 8) == 0 ? random_below(random, 200) : random_below(random, 10));
    } else if (kind < 84) {
        fleet_send_results(&world->fleet, device);
    } else if (kind < 87 && world_has(world, PART_OFFLINE)) {
        if (random_below(random, 2) == 0)
            fleet_reboot(&world->fleet, device);
        else
            fleet_connect(&world->fleet, device, !device->online);
    } else if (kind < 92) {
        world_operate(world);
    } else if (kind < 96) {
        do_harm(world);
    } else if (kind < 99) {
        mend(world);
    } else if (world_has(world, PART_LIES)) {
        fleet_lie(&world->fleet, device, (uint32_t)random_next(random));
    }
}

void world_look(struct world *world)
{
    char *wrong = sql_ask(world->database_url, "snapshot");
    if (wrong != NULL)
        world_break(world, wrong);
    free(wrong);
    if (world->fleet.broken != NULL)
        world_break(world, world->fleet.broken);
}

bool world_run(const char *database_url, uint64_t seed, unsigned without, struct world_counts *counts,
               char *why, size_t size)
{
    static struct world world;
    start(&world, database_url, seed, without, counts);
    int steps = STEPS_MIN + random_below(&world.random, STEPS_MORE),
        second = 10 + random_below(&world.random, steps);
    for (int i = 0; i < steps && world.broken[0] == '\0'; i++) {
        if (!world.created[0] || (i > second && !world.created[1] && world_has(&world, PART_SECOND_CAMPAIGN)))
            world_create(&world, world.created[0] ? 1 : 0);
        /* Each step draws from numbers of its own: how many the one before has drawn is the scheduler's
         * affair. */
        world.random = seed * MODULUS + (uint64_t)i;
        world_collect(&world);
        step(&world);
        wait(&world);
        if (i % LOOK_EVERY == 0)
            world_look(&world);
        counts->steps++;
    }
    mend(&world);
    if (world.broken[0] == '\0')
        world_calm_down(&world);
    if (world.broken[0] == '\0') {
        char text[sizeof world.broken];
        if (!history_holds(database_url, &world.fleet, &counts->history, text, sizeof text))
            world_break(&world, text);
    }
    end(&world);
    snprintf(why, size, "%s", world.broken);
    return world.broken[0] == '\0';
}
