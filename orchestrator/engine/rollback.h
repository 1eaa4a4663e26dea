/* Going back: what a rollback of a campaign would do, and the campaign that does it. */
#ifndef ENGINE_ROLLBACK_H
#define ENGINE_ROLLBACK_H

#include "audit_detail.h"
#include "campaign.h"

struct rollback_numbers {
    int64_t devices;                /* that go back, or may: what is in flight has not ended yet */
    char detail[AUDIT_DETAIL_SIZE]; /* flip, download, bytes, left_out by reason */
};

/* What a rollback of `campaign` would do now. */
enum status rollback_count(struct store *store, const struct campaign *campaign,
                           struct rollback_numbers *numbers, struct error *error) MUST_CHECK;

/* Makes the campaign that takes the devices of `campaign` (rolling back, nothing in flight) back to what they
 * ran before. */
enum status rollback_make(struct store *store, const struct campaign *campaign,
                          struct error *error) MUST_CHECK;

/* Writes the targets of a rollback, by the same judgement. numbers->devices are those written; `left_out`
 * says in words whom it could not take, "" for nobody. */
enum status rollback_to_targets(struct store *store, const struct campaign *rollback,
                                struct rollback_numbers *numbers, char *left_out, size_t size,
                                struct error *error) MUST_CHECK;

#endif
