#include <stddef.h>
#include <string.h>

#include "agent_parts.h"
#include "fota_version.h"
#include "verify.h"

#define PROGRESS_STEP 10u /* percent */

static void give_up(struct fota_agent *agent, enum fota_reason reason)
{
    if (!agent_fsm_move(&agent->state, AGENT_FAIL))
        return;
    download_stop(&agent->download);
    agent_log(agent, FOTA_LOG_WARNING, "the update has failed:");
    agent_log(agent, FOTA_LOG_WARNING, fota_reason_name(reason));
    results_finish(agent, REPORT_FAILED, agent->work.campaign, agent->work.attempt, reason);
}

/* The flip: one store of the record. Before it the old image boots, after it the new one is on trial. */
static void flip(struct fota_agent *agent)
{
    struct boot_record *record = &agent->journal.record;
    const struct fota_work *work = &agent->work;
    int slot = agent_inactive_slot(agent);

    results_send_progress(agent, REPORT_INSTALLED);
    record->images[slot - 1] = work->image;
    record->trial_slot = (uint8_t)slot;
    record->state = BOOT_TRIAL;
    record->revert_reason = REASON_NONE;
    record->attempt.campaign = work->campaign;
    record->attempt.attempt = work->attempt;
    record->attempt.confirm_seconds = work->confirm_seconds;
    record->attempt.is_rollback = work->is_rollback;
    record->attempt.sequence = work->sequence;
    record->sequences[slot - 1] = work->sequence;
    boot_journal_forget_download(&agent->journal);
    memcpy(record->attempt.nonce, work->nonce, sizeof record->attempt.nonce);
    agent->journal.words.tries = ~0u;
    if (!boot_journal_store(&agent->journal)) {
        (void)boot_journal_load(&agent->journal, &agent->platform);
        give_up(agent, REASON_FLASH_ERROR);
        return;
    }
    if (agent_fsm_move(&agent->state, AGENT_FLIP))
        agent->platform.port->reboot(agent->platform.context);
}

/* Notes what the inactive slot holds if it is a whole image of that length and SHA-256, read from flash. */
static bool slot_holds(struct fota_agent *agent, uint32_t length, const uint8_t *sha256)
{
    struct image_digest digest;
    enum image_fault fault;

    if (!verify_slot(&agent->platform, agent_inactive_slot(agent), length, agent_buffer(agent), &fault,
                     &digest))
        return false;
    if (fault != IMAGE_GOOD || memcmp(digest.sha256, sha256, sizeof digest.sha256) != 0)
        return false;
    agent->work.image.length = length;
    agent->work.image.crc32 = digest.crc32;
    memcpy(agent->work.image.sha256, digest.sha256, sizeof digest.sha256);
    return true;
}

static void image_ready(struct fota_agent *agent)
{
    if (agent_fsm_move(&agent->state, AGENT_IMAGE_READY))
        flip(agent);
}

static bool rollback_is_in_flash(struct fota_agent *agent)
{
    uint32_t length = verify_measure(&agent->platform, agent_inactive_slot(agent));
    return length != 0 && slot_holds(agent, length, agent->command.sha256);
}

static enum fota_reason check_version(const struct fota_agent *agent)
{
    struct fota_version wanted, running;

    if (!fota_version_parse(agent->command.version, &wanted))
        return REASON_BAD_COMMAND;
    /* A device that does not know its own version takes any. */
    if (!fota_version_parse(agent->running.version, &running))
        return REASON_NONE;
    if (wanted.ptype != running.ptype)
        return REASON_WRONG_PTYPE;
    if (agent->command.kind == COMMAND_ROLLBACK)
        return REASON_NONE;
    if (!fota_version_is_online(&wanted))
        return REASON_NOT_FOTA;
    return fota_version_is_newer(&wanted, &running) ? REASON_NONE : REASON_NOT_NEWER;
}

/* Why the command's image cannot be downloaded, REASON_NONE when it can. */
static enum fota_reason check_image(const struct fota_agent *agent)
{
    const struct command_image *image = &agent->command.images[agent_inactive_slot(agent) - 1];

