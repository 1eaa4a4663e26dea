/* Windows of a campaign at work: which time zones may be offered something now. */
#ifndef ENGINE_ZONES_H
#define ENGINE_ZONES_H

#include "array.h"
#include "campaign.h"

struct zones {
    bool limited;      /* the policy has windows; else every zone is open */
    int64_t count;     /* of the zones that the campaign's targets live in */
    struct array open; /* their names, as targets.time_zone has them. Release with array_release */
    int64_t open_count;
    /* When none is open: the next opening that really comes, by the clock of its zone and in UTC, such as
     * "mon 02:10 Europe/Berlin, 2027-03-29 00:10 UTC". */
    char next[80];
};

/* By the campaign's clock (campaign->now). */
enum status zones_look(struct store *store, const struct campaign *campaign, struct zones *zones,
                       struct error *error) MUST_CHECK;

/* Notes the time zones of a campaign's targets that have just been written: those at positions after the
 * first and up to the second. */
enum status zones_note(struct store *store, const struct campaign *campaign, int64_t after, int64_t up_to,
                       struct error *error) MUST_CHECK;

/* Whether the database knows the policy's time zones. STATUS_INVALID names the one it does not. */
enum status zones_check(struct store *store, const struct policy *policy, struct error *error) MUST_CHECK;

#endif
