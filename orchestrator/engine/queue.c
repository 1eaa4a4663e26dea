#include "queue.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "chains.h"
#include "clock.h"
#include "device_rate.h"
#include "marks.h"

enum {
    MINUTE_MILLISECONDS = 60000,
    TELL_MILLISECONDS = 1000, /* that dropped reports wait for others, so that their count is one statement */
    STATES_MAX = 2 /* a hello and a presence of a device find room beyond its other reports: nothing else says
                      what they say, and the device does not repeat them */
};

struct queue {
    pthread_mutex_t mutex;
    pthread_cond_t not_empty, not_full;
    struct chains *chains;
    struct device_rate *rate;
    size_t capacity, device_max;
    int limit;       /* reports a device and minute; 0: none */
    bool is_storing; /* what was taken last is not stored yet: whoever takes comes back for more when it is */
    int64_t storing_since; /* when the oldest of that came */
    size_t wanted;         /* wake the consumer when so many reports wait */
    struct marks marks;
    size_t storing[MARKS_EPOCHS]; /* of what was taken last: reports by epoch */
    int64_t dropped, dropped_since;
    char dropped_device[DEVICE_ID_SIZE];
    bool closed;
};

struct queue *queue_create(size_t capacity)
{
    struct queue *queue = calloc(1, sizeof *queue);
    if (queue == NULL)
        return NULL;
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&queue->not_empty, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_cond_init(&queue->not_full, NULL);
    queue->capacity = capacity;
    queue->device_max = capacity / 4 < DEVICE_QUEUED_MAX ? capacity / 4 : DEVICE_QUEUED_MAX;
    if (queue->device_max == 0)
        queue->device_max = 1;
    queue->chains = chains_create(capacity);
    queue->rate = device_rate_create();
    if (queue->chains == NULL || queue->rate == NULL) {
        queue_destroy(queue);
        return NULL;
    }
    return queue;
}

void queue_destroy(struct queue *queue)
{
    if (queue == NULL)
        return;
    pthread_cond_destroy(&queue->not_full);
    pthread_cond_destroy(&queue->not_empty);
    pthread_mutex_destroy(&queue->mutex);
    device_rate_destroy(queue->rate);
    chains_destroy(queue->chains);
    free(queue);
}

void queue_limit(struct queue *queue, int reports_per_minute)
{
    pthread_mutex_lock(&queue->mutex);
    queue->limit = reports_per_minute;
    pthread_mutex_unlock(&queue->mutex);
}

/* --- what becomes of a report ------------------------------------------------------------------------ */

static bool is_state(const struct report *report)
{
    return report->kind == REPORT_HELLO || report->kind == REPORT_PRESENCE;
}

/* Nobody waits for it: a later report says more, or it says nothing. */
static bool may_be_dropped(const struct report *report)
{
    return report->kind == REPORT_REJECTED ||
           (report->kind == REPORT_TARGET && !target_event_is_result(report->target.event));
}

static bool is_same_target_report(const struct target_report *a, const struct target_report *b)
{
    return a->event == b->event && a->campaign == b->campaign && a->attempt == b->attempt &&
           strcmp(a->nonce, b->nonce) == 0 && strcmp(a->reason, b->reason) == 0 &&
           a->has_running == b->has_running && strcmp(a->running.version, b->running.version) == 0 &&
           a->running.slot == b->running.slot && strcmp(a->running.sha256, b->running.sha256) == 0;
}

/* Where a report of this kind waits that says the same; CHAINS_NONE: nowhere. */
static uint32_t find_same(struct queue *queue, uint32_t chain, enum report_kind kind,
                          const struct target_report *said)
{
    uint32_t place = chains_last(queue->chains, chain);
    for (; place != CHAINS_NONE; place = chains_previous(queue->chains, place)) {
        const struct report *waits = &chains_at(queue->chains, place)->report;
        if (waits->kind == kind && is_same_target_report(&waits->target, said))
            break;
    }
    return place;
}

static uint32_t find_last_of_kind(struct queue *queue, uint32_t chain, enum report_kind kind)
{
    uint32_t place = chains_last(queue->chains, chain);
    while (place != CHAINS_NONE && chains_at(queue->chains, place)->report.kind != kind)
        place = chains_previous(queue->chains, place);
    return place;
}

/* How a report goes in. */
struct entry {
    enum { ENTRY_APPENDED, ENTRY_REPLACES, ENTRY_REPEATS, ENTRY_DROPPED } how;
    uint32_t state;    /* ENTRY_REPLACES: where the older one waits; ENTRY_APPENDED: an older hello whose
                          result stays there alone, or CHAINS_NONE */
    bool leave_result; /* of a hello: the same result waits already */
};

