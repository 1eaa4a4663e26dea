#include "target_fsm.h"

#include "names.h"
#include <stddef.h>

#define P TARGET_PENDING
#define O TARGET_OFFERED
#define A TARGET_ACCEPTED
#define D TARGET_DOWNLOADING
#define I TARGET_INSTALLED
#define T TARGET_TRIAL
#define S TARGET_SILENT
#define C TARGET_CANCELLED
#define ON(event) TARGET_EVENT_##event

/* Reports in between may be lost: a report moves the target forward over any number of states. */
const struct target_edge target_edges[] = {
    {1, P, ON(OFFER), O, "the wave is open and cap and rate allow it"},
    {2, O, ON(ACCEPTED), A, "the device takes the update"},
    {3, O, ON(DOWNLOADING), D, "the report before it was lost"},
    {4, A, ON(DOWNLOADING), D, "the image is being fetched"},
    {5, O, ON(INSTALLED), I, "the reports before it were lost"},
    {6, A, ON(INSTALLED), I, "nothing had to be fetched, or a report was lost"},
    {7, D, ON(INSTALLED), I, "the image is in flash and was read back"},
    {8, O, ON(TRIAL), T, "the reports before it were lost"},
    {9, A, ON(TRIAL), T, "the reports before it were lost"},
    {10, D, ON(TRIAL), T, "the report before it was lost"},
    {11, I, ON(TRIAL), T, "the new image has booted"},
    {12, O, ON(CONFIRMED), TARGET_CONFIRMED, "the reports before it were lost"},
    {13, A, ON(CONFIRMED), TARGET_CONFIRMED, "the reports before it were lost"},
    {14, D, ON(CONFIRMED), TARGET_CONFIRMED, "the reports before it were lost"},
    {15, I, ON(CONFIRMED), TARGET_CONFIRMED, "the report before it was lost"},
    {16, T, ON(CONFIRMED), TARGET_CONFIRMED, "the new image runs and found itself healthy"},
    {17, S, ON(CONFIRMED), TARGET_CONFIRMED, "it was silent, but did it: corrected"},
    {18, C, ON(CONFIRMED), TARGET_CONFIRMED, "the cancel came too late: corrected"},
    {19, O, ON(REJECTED), TARGET_REJECTED, "the device says no"},
    {20, A, ON(REJECTED), TARGET_REJECTED, "the device says no after all"},
    {21, S, ON(REJECTED), TARGET_REJECTED, "the device had said no: corrected"},
    {22, O, ON(FAILED), TARGET_FAILED, "it ended before the flip"},
    {23, A, ON(FAILED), TARGET_FAILED, "it ended before the flip"},
    {24, D, ON(FAILED), TARGET_FAILED, "it ended before the flip"},
    {25, I, ON(FAILED), TARGET_FAILED, "it ended before the flip"},
    {26, S, ON(FAILED), TARGET_FAILED, "it was silent, but had ended before the flip: corrected"},
    {27, O, ON(REVERTED), TARGET_REVERTED, "the old image runs again"},
    {28, A, ON(REVERTED), TARGET_REVERTED, "the old image runs again"},
    {29, D, ON(REVERTED), TARGET_REVERTED, "the old image runs again"},
    {30, I, ON(REVERTED), TARGET_REVERTED, "the new image never reported before the old one ran again"},
    {31, T, ON(REVERTED), TARGET_REVERTED, "the new image was not healthy; the old one runs again"},
    {32, S, ON(REVERTED), TARGET_REVERTED, "it was silent, but the old image runs again: corrected"},
    {33, C, ON(REVERTED), TARGET_REVERTED,
     "the cancel came too late, and the old image runs again: corrected"},
    {34, O, ON(SILENCE), S, "no answer to the offer"},
    {35, A, ON(SILENCE), S, "not heard of again"},
    {36, D, ON(SILENCE), S, "not heard of again"},
    {37, I, ON(SILENCE), S, "not heard of after the flip"},
    {38, T, ON(SILENCE), S, "not heard of after its trial boot"},
    {39, O, ON(WITHDRAWN), P, "the offer was withdrawn: it may be offered again"},
    {40, A, ON(WITHDRAWN), P, "the device gave the attempt up: it may be offered again"},
    {41, D, ON(WITHDRAWN), P, "the device gave the attempt up: it may be offered again"},
    {42, I, ON(WITHDRAWN), P, "the device gave the attempt up: it may be offered again"},
    {43, P, ON(CANCEL), C, "the campaign was cancelled"},
    {44, O, ON(CANCEL), C, "the campaign was cancelled before the device took it"},
    {45, A, ON(CANCEL), C, "the campaign was cancelled, and the device gave up"},
    {46, D, ON(CANCEL), C, "the campaign was cancelled, and the device gave up"},
    {47, I, ON(CANCEL), C, "the campaign was cancelled, and the device gave up"},
    {48, P, ON(SKIP), TARGET_SKIPPED, "already there, no longer eligible, or offline for too long"},
    {49, P, ON(OFFLINE), TARGET_FAILED,
     "offline for too long, which the policy counts as a failure; or given up after an attempt that ended badly"},
    {50, P, ON(CONFIRMED), TARGET_CONFIRMED, "the withdrawal came too late: corrected"},
    {51, P, ON(REVERTED), TARGET_REVERTED,
     "the withdrawal came too late, and the old image runs again: corrected"},
    {52, TARGET_REJECTED, ON(RETRY), P, "the policy tries again after a rejection"},
    {53, TARGET_FAILED, ON(RETRY), P,
     "the policy tries again after a failure before the flip, or an outage explains it"},
    {54, TARGET_REVERTED, ON(RETRY), P, "the policy tries again after a revert, or an outage explains it"},
    {55, S, ON(RETRY), P,
     "the policy tries again after silence, or a restored database may have lost what the device said"},
    {56, P, ON(STEP), P, "a stepping stone is reached, though the offer had been withdrawn"},
    {57, O, ON(STEP), P, "a stepping stone is reached; the reports before were lost"},
    {58, A, ON(STEP), P, "a stepping stone is reached; the reports before were lost"},
    {59, D, ON(STEP), P, "a stepping stone is reached; the reports before were lost"},
    {60, I, ON(STEP), P, "a stepping stone is reached; the report before was lost"},
    {61, T, ON(STEP), P, "a stepping stone runs and found itself healthy: the next hop may be offered"},
    {62, S, ON(STEP), P, "it was silent, but reached the stepping stone: corrected"},
    {63, TARGET_SKIPPED, ON(CONFIRMED), TARGET_CONFIRMED,
     "it was given up while offline, but had done it: corrected"},
    {64, TARGET_SKIPPED, ON(REVERTED), TARGET_REVERTED,
     "it was given up while offline, and the old image runs again: corrected"},
    {65, TARGET_FAILED, ON(CONFIRMED), TARGET_CONFIRMED,
     "it was given up while offline, but had done it: corrected"},
    {66, TARGET_FAILED, ON(REVERTED), TARGET_REVERTED,
     "it was given up while offline, and the old image runs again: corrected"},
    {67, TARGET_REJECTED, ON(CONFIRMED), TARGET_CONFIRMED,
     "it said no to another attempt, as it had done an earlier one: corrected"},
    {68, T, ON(CANCEL), C, "its device is not registered any more"},
    {69, T, ON(RETRIAL), I, "the new image found no connection; the old one has one, and boots it once more"},
    {70, O, ON(RETRIAL), I, "the same; the reports before it were lost"},
    {71, A, ON(RETRIAL), I, "the same; the reports before it were lost"},
    {72, D, ON(RETRIAL), I, "the same; the reports before it were lost"},
    {73, I, ON(RETRIAL), I, "the same, and the new image was never heard of"},
    {74, TARGET_SKIPPED, ON(RETRY), P, "an operator resumes the campaign, of which nobody had succeeded"},
};
const int target_edge_count = sizeof target_edges / sizeof target_edges[0];

