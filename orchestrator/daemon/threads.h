/* What the daemon's threads share: the queues, a wake-up, and what is known of the outside. Inside daemon
 * only. */
#ifndef DAEMON_THREADS_H
#define DAEMON_THREADS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "config.h"
#include "engine.h"
#include "mqtt_client.h"
#include "queue.h"
#include "sender.h"

struct shared {
    const struct config *config;
    struct engine engine;
    struct mqtt_client *mqtt;
    struct sender sender;  /* of what the ticker decides */
    struct queue **queues; /* one a worker; a device's reports always go to the same */
    int worker_count;

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    bool woken;
    bool stopping;
    bool database_ready; /* connected, migrated, secret loaded, and no thread in trouble */
    int threads_in_trouble;
    char database_trouble[300];

    atomic_bool secret_known;     /* engine.image_secret is set, and does not change any more */
    atomic_int tick_milliseconds; /* these three are reloadable */
    atomic_int retention_days;
    atomic_int offer_resend_seconds;
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

void shared_stop(struct shared *shared);

/* Thread bodies. */
struct worker {
    struct shared *shared;
    struct queue *queue;
    int number;
};
void *worker_main(void *worker);
void *ticker_main(void *shared);

/* Called in the MQTT thread: parses, then hands over to the device's worker. */
void shared_receive(void *shared, const char *topic, const void *payload, size_t size);

#endif
