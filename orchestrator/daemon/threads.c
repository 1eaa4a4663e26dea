#include "threads.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "array.h"
#include "clock.h"
#include "continuity.h"
#include "ingest.h"
#include "log.h"
#include "migrate.h"
#include "operate.h"
#include "policy.h"
#include "rest.h"
#include "store_sql.h"
#include "tick.h"

enum {
    RETRY_MILLISECONDS = 1000,
    PARTITION_SECONDS = 3600,
    BATCH_MILLISECONDS = 20 /* that a report waits for others: a transaction costs more than a report */
};

/* --- signals between threads ------------------------------------------------------------------------ */

void shared_wake(struct shared *shared)
{
    pthread_mutex_lock(&shared->mutex);
    shared->woken = true;
    pthread_cond_broadcast(&shared->changed);
    pthread_mutex_unlock(&shared->mutex);
}

void shared_stop(struct shared *shared)
{
    pthread_mutex_lock(&shared->mutex);
    shared->stopping = true;
    pthread_cond_broadcast(&shared->changed);
    pthread_mutex_unlock(&shared->mutex);
}

static bool wait_until(struct shared *shared, int milliseconds, bool take_wake_ups)
{
    struct timespec until = clock_in_milliseconds(milliseconds);
    pthread_mutex_lock(&shared->mutex);
    int result = 0;
    while (!shared->stopping && !(take_wake_ups && shared->woken) && result != ETIMEDOUT)
        result = pthread_cond_timedwait(&shared->changed, &shared->mutex, &until);
    if (take_wake_ups)
        shared->woken = false;
    bool goes_on = !shared->stopping;
    pthread_mutex_unlock(&shared->mutex);
    return goes_on;
}

bool shared_wait(struct shared *shared, int milliseconds)
{
    return wait_until(shared, milliseconds, true);
}

bool shared_pause(struct shared *shared, int milliseconds)
{
    return wait_until(shared, milliseconds, false);
}

/* --- the database as the daemon sees it ------------------------------------------------------------- */

/* Of this thread: the last that it wanted of the database was not done. */
static _Thread_local bool in_trouble;

void shared_database_trouble(struct shared *shared, const char *why)
{
    pthread_mutex_lock(&shared->mutex);
    bool is_news = strcmp(shared->database_trouble, why) != 0;
    snprintf(shared->database_trouble, sizeof shared->database_trouble, "%s", why);
    shared->database_ready = false;
    shared->threads_in_trouble += !in_trouble;
    in_trouble = true;
    pthread_mutex_unlock(&shared->mutex);
    if (is_news)
        log_write(LOG_WARNING, "database_unavailable", "reason", why, NULL);
}

void shared_database_fine(struct shared *shared)
{
    pthread_mutex_lock(&shared->mutex);
    shared->threads_in_trouble -= in_trouble;
    in_trouble = false;
    bool is_news = !shared->database_ready && shared->threads_in_trouble == 0;
    if (is_news) {
        shared->database_ready = true;
        shared->database_trouble[0] = '\0';
    }
    pthread_mutex_unlock(&shared->mutex);
    if (is_news)
        log_write(LOG_INFO, "database_ready", NULL);
}

bool shared_database_ready(struct shared *shared, char *why, size_t size)
{
    pthread_mutex_lock(&shared->mutex);
    bool ready = shared->database_ready;
    if (!ready)
        snprintf(why, size, "database: %s",
                 shared->database_trouble[0] != '\0' ? shared->database_trouble : "not connected yet");
    pthread_mutex_unlock(&shared->mutex);
    return ready;
}

/* A failed unit of work: while it fails this orchestrator is not ready. */
void shared_handle_failure(struct shared *shared, const char *event, const struct error *error)
{
    if (error->status != STATUS_UNAVAILABLE)
        log_write(LOG_ERROR, event, "status", status_code(error->status), "sqlstate", error->sqlstate,
                  "message", error->message, NULL);
    shared_database_trouble(shared, error->message);
}

/* --- MQTT thread ------------------------------------------------------------------------------------ */

static unsigned hash_text(const char *text)
{
    unsigned hash = 2166136261u; /* FNV-1a */
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    return hash;
}

void shared_receive(void *context, const char *topic, const void *payload, size_t size)
{
    struct shared *shared = context;
    struct report report;
    report_parse(topic, payload, size, &report);
    report.received_at = clock_milliseconds();
    atomic_fetch_add(&shared->reports, 1);
    struct queue *queue = shared->queues[hash_text(report.device) % (unsigned)shared->worker_count];
    if (queue_put(queue, &report) == QUEUE_SETTLED)
        mqtt_client_stored(shared->mqtt, 1);
}

