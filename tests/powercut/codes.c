/* A device of this version alone. */
#include "world.h"

const struct world_codes world_codes[] = {{"", &device_code, {&device_code, &device_code, &device_code}}};
const int world_codes_count = 1;
