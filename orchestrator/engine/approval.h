/* Approvals: what a policy lets nobody start alone. */
#ifndef ENGINE_APPROVAL_H
#define ENGINE_APPROVAL_H

#include "campaign.h"

#define APPROVAL_OF_START "" /* the point; else the name of a wave */

/* How many approvals the policy still wants before this point. */
enum status approval_missing(struct store *store, const struct campaign *campaign, const char *point,
                             int64_t *missing, struct error *error) MUST_CHECK;

#endif
