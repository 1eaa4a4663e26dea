#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "approval.h"
#include "array.h"
#include "campaign.h"
#include "digest.h"
#include "names.h"
#include "operate.h"
#include "planner.h"
#include "policy_json.h"
#include "release.h"
#include "report.h"
#include "schedule.h"
#include "signing.h"
#include "store_sql.h"
#include "version_rule.h"
#include "zones.h"

static const char *const command_names[] = {
#define X(name, text) [name] = text,
    CAMPAIGN_COMMAND_LIST(X)
#undef X
};

const char *campaign_command_name(enum campaign_command command)
{
    return command_names[command];
}

bool campaign_command_parse(const char *text, enum campaign_command *command)
{
    int found;
    if (!name_find(command_names, NAME_COUNT(command_names), text, &found))
        return false;
    *command = (enum campaign_command)found;
    return true;
}

/* --- commands --------------------------------------------------------------------------------------- */

struct command_work {
    const struct actor *actor;
    const char *name;
    enum campaign_command command;
    const char *reason;
    bool changed;
};

/* What is asked for is already so. */
static bool is_done(enum campaign_command command, enum campaign_state state)
{
    switch (command) {
    case CAMPAIGN_START:
        return state == CAMPAIGN_AWAITING_APPROVAL || state == CAMPAIGN_SCHEDULED ||
               state == CAMPAIGN_RUNNING;
    case CAMPAIGN_PAUSE:
        return state == CAMPAIGN_PAUSED;
    case CAMPAIGN_RESUME:
        return state == CAMPAIGN_RUNNING;
    case CAMPAIGN_CANCEL:
        return state == CAMPAIGN_CANCELLED;
    case CAMPAIGN_ROLLBACK:
        return state == CAMPAIGN_ROLLING_BACK || state == CAMPAIGN_ROLLED_BACK;
    }
    return false;
}

/* A rollback is not held up: it leads away from what may be bad. */
static enum status check_signed(struct store *store, const struct campaign *campaign, struct error *error)
{
    if (campaign->is_rollback)
        return STATUS_OK;
    return release_check_signed(store, campaign->firmware, campaign->firmware_version, "campaign", error);
}

static enum status start(struct store *store, struct campaign *campaign, const struct command_work *work,
                         struct error *error)
{
    int64_t devices = 0;
    if (check_signed(store, campaign, error) != STATUS_OK)
        return error->status;
    if (campaign->snapshot.state == CAMPAIGN_DRAFT) {
        if (planner_count(store, campaign, &devices, error) != STATUS_OK)
            return error->status;
        if (devices == 0)
            return error_set(
                error, STATUS_CONFLICT, "campaign",
                "no device is eligible: it must be of ptype %d, run a version that matches %s and is "
                "lower than %s, have the tags, support online upgrades, be of a product that takes %s, and be in "
                "no other live campaign",
                campaign->ptype, campaign->from_rule[0] == '\0' ? "* (any)" : campaign->from_rule,
                campaign->firmware_version, campaign->firmware_version);
    }
    int64_t missing = 0;
    if (approval_missing(store, campaign, APPROVAL_OF_START, &missing, error) != STATUS_OK)
        return error->status;
    return campaign_move(store, campaign, missing > 0 ? CAMPAIGN_EVENT_SUBMIT : CAMPAIGN_EVENT_START,
                         work->actor->name, work->reason, NULL, error);
}

/* The operator takes the failures so far as known: the gate that halted judges only what comes after them. */
static enum status excuse_failures(struct store *store, struct campaign *campaign, struct error *error)
{
    for (int i = 0; i < campaign->snapshot.wave_count; i++) {
        struct wave_snapshot *wave = &campaign->snapshot.waves[i];
        if (wave->state != WAVE_FAILED)
            continue;
        wave->excused = gate_failures(&campaign->policy.waves[i].gate, wave->counts);
        char words[100];
        snprintf(words, sizeof words, "resumed: %lld failures so far are excused", (long long)wave->excused);
        if (wave_move(store, campaign, i, WAVE_OPEN, words, error) != STATUS_OK)
            return error->status;
    }
    return STATUS_OK;
}

/* After a rollback that was stopped: the gates of the waves whose members it cancelled would halt at once,
 * and that might roll everything back again. */
