#include <stddef.h>
#include <string.h>

#include "agent_parts.h"
#include "fota_version.h"
#include "verify.h"

/* Percent: each report is written to the fleet's database, and nobody decides by it. */
#define PROGRESS_STEP 25u

static void give_up(struct fota_agent *agent, enum fota_reason reason)
{
    if (agent->state == AGENT_RETRIAL) {
        trial_finish(agent, AGENT_FAIL, REPORT_REVERTED, reason);
        return;
    }
    if (!agent_fsm_move(&agent->state, AGENT_FAIL))
        return;
    download_stop(&agent->download);
    agent_log(agent, FOTA_LOG_WARNING, "the update has failed:");
    agent_log(agent, FOTA_LOG_WARNING, fota_reason_name(reason));
    results_finish(agent, REPORT_FAILED, agent_name_in_work(agent), reason);
}

/* The flip: one store of the record. Before it the old image boots, after it the new one is on trial. */
bool update_store_trial(struct fota_agent *agent)
{
    struct boot_record *record = &agent->journal.record;
    const struct fota_work *work = &agent->work;
    int slot = agent_inactive_slot(agent);

    record->images[slot - 1] = work->image;
    record->trial_slot = (uint8_t)slot;
    record->state = BOOT_TRIAL;
    record->revert_reason = REASON_NONE;
    record->attempt = work->attempt;
    record->sequences[slot - 1] = work->attempt.sequence;
    boot_journal_forget_download(&agent->journal);
    agent->journal.words.tries = agent->journal.words.confirmed = ~0u;
    if (boot_journal_store(&agent->journal))
        return true;
    /* Undone in memory: flash has just failed, and reading the record again might lose it. */
    boot_journal_end_trial(&agent->journal);
    return false;
}

bool update_slot_holds(struct fota_agent *agent, uint32_t length, const uint8_t *sha256)
{
    struct boot_image *image = &agent->work.image;
    enum image_fault fault;

    return verify_slot(&agent->platform, agent_inactive_slot(agent), length, agent_buffer(agent), &fault,
                       image) &&
           fault == IMAGE_GOOD && memcmp(image->sha256, sha256, sizeof image->sha256) == 0;
}

static void image_ready(struct fota_agent *agent)
{
    if (!agent_fsm_move(&agent->state, AGENT_IMAGE_READY))
        return;
    results_send_progress(agent, REPORT_INSTALLED);
    if (update_store_trial(agent))
        agent_restart(agent, AGENT_FLIP);
    else
        give_up(agent, REASON_FLASH_ERROR);
}

/* Whether the boot loader fell back to this image while the good one is whole, so that its slot must not be
 * written. */
static bool good_image_waits(struct fota_agent *agent)
{
    int slot = agent_inactive_slot(agent);

    return agent->journal.record.good_slot == slot &&
           update_slot_holds(agent, 0, agent->journal.record.images[slot - 1].sha256);
}

static enum fota_reason check_version(const struct fota_agent *agent)
{
    struct fota_version wanted, running, required;

    if (!fota_version_parse(agent->command.version, &wanted))
        return REASON_BAD_COMMAND;
    /* A device that does not know its own version takes any. */
    if (!fota_version_parse(agent->running.version, &running))
        return REASON_NONE;
    if (wanted.ptype != running.ptype)
        return REASON_WRONG_PTYPE;
    if (agent->command.kind == COMMAND_ROLLBACK)
        return REASON_NONE;
    if (agent_is_local(agent->command.campaign) ? !fota_version_is_local(&wanted)
                                                : !fota_version_is_online(&wanted))
        return REASON_NOT_FOTA;
    if (!fota_version_is_newer(&wanted, &running))
        return REASON_NOT_NEWER;
    return fota_version_parse(agent->command.manifest.requires, &required) &&
                   fota_version_is_newer(&required, &running)
               ? REASON_STEP_MISSING
               : REASON_NONE;
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
    agent->work.attempt.sequence = manifest->sequence;
    return REASON_NONE;
}

/* The same for a flip back to an image that is in flash. What the record knows was signed when it came in, or
 * has run here as the good image, and has its sequence there. Anything else, and what is below the floor,
 * takes a command with a signature that permits this image now. */
static enum fota_reason check_flip_back(struct fota_agent *agent)
{
    int slot = agent_inactive_slot(agent);
    const struct boot_record *record = &agent->journal.record;
    const struct boot_image *known = &record->images[slot - 1];
    const struct command_image *image = &agent->command.images[slot - 1];
    const uint8_t *sha256 = agent->command.sha256;
    bool is_known = memcmp(known->sha256, sha256, FOTA_SHA256_SIZE) == 0;
    enum fota_reason reason = REASON_BAD_SIGNATURE;

    if (is_known) {
        agent->work.attempt.sequence = record->sequences[slot - 1];
        if (known->version[0] != '\0') /* rather than what the command says, which no signature covers */
            memcpy(agent->work.image.version, known->version, sizeof known->version);
    }
    if (agent->key_count == 0)
        return REASON_NONE;
    if (is_known && agent->work.attempt.sequence >= record->floor)
        return REASON_NONE;
    if (image->present && memcmp(image->sha256, sha256, FOTA_SHA256_SIZE) == 0)
        reason = check_release(agent);
    return is_known && reason == REASON_BAD_SIGNATURE ? REASON_BELOW_FLOOR : reason;
}

