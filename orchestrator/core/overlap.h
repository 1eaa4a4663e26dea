/* What a campaign does about devices that are in another live campaign.
 *
 * Campaigns have an order: the higher priority first, of equal ones the one created first. A device belongs
 * to the first campaign in that order that has it, unless another one has an offer out to it: that one is let
 * end, or withdrawn by a campaign of higher priority that takes over. Every other campaign that has it waits.
 * The order is total, so that no two campaigns wait for each other. */
#ifndef CORE_OVERLAP_H
#define CORE_OVERLAP_H

#include <stdbool.h>

#define OVERLAP_LIST(X)                                                                                      \
    X(OVERLAP_LEAVE_OUT, "leave-out") /* they are no members */                                              \
    X(OVERLAP_REFUSE, "refuse")       /* it does not start while there are any */                            \
    X(OVERLAP_QUEUE, "queue")         /* they are members and wait for their turn */                         \
    X(OVERLAP_TAKE_OVER, "take-over") /* the same, and what lower priorities have out to them is withdrawn   \
                                       */

enum overlap {
#define X(name, text) name,
    OVERLAP_LIST(X)
#undef X
};

enum { PRIORITY_MAX = 100, PRIORITY_DEFAULT = 50 };

const char *overlap_name(enum overlap overlap);
/* False, and *overlap untouched, when the text is none of the names. */
bool overlap_parse(const char *text, enum overlap *overlap);

/* Whether devices of other live campaigns become members. */
bool overlap_waits(enum overlap overlap);

#endif