/* The entry of a report of a crowded device. None changes what the device's reports come to:
 *
 * - A hello or a presence says how the device is, whatever came before. The last of them wins, and no result
 *   that waits in between is judged by one. So the older one goes, and the newer one stands at the end of the
 *   FIFO, where it would stand anyway. A flash map that only the older hello names goes over.
 * - The result that a hello carries is judged before the rest of the hello, as if it had come alone. So it
 *   stays alone in the hello's place, and is not carried a second time by a newer hello.
 * - A result, or an answer, that is repeated changes nothing after the first, which keeps its place. */
static struct entry enter_crowded(struct queue *queue, uint32_t chain, const struct report *report)
{
    struct entry entry = {.how = ENTRY_DROPPED, .state = CHAINS_NONE};
    size_t length = chains_length(queue->chains, chain);
    if (may_be_dropped(report))
        return entry;
    if (!is_state(report)) {
        if (find_same(queue, chain, report->kind, &report->target) != CHAINS_NONE)
            entry.how = ENTRY_REPEATS;
        else if (length < queue->device_max)
            entry.how = ENTRY_APPENDED;
        return entry;
    }
    uint32_t older = find_last_of_kind(queue, chain, report->kind);
    const struct report *waits = older == CHAINS_NONE ? NULL : &chains_at(queue->chains, older)->report;
    bool carries = report->kind == REPORT_HELLO && report->has_result;
    entry.leave_result =
        carries &&
        ((waits != NULL && waits->has_result && is_same_target_report(&waits->target, &report->target)) ||
         find_same(queue, chain, REPORT_TARGET, &report->target) != CHAINS_NONE);
    if (waits != NULL && !waits->has_result)
        entry.how = ENTRY_REPLACES;
    else if (length < queue->device_max + STATES_MAX)
        entry.how = ENTRY_APPENDED;
    entry.state = older;
    return entry;
}

static void drop(struct queue *queue, const struct report *report)
{
    if (queue->dropped++ == 0) {
        queue->dropped_since = clock_milliseconds();
        pthread_cond_signal(&queue->not_empty); /* it waits for reports without an end */
    }
    memcpy(queue->dropped_device, report->device, sizeof queue->dropped_device);
}

static void append(struct queue *queue, uint32_t chain, uint64_t hash, const struct report *report,
                   struct entry entry)
{
    const struct flash_map *flash = report->flash;
    if (entry.state != CHAINS_NONE) {
        struct report *older = &chains_at(queue->chains, entry.state)->report;
        flash = flash != NULL ? flash : older->flash;
        older->kind = REPORT_TARGET;
        older->has_result = false;
    }
    uint32_t place =
        chains_append(queue->chains, chain, hash, report, clock_milliseconds(), marks_put(&queue->marks));
    struct report *put = &chains_at(queue->chains, place)->report;
    put->flash = flash;
    put->has_result = put->has_result && !entry.leave_result;
    if (chains_count(queue->chains) >= queue->wanted)
        pthread_cond_signal(&queue->not_empty);
}

static void replace(struct queue *queue, uint32_t chain, const struct report *report, struct entry entry)
{
    struct waiting *waiting = chains_at(queue->chains, entry.state);
    const struct flash_map *flash = report->flash != NULL ? report->flash : waiting->report.flash;
    chains_renew(queue->chains, chain, entry.state, clock_milliseconds());
    unsigned before = waiting->epoch;
    waiting->epoch = marks_put(&queue->marks);
    marks_settle(&queue->marks, before, 1);
    waiting->report = *report;
    waiting->report.flash = flash;
    waiting->report.has_result = report->has_result && !entry.leave_result;
}

enum queue_put_result queue_put(struct queue *queue, const struct report *report)
{
    uint64_t hash = chains_hash(report->device);
    enum queue_put_result result = QUEUE_CLOSED;
    pthread_mutex_lock(&queue->mutex);
    uint32_t count = device_rate_count(queue->rate, hash, clock_milliseconds() / MINUTE_MILLISECONDS);
    while (!queue->closed) {
        uint32_t chain = chains_find(queue->chains, report->device, hash);
        struct entry entry = {.how = ENTRY_APPENDED, .state = CHAINS_NONE};
        if ((queue->limit > 0 && count > (uint32_t)queue->limit) ||
            chains_length(queue->chains, chain) >= queue->device_max)
            entry = enter_crowded(queue, chain, report);
        if (entry.how == ENTRY_APPENDED && chains_count(queue->chains) == queue->capacity) {
            pthread_cond_wait(&queue->not_full, &queue->mutex);
            continue;
        }
        result = entry.how == ENTRY_APPENDED ? QUEUE_PUT : QUEUE_SETTLED;
        if (entry.how == ENTRY_APPENDED)
            append(queue, chain, hash, report, entry);
        else if (entry.how == ENTRY_REPLACES)
            replace(queue, chain, report, entry);
        else if (entry.how == ENTRY_DROPPED)
            drop(queue, report);
        break;
    }
    pthread_mutex_unlock(&queue->mutex);
    return result;
}

