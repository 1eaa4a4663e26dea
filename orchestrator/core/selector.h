/* Selectors: which devices a campaign is for, beside their versions (version_rule.h).
 *
 *   selector = both { ( "or" | "||" ) both }
 *   both     = one { ( "and" | "&&" ) one }
 *   one      = ( "not" | "!" ) one | "(" selector ")" | term
 *   term     = "tag:" WORD       has that tag
 *            | "product:" NAME   is of that product
 *            | "map:" NAME       its flash map, such as 1024+1024
 *            | "flash:" KB       the size of its flash
 *            | "online"          is connected now
 *            | "seen<" DURATION  was heard of within 30s, 15m, 12h or 7d
 *            | "hash<" PERCENT "%"  always the same part of all devices, 0 to 100
 *
 * What is not known of a device (its map, when it was seen) is false. */
#ifndef CORE_SELECTOR_H
#define CORE_SELECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "policy.h"
#include "status.h"

#define SELECTOR_TERMS_MAX 32
#define SELECTOR_GROUPS_MAX 64
#define SELECTOR_TEXT_MAX 1000

enum selector_kind {
    SELECT_TAG,
    SELECT_PRODUCT,
    SELECT_MAP,
    SELECT_FLASH,  /* number: KB */
    SELECT_ONLINE, /* nothing further */
    SELECT_SEEN,   /* number: seconds */
    SELECT_HASH,   /* number: hundredths of a percent, 0 to 10000 */
};

struct selector_term {
    enum selector_kind kind;
    bool negated;
    char text[NAME_MAX_LENGTH + 1];
    int64_t number;
};

/* In disjunctive form: a device is selected when every term of any group holds. */
struct selector {
    struct selector_term terms[SELECTOR_TERMS_MAX];
    int term_count;
    uint32_t groups[SELECTOR_GROUPS_MAX]; /* bit N: term N */
    int group_count;                      /* 0: every device is selected */
};

/* Reads a selector; the empty text selects every device. On STATUS_INVALID the message names the character at
 * fault and what is allowed there, or says that it is too large. */
enum status selector_parse(const char *text, struct selector *selector, struct error *error) MUST_CHECK;

#endif
