/* Signatures of releases, and the public keys that check them (docs/signing.md). Private keys never come
 * here. */
#ifndef ENGINE_SIGNING_H
#define ENGINE_SIGNING_H

#include <stdbool.h>
#include <stdint.h>

#include "command.h"
#include "operate.h"
#include "signature_json.h"
#include "store.h"

/* Registers a public key (PEM). STATUS_INVALID for any other text, a private key above all; STATUS_CONFLICT
 * when the name or the key is there already, or was. */
enum status operate_key_register(struct store *store, const struct actor *actor, const char *name,
                                 const char *pem, struct error *error) MUST_CHECK;

/* From now on no signature of the key counts. Idempotent, as operate_campaign_command. */
enum status operate_key_revoke(struct store *store, const struct actor *actor, const char *name,
                               const char *reason, bool *changed, struct error *error) MUST_CHECK;

/* Adds a signature to a stored release. STATUS_CONFLICT: it is not over this release's manifest, or its key
 * is unknown or revoked; STATUS_INVALID: it is not that key's. Idempotent: one of each key is kept. */
enum status operate_signature_add(struct store *store, const struct actor *actor, const char *version,
                                  const struct signature_document *signature, bool *changed,
                                  struct error *error) MUST_CHECK;

/* The same inside a transaction. */
enum status release_sign(struct store *store, const struct actor *actor, const char *version,
                         const struct signature_document *signature, bool *changed,
                         struct error *error) MUST_CHECK;

/* STATUS_CONFLICT when a product of its ptype requires a signature and the release has none by a key in
 * force. `field` is error->field. */
enum status release_check_signed(struct store *store, int64_t firmware, const char *version,
                                 const char *field, struct error *error) MUST_CHECK;

/* The same of a campaign's release and of every stepping stone on the way to it. */
struct campaign;
enum status campaign_check_signed(struct store *store, const struct campaign *campaign, const char *field,
                                  struct error *error) MUST_CHECK;

/* What the offers of a transaction say of the releases they lead to: each is read once. A zeroed struct is
 * empty; all lives in the arena. */
struct known_manifest;
struct known_manifests {
    struct known_manifest *first;
};

/* manifest->present is false when the version was never uploaded. */
enum status offered_manifest_find(struct store *store, struct known_manifests *known, int ptype,
                                  const char *version, struct arena *arena, struct offered_manifest *manifest,
                                  struct error *error) MUST_CHECK;

#endif
