/* What operators do: each function is one transaction with its audit row. */
#ifndef ENGINE_OPERATE_H
#define ENGINE_OPERATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "campaign.h"
#include "device_key.h"
#include "hex.h"
#include "policy.h"
#include "release_doubts.h"
#include "release_files.h"
#include "status.h"
#include "store.h"

/* In order of power: each may do what those before it may. */
#define ROLE_LIST(X) X(ROLE_VIEWER, "viewer") X(ROLE_OPERATOR, "operator") X(ROLE_ADMIN, "admin")

enum role {
#define X(name, text) name,
    ROLE_LIST(X)
#undef X
};

const char *role_name(enum role role);
bool role_parse(const char *text, enum role *role);

/* Who acts: the name of the token. */
struct actor {
    char name[NAME_MAX_LENGTH + 1];
    enum role role;
};

/* Makes a random token, stores its SHA-256, and writes the token itself (64 hex digits) to `token`. */
enum status operate_token_create(struct store *store, const char *name, enum role role, char token[65],
                                 struct error *error) MUST_CHECK;

/* From now on the token is unknown. STATUS_NOT_FOUND when no such token is in force. */
enum status operate_token_revoke(struct store *store, const char *name, struct error *error) MUST_CHECK;

/* All tokens, as a JSON document or as a table; without the tokens themselves, which nobody knows. */
enum status operate_token_list(struct store *store, bool as_json, struct arena *arena, char **text,
                               struct error *error) MUST_CHECK;

/* STATUS_UNAUTHENTICATED when the token is unknown or revoked. */
enum status operate_authenticate(struct store *store, const char *token, struct actor *actor,
                                 struct error *error) MUST_CHECK;

/* The seed's product (appendix I.I, "Create Products"). Texts may be NULL where the seed makes them optional.
 */
struct product_new {
    const char *name; /* default "product-<number>" */
    const char *description;
    const char *serial; /* unique when given */
    bool is_private;
    int ptype;
    int status;                 /* 1 developing (default), 2 deployed */
    const char *version_scheme; /* "seed" (default) or "semver"; one for all products of a ptype */
    const char *max_version; /* no release above it is stored or offered: a version without ptype and class */
    bool require_signature;
};

/* All or nothing. */
enum status operate_products_create(struct store *store, const struct actor *actor,
                                    const struct product_new *products, size_t count,
                                    struct error *error) MUST_CHECK;

enum product_choice { PRODUCT_AS_IT_IS, PRODUCT_YES, PRODUCT_NO };

/* What is to be changed of a product; a zeroed struct changes nothing. */
struct product_change {
    const char *description; /* NULL: as it is, also of the texts below that have no flag */
    bool has_serial;
    const char *serial; /* NULL: none any more, as max_version */
    enum product_choice is_private;
    int status; /* 0: as it is */
    const char *version_scheme;
    bool has_max_version;
    const char *max_version;
    enum product_choice require_signature;
};

/* A product's number by its name, its number in digits or its serial. */
enum status operate_product_find(struct store *store, const char *product, int64_t *number,
                                 struct error *error) MUST_CHECK;

/* Idempotent: *changed is false, and there is no audit row, when all of it was so already. The scheme is that
 * of the ptype, so that of all its products; it can only be changed while the ptype has no release and no
 * device whose version is known. */
enum status operate_product_change(struct store *store, const struct actor *actor, int64_t product,
                                   const struct product_change *change, bool *changed,
                                   struct error *error) MUST_CHECK;

struct device_new {
    const char *id;
    int ptype;
    const char *product; /* product name; NULL: the only product of the ptype */
    const char *version; /* NULL when not known yet */
    const char *tags;    /* comma-separated words; NULL or "" for none */
    const char *key;     /* the master key it has already; NULL: one is made */
    int flash_kb;        /* of its chip (core/flash_map); 0: not known */
    const char *flash_map;
    char new_key[DEVICE_KEY_SIZE]; /* out: the master key that was made, or "" */
};

/* All or nothing; error->field is "devices[N].member" with N counted from 0. The keys that are made stand in
 * `devices` afterwards and nowhere else: only their hashes are stored. */
enum status operate_devices_register(struct store *store, const struct actor *actor,
                                     struct device_new *devices, size_t count,
                                     struct error *error) MUST_CHECK;

/* Ends a device's quarantine (a policy's `flapping`), and forgets the failures behind it. Idempotent, as
 * operate_campaign_command below. */
enum status operate_device_release(struct store *store, const struct actor *actor, const char *device,
                                   const char *reason, bool *changed, struct error *error) MUST_CHECK;

struct signature_document;

struct firmware_new {
    const char *version;
    const char *notes;               /* may be NULL, as the next two */
    const char *corename, *codename; /* at most 64 characters */
    bool current;                    /* make it the current release of its ptype at once */
    bool strict;                     /* refuse it where there are doubts (core/release_doubts) */
    int64_t sequence;                /* 0 to SEQUENCE_MAX */
    const char *requires;            /* the lowest version that may go straight to it; NULL: any lower one */
    const struct signature_document *signature; /* NULL: none */
    struct firmware_file files[FIRMWARE_FILES_MAX];
    size_t file_count; /* may be more than there are: then the release is refused */
};