    if (!image->present)
        return agent->command.kind == COMMAND_ROLLBACK ? REASON_NO_PREVIOUS_IMAGE : REASON_NO_IMAGE;
    return image->size > agent->platform.map->slot_size ? REASON_TOO_LARGE : REASON_NONE;
}

/* Whether the command's release is signed by a key known here, and not below the floor. */
static enum fota_reason check_release(struct fota_agent *agent)
{
    const struct command_manifest *manifest = &agent->command.manifest;

    if (agent->key_count == 0)
        return REASON_NONE;
    if (!signature_is_good(&agent->command, agent->keys, agent->key_count))
        return REASON_BAD_SIGNATURE;
    if (manifest->sequence < agent->journal.record.floor)
        return REASON_BELOW_FLOOR;
    agent->work.sequence = manifest->sequence;
    return REASON_NONE;
}

/* The same for a flip back to an image that is in flash: it was signed when it came in, and the record knows
 * its sequence. Below the floor it takes a command with a signature that permits this image now. */
static enum fota_reason check_flip_back(struct fota_agent *agent)
{
    int slot = agent_inactive_slot(agent);
    const struct boot_record *record = &agent->journal.record;
    const struct command_image *image = &agent->command.images[slot - 1];
    const uint8_t *sha256 = agent->command.sha256;

    if (agent->key_count == 0)
        return REASON_NONE;
    if (memcmp(record->images[slot - 1].sha256, sha256, FOTA_SHA256_SIZE) == 0)
        agent->work.sequence = record->sequences[slot - 1];
    if (agent->work.sequence >= record->floor)
        return REASON_NONE;
    if (image->present && memcmp(image->sha256, sha256, FOTA_SHA256_SIZE) == 0 &&
        check_release(agent) == REASON_NONE)
        return REASON_NONE;
    return REASON_BELOW_FLOOR;
}

/* Asked last: a device need not look at its battery for an offer that it would not take anyway. */
static enum fota_reason check_permission(const struct fota_agent *agent)
{
    static const uint8_t reasons[] = {[FOTA_MAY_UPDATE] = REASON_NONE,
                                      [FOTA_BATTERY_LOW] = REASON_BATTERY_LOW,
                                      [FOTA_BUSY] = REASON_BUSY,
                                      [FOTA_OUTSIDE_WINDOW] = REASON_OUTSIDE_WINDOW};
    const struct fota_port *port = agent->platform.port;

    return port->may_update == NULL ? REASON_NONE
                                    : (enum fota_reason)reasons[port->may_update(agent->platform.context)];
}

static void begin_work(struct fota_agent *agent)
{
    const struct command *command = &agent->command;
    struct fota_work *work = &agent->work;

    memset(work, 0, sizeof *work);
    work->campaign = command->campaign;
    work->attempt = command->attempt;
    work->is_rollback = command->kind == COMMAND_ROLLBACK;
    memcpy(work->nonce, command->nonce, sizeof work->nonce);
    memcpy(work->image.version, command->version, sizeof work->image.version);
    work->confirm_seconds = command->confirm_seconds;
    work->deadline = agent->now + (uint64_t)command->download_seconds * 1000;
}

static void accept(struct fota_agent *agent, bool in_flash)
{
    const struct command_image *image = &agent->command.images[agent_inactive_slot(agent) - 1];

    if (!agent_fsm_move(&agent->state, AGENT_TAKE_OFFER))
        return;
    results_send_progress(agent, REPORT_ACCEPTED);
    if (in_flash || (image->present && slot_holds(agent, image->size, image->sha256)))
        image_ready(agent);
    else
        download_start(&agent->download, &agent->journal, agent_inactive_slot(agent), image,
                       agent->download.random, agent->now);
}

static void take_offer(struct fota_agent *agent)
{
    const struct command *command = &agent->command;
    enum fota_reason reason = check_version(agent);
    bool in_flash = false;

    begin_work(agent);
    agent->download.size = 0; /* progress starts at 0 */
    if (reason == REASON_NONE && command->kind == COMMAND_ROLLBACK)
        in_flash = rollback_is_in_flash(agent);
    if (reason == REASON_NONE && !in_flash)
        reason = check_image(agent);
    if (reason == REASON_NONE)
        reason = in_flash ? check_flip_back(agent) : check_release(agent);
    if (reason == REASON_NONE)
        reason = check_permission(agent);
    if (reason == REASON_NONE)
        accept(agent, in_flash);
    else
        results_finish(agent, REPORT_REJECTED, command->campaign, command->attempt, reason);
}

