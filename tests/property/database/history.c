#include "history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sql.h"
#include "target_fsm.h"

struct event {
    int64_t number, campaign;
    int cap, device; /* from 0 */
    int attempt;
    enum target_state from, to;
};

struct history {
    struct event *events;
    int count;
    char *why;
    size_t size;
};

static bool refuse(const struct history *history, const struct event *event, const char *what)
{
    snprintf(history->why, history->size, "event %lld, campaign %lld, device d%d, attempt %d, %s to %s: %s",
             (long long)event->number, (long long)event->campaign, event->device + 1, event->attempt,
             target_state_name(event->from), target_state_name(event->to), what);
    return false;
}

static void read_events(const char *database_url, struct history *history)
{
    char *text = sql_ask(database_url, "events");
    int room = 1;
    for (const char *c = text; c != NULL && *c != '\0'; c++)
        room += *c == '\n';
    history->events = calloc((size_t)room, sizeof *history->events);
    char *rest = text, *line;
    while (rest != NULL && (line = strsep(&rest, "\n")) != NULL) {
        struct event *event = &history->events[history->count++];
        long long number, campaign;
        char from[20], to[20];
        if (sscanf(line, "%lld %lld %d d%d %d %19s %19s", &number, &campaign, &event->cap, &event->device,
                   &event->attempt, from, to) != 7 ||
            !target_state_parse(from, &event->from) || !target_state_parse(to, &event->to))
            abort();
        event->number = number;
        event->campaign = campaign;
        event->device--;
    }
    free(text);
}

static bool is_edge(enum target_state from, enum target_state to)
{
    for (int i = 0; i < target_edge_count; i++) {
        if (target_edges[i].from == from && target_edges[i].to == to)
            return true;
    }
    return false;
}

/* The target's event before this one, NULL for the first. */
static const struct event *before(const struct history *history, const struct event *event)
{
    for (const struct event *other = event - 1; other >= history->events; other--) {
        if (other->campaign == event->campaign && other->device == event->device)
            return other;
    }
    return NULL;
}

static bool moves_hold(const struct history *history)
{
    for (const struct event *event = history->events; event < history->events + history->count; event++) {
        const struct event *last = before(history, event);
        int attempt = last != NULL ? last->attempt : 0;
        if (!is_edge(event->from, event->to))
            return refuse(history, event, "is no edge of the table");
        if (event->from != (last != NULL ? last->to : TARGET_PENDING))
            return refuse(history, event, "does not begin where the target was");
        if (event->attempt != attempt + (event->to == TARGET_OFFERED))
            return refuse(history, event,
                          "an offer is the next attempt, anything else is of the current one");
    }
    return true;
}

static bool cap_holds(const struct history *history)
{
    for (const struct event *event = history->events; event < history->events + history->count; event++) {
        int in_flight = 0;
        if (event->to != TARGET_OFFERED)
            continue;
        for (const struct event *other = history->events; other <= event; other++) {
            if (other->campaign == event->campaign)
                in_flight += target_state_in_flight(other->to) - target_state_in_flight(other->from);
        }
        if (in_flight > event->cap)
            return refuse(history, event, "goes beyond the cap");
    }
    return true;
}

/* The log leads to what the targets are now. */
static bool end_holds(const char *database_url, const struct history *history)
{
    char *wrong = sql_ask(database_url, "last_events");
    if (wrong == NULL)
        return true;
    snprintf(history->why, history->size, "%s", wrong);
    free(wrong);
    return false;
}

enum found { FOUND, FOUND_OVERTAKEN, FOUND_NOT };

/* Whether what the device did stood in the log when it was acknowledged; or its attempt had been given up by
 * then, for something that the table lets no such report correct. */
static enum found find_outcome(const struct history *history, int device, const struct attempt *attempt)
{
    enum found found = FOUND_NOT;
    for (const struct event *event = history->events; event < history->events + history->count; event++) {
        if (event->campaign != attempt->campaign || event->device != device ||
            event->attempt < attempt->attempt || event->number > attempt->stored_by)
            continue;
        if (event->attempt > attempt->attempt)
            return FOUND_OVERTAKEN;
        if (strcmp(target_state_name(event->to), target_event_name(attempt->result)) == 0)
            return FOUND;
        if (target_edge_find(event->to, attempt->result) == NULL)
            found = FOUND_OVERTAKEN;
    }
    return found;
}

static bool outcomes_hold(const struct history *history, const struct fleet *fleet,
                          struct history_counts *counts)
{
    for (int d = 0; d < fleet->count; d++) {
        for (int a = 0; a < fleet->devices[d].attempt_count; a++) {
            const struct attempt *attempt = &fleet->devices[d].attempts[a];
            if (!attempt->has_result || attempt->lied)
                continue;
            enum found found = find_outcome(history, d, attempt);
            counts->outcomes += found == FOUND;
            counts->overtaken += found == FOUND_OVERTAKEN;
            if (found != FOUND_NOT && attempt->flashed <= 1)
                continue;
            snprintf(history->why, history->size, "device %s: its attempt %d of campaign %lld (%s) %s",
                     fleet->devices[d].id, attempt->attempt, (long long)attempt->campaign,
                     target_event_name(attempt->result),
                     found == FOUND_NOT ? "was acknowledged, but is not in the event log"
                                        : "was flashed twice");
            return false;
        }
    }
    return true;
}

/* Nothing is confirmed that its device did not do: in this attempt, or in one that was given up before it. */
static bool confirmations_hold(const struct history *history, const struct fleet *fleet)
{
    for (const struct event *event = history->events; event < history->events + history->count; event++) {
        const struct device *device = &fleet->devices[event->device];
        bool did = event->to != TARGET_CONFIRMED;
        for (int a = 0; a < device->attempt_count && !did; a++) {
            const struct attempt *attempt = &device->attempts[a];
            did = attempt->campaign == event->campaign && attempt->attempt <= event->attempt &&
                  attempt->has_result && attempt->result == TARGET_EVENT_CONFIRMED;
        }
        if (!did)
            return refuse(history, event, "the device has never done that");
    }
    return true;
}

bool history_holds(const char *database_url, const struct fleet *fleet, struct history_counts *counts,
                   char *why, size_t size)
{
    struct history history = {.why = why, .size = size};
    read_events(database_url, &history);
    bool holds = moves_hold(&history) && cap_holds(&history) && end_holds(database_url, &history) &&
                 outcomes_hold(&history, fleet, counts) && confirmations_hold(&history, fleet);
    counts->events += history.count;
    for (int i = 0; i < history.count; i++)
        counts->offers += history.events[i].to == TARGET_OFFERED;
    free(history.events);
    return holds;
}
