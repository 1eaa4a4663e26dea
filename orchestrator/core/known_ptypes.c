#include "known_ptypes.h"

const struct known_ptype known_ptypes[] = {
    {2355, "Remote", "app"},
    {3835, "Flammable Gas", "app"},
    {12335, "Sensor (humiture)", "IoT_Demo, app, guide"},
    {23701, "Smart Plug", "IoT_Demo, app"},
    {27388, "Common Sensor", "guide"},
    {43902, "Soundbox", "app"},
    {45772, "Smart Light (Lighting)", "guide, IoT_Demo, app"},
    {47446, "Plugs", "app"},
    {68574, "Voltage", "app"},
};
const size_t known_ptype_count = sizeof known_ptypes / sizeof known_ptypes[0];
