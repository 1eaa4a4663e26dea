#include <stddef.h>
#include <string.h>

#include "agent_parts.h"
#include "verify.h"

#define CONFIRM_RETRY 1000u /* milliseconds until a confirmation that flash refused is tried again */
#define READ_RETRY 1000u    /* the same for a boot that could not read flash */
/* The pause before another trial, in milliseconds: a cancel can still come. */
#define PAUSE_MAX 5000u
#define PAUSE_OF_A_SECOND 50u /* of confirm_seconds: a twentieth */

/* Reads the running image, of `length` bytes or as its headers say (0). False: flash cannot be read. */
static bool read_image(struct fota_agent *agent, uint32_t length)
{
    enum image_fault fault;
    bool read = verify_slot(&agent->platform, agent->running_slot, length, agent_buffer(agent), &fault,
                            &agent->running);

    agent->image_is_whole = read && fault == IMAGE_GOOD;
    return read;
}

/* What runs, as flash has it. The version comes from the record, which the update command filled, as long as
 * the record speaks of this very image. */
static bool read_running(struct fota_agent *agent)
{
    const struct boot_image *known = &agent->journal.record.images[agent->running_slot - 1];

    if (known->length != 0 && !read_image(agent, known->length))
        return false;
    if (agent->image_is_whole && memcmp(agent->running.sha256, known->sha256, sizeof known->sha256) == 0) {
        if (known->version[0] != '\0')
            memcpy(agent->running.version, known->version, sizeof agent->running.version);
        return true;
    }
    return read_image(agent, 0);
}

static void store(struct fota_agent *agent)
{
    if (!boot_journal_store(&agent->journal))
        agent_log(agent, FOTA_LOG_ERROR, "the boot record could not be written");
}

/* What runs is what is good; nothing is on trial. */
static void settle(struct fota_agent *agent)
{
    struct boot_record *record = &agent->journal.record;

    record->good_slot = (uint8_t)agent->running_slot;
    /* What could not be read whole would keep the boot loader from starting it. */
    if (agent->image_is_whole)
        record->images[agent->running_slot - 1] = agent->running;
    boot_journal_end_trial(&agent->journal);
}

static void load_attempt(struct fota_agent *agent)
{
    agent->work.attempt = agent->journal.record.attempt;
    agent->work.deadline = agent_after(agent, agent->work.attempt.confirm_seconds);
}

/* The trial is over. Settles the record with its result in one store; that of a confirmation raises the
 * floor. */
static void end_trial(struct fota_agent *agent, enum report_kind kind, enum fota_reason reason)
{
    struct boot_record *record = &agent->journal.record;

    if (kind == REPORT_CONFIRMED && record->attempt.sequence > record->floor)
        record->floor = record->attempt.sequence;
    if (kind == REPORT_CONFIRMED)
        settle(agent);
    else
        boot_journal_end_trial(&agent->journal);
    if (agent->work.attempt.campaign != 0)
        (void)results_add(agent, kind, agent_name_in_work(agent), reason);
    store(agent);
    if (kind != REPORT_CANCELLED)
        agent_happened(agent, kind == REPORT_CONFIRMED ? FOTA_CONFIRMED : FOTA_REVERTED,
                       agent->work.attempt.campaign, agent->work.attempt.attempt);
}

void trial_finish(struct fota_agent *agent, enum agent_event event, enum report_kind kind,
                  enum fota_reason reason)
{
    if (!agent_fsm_move(&agent->state, event))
        return;
    end_trial(agent, kind, reason);
    if (agent->work.attempt.campaign == 0)
        results_send_hello(agent);
    else
        results_send(agent, &agent->journal.record.results[BOOT_RESULTS - 1]);
    results_start_resending(agent);
}

/* Why the boot loader gave up the trial. */
static enum fota_reason boot_loader_reason(const struct fota_agent *agent)
{
    if ((agent->journal.words.tries & BOOT_CHECK_FAILED) == 0)
        return REASON_BOOT_CHECK;
    return agent->reset_reason == RESET_WATCHDOG ? REASON_WATCHDOG : REASON_CRASH_LOOP;
}

static void boot_during_trial(struct fota_agent *agent)
{
    bool runs_new = agent->running_slot == agent->journal.record.trial_slot;
    bool confirmed = agent->journal.words.confirmed == 0;

    load_attempt(agent);
    if (runs_new && !confirmed)
        (void)agent_fsm_move(&agent->state, AGENT_BOOT_TRIAL);
    else if (runs_new) /* power failed between the confirmation and its result */
        end_trial(agent, REPORT_CONFIRMED, REASON_NONE);
    else
        end_trial(agent, REPORT_REVERTED, confirmed ? REASON_BOOT_CHECK : boot_loader_reason(agent));
}

/* A trial that ended undecided is repeated as long as there are trials left. The image that runs must be the
 * old one: its connection is the control. */
static void boot_after_revert(struct fota_agent *agent)
{
    const struct boot_record *record = &agent->journal.record;
    const struct boot_attempt *attempt = &record->attempt;
    bool is_undecided = attempt->undecided != 0 && agent->running_slot == record->good_slot;

    load_attempt(agent);
    agent->work.deadline = FOTA_NEVER;
    if (!is_undecided)
        end_trial(agent, REPORT_REVERTED, (enum fota_reason)record->revert_reason);
    else if (attempt->trials >= BOOT_TRIALS_MAX || attempt->unheard >= BOOT_UNHEARD_MAX)
        end_trial(agent, REPORT_REVERTED, REASON_NO_CONNECTION);
    else
        (void)agent_fsm_move(&agent->state, AGENT_BOOT_RETRIAL);
}

