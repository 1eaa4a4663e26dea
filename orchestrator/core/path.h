/* Stepping stones: the way from what a device runs to a release that may not be gone to straight (its
 * `requires`). */
#ifndef CORE_PATH_H
#define CORE_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "version.h"

/* Releases of one ptype and scheme, in rising order. */
struct path_release {
    struct version version;
    bool has_requires;
    struct version requires; /* the lowest version that may go straight to it */
    int hops;                /* filled by path_plan: from it to the goal; -1: there is no way */
};

/* Finds the shortest way from every release to the last one, the goal. */
void path_plan(struct path_release *releases, size_t count);

/* The next release for a device that runs `from`: on a shortest way, and of several the highest; -1 when
 * there is no way. After it has booted it is asked for again, until it is the goal. */
int path_next(const struct path_release *releases, size_t count, const struct version *from);

#endif
