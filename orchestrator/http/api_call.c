/* Calls to one device, answered when the device has acknowledged: the seed's RPC request (section 2.4), and
 * the same by a path of its own. */
#include <stdio.h>
#include <string.h>

#include "api_answer.h"
#include "call.h"
#include "handlers.h"
#include "request.h"

/* --- when the wait is over ------------------------------------------------------------------------------ */

/* What has kept the answer away, when none came. */
static enum status check_answered(struct http_request *request, const char *what, const char *device,
                                  struct error *error)
{
    const struct http_wait *wait = request->wait;
    if (wait->answer[0] != '\0')
        return STATUS_OK;
    if (wait->stopped || wait->outage) {
        request->answer.outage =
            wait->stopped ? "the orchestrator is stopping; whether the device has acted is not known"
                          : "the database is not available; whether the device has acted is not known";
        return error_set(error, STATUS_UNAVAILABLE, NULL, "%s", request->answer.outage);
    }
    if (!wait->sent)
        return error_set(error, STATUS_TIMEOUT, "device",
                         "%s could not be sent to device %s within %d s: no orchestrator is connected to the "
                         "broker, or the device went offline",
                         what, device, wait->seconds);
    return error_set(error, STATUS_TIMEOUT, "device",
                     "%s was sent to device %s (nonce %s), which has not answered within %d s", what, device,
                     wait->nonce, wait->seconds);
}

static enum status after_reboot(struct http_request *request, struct error *error)
{
    const struct http_wait *wait = request->wait;
    const char *device = request->called;
    if (check_answered(request, "reboot", device, error) != STATUS_OK)
        return error->status;
    if (strcmp(wait->answer, CALL_BUSY) == 0)
        return error_set(error, STATUS_CONFLICT, "device",
                         "device %s answers that it is busy with an update; it has not rebooted", device);
    struct api_called called = {
        .nonce = wait->nonce, .device = device, .action = "sys_reboot", .answer = wait->answer};
    http_answer_json(request, 200, api_called_format(&request->arena, &called));
    return STATUS_OK;
}

static enum status after_upgrade(struct http_request *request, struct error *error)
{
    const struct http_wait *wait = request->wait;
    const struct device_upgrade *upgrade = request->upgrade;
    const char *what = arena_format(&request->arena, "the offer of %s (campaign %s, which goes on)",
                                    upgrade->version, upgrade->name);
    enum target_state state;
    if (check_answered(request, what, request->called, error) != STATUS_OK)
        return error->status;
    if (!target_state_parse(wait->answer, &state) ||
        !(state == TARGET_CONFIRMED || target_state_in_flight(state)))
        return error_set(error, STATUS_CONFLICT, "device", "device %s: %s is %s%s%s (campaign %s)",
                         request->called, upgrade->version, wait->answer, wait->reason[0] != '\0' ? ": " : "",
                         wait->reason, upgrade->name);
    struct api_called called = {.nonce = wait->nonce,
                                .device = request->called,
                                .action = "sys_upgrade",
                                .answer = wait->answer,
                                .version = upgrade->version,
                                .campaign = upgrade->name};
    http_answer_json(request, 200, api_called_format(&request->arena, &called));
    return STATUS_OK;
}

/* --- calls ---------------------------------------------------------------------------------------------- */

static void wait_for(struct http_request *request, enum http_wait_kind kind, int64_t number, int64_t seconds,
                     http_handler after)
{
    request->wait = arena_allocate(&request->arena, sizeof *request->wait);
    request->wait->kind = kind;
    request->wait->number = number;
    request->wait->seconds = (int)seconds;
    request->after = after;
    if (request->shared->options.wake != NULL)
        request->shared->options.wake(request->shared->options.context);
}

static enum status call_reboot(struct http_request *request, const char *device, const char *reason,
                               struct error *error)
{
    int64_t seconds = CALL_SECONDS, call = 0;
    char nonce[NONCE_SIZE];
    if (http_query_number(request, "wait", 1, CALL_SECONDS_MAX, &seconds, error) != STATUS_OK ||
        operate_device_reboot(http_request_store(request), &request->actor, device, reason, seconds, &call,
                              nonce, error) != STATUS_OK)
        return error->status;
    request->called = arena_copy(&request->arena, device);
    wait_for(request, HTTP_WAIT_CALL, call, seconds, after_reboot);
    return STATUS_OK;
}

