/* Versions as the agent needs them: `[v|b]N.N.NtPTYPE(o|l|a|n)`, for example v1.1.0t45772(a). */
#ifndef FOTA_VERSION_H
#define FOTA_VERSION_H

#include <stdbool.h>
#include <stdint.h>

struct fota_version {
    uint32_t
        order; /* value times 2, plus 1 when formal: a beta sorts before the formal version of its value */
    uint32_t ptype;  /* 0 to 2147483647 */
    char fota_class; /* 'o' online, 'l' local, 'a' both, 'n' neither */
};

/* False: `text` (with a zero byte) is not a version in canonical form. */
bool fota_version_parse(const char *text, struct fota_version *version);

/* Whether devices may be updated to it over the network. */
bool fota_version_is_online(const struct fota_version *version);

#endif
