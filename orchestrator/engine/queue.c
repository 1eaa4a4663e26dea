#include "queue.h"

#include <pthread.h>
#include <stdlib.h>

#include "clock.h"

struct waiting {
    struct report report;
    long long since; /* milliseconds of the monotonic clock */
};

struct queue {
    pthread_mutex_t mutex;
    pthread_cond_t not_empty, not_full;
    struct waiting *reports;
    size_t capacity, first, count;
    bool is_storing; /* what was taken last is not stored yet: whoever takes comes back for more when it is */
    long long storing_since; /* when the oldest of that came */
    size_t wanted;           /* whoever takes is to be woken for so many */
    bool closed;
};

struct queue *queue_create(size_t capacity)
{
    struct queue *queue = calloc(1, sizeof *queue);
    if (queue == NULL)
        return NULL;
    queue->reports = calloc(capacity, sizeof *queue->reports);
    if (queue->reports == NULL) {
        free(queue);
        return NULL;
    }
    queue->capacity = capacity;
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&queue->not_empty, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_cond_init(&queue->not_full, NULL);
    return queue;
}

void queue_destroy(struct queue *queue)
{
    if (queue == NULL)
        return;
    pthread_cond_destroy(&queue->not_full);
    pthread_cond_destroy(&queue->not_empty);
    pthread_mutex_destroy(&queue->mutex);
    free(queue->reports);
    free(queue);
}

bool queue_put(struct queue *queue, const struct report *report)
{
    pthread_mutex_lock(&queue->mutex);
    while (queue->count == queue->capacity && !queue->closed)
        pthread_cond_wait(&queue->not_full, &queue->mutex);
    bool taken = !queue->closed;
    if (taken) {
        if (queue->count == 0)
            queue->first = 0; /* memory is touched as far as the queue was ever deep, and no further */
        queue->reports[(queue->first + queue->count) % queue->capacity] =
            (struct waiting){*report, clock_milliseconds()};
        queue->count++;
        if (queue->count >= queue->wanted)
            pthread_cond_signal(&queue->not_empty);
    }
    pthread_mutex_unlock(&queue->mutex);
    return taken;
}

size_t queue_take(struct queue *queue, struct report *reports, size_t room, int milliseconds)
{
    pthread_mutex_lock(&queue->mutex);
    queue->is_storing = false;
    queue->wanted = 1;
    while (queue->count == 0 && !queue->closed)
        pthread_cond_wait(&queue->not_empty, &queue->mutex);
    queue->wanted = room < queue->capacity ? room : queue->capacity;
    struct timespec until = clock_in_milliseconds(milliseconds);
    while (queue->count < queue->wanted && !queue->closed &&
           pthread_cond_timedwait(&queue->not_empty, &queue->mutex, &until) == 0)
        continue;
    size_t taken = queue->count < room ? queue->count : room;
    queue->is_storing = taken > 0;
    queue->storing_since = queue->reports[queue->first].since;
    for (size_t i = 0; i < taken; i++)
        reports[i] = queue->reports[(queue->first + i) % queue->capacity].report;
    queue->first = (queue->first + taken) % queue->capacity;
    queue->count -= taken;
    pthread_cond_signal(&queue->not_full);
    pthread_mutex_unlock(&queue->mutex);
    return taken;
}

void queue_close(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    queue->closed = true;
    pthread_cond_broadcast(&queue->not_empty);
    pthread_cond_broadcast(&queue->not_full);
    pthread_mutex_unlock(&queue->mutex);
}

size_t queue_depth(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    size_t count = queue->count;
    pthread_mutex_unlock(&queue->mutex);
    return count;
}

long long queue_lag(struct queue *queue)
{
    long long lag = 0;
    pthread_mutex_lock(&queue->mutex);
    if (queue->is_storing)
        lag = clock_milliseconds() - queue->storing_since;
    else if (queue->count > 0)
        lag = clock_milliseconds() - queue->reports[queue->first].since;
    pthread_mutex_unlock(&queue->mutex);
    return lag;
}
