/* Publishes what a tick has committed while the next tick is with the database: a thread, and one outbox that
 * waits for it. With the one that the ticker may hold ready, at most three are committed and not yet sent.
 * Writing an offer out takes about as long as claiming it. */
#ifndef DAEMON_SENDER_H
#define DAEMON_SENDER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine.h"

struct sender {
    struct publisher publisher; /* what it publishes with: publish() and its context */
    pthread_t thread;
    bool started;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    bool waits, stopping;
    int64_t taken, published; /* outboxes */
    struct outbox outbox;
    struct arena arena;
};

/* Starts the thread. `sender` stays in its place until sender_stop. */
enum status sender_start(struct sender *sender, const struct publisher *publisher,
                         struct error *error) MUST_CHECK;

/* publisher.send: takes both over. Returns when the outbox before this one has left its place: memory is
 * bounded. */
void sender_send(struct sender *sender, const struct outbox *outbox, struct arena *arena);

/* How many outboxes it has taken so far, and whether it has published at least `count` of them. */
int64_t sender_taken(struct sender *sender);
bool sender_has_published(struct sender *sender, int64_t count);

/* Publishes what waits, and ends the thread. Nothing may be sent after it. Harmless when not started. */
void sender_stop(struct sender *sender);

#endif
