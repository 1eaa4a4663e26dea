#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "campaign.h"
#include "digest.h"
#include "fill.h"
#include "membership.h"
#include "operate.h"
#include "plan.h"
#include "policy_json.h"
#include "release.h"
#include "report.h"
#include "schedule.h"
#include "selector.h"
#include "signing.h"
#include "start.h"
#include "store_sql.h"
#include "version_rule.h"
#include "zones.h"

/* A campaign to be, or a plan: from a request, or from a plan made before. */
struct draft {
    struct version version;
    char firmware[VERSION_TEXT_SIZE]; /* canonical */
    int64_t firmware_number;
    const char *from, *tags, *devices, *selector;
    struct policy policy;
    char *policy_text; /* effective, every default filled in. Released by free() */
    int64_t seed, plan;
    int priority;
    enum overlap overlap;
};

struct create_work {
    const struct actor *actor;
    const struct campaign_new *campaign;
    struct array devices;
    struct draft draft;
    struct arena arena;
    int64_t plan; /* the one made */
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

/* Puts the name of the request's member before what a parser said. */
static enum status in_member(struct error *error, const char *member)
{
    struct error why = *error;
    return error_set(error, STATUS_INVALID, member, "%s", why.message);
}

static enum status read_rules(const struct draft *draft, struct error *error)
{
    struct scheme_rule rule;
    struct selector selector;
    if (scheme_rule_parse(draft->from, draft->version.scheme, draft->version.ptype, &rule, error) !=
        STATUS_OK)
        return in_member(error, "from");
    if (selector_parse(draft->selector, &selector, error) != STATUS_OK)
        return in_member(error, "select");
    return STATUS_OK;
}

static enum status read_version(struct draft *draft, const char *text, struct error *error)
{
    if (version_parse(text, &draft->version, error) != STATUS_OK)
        return in_member(error, "firmware");
    version_format(&draft->version, draft->firmware);
    if (!version_is_online(&draft->version))
        return error_set(error, STATUS_INVALID, "firmware",
                         "class %c cannot be installed online: o or a is needed", draft->version.fota_class);
    return STATUS_OK;
}

static enum status draft_request(struct create_work *work, struct error *error)
{
    const struct campaign_new *campaign = work->campaign;
    struct draft *draft = &work->draft;
    draft->from = campaign->from != NULL ? campaign->from : "";
    draft->tags = campaign->tags;
    draft->selector = campaign->select != NULL ? campaign->select : "";
    draft->priority = campaign->priority;
    draft->overlap = campaign->overlap;
    if (read_version(draft, campaign->firmware, error) != STATUS_OK || read_rules(draft, error) != STATUS_OK)
        return error->status;
    if (policy_json_parse(campaign->policy_json, strlen(campaign->policy_json), &draft->policy, error) !=
        STATUS_OK)
        return error->status;
    draft->policy_text = policy_json_format(&draft->policy);
    draft->seed = campaign->seed;
    if (campaign->seed == SEED_RANDOM) {
        uint64_t random = 0;
        random_bytes(&random, sizeof random);
        draft->seed = (int64_t)(random >> 11); /* 53 bits: the seed is shown in JSON */
    }
    for (size_t i = 0; i < campaign->device_count; i++)
        array_put_text(&work->devices, campaign->devices[i]);
    draft->devices = array_text(&work->devices);
    return STATUS_OK;
}

/* In the transaction, which keeps the plan as it is. */
static enum status draft_plan(struct store *store, struct create_work *work, struct error *error)
{
    struct draft *draft = &work->draft;
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    draft->plan = work->campaign->plan;
    store_put_integer(&parameters, draft->plan);
    if (store_run(store, &SQL_PLAN_FIND, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    if (store_rows_count(rows) == 0) {
        store_rows_free(rows);
        return error_set(error, STATUS_NOT_FOUND, "plan", "there is no plan %lld, or not any more",
                         (long long)draft->plan);
    }
    const char *policy = arena_copy(&work->arena, store_rows_text(rows, 0, 5));
    enum status status = read_version(draft, store_rows_text(rows, 0, 0), error);
    draft->from = arena_copy(&work->arena, store_rows_text(rows, 0, 1));
    draft->tags = arena_copy(&work->arena, store_rows_text(rows, 0, 2));
    draft->devices = arena_copy(&work->arena, store_rows_text(rows, 0, 3));
    draft->selector = arena_copy(&work->arena, store_rows_text(rows, 0, 4));
    draft->seed = store_rows_integer(rows, 0, 6);
    draft->priority = (int)store_rows_integer(rows, 0, 7);
    if (status == STATUS_OK && !overlap_parse(store_rows_text(rows, 0, 8), &draft->overlap))
        status = error_set(error, STATUS_INTERNAL, "plans.overlap", "unknown word %s",
                           store_rows_text(rows, 0, 8));
    store_rows_free(rows);
    if (status == STATUS_OK)
        status = policy_json_parse(policy, strlen(policy), &draft->policy, error);
    if (status != STATUS_OK)
        return error_context(error, "plan %lld", (long long)draft->plan);
    free(draft->policy_text); /* of a transaction that is repeated */
    draft->policy_text = policy_json_format(&draft->policy);
    return STATUS_OK;
}

static enum status check_draft(struct store *store, struct draft *draft, struct error *error)
{
    if (find_firmware(store, draft->firmware, &draft->firmware_number, error) != STATUS_OK ||
        release_check_products(store, draft->firmware, RELEASE_ROLLED_OUT, error) != STATUS_OK ||
        release_check_signed(store, draft->firmware_number, draft->firmware, "firmware", error) !=
            STATUS_OK ||
        check_devices(store, draft->devices, draft->version.ptype, error) != STATUS_OK)
        return error->status;
    return zones_check(store, &draft->policy, error);
}

/* --- campaigns -------------------------------------------------------------------------------------- */

static enum status insert_campaign(struct store *store, const struct create_work *work, struct error *error)
{
    const struct campaign_new *campaign = work->campaign;
    const struct draft *draft = &work->draft;
    struct store_parameters parameters = {0};
    store_put_text(&parameters, campaign->name);
    store_put_integer(&parameters, draft->firmware_number);
    store_put_integer(&parameters, draft->version.ptype);
    store_put_text(&parameters, draft->from);
    store_put_text(&parameters, draft->tags);
    store_put_text(&parameters, draft->policy_text);
    store_put_integer(&parameters, draft->seed);
    store_put_text(&parameters, work->actor->name);
    store_put_text(&parameters, draft->devices);
    schedule_put(&parameters, &campaign->schedule);
    store_put_text(&parameters, draft->selector);
    if (draft->plan != 0)
        store_put_integer(&parameters, draft->plan);
    else
        store_put_text(&parameters, NULL);
    store_put_integer(&parameters, draft->priority);
    store_put_text(&parameters, overlap_name(draft->overlap));
    enum status status = store_run(store, &SQL_CAMPAIGN_CREATE, &parameters, NULL, error);
    if (status == STATUS_CONFLICT && strcmp(error->field, "campaigns_name_unique") == 0)
        return error_set(error, STATUS_CONFLICT, "name", "a campaign named %s exists already",
                         campaign->name);
    return status;
}

static enum status create_campaign(struct store *store, void *context, struct error *error)
{
    struct create_work *work = context;
    const char *name = work->campaign->name;
    if (work->campaign->plan != 0 && draft_plan(store, work, error) != STATUS_OK)
        return error->status;
    if (check_draft(store, &work->draft, error) != STATUS_OK ||
        insert_campaign(store, work, error) != STATUS_OK ||
        audit_add(store, work->actor->name, "create", name, "", NULL, error) != STATUS_OK)
        return error->status;
    return work->campaign->start ? campaign_start_now(store, work->actor, name, error) : STATUS_OK;
}

static void release(struct create_work *work)
{
    array_release(&work->devices);
    arena_release(&work->arena);
    free(work->draft.policy_text);
}

enum status operate_campaign_create(struct store *store, const struct actor *actor,
                                    const struct campaign_new *campaign, struct error *error)
{
    struct create_work work = {.actor = actor, .campaign = campaign};
    enum status status = check_name(campaign->name, error);
    if (status == STATUS_OK)
        status = schedule_check(store, &campaign->schedule, error);
    if (status == STATUS_OK && campaign->plan == 0)
        status = draft_request(&work, error);
    if (status == STATUS_OK)
        status = store_transaction(store, create_campaign, &work, error);
    release(&work);
    return status;
}

/* --- plans ------------------------------------------------------------------------------------------ */

static enum status insert_plan(struct store *store, struct create_work *work, struct error *error)
{
    const struct draft *draft = &work->draft;
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_integer(&parameters, draft->firmware_number);
    store_put_text(&parameters, draft->from);
    store_put_text(&parameters, draft->tags);
    store_put_text(&parameters, draft->devices);
    store_put_text(&parameters, draft->selector);
    store_put_text(&parameters, draft->policy_text);
    store_put_integer(&parameters, draft->seed);
    store_put_text(&parameters, work->actor->name);
    store_put_integer(&parameters, draft->priority);
    store_put_text(&parameters, overlap_name(draft->overlap));
    if (store_run(store, &SQL_PLAN_CREATE, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    work->plan = store_rows_integer(rows, 0, 0);
    store_rows_free(rows);
    return STATUS_OK;
}

static enum status create_plan(struct store *store, void *context, struct error *error)
{
    struct create_work *work = context;
    struct draft *draft = &work->draft;
    char why[200];
    if (check_draft(store, draft, error) != STATUS_OK ||
        fill_check_free(store, draft->version.ptype, why, sizeof why, error) != STATUS_OK)
        return error->status;
    if (why[0] != '\0')
        return error_set(error, STATUS_CONFLICT, "plan", "%s: try again then", why);
    if (insert_plan(store, work, error) != STATUS_OK)
        return error->status;
    struct campaign planned = {.name = "(plan)",
                               .ptype = draft->version.ptype,
                               .firmware = draft->firmware_number,
                               .firmware_version = draft->firmware,
                               .from_rule = draft->from,
                               .tags = draft->tags,
                               .devices = draft->devices,
                               .selector = draft->selector,
                               .seed = draft->seed,
                               .overlap = draft->overlap,
                               .policy = draft->policy};
    return membership_to_plan(store, &planned, work->plan, true, error);
}

enum status operate_plan_create(struct store *store, const struct actor *actor,
                                const struct campaign_new *campaign, int64_t *plan, struct error *error)
{
    struct create_work work = {.actor = actor, .campaign = campaign};
    enum status status = draft_request(&work, error);
    if (status == STATUS_OK)
        status = store_transaction(store, create_plan, &work, error);
    *plan = work.plan;
    release(&work);
    return status;
}
