#include "run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "clock.h"
#include "image_cache.h"
#include "live_attempts.h"
#include "log.h"
#include "server.h"
#include "threads.h"

/* --- ports ------------------------------------------------------------------------------------------ */

static void publish(void *context, const char *topic, const char *payload)
{
    struct shared *shared = context;
    mqtt_client_publish(shared->mqtt, topic, payload);
}

static void send_outbox(void *context, const struct outbox *outbox, struct arena *arena)
{
    struct shared *shared = context;
    sender_send(&shared->sender, outbox, arena);
}

enum { STUCK_MILLISECONDS = 30000 };

/* `at`: when it last did; 0: not yet. */
static bool makes_progress(long long at, const char *what, char *why, size_t size)
{
    long long since = clock_milliseconds() - at;
    if (at > 0 && since < STUCK_MILLISECONDS)
        return true;
    if (at > 0)
        snprintf(why, size, "%s for %lld s", what, since / 1000);
    else
        snprintf(why, size, "%s yet", what);
    return false;
}

static bool ready(void *context, char *why, size_t size)
{
    struct shared *shared = context;
    if (!shared_database_ready(shared, why, size))
        return false;
    if (!mqtt_client_connected(shared->mqtt)) {
        snprintf(why, size, "broker: not connected to %s:%d", shared->config->mqtt_host,
                 shared->config->mqtt_port);
        return false;
    }
    return makes_progress(atomic_load(&shared->ticked_at), "the ticker has not looked at the campaigns", why,
                          size) &&
           makes_progress(atomic_load(&shared->stored_at), "not all reports that have come are stored", why,
                          size);
}

static bool image_secret(void *context, unsigned char secret[IMAGE_SECRET_SIZE])
{
    struct shared *shared = context;
    if (!atomic_load(&shared->secret_known))
        return false;
    memcpy(secret, shared->engine.image_secret, IMAGE_SECRET_SIZE);
    return true;
}

static bool now(void *context, int64_t *milliseconds, int64_t *host_ahead)
{
    return shared_clock(context, milliseconds, host_ahead);
}

static void wake(void *context)
{
    shared_wake(context);
}

static char *gauges(void *context)
{
    struct shared *shared = context;
    size_t depth = 0;
    long long lag = 0;
    for (int i = 0; i < shared->worker_count; i++) {
        long long of_queue = queue_lag(shared->queues[i]);
        depth += queue_depth(shared->queues[i]);
        lag = of_queue > lag ? of_queue : lag;
    }
    char *text = NULL, difference[32] = "null";
    int64_t database_time, ahead;
    if (shared_clock(shared, &database_time, &ahead))
        snprintf(difference, sizeof difference, "%.3f", (double)ahead / 1000);
    int length =
        asprintf(&text,
                 "{\"reports\": %lld, \"reports_rejected\": %lld, \"targets_moved\": %lld, "
                 "\"queue_depth\": %zu, \"queue_lag_milliseconds\": %lld, \"broker_connected\": %s, "
                 "\"clock_difference_seconds\": %s}",
                 (long long)atomic_load(&shared->reports), (long long)atomic_load(&shared->reports_rejected),
                 (long long)atomic_load(&shared->targets_moved), depth, lag,
                 mqtt_client_connected(shared->mqtt) ? "true" : "false", difference);
    return length < 0 ? NULL : text;
}

/* --- start and stop --------------------------------------------------------------------------------- */

struct daemon {
    struct shared shared;
    struct http_server *http;
    struct worker *workers;
    pthread_t *worker_threads;
    int workers_started;
    pthread_t ticker, watch, census, live;
    bool ticker_started, watch_started, census_started, live_started;
};

static enum status start_thread(pthread_t *thread, void *(*body)(void *), void *context, struct error *error)
{
    int result = pthread_create(thread, NULL, body, context);
    if (result != 0)
        return error_set(error, STATUS_INTERNAL, NULL, "cannot start a thread: %s", strerror(result));
    return STATUS_OK;
}

