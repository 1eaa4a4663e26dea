/* The thread of the watch (daemon/watch.h), with the real clock, broker and queues. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "log.h"
#include "server.h"
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

/* Outboxes that were decided before the present beat; the watch's thread alone. */
static int64_t owed;

static void publish(void *context, int64_t moment)
{
    struct shared *shared = context;
    owed = sender_taken(&shared->sender);
    mqtt_client_publish_marker(shared->mqtt, moment);
}

/* A device cannot answer an offer that waits here. (What waits for the broker does not count: were it an
 * outage, the questions after it would make the next.) */
static int64_t acknowledged(void *context)
{
    struct shared *shared = context;
    return sender_has_published(&shared->sender, owed) ? mqtt_client_acknowledged(shared->mqtt) : 0;
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

bool shared_clock(struct shared *shared, int64_t *now, int64_t *host_ahead)
{
    struct timespec host;
    bool known = database_clock_read(&shared->clock, clock_milliseconds(), now);
    clock_gettime(CLOCK_REALTIME, &host);
    *host_ahead = (int64_t)host.tv_sec * 1000 + host.tv_nsec / 1000000 - *now;
    return known;
}

/* Nothing goes by the host's clock but its log lines, which are hard to put together with what the database
 * says when they differ. */
static void say_difference(struct shared *shared)
{
    static bool differs; /* the watch's thread alone */
    int64_t now, ahead;
    char seconds[32];
    if (!shared_clock(shared, &now, &ahead) ||
        differs == (llabs(ahead) > HTTP_CLOCK_DIFFERENCE_SECONDS * 1000LL))
        return;
    differs = !differs;
    snprintf(seconds, sizeof seconds, "%.3f", (double)ahead / 1000);
    log_limited(differs ? LOG_WARNING : LOG_INFO, differs ? "clock_differs" : "clock_agrees", "",
                "seconds_ahead_of_database", seconds, NULL);
}

static void note_time(void *context, int64_t moment, long long from, long long to)
{
    struct shared *shared = context;
    database_clock_note(&shared->clock, moment, from, to);
    if (to - from < HTTP_CLOCK_DIFFERENCE_SECONDS * 1000LL) /* a slow answer says too little */
        say_difference(shared);
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

/* Of the client ids of one place, while the watch goes on. A client id is evicted for the place that is being
 * taken: an orchestrator that comes back has the same ones, and may freeze again. */
static struct eviction {
    struct mqtt_eviction *running;
    char client_id[MQTT_CLIENT_ID_SIZE];
    long long began;
    long long done_at;        /* 0: not done */
} evictions[MQTT_CLIENT_IDS]; /* the watch's thread alone */

static void end_eviction(struct eviction *eviction)
{
    mqtt_eviction_stop(eviction->running);
    eviction->running = NULL;
}

static bool is_evicted(const struct eviction *eviction)
{
    return eviction->done_at > 0 && clock_milliseconds() - eviction->done_at < EVICTED_MILLISECONDS;
}

/* With each beat: an orchestrator that has renewed its lease meanwhile must get its connections back. */
static void settle_evictions(void)
{
    for (int i = 0; i < MQTT_CLIENT_IDS; i++) {
        struct eviction *eviction = &evictions[i];
        if (eviction->running == NULL)
            continue;
        if (mqtt_eviction_done(eviction->running))
            eviction->done_at = clock_milliseconds();
        if (eviction->done_at > 0 || clock_milliseconds() - eviction->began > EVICTION_MILLISECONDS)
            end_eviction(eviction);
    }
}

static bool evict(void *context, const char *client_id)
{
    struct shared *shared = context;
    struct eviction *unused = NULL;
    struct error error;
    for (int i = 0; i < MQTT_CLIENT_IDS; i++) {
        struct eviction *eviction = &evictions[i];
        bool is_needed = eviction->running != NULL || is_evicted(eviction);
        if (is_needed && strcmp(eviction->client_id, client_id) == 0)
            return eviction->running == NULL;
        if (eviction->running == NULL && (unused == NULL || eviction->done_at < unused->done_at))
            unused = eviction;
    }
    if (unused == NULL) /* the client ids of another place are at it */
        return false;
    *unused = (struct eviction){.began = clock_milliseconds()};
    snprintf(unused->client_id, sizeof unused->client_id, "%s", client_id);
    if (mqtt_eviction_start(&shared->mqtt_options, unused->client_id, &unused->running, &error) != STATUS_OK)
        end_eviction(unused);
    return false;
}

void *watch_main(void *context)
{
    struct shared *shared = context;
    struct store *store = store_create(shared->config->database_url, "orchestratord watch");
    const struct watch_ports ports = {shared, read_clock, connected, reachable, publish,   acknowledged,
                                      stored, hold,       lease,     idle,      note_time, evict};
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
        settle_evictions();
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
    for (int i = 0; i < MQTT_CLIENT_IDS; i++)
        end_eviction(&evictions[i]);
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