static bool is_in_work(const struct fota_agent *agent)
{
    return agent->state != AGENT_IDLE && agent->command.campaign == agent->work.campaign &&
           agent->command.attempt == agent->work.attempt;
}

/* The report that says where the attempt in work stands. */
static void repeat_state(struct fota_agent *agent)
{
    if (agent->state == AGENT_ACCEPTED)
        results_send_progress(agent, REPORT_ACCEPTED);
    else if (agent->state == AGENT_DOWNLOADING)
        results_send_progress(agent, REPORT_DOWNLOADING);
    else if (agent->state == AGENT_TRIAL)
        results_send_progress(agent, REPORT_TRIAL);
}

void update_on_command(struct fota_agent *agent)
{
    const struct command *command = &agent->command;
    const struct boot_result *known = results_find(agent, command->campaign, command->attempt);

    if (is_in_work(agent) || known != NULL) {
        agent_happened(agent, FOTA_DUPLICATE_COMMAND, command->campaign, command->attempt);
        if (known != NULL)
            results_send(agent, known);
        else
            repeat_state(agent);
        return;
    }
    results_send_waiting(agent, false); /* the last outcome once more, before the new attempt */
    if (agent->state != AGENT_IDLE)
        results_finish(agent, REPORT_REJECTED, command->campaign, command->attempt, REASON_BUSY);
    else
        take_offer(agent);
}

void update_on_cancel(struct fota_agent *agent)
{
    const struct command *command = &agent->command;
    const struct boot_result *known = results_find(agent, command->campaign, command->attempt);

    if (known != NULL) {
        results_send(agent, known);
        return;
    }
    if (is_in_work(agent)) {
        if (!agent_fsm_move(&agent->state, AGENT_CANCEL))
            return; /* flipped already: the trial decides */
        download_stop(&agent->download);
    }
    results_finish(agent, REPORT_CANCELLED, command->campaign, command->attempt, REASON_NONE);
}

static void report_progress_made(struct fota_agent *agent)
{
    uint32_t percent = download_percent(&agent->download);

    if (agent->state == AGENT_ACCEPTED && agent->download.phase == DOWNLOAD_FETCH)
        (void)agent_fsm_move(&agent->state, AGENT_START_DOWNLOAD);
    if (agent->state != AGENT_DOWNLOADING || percent < agent->work.next_progress)
        return;
    results_send_progress(agent, REPORT_DOWNLOADING);
    agent->work.next_progress = percent + PROGRESS_STEP;
}

void update_continue(struct fota_agent *agent)
{
    struct download *download = &agent->download;

    if (agent->state != AGENT_ACCEPTED && agent->state != AGENT_DOWNLOADING)
        return;
    if (download->phase == DOWNLOAD_FAILED) {
        if (download->reason == REASON_BAD_IMAGE) {
            agent_log(agent, FOTA_LOG_WARNING, "the image that was downloaded");
            agent_log(agent, FOTA_LOG_WARNING, image_fault_text(download->fault));
        }
        give_up(agent, download->reason);
        return;
    }
    report_progress_made(agent);
    if (download->phase != DOWNLOAD_DONE)
        return;
    /* What counts is what flash holds, not what came in. */
    agent_happened(agent, FOTA_IMAGE_WRITTEN, agent->work.campaign, agent->work.attempt);
    if (slot_holds(agent, download->size, download->sha256))
        image_ready(agent);
    else
        give_up(agent, REASON_FLASH_ERROR);
}

void update_on_time(struct fota_agent *agent)
{
    if ((agent->state == AGENT_ACCEPTED || agent->state == AGENT_DOWNLOADING) &&
        agent->now >= agent->work.deadline)
        give_up(agent, REASON_DOWNLOAD_TIMEOUT);
}
