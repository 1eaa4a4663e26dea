#include "one_device.h"

#include <stdio.h>
#include <string.h>

void one_device_policy(struct policy *policy)
{
    policy_defaults(policy);
    snprintf(policy->name, sizeof policy->name, "one-device");
    policy->waves[0].gate.min_sample = 1;
    policy->waves[0].gate.count_rejected = true;
}

/* The version as a part of a name: 110 or, without build metadata, the beginning of 1.4.0-rc.1. */
static void name_version(const struct version *version, char text[20])
{
    if (version->scheme == VERSION_SEED)
        snprintf(text, 20, "%d", version_value(version));
    else
        snprintf(text, 20, "%.*s", (int)strcspn(version->semver.text, "+"), version->semver.text);
}

void one_device_campaign(const char *device, const struct version *version, int64_t seconds,
                         char name[NAME_MAX_LENGTH + 1])
{
    char rest[48], short_version[20];
    name_version(version, short_version);
    int length = snprintf(rest, sizeof rest, "-%s-%lld", short_version, (long long)seconds);
    size_t room = NAME_MAX_LENGTH - strlen("upgrade-") - (size_t)length;
    size_t id = strlen(device);
    snprintf(name, NAME_MAX_LENGTH + 1, "upgrade-%s%s", device + (id > room ? id - room : 0), rest);
}
