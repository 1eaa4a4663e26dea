#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "campaign.h"
#include "digest.h"
#include "one_device.h"
#include "plan.h"
#include "policy_json.h"
#include "store_sql.h"

/* What is known of the device that is called. */
struct called {
    int ptype;
    char version[VERSION_TEXT_SIZE]; /* "" when not known */
    char current[VERSION_TEXT_SIZE]; /* the current release of its ptype, or "" */
};

static void keep(char *to, size_t size, const char *text)
{
    size_t length = text != NULL ? strnlen(text, size - 1) : 0;
    memcpy(to, text != NULL ? text : "", length);
    to[length] = '\0';
}

/* Also refuses, at once, what cannot be: an unknown device, and one that is offline. */
static enum status find_device(struct store *store, const char *device, struct called *called, char *busy,
                               size_t busy_size, struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_text(&parameters, device);
    if (store_run(store, &SQL_CALL_DEVICE, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    enum status status = STATUS_OK;
    if (store_rows_count(rows) == 0) {
        status = error_set(error, STATUS_NOT_FOUND, "device", "no device has the id %s", device);
    } else if (!store_rows_boolean(rows, 0, 0)) {
        status = error_set(error, STATUS_CONFLICT, "device", "device %s is offline", device);
    } else {
        called->ptype = (int)store_rows_integer(rows, 0, 1);
        keep(called->version, sizeof called->version, store_rows_text(rows, 0, 2));
        keep(called->current, sizeof called->current, store_rows_text(rows, 0, 3));
        keep(busy, busy_size, store_rows_text(rows, 0, 4));
    }
    store_rows_free(rows);
    return status;
}

/* --- reboot ------------------------------------------------------------------------------------------- */

struct reboot_work {
    const struct actor *actor;
    const char *device, *reason;
    int64_t seconds;
    const char *nonce;
    int64_t call;
};

static enum status reboot(struct store *store, void *context, struct error *error)
{
    struct reboot_work *work = context;
    struct called called;
    char busy[128];
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    if (find_device(store, work->device, &called, busy, sizeof busy, error) != STATUS_OK)
        return error->status;
    store_put_text(&parameters, work->device);
    store_put_text(&parameters, work->nonce);
    store_put_text(&parameters, work->actor->name);
    store_put_integer(&parameters, work->seconds);
    if (store_run(store, &SQL_CALL_CREATE, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    work->call = store_rows_integer(rows, 0, 0);
    store_rows_free(rows);
    return audit_add(store, work->actor->name, "reboot_device", work->device, work->reason, NULL, error);
}

enum status operate_device_reboot(struct store *store, const struct actor *actor, const char *device,
                                  const char *reason, int64_t seconds, int64_t *call, char nonce[NONCE_SIZE],
                                  struct error *error)
{
    struct reboot_work work = {
        .actor = actor, .device = device, .reason = reason, .seconds = seconds, .nonce = nonce};
    random_hex(nonce, (NONCE_SIZE - 1) / 2);
    enum status status = store_transaction(store, reboot, &work, error);
    *call = work.call;
    return status;
}

/* --- upgrade ------------------------------------------------------------------------------------------ */

/* What would keep the device out of a campaign, told of this one device. */
static enum status check_upgrade(const char *device, const struct called *called, const char *busy,
                                 const struct version *wanted, const char *text, struct error *error)
{
    struct version running;
    if (wanted->ptype != called->ptype)
        return error_set(error, STATUS_CONFLICT, "version", "device %s is of ptype %d, %s is for another",
                         device, called->ptype, text);
    if (called->version[0] == '\0' || version_parse(called->version, &running, error) != STATUS_OK)
        return error_set(error, STATUS_CONFLICT, "device", "it is not known what device %s runs", device);
    if (!version_is_online(&running))
        return error_set(error, STATUS_CONFLICT, "device",
                         "device %s runs %s, whose class cannot be upgraded online", device, called->version);
    if (running.scheme != wanted->scheme || version_compare(wanted, &running) <= 0)
        return error_set(error, STATUS_CONFLICT, "version", "device %s runs %s: %s is not newer", device,
                         called->version, text);
    if (busy[0] != '\0')
        return error_set(error, STATUS_CONFLICT, "device",
                         "device %s is in campaign %s already; it can be in one at a time", device, busy);
    return STATUS_OK;
}

static enum status choose_version(const char *device, const struct called *called, const char *wanted,
                                  struct version *version, char text[VERSION_TEXT_SIZE], struct error *error)
{
    if (wanted == NULL && called->current[0] == '\0')
        return error_set(error, STATUS_CONFLICT, "version",
                         "no release of ptype %d, that of device %s, is current: say which version",
                         called->ptype, device);
    if (version_parse(wanted != NULL ? wanted : called->current, version, error) != STATUS_OK) {
        struct error why = *error;
        return error_set(error, STATUS_INVALID, "version", "%s", why.message);
    }
    version_format(version, text);
    return STATUS_OK;
}

static enum status make_campaign(struct store *store, const struct actor *actor, const char *device,
                                 const struct version *version, struct device_upgrade *upgrade,
                                 struct error *error)
{
    struct policy policy;
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    double now;
    if (store_now(store, &now, error) != STATUS_OK)
        return error->status;
    one_device_policy(&policy);
    one_device_campaign(device, version, (int64_t)now, upgrade->name);
    char *policy_text = policy_json_format(&policy);
    struct campaign_new campaign = {.name = upgrade->name,
                                    .seed = SEED_RANDOM,
                                    .priority = PRIORITY_DEFAULT,
                                    .firmware = upgrade->version,
                                    .tags = "",
                                    .devices = &device,
                                    .device_count = 1,
                                    .policy_json = policy_text,
                                    .start = true};
    enum status status = operate_campaign_create(store, actor, &campaign, error);
    free(policy_text);
    if (status != STATUS_OK)
        return status;
    store_put_text(&parameters, upgrade->name);
    if (store_run(store, &SQL_CAMPAIGN_RESOLVE, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    upgrade->campaign = store_rows_integer(rows, 0, 0);
    store_rows_free(rows);
    return STATUS_OK;
}

enum status operate_device_upgrade(struct store *store, const struct actor *actor, const char *device,
                                   const char *version, struct device_upgrade *upgrade, struct error *error)
{
    struct called called = {0};
    struct version wanted;
    char busy[128];
    if (find_device(store, device, &called, busy, sizeof busy, error) != STATUS_OK ||
        choose_version(device, &called, version, &wanted, upgrade->version, error) != STATUS_OK ||
        check_upgrade(device, &called, busy, &wanted, upgrade->version, error) != STATUS_OK)
        return error->status;
    return make_campaign(store, actor, device, &wanted, upgrade, error);
}
