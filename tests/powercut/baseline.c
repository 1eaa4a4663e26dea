/* Devices whose boot loader or agents are older: code of the baseline (tests/baseline) goes on with what this
 * version has written, and this version with what the baseline has. */
#include "world.h"

extern const struct device_code baseline_code;

#define OLD &baseline_code
#define NEW &device_code

const struct world_codes world_codes[] = {
    {"old boot loader, old, new, old: ", OLD, {OLD, NEW, OLD}},
    {"old boot loader, new, old, new: ", OLD, {NEW, OLD, NEW}},
    {"new boot loader, new, old, new: ", NEW, {NEW, OLD, NEW}},
    {"old boot loader, old, new, new: ", OLD, {OLD, NEW, NEW}},
    {"old boot loader, new, new, old: ", OLD, {NEW, NEW, OLD}},
};
const int world_codes_count = sizeof world_codes / sizeof world_codes[0];
