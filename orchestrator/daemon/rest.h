/* How long the ticker rests between its looks. All times are in milliseconds. */
#ifndef DAEMON_REST_H
#define DAEMON_REST_H

#include <stdbool.h>

enum {
    REST_LEAST = 10, /* between two looks at the campaigns; each batch asks for one */
    REST_TIMES = 10, /* and so many times what a look takes, up to */
    REST_MOST = 50,
    SWEEP_REST = 200,      /* between two looks at deadlines and the like, while there is much to do */
    SWEEP_REST_TIMES = 10, /* and so many times what such a look takes: it reads all that is in flight */
    /* But not more, since a look may take long for other reasons, and less while there is much to do. */
    SWEEP_REST_MOST = 2000,
    SWEEP_REST_MOST_WITH_MORE = 500
};

/* How long to pause after a look that took so long. */
int rest_after_look(long long took);

/* When the next sweep is due, after one that began and ended then. `rest` is what lies between the beginnings
 * of two sweeps that are quick; `more`: the look has left something to do at once. */
long long rest_next_sweep(long long began, long long ended, int rest, bool more);

#endif
