/* The campaign's state machine, and the names of a wave's states. The table is the whole of it. */
#ifndef CORE_CAMPAIGN_FSM_H
#define CORE_CAMPAIGN_FSM_H

#include <stdbool.h>

#define CAMPAIGN_STATE_LIST(X)                                                                               \
    X(CAMPAIGN_DRAFT, "draft")                                                                               \
    X(CAMPAIGN_AWAITING_APPROVAL, "awaiting_approval")                                                       \
    X(CAMPAIGN_SCHEDULED, "scheduled")                                                                       \
    X(CAMPAIGN_RUNNING, "running")                                                                           \
    X(CAMPAIGN_PAUSED, "paused")                                                                             \
    X(CAMPAIGN_HALTED, "halted")                                                                             \
    X(CAMPAIGN_ROLLING_BACK, "rolling_back")                                                                 \
    X(CAMPAIGN_ROLLED_BACK, "rolled_back")                                                                   \
    X(CAMPAIGN_COMPLETED, "completed")                                                                       \
    X(CAMPAIGN_CANCELLED, "cancelled")

#define CAMPAIGN_EVENT_LIST(X)                                                                               \
    X(CAMPAIGN_EVENT_START, "start")                                                                         \
    X(CAMPAIGN_EVENT_PLANNED, "planned")                                                                     \
    X(CAMPAIGN_EVENT_PAUSE, "pause")                                                                         \
    X(CAMPAIGN_EVENT_RESUME, "resume")                                                                       \
    X(CAMPAIGN_EVENT_HALT, "halt")                                                                           \
    X(CAMPAIGN_EVENT_COMPLETE, "complete")                                                                   \
    X(CAMPAIGN_EVENT_CANCEL, "cancel")                                                                       \
    X(CAMPAIGN_EVENT_ROLLBACK, "rollback")                                                                   \
    X(CAMPAIGN_EVENT_ROLLED_BACK, "rolled_back")                                                             \
    X(CAMPAIGN_EVENT_ROLLBACK_STOPPED, "rollback_stopped")                                                   \
    X(CAMPAIGN_EVENT_SUBMIT, "submit")                                                                       \
    X(CAMPAIGN_EVENT_APPROVED, "approved")

#define WAVE_STATE_LIST(X)                                                                                   \
    X(WAVE_PENDING, "pending")                                                                               \
    X(WAVE_OPEN, "open")                                                                                     \
    X(WAVE_SOAKING, "soaking")                                                                               \
    X(WAVE_PASSED, "passed")                                                                                 \
    X(WAVE_FAILED, "failed")

enum campaign_state {
#define X(name, text) name,
    CAMPAIGN_STATE_LIST(X)
#undef X
        CAMPAIGN_STATE_COUNT
};

enum campaign_event {
#define X(name, text) name,
    CAMPAIGN_EVENT_LIST(X)
#undef X
        CAMPAIGN_EVENT_COUNT
};

enum wave_state {
#define X(name, text) name,
    WAVE_STATE_LIST(X)
#undef X
        WAVE_STATE_COUNT
};

struct campaign_edge {
    int number;
    enum campaign_state from;
    enum campaign_event event;
    enum campaign_state to;
    const char *why;
};

extern const struct campaign_edge campaign_edges[];
extern const int campaign_edge_count;

/* The edge for this event in this state; NULL when the event is not allowed there. */
const struct campaign_edge *campaign_edge_find(enum campaign_state from, enum campaign_event event);

const char *campaign_state_name(enum campaign_state state);
bool campaign_state_parse(const char *text, enum campaign_state *state);
const char *campaign_event_name(enum campaign_event event);
const char *wave_state_name(enum wave_state state);
bool wave_state_parse(const char *text, enum wave_state *state);

/* Cancelled, rolling back or rolled back: attempts that devices give up now are given up for good. */
bool campaign_state_stops(enum campaign_state state);

/* Completed, cancelled or rolled back: no offer goes out any more (a completed one may still be rolled back).
 */
bool campaign_state_ended(enum campaign_state state);

#endif
