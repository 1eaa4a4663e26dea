#include "database_clock.h"

void database_clock_note(struct database_clock *clock, int64_t moment, int64_t from, int64_t to)
{
    int64_t lowest = moment / 1000 - to, highest = moment / 1000 - from;
    int64_t ahead = atomic_load(&clock->ahead);
    if (ahead == 0)
        ahead = lowest + (highest - lowest) / 2;
    else if (ahead < lowest)
        ahead = lowest;
    else if (ahead > highest)
        ahead = highest;
    atomic_store(&clock->ahead, ahead != 0 ? ahead : 1);
}

bool database_clock_read(const struct database_clock *clock, int64_t at, int64_t *now)
{
    int64_t ahead = atomic_load(&clock->ahead);
    *now = at + ahead;
    return ahead != 0;
}
