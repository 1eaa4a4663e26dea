/* The pieces of a version's text, shared by version.c and version_rule.c. Inside core only. */
#ifndef CORE_VERSION_SCANNER_H
#define CORE_VERSION_SCANNER_H

#include <stddef.h>

#include "status.h"

struct version_scanner {
    const char *what; /* "version" or "version rule": how messages begin */
    const char *text;
    size_t at; /* index of the next character */
};

/* STATUS_INVALID: what was found at the scanner's place, and what is allowed there. */
enum status version_scan_fault(const struct version_scanner *scanner, const char *allowed,
                               struct error *error) MUST_CHECK;

/* Reads N.N.N into numbers[0..2]. */
enum status version_scan_value(struct version_scanner *scanner, int numbers[3],
                               struct error *error) MUST_CHECK;

/* Reads tPTYPE(C), or .tPTYPE(C). */
enum status version_scan_tail(struct version_scanner *scanner, int *ptype, char *fota_class,
                              struct error *error) MUST_CHECK;

#endif
