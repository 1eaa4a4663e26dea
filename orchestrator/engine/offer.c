#include "offer.h"

#include <string.h>

#include "array.h"
#include "command.h"
#include "nonce.h"
#include "signing.h"
#include "store_sql.h"

enum { URL_GRACE_SECONDS = 60 };

/* Of a target that waits for the end of a trial that is not, or not any more, an attempt of its own: whether
 * that image stays is not known yet. A trial without an end does not hold it up for longer than a trial may
 * take. */
#define ON_TRIAL "on_trial"

struct target_timeouts campaign_timeouts(const struct campaign *campaign)
{
    return (struct target_timeouts){campaign->policy.offer_seconds, campaign->policy.download_seconds,
                                    campaign->policy.confirm_seconds};
}

/* What the offers of one call share. */
struct offering {
    const struct engine *engine;
    struct store *store;
    const struct campaign *campaign;
    struct eligibility eligibility;
    struct known_manifests manifests;
};

static enum status begin_offering(const struct engine *engine, struct store *store,
                                  const struct campaign *campaign, struct offering *offering,
                                  struct error *error)
{
    *offering = (struct offering){.engine = engine, .store = store, .campaign = campaign};
    return eligibility_read(campaign, &offering->eligibility, error);
}

static enum status put_offer(struct offering *offering, const struct target_row *target, struct arena *arena,
                             struct outbox *outbox, struct error *error)
{
    const struct engine *engine = offering->engine;
    const struct campaign *campaign = offering->campaign;
    const struct policy *policy = &campaign->policy;
    struct offer *offer = arena_allocate(arena, sizeof *offer);
    *offer = (struct offer){.is_rollback = campaign->is_rollback,
                            .campaign = campaign->wire_number,
                            .attempt = target->attempt,
                            .nonce = target->nonce,
                            .version = target->to_version,
                            .flip_sha256 = target->flip_sha256,
                            .download_seconds = policy->download_seconds,
                            .confirm_seconds = policy->confirm_seconds};
    int64_t seconds = policy->offer_seconds + policy->download_seconds + URL_GRACE_SECONDS;
    for (int i = 0; i < 2; i++) {
        const struct target_image *image = &target->images[i];
        if (image->sha256 == NULL)
            continue;
        char *url = arena_allocate(arena, IMAGE_URL_SIZE);
        if (image_url_sign(engine->image_secret, engine->public_url, image->sha256, target->device,
                           (int64_t)campaign->now, seconds, url, error) != STATUS_OK)
            return error->status;
        offer->images[i] = (struct offered_image){true, url, image->size, image->sha256};
    }
    if (offer->images[0].present &&
        offered_manifest_find(offering->store, &offering->manifests, campaign->ptype, target->to_version,
                              arena, &offer->manifest, error) != STATUS_OK)
        return error->status;
    outbox_put_offer(outbox, arena, target->device, offer);
    return STATUS_OK;
}

/* Reads the rows of a target_*.sql query into the arena and frees them. */
static enum status read_targets(struct store_rows *rows, struct arena *arena, struct target_row **targets,
                                int64_t *count, struct error *error)
{
    enum status status = STATUS_OK;
    *count = store_rows_count(rows);
    *targets = arena_allocate_array(arena, (size_t)*count, sizeof **targets);
    for (int64_t i = 0; i < *count && status == STATUS_OK; i++)
        status = target_row_read(rows, i, arena, &(*targets)[i], error);
    return status;
}

/* The columns of target_claim.sql behind those of the target. */
enum {
    CLAIMED_RUNNING = TARGET_ROW_COLUMNS,
    CLAIMED_SHA256,
    CLAIMED_HOPS_LEFT,
    CLAIMED_PLACE,
    CLAIMED_ON_TRIAL,
    CLAIMED_HEARD,
    CLAIMED_ASKED,
    CLAIMED_FAILED,
    CLAIMED_CANDIDATE /* offer_candidate */
};

struct candidate offer_candidate(const struct target_row *target, const char *running,
                                 const struct store_rows *rows, int64_t row, int first)
{
    return (struct candidate){.running = running,
                              .to = target->to_version,
                              .planned = store_rows_text(rows, row, first),
                              .requires = store_rows_text(rows, row, first + 1),
                              .stone = store_rows_text(rows, row, first + 2),
                              .ceiling = store_rows_text(rows, row, first + 3),
                              .room = store_rows_integer(rows, row, first + 4),
                              .largest = store_rows_integer(rows, row, first + 5)};
}

/* True, and the target has moved, when the device is not to be offered it: there already, on trial, or no
 * longer one that the campaign takes. */
