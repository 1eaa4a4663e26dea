/* Versions of products outside the seed's rules: Semantic Versioning 2.0.0 (semver.org), read strictly:
 * MAJOR.MINOR.PATCH[-PRERELEASE][+BUILD], as in 1.4.0-rc.1+77. Numbers may be of any size. */
#ifndef CORE_SEMVER_H
#define CORE_SEMVER_H

#include <stdbool.h>

#include "rule_terms.h"
#include "status.h"

#define SEMVER_TEXT_MAX 127 /* characters; the specification names no limit */

struct semver_part {
    unsigned char start, length; /* in the text; length 0: there is none */
};

struct semver {
    char text[SEMVER_TEXT_MAX + 1]; /* as it was read, which is the only way to write it */
    struct semver_part numbers[3];  /* major, minor, patch: digits without leading zeros */
    struct semver_part prerelease;  /* without the '-' */
    struct semver_part build;       /* without the '+' */
};

/* On STATUS_INVALID the message names the character at fault, its position, and what is allowed there. */
enum status semver_parse(const char *text, struct semver *semver, struct error *error) MUST_CHECK;

/* Precedence (section 11): negative, 0 or positive like strcmp. Build metadata does not count. */
int semver_compare(const struct semver *a, const struct semver *b);

/* Rules: the syntax of version_rule.h, with whole semantic versions in the terms: `>=1.0.0 <2.0.0-0 ||
 * =0.9.1`. Prereleases are ordered like all others: `>=1.0.0` takes 1.1.0-rc.1, and `<1.1.0` takes it too. */
#define SEMVER_RULE_TERMS_MAX 16
#define SEMVER_RULE_TEXT_MAX 512

struct semver_rule {
    struct {
        struct rule_term start;
        struct semver version;
    } terms[SEMVER_RULE_TERMS_MAX];
    int count; /* 0 matches everything */
};

enum status semver_rule_parse(const char *text, struct semver_rule *rule, struct error *error) MUST_CHECK;

bool semver_rule_matches(const struct semver_rule *rule, const struct semver *version);

#endif
