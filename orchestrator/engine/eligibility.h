/* Whether a device may be updated to a firmware by what it runs: asked when the membership is frozen, when
 * the turn of a device comes that another campaign had, and once more at each offer. Version rules are
 * decided here and nowhere else. */
#ifndef ENGINE_ELIGIBILITY_H
#define ENGINE_ELIGIBILITY_H

#include "campaign.h"
#include "paths.h"
#include "version_rule.h"

/* What a campaign asks of the version that a device runs. */
struct eligibility {
    struct version firmware;
    struct scheme_rule rule;
    struct paths paths; /* empty where only offers are judged */
};

/* The paths live in the arena. */
enum status eligibility_load(struct store *store, const struct campaign *campaign, struct arena *arena,
                             struct eligibility *eligibility, struct error *error) MUST_CHECK;

/* Without the paths, and so without a query. Nothing is asked in a rollback. */
enum status eligibility_read(const struct campaign *campaign, struct eligibility *eligibility,
                             struct error *error) MUST_CHECK;

/* Why a device is not offered the firmware: the reason of its target. */
#define MISFIT_LIST(X)                                                                                       \
    X(MISFIT_NONE, "")                                                                                       \
    X(MISFIT_NOT_NEWER, "not_newer") /* it runs the firmware's version, a higher one, or one of              \
                                        another scheme */                                                    \
    X(MISFIT_WRONG_PTYPE, "wrong_ptype")                                                                     \
    X(MISFIT_NOT_FOTA, "not_fota")           /* the class of what it runs takes no updates from afar */      \
    X(MISFIT_FROM, "not_in_from")            /* --from does not take what it runs */                         \
    X(MISFIT_NO_PATH, "no_path")             /* no stepping stone leads from there to the firmware */        \
    X(MISFIT_ABOVE_CEILING, "above_ceiling") /* of its product */                                            \
    X(MISFIT_TOO_LARGE, "too_large")         /* for its flash map */                                         \
    X(MISFIT_OTHER_VERSION, "runs_another_version") /* than the one that a rollback leads away from */

enum misfit {
#define X(name, text) name,
    MISFIT_LIST(X)
#undef X
};

const char *misfit_name(enum misfit misfit);

/* Whether a target's reason is one of these. */
bool misfit_is_reason(const char *reason);

/* By the version alone, for a device that has not begun: NULL is no version. MISFIT_NO_PATH when only the way
 * is missing. */
enum misfit eligibility_of(const struct eligibility *eligibility, const char *version);

/* A target whose turn has come, and its device as it is now. Texts may be NULL where nothing is known. */
struct candidate {
    const char *running;  /* what the device runs */
    const char *planned;  /* what it ran when the target was written, or at its last offer */
    const char *to;       /* what it is to be offered: the firmware, or a stepping stone */
    const char *requires; /* the lowest version that may go to that */
    const char *stone;    /* the stepping stone that it has reached; NULL: none yet */
    const char *ceiling;  /* the highest version of its product */
    int64_t room;         /* bytes of the largest image that its flash map takes; 0: not known */
    int64_t largest;      /* bytes of the largest image that it is, or will be, offered */
};

/* Whether the next offer may go to the device. The way is that of the plan: a device that has left it is not
 * led back. Not asked of a device that runs `to` already. */
enum misfit eligibility_now(const struct campaign *campaign, const struct eligibility *eligibility,
                            const struct candidate *candidate);

#endif
