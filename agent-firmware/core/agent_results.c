#include <string.h>

#include "agent_parts.h"

#define RESEND_FIRST 2000u /* milliseconds; doubled up to: */
#define RESEND_LAST 300000u

static void publish(struct fota_agent *agent, uint32_t length)
{
    if (agent->connected)
        agent->platform.port->publish(agent->platform.context, agent->scratch.report, length);
}

static bool is_waiting(const struct boot_result *result)
{
    return result->kind != 0 && !result->acknowledged;
}

/* Whether hello may say it as `last`. A cancelled is only an answer. */
static bool is_done(const struct boot_result *result)
{
    return result->kind != 0 && result->kind != REPORT_CANCELLED && result->acknowledged;
}

/* The newest result of which `is` holds, -1 if there is none. */
static int newest_that(const struct fota_agent *agent, bool (*is)(const struct boot_result *result))
{
    int newest = (int)BOOT_RESULTS - 1;

    while (newest >= 0 && !is(&agent->journal.record.results[newest]))
        newest--;
    return newest;
}

static int newest_waiting(const struct fota_agent *agent)
{
    return newest_that(agent, is_waiting);
}

static const struct boot_result *result_at(const struct fota_agent *agent, int place)
{
    return place < 0 ? NULL : &agent->journal.record.results[place];
}

void results_send_hello(struct fota_agent *agent)
{
    const struct report_running running = {
        .version = agent->running.version,
        .slot = agent->running_slot,
        .sha256 = agent->running.sha256,
        .on_trial = agent->state == AGENT_TRIAL,
        .reset_reason = agent->reset_reason,
        .session = agent->session,
        .flash_kb = agent->platform.map->size / 1024,
        .flash_map = agent->platform.map->name,
    };
    const char *activity = agent->state == AGENT_IDLE ? NULL : agent_state_name(agent->state);

    publish(agent, report_hello(agent->scratch.report, &running, activity, &agent->work.attempt,
                                result_at(agent, newest_waiting(agent)),
                                result_at(agent, newest_that(agent, is_done))));
}

void results_send_progress(struct fota_agent *agent, enum report_kind kind)
{
    if (agent_is_local(agent->work.attempt.campaign))
        return;
    publish(agent, report_progress(agent->scratch.report, kind, agent->work.attempt.campaign,
                                   agent->work.attempt.attempt, download_percent(&agent->download),
                                   agent->reset_reason));
}

void results_send_answer(struct fota_agent *agent, const char *nonce, const char *status)
{
    publish(agent, report_answer(agent->scratch.report, nonce, status));
}

void results_send(struct fota_agent *agent, const struct boot_result *result)
{
    publish(agent, report_result(agent->scratch.report, result, &agent->session));
}

/* The newest result of the command's attempt of which `is` holds, -1 if there is none. */
static int find(const struct fota_agent *agent, bool (*is)(const struct boot_result *result))
{
    const struct boot_result *results = agent->journal.record.results;
    int place = (int)BOOT_RESULTS - 1;

    while (place >= 0 &&
           !(is(&results[place]) &&
             agent_is_same_attempt(agent_name_in_command(agent),
                                   (struct attempt_name){results[place].campaign, results[place].attempt,
                                                         results[place].nonce})))
        place--;
    return place;
}

static bool is_there(const struct boot_result *result)
{
    return result->kind != 0;
}

const struct boot_result *results_find(const struct fota_agent *agent)
{
    return result_at(agent, find(agent, is_there));
}

bool results_are_full(const struct fota_agent *agent, uint32_t spare)
{
    uint32_t waiting = 0;

    for (uint32_t i = 0; i < BOOT_RESULTS; i++)
        waiting += is_waiting(&agent->journal.record.results[i]);
    return waiting + spare >= BOOT_RESULTS;
}

/* The place to give up for a new result: a free one, else the oldest acknowledged one, but the one that hello
 * says as `last` only when all others wait. The oldest is given up only where an older agent has filled the
 * record (results_are_full). */
static uint32_t place_to_free(const struct fota_agent *agent)
{
    const struct boot_result *results = agent->journal.record.results;
    int last = newest_that(agent, is_done);

    for (uint32_t i = 0; i < BOOT_RESULTS; i++)
        if (results[i].kind == 0)
            return i;
    for (uint32_t i = 0; i < BOOT_RESULTS; i++)
        if (results[i].acknowledged && (int)i != last)
            return i;
    return last < 0 ? 0 : (uint32_t)last;
}

