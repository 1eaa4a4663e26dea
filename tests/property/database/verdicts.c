#include "verdicts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "changes.h"
#include "sql.h"
#include "target_fsm.h"

struct verdict {
    int64_t number, campaign, at;
    int wave, device; /* from 0 */
    int attempt;
    char state[20], reason[REASON_SIZE];
    bool is_real; /* the device did fail, by itself */
};

struct verdicts {
    const struct fleet *fleet;
    struct verdict *all;
    int count;
    char *why;
    size_t size;
};

/* Calls `read` with each line of what the query answers, until one does not hold. */
static bool each_line(const char *database_url, const char *name,
                      bool (*read)(struct verdicts *, const char *line), struct verdicts *verdicts)
{
    char *text = sql_ask(database_url, name), *rest = text, *line;
    bool holds = true;
    while (holds && rest != NULL && (line = strsep(&rest, "\n")) != NULL)
        holds = read(verdicts, line);
    free(text);
    return holds;
}

static const struct attempt *find_attempt(const struct device *device, int64_t campaign, int number)
{
    for (int i = 0; i < device->attempt_count; i++) {
        const struct attempt *attempt = &device->attempts[i];
        if (attempt->campaign == campaign && attempt->attempt == number)
            return attempt;
    }
    return NULL;
}

static void describe(const struct device *device, const struct attempt *attempt, char *text, size_t size)
{
    snprintf(text, size,
             "%s device, first fault at %lld; its attempt: %s, %s %s, flashed %d times, ended at %lld",
             device->is_steady ? "a steady" : "an unsteady", (long long)device->fault_at,
             attempt == NULL             ? "never heard of"
             : attempt->nonce[0] == '\0' ? "only a cancel of it"
                                         : "taken",
             attempt != NULL && attempt->has_result ? target_event_name(attempt->result) : "no result",
             attempt != NULL ? attempt->reason : "", attempt != NULL ? attempt->flashed : 0,
             (long long)(attempt != NULL ? attempt->ended_at : 0));
}

static bool refuse(struct verdicts *verdicts, const struct verdict *verdict, const struct attempt *attempt,
                   const char *what)
{
    char record[300];
    describe(&verdicts->fleet->devices[verdict->device], attempt, record, sizeof record);
    snprintf(
        verdicts->why, verdicts->size,
        "event %lld at %lld: campaign %lld, device d%d, attempt %d is %s (%s): %s. The device's record: %s",
        (long long)verdict->number, (long long)verdict->at, (long long)verdict->campaign, verdict->device + 1,
        verdict->attempt, verdict->state, verdict->reason, what, record);
    return false;
}

static bool had_fault(const struct device *device, int64_t at)
{
    return device->fault_at != 0 && device->fault_at <= at;
}

/* Anything but a success, that no outage explains. */
static bool had_failed(const struct device *device, int64_t at)
{
    for (int i = 0; i < device->attempt_count; i++) {
        const struct attempt *attempt = &device->attempts[i];
        if (attempt->has_result && attempt->result != TARGET_EVENT_CONFIRMED && !attempt->by_outage &&
            attempt->ended_at <= at)
            return true;
    }
    return had_fault(device, at);
}

static bool read_verdict(struct verdicts *verdicts, const char *line)
{
    struct verdict *verdict = &verdicts->all[verdicts->count++];
    long long number, campaign, at;
    if (sscanf(line, "%lld %lld %d d%d %d %19s %64s %lld", &number, &campaign, &verdict->wave,
               &verdict->device, &verdict->attempt, verdict->state, verdict->reason, &at) != 8)
        abort();
    verdict->number = number;
    verdict->campaign = campaign;
    verdict->at = at;
    verdict->device--;
    const struct device *device = &verdicts->fleet->devices[verdict->device];
    const struct attempt *attempt = find_attempt(device, campaign, verdict->attempt);
    verdict->is_real = had_failed(device, at);
    if (strcmp(verdict->state, "silent") == 0)
        return had_fault(device, at) || refuse(verdicts, verdict, attempt, "it did its part in its time");
    if (strcmp(verdict->reason, TARGET_GIVEN_UP) == 0)
        return had_fault(device, at) ||
               refuse(verdicts, verdict, attempt, "it was there all the time, or came back at once");
    if (strcmp(verdict->reason, TARGET_QUARANTINED) == 0)
        return verdict->is_real || refuse(verdicts, verdict, attempt, "it has never failed by itself");
    if (strcmp(verdict->state, "skipped") == 0)
        return true;
    return (attempt != NULL && attempt->has_result &&
            strcmp(target_event_name(attempt->result), verdict->state) == 0) ||
           refuse(verdicts, verdict, attempt, "it has never said so");
}

static bool read_end(struct verdicts *verdicts, const char *line)
{
    long long campaign;
    char campaign_state[20], state[20];
    int device, number, excused;
    if (sscanf(line, "%lld %19s d%d %19s %d %d", &campaign, campaign_state, &device, state, &number,
               &excused) != 6)
        abort();
    const struct attempt *attempt = find_attempt(&verdicts->fleet->devices[device - 1], campaign, number);
    if (attempt == NULL || !attempt->by_outage || excused >= 2)
        return true;
    snprintf(verdicts->why, verdicts->size,
             "campaign %lld (%s), device d%d, attempt %d stays %s (%s), which an outage has caused", campaign,
             campaign_state, device, number, state, attempt->reason);
    return false;
}

static bool read_retry(struct verdicts *verdicts, const char *line)
{
    long long campaign;
    int device, number;
    char state[20];
    if (sscanf(line, "%lld d%d %d %19s", &campaign, &device, &number, state) != 4)
        abort();
    const struct attempt *attempt = find_attempt(&verdicts->fleet->devices[device - 1], campaign, number);
    if (attempt == NULL || !attempt->by_outage)
        return true;
    snprintf(verdicts->why, verdicts->size,
             "campaign %lld, device d%d, attempt %d: %s (%s) is tried again as the policy says, though an "
             "outage has caused it",
             campaign, device, number, state, attempt->reason);
    return false;
}

/* Where nothing at all went against it (an undecided sample, say), no device is to blame. */
static bool read_halt(struct verdicts *verdicts, const char *line)
{
    long long number, campaign;
    int said = 0, wave;
    if (sscanf(line, "%lld %lld %d", &number, &campaign, &wave) != 3)
        abort();
    for (const struct verdict *verdict = verdicts->all; verdict < verdicts->all + verdicts->count;
         verdict++) {
        if (verdict->campaign != campaign || verdict->wave != wave || verdict->number > number ||
            strcmp(verdict->state, "skipped") == 0)
            continue;
        if (verdict->is_real)
            return true;
        said++;
    }
    snprintf(verdicts->why, verdicts->size,
             "event %lld: campaign %lld is halted, though none of its devices has failed by itself", number,
             campaign);
    return said == 0;
}

bool verdicts_hold(const char *database_url, const struct fleet *fleet, char *why, size_t size)
{
    struct verdicts verdicts = {.fleet = fleet, .why = why, .size = size};
    char *text = sql_ask(database_url, "verdicts");
    int room = 1;
    for (const char *c = text; c != NULL && *c != '\0'; c++)
        room += *c == '\n';
    free(text);
    verdicts.all = calloc((size_t)room, sizeof *verdicts.all);
    bool holds = each_line(database_url, "verdicts", read_verdict, &verdicts) &&
                 each_line(database_url, "ends", read_end, &verdicts) &&
                 each_line(database_url, "retries", read_retry, &verdicts) &&
                 each_line(database_url, "halts", read_halt, &verdicts);
    free(verdicts.all);
    return holds;
}