/* Asked last: a device need not look at its battery for an offer that it would not take anyway. */
static enum fota_reason check_permission(const struct fota_agent *agent)
{
    static const uint8_t reasons[] = {[FOTA_MAY_UPDATE] = REASON_NONE,
                                      [FOTA_BATTERY_LOW] = REASON_BATTERY_LOW,
                                      [FOTA_BUSY] = REASON_BUSY,
                                      [FOTA_OUTSIDE_WINDOW] = REASON_OUTSIDE_WINDOW};
    const struct fota_port *port = agent->platform.port;
    unsigned answer = port->may_update == NULL ? FOTA_MAY_UPDATE : port->may_update(agent->platform.context);

    return answer < sizeof reasons ? (enum fota_reason)reasons[answer] : REASON_BUSY;
}

static void begin_work(struct fota_agent *agent)
{
    const struct command *command = &agent->command;
    struct fota_work *work = &agent->work;

    memset(work, 0, sizeof *work);
    work->attempt.campaign = command->campaign;
    work->attempt.attempt = command->attempt;
    work->attempt.is_rollback = command->kind == COMMAND_ROLLBACK;
    memcpy(work->attempt.nonce, command->nonce, sizeof work->attempt.nonce);
    memcpy(work->image.version, command->version, sizeof work->image.version);
    work->attempt.confirm_seconds = command->confirm_seconds;
    work->deadline = agent_after(agent, command->download_seconds);
}

static void accept(struct fota_agent *agent, bool in_flash)
{
    const struct command_image *image = &agent->command.images[agent_inactive_slot(agent) - 1];

    if (!agent_fsm_move(&agent->state, AGENT_TAKE_OFFER))
        return;
    agent->journal.record.good_slot = (uint8_t)agent->running_slot; /* in flash with the first store */
    results_send_progress(agent, REPORT_ACCEPTED);
    if (in_flash || (image->present && update_slot_holds(agent, image->size, image->sha256)))
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
        in_flash = update_slot_holds(agent, 0, command->sha256);
    if (reason == REASON_NONE && !in_flash)
        reason = check_image(agent);
    if (reason == REASON_NONE)
        reason = in_flash ? check_flip_back(agent) : check_release(agent);
    if (reason == REASON_NONE)
        reason = check_permission(agent);
    bool restarts = reason == REASON_NONE && good_image_waits(agent);
    if (restarts)
        reason = REASON_BUSY;
    if (reason == REASON_NONE)
        accept(agent, in_flash);
    else
        results_finish(agent, REPORT_REJECTED, agent_name_in_command(agent), reason);
    if (restarts)
        agent_restart(agent, AGENT_REBOOT);
}

bool update_is_in_work(const struct fota_agent *agent)
{
    return agent->state != AGENT_IDLE &&
           agent_is_same_attempt(agent_name_in_command(agent), agent_name_in_work(agent));
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
    else if (agent->state == AGENT_RETRIAL)
        results_send_hello(agent); /* no report but its activity says this state */
}

void update_on_command(struct fota_agent *agent)
{
    const struct command *command = &agent->command;
    const struct boot_result *known = results_find(agent);
    bool is_in_work = update_is_in_work(agent);

    if (is_in_work || known != NULL) {
        agent_happened(agent, FOTA_DUPLICATE_COMMAND, command->campaign, command->attempt);
        if (is_in_work)
            repeat_state(agent);
        else
            results_send(agent, known);
        return;
    }
    results_send_waiting(agent, false); /* the last outcome once more, before the new attempt */
    /* Who is on the LAN cannot keep the orchestrator out: until the flip its offer comes first. */
    if (agent_is_local(agent->work.attempt.campaign) && !agent_is_local(command->campaign))
        give_up(agent, REASON_BUSY);
    if (agent->state != AGENT_IDLE || results_are_full(agent, 0))
        results_finish(agent, REPORT_REJECTED, agent_name_in_command(agent), REASON_BUSY);
    else
        take_offer(agent);
}

void update_on_cancel(struct fota_agent *agent)
{
    const struct boot_result *known = results_find(agent);

    /* What is at work comes first: without a nonce the command may be taken for an earlier one, too. */
    if (update_is_in_work(agent)) {
        if (agent->state == AGENT_RETRIAL) {
            trial_finish(agent, AGENT_CANCEL, REPORT_CANCELLED, REASON_NONE);
            return;
        }
        if (!agent_fsm_move(&agent->state, AGENT_CANCEL))
            return; /* flipped already: the trial decides */
        download_stop(&agent->download);
        results_finish(agent, REPORT_CANCELLED, agent_name_in_work(agent), REASON_NONE);
    } else if (known != NULL) {
        results_send(agent, known);
    } else {
        results_finish(agent, REPORT_CANCELLED, agent_name_in_command(agent), REASON_NONE);
    }
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
    agent_happened(agent, FOTA_IMAGE_WRITTEN, agent->work.attempt.campaign, agent->work.attempt.attempt);
    if (update_slot_holds(agent, download->size, download->sha256)) {
        image_ready(agent);
    } else {
        download_spoil(download);
        give_up(agent, REASON_FLASH_ERROR);
    }
}

void update_on_time(struct fota_agent *agent)
{
    if ((agent->state == AGENT_ACCEPTED || agent->state == AGENT_DOWNLOADING) &&
        agent->now >= agent->work.deadline)
        give_up(agent, REASON_DOWNLOAD_TIMEOUT);
}
