/* Policies as JSON documents: the files of policies/, and the "policy" of a campaign. */
#ifndef WIRE_POLICY_JSON_H
#define WIRE_POLICY_JSON_H

#include <jansson.h>
#include <stddef.h>

#include "policy.h"
#include "status.h"

/* Reads and validates a document; members not given get policy_defaults. Strict: STATUS_INVALID names line
 * and column of a syntax error, else error->field is the path and the message what is allowed there (unknown
 * members and duplicate keys too). */
enum status policy_json_parse(const char *text, size_t length, struct policy *policy,
                              struct error *error) MUST_CHECK;

/* The same for an object that is part of a larger document; `path` ("policy" or "") stands before the places
 * that error->field names. */
enum status policy_json_read(json_t *document, const char *path, struct policy *policy,
                             struct error *error) MUST_CHECK;

/* The effective policy, every default filled in, indented. Reading it back gives the same policy. Release
 * with free(). */
char *policy_json_format(const struct policy *policy);

#endif
