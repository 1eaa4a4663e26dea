#include "device_rate.h"

#include <stdlib.h>

enum { BUCKETS = 4096, DEVICES = 4 };

/* One line of the processor's cache. */
struct bucket {
    uint64_t devices[DEVICES];
    uint32_t counts[DEVICES];
    int64_t minute;
};

struct device_rate {
    struct bucket buckets[BUCKETS];
};

struct device_rate *device_rate_create(void)
{
    return calloc(1, sizeof(struct device_rate));
}

void device_rate_destroy(struct device_rate *rate)
{
    free(rate);
}

uint32_t device_rate_count(struct device_rate *rate, uint64_t device, int64_t minute)
{
    struct bucket *bucket = &rate->buckets[device % BUCKETS];
    int unused = -1;
    if (bucket->minute != minute)
        *bucket = (struct bucket){.minute = minute};
    for (int i = 0; i < DEVICES; i++) {
        if (bucket->counts[i] == 0)
            unused = i;
        else if (bucket->devices[i] == device)
            return ++bucket->counts[i];
    }
    if (unused >= 0) {
        bucket->devices[unused] = device;
        return bucket->counts[unused] = 1;
    }
    for (int i = 0; i < DEVICES; i++)
        bucket->counts[i]--;
    return 0;
}
