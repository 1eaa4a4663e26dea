/* Stepping stones of a campaign: which releases a device goes through on its way. */
#ifndef ENGINE_PATHS_H
#define ENGINE_PATHS_H

#include "campaign.h"
#include "path.h"

/* The releases of the campaign's ptype up to its firmware, with the ways between them. */
struct paths {
    struct path_release *releases; /* rising; the last one is the goal */
    int64_t *numbers;              /* firmware_id of each */
    size_t count;
};

/* In the arena. Releases that cannot be offered (no images for both slots, not for online upgrades, not
 * signed where a product asks for it) are no stepping stones. */
enum status paths_load(struct store *store, const struct campaign *campaign, struct arena *arena,
                       struct paths *paths, struct error *error) MUST_CHECK;

/* Whether a device that runs the version can get to the goal. */
bool paths_reach(const struct paths *paths, const struct version *from);

/* Notes the ways of a campaign that have more than one hop, by what devices run (`versions`, as texts),
 * unless they are noted already: targets written from now on (engine/fill) are offered their next hop only.
 */
enum status paths_note(struct store *store, const struct campaign *campaign, const struct paths *paths,
                       char **versions, size_t count, struct error *error) MUST_CHECK;

/* The same for targets that are written: those of `devices` (PostgreSQL's text of an array) begin anew with
 * what they run. */
enum status paths_begin(struct store *store, const struct campaign *campaign, const char *devices,
                        struct error *error) MUST_CHECK;

/* [{"from", "hops": [...]}] of those that have more than one hop. */
char *paths_format(const struct paths *paths, char **versions, size_t count, struct arena *arena);

#endif