static const char *const state_names[] = {
#define X(name, text) [name] = text,
    TARGET_STATE_LIST(X)
#undef X
};

static const char *const event_names[] = {
#define X(name, text) [name] = text,
    TARGET_EVENT_LIST(X)
#undef X
};

const struct target_edge *target_edge_find(enum target_state from, enum target_event event)
{
    for (int i = 0; i < target_edge_count; i++) {
        if (target_edges[i].from == from && target_edges[i].event == event)
            return &target_edges[i];
    }
    return NULL;
}

const char *target_state_name(enum target_state state)
{
    return state_names[state];
}

bool target_state_parse(const char *text, enum target_state *state)
{
    int found;
    if (!name_find(state_names, TARGET_STATE_COUNT, text, &found))
        return false;
    *state = (enum target_state)found;
    return true;
}

const char *target_event_name(enum target_event event)
{
    return event_names[event];
}

bool target_event_parse(const char *text, enum target_event *event)
{
    int found;
    if (!name_find(event_names, TARGET_EVENT_COUNT, text, &found))
        return false;
    *event = (enum target_event)found;
    return true;
}

bool target_state_in_flight(enum target_state state)
{
    return state >= TARGET_OFFERED && state <= TARGET_TRIAL;
}

bool target_state_ended(enum target_state state)
{
    return state >= TARGET_CONFIRMED;
}