/* --- ingest workers --------------------------------------------------------------------------------- */

/* Whether the database has refused what the reports say, rather than to work at all. */
static bool is_refused(enum status status)
{
    return status == STATUS_CONFLICT || status == STATUS_INVALID;
}

/* A batch is tried until it is stored. While the database is away the queue fills, the MQTT thread waits, and
 * the broker holds the rest. False: given up, which is only at the stop; devices send their results again.
 *
 * What the database refuses is a fault of ours, but one device's report must not hold up all others for ever:
 * the reports are then stored one by one, and the one at fault is left out, unacknowledged. */
static bool store_batch(struct worker *worker, struct store *store, const struct report *reports,
                        size_t count)
{
    struct shared *shared = worker->shared;
    while (count > 0) {
        struct error error;
        struct ingest_summary summary;
        enum status status = ingest_batch(&shared->engine, store, reports, count, &summary, &error);
        if (status == STATUS_OK) {
            shared_database_fine(shared);
            atomic_fetch_add(&shared->reports_rejected, summary.rejected);
            atomic_fetch_add(&shared->targets_moved, summary.moved);
            shared_wake(shared);
            return true;
        }
        if (is_refused(status) && count == 1) {
            log_limited(LOG_ERROR, "report_left_out", reports[0].device, "device", reports[0].device,
                        "sqlstate", error.sqlstate, "message", error.message, NULL);
            return true;
        }
        if (is_refused(status)) {
            bool stored = true;
            for (size_t i = 0; i < count && stored; i++)
                stored = store_batch(worker, store, &reports[i], 1);
            return stored;
        }
        shared_handle_failure(shared, "ingest_failed", &error);
        if (!shared_pause(shared, RETRY_MILLISECONDS)) {
            log_write(LOG_WARNING, "reports_left", "reason", "stopped while the database was away", NULL);
            return false;
        }
    }
    return true;
}

/* Counts what the queue has dropped, in one statement for all of it. Tried until it is done, as a batch. */
static bool store_dropped(struct worker *worker, struct store *store, const struct queue_taken *taken)
{
    struct shared *shared = worker->shared;
    char count[32];
    if (taken->dropped == 0)
        return true;
    snprintf(count, sizeof count, "%lld", (long long)taken->dropped);
    log_limited(LOG_WARNING, "reports_dropped", taken->dropped_device, "kind",
                rejection_name(REJECTION_OVER_LIMIT), "count", count, "last_device", taken->dropped_device,
                NULL);
    for (;;) {
        struct error error;
        struct array columns[3] = {0};
        array_put_text(&columns[0], rejection_name(REJECTION_OVER_LIMIT));
        array_put_integer(&columns[1], taken->dropped);
        array_put_text(&columns[2], taken->dropped_device);
        if (store_run_arrays(store, &SQL_REJECTED_COUNT, columns, 3, &error) == STATUS_OK) {
            shared_database_fine(shared);
            atomic_fetch_add(&shared->reports_rejected, taken->dropped);
            return true;
        }
        shared_handle_failure(shared, "ingest_failed", &error);
        if (!shared_pause(shared, RETRY_MILLISECONDS))
            return false;
    }
}

void *worker_main(void *context)
{
    struct worker *worker = context;
    struct shared *shared = worker->shared;
    size_t room = (size_t)shared->config->ingest_batch;
    struct report *reports = calloc(room, sizeof *reports);
    char name[32];
    snprintf(name, sizeof name, "orchestratord ingest %d", worker->number);
    struct store *store = store_create(shared->config->database_url, name);
    if (reports == NULL)
        abort();
    store_keep_plans(store);
    struct queue_taken taken;
    while (queue_take(worker->queue, reports, room, BATCH_MILLISECONDS, &taken) &&
           store_batch(worker, store, reports, taken.count)) {
        mqtt_client_stored(shared->mqtt, taken.count);
        if (!store_dropped(worker, store, &taken))
            break;
    }
    store_destroy(store);
    free(reports);
    return NULL;
}

/* --- ticker ----------------------------------------------------------------------------------------- */

/* Until the database is there, is migrated, and has given its secret. False when stopping. */
static bool wait_for_database(struct shared *shared, struct store *store)
{
    for (;;) {
        struct error error;
        if (store_connect(store, &error) == STATUS_OK && migrate_check(store, &error) == STATUS_OK &&
            engine_load_secret(store, shared->engine.image_secret, &error) == STATUS_OK) {
            atomic_store(&shared->secret_known, true);
            shared_database_fine(shared);
            return true;
        }
        char why[sizeof error.field + sizeof error.message + 2];
        snprintf(why, sizeof why, "%s%s%s", error.field, error.field[0] != '\0' ? ": " : "", error.message);
        shared_database_trouble(shared, why);
        if (!shared_pause(shared, RETRY_MILLISECONDS))
            return false;
    }
}