static enum status check_resumable(const struct campaign *campaign, struct error *error)
{
    int64_t cancelled = snapshot_count(&campaign->snapshot, TARGET_CANCELLED);
    if (campaign->snapshot.state != CAMPAIGN_HALTED || cancelled == 0)
        return STATUS_OK;
    return error_set(error, STATUS_CONFLICT, "campaign",
                     "%s cannot go on: %lld members were cancelled when it was to go back; create another "
                     "campaign for them, and cancel this one",
                     campaign->name, (long long)cancelled);
}

static enum status resume(struct store *store, struct campaign *campaign, const struct command_work *work,
                          struct error *error)
{
    if (check_resumable(campaign, error) != STATUS_OK || check_signed(store, campaign, error) != STATUS_OK)
        return error->status;
    if (schedule_forget_end(store, campaign, error) != STATUS_OK)
        return error->status;
    if (campaign->snapshot.state == CAMPAIGN_HALTED && excuse_failures(store, campaign, error) != STATUS_OK)
        return error->status;
    return campaign_move(store, campaign, CAMPAIGN_EVENT_RESUME, work->actor->name, work->reason, NULL,
                         error);
}

static enum status roll_back(struct store *store, struct campaign *campaign, const struct command_work *work,
                             struct error *error)
{
    if (campaign->is_rollback)
        return error_set(error, STATUS_CONFLICT, "campaign", "%s is itself a rollback", campaign->name);
    return campaign_stop(store, campaign, CAMPAIGN_EVENT_ROLLBACK, work->actor->name, work->reason,
                         "rolled_back", error);
}

static enum status command(struct store *store, void *context, struct error *error)
{
    struct command_work *work = context;
    struct arena arena = {0};
    struct campaign campaign;
    int64_t number = 0;
    bool found = false;
    work->changed = false;
    enum status status = campaign_resolve(store, work->name, &number, error);
    if (status == STATUS_OK)
        status = campaign_load(store, number, CAMPAIGN_WAIT, &arena, &campaign, &found, error);
    if (status == STATUS_OK && found && !is_done(work->command, campaign.snapshot.state)) {
        work->changed = true;
        switch (work->command) {
        case CAMPAIGN_START:
            status = start(store, &campaign, work, error);
            break;
        case CAMPAIGN_PAUSE:
            status = campaign_pause(store, &campaign, work->actor->name, work->reason, error);
            break;
        case CAMPAIGN_RESUME:
            status = resume(store, &campaign, work, error);
            break;
        case CAMPAIGN_CANCEL:
            status = campaign_stop(store, &campaign, CAMPAIGN_EVENT_CANCEL, work->actor->name, work->reason,
                                   "campaign_cancelled", error);
            break;
        case CAMPAIGN_ROLLBACK:
            status = roll_back(store, &campaign, work, error);
            break;
        }
    }
    arena_release(&arena);
    return status;
}

enum status operate_campaign_command(struct store *store, const struct actor *actor, const char *campaign,
                                     enum campaign_command what, const char *reason, bool *changed,
                                     struct error *error)
{
    struct command_work work = {
        .actor = actor, .name = campaign, .command = what, .reason = reason != NULL ? reason : ""};
    enum status status = store_transaction(store, command, &work, error);
    *changed = status == STATUS_OK && work.changed;
    return status;
}

/* --- creation --------------------------------------------------------------------------------------- */

struct create_work {
    const struct actor *actor;
    const struct campaign_new *campaign;
    struct version version;
    struct policy parsed;
    char *policy; /* effective, every default filled in */
    struct array devices;
    int64_t seed;
};

static enum status check_name(const char *name, struct error *error)
{
    size_t length = strlen(name);
    if (length < 1 || length > NAME_MAX_LENGTH || !isalpha((unsigned char)name[0]) ||
        !device_id_is_valid(name))
        return error_set(error, STATUS_INVALID, "name",
                         "must begin with a letter and have at most %d characters of A-Z a-z 0-9 . _ -",
                         NAME_MAX_LENGTH);
    return STATUS_OK;
}

