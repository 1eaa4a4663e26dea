/* Which waves of a campaign stand on a screen that has not enough lines for all: passed ones before, and
 * pending ones after those that show, become one line each kind. No terminal, as watch_view. */
#ifndef CTL_WATCH_FOLD_H
#define CTL_WATCH_FOLD_H

#include <jansson.h>

/* How many waves are folded: the first of the passed ones, the last of the pending ones. 0, or 2 and more. */
struct watch_fold {
    int passed, pending;
};

/* Lines for the waves of a campaign: all of them, and when everything is folded that may be. */
int watch_fold_most(const json_t *campaign);
int watch_fold_least(const json_t *campaign);

/* The fold that needs at most `lines` (but watch_fold_least where that is more). Waves next to those that are
 * open, soak or have failed stay as long as they can. */
struct watch_fold watch_fold_into(const json_t *campaign, int lines);

#endif