static void maintain_partitions(struct shared *shared, struct store *store)
{
    struct error error;
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_integer(&parameters, atomic_load(&shared->retention_days));
    if (store_run(store, &SQL_EVENT_PARTITIONS, &parameters, &rows, &error) != STATUS_OK) {
        shared_handle_failure(shared, "partitions_failed", &error);
        return;
    }
    if (store_rows_integer(rows, 0, 0) > 0 || store_rows_integer(rows, 0, 1) > 0)
        log_write(LOG_INFO, "event_partitions", "made", store_rows_text(rows, 0, 0), "dropped",
                  store_rows_text(rows, 0, 1), NULL);
    store_rows_free(rows);
}

static void forget_the_past(struct shared *shared, struct store *store)
{
    struct error error;
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, FLAPPING_MEMORY_SECONDS);
    if (store_run(store, &SQL_FAILURE_FORGET, &parameters, NULL, &error) != STATUS_OK)
        shared_handle_failure(shared, "forgetting_failed", &error);
    struct store_parameters of_plans = {0};
    store_put_integer(&of_plans, PLAN_KEPT_SECONDS);
    if (store_run(store, &SQL_PLAN_FORGET, &of_plans, NULL, &error) != STATUS_OK)
        shared_handle_failure(shared, "forgetting_failed", &error);
    if (store_run(store, &SQL_CALL_FORGET, NULL, NULL, &error) != STATUS_OK)
        shared_handle_failure(shared, "forgetting_failed", &error);
    if (store_run(store, &SQL_REMOVED_FORGET, NULL, NULL, &error) != STATUS_OK)
        shared_handle_failure(shared, "forgetting_failed", &error);
    struct store_parameters days = {0};
    store_put_integer(&days, atomic_load(&shared->retention_days));
    if (store_run(store, &SQL_OUTAGE_FORGET, &days, NULL, &error) != STATUS_OK)
        shared_handle_failure(shared, "forgetting_failed", &error);
}

/* One look at everything. Without the broker an offer could not go out, while its time would run all the
 * same. */
static enum status look(struct shared *shared, struct store *store, bool *more, struct error *error)
{
    /* A break is recorded first: until then nobody knows that devices have to be asked. */
    if (!mqtt_client_connected(shared->mqtt) ||
        mqtt_client_connections(shared->mqtt) != atomic_load(&shared->steady))
        /* An orchestrator that has lost its place with the database comes back to the broker only when its
         * reports are stored, which waits for this. */
        return shared->engine.is_between_sweeps ? STATUS_OK : continuity_check(store, error);
    shared->engine.offer_resend_seconds = atomic_load(&shared->offer_resend_seconds); /* used here only */
    shared->engine.probe_after_seconds = atomic_load(&shared->probe_after_seconds);
    if (tick(&shared->engine, store, more, error) != STATUS_OK)
        return error->status;
    shared_database_fine(shared);
    return STATUS_OK;
}

void *ticker_main(void *context)
{
    struct shared *shared = context;
    struct store *store = store_create(shared->config->database_url, "orchestratord ticker");
    int64_t partitions_at = 0; /* by base/clock: how often; which ones is the database's to say */
    long long sweep_at = 0;
    bool goes_on = wait_for_database(shared, store);
    while (goes_on) {
        struct error error;
        bool more = false;
        if (clock_seconds() >= partitions_at) {
            maintain_partitions(shared, store);
            forget_the_past(shared, store);
            partitions_at = clock_seconds() + PARTITION_SECONDS;
        }
        int rest = atomic_load(&shared->tick_milliseconds);
        long long now = clock_milliseconds();
        shared->engine.is_between_sweeps = now < sweep_at;
        if (look(shared, store, &more, &error) == STATUS_OK) {
            atomic_store(&shared->ticked_at, clock_milliseconds());
            if (!shared->engine.is_between_sweeps)
                sweep_at = rest_next_sweep(now, clock_milliseconds(), rest, more);
            goes_on = more ? shared_wait(shared, 0)
                           : shared_pause(shared, rest_after_look(clock_milliseconds() - now)) &&
                                 shared_wait(shared, rest);
        } else {
            shared_handle_failure(shared, "tick_failed", &error);
            goes_on = shared_pause(shared, RETRY_MILLISECONDS);
        }
    }
    store_destroy(store);
    return NULL;
}
