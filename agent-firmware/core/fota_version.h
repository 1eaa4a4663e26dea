/* Versions as the agent needs them, of both schemes: `[v|b]N.N.NtPTYPE(o|l|a|n)` as in v1.1.0t45772(a), and
 * `SEMVERtPTYPE(o|l|a|n)` as in 1.4.0-rc.1t45772(a), with a semantic version (semver.org 2.0.0, strictly). */
#ifndef FOTA_VERSION_H
#define FOTA_VERSION_H

#include <stdbool.h>
#include <stdint.h>

#define FOTA_VERSION_LENGTH 63u /* characters, at most */

struct fota_version {
    uint32_t ptype;  /* 0 to 2147483647 */
    char fota_class; /* 'o' online, 'l' local, 'a' both, 'n' neither */
    bool is_semver;
    uint32_t
        order; /* value times 2, plus 1 when formal: a beta sorts before the formal version of its value */
    const char *semver; /* of a semantic version: the text it was read from, not kept */
    uint32_t length;    /* how much of it is the semantic version */
};

/* False: `text` (with a zero byte) is not a version in canonical form. */
bool fota_version_parse(const char *text, struct fota_version *version);

/* Whether `a` comes after `b`; never where the two are of different schemes. Product type, class and build
 * metadata do not count. The texts that semantic versions were read from must still be there. */
bool fota_version_is_newer(const struct fota_version *a, const struct fota_version *b);

/* Whether devices may be updated to it over the network. */
bool fota_version_is_online(const struct fota_version *version);
/* The same over the LAN. */
bool fota_version_is_local(const struct fota_version *version);

#endif
