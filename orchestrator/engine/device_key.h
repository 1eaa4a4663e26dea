/* Keys of devices (the seed's "master device key" and "owner key"): who calls is told by its key. */
#ifndef ENGINE_DEVICE_KEY_H
#define ENGINE_DEVICE_KEY_H

#include <stdbool.h>

#include "report.h"
#include "status.h"
#include "store.h"

/* 40 lower-case hexadecimal digits, as master_device_key.bin holds them. */
#define DEVICE_KEY_DIGITS 40
#define DEVICE_KEY_SIZE (DEVICE_KEY_DIGITS + 1)

/* The device's own key, and one with which its owner may send it calls. */
#define DEVICE_KEY_KIND_LIST(X) X(DEVICE_KEY_MASTER, "master") X(DEVICE_KEY_OWNER, "owner")

enum device_key_kind {
#define X(name, text) name,
    DEVICE_KEY_KIND_LIST(X)
#undef X
};

const char *device_key_kind_name(enum device_key_kind kind);
bool device_key_kind_parse(const char *text, enum device_key_kind *kind);

/* What is stored of a key: the SHA-256 of its digits in lower case. False when it is no key: 40 hexadecimal
 * digits, of which a device may have its own in upper case. */
bool device_key_hash(const char *text, char hash[SHA256_HEX_SIZE]);

/* Whose key it was. */
struct device_key {
    char device[DEVICE_ID_SIZE];
    enum device_key_kind kind;
};

/* Finds the device that the key belongs to. A master key is a sign of life: the device counts as activated
 * and as seen now, though not as online. STATUS_UNAUTHENTICATED when the key is unknown or revoked. */
enum status operate_device_key_find(struct store *store, const char *text, struct device_key *key,
                                    struct error *error) MUST_CHECK;

/* Makes a new key for the device. The one of that kind it had before is unknown from now on. Only the hash is
 * stored: `text` is the key itself. `reason` may be NULL; it goes to the audit, the key does not.
 * STATUS_NOT_FOUND when there is no such device. */
struct actor;
enum status operate_device_key_issue(struct store *store, const struct actor *actor, const char *device,
                                     enum device_key_kind kind, const char *reason,
                                     char text[DEVICE_KEY_SIZE], struct error *error) MUST_CHECK;

/* From now on the device's key of that kind is unknown. STATUS_NOT_FOUND when it has none in force. */
enum status operate_device_key_revoke(struct store *store, const struct actor *actor, const char *device,
                                      enum device_key_kind kind, struct error *error) MUST_CHECK;

#endif
