/* Policy files on the operator's machine. */
#ifndef CTL_POLICY_FILE_H
#define CTL_POLICY_FILE_H

#include <stddef.h>

#include "policy.h"

/* Reads and checks a file; errors name it. Release *text with free(). */
enum status policy_file_read(const char *path, char **text, size_t *length, struct policy *policy,
                             struct error *error) MUST_CHECK;

#endif
