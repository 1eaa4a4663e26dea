/* The states of the agent and the only ways between them: one const table. Actions live elsewhere. */
#ifndef AGENT_FSM_H
#define AGENT_FSM_H

#include <stdbool.h>

/* name, text: the state as `activity` in hello names it, or as the log does */
#define AGENT_STATES(X)                                                                                      \
    X(AGENT_IDLE, "idle")                                                                                    \
    X(AGENT_ACCEPTED, "accepted")                                                                            \
    X(AGENT_DOWNLOADING, "downloading")                                                                      \
    X(AGENT_INSTALLED, "installed")                                                                          \
    X(AGENT_TRIAL, "trial")                                                                                  \
    X(AGENT_RETRIAL, "retrial")                                                                              \
    X(AGENT_REBOOTING, "rebooting")

#define AGENT_EVENTS(X)                                                                                      \
    X(AGENT_TAKE_OFFER, "take_offer")                                                                        \
    X(AGENT_START_DOWNLOAD, "start_download")                                                                \
    X(AGENT_IMAGE_READY, "image_ready")                                                                      \
    X(AGENT_FLIP, "flip")                                                                                    \
    X(AGENT_BOOT_TRIAL, "boot_trial")                                                                        \
    X(AGENT_BOOT_RETRIAL, "boot_retrial")                                                                    \
    X(AGENT_CONFIRM, "confirm")                                                                              \
    X(AGENT_REVERT, "revert")                                                                                \
    X(AGENT_FAIL, "fail")                                                                                    \
    X(AGENT_CANCEL, "cancel")                                                                                \
    X(AGENT_REBOOT, "reboot")

enum agent_state {
#define X(name, text) name,
    AGENT_STATES(X)
#undef X
        AGENT_STATE_COUNT
};

enum agent_event {
#define X(name, text) name,
    AGENT_EVENTS(X)
#undef X
        AGENT_EVENT_COUNT
};

struct agent_edge {
    enum agent_state from;
    enum agent_event event;
    enum agent_state to;
    const char *why;
};

extern const struct agent_edge agent_edges[];
extern const unsigned agent_edge_count;

/* Moves `state` along the edge for `event`. False: there is none, nothing changes. */
bool agent_fsm_move(enum agent_state *state, enum agent_event event);
bool agent_fsm_allows(enum agent_state state, enum agent_event event);

const char *agent_state_name(enum agent_state state);
const char *agent_event_name(enum agent_event event);

#endif
