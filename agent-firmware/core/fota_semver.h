/* Semantic versions (semver.org 2.0.0). Texts are given by their two ends. Inside the core only. */
#ifndef FOTA_SEMVER_H
#define FOTA_SEMVER_H

#include <stdbool.h>

/* Strictly: MAJOR.MINOR.PATCH[-PRERELEASE][+BUILD], and nothing more. */
bool fota_semver_is_valid(const char *text, const char *end);

/* Precedence (section 11) of two valid ones: negative, 0 or positive. */
int fota_semver_compare(const char *a, const char *a_end, const char *b, const char *b_end);

#endif
