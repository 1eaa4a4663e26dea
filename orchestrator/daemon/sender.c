#include "sender.h"

#include <string.h>

static void *sender_main(void *context)
{
    struct sender *sender = context;
    pthread_mutex_lock(&sender->mutex);
    for (;;) {
        while (!sender->waits && !sender->stopping)
            pthread_cond_wait(&sender->changed, &sender->mutex);
        if (!sender->waits)
            break;
        struct outbox outbox = sender->outbox;
        struct arena arena = sender->arena;
        sender->waits = false;
        pthread_cond_broadcast(&sender->changed);
        pthread_mutex_unlock(&sender->mutex);
        outbox_publish(&outbox, &sender->publisher);
        arena_release(&arena);
        pthread_mutex_lock(&sender->mutex);
        sender->published++;
    }
    pthread_mutex_unlock(&sender->mutex);
    return NULL;
}

enum status sender_start(struct sender *sender, const struct publisher *publisher, struct error *error)
{
    *sender = (struct sender){.publisher = *publisher};
    pthread_mutex_init(&sender->mutex, NULL);
    pthread_cond_init(&sender->changed, NULL);
    int result = pthread_create(&sender->thread, NULL, sender_main, sender);
    if (result != 0) {
        pthread_cond_destroy(&sender->changed);
        pthread_mutex_destroy(&sender->mutex);
        return error_set(error, STATUS_INTERNAL, NULL, "cannot start a thread: %s", strerror(result));
    }
    sender->started = true;
    return STATUS_OK;
}

void sender_send(struct sender *sender, const struct outbox *outbox, struct arena *arena)
{
    pthread_mutex_lock(&sender->mutex);
    while (sender->waits)
        pthread_cond_wait(&sender->changed, &sender->mutex);
    sender->outbox = *outbox;
    sender->arena = *arena;
    *arena = (struct arena){0};
    sender->waits = true;
    sender->taken++;
    pthread_cond_broadcast(&sender->changed);
    pthread_mutex_unlock(&sender->mutex);
}

int64_t sender_taken(struct sender *sender)
{
    pthread_mutex_lock(&sender->mutex);
    int64_t taken = sender->taken;
    pthread_mutex_unlock(&sender->mutex);
    return taken;
}

bool sender_has_published(struct sender *sender, int64_t count)
{
    pthread_mutex_lock(&sender->mutex);
    bool has = sender->published >= count;
    pthread_mutex_unlock(&sender->mutex);
    return has;
}

void sender_stop(struct sender *sender)
{
    if (!sender->started)
        return;
    pthread_mutex_lock(&sender->mutex);
    sender->stopping = true;
    pthread_cond_broadcast(&sender->changed);
    pthread_mutex_unlock(&sender->mutex);
    pthread_join(sender->thread, NULL);
    pthread_cond_destroy(&sender->changed);
    pthread_mutex_destroy(&sender->mutex);
    sender->started = false;
}
