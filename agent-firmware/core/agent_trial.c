#include <stddef.h>
#include <string.h>

#include "agent_parts.h"
#include "verify.h"

#define CONFIRM_RETRY 1000u /* milliseconds until a confirmation that flash refused is tried again */

static void copy_text(char *to, uint32_t size, const char *from)
{
    uint32_t length = 0;

    for (; from[length] != '\0' && length + 1 < size; length++)
        to[length] = from[length];
    memset(to + length, 0, size - length);
}

/* Reads the running image from flash. False: flash cannot be read. */
static bool read_image(struct fota_agent *agent, uint32_t length, enum image_fault *fault)
{
    struct image_digest digest;

    agent->running.length = length;
    if (!verify_slot(&agent->platform, agent->running_slot, length, agent_buffer(agent), fault, &digest))
        return false;
    memcpy(agent->running.sha256, digest.sha256, sizeof digest.sha256);
    agent->running.crc32 = digest.crc32;
    return true;
}

/* What runs, as flash has it. The version comes from the record, which the update command filled, as long as
 * the record speaks of this very image. */
static void read_running(struct fota_agent *agent, const struct fota_setup *setup)
{
    const struct boot_image *known = &agent->journal.record.images[agent->running_slot - 1];
    enum image_fault fault = IMAGE_BAD_LENGTH;
    bool read = known->length != 0 && read_image(agent, known->length, &fault);
    bool same = read && memcmp(agent->running.sha256, known->sha256, sizeof known->sha256) == 0;

    if (same)
        memcpy(agent->running.version, known->version, sizeof agent->running.version);
    else
        read = read_image(agent, verify_measure(&agent->platform, agent->running_slot), &fault);
    if (agent->running.version[0] == '\0')
        copy_text(agent->running.version, sizeof agent->running.version, setup->version);
    agent->image_is_whole = read && fault == IMAGE_GOOD;
    if (!agent->image_is_whole) {
        agent_log(agent, FOTA_LOG_ERROR,
                  read ? "the running image" : "the running image cannot be read from flash");
        agent_log(agent, FOTA_LOG_ERROR, image_fault_text(fault));
    }
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
    record->trial_slot = (uint8_t)agent->running_slot;
    record->state = BOOT_STEADY;
    record->revert_reason = REASON_NONE;
    record->images[agent->running_slot - 1] = agent->running;
    memset(&record->attempt, 0, sizeof record->attempt);
}

static void load_attempt(struct fota_agent *agent)
{
    const struct boot_attempt *attempt = &agent->journal.record.attempt;
    struct fota_work *work = &agent->work;

    work->campaign = attempt->campaign;
    work->attempt = attempt->attempt;
    work->is_rollback = attempt->is_rollback != 0;
    work->confirm_seconds = attempt->confirm_seconds;
    memcpy(work->nonce, attempt->nonce, sizeof work->nonce);
    work->deadline = agent->now + (uint64_t)attempt->confirm_seconds * 1000;
}

/* The trial is over. Settles the record with its result in one store; that of a confirmation raises the
 * floor. */
static void end_trial(struct fota_agent *agent, enum report_kind kind, enum fota_reason reason)
{
    struct boot_record *record = &agent->journal.record;

    if (kind == REPORT_CONFIRMED && record->attempt.sequence > record->floor)
        record->floor = record->attempt.sequence;
    settle(agent);
    (void)results_add(agent, kind, agent->work.campaign, agent->work.attempt, reason);
    store(agent);
    agent_happened(agent, kind == REPORT_CONFIRMED ? FOTA_CONFIRMED : FOTA_REVERTED, agent->work.campaign,
                   agent->work.attempt);
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

void trial_boot(struct fota_agent *agent, const struct fota_setup *setup)
{
    bool known = boot_journal_load(&agent->journal, &agent->platform);
    const struct boot_record *record = &agent->journal.record;

    read_running(agent, setup);
    if (!known) {
        agent_log(agent, FOTA_LOG_WARNING, "no valid boot record: a new one is made for the running image");
        settle(agent);
        store(agent);
    } else if (record->state == BOOT_TRIAL) {
        boot_during_trial(agent);
    } else if (record->state == BOOT_REVERTED) {
        load_attempt(agent);
        end_trial(agent, REPORT_REVERTED, (enum fota_reason)record->revert_reason);
    } else if (record->good_slot != agent->running_slot) {
        agent_log(agent, FOTA_LOG_ERROR, "the boot loader had to fall back to the other slot");
        settle(agent);
        store(agent);
    }
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
    if (agent_fsm_move(&agent->state, AGENT_REVERT))
        agent->platform.port->reboot(agent->platform.context);
}

static void confirm(struct fota_agent *agent)
{
    if (!boot_journal_confirm(&agent->journal)) {
        agent_log(agent, FOTA_LOG_ERROR, "the confirmation could not be stored; it is tried again");
        agent->confirm_at = agent->now + CONFIRM_RETRY;
        return;
    }
    if (!agent_fsm_move(&agent->state, AGENT_CONFIRM))
        return;
    end_trial(agent, REPORT_CONFIRMED, REASON_NONE);
    results_send(agent, &agent->journal.record.results[BOOT_RESULTS - 1]);
    results_start_resending(agent);
}

void trial_on_health(struct fota_agent *agent, bool healthy)
{
    if (agent->state != AGENT_TRIAL || !agent->health_asked || agent->healthy)
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
        revert(agent, REASON_CONFIRM_TIMEOUT);
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
