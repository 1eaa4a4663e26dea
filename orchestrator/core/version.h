/* Firmware versions of both schemes.
 *
 *   seed    `[v|b]N.N.NtPTYPE(o|l|a|n)`, as in v1.1.0t45772(a) (the seed's appendix I.I)
 *   semver  `SEMVERtPTYPE(o|l|a|n)`, as in 1.4.0-rc.1t45772(a): a semantic version (semver.h), for products
 *           that do without the seed's rules
 *
 * The first character tells which: v or b, or a digit. All products of a ptype have one scheme, so versions
 * of different schemes never meet. */
#ifndef CORE_VERSION_H
#define CORE_VERSION_H

#include <stdbool.h>

#include "semver.h"
#include "status.h"

#define VERSION_TEXT_SIZE 64   /* longest text and its zero byte */
#define VERSION_ORDER_SIZE 192 /* longest key (version_order) and its zero byte */
#define PTYPE_MAX 2147483647

#define VERSION_SCHEME_LIST(X) X(VERSION_SEED, "seed") X(VERSION_SEMVER, "semver")

enum version_scheme {
#define X(name, text) name,
    VERSION_SCHEME_LIST(X)
#undef X
};

const char *version_scheme_name(enum version_scheme scheme);
bool version_scheme_parse(const char *text, enum version_scheme *scheme);

/* By the first character alone; the text need not be a version. */
enum version_scheme version_scheme_of(const char *text);

struct version {
    enum version_scheme scheme;
    int ptype;       /* product type, 0 to PTYPE_MAX */
    char fota_class; /* 'o' online, 'l' local, 'a' both, 'n' neither */
    char type;       /* seed: 'v' formal or 'b' beta */
    int major;       /* seed: 0 to 9, as the next two */
    int minor;
    int revision;
    struct semver semver; /* semver: what stands before the `t` */
};

/* Reads a version of either scheme, or of the one that is asked for; at most 63 characters. Of the seed's,
 * the canonical form or the template's form with a dot before `t` (v1.1.0.t45772(a)). Of semver's, from the
 * end: the class, the last `t` with the ptype, and all before it is the semantic version. On STATUS_INVALID
 * the message names the character at fault, its position, and what is allowed there. */
enum status version_parse(const char *text, struct version *version, struct error *error) MUST_CHECK;
enum status version_parse_as(enum version_scheme scheme, const char *text, struct version *version,
                             struct error *error) MUST_CHECK;

/* Reads a version without ptype and class, such as a product's ceiling: v1.4.0, b1.4.0, 1.4.0 (which is
 * v1.4.0) in the seed's scheme, a semantic version of at most 40 characters in the other. ptype is 0 and the
 * class 'a' then. */
enum status version_parse_value(enum version_scheme scheme, const char *text, struct version *version,
                                struct error *error) MUST_CHECK;

/* Writes the canonical form; the second one that of version_parse_value. */
void version_format(const struct version *version, char text[VERSION_TEXT_SIZE]);
void version_format_value(const struct version *version, char text[VERSION_TEXT_SIZE]);

/* Of the seed's scheme: major * 100 + minor * 10 + revision, 0 to 999. */
int version_value(const struct version *version);

/* Order within one scheme and ptype. Seed: by value; a beta comes before the formal release of its value.
 * Semver: precedence (semver_compare). FOTA class, ptype and build metadata do not count. Negative, 0 or
 * positive like strcmp. */
int version_compare(const struct version *a, const struct version *b);

/* The same order as a text: byte by byte (strcmp, COLLATE "C"), keys of one scheme compare as
 * version_compare does. It is what the database sorts by and keeps unique (version_order.c has the format).
 */
void version_order(const struct version *version, char key[VERSION_ORDER_SIZE]);

/* Whether devices can be upgraded to it online (class o or a), over the LAN (l or a), and at all (o, l or a).
 */
bool version_is_online(const struct version *version);
bool version_is_local(const struct version *version);
bool version_is_fota(const struct version *version);

/* Whether the two may be stored together: in one ptype at most one FOTA-capable version and at most one
 * non-FOTA version per value (seed, appendix I.II) or precedence (semver), and all of one scheme. */
bool version_coexists(const struct version *a, const struct version *b);

#endif
