/* An epoll loop with timers, for one thread. */
#ifndef HOST_EVENT_LOOP_H
#define HOST_EVENT_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct event_loop;

/* `events` are EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP. */
typedef void loop_descriptor_function(void *context, int descriptor, uint32_t events);
typedef void loop_timer_function(void *context);

/* Owned by whoever uses it; zero it, then set callback and context. */
struct loop_timer {
    loop_timer_function *callback;
    void *context;
    uint64_t due;
    uint32_t place; /* in the heap, from 1; 0: not set */
};

/* NULL: no memory or no descriptor left. Release with event_loop_free. */
struct event_loop *event_loop_new(void);
void event_loop_free(struct event_loop *loop);

/* Milliseconds of the monotonic clock, as of the start of this turn of the loop. */
uint64_t event_loop_now(const struct event_loop *loop);

/* Calls back for `events` on the descriptor; again with other events changes them. */
void event_loop_watch(struct event_loop *loop, int descriptor, uint32_t events,
                      loop_descriptor_function *callback, void *context);
/* Also right after the descriptor was closed. */
void event_loop_forget(struct event_loop *loop, int descriptor);

/* Once, at `due` (as event_loop_now) or as soon after as possible; UINT64_MAX cancels. */
void event_loop_set_timer(struct event_loop *loop, struct loop_timer *timer, uint64_t due);

/* Turns until event_loop_stop. */
void event_loop_run(struct event_loop *loop);
void event_loop_stop(struct event_loop *loop);

#endif
