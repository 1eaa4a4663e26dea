/* A bounded queue of reports between the MQTT thread and one ingest worker. Full, it blocks the one who puts:
 * that is the back-pressure, and the broker holds the rest. */
#ifndef ENGINE_QUEUE_H
#define ENGINE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "report.h"

struct queue;

/* Room for `capacity` reports, 1 or more. NULL when memory is exhausted. Release with queue_destroy. */
struct queue *queue_create(size_t capacity);
void queue_destroy(struct queue *queue);

/* Waits while it is full. False when it was closed: the report was not taken. */
bool queue_put(struct queue *queue, const struct report *report);

/* Waits for the first report, then at most `milliseconds` (0 to 1000) for more, and takes up to `room` of
 * what is there, in order. 0 only when it was closed and is empty. For one thread, which says by coming again
 * that what it took before is stored. */
size_t queue_take(struct queue *queue, struct report *reports, size_t room, int milliseconds);

/* Nothing more can be put; what is in it can still be taken. */
void queue_close(struct queue *queue);

/* Reports that wait to be taken. */
size_t queue_depth(struct queue *queue);

/* For how many milliseconds the oldest report that is not stored has been here, taken or not. 0: there is
 * none. */
long long queue_lag(struct queue *queue);

#endif