static enum status find_firmware(struct store *store, const char *version, int64_t *number,
                                 struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_text(&parameters, version);
    struct store_rows *rows;
    if (store_run(store, &SQL_FIRMWARE_FIND, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    bool found = store_rows_count(rows) == 1;
    int64_t images = found ? store_rows_integer(rows, 0, 1) : 0;
    if (found)
        *number = store_rows_integer(rows, 0, 0);
    store_rows_free(rows);
    if (!found)
        return error_set(error, STATUS_NOT_FOUND, "firmware", "%s was never uploaded", version);
    if (images != 2)
        return error_set(error, STATUS_CONFLICT, "firmware", "%s has no images for both slots", version);
    return STATUS_OK;
}

/* A device that does not exist, or is of another product type, is a mistake of whoever named it. */
static enum status check_devices(struct store *store, const char *devices, int ptype, struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_text(&parameters, devices);
    store_put_integer(&parameters, ptype);
    struct store_rows *rows;
    if (store_run(store, &SQL_DEVICE_UNKNOWN, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    enum status status = STATUS_OK;
    if (store_rows_count(rows) > 0) {
        char field[64];
        snprintf(field, sizeof field, "devices[%s]", store_rows_text(rows, 0, 0));
        status = error_set(error, STATUS_NOT_FOUND, field, "no device of ptype %d has the id %.64s", ptype,
                           store_rows_text(rows, 0, 1));
    }
    store_rows_free(rows);
    return status;
}

static enum status create(struct store *store, void *context, struct error *error)
{
    struct create_work *work = context;
    const struct campaign_new *campaign = work->campaign;
    const char *devices = array_text(&work->devices);
    char version[VERSION_TEXT_SIZE];
    int64_t firmware = 0;
    version_format(&work->version, version);
    if (find_firmware(store, version, &firmware, error) != STATUS_OK ||
        release_check_products(store, version, RELEASE_ROLLED_OUT, error) != STATUS_OK ||
        release_check_signed(store, firmware, version, "firmware", error) != STATUS_OK ||
        check_devices(store, devices, work->version.ptype, error) != STATUS_OK ||
        zones_check(store, &work->parsed, error) != STATUS_OK)
        return error->status;
    struct store_parameters parameters = {0};
    store_put_text(&parameters, campaign->name);
    store_put_integer(&parameters, firmware);
    store_put_integer(&parameters, work->version.ptype);
    store_put_text(&parameters, campaign->from != NULL ? campaign->from : "");
    store_put_text(&parameters, campaign->tags);
    store_put_text(&parameters, work->policy);
    store_put_integer(&parameters, work->seed);
    store_put_text(&parameters, work->actor->name);
    store_put_text(&parameters, devices);
    schedule_put(&parameters, &campaign->schedule);
    enum status status = store_run(store, &SQL_CAMPAIGN_CREATE, &parameters, NULL, error);
    if (status == STATUS_CONFLICT && strcmp(error->field, "campaigns_name_unique") == 0)
        return error_set(error, STATUS_CONFLICT, "name", "a campaign named %s exists already",
                         campaign->name);
    if (status != STATUS_OK)
        return status;
    if (audit_add(store, work->actor->name, "create", campaign->name, "", NULL, error) != STATUS_OK)
        return error->status;
    if (!campaign->start)
        return STATUS_OK;
    struct command_work starting = {
        .actor = work->actor, .name = campaign->name, .command = CAMPAIGN_START, .reason = ""};
    return command(store, &starting, error);
}

enum status operate_campaign_create(struct store *store, const struct actor *actor,
                                    const struct campaign_new *campaign, struct error *error)
{
    struct create_work work = {.actor = actor, .campaign = campaign};
    struct scheme_rule rule;
    if (check_name(campaign->name, error) != STATUS_OK)
        return error->status;
    if (version_parse(campaign->firmware, &work.version, error) != STATUS_OK) {
        struct error why = *error;
        return error_set(error, STATUS_INVALID, "firmware", "%s", why.message);
    }
    if (!version_is_online(&work.version))
        return error_set(error, STATUS_INVALID, "firmware",
                         "class %c cannot be installed online: o or a is needed", work.version.fota_class);
    if (scheme_rule_parse(campaign->from != NULL ? campaign->from : "", work.version.scheme,
                          work.version.ptype, &rule, error) != STATUS_OK) {
        struct error why = *error;
        return error_set(error, STATUS_INVALID, "from", "%s", why.message);
    }
    if (schedule_check(&campaign->schedule, error) != STATUS_OK)
        return error->status;
    if (policy_json_parse(campaign->policy_json, strlen(campaign->policy_json), &work.parsed, error) !=
        STATUS_OK)
        return error->status;
    /* 53 bits: the seed is shown in JSON */
    uint64_t random = 0;
    random_bytes(&random, sizeof random);
    work.seed = (int64_t)(random >> 11);
    work.policy = policy_json_format(&work.parsed);
    for (size_t i = 0; i < campaign->device_count; i++)
        array_put_text(&work.devices, campaign->devices[i]);
    enum status status = store_transaction(store, create, &work, error);
    array_release(&work.devices);
    free(work.policy);
    return status;
}
