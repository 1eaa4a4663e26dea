#include "membership.h"

#include "array.h"
#include "eligibility.h"
#include "plan.h"
#include "selector_json.h"
#include "store_sql.h"

/* What judged_devices() of the database asks for. */
struct selection {
    struct array versions, stranded;
    struct arena arena;
    const char *groups;
    struct eligibility eligibility;
    char **texts; /* the versions once more */
    size_t count;
};

/* The versions that devices of the ptype run, and that may be updated: those with a way to the firmware, and
 * those without. */
static enum status accepted_versions(struct store *store, const struct campaign *campaign,
                                     struct selection *selection, struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_integer(&parameters, campaign->ptype);
    if (store_run(store, &SQL_DEVICE_VERSIONS, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    int64_t count = store_rows_count(rows);
    selection->texts = arena_allocate_array(&selection->arena, (size_t)count, sizeof *selection->texts);
    for (int64_t i = 0; i < count; i++) {
        const char *text = store_rows_text(rows, i, 0);
        enum misfit misfit = eligibility_of(&selection->eligibility, text);
        if (misfit == MISFIT_NO_PATH)
            array_put_text(&selection->stranded, text);
        if (misfit != MISFIT_NONE)
            continue;
        array_put_text(&selection->versions, text);
        selection->texts[selection->count++] = arena_copy(&selection->arena, text);
    }
    store_rows_free(rows);
    return STATUS_OK;
}

static enum status select_devices(struct store *store, const struct campaign *campaign,
                                  struct selection *selection, struct error *error)
{
    struct selector selector;
    if (selector_parse(campaign->selector, &selector, error) != STATUS_OK)
        return error_context(error, "selector of campaign %s", campaign->name);
    selection->groups = selector_json_format(&selector, &selection->arena);
    if (eligibility_load(store, campaign, &selection->arena, &selection->eligibility, error) != STATUS_OK)
        return error->status;
    return accepted_versions(store, campaign, selection, error);
}

static void release(struct selection *selection)
{
    array_release(&selection->versions);
    array_release(&selection->stranded);
    arena_release(&selection->arena);
}

static void put_selection(struct store_parameters *parameters, const struct campaign *campaign,
                          struct selection *selection)
{
    store_put_integer(parameters, campaign->ptype);
    store_put_text(parameters, array_text(&selection->versions));
    store_put_text(parameters, campaign->tags);
    store_put_text(parameters, campaign->devices);
    store_put_text(parameters, selection->groups);
    store_put_integer(parameters, campaign->firmware);
    store_put_text(parameters, array_text(&selection->stranded));
}

static void read_membership(const struct store_rows *rows, struct arena *arena, struct membership *membership)
{
    const char *campaigns = store_rows_text(rows, 0, 2);
    *membership = (struct membership){store_rows_integer(rows, 0, 0), store_rows_integer(rows, 0, 1),
                                      arena_copy(arena, campaigns != NULL ? campaigns : "")};
}

enum status membership_count(struct store *store, const struct campaign *campaign, struct arena *arena,
                             struct membership *membership, struct error *error)
{
    struct selection selection = {0};
    struct store_parameters parameters = {0};
    struct store_rows *rows = NULL;
    enum status status = STATUS_OK;
    if (campaign->plan != 0) {
        store_put_integer(&parameters, campaign->plan);
    } else {
        status = select_devices(store, campaign, &selection, error);
        put_selection(&parameters, campaign, &selection);
    }
    if (status == STATUS_OK)
        status = store_run(store, campaign->plan != 0 ? &SQL_PLAN_COUNT : &SQL_JUDGED_COUNT, &parameters,
                           &rows, error);
    if (status == STATUS_OK)
        read_membership(rows, arena, membership);
    store_rows_free(rows);
    release(&selection);
    return status;
}

static bool has_tag_waves(const struct policy *policy)
{
    for (int i = 0; i < policy->wave_count; i++) {
        if (policy->waves[i].size.kind == WAVE_SIZE_TAG)
            return true;
    }
    return false;
}

/* Fills the table `planned` of this transaction; who is left out is noted for the plan, unless that is NULL.
 */
static enum status list_devices(struct store *store, const struct campaign *campaign,
                                struct selection *selection, const int64_t *plan, int64_t *members,
                                struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    if (store_run(store, &SQL_PLANNED_MEMORY, NULL, NULL, error) != STATUS_OK ||
        store_run(store, &SQL_PLANNED_BEGIN, NULL, NULL, error) != STATUS_OK)
        return error->status;
    put_selection(&parameters, campaign, selection);
    store_put_integer(&parameters, campaign->seed);
    store_put_boolean(&parameters, overlap_waits(campaign->overlap));
    store_put_boolean(&parameters, has_tag_waves(&campaign->policy));
    if (plan != NULL)
        store_put_integer(&parameters, *plan);
    else
        store_put_text(&parameters, NULL);
    if (store_run(store, &SQL_PLANNED_FILL, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    *members = store_rows_affected(rows);
    store_rows_free(rows);
    return STATUS_OK;
}

/* The waves one after the other, each from what is left; the last takes all of it (policy_validate). */
static enum status cut_by_tags(struct store *store, const struct policy *policy, int64_t members,
                               int64_t sizes[POLICY_WAVES_MAX], struct error *error)
{
    for (int i = 0; i < policy->wave_count; i++) {
        const struct wave_size *size = &policy->waves[i].size;
        int64_t wanted = plan_wanted(size, members);
        struct store_parameters parameters = {0};
        struct store_rows *rows;
        store_put_integer(&parameters, i);
        store_put_text(&parameters, size->kind == WAVE_SIZE_TAG ? size->tag : "");
        if (wanted == PLAN_ALL)
            store_put_text(&parameters, NULL);
        else
            store_put_integer(&parameters, wanted);
        if (store_run(store, &SQL_PLANNED_CUT, &parameters, &rows, error) != STATUS_OK)
            return error->status;
        sizes[i] = store_rows_affected(rows);
        store_rows_free(rows);
    }
    return store_run(store, &SQL_PLANNED_ORDER, NULL, NULL, error);
}

/* Cuts what is planned into waves, of these sizes. Without tags it takes no more than the places at which the
 * second wave and those after it begin. */
static enum status cut_waves(struct store *store, const struct policy *policy, int64_t members,
                             int64_t sizes[POLICY_WAVES_MAX], struct array *begins, struct error *error)
{
    int64_t left = members;
    if (has_tag_waves(policy))
        return cut_by_tags(store, policy, members, sizes, error);
    for (int i = 0; i < policy->wave_count; i++) {
        int64_t wanted = plan_wanted(&policy->waves[i].size, members);
        if (i > 0)
            array_put_integer(begins, members - left + 1);
        sizes[i] = wanted < left ? wanted : left;
        left -= sizes[i];
    }
    return STATUS_OK;
}

static enum status fill_plan(struct store *store, int64_t plan, struct array *begins, struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, plan);
    store_put_text(&parameters, array_text(begins));
    return store_run(store, &SQL_PLANNED_TO_PLAN, &parameters, NULL, error);
}

/* What a plan came out as. */
struct plan_numbers {
    int64_t sizes[POLICY_WAVES_MAX];
    int64_t queued; /* devices that other campaigns have */
    int64_t bytes;  /* that all fetch */
};

static enum status sum_plan(struct store *store, const struct campaign *campaign,
                            struct plan_numbers *numbers, struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_integer(&parameters, campaign->firmware);
    if (store_run(store, &SQL_PLANNED_SUMS, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    numbers->queued = store_rows_integer(rows, 0, 0);
    numbers->bytes = store_rows_integer(rows, 0, 1);
    store_rows_free(rows);
    return STATUS_OK;
}

static enum status note_plan(struct store *store, const struct campaign *campaign,
                             struct selection *selection, int64_t plan, const struct plan_numbers *numbers,
                             struct error *error)
{
    const struct policy *policy = &campaign->policy;
    struct array sizes = {0};
    struct store_parameters parameters = {0};
    for (int i = 0; i < policy->wave_count; i++)
        array_put_integer(&sizes, numbers->sizes[i]);
    store_put_integer(&parameters, plan);
    store_put_integer(&parameters, plan_least_seconds(policy, numbers->sizes));
    store_put_text(&parameters, paths_format(&selection->eligibility.paths, selection->texts,
                                             selection->count, &selection->arena));
    store_put_text(&parameters, array_text(&sizes));
    store_put_integer(&parameters, numbers->queued);
    store_put_integer(&parameters, numbers->bytes);
    enum status status = store_run(store, &SQL_PLAN_NOTE, &parameters, NULL, error);
    array_release(&sizes);
    return status;
}

enum status membership_accept(struct store *store, const struct campaign *campaign, struct array *versions,
                              struct error *error)
{
    struct selection selection = {0};
    enum status status = eligibility_load(store, campaign, &selection.arena, &selection.eligibility, error);
    if (status == STATUS_OK)
        status = accepted_versions(store, campaign, &selection, error);
    if (status == STATUS_OK)
        status = paths_note(store, campaign, &selection.eligibility.paths, selection.texts, selection.count,
                            error);
    for (size_t i = 0; i < selection.count && status == STATUS_OK; i++)
        array_put_text(versions, selection.texts[i]);
    release(&selection);
    return status;
}

enum status membership_to_plan(struct store *store, const struct campaign *campaign, int64_t plan,
                               bool notes_others, struct error *error)
{
    struct selection selection = {0};
    struct array begins = {0};
    struct plan_numbers numbers = {0};
    int64_t members = 0;
    enum status status = select_devices(store, campaign, &selection, error);
    if (status == STATUS_OK)
        status = list_devices(store, campaign, &selection, notes_others ? &plan : NULL, &members, error);
    if (status == STATUS_OK)
        status = sum_plan(store, campaign, &numbers, error);
    if (status == STATUS_OK)
        status = cut_waves(store, &campaign->policy, members, numbers.sizes, &begins, error);
    if (status == STATUS_OK)
        status = fill_plan(store, plan, &begins, error);
    if (status == STATUS_OK)
        status = note_plan(store, campaign, &selection, plan, &numbers, error);
    array_release(&begins);
    release(&selection);
    return status;
}