static enum status call_upgrade(struct http_request *request, const char *device, struct error *error)
{
    int64_t seconds = CALL_SECONDS;
    struct device_upgrade *upgrade = arena_allocate(&request->arena, sizeof *upgrade);
    if (http_query_number(request, "wait", 1, CALL_SECONDS_MAX, &seconds, error) != STATUS_OK ||
        operate_device_upgrade(http_request_store(request), &request->actor, device,
                               http_request_query(request, "version"), upgrade, error) != STATUS_OK)
        return error->status;
    request->called = arena_copy(&request->arena, device);
    request->upgrade = upgrade;
    wait_for(request, HTTP_WAIT_CAMPAIGN, upgrade->campaign, seconds, after_upgrade);
    return STATUS_OK;
}

enum status handle_device_reboot(struct http_request *request, struct error *error)
{
    const char *reason;
    enum status status = http_request_reason(request, &reason, error);
    return status != STATUS_OK ? status : call_reboot(request, request->parameter, reason, error);
}

/* --- the seed's path ------------------------------------------------------------------------------------ */

/* The key says which device it is: one of its owner. An operator's token goes with the parameter `device`. */
static enum status find_caller(struct http_request *request, char device[DEVICE_ID_SIZE], struct error *error)
{
    const char *named = http_request_query(request, "device");
    struct device_key key;
    enum status status = http_request_device_key(request, &key, error);
    if (status == STATUS_OK && key.kind != DEVICE_KEY_OWNER)
        return error_set(error, STATUS_DENIED, "Authorization",
                         "this is the device's own key; calls need the key of its owner");
    if (status == STATUS_OK && named != NULL && strcmp(named, key.device) != 0)
        return error_set(error, STATUS_DENIED, "device", "the key is not that of device %.64s", named);
    if (status == STATUS_OK) {
        snprintf(request->actor.name, sizeof request->actor.name, "owner:%.58s", key.device);
        memcpy(device, key.device, DEVICE_ID_SIZE);
        return STATUS_OK;
    }
    if (status != STATUS_UNAUTHENTICATED || http_request_token(request, ROLE_OPERATOR, error) != STATUS_OK)
        return error->status;
    if (named == NULL)
        return error_set(error, STATUS_INVALID, "device",
                         "is missing; with an operator's token it is required");
    if (strlen(named) >= DEVICE_ID_SIZE)
        return error_set(error, STATUS_NOT_FOUND, "device", "no device has an id of more than %d characters",
                         DEVICE_ID_SIZE - 1);
    snprintf(device, DEVICE_ID_SIZE, "%s", named);
    return STATUS_OK;
}

enum status handle_rpc(struct http_request *request, struct error *error)
{
    const char *deliver = http_request_query(request, "deliver_to_device");
    const char *action = http_request_query(request, "action");
    char device[DEVICE_ID_SIZE];
    if (strcmp(request->method, "HEAD") == 0) {
        request->answer.code = 405;
        return error_set(error, STATUS_INVALID, NULL, "allowed are GET and POST: a call acts");
    }
    if (find_caller(request, device, error) != STATUS_OK)
        return error->status;
    if (deliver == NULL || strcmp(deliver, "true") != 0)
        return error_set(error, STATUS_INVALID, "deliver_to_device", "allowed is true");
    if (action != NULL && strcmp(action, "sys_upgrade") == 0)
        return call_upgrade(request, device, error);
    if (action == NULL || strcmp(action, "sys_reboot") != 0)
        return error_set(error, STATUS_INVALID, "action", "allowed are sys_reboot and sys_upgrade");
    if (http_request_query(request, "version") != NULL)
        return error_set(error, STATUS_INVALID, "version", "goes only with the action sys_upgrade");
    return call_reboot(request, device, NULL, error);
}
