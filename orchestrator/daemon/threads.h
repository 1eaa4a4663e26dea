/* What the daemon's threads share: the queues, a wake-up, and what is known of the outside. Inside daemon
 * only. */
#ifndef DAEMON_THREADS_H
#define DAEMON_THREADS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "config.h"
#include "database_clock.h"
#include "engine.h"
#include "evidence.h"
#include "mqtt_client.h"
#include "queue.h"
#include "sender.h"

struct live_attempts;

struct shared {
    const struct config *config;
    struct engine engine;
    struct mqtt_client *mqtt;
    struct live_attempts *live; /* for the image server */
    struct sender sender;       /* of what the ticker decides */
    struct queue **queues;      /* one a worker; a device's reports always go to the same */
    int worker_count;

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    bool woken;
    bool stopping;
    bool database_ready; /* connected, migrated, secret loaded, and no thread in trouble */
    int threads_in_trouble;
    char database_trouble[300];

    atomic_bool secret_known;     /* engine.image_secret is set, and does not change any more */
    atomic_int tick_milliseconds; /* these four are reloadable */
    atomic_int retention_days;
    atomic_int offer_resend_seconds;
    atomic_int probe_after_seconds;
    atomic_llong ticked_at; /* when the ticker last had its way; base/clock, milliseconds */
    atomic_uint steady;     /* connections of the broker's at the last beat that was answered and recorded */
    atomic_llong stored_at; /* when all reports that had come were last stored; 0: never yet */
    struct database_clock clock; /* measured by the watch */
    char id[ORCHESTRATOR_ID_SIZE];
    struct mqtt_options mqtt_options;
    atomic_llong reports, reports_rejected, targets_moved;
};

/* Wakes the ticker. Safe from any thread. */
void shared_wake(struct shared *shared);

/* Waits for a wake-up, the end of `milliseconds`, or the stop. False when stopping. */
bool shared_wait(struct shared *shared, int milliseconds);

/* Sleeps; false as soon as the daemon stops. Does not take wake-ups. */
bool shared_pause(struct shared *shared, int milliseconds);

/* The calling thread cannot do its work: says once that the database is not there, and why. */
void shared_database_trouble(struct shared *shared, const char *why);
/* It can: the database is there when all threads can. A full disk is found out only by those that write. */
void shared_database_fine(struct shared *shared);
bool shared_database_ready(struct shared *shared, char *why, size_t size);

/* The database's time in Unix milliseconds, and how far the host's wall clock is ahead of it (below 0: behind
 * it). False before the watch's first beat. Safe from any thread. */
bool shared_clock(struct shared *shared, int64_t *now, int64_t *host_ahead);

void shared_stop(struct shared *shared);

/* Thread bodies. */
struct worker {
    struct shared *shared;
    struct queue *queue;
    int number;
};
void *worker_main(void *worker);
void *ticker_main(void *shared);
void *watch_main(void *shared);  /* daemon/watcher.c */
void *census_main(void *shared); /* daemon/census_reader.c */
void *live_main(void *shared);   /* daemon/live_reader.c */

/* Gives this orchestrator's place up, when nothing comes in any more. */
void watch_give_up(struct shared *shared);

/* Called in the MQTT thread: everything that came before is behind it. */
void shared_mark(void *shared, int64_t moment);

/* A failed unit of work of the calling thread: logged, and the orchestrator is not ready while it goes on. */
void shared_handle_failure(struct shared *shared, const char *event, const struct error *error);

/* Called in the MQTT thread: parses, then hands over to the device's worker. */
void shared_receive(void *shared, const char *topic, const void *payload, size_t size);

#endif
