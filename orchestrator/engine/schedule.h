/* A campaign's start and end by the clock. */
#ifndef ENGINE_SCHEDULE_H
#define ENGINE_SCHEDULE_H

#include "campaign.h"

/* Whether start and end make sense together, and the end is to come by the database's clock. error->field is
 * "end_at". */
enum status schedule_check(struct store *store, const struct schedule *schedule,
                           struct error *error) MUST_CHECK;

/* The parameters start, end and what happens then of campaign_create.sql. */
void schedule_put(struct store_parameters *parameters, const struct schedule *schedule);

/* What the clock asks for: cancels or pauses a campaign whose end has come. *waits when it is not to be
 * planned yet, which its state_reason then says. */
enum status schedule_apply(struct store *store, struct campaign *campaign, bool *waits,
                           struct error *error) MUST_CHECK;

/* An operator lets it go on after its end. */
enum status schedule_forget_end(struct store *store, struct campaign *campaign,
                                struct error *error) MUST_CHECK;

#endif
