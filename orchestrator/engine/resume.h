/* Going on after a pause or a halt. */
#ifndef ENGINE_RESUME_H
#define ENGINE_RESUME_H

#include "campaign.h"

struct resume {
    const char *actor, *reason; /* for the audit */
    bool accepts_no_success;    /* a wave without a success passes all the same */
    bool only_plan;             /* nothing is done */
    char *plan;                 /* what is, or would be, done: one sentence for operators */
    size_t plan_size;
};

/* Resumes a paused or halted campaign. The failures so far of a wave that has failed are excused. Where its
 * gate would halt again at once, since all members have ended and too few (or none) succeeded, members are
 * tried again: those that were rejected or skipped, since nothing was wrong with the release; where there are
 * none, those that failed. STATUS_CONFLICT says why it cannot go on. */
enum status campaign_resume(struct store *store, struct campaign *campaign, struct resume *resume,
                            struct error *error) MUST_CHECK;

#endif
