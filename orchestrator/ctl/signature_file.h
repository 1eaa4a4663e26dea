/* Files of signing: the signature of a release (docs/signing.md), keys, passphrases. */
#ifndef CTL_SIGNATURE_FILE_H
#define CTL_SIGNATURE_FILE_H

#include "arena.h"
#include "signature_json.h"
#include "signing_key.h"
#include "status.h"

struct signature_parts {
    const char *document; /* as it is sent */
    const char *sequence; /* as the signed manifest has them; NULL when it has none */
    const char *requires;
};

/* Reads a file that `firmware sign` has written; nothing but what such a file holds is taken out of it. Texts
 * live in `arena`. Errors name the file. */
enum status signature_file_read(const char *path, struct arena *arena, struct signature_parts *parts,
                                struct error *error) MUST_CHECK;

/* Reads keys from PEM files. `passphrase_file` may be NULL. Release *key with signing_key_free. */
enum status key_file_read_public(const char *path, struct signing_key **key, struct error *error) MUST_CHECK;
enum status key_file_read_private(const char *path, const char *passphrase_file, struct signing_key **key,
                                  struct error *error) MUST_CHECK;

/* The first line of a file, in `arena`. STATUS_INVALID when it is empty. */
enum status passphrase_read(const char *path, struct arena *arena, char **passphrase,
                            struct error *error) MUST_CHECK;

/* What stands after the last slash. */
const char *file_base_name(const char *path);

#endif