static enum status start_workers(struct daemon *daemon, struct error *error)
{
    struct shared *shared = &daemon->shared;
    size_t count = (size_t)shared->config->ingest_workers;
    shared->queues = calloc(count, sizeof(struct queue *));
    daemon->workers = calloc(count, sizeof *daemon->workers);
    daemon->worker_threads = calloc(count, sizeof *daemon->worker_threads);
    if (shared->queues == NULL || daemon->workers == NULL || daemon->worker_threads == NULL)
        return error_set(error, STATUS_INTERNAL, NULL, "out of memory");
    for (int i = 0; i < (int)count; i++) {
        shared->queues[i] = queue_create((size_t)shared->config->queue_capacity);
        if (shared->queues[i] == NULL)
            return error_set(error, STATUS_INTERNAL, "queue_capacity", "out of memory");
        queue_limit(shared->queues[i], shared->config->reports_per_minute);
        shared->worker_count = i + 1;
        daemon->workers[i] = (struct worker){shared, shared->queues[i], i};
        if (start_thread(&daemon->worker_threads[i], worker_main, &daemon->workers[i], error) != STATUS_OK)
            return error->status;
        daemon->workers_started = i + 1;
    }
    return STATUS_OK;
}

static enum status start_mqtt(struct daemon *daemon, struct error *error)
{
    const struct config *config = daemon->shared.config;
    daemon->shared.mqtt_options = (struct mqtt_options){
        .host = config->mqtt_host,
        .port = config->mqtt_port,
        .username = config->mqtt_user,
        .password = config->mqtt_password,
        .ca_file = config->mqtt_tls ? config->mqtt_ca_file : NULL,
        .id = daemon->shared.id,
        .held = true, /* until the watch has put this orchestrator down as one that takes reports */
        .receive = shared_receive,
        .marker = shared_mark,
        .context = &daemon->shared};
    return mqtt_client_start(&daemon->shared.mqtt_options, &daemon->shared.mqtt, error);
}

static enum status start_http(struct daemon *daemon, struct error *error)
{
    const struct config *config = daemon->shared.config;
    struct http_options options = {.address = config->http_address,
                                   .port = config->http_port,
                                   .threads = config->http_threads,
                                   .database_url = config->database_url,
                                   .images = daemon->shared.engine.images,
                                   .live = daemon->shared.live,
                                   .image_secret = image_secret,
                                   .now = now,
                                   .ready = ready,
                                   .wake = wake,
                                   .gauges = gauges,
                                   .context = &daemon->shared};
    return http_server_start(&options, &daemon->http, error);
}

static void take_reloadable(struct shared *shared)
{
    const struct config *config = shared->config;
    log_configure(config->log_level, config->log_format);
    atomic_store(&shared->tick_milliseconds, config->tick_milliseconds);
    atomic_store(&shared->retention_days, config->event_retention_days);
    atomic_store(&shared->offer_resend_seconds, config->offer_resend_seconds);
    for (int i = 0; i < shared->worker_count; i++)
        queue_limit(shared->queues[i], config->reports_per_minute);
    atomic_store(&shared->probe_after_seconds, config->probe_after_seconds);
}

static enum status start(struct daemon *daemon, struct error *error)
{
    struct shared *shared = &daemon->shared;
    shared->engine.publisher = (struct publisher){publish, send_outbox, shared};
    evidence_make_id(shared->id);
    shared->engine.public_url = shared->config->public_url;
    take_reloadable(shared);
    shared->live = live_attempts_create();
    if (image_cache_open(shared->config->cache_directory, &shared->engine.images, error) != STATUS_OK ||
        start_workers(daemon, error) != STATUS_OK || start_mqtt(daemon, error) != STATUS_OK ||
        start_http(daemon, error) != STATUS_OK ||
        sender_start(&shared->sender, &shared->engine.publisher, error) != STATUS_OK ||
        start_thread(&daemon->ticker, ticker_main, shared, error) != STATUS_OK)
        return error->status;
    daemon->ticker_started = true;
    if (start_thread(&daemon->watch, watch_main, shared, error) != STATUS_OK)
        return error->status;
    daemon->watch_started = true;
    if (start_thread(&daemon->census, census_main, shared, error) != STATUS_OK)
        return error->status;
    daemon->census_started = true;
    if (start_thread(&daemon->live, live_main, shared, error) != STATUS_OK)
        return error->status;
    daemon->live_started = true;
    return STATUS_OK;
}