/* Stores a release, all or nothing. FOTA classes have user1.bin and user2.bin, checked (core/image), class n
 * has eagle.flash.bin or eagle.irom0text.bin or both; further files are stored as they are. A signature is
 * checked as operate_signature_add (engine/signing.h) does, and must be there where a product requires one.
 * *doubts: what speaks against its images being of one program and of this release; the audit has it, too. */
enum status operate_firmware_upload(struct store *store, const struct actor *actor,
                                    const struct firmware_new *firmware, struct release_doubts *doubts,
                                    struct error *error) MUST_CHECK;

/* Makes a release the current one of its ptype, in place of the one before. `version` in canonical form.
 * Idempotent, as operate_campaign_command below. STATUS_NOT_FOUND when there is no such release. */
enum status operate_firmware_set_current(struct store *store, const struct actor *actor, const char *version,
                                         const char *reason, bool *changed, struct error *error) MUST_CHECK;

/* Hashes of the bytes that went with a release: no other release has them. */
struct firmware_removed {
    char sha256[FIRMWARE_FILES_MAX][SHA256_HEX_SIZE];
    int count;
};

/* Removes a release. STATUS_CONFLICT says what uses it: it is current, a campaign has it, or moved or may
 * move devices from or to it, or a device runs it. */
enum status operate_firmware_delete(struct store *store, const struct actor *actor, const char *version,
                                    struct firmware_removed *removed, struct error *error) MUST_CHECK;

struct campaign_new {
    const char *name;           /* starts with a letter, then A-Z a-z 0-9 . _ -, at most 64 */
    const char *firmware;       /* version text */
    const char *from;           /* version rule; NULL or "" for any */
    const char *tags;           /* comma-separated, all must be on the device; NULL or "" for any */
    const char *const *devices; /* only these; NULL for any */
    size_t device_count;
    const char *select; /* core/selector; NULL or "" for any */
    int64_t
        plan; /* what it does, as planned before: then nothing but name, start and schedule counts; 0: none */
    const char *policy_json; /* stored with every default filled in */
    bool start;
    struct schedule schedule;
    int64_t seed; /* orders the membership, 0 to 2^53 - 1; SEED_RANDOM: any */
    int priority; /* 0 to PRIORITY_MAX */
    enum overlap overlap;
};

enum status operate_campaign_create(struct store *store, const struct actor *actor,
                                    const struct campaign_new *campaign, struct error *error) MUST_CHECK;

#define CAMPAIGN_COMMAND_LIST(X)                                                                             \
    X(CAMPAIGN_START, "start")                                                                               \
    X(CAMPAIGN_PAUSE, "pause")                                                                               \
    X(CAMPAIGN_RESUME, "resume")                                                                             \
    X(CAMPAIGN_CANCEL, "cancel")                                                                             \
    X(CAMPAIGN_ROLLBACK, "rollback")

enum campaign_command {
#define X(name, text) name,
    CAMPAIGN_COMMAND_LIST(X)
#undef X
};

const char *campaign_command_name(enum campaign_command command);
bool campaign_command_parse(const char *text, enum campaign_command *command);

/* Idempotent: asking for what is already so succeeds and changes nothing (*changed false). `campaign` is a
 * name, or the number in digits. STATUS_CONFLICT when the campaign's state does not allow it. `reason` may be
 * NULL; it goes to the audit. */
enum status operate_campaign_command(struct store *store, const struct actor *actor, const char *campaign,
                                     enum campaign_command command, const char *reason, bool *changed,
                                     struct error *error) MUST_CHECK;

enum { CAMPAIGN_PLAN_SIZE = 1000 };

/* A command and what goes with it; 0 and NULL: nothing. */
struct campaign_order {
    enum campaign_command command;
    const char *reason;
    bool only_plan;          /* pause and resume: nothing is done, and `plan` says what would be */
    bool accepts_no_success; /* resume: engine/resume.h */
    enum pause_downloads {
        DOWNLOADS_BY_POLICY, /* on_pause */
        DOWNLOADS_KEPT,
        DOWNLOADS_STOPPED
    } downloads; /* pause */
};

struct campaign_done {
    bool changed;
    char plan[CAMPAIGN_PLAN_SIZE]; /* of pause and resume; "" where it is so already */
};

/* As operate_campaign_command. STATUS_INVALID for what does not go with the command. */
enum status operate_campaign_order(struct store *store, const struct actor *actor, const char *campaign,
                                   const struct campaign_order *order, struct campaign_done *done,
                                   struct error *error) MUST_CHECK;

/* Approves a campaign's start, or a wave (its name), as its policy wants it. Idempotent. *missing is how many
 * approvals are still wanted there; at 0 a campaign that awaits them goes on. STATUS_DENIED for the
 * campaign's creator. */
enum status operate_campaign_approve(struct store *store, const struct actor *actor, const char *campaign,
                                     const char *wave, const char *reason, bool *changed, int64_t *missing,
                                     struct error *error) MUST_CHECK;

#define PLAN_KEPT_SECONDS 604800

/* A dry run: who would take part, in which wave, and who not; kept for a week. Name, start and schedule do
 * not count. *plan is its number, which a campaign may name. */
enum status operate_plan_create(struct store *store, const struct actor *actor,
                                const struct campaign_new *campaign, int64_t *plan,
                                struct error *error) MUST_CHECK;

#endif
