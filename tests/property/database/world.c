#include "world.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "random_policy.h"
#include "services.h"
#include "shifted_clock.h"
#include "sql.h"
#include "stall.h"
#include "verdicts.h"

enum {
    STEPS_MIN = 150,
    STEPS_MORE = 250,
    LOOK_EVERY = 12,
    MODULUS = 1000003,
    STEP_SECONDS = 2, /* less than an outage */
    WAIT_ROUNDS_MAX = 500,
    RESERVE_MILLISECONDS = 3000
};

void world_break(struct world *world, const char *what)
{
    if (world->broken[0] == '\0')
        snprintf(world->broken, sizeof world->broken, "%.899s", what);
}

bool world_has(const struct world *world, enum part part)
{
    return (world->without >> part & 1) == 0;
}

/* --- making ----------------------------------------------------------------------------------------- */

static bool publish(void *context, const struct message *message)
{
    struct world *world = context;
    int64_t event = services_query_integer(world->database_url, "SELECT last_value FROM events_event_id_seq");
    fleet_note_published(&world->fleet, message, event);
    const struct device *device = fleet_addressee(&world->fleet, message->topic);
    return device != NULL && device->online;
}

static void complain(void *context, const char *what)
{
    world_break(context, what);
}

static void make_network(struct world *world)
{
    bool loses = random_below(&world->random, 2) == 0;
    world->is_lossless = !loses || !world_has(world, PART_LOSSES);
    world->counts->lossless += world->is_lossless;
    broker_start(&world->broker, world->orchestrators, &world->random);
    world->broker.publish = publish;
    world->broker.complain = complain;
    world->broker.context = world;
}

/* Where the network loses nothing, most devices or all do what they should: nothing may be said against
 * them. */
static void make_fleet(struct world *world, int devices)
{
    int unsteady = random_below(&world->random, 2) * 4;
    fleet_make(&world->fleet, &world->broker, devices);
    for (int i = 0; i < devices; i++) {
        world->fleet.devices[i].has_session = random_below(&world->random, 5) > 0;
        world->fleet.devices[i].tries_again = random_below(&world->random, 3) > 0;
        if (!world->is_lossless || random_below(&world->random, 16) < unsteady)
            world->fleet.devices[i].is_steady = false;
    }
}

static void start(struct world *world, const char *database_url, uint64_t seed, unsigned without,
                  struct world_counts *counts)
{
    memset(world, 0, sizeof *world);
    world->database_url = database_url;
    world->random = seed;
    world->without = without;
    world->counts = counts;
    world->wall_step = STEP_SECONDS;
    int devices = 10 + random_below(&world->random, DEVICES_MAX - 9);
    if (!world_has(world, PART_DEVICES))
        devices = 5;
    sql_start_anew(database_url, devices);
    make_network(world);
    make_fleet(world, devices);
    for (int i = 0; i < CAMPAIGNS; i++) {
        world->policies[i] = world_make_policy(&world->random, world->is_lossless);
        world->priorities[i] = random_below(&world->random, 3);
        world->overlaps[i] = (enum overlap)random_below(&world->random, OVERLAP_TAKE_OVER + 1);
    }
    world->operator= store_create(database_url, "operator");
    for (int i = 0; i < ORCHESTRATORS; i++)
        orchestrator_start(&world->orchestrators[i], database_url, i);
    for (int i = 0; i < devices; i++)
        fleet_connect(&world->fleet, &world->fleet.devices[i], true);
}

static void end(struct world *world)
{
    world_let_go_on(world);
    for (int i = 0; i < ORCHESTRATORS; i++)
        orchestrator_kill(&world->orchestrators[i]);
    broker_release(&world->broker);
    store_destroy(world->operator);
    for (int i = 0; i < CAMPAIGNS; i++)
        free(world->policies[i]);
}

/* --- messages --------------------------------------------------------------------------------------- */

void world_collect(struct world *world)
{
    broker_serve(&world->broker);
}

static void deliver_down(struct world *world, int place)
{
    struct direction *down = &world->broker.down;
    struct message message;
    for (int first = 0; world->is_lossless && first < place; first++) { /* in its device's order */
        if (strcmp(down->messages[first]->topic, down->messages[place]->topic) == 0)
            place = first;
    }
    network_take(down, place, &message);
    fleet_receive(&world->fleet, &message);
    world->counts->messages++;
}

