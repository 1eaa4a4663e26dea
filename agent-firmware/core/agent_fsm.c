#include "agent_fsm.h"

#include <stddef.h>

const struct agent_edge agent_edges[] = {
    {AGENT_IDLE, AGENT_TAKE_OFFER, AGENT_ACCEPTED, "an update or rollback passed all checks"},
    {AGENT_IDLE, AGENT_BOOT_TRIAL, AGENT_TRIAL, "the boot record says that this image is on trial"},
    {AGENT_IDLE, AGENT_BOOT_RETRIAL, AGENT_RETRIAL, "the last trial ended without a verdict"},
    {AGENT_IDLE, AGENT_REBOOT, AGENT_REBOOTING, "the orchestrator asked for it"},
    {AGENT_ACCEPTED, AGENT_START_DOWNLOAD, AGENT_DOWNLOADING, "length agreed, sectors erased"},
    {AGENT_ACCEPTED, AGENT_IMAGE_READY, AGENT_INSTALLED, "the inactive slot holds the image already"},
    {AGENT_ACCEPTED, AGENT_FAIL, AGENT_IDLE, "given up before the first byte"},
    {AGENT_ACCEPTED, AGENT_CANCEL, AGENT_IDLE, "cancelled in time"},
    {AGENT_DOWNLOADING, AGENT_IMAGE_READY, AGENT_INSTALLED, "all of it in flash, read back, verified"},
    {AGENT_DOWNLOADING, AGENT_FAIL, AGENT_IDLE, "given up during the download"},
    {AGENT_DOWNLOADING, AGENT_CANCEL, AGENT_IDLE, "cancelled in time"},
    {AGENT_INSTALLED, AGENT_FLIP, AGENT_REBOOTING, "the boot record now says trial: the point of no return"},
    {AGENT_INSTALLED, AGENT_FAIL, AGENT_IDLE, "the boot record could not be written"},
    {AGENT_TRIAL, AGENT_CONFIRM, AGENT_IDLE, "healthy, and the confirmation is stored"},
    {AGENT_TRIAL, AGENT_REVERT, AGENT_REBOOTING, "not healthy, or not in time: back to the old image"},
    {AGENT_RETRIAL, AGENT_FLIP, AGENT_REBOOTING, "connected: the boot record says trial again"},
    {AGENT_RETRIAL, AGENT_FAIL, AGENT_IDLE, "the new image cannot be tried again: the revert stands"},
    {AGENT_RETRIAL, AGENT_CANCEL, AGENT_IDLE, "cancelled between two trials"},
};
const unsigned agent_edge_count = sizeof agent_edges / sizeof agent_edges[0];

static const struct agent_edge *edge(enum agent_state from, enum agent_event event)
{
    for (unsigned i = 0; i < agent_edge_count; i++)
        if (agent_edges[i].from == from && agent_edges[i].event == event)
            return &agent_edges[i];
    return NULL;
}

bool agent_fsm_allows(enum agent_state state, enum agent_event event)
{
    return edge(state, event) != NULL;
}

bool agent_fsm_move(enum agent_state *state, enum agent_event event)
{
    const struct agent_edge *taken = edge(*state, event);

    if (taken == NULL)
        return false;
    *state = taken->to;
    return true;
}

const char *agent_state_name(enum agent_state state)
{
    static const char *const names[] = {
#define X(name, text) text,
        AGENT_STATES(X)
#undef X
    };
    return (unsigned)state < AGENT_STATE_COUNT ? names[state] : "unknown";
}

const char *agent_event_name(enum agent_event event)
{
    static const char *const names[] = {
#define X(name, text) text,
        AGENT_EVENTS(X)
#undef X
    };
    return (unsigned)event < AGENT_EVENT_COUNT ? names[event] : "unknown";
}