/* Flash that refuses now may answer in a second, and the copy of the record that was not read may be the one
 * in force: so nothing is done until it can be read. A sector that never answers again is done without. */
void trial_boot(struct fota_agent *agent)
{
    const struct boot_record *record = &agent->journal.record;
    enum boot_found found = boot_journal_load(&agent->journal, &agent->platform);
    bool is_known = found != BOOT_UNREADABLE || (agent->journal.copy >= 0 && agent->patience == 0);

    if (!is_known || (!read_running(agent) && agent->patience > 0)) {
        if (agent->boot_at == 0)
            agent_log(agent, FOTA_LOG_ERROR, "flash cannot be read; nothing is done until it can");
        agent->boot_at = agent->now + READ_RETRY;
        if (agent->patience > 0)
            agent->patience--;
        return;
    }
    agent->boot_at = 0;
    if (found == BOOT_ABSENT) {
        agent_log(agent, FOTA_LOG_WARNING, "no valid boot record: a new one is made for the running image");
        settle(agent);
        store(agent);
    } else if (record->state == BOOT_TRIAL) {
        boot_during_trial(agent);
    } else if (record->state == BOOT_REVERTED) {
        boot_after_revert(agent);
    } else if (record->good_slot != agent->running_slot) {
        /* The record stays: the next boot tries the good slot again. */
        agent_log(agent, FOTA_LOG_ERROR, "the boot loader had to fall back to the other slot");
    }
    if (!agent->image_is_whole)
        agent_log(agent, FOTA_LOG_ERROR, "the running image is not whole in flash");
}

static void revert(struct fota_agent *agent, enum fota_reason reason)
{
    struct boot_record *record = &agent->journal.record;

    agent_log(agent, FOTA_LOG_WARNING, "the new image goes back to the old one:");
    agent_log(agent, FOTA_LOG_WARNING, fota_reason_name(reason));
    record->state = BOOT_REVERTED;
    record->revert_reason = (uint8_t)reason;
    /* When even this cannot be stored the tries run out, and the boot loader reverts. */
    store(agent);
    agent_restart(agent, AGENT_REVERT);
}

/* Nothing on one image tells a network that it has broken from a broker that is away. No verdict, then; an
 * agent that knows nothing of this reads a plain revert. */
static void revert_undecided(struct fota_agent *agent)
{
    struct boot_attempt *attempt = &agent->journal.record.attempt;

    attempt->trials++;
    attempt->unheard = (uint8_t)(attempt->unheard + !agent->health_asked);
    attempt->undecided = 1;
    agent_happened(agent, FOTA_UNDECIDED, attempt->campaign, attempt->attempt);
    revert(agent, REASON_CONFIRM_TIMEOUT);
}

static void confirm(struct fota_agent *agent)
{
    if (!boot_journal_confirm(&agent->journal)) {
        agent_log(agent, FOTA_LOG_ERROR, "the confirmation could not be stored; it is tried again");
        agent->confirm_at = agent->now + CONFIRM_RETRY;
        return;
    }
    trial_finish(agent, AGENT_CONFIRM, REPORT_CONFIRMED, REASON_NONE);
}

/* The flip again, without a download. What the boot loader would refuse is not tried; what cannot be stored
 * would only wear flash out, tried again and again: the device is free for another attempt instead. */
static void try_again(struct fota_agent *agent)
{
    const struct boot_image *known = &agent->journal.record.images[agent_inactive_slot(agent) - 1];

    agent->work.image = *known;
    agent->work.attempt.undecided = 0;
    if (!update_slot_holds(agent, known->length, known->sha256))
        trial_finish(agent, AGENT_FAIL, REPORT_REVERTED, REASON_BOOT_CHECK);
    else if (!update_store_trial(agent))
        trial_finish(agent, AGENT_FAIL, REPORT_REVERTED, REASON_FLASH_ERROR);
    else
        agent_restart(agent, AGENT_FLIP);
}

void trial_continue_retrial(struct fota_agent *agent)
{
    uint32_t seconds = agent->work.attempt.confirm_seconds;

    if (agent->state != AGENT_RETRIAL)
        return;
    if (!agent->connected)
        agent->work.deadline = FOTA_NEVER;
    else if (agent->work.deadline == FOTA_NEVER)
        agent->work.deadline =
            agent->now + (seconds < PAUSE_MAX / PAUSE_OF_A_SECOND ? seconds * PAUSE_OF_A_SECOND : PAUSE_MAX);
    else if (agent->now >= agent->work.deadline)
        try_again(agent);
}

void trial_on_health(struct fota_agent *agent, bool healthy)
{
    if (agent->state != AGENT_TRIAL || !agent->health_asked)
        return;
    if (healthy && agent->image_is_whole)
        agent->healthy = true;
    else
        revert(agent, REASON_HEALTH_CHECK);
}

void trial_continue(struct fota_agent *agent)
{
    if (agent->state != AGENT_TRIAL)
        return;
    if (agent->now >= agent->work.deadline) {
        if (agent->connected)
            revert(agent, REASON_CONFIRM_TIMEOUT);
        else
            revert_undecided(agent);
        return;
    }
    if (agent->connected && !agent->health_asked) {
        agent->health_asked = true;
        agent->platform.port->check_health(agent->platform.context);
    }
    /* Connected still, or again: an image that has lost the network could not be replaced any more. */
    if (agent->healthy && agent->connected && agent->now >= agent->confirm_at)
        confirm(agent);
}