static bool pass_over(struct offering *offering, struct target_row *target, const struct store_rows *rows,
                      int64_t row, struct changes *changes)
{
    const struct campaign *campaign = offering->campaign;
    struct target_timeouts timeouts = campaign_timeouts(campaign);
    const char *running = store_rows_text(rows, row, CLAIMED_RUNNING);
    bool is_on_trial = store_rows_boolean(rows, row, CLAIMED_ON_TRIAL);
    if (is_on_trial && strcmp(target->reason, ON_TRIAL) != 0) {
        target->reason = ON_TRIAL;
        target->not_before = campaign->clock + (double)timeouts.confirm;
        target_touch(changes, target);
        return true;
    }
    if (running != NULL && strcmp(running, target->to_version) == 0 && !is_on_trial) {
        target->hops_left = (int)store_rows_integer(rows, row, CLAIMED_HOPS_LEFT);
        if (target->hops_left == 0)
            target_move(changes, target, TARGET_EVENT_SKIP, "already_there", campaign->service_now,
                        &timeouts);
        else
            target_step(changes, target, "already_there", campaign->service_now, &timeouts);
        return true;
    }
    struct candidate candidate = offer_candidate(target, running, rows, row, CLAIMED_CANDIDATE);
    enum misfit misfit = is_on_trial ? MISFIT_NONE /* of what will not run for long */
                                     : eligibility_now(campaign, &offering->eligibility, &candidate);
    if (misfit == MISFIT_NONE)
        return false;
    /* What was to be tried again, and cannot be, is the failure that it was. */
    bool fails = store_rows_boolean(rows, row, CLAIMED_FAILED);
    target_move(changes, target, fails ? TARGET_EVENT_OFFLINE : TARGET_EVENT_SKIP, misfit_name(misfit),
                campaign->service_now, &timeouts);
    return true;
}

static enum status offer_one(struct offering *offering, struct target_row *target,
                             const struct store_rows *rows, int64_t row, struct changes *changes,
                             struct outbox *outbox, int64_t *offered, struct error *error)
{
    const struct campaign *campaign = offering->campaign;
    struct target_timeouts timeouts = campaign_timeouts(campaign);
    const char *running = store_rows_text(rows, row, CLAIMED_RUNNING);
    const char *sha256 = store_rows_text(rows, row, CLAIMED_SHA256);
    if (pass_over(offering, target, rows, row, changes))
        return STATUS_OK;
    /* What a rollback would lead back to: as the device said it, not as it stood when the campaign was
     * planned. */
    target->from_version = running != NULL ? arena_copy(changes->arena, running) : NULL;
    target->from_sha256 = sha256 != NULL ? arena_copy(changes->arena, sha256) : NULL;
    target->attempt++;
    char nonce[NONCE_SIZE];
    nonce_make(offering->engine->image_secret, campaign->wire_number, target->device, target->attempt, nonce);
    target->nonce = arena_copy(changes->arena, nonce);
    target->progress = 0;
    target->sent_at = campaign->now;
    target->place = arena_copy(changes->arena, store_rows_text(rows, row, CLAIMED_PLACE));
    if (!target_move(changes, target, TARGET_EVENT_OFFER, "", campaign->service_now, &timeouts))
        return error_set(error, STATUS_INTERNAL, "targets.state", "claimed a target that is not pending");
    (*offered)++;
    return put_offer(offering, target, changes->arena, outbox, error);
}

enum {
    PROBE_AFTER_SECONDS = 3600,
    ASKED_MAX = 1000 /* devices of a campaign that are asked at a time */
};

static int64_t probe_after(const struct engine *engine)
{
    return engine->probe_after_seconds > 0 ? engine->probe_after_seconds : PROBE_AFTER_SECONDS;
}

/* Asks the devices for a hello; empties the array. */
static enum status probe(struct store *store, struct array *devices, struct changes *changes,
                         struct outbox *outbox, struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows = NULL;
    enum status status = STATUS_OK;
    if (devices->count > 0) {
        store_put_text(&parameters, array_text(devices));
        status = store_run(store, &SQL_PRESENCE_PROBE, &parameters, &rows, error);
    }
    array_release(devices);
    if (rows != NULL)
        outbox_put_asks(outbox, changes->arena, rows);
    store_rows_free(rows);
    return status;
}

