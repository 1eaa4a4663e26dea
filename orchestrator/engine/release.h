/* What an upload and the commands on a release share. */
#ifndef ENGINE_RELEASE_H
#define ENGINE_RELEASE_H

#include <stdint.h>

#include "store.h"

/* Inside a transaction: until its end no other upload, deletion or change of a current release goes on. */
enum status release_lock_catalogue(struct store *store, struct error *error) MUST_CHECK;

/* What is to be done with a release. */
enum release_use {
    RELEASE_STORED,    /* uploaded, or made current: no product of its ptype may have a ceiling below it */
    RELEASE_ROLLED_OUT /* a campaign: at least one product must take it; the planner leaves the others out */
};

/* Whether the products of its ptype take the version (in canonical form): there are any, they have its
 * scheme, and their ceilings are not below it. */
enum status release_check_products(struct store *store, const char *version, enum release_use use,
                                   struct error *error) MUST_CHECK;

/* Makes it the current release of its ptype, with its audit row. The catalogue is locked. */
enum status release_make_current(struct store *store, const char *actor, int64_t firmware, int ptype,
                                 const char *version, const char *reason, struct error *error) MUST_CHECK;

#endif