/* Requests first, then the ticker, then the queues: what has come in is stored, and its acknowledgements go
 * out, before the connection to the broker is closed. */
static void stop(struct daemon *daemon)
{
    struct shared *shared = &daemon->shared;
    http_server_stop(daemon->http);
    shared_stop(shared);
    if (daemon->ticker_started)
        pthread_join(daemon->ticker, NULL);
    if (daemon->census_started)
        pthread_join(daemon->census, NULL);
    if (daemon->live_started)
        pthread_join(daemon->live, NULL);
    if (daemon->watch_started)
        pthread_join(daemon->watch, NULL);
    sender_stop(&shared->sender);
    for (int i = 0; i < shared->worker_count; i++)
        queue_close(shared->queues[i]);
    for (int i = 0; i < daemon->workers_started; i++)
        pthread_join(daemon->worker_threads[i], NULL);
    mqtt_client_stop(shared->mqtt);
    if (daemon->watch_started)
        watch_give_up(shared);
    for (int i = 0; i < shared->worker_count; i++)
        queue_destroy(shared->queues[i]);
    image_cache_close(shared->engine.images);
    live_attempts_destroy(shared->live);
    free(shared->queues);
    free(daemon->workers);
    free(daemon->worker_threads);
}

/* --- signals ---------------------------------------------------------------------------------------- */

static void reload(struct daemon *daemon, struct config *config, const char *path)
{
    struct config fresh = {0};
    struct error error;
    char restart[512];
    if (config_load(path, &fresh, &error) != STATUS_OK) {
        log_write(LOG_ERROR, "reload_refused", "message", error.message, NULL);
        config_release(&fresh);
        return;
    }
    config_adopt(config, &fresh, restart, sizeof restart);
    config_release(&fresh);
    take_reloadable(&daemon->shared);
    log_write(LOG_INFO, "reloaded", "needs_restart", restart, NULL);
}

/* A connection takes a descriptor, and the usual soft limit is 1024. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        log_write(LOG_WARNING, "descriptor_limit", "reason", strerror(errno), NULL);
}

enum status run(struct config *config, const char *config_path, struct error *error)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* every thread inherits it; this one waits for them */
    signal(SIGPIPE, SIG_IGN);

    raise_descriptor_limit();
    struct daemon daemon = {.shared = {.config = config}};
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&daemon.shared.mutex, NULL);
    pthread_cond_init(&daemon.shared.changed, &monotonic);
    pthread_condattr_destroy(&monotonic);

    enum status status = start(&daemon, error);
    if (status == STATUS_OK) {
        char port[16];
        snprintf(port, sizeof port, "%d", http_server_port(daemon.http));
        log_write(LOG_INFO, "started", "address", config->http_address, "port", port, NULL);
        int signal_number = 0;
        while (sigwait(&signals, &signal_number) == 0 && signal_number == SIGHUP)
            reload(&daemon, config, config_path);
        log_write(LOG_INFO, "stopping", "signal", strsignal(signal_number), NULL);
    }
    stop(&daemon);
    if (status == STATUS_OK)
        log_write(LOG_INFO, "stopped", NULL);
    pthread_cond_destroy(&daemon.shared.changed);
    pthread_mutex_destroy(&daemon.shared.mutex);
    return status;
}
