/* A bounded queue of reports between the MQTT thread and one ingest worker, fair to devices.
 *
 * Each device has a FIFO of its own, and the worker takes from them in turn, one report each: a device that
 * floods delays others by at most one report a round. A queue that is full over all devices blocks the
 * producer: that is the back-pressure, and the broker holds the rest. One device never fills it:
 *
 * A device is crowded while it holds DEVICE_QUEUED_MAX reports here (a quarter of the capacity, where that is
 * less), or has sent more than its reports a minute (queue_limit). Of a crowded device
 *   - progress (accepted, downloading, installed, trial) and messages that do not parse are dropped;
 *   - a presence or a hello replaces the last one that waits, at the end of the device's FIFO;
 *   - a result, or the answer to a command, that already waits with the same content is not put twice;
 *   - all else waits at the end of the FIFO, and is dropped where the FIFO holds DEVICE_QUEUED_MAX reports:
 *     a device that sends dozens of different results. Devices repeat results until they are acknowledged,
 *     so that is a delay and no loss.
 * Messages without a valid device id share one FIFO and one limit. */
#ifndef ENGINE_QUEUE_H
#define ENGINE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report.h"

enum { DEVICE_QUEUED_MAX = 32 };

struct queue;

/* Room for `capacity` reports, 1 to 1,000,000; no limit a minute. NULL when memory is exhausted. Release with
 * queue_destroy. */
struct queue *queue_create(size_t capacity);
void queue_destroy(struct queue *queue);

/* Reports a device and minute of the monotonic clock; 0: no limit. A device may pass with a few more where
 * hundreds of thousands of reports a minute come in (engine/device_rate.h), never with less. */
void queue_limit(struct queue *queue, int reports_per_minute);

enum queue_put_result {
    QUEUE_PUT,     /* it will be taken */
    QUEUE_SETTLED, /* one message, this or an older one of the device, will never be taken: nobody has to
                      store it, and its acknowledgement to the broker has nothing to wait for */
    QUEUE_CLOSED   /* it was not taken */
};

/* Waits while the queue is full and the report needs room. */
enum queue_put_result queue_put(struct queue *queue, const struct report *report);

struct queue_taken {
    size_t count;                        /* reports */
    int64_t dropped;                     /* since they were last told, at most once a second */
    char dropped_device[DEVICE_ID_SIZE]; /* the last of them */
};

/* Waits for the first report, then at most `milliseconds` (0 to 1000) for more, and takes up to `room` of
 * what is there: those of one device in their order. False: the queue was closed, and nothing is left. True
 * may come with no report where some were dropped. For one thread, which says by coming again that what it
 * took before is stored. */
bool queue_take(struct queue *queue, struct report *reports, size_t room, int milliseconds,
                struct queue_taken *taken);

/* Puts a mark (positive, not less than those before) behind all that was put so far, of whatever device. Up
 * to 7 marks wait at once; those made beyond that are merged, and pass late (engine/marks.h). */
void queue_mark(struct queue *queue, int64_t mark);

/* The newest mark for which everything that was put before it has been stored, dropped or replaced; 0: none
 * yet. A mark put while nothing waits and nothing is being stored has passed at once. A report waits for at
 * most DEVICE_QUEUED_MAX + 2 rounds, as its place in the FIFO only moves forward; so a device that floods
 * cannot hold a mark back any longer. */
int64_t queue_marked(struct queue *queue);

/* Throws away what waits to be taken, as an orchestrator does that is too far behind: devices say it again.
 * Returns how many reports that were; nobody has to store them. */
size_t queue_drop(struct queue *queue);

/* Nothing waits, and nothing is being stored. */
bool queue_is_idle(struct queue *queue);

/* Nothing more can be put; what is in it can still be taken. */
void queue_close(struct queue *queue);

/* Reports that wait to be taken. */
size_t queue_depth(struct queue *queue);

/* For how many milliseconds the oldest report that is not stored has been here, taken or not. 0: there is
 * none. */
long long queue_lag(struct queue *queue);

#endif
