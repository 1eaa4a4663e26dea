/* Firmware versions by the seed's rules (appendix I.I): `[v|b]N.N.NtPTYPE(o|l|a|n)`, as in v1.1.0t45772(a).
 */
#ifndef CORE_VERSION_H
#define CORE_VERSION_H

#include <stdbool.h>

#include "status.h"

#define VERSION_TEXT_SIZE 24 /* longest canonical form and its zero byte */
#define PTYPE_MAX 2147483647

struct version {
    char type;       /* 'v' formal or 'b' beta */
    int major;       /* 0 to 9 */
    int minor;       /* 0 to 9 */
    int revision;    /* 0 to 9 */
    int ptype;       /* product type, 0 to PTYPE_MAX */
    char fota_class; /* 'o' online, 'l' local, 'a' both, 'n' neither */
};

/* Reads the canonical form, or the template's form with a dot before `t` (v1.1.0.t45772(a)). On
 * STATUS_INVALID the message names the character at fault, its position, and what is allowed there. */
enum status version_parse(const char *text, struct version *version, struct error *error) MUST_CHECK;

/* Writes the canonical form. */
void version_format(const struct version *version, char text[VERSION_TEXT_SIZE]);

/* major * 100 + minor * 10 + revision: 0 to 999. */
int version_value(const struct version *version);

/* Order within one ptype: by value; a beta comes before the formal release of its value. FOTA class and ptype
 * do not count. Negative, 0 or positive like strcmp. */
int version_compare(const struct version *a, const struct version *b);

/* Whether devices can be upgraded online to it (class o or a), and whether it supports FOTA at all (o, l or
 * a). */
bool version_is_online(const struct version *version);
bool version_is_fota(const struct version *version);

/* Whether the two may be stored together (appendix I.II): in one ptype at most one FOTA-capable version and
 * at most one non-FOTA version per value. */
bool version_coexists(const struct version *a, const struct version *b);

#endif
