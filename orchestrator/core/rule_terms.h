/* What the rules of both version schemes (version_rule, semver_rule) share: operators, and how terms are
 * joined. */
#ifndef CORE_RULE_TERMS_H
#define CORE_RULE_TERMS_H

#include <stdbool.h>

#include "status.h"
#include "version_scanner.h"

enum version_operator {
    VERSION_EQUAL,
    VERSION_NOT_EQUAL,
    VERSION_LESS,
    VERSION_LESS_OR_EQUAL,
    VERSION_GREATER,
    VERSION_GREATER_OR_EQUAL
};

/* Whether `operator_` holds for a version whose comparison with the term's gave `difference` (as strcmp). */
bool version_operator_holds(enum version_operator operator_, int difference);

/* What stands before the version of a term. */
struct rule_term {
    enum version_operator operator_;
    bool has_operator; /* false: nothing was written, which means "=" */
    bool starts_group; /* the first term, or one after "||" */
};

/* Reads the version of one term at the scanner's place, up to its last character, into `context`. */
typedef enum status (*rule_term_reader)(struct version_scanner *scanner, const struct rule_term *term,
                                        void *context, struct error *error);

/* Reads a whole rule and calls `read_term` for each term; not at all for the empty rule and `*`. At most
 * `text_max` characters and `terms_max` terms are allowed. On STATUS_INVALID the message names the place. */
enum status rule_scan(const char *what, const char *text, int text_max, int terms_max,
                      rule_term_reader read_term, void *context, struct error *error) MUST_CHECK;

#endif
