#include "event_loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define BATCH 256

/* Found by descriptor, so that an event that is late for a closed descriptor finds nothing. */
struct watched {
    loop_descriptor_function *callback;
    void *context;
    uint32_t events;
};

struct event_loop {
    int epoll;
    bool stopped;
    uint64_t now;
    struct watched *watched;
    uint32_t watched_size;
    struct loop_timer **heap; /* heap[1] is due first */
    uint32_t heap_count;
    uint32_t heap_size;
};

static uint64_t clock_milliseconds(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static void *grow(void *memory, uint32_t *size, uint32_t needed, size_t element)
{
    uint32_t larger = *size == 0 ? 64 : *size;

    if (needed <= *size)
        return memory;
    while (larger < needed)
        larger *= 2;
    memory = realloc(memory, larger * element);
    if (memory == NULL) {
        fputs("out of memory\n", stderr);
        abort();
    }
    memset((char *)memory + *size * element, 0, (larger - *size) * element);
    *size = larger;
    return memory;
}

struct event_loop *event_loop_new(void)
{
    struct event_loop *loop = calloc(1, sizeof *loop);

    if (loop == NULL)
        return NULL;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0) {
        free(loop);
        return NULL;
    }
    loop->now = clock_milliseconds();
    return loop;
}

void event_loop_free(struct event_loop *loop)
{
    (void)close(loop->epoll);
    free(loop->watched);
    free(loop->heap);
    free(loop);
}

uint64_t event_loop_now(const struct event_loop *loop)
{
    return loop->now;
}

void event_loop_watch(struct event_loop *loop, int descriptor, uint32_t events,
                      loop_descriptor_function *callback, void *context)
{
    struct epoll_event event = {.events = events, .data.fd = descriptor};

    loop->watched = grow(loop->watched, &loop->watched_size, (uint32_t)descriptor + 1, sizeof *loop->watched);
    struct watched *watched = &loop->watched[descriptor];
    if (watched->callback == NULL || watched->events != events) {
        int operation = watched->callback == NULL ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
        if (epoll_ctl(loop->epoll, operation, descriptor, &event) != 0 &&
            epoll_ctl(loop->epoll, errno == EEXIST ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, descriptor, &event) != 0)
            perror("epoll_ctl");
    }
    *watched = (struct watched){callback, context, events};
}

void event_loop_forget(struct event_loop *loop, int descriptor)
{
    if (descriptor < 0 || (uint32_t)descriptor >= loop->watched_size || !loop->watched[descriptor].callback)
        return;
    loop->watched[descriptor].callback = NULL;
    (void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, descriptor, NULL); /* fails when it is closed already */
}

static void place(struct event_loop *loop, uint32_t at, struct loop_timer *timer)
{
    loop->heap[at] = timer;
    timer->place = at;
}

static void sift_up(struct event_loop *loop, uint32_t at, struct loop_timer *timer)
{
    for (; at > 1 && loop->heap[at / 2]->due > timer->due; at /= 2)
        place(loop, at, loop->heap[at / 2]);
    place(loop, at, timer);
}

static void sift_down(struct event_loop *loop, uint32_t at, struct loop_timer *timer)
{
    for (uint32_t child = 2 * at; child <= loop->heap_count; at = child, child = 2 * at) {
        if (child < loop->heap_count && loop->heap[child + 1]->due < loop->heap[child]->due)
            child++;
        if (loop->heap[child]->due >= timer->due)
            break;
        place(loop, at, loop->heap[child]);
    }
    place(loop, at, timer);
}

static void remove_timer(struct event_loop *loop, struct loop_timer *timer)
{
    uint32_t at = timer->place;
    struct loop_timer *last = loop->heap[loop->heap_count--];

    timer->place = 0;
    if (last == timer)
        return;
    if (at > 1 && loop->heap[at / 2]->due > last->due)
        sift_up(loop, at, last);
    else
        sift_down(loop, at, last);
}

void event_loop_set_timer(struct event_loop *loop, struct loop_timer *timer, uint64_t due)
{
    if (timer->place != 0) {
        if (timer->due == due)
            return;
        remove_timer(loop, timer);
    }
    timer->due = due;
    if (due == UINT64_MAX)
        return;
    loop->heap = grow(loop->heap, &loop->heap_size, loop->heap_count + 2, sizeof *loop->heap);
    sift_up(loop, ++loop->heap_count, timer);
}

/* Only timers due when the turn began: one that sets itself again cannot starve the descriptors. */
static void run_timers(struct event_loop *loop)
{
    uint32_t turns = loop->heap_count;

    while (!loop->stopped && turns-- > 0 && loop->heap_count > 0 && loop->heap[1]->due <= loop->now) {
        struct loop_timer *timer = loop->heap[1];
        remove_timer(loop, timer);
        timer->callback(timer->context);
    }
}

static int wait_milliseconds(const struct event_loop *loop)
{
    uint64_t now = clock_milliseconds();

    if (loop->heap_count == 0)
        return -1;
    uint64_t due = loop->heap[1]->due;
    return due <= now ? 0 : due - now > 60000 ? 60000 : (int)(due - now);
}

void event_loop_run(struct event_loop *loop)
{
    struct epoll_event events[BATCH];

    while (!loop->stopped) {
        int count = epoll_wait(loop->epoll, events, BATCH, wait_milliseconds(loop));
        loop->now = clock_milliseconds();
        for (int i = 0; i < count && !loop->stopped; i++) {
            int descriptor = events[i].data.fd;
            struct watched *watched = &loop->watched[descriptor];
            if (watched->callback != NULL)
                watched->callback(watched->context, descriptor, events[i].events);
        }
        run_timers(loop);
    }
}

void event_loop_stop(struct event_loop *loop)
{
    loop->stopped = true;
}
