/* The target's state machine: one device in one campaign. The table is the whole of it; actions live in
 * engine/. */
#ifndef CORE_TARGET_FSM_H
#define CORE_TARGET_FSM_H

#include <stdbool.h>

/* Names are stored in targets.state and are the counters' columns in waves: a test compares them. */
#define TARGET_STATE_LIST(X)                                                                                 \
    X(TARGET_PENDING, "pending")                                                                             \
    X(TARGET_OFFERED, "offered")                                                                             \
    X(TARGET_ACCEPTED, "accepted")                                                                           \
    X(TARGET_DOWNLOADING, "downloading")                                                                     \
    X(TARGET_INSTALLED, "installed")                                                                         \
    X(TARGET_TRIAL, "trial")                                                                                 \
    X(TARGET_CONFIRMED, "confirmed")                                                                         \
    X(TARGET_REJECTED, "rejected")                                                                           \
    X(TARGET_FAILED, "failed")                                                                               \
    X(TARGET_REVERTED, "reverted")                                                                           \
    X(TARGET_SILENT, "silent")                                                                               \
    X(TARGET_CANCELLED, "cancelled")                                                                         \
    X(TARGET_SKIPPED, "skipped")

/* The first eight are what a device reports, under these names; the ninth is in its hello. */
#define TARGET_EVENT_LIST(X)                                                                                 \
    X(TARGET_EVENT_ACCEPTED, "accepted")                                                                     \
    X(TARGET_EVENT_DOWNLOADING, "downloading")                                                               \
    X(TARGET_EVENT_INSTALLED, "installed")                                                                   \
    X(TARGET_EVENT_TRIAL, "trial")                                                                           \
    X(TARGET_EVENT_CONFIRMED, "confirmed")                                                                   \
    X(TARGET_EVENT_REJECTED, "rejected")                                                                     \
    X(TARGET_EVENT_FAILED, "failed")                                                                         \
    X(TARGET_EVENT_REVERTED, "reverted")                                                                     \
    X(TARGET_EVENT_RETRIAL, "retrial") /* the old image runs again, without a verdict on the new one */      \
    X(TARGET_EVENT_OFFER, "offer")                                                                           \
    X(TARGET_EVENT_WITHDRAWN, "withdrawn") /* the device gave the attempt up; the campaign may go on */      \
    X(TARGET_EVENT_CANCEL, "cancel")       /* the attempt is given up for good */                            \
    X(TARGET_EVENT_SILENCE, "silence")     /* the deadline passed */                                         \
    X(TARGET_EVENT_SKIP, "skip")                                                                             \
    X(TARGET_EVENT_OFFLINE, "offline") /* was offline for too long, and the policy calls that a failure */   \
    X(TARGET_EVENT_RETRY, "retry")     /* the policy tries this outcome again */                             \
    X(TARGET_EVENT_STEP, "step")       /* confirmed, on a stepping stone: the next hop is to come */

enum target_state {
#define X(name, text) name,
    TARGET_STATE_LIST(X)
#undef X
        TARGET_STATE_COUNT
};

enum target_event {
#define X(name, text) name,
    TARGET_EVENT_LIST(X)
#undef X
        TARGET_EVENT_COUNT
};

struct target_edge {
    int number;
    enum target_state from;
    enum target_event event;
    enum target_state to;
    const char *why;
};

extern const struct target_edge target_edges[];
extern const int target_edge_count;

/* The edge for this event in this state; NULL when the event changes nothing there. */
const struct target_edge *target_edge_find(enum target_state from, enum target_event event);

const char *target_state_name(enum target_state state);
bool target_state_parse(const char *text, enum target_state *state);
const char *target_event_name(enum target_event event);
bool target_event_parse(const char *text, enum target_event *event);

/* Between offered and its end: counts against the in_flight cap, and has a deadline. */
bool target_state_in_flight(enum target_state state);
/* Neither pending nor in flight. */
bool target_state_ended(enum target_state state);

#endif