void world_deliver_all(struct world *world)
{
    broker_serve(&world->broker);
    while (world->broker.down.count > 0)
        deliver_down(world, 0);
    broker_pass_all_on(&world->broker);
}

/* What becomes of one message of `count`: its place in the order, and whether it is lost or doubled. Most
 * reach the other side in their order. */
struct fate {
    int place;
    bool is_lost, is_doubled;
};

static struct fate draw_fate(struct world *world, int count)
{
    int fate = world->is_lossless ? 0 : random_below(&world->random, 100);
    return (struct fate){.place = fate >= 80 ? random_below(&world->random, count) : 0,
                         .is_lost = fate >= 93,
                         .is_doubled = fate >= 70 && fate < 80};
}

static void pass_down(struct world *world)
{
    struct direction *down = &world->broker.down;
    if (down->count == 0)
        return;
    struct fate fate = draw_fate(world, down->count);
    struct message message = *down->messages[fate.place];
    if (world->is_lossless)
        fate.place = random_below(&world->random, down->count);
    if (fate.is_lost)
        network_take(down, fate.place, &message);
    else
        deliver_down(world, fate.place);
    if (fate.is_doubled)
        network_send(down, message.topic, message.payload);
}

static void pass_up(struct world *world)
{
    int first = random_below(&world->random, CONNECTIONS_MAX);
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *connection = &world->broker.connections[(first + i) % CONNECTIONS_MAX];
        if (connection->number == 0 || connection->owner == GONE || connection->queue.count == 0)
            continue;
        struct fate fate = draw_fate(world, connection->queue.count);
        struct message message = *connection->queue.messages[fate.place];
        if (fate.is_lost)
            network_take(&connection->queue, fate.place, &message);
        else if (!broker_pass_on(&world->broker, connection, fate.place))
            continue;
        if (fate.is_doubled && strcmp(message.topic, CONTROL_MARKER) != 0)
            network_send(&connection->queue, message.topic, message.payload);
        return;
    }
}

/* --- time ------------------------------------------------------------------------------------------- */

/* It runs, and neither it nor its connections are disturbed. */
static bool is_well(struct world *world, int number)
{
    const struct orchestrator *orchestrator = &world->orchestrators[number];
    return orchestrator->pid != 0 && !orchestrator->is_stopped && !stall_is_of(number) &&
           world->broker.links[number] != 0 && broker_connection_of(&world->broker, number) != NULL;
}

/* It has been served, has stored what it was given, and has looked at the campaigns, since then. */
static bool has_kept_up(struct world *world, int number, int64_t since)
{
    const struct progress *progress = orchestrator_progress(number);
    return atomic_load(&progress->answered_at) >= since && atomic_load(&progress->ticked_at) >= since &&
           (atomic_load(&progress->stored_at) >= since ||
            broker_connection_of(&world->broker, number)->is_held_back);
}

