#include "campaign_fsm.h"

#include "names.h"
#include <stddef.h>

#define ON(event) CAMPAIGN_EVENT_##event

const struct campaign_edge campaign_edges[] = {
    {1, CAMPAIGN_DRAFT, ON(START), CAMPAIGN_SCHEDULED, "an operator starts it"},
    {2, CAMPAIGN_SCHEDULED, ON(PLANNED), CAMPAIGN_RUNNING, "the membership is frozen and cut into waves"},
    {3, CAMPAIGN_RUNNING, ON(PAUSE), CAMPAIGN_PAUSED, "no new offers; those not accepted are withdrawn"},
    {4, CAMPAIGN_PAUSED, ON(RESUME), CAMPAIGN_RUNNING, "offers go on"},
    {5, CAMPAIGN_RUNNING, ON(HALT), CAMPAIGN_HALTED, "a gate said so"},
    {6, CAMPAIGN_PAUSED, ON(HALT), CAMPAIGN_HALTED, "a gate said so while devices in flight went on"},
    {7, CAMPAIGN_HALTED, ON(RESUME), CAMPAIGN_RUNNING, "an operator excuses the failures so far"},
    {8, CAMPAIGN_RUNNING, ON(COMPLETE), CAMPAIGN_COMPLETED, "every gate passed and every member has ended"},
    {9, CAMPAIGN_RUNNING, ON(ROLLBACK), CAMPAIGN_ROLLING_BACK, "an operator stops it and goes back"},
    {10, CAMPAIGN_PAUSED, ON(ROLLBACK), CAMPAIGN_ROLLING_BACK, "an operator goes back"},
    {11, CAMPAIGN_HALTED, ON(ROLLBACK), CAMPAIGN_ROLLING_BACK, "an operator, or on_halt, goes back"},
    {12, CAMPAIGN_COMPLETED, ON(ROLLBACK), CAMPAIGN_ROLLING_BACK, "a fault showed after promotion"},
    {13, CAMPAIGN_ROLLING_BACK, ON(ROLLED_BACK), CAMPAIGN_ROLLED_BACK, "every device has ended its way back"},
    {14, CAMPAIGN_ROLLING_BACK, ON(ROLLBACK_STOPPED), CAMPAIGN_HALTED, "its rollback was cancelled"},
    {15, CAMPAIGN_DRAFT, ON(CANCEL), CAMPAIGN_CANCELLED, "an operator cancels it"},
    {16, CAMPAIGN_SCHEDULED, ON(CANCEL), CAMPAIGN_CANCELLED,
     "an operator cancels it, or no device was eligible"},
    {17, CAMPAIGN_RUNNING, ON(CANCEL), CAMPAIGN_CANCELLED, "an operator cancels it"},
    {18, CAMPAIGN_PAUSED, ON(CANCEL), CAMPAIGN_CANCELLED, "an operator cancels it"},
    {19, CAMPAIGN_HALTED, ON(CANCEL), CAMPAIGN_CANCELLED, "an operator cancels it"},
    {20, CAMPAIGN_SCHEDULED, ON(COMPLETE), CAMPAIGN_COMPLETED, "a rollback with nobody to take back"},
    {21, CAMPAIGN_CANCELLED, ON(ROLLBACK), CAMPAIGN_ROLLING_BACK,
     "what was updated before the cancel goes back"},
    {22, CAMPAIGN_DRAFT, ON(SUBMIT), CAMPAIGN_AWAITING_APPROVAL,
     "an operator starts it; others must approve"},
    {23, CAMPAIGN_AWAITING_APPROVAL, ON(APPROVED), CAMPAIGN_SCHEDULED, "enough others have approved"},
    {24, CAMPAIGN_AWAITING_APPROVAL, ON(CANCEL), CAMPAIGN_CANCELLED, "an operator cancels it"},
    {25, CAMPAIGN_ROLLED_BACK, ON(ROLLBACK), CAMPAIGN_ROLLING_BACK, "devices that were left out go back too"},
    {26, CAMPAIGN_ROLLING_BACK, ON(CANCEL), CAMPAIGN_CANCELLED,
     "an operator cancels it before its rollback begins"},
};
const int campaign_edge_count = sizeof campaign_edges / sizeof campaign_edges[0];

static const char *const state_names[] = {
#define X(name, text) [name] = text,
    CAMPAIGN_STATE_LIST(X)
#undef X
};

static const char *const event_names[] = {
#define X(name, text) [name] = text,
    CAMPAIGN_EVENT_LIST(X)
#undef X
};

static const char *const wave_state_names[] = {
#define X(name, text) [name] = text,
    WAVE_STATE_LIST(X)
#undef X
};

const struct campaign_edge *campaign_edge_find(enum campaign_state from, enum campaign_event event)
{
    for (int i = 0; i < campaign_edge_count; i++) {
        if (campaign_edges[i].from == from && campaign_edges[i].event == event)
            return &campaign_edges[i];
    }
    return NULL;
}

const char *campaign_state_name(enum campaign_state state)
{
    return state_names[state];
}

bool campaign_state_parse(const char *text, enum campaign_state *state)
{
    int found;
    if (!name_find(state_names, CAMPAIGN_STATE_COUNT, text, &found))
        return false;
    *state = (enum campaign_state)found;
    return true;
}

const char *campaign_event_name(enum campaign_event event)
{
    return event_names[event];
}

const char *wave_state_name(enum wave_state state)
{
    return wave_state_names[state];
}

bool wave_state_parse(const char *text, enum wave_state *state)
{
    int found;
    if (!name_find(wave_state_names, WAVE_STATE_COUNT, text, &found))
        return false;
    *state = (enum wave_state)found;
    return true;
}

bool campaign_state_ended(enum campaign_state state)
{
    return state == CAMPAIGN_COMPLETED || state == CAMPAIGN_CANCELLED || state == CAMPAIGN_ROLLED_BACK;
}

bool campaign_state_stops(enum campaign_state state)
{
    return state == CAMPAIGN_CANCELLED || state == CAMPAIGN_ROLLING_BACK || state == CAMPAIGN_ROLLED_BACK;
}
