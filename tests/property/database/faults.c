/* What goes wrong around the devices, and how it is mended. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "random_policy.h"
#include "services.h"
#include "shifted_clock.h"
#include "stall.h"
#include "world.h"

enum { SENDER_MILLISECONDS = 20, HOSTS_OF_TEN_VANISH = 4, OUTAGE_SECONDS_MAX = 150 };

static void kill_one(struct world *world, int number)
{
    bool vanishes = random_below(&world->random, 10) < HOSTS_OF_TEN_VANISH;
    shifted_trace("%d: killed%s", number, vanishes ? ", and its host is gone" : "");
    broker_serve(&world->broker); /* what it has said it has said */
    orchestrator_kill(&world->orchestrators[number]);
    broker_lose(&world->broker, number, vanishes);
}

/* Kills the one that publishes next, at that very moment: what it says must be stored by then. */
static void kill_sender(struct world *world)
{
    struct pollfd ends[ORCHESTRATORS];
    broker_serve(&world->broker);
    for (int i = 0; i < ORCHESTRATORS; i++)
        ends[i] = (struct pollfd){world->orchestrators[i].pid != 0 ? world->orchestrators[i].control : -1,
                                  POLLIN, 0};
    if (poll(ends, ORCHESTRATORS, SENDER_MILLISECONDS) > 0)
        kill_one(world, ends[0].revents != 0 ? 0 : 1);
}

static void cut(struct world *world, const char *which)
{
    char sql[300];
    snprintf(sql, sizeof sql,
             "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity WHERE "
             "application_name LIKE 'orchestrator %%' ORDER BY random() %s) p",
             which);
    shifted_trace("connections cut %s", which);
    free(services_query(world->database_url, sql));
    world->counts->cuts++;
}

enum outage { OUTAGE_BROKER, OUTAGE_ORCHESTRATORS, OUTAGE_DATABASE, OUTAGE_DATABASE_OF_ONE, OUTAGES };

/* Mostly one that is in the way of what somebody does. */
static enum outage choose_outage(struct world *world)
{
    enum outage outage = (enum outage)random_below(&world->random, OUTAGES);
    for (int i = 0; i < world->fleet.count && random_below(&world->random, 8) > 0; i++) {
        if (world->fleet.devices[i].work == WORK_TRIAL)
            return OUTAGE_BROKER;
        if (world->fleet.devices[i].work != WORK_NONE)
            outage = outage == OUTAGE_BROKER ? OUTAGE_ORCHESTRATORS : outage;
    }
    return outage;
}

static void begin_outage(struct world *world)
{
    static const char *const names[] = {[OUTAGE_BROKER] = "the broker",
                                        [OUTAGE_ORCHESTRATORS] = "all orchestrators",
                                        [OUTAGE_DATABASE] = "the database",
                                        [OUTAGE_DATABASE_OF_ONE] = "the database of one"};
    uint64_t *random = &world->random;
    enum outage outage = choose_outage(world);
    world->counts->outages++;
    shifted_trace("outage of %s", names[outage]);
    if (outage == OUTAGE_BROKER) {
        broker_break(&world->broker);
        fleet_lose_broker(&world->fleet, random);
    } else if (outage == OUTAGE_ORCHESTRATORS) {
        for (int i = 0; i < ORCHESTRATORS; i++)
            kill_one(world, i);
    } else {
        stall_begin(world->database_url,
                    outage == OUTAGE_DATABASE ? STALL_ALL : random_below(random, ORCHESTRATORS));
    }
    world_pass_time(world, random_below(random, OUTAGE_SECONDS_MAX));
}

static void hold_back(struct world *world, int number)
{
    struct connection *connection = broker_connection_of(&world->broker, number);
    if (connection == NULL)
        return;
    shifted_trace("%d: its reports are held back", number);
    connection->is_held_back = true;
    world->counts->held++;
    world_pass_time(world, random_below(&world->random, 90));
}

void world_do_harm(struct world *world)
{
    uint64_t *random = &world->random;
    int number = random_below(random, ORCHESTRATORS);
    int kind = random_below(random, 11), after = random_below(random, 3000);
    nanosleep(&(struct timespec){.tv_nsec = after * 1000L}, NULL); /* at any instant */
    if ((kind == 0 || kind == 1) && world_has(world, PART_KILLS)) {
        if (kind == 0)
            kill_one(world, number);
        else
            kill_sender(world);
        world->counts->kills++;
    } else if ((kind == 2 || kind == 3) && world_has(world, PART_STOPS)) {
        shifted_trace("%d: stopped", number);
        orchestrator_stop(&world->orchestrators[number]);
        world->counts->stops++;
    } else if (kind == 4 && world_has(world, PART_CUTS)) {
        cut(world, "LIMIT 1");
    } else if (kind >= 5 && kind < 9 && world_has(world, PART_OUTAGES)) {
        begin_outage(world);
    } else if (kind >= 9 && world_has(world, PART_HELD)) {
        hold_back(world, number);
    }
}

void world_let_go_on(struct world *world)
{
    stall_end();
    for (int i = 0; i < ORCHESTRATORS; i++)
        orchestrator_continue(&world->orchestrators[i]);
}

void world_mend(struct world *world)
{
    bool was_stalled = stall_is_of(0) || stall_is_of(1);
    shifted_trace("mended");
    world_let_go_on(world);
    if (was_stalled && world_has(world, PART_CUTS) && random_below(&world->random, 2) == 0)
        cut(world, ""); /* it was away, and not only slow */
    for (int i = 0; i < CONNECTIONS_MAX; i++)
        world->broker.connections[i].is_held_back = false;
    if (!world->broker.is_up) {
        broker_mend(&world->broker, random_below(&world->random, 3) == 0);
        fleet_lose_broker(&world->fleet, &world->random);
    }
    for (int i = 0; i < ORCHESTRATORS; i++) {
        if (world->orchestrators[i].pid == 0)
            orchestrator_start(&world->orchestrators[i], world->database_url, i);
    }
}
