/* Version rules: which running versions a selector takes.
 *
 *   rule  = group { "||" group }        any group may match
 *   group = term { [","] term }         all terms must match
 *   term  = [ "=" | "!=" | "<" | "<=" | ">" | ">=" ] [ "v" | "b" ] N.N.N [ "tPTYPE(C)" ]
 *
 * No operator means "=". With `v` or `b` the comparison is with that very version (b1.1.0 < v1.1.0); without,
 * by value only, so that `=1.0.5` takes v1.0.5 and b1.0.5. A tail `tPTYPE(C)` is read and must name the ptype
 * of the rule's user; the class does not count. The empty rule and `*` match everything. */
#ifndef CORE_VERSION_RULE_H
#define CORE_VERSION_RULE_H

#include <stdbool.h>

#include "rule_terms.h"
#include "version.h"

struct version_term {
    enum version_operator operator_;
    char type; /* 'v', 'b', or 0 for either */
    int value; /* 0 to 999 */
    bool starts_group;
};

#define VERSION_RULE_TERMS_MAX 16
#define VERSION_RULE_TEXT_MAX 256

struct version_rule {
    struct version_term terms[VERSION_RULE_TERMS_MAX];
    int count; /* 0 matches everything */
};

/* Reads a rule for devices of `ptype`; pass -1 when it is not known. On STATUS_INVALID the message names the
 * place. */
enum status version_rule_parse(const char *text, int ptype, struct version_rule *rule,
                               struct error *error) MUST_CHECK;

bool version_rule_matches(const struct version_rule *rule, const struct version *version);

/* A rule for the versions of a product: of the seed's kind, or of semver's (semver.h), as its scheme is. */
struct scheme_rule {
    enum version_scheme scheme;
    union {
        struct version_rule seed;
        struct semver_rule semver;
    };
};

/* `ptype` as in version_rule_parse; rules of semver's kind name none. */
enum status scheme_rule_parse(const char *text, enum version_scheme scheme, int ptype,
                              struct scheme_rule *rule, struct error *error) MUST_CHECK;

/* A version of the other scheme never matches. */
bool scheme_rule_matches(const struct scheme_rule *rule, const struct version *version);

#endif