/* Until everybody who can has kept up with the clock, which goes a hundred times as fast as it should. */
static void wait_for_all(struct world *world, int64_t since)
{
    bool waits = true;
    for (int i = 0; i < ORCHESTRATORS; i++)
        atomic_store(&orchestrator_progress(i)->wanted_at, since);
    for (int round = 0; waits && round < WAIT_ROUNDS_MAX; round++) {
        waits = false;
        for (int i = 0; i < ORCHESTRATORS; i++)
            waits = waits || (is_well(world, i) && !has_kept_up(world, i, since));
        broker_serve(&world->broker);
        broker_pass_all_on(&world->broker);
        if (waits)
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    world->counts->waited_in_vain += waits;
}

static void do_what_is_due(struct world *world, int64_t until)
{
    world->fleet.has_images = false;
    for (int i = 0; i < ORCHESTRATORS; i++)
        world->fleet.has_images =
            world->fleet.has_images ||
            (world->orchestrators[i].pid != 0 && !world->orchestrators[i].is_stopped && !stall_is_of(i));
    fleet_hurry(&world->fleet, until + RESERVE_MILLISECONDS);
    fleet_expire(&world->fleet);
}

void world_pass_time(struct world *world, int seconds)
{
    while (seconds > 0) {
        int step = seconds < world->wall_step ? seconds : world->wall_step;
        /* Much time at once: who was just about to ask a device something has asked it before. */
        if (world->is_lossless && step > STEP_SECONDS)
            wait_for_all(world, shifted_steady());
        if (world->is_lossless)
            world_deliver_all(world);
        do_what_is_due(world, shifted_wall() + step * 1000);
        shifted_move(world->database_url, step, step < STEP_SECONDS ? step : STEP_SECONDS);
        wait_for_all(world, shifted_steady());
        do_what_is_due(world, shifted_wall());
        seconds -= step;
    }
}

/* --- steps ------------------------------------------------------------------------------------------ */

/* Lets the orchestrators work. */
static void wait(const struct world *world)
{
    bool idle = world->broker.down.count == 0;
    nanosleep(&(struct timespec){.tv_nsec = idle ? 2000000 : 200000}, NULL);
}

/* Resets and devices offline: what is a device's own fault. */
static void disturb(struct world *world, struct device *device)
{
    for (int i = 0; i < world->fleet.count && device->is_steady; i++) /* the next that does such things */
        device = &world->fleet.devices[(device - world->fleet.devices + 1) % world->fleet.count];
    if (device->is_steady)
        return;
    if (random_below(&world->random, 2) == 0)
        fleet_reboot(&world->fleet, device);
    else
        fleet_connect(&world->fleet, device, !device->online);
}

/* Of a fault nobody learns anything while nothing is in work: it waits. */
static bool is_at_work(const struct world *world)
{
    for (int i = 0; i < world->fleet.count; i++) {
        if (world->fleet.devices[i].work != WORK_NONE)
            return true;
    }
    return false;
}

static void step(struct world *world)
{
    uint64_t *random = &world->random;
    int kind = random_below(random, 100);
    struct device *device = &world->fleet.devices[random_below(random, world->fleet.count)];
    do_what_is_due(world, shifted_wall());
    if (kind < 22) {
        pass_down(world);
    } else if (kind < 46) {
        pass_up(world);
    } else if (kind < 70) {
        for (int i = 0; i < world->fleet.count && device->work == WORK_NONE; i++) /* the next that has work */
            device = &world->fleet.devices[(device - world->fleet.devices + 1) % world->fleet.count];
        fleet_work(&world->fleet, device, random_below(random, 100));
    } else if (kind < 78) {
        world_pass_time(world,
                        random_below(random, 8) == 0 ? random_below(random, 200) : random_below(random, 10));
    } else if (kind < 82) {
        fleet_send_results(&world->fleet, device);
    } else if (kind < 84 && world_has(world, PART_BREAKS)) {
        if (device->online)
            fleet_connect(&world->fleet, device, true);
    } else if (kind < 85) {
        broker_publish_will(&world->broker);
    } else if (kind < 86 && world_has(world, PART_RESTARTS)) {
        for (int i = 0; i < world->fleet.count && device->work == WORK_NONE; i++)
            device = &world->fleet.devices[(device - world->fleet.devices + 1) % world->fleet.count];
        fleet_restart(&world->fleet, device);
    } else if (kind < 88 && world_has(world, PART_OFFLINE)) {
        disturb(world, device);
    } else if (kind < 91) {
        world_operate(world);
    } else if (kind < 96) {
        world->harm_is_due = true;
    } else if (kind < 99) {
        world_mend(world);
    } else if (world_has(world, PART_LIES) && !world->is_lossless) {
        fleet_lie(&world->fleet, device, (uint32_t)random_next(random));
    }
    if (world->harm_is_due && (is_at_work(world) || random_below(random, 20) == 0)) {
        world->harm_is_due = false;
        world_do_harm(world);
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
    world_mend(&world);
    if (world.broken[0] == '\0')
        world_calm_down(&world);
    if (world.broken[0] == '\0') {
        char text[sizeof world.broken];
        if (!history_holds(database_url, &world.fleet, &counts->history, text, sizeof text))
            world_break(&world, text);
        char *wrong = sql_ask(database_url, "clocks");
        if (wrong != NULL)
            world_break(&world, wrong);
        free(wrong);
        if (world.broken[0] == '\0' && world.is_lossless &&
            !verdicts_hold(database_url, &world.fleet, text, sizeof text))
            world_break(&world, text);
    }
    counts->messages += world.broker.passed_on;
    end(&world);
    snprintf(why, size, "%s", world.broken);
    return world.broken[0] == '\0';
}
