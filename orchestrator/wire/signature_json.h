/* The file that holds a signature of a release: {"manifest": [lines], "key_id", "signature"}
 * (docs/signing.md). What it says is checked elsewhere. */
#ifndef WIRE_SIGNATURE_JSON_H
#define WIRE_SIGNATURE_JSON_H

#include "arena.h"
#include "status.h"

#define SIGNATURE_DOCUMENT_MAX 16384 /* bytes; the longest manifest fits by far */

struct signature_document {
    const char *manifest;  /* the text that was signed, its lines ended with LF */
    const char *key_id;    /* 64 digits */
    const char *signature; /* 128 digits */
};

/* Texts live in `arena`. Strict, as api_request.h. `path` stands before the fields of errors: "" or the name
 * of the part that holds the document. */
enum status signature_json_parse(const char *text, size_t length, const char *path, struct arena *arena,
                                 struct signature_document *document, struct error *error) MUST_CHECK;

/* The document, indented to be read. Release with free(). */
char *signature_json_format(const struct signature_document *document);

#endif
