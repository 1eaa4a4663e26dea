/* What the engine's use cases share: settings, and the ports through which it reaches the outside. */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "image_url.h"
#include "store.h"

struct image_cache;
struct offer;  /* wire/command.h */
struct outbox; /* below */

/* Port to MQTT. publish() hands a message over (QoS 1, not retained) and does not wait; a message that cannot
 * be handed over is lost here and sent again by the outbox. Safe from any thread. */
struct publisher {
    void (*publish)(void *context, const char *topic, const char *payload);
    /* Publishes a whole outbox, and releases the arena that it lies in, which is empty for the caller at
     * once. What is handed over first is published first, perhaps by another thread, after this has returned.
     * NULL: outbox_send publishes by itself. */
    void (*send)(void *context, const struct outbox *outbox, struct arena *arena);
    void *context;
};

struct engine {
    struct publisher publisher;
    const char *public_url; /* what devices put before /v1/images, without a slash at its end */
    unsigned char image_secret[IMAGE_SECRET_SIZE];
    struct image_cache *images; /* what is looked at when a device was sent other bytes; NULL: nothing */
    int64_t offer_resend_seconds;
    int64_t probe_after_seconds; /* a device not heard of for longer is asked before an offer; 0: the usual */
    int64_t fill_rows;      /* targets that a tick writes of a campaign (engine/fill); 0: the usual number */
    bool is_between_sweeps; /* a tick leaves out what may wait for the next: deadlines, offline devices, what
                               was sent and not answered, the fold of the fleet's counts */
};

/* Reads the secret that signs image URLs from the database. */
enum status engine_load_secret(struct store *store, unsigned char secret[IMAGE_SECRET_SIZE],
                               struct error *error) MUST_CHECK;

/* Messages of one transaction, published after its commit. A zeroed struct is empty; everything lives in the
 * arena. */
struct outbox_message {
    struct outbox_message *next;
    const char *topic;
    const char *payload;
    const struct offer *offer; /* written out as it is published, where payload is NULL */
};

struct outbox {
    struct outbox_message *first, **last;
    int64_t count;
};

void outbox_put(struct outbox *outbox, struct arena *arena, const char *device, const char *payload);
void outbox_put_offer(struct outbox *outbox, struct arena *arena, const char *device,
                      const struct offer *offer);

/* Asks the device of each row, its first column, for a hello. */
void outbox_put_asks(struct outbox *outbox, struct arena *arena, const struct store_rows *rows);

/* Publishes in the order of the outbox, in this thread. */
void outbox_publish(const struct outbox *outbox, const struct publisher *publisher);

/* The same by way of the publisher's send(), where it has one: `arena`, in which all of the outbox lies, may
 * be empty afterwards. */
void outbox_send(const struct outbox *outbox, struct arena *arena, const struct publisher *publisher);

#endif