/* --- the worker's end --------------------------------------------------------------------------------- */

static void settle(struct queue *queue)
{
    for (unsigned epoch = 0; queue->is_storing && epoch < MARKS_EPOCHS; epoch++) {
        if (queue->storing[epoch] > 0)
            marks_settle(&queue->marks, epoch, queue->storing[epoch]);
        queue->storing[epoch] = 0;
    }
    queue->is_storing = false;
}

/* For the first report, or until it is time to tell what was dropped. */
static void wait_for_one(struct queue *queue)
{
    queue->wanted = 1;
    while (chains_count(queue->chains) == 0 && !queue->closed) {
        int64_t rest = queue->dropped_since + TELL_MILLISECONDS - clock_milliseconds();
        if (queue->dropped > 0 && rest <= 0)
            return;
        struct timespec until = clock_in_milliseconds(rest);
        if (queue->dropped > 0)
            pthread_cond_timedwait(&queue->not_empty, &queue->mutex, &until);
        else
            pthread_cond_wait(&queue->not_empty, &queue->mutex);
    }
}

static void tell_dropped(struct queue *queue, struct queue_taken *taken)
{
    taken->dropped = 0;
    if (queue->dropped == 0 ||
        (!queue->closed && clock_milliseconds() - queue->dropped_since < TELL_MILLISECONDS))
        return;
    taken->dropped = queue->dropped;
    memcpy(taken->dropped_device, queue->dropped_device, sizeof taken->dropped_device);
    queue->dropped = 0;
}

bool queue_take(struct queue *queue, struct report *reports, size_t room, int milliseconds,
                struct queue_taken *taken)
{
    pthread_mutex_lock(&queue->mutex);
    settle(queue);
    wait_for_one(queue);
    queue->wanted = room < queue->capacity ? room : queue->capacity;
    struct timespec until = clock_in_milliseconds(milliseconds);
    while (chains_count(queue->chains) > 0 && chains_count(queue->chains) < queue->wanted && !queue->closed &&
           pthread_cond_timedwait(&queue->not_empty, &queue->mutex, &until) == 0)
        continue;
    size_t there = chains_count(queue->chains);
    taken->count = there < room ? there : room;
    queue->is_storing = taken->count > 0;
    for (size_t i = 0; i < taken->count; i++) {
        const struct waiting *waiting = chains_take(queue->chains);
        if (i == 0 || waiting->since < queue->storing_since)
            queue->storing_since = waiting->since;
        reports[i] = waiting->report;
        queue->storing[waiting->epoch]++;
    }
    tell_dropped(queue, taken);
    bool is_left = taken->count > 0 || taken->dropped > 0 || !queue->closed;
    pthread_cond_signal(&queue->not_full);
    pthread_mutex_unlock(&queue->mutex);
    return is_left;
}

void queue_mark(struct queue *queue, int64_t mark)
{
    pthread_mutex_lock(&queue->mutex);
    marks_add(&queue->marks, mark);
    pthread_mutex_unlock(&queue->mutex);
}

int64_t queue_marked(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    int64_t mark = queue->marks.passed;
    pthread_mutex_unlock(&queue->mutex);
    return mark;
}

size_t queue_drop(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    size_t count = chains_count(queue->chains);
    for (size_t i = 0; i < count; i++)
        marks_settle(&queue->marks, chains_take(queue->chains)->epoch, 1);
    pthread_cond_signal(&queue->not_full);
    pthread_mutex_unlock(&queue->mutex);
    return count;
}

bool queue_is_idle(struct queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    bool is_idle = chains_count(queue->chains) == 0 && !queue->is_storing;
    pthread_mutex_unlock(&queue->mutex);
    return is_idle;
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
    size_t count = chains_count(queue->chains);
    pthread_mutex_unlock(&queue->mutex);
    return count;
}

long long queue_lag(struct queue *queue)
{
    long long lag = 0;
    pthread_mutex_lock(&queue->mutex);
    if (queue->is_storing)
        lag = clock_milliseconds() - queue->storing_since;
    if (chains_count(queue->chains) > 0 && clock_milliseconds() - chains_oldest(queue->chains) > lag)
        lag = clock_milliseconds() - chains_oldest(queue->chains);
    pthread_mutex_unlock(&queue->mutex);
    return lag;
}