struct boot_result *results_add(struct fota_agent *agent, enum report_kind kind, struct attempt_name name,
                                enum fota_reason reason)
{
    struct boot_result *results = agent->journal.record.results;
    struct boot_result *result = &results[BOOT_RESULTS - 1];
    uint32_t freed = place_to_free(agent);

    memmove(&results[freed], &results[freed + 1], (BOOT_RESULTS - 1 - freed) * sizeof *results);
    memset(result, 0, sizeof *result);
    /* The places have moved: acknowledgements in flash belong to the old order until this is stored. */
    agent->journal.dirty = true;
    result->campaign = name.campaign;
    result->attempt = (uint16_t)name.attempt;
    memcpy(result->nonce, name.nonce, sizeof result->nonce);
    result->kind = (uint8_t)kind;
    result->reason = (uint8_t)reason;
    result->acknowledged = kind == REPORT_CANCELLED; /* an answer, remembered but not repeated by itself */
    if (kind == REPORT_CONFIRMED || kind == REPORT_REVERTED) {
        result->slot = (uint8_t)agent->running_slot;
        memcpy(result->sha256, agent->running.sha256, sizeof result->sha256);
        memcpy(result->version, agent->running.version, sizeof result->version);
    }
    return result;
}

void results_finish(struct fota_agent *agent, enum report_kind kind, struct attempt_name name,
                    enum fota_reason reason)
{
    const struct boot_result *result = NULL;

#if FOTA_LOCAL_UPGRADE
    if (agent_is_local(name.campaign))
        agent->local_reason = reason;
    if (agent_is_local(name.campaign))
        return; /* whoever is on the LAN must not wear flash out */
#endif
    /* The last place is that of the attempt in work: an answer is only sent then. The orchestrator offers
     * again until it has one. */
    if ((kind == REPORT_REJECTED || kind == REPORT_CANCELLED) && results_are_full(agent, 1)) {
        struct boot_result answer = {.campaign = name.campaign,
                                     .attempt = (uint16_t)name.attempt,
                                     .kind = (uint8_t)kind,
                                     .reason = (uint8_t)reason};
        memcpy(answer.nonce, name.nonce, sizeof answer.nonce);
        results_send(agent, &answer);
        return;
    }
    if (!agent_is_local(name.campaign))
        result = results_add(agent, kind, name, reason);
    if (!boot_journal_store(&agent->journal))
        agent_log(agent, FOTA_LOG_ERROR, "a result could not be stored in flash; it is kept in memory");
    if (result != NULL)
        results_send(agent, result);
    results_start_resending(agent);
}

void results_acknowledge(struct fota_agent *agent)
{
    int place = find(agent, is_waiting);

    if (place >= 0 && !boot_journal_acknowledge(&agent->journal, (uint32_t)place))
        agent_log(agent, FOTA_LOG_ERROR, "an acknowledgement could not be stored in flash");
    if (newest_waiting(agent) < 0)
        agent->resend_at = FOTA_NEVER;
}

void results_send_waiting(struct fota_agent *agent, bool but_newest)
{
    int newest = newest_waiting(agent);

    for (int i = 0; i <= newest; i++)
        if (is_waiting(&agent->journal.record.results[i]) && !(but_newest && i == newest))
            results_send(agent, &agent->journal.record.results[i]);
}

/* Devices whose broker was away must not all repeat at one moment: up to a quarter earlier. */
static void resend_later(struct fota_agent *agent)
{
    uint32_t random = agent->platform.port->random(agent->platform.context);

    agent->resend_at = agent->now + agent->resend_delay - (agent->resend_delay >> 10) * (random & 255u);
}

void results_start_resending(struct fota_agent *agent)
{
    agent->resend_delay = RESEND_FIRST;
    if (newest_waiting(agent) < 0)
        agent->resend_at = FOTA_NEVER;
    else
        resend_later(agent);
}

void results_on_time(struct fota_agent *agent)
{
    if (!agent->connected || agent->now < agent->resend_at)
        return;
    results_send_waiting(agent, false);
    agent->resend_delay = agent->resend_delay > RESEND_LAST / 2 ? RESEND_LAST : 2 * agent->resend_delay;
    resend_later(agent);
}
