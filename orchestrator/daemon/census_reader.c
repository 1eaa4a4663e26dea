/* The thread that reads the retained presence messages after a start or a break (engine/census): slowly, on a
 * connection of its own, so that no report waits for them. */
#include <stdio.h>
#include <stdlib.h>

#include "census.h"
#include "clock.h"
#include "log.h"
#include "threads.h"

enum {
    LOOK_MILLISECONDS = 1000,
    ROOM = 2000, /* messages between the broker and the database */
    BATCH = 1000,
    BATCH_MILLISECONDS = 100,
    RENEW_MILLISECONDS = 10000
};

/* Messages on their way from the broker's thread to this one. */
struct inbox {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct report *reports;
    size_t count;
    bool closed;
};

static void receive(void *context, const char *topic, const void *payload, size_t size)
{
    struct inbox *inbox = context;
    pthread_mutex_lock(&inbox->mutex);
    while (inbox->count == ROOM && !inbox->closed)
        pthread_cond_wait(&inbox->changed, &inbox->mutex);
    if (!inbox->closed)
        report_parse(topic, payload, size, &inbox->reports[inbox->count++]);
    pthread_cond_broadcast(&inbox->changed);
    pthread_mutex_unlock(&inbox->mutex);
}

/* All that waits; waits for the first for a while. */
static size_t take(struct inbox *inbox, struct report *reports)
{
    struct timespec until = clock_in_milliseconds(BATCH_MILLISECONDS);
    pthread_mutex_lock(&inbox->mutex);
    while (inbox->count < BATCH && pthread_cond_timedwait(&inbox->changed, &inbox->mutex, &until) == 0)
        continue;
    size_t count = inbox->count;
    for (size_t i = 0; i < count; i++)
        reports[i] = inbox->reports[i];
    inbox->count = 0;
    pthread_cond_broadcast(&inbox->changed);
    pthread_mutex_unlock(&inbox->mutex);
    return count;
}

static void close_inbox(struct inbox *inbox)
{
    pthread_mutex_lock(&inbox->mutex);
    inbox->closed = true;
    pthread_cond_broadcast(&inbox->changed);
    pthread_mutex_unlock(&inbox->mutex);
}

static void say(const struct census *census, long long began)
{
    char read[24], changed[24], doubted[24], seconds[24];
    snprintf(read, sizeof read, "%lld", (long long)census->read);
    snprintf(changed, sizeof changed, "%lld", (long long)census->changed);
    snprintf(doubted, sizeof doubted, "%lld", (long long)census->doubted);
    snprintf(seconds, sizeof seconds, "%.1f", (double)(clock_milliseconds() - began) / 1000);
    log_write(LOG_INFO, "presence_read", "devices", read, "changed", changed, "asked", doubted, "seconds",
              seconds, NULL);
}

/* STATUS_CONFLICT: the lease is another one's; STATUS_UNAVAILABLE: broker or database went away. Either way
 * it begins anew some other time. */
static enum status read_all(struct shared *shared, struct store *store, struct census *census,
                            struct inbox *inbox, struct mqtt_census *source, struct error *error)
{
    struct report *reports = malloc(ROOM * sizeof *reports);
    long long began = clock_milliseconds(), renewed = began;
    enum status status = STATUS_OK;
    bool done = false, mine = true;
    if (reports == NULL)
        abort();
    while (status == STATUS_OK && !done) {
        bool last = mqtt_census_done(source, shared->mqtt);
        size_t count = take(inbox, reports);
        status = census_apply(census, store, reports, count, error);
        mqtt_census_stored(source, count);
        done = last && count == 0;
        double now;
        if (status == STATUS_OK && clock_milliseconds() - renewed > RENEW_MILLISECONDS) {
            status = census_take(store, shared->id, &mine, &now, error);
            renewed = clock_milliseconds();
        }
        if (status == STATUS_OK && !mine)
            status = error_set(error, STATUS_CONFLICT, NULL, "another orchestrator reads");
        if (status == STATUS_OK && (mqtt_census_broken(source) || !shared_pause(shared, 0)))
            status = error_set(error, STATUS_UNAVAILABLE, NULL, "the connection with the broker broke");
    }
    if (status == STATUS_OK)
        status = census_finish(census, store, shared->id, error);
    if (status == STATUS_OK)
        say(census, began);
    free(reports);
    return status;
}

static void run_census(struct shared *shared, struct store *store, double now)
{
    struct census census = {.began = now};
    struct inbox inbox = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                          .reports = malloc(ROOM * sizeof(struct report))};
    struct mqtt_census *source = NULL;
    struct error error = {0}, other;
    pthread_condattr_t monotonic;
    if (inbox.reports == NULL)
        abort();
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&inbox.changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    enum status status = mqtt_census_start(&shared->mqtt_options, receive, &inbox, &source, &error);
    if (status == STATUS_OK)
        status = read_all(shared, store, &census, &inbox, source, &error);
    close_inbox(&inbox);
    mqtt_census_stop(source);
    if (status != STATUS_OK) {
        log_write(LOG_WARNING, "presence_not_read", "message", error.message, NULL);
        if (census_break_off(store, shared->id, &other) != STATUS_OK)
            log_write(LOG_DEBUG, "census_lease_stays", "message", other.message, NULL);
    }
    pthread_cond_destroy(&inbox.changed);
    pthread_mutex_destroy(&inbox.mutex);
    free(inbox.reports);
    census_release(&census);
}

void *census_main(void *context)
{
    struct shared *shared = context;
    struct store *store = store_create(shared->config->database_url, "orchestratord census");
    while (shared_pause(shared, LOOK_MILLISECONDS)) {
        struct error error;
        bool mine = false;
        double now = 0;
        if (!atomic_load(&shared->secret_known) || !mqtt_client_connected(shared->mqtt))
            continue;
        if (census_take(store, shared->id, &mine, &now, &error) != STATUS_OK)
            continue; /* the other threads say what is wrong with the database */
        if (mine)
            run_census(shared, store, now);
    }
    store_destroy(store);
    return NULL;
}
