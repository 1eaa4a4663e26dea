/* Which device has which fault: all are put in an order drawn by the seed, and each fault takes its exact
 * share from the front. So 10% of 200 devices are always 20, and always the same 20. */
#include <stdlib.h>
#include <string.h>

#include "fleet.h"

struct drawn {
    uint64_t order;
    uint32_t index;
};

static uint64_t mix(uint64_t value)
{
    value += 0x9E3779B97F4A7C15u;
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9u;
    value = (value ^ value >> 27) * 0x94D049BB133111EBu;
    return value ^ value >> 31;
}

static int compare(const void *left, const void *right)
{
    const struct drawn *a = left, *b = right;
    return a->order < b->order ? -1 : a->order > b->order;
}

bool fleet_faults_draw(struct fleet *fleet)
{
    const struct fleet_options *options = &fleet->options;
    struct drawn *drawn = calloc(options->devices, sizeof *drawn);
    uint32_t next = 0;

    if (drawn == NULL)
        return false;
    for (uint32_t i = 0; i < options->devices; i++)
        drawn[i] = (struct drawn){mix(mix(options->seed) + options->first + i), i};
    qsort(drawn, options->devices, sizeof *drawn, compare);
    for (int fault = FAULT_NONE + 1; fault < FAULT_COUNT; fault++) {
        uint32_t count = (uint32_t)(options->shares[fault] * options->devices + 0.5);
        for (; count > 0 && next < options->devices; count--) {
            uint32_t index = drawn[next++].index - fleet->begin; /* huge for one before it */
            if (index < fleet->count)
                fleet->devices[index].fault = (enum fleet_fault)fault;
        }
    }
    free(drawn);
    return true;
}

bool fleet_fault_strikes(const struct fleet_device *device, enum fleet_fault fault, const char *version,
                         bool is_rollback)
{
    const char *only = device->fleet->options.fault_version;
    return device->fault == fault && !is_rollback && (only == NULL || strcmp(only, version) == 0);
}
