#include "eligibility.h"

#include <string.h>

#include "names.h"

static const char *const names[] = {
#define X(name, text) [name] = text,
    MISFIT_LIST(X)
#undef X
};

const char *misfit_name(enum misfit misfit)
{
    return names[misfit];
}

bool misfit_is_reason(const char *reason)
{
    int misfit;
    return name_find(names, NAME_COUNT(names), reason, &misfit) && misfit != MISFIT_NONE;
}

enum status eligibility_read(const struct campaign *campaign, struct eligibility *eligibility,
                             struct error *error)
{
    struct version *firmware = &eligibility->firmware;
    if (campaign->is_rollback)
        return STATUS_OK;
    if (version_parse(campaign->firmware_version, firmware, error) != STATUS_OK)
        return error->status;
    return scheme_rule_parse(campaign->from_rule, firmware->scheme, campaign->ptype, &eligibility->rule,
                             error);
}

enum status eligibility_load(struct store *store, const struct campaign *campaign, struct arena *arena,
                             struct eligibility *eligibility, struct error *error)
{
    if (eligibility_read(campaign, eligibility, error) != STATUS_OK)
        return error->status;
    return paths_load(store, campaign, arena, &eligibility->paths, error);
}

/* Updates only go up, and `is_begun` devices have left what --from takes. */
static enum misfit judge_version(const struct eligibility *eligibility, const struct version *running,
                                 bool is_begun)
{
    if (running->ptype != eligibility->firmware.ptype)
        return MISFIT_WRONG_PTYPE;
    if (running->scheme != eligibility->firmware.scheme ||
        version_compare(running, &eligibility->firmware) >= 0)
        return MISFIT_NOT_NEWER;
    if (!version_is_online(running))
        return MISFIT_NOT_FOTA;
    return is_begun || scheme_rule_matches(&eligibility->rule, running) ? MISFIT_NONE : MISFIT_FROM;
}

enum misfit eligibility_of(const struct eligibility *eligibility, const char *text)
{
    struct version running;
    if (text == NULL || version_parse(text, &running, NULL) != STATUS_OK)
        return MISFIT_NOT_NEWER;
    enum misfit misfit = judge_version(eligibility, &running, false);
    if (misfit == MISFIT_NONE && !paths_reach(&eligibility->paths, &running))
        misfit = MISFIT_NO_PATH;
    return misfit;
}

static bool is_same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* Whether `to` may be gone to straight. */
static bool leads(const struct version *running, const struct candidate *candidate)
{
    struct version to, least;
    return version_parse(candidate->to, &to, NULL) == STATUS_OK && version_compare(running, &to) < 0 &&
           (candidate->requires == NULL || (version_parse(candidate->requires, &least, NULL) == STATUS_OK &&
                                            version_compare(running, &least) >= 0));
}

enum misfit eligibility_now(const struct campaign *campaign, const struct eligibility *eligibility,
                            const struct candidate *candidate)
{
    struct version running, ceiling;
    if (campaign->is_rollback)
        return candidate->planned == NULL || is_same(candidate->running, candidate->planned)
                   ? MISFIT_NONE
                   : MISFIT_OTHER_VERSION;
    if (candidate->running == NULL || version_parse(candidate->running, &running, NULL) != STATUS_OK)
        return MISFIT_NOT_NEWER;
    enum misfit misfit = judge_version(eligibility, &running, is_same(candidate->running, candidate->stone));
    if (misfit != MISFIT_NONE)
        return misfit;
    if (!leads(&running, candidate))
        return MISFIT_NO_PATH;
    enum version_scheme scheme = eligibility->firmware.scheme;
    if (candidate->ceiling != NULL &&
        version_parse_value(scheme, candidate->ceiling, &ceiling, NULL) == STATUS_OK &&
        version_compare(&eligibility->firmware, &ceiling) > 0)
        return MISFIT_ABOVE_CEILING;
    return candidate->room > 0 && candidate->largest > candidate->room ? MISFIT_TOO_LARGE : MISFIT_NONE;
}
