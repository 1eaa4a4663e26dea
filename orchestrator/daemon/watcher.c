/* The thread of the watch (daemon/watch.h), with the real clock, broker and queues. */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "threads.h"
#include "watch.h"

enum {
    BEAT_MILLISECONDS = 500,
    FIRST_MILLISECONDS = 50,
    EVICTION_MILLISECONDS = 5000,
    EVICTED_MILLISECONDS = 10000 /* less than a lease, more than it takes to evict all client ids of one */
};

static long long read_clock(void *context)
{
    (void)context;
    return clock_milliseconds();
}

static bool connected(void *context, unsigned *times)
{
    struct shared *shared = context;
    *times = mqtt_client_connections(shared->mqtt);
    return mqtt_client_connected(shared->mqtt);
}

static bool reachable(void *context)
{
    struct shared *shared = context;
    return mqtt_client_can_publish(shared->mqtt);
}

static void publish(void *context, int64_t moment)
{
    struct shared *shared = context;
    mqtt_client_publish_marker(shared->mqtt, moment);
}

static int64_t acknowledged(void *context)
{
    struct shared *shared = context;
    return mqtt_client_acknowledged(shared->mqtt);
}

void shared_mark(void *context, int64_t moment)
{
    struct shared *shared = context;
    for (int i = 0; i < shared->worker_count; i++)
        queue_mark(shared->queues[i], moment);
}

static int64_t stored(void *context)
{
    struct shared *shared = context;
    int64_t least = INT64_MAX;
    for (int i = 0; i < shared->worker_count; i++) {
        int64_t marked = queue_marked(shared->queues[i]);
        least = marked < least ? marked : least;
    }
    return least;
}

static void hold(void *context, bool held)
{
    struct shared *shared = context;
    mqtt_client_hold(shared->mqtt, held);
    for (int i = 0; held && i < shared->worker_count; i++)
        mqtt_client_stored(shared->mqtt, queue_drop(shared->queues[i]));
}

static void lease(void *context, long long until)
{
    struct shared *shared = context;
    mqtt_client_lease(shared->mqtt, until);
}

static bool idle(void *context)
{
    struct shared *shared = context;
    for (int i = 0; i < shared->worker_count; i++) {
        if (!queue_is_idle(shared->queues[i]))
            return false;
    }
    return true;
}

/* One client id at a time, while the watch goes on. */
static struct {
    struct mqtt_eviction *running;
    char client_id[MQTT_CLIENT_ID_SIZE];
    long long began;
    struct {
        char client_id[MQTT_CLIENT_ID_SIZE];
        long long at;
    } done[MQTT_CLIENT_IDS];
    int next;
} evictions; /* the watch's thread alone */

/* For the place that is being taken: an orchestrator that comes back has the same client ids, and may freeze
 * again. */

static bool is_evicted(const char *client_id)
{
    for (int i = 0; i < MQTT_CLIENT_IDS; i++) {
        if (strcmp(evictions.done[i].client_id, client_id) == 0 &&
            clock_milliseconds() - evictions.done[i].at < EVICTED_MILLISECONDS)
            return true;
    }
    return false;
}

static void end_eviction(bool done)
{
    mqtt_eviction_stop(evictions.running);
    evictions.running = NULL;
    if (!done)
        return;
    memcpy(evictions.done[evictions.next].client_id, evictions.client_id, sizeof evictions.client_id);
    evictions.done[evictions.next].at = clock_milliseconds();
    evictions.next = (evictions.next + 1) % MQTT_CLIENT_IDS;
}

static bool evict(void *context, const char *client_id)
{
    struct shared *shared = context;
    struct error error;
    if (is_evicted(client_id))
        return true;
    if (evictions.running != NULL) {
        bool done = mqtt_eviction_done(evictions.running);
        if (done || clock_milliseconds() - evictions.began > EVICTION_MILLISECONDS)
            end_eviction(done);
        return is_evicted(client_id);
    }
    snprintf(evictions.client_id, sizeof evictions.client_id, "%s", client_id);
    evictions.began = clock_milliseconds();
    if (mqtt_eviction_start(&shared->mqtt_options, evictions.client_id, &evictions.running, &error) !=
        STATUS_OK)
        end_eviction(false);
    return false;
}

void *watch_main(void *context)
{
    struct shared *shared = context;
    struct store *store = store_create(shared->config->database_url, "orchestratord watch");
    const struct watch_ports ports = {shared, read_clock, connected, reachable, publish, acknowledged,
                                      stored, hold,       lease,     idle,      evict};
    const char *ids[MQTT_CLIENT_IDS];
    struct watch watch;
    bool goes_on = true;
    mqtt_client_ids(shared->mqtt, ids);
    watch_start(&watch, &ports, shared->id, ids, MQTT_CLIENT_IDS, shared->config->broker_skew_seconds);
    while (goes_on && !atomic_load(&shared->secret_known)) /* the ticker waits for the database */
        goes_on = shared_pause(shared, FIRST_MILLISECONDS);
    while (goes_on) {
        struct error error;
        long long began = clock_milliseconds();
        if (watch_beat(&watch, store, BEAT_MILLISECONDS, &error) == STATUS_OK) {
            shared_database_fine(shared);
            if (!watch.broken)
                atomic_store(&shared->steady, watch.connections);
        } else {
            watch_note_database(&watch);
            shared_handle_failure(shared, "watch_failed", &error);
        }
        if (watch.stored > 0)
            atomic_store(&shared->stored_at, watch.stored_at);
        /* At the start the connections come in a moment. */
        long long rest =
            began + (watch.stored > 0 ? BEAT_MILLISECONDS : FIRST_MILLISECONDS) - clock_milliseconds();
        goes_on = shared_pause(shared, rest > 0 ? (int)rest : 0);
    }
    end_eviction(false);
    store_destroy(store);
    return NULL;
}

/* Should the database be away, the lease runs out by itself. */
void watch_give_up(struct shared *shared)
{
    struct store *store = store_create(shared->config->database_url, "orchestratord watch");
    struct error error;
    if (evidence_leave(store, shared->id, false, &error) != STATUS_OK)
        log_write(LOG_WARNING, "place_not_given_up", "message", error.message, NULL);
    store_destroy(store);
}