enum status offer_claim(const struct engine *engine, struct store *store, const struct campaign *campaign,
                        const struct claim *claim, struct changes *changes, struct outbox *outbox,
                        int64_t *claimed, int64_t *offered, struct error *error)
{
    *claimed = 0;
    *offered = 0;
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->number);
    store_put_integer(&parameters, claim->rows);
    store_put_text(&parameters, claim->zones);
    store_put_integer(&parameters, probe_after(engine));
    store_put_real(&parameters, campaign->clock);
    struct store_rows *rows;
    if (store_run(store, &SQL_TARGET_CLAIM, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    struct target_row *targets;
    struct offering offering;
    enum status status = read_targets(rows, changes->arena, &targets, claimed, error);
    if (status == STATUS_OK)
        status = begin_offering(engine, store, campaign, &offering, error);
    struct array strangers = {0};
    int64_t count = *claimed, asked = 0;
    for (int64_t i = 0; i < count && status == STATUS_OK; i++) {
        bool is_heard = store_rows_boolean(rows, i, CLAIMED_HEARD);
        if (is_heard && *offered < claim->wanted) {
            status = offer_one(&offering, &targets[i], rows, i, changes, outbox, offered, error);
            continue;
        }
        (*claimed)--;
        if (is_heard)
            continue;
        bool is_asked = store_rows_boolean(rows, i, CLAIMED_ASKED);
        if (!is_asked && asked < ASKED_MAX)
            array_put_text(&strangers, targets[i].device);
        asked++;
    }
    store_rows_free(rows);
    if (status == STATUS_OK)
        return probe(store, &strangers, changes, outbox, error);
    array_release(&strangers);
    return status;
}

enum { OFFER_RESEND_SECONDS_MIN = 3 };

/* Often enough that an offer that is lost does not make its device silent. */
static int64_t offer_resend_seconds(const struct engine *engine, const struct campaign *campaign)
{
    int64_t seconds = campaign->policy.offer_seconds / 3;
    if (seconds < OFFER_RESEND_SECONDS_MIN)
        seconds = campaign->policy.offer_seconds > OFFER_RESEND_SECONDS_MIN ? OFFER_RESEND_SECONDS_MIN : 1;
    return seconds < engine->offer_resend_seconds ? seconds : engine->offer_resend_seconds;
}

/* The columns of target_outbox.sql behind those of the target. */
enum { SENT_CAN = TARGET_ROW_COLUMNS, SENT_ON_TRIAL, SENT_RUNNING, SENT_CANDIDATE };

/* A device that has said meanwhile that it runs what this offer must not lead away from. One that runs what
 * it was offered says how that came. */
static bool fits_no_longer(const struct offering *offering, const struct target_row *target,
                           const struct store_rows *rows, int64_t row)
{
    const char *running = store_rows_text(rows, row, SENT_RUNNING);
    if (target->withdrawn || target->state > TARGET_DOWNLOADING || running == NULL ||
        strcmp(running, target->to_version) == 0 || store_rows_boolean(rows, row, SENT_ON_TRIAL))
        return false;
    struct candidate candidate = offer_candidate(target, running, rows, row, SENT_CANDIDATE);
    return eligibility_now(offering->campaign, &offering->eligibility, &candidate) != MISFIT_NONE;
}

enum status offer_resend(const struct engine *engine, struct store *store, const struct campaign *campaign,
                         int64_t limit, struct changes *changes, struct outbox *outbox, struct error *error)
{
    if (snapshot_in_flight(&campaign->snapshot) == 0)
        return STATUS_OK;
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->number);
    if (engine->is_between_sweeps)
        store_put_text(&parameters, NULL); /* only what has not been sent at all */
    else
        store_put_integer(&parameters, engine->offer_resend_seconds);
    store_put_integer(&parameters, limit);
    store_put_integer(&parameters, offer_resend_seconds(engine, campaign));
    struct store_rows *rows;
    if (store_run(store, &SQL_TARGET_OUTBOX, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    struct target_row *targets;
    struct offering offering;
    int64_t count = 0;
    enum status status = read_targets(rows, changes->arena, &targets, &count, error);
    if (status == STATUS_OK)
        status = begin_offering(engine, store, campaign, &offering, error);
    for (int64_t i = 0; i < count && status == STATUS_OK; i++) {
        struct target_row *target = &targets[i];
        bool knows = can_has(store_rows_text(rows, i, SENT_CAN), "nonce");
        target->sent_at = campaign->now;
        if (fits_no_longer(&offering, target, rows, i))
            target->withdrawn = true; /* the device answers, and is passed over as its turn comes again */
        target_touch(changes, target);
        if (target->withdrawn)
            outbox_put(outbox, changes->arena, target->device,
                       command_cancel(campaign->wire_number, target->attempt, knows ? target->nonce : NULL,
                                      changes->arena));
        else
            status = put_offer(&offering, target, changes->arena, outbox, error);
    }
    store_rows_free(rows);
    return status;
}
