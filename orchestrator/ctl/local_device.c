#include "local_device.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exchange.h"

enum { HOST_MAX = 253, ANSWER_MAX = 4096, IMAGE_TRIES = 3 };

struct local_device {
    char *address;
    CURL *curl;
    bool unreachable;
};

bool local_device_address_is_valid(const char *text)
{
    const char *allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    bool in_brackets = text[0] == '[';
    if (in_brackets) {
        text++;
        allowed = "0123456789abcdefABCDEF:.";
    }
    size_t host = strspn(text, allowed);
    if (host == 0 || host > HOST_MAX || (in_brackets && text[host++] != ']') || text[host] != ':')
        return false;
    const char *port = text + host + 1;
    size_t digits = strspn(port, "0123456789");
    long number = strtol(port, NULL, 10);
    return digits > 0 && digits <= 5 && port[digits] == '\0' && number >= 1 && number <= 65535;
}

struct local_device *local_device_create(const char *address)
{
    struct local_device *device = calloc(1, sizeof *device);
    if (device == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        abort();
    device->address = strdup(address);
    device->curl = curl_easy_init();
    if (device->address == NULL || device->curl == NULL)
        abort();
    return device;
}

void local_device_destroy(struct local_device *device)
{
    if (device == NULL)
        return;
    curl_easy_cleanup(device->curl);
    curl_global_cleanup();
    free(device->address);
    free(device);
}

bool local_device_unreachable(const struct local_device *device)
{
    return device->unreachable;
}

/* What the reasons of docs/protocol.md mean to whoever pushes. */
static const struct {
    const char *reason, *meaning;
} meanings[] = {
    {"busy", "it is at work on something else"},
    {"not_newer", "it is not newer than what runs there"},
    {"wrong_ptype", "it is for another product type"},
    {"not_fota", "its class is not for an upgrade over the LAN"},
    {"no_image", "there is no image for its other slot"},
    {"too_large", "the image does not fit into its slot"},
    {"bad_command", "it cannot read the command"},
    {"bad_request", "it cannot read the request"},
    {"battery_low", "its battery is low"},
    {"outside_window", "it takes no upgrades at this hour"},
    {"bad_signature", "no key that it knows has signed the release"},
    {"below_floor", "the release's sequence is below that of a release it has confirmed"},
    {"step_missing", "it may only follow a version that is newer than what runs there"},
    {"download_timeout", "the image did not come in time"},
    {"length_mismatch", "the image has another length than it was told"},
    {"hash_mismatch", "what is in its flash has another SHA-256 than it was told; push it again"},
    {"bad_image", "the image is not one that it can start"},
    {"flash_error", "its flash could not be read or written"},
    {"connection_lost", "the connection broke off"},
    {"nothing_to_start", "no image is waiting to be started"},
};

/* The answer is none of 200. */
static enum status refusal(const struct local_device *device, const struct exchange *exchange,
                           const json_t *answer, struct error *error)
{
    const char *reason = json_string_value(json_object_get(answer, "reason"));
    if (reason == NULL)
        return error_set(error, STATUS_INTERNAL, NULL,
                         "%s answered HTTP %ld, not as a device that can be upgraded over the LAN would",
                         device->address, exchange->code);
    enum status status = strcmp(reason, "busy") == 0 ? STATUS_UNAVAILABLE : STATUS_CONFLICT;
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        if (strcmp(reason, meanings[i].reason) == 0)
            return error_set(error, status, NULL, "%s (%s)", meanings[i].meaning, reason);
    }
    return error_set(error, status, NULL, "%.200s", reason);
}

/* The body is `size` bytes to POST; NULL: GET. *answer is NULL after an error; else release it with
 * json_decref. */
static enum status ask(struct local_device *device, const char *command, const void *body, size_t size,
                       const char *progress, json_t **answer, struct error *error)
{
    char url[sizeof "http://[]:65535/upgrade?command=getuser" + HOST_MAX];
    struct exchange exchange = {.curl = device->curl, .progress = progress, .answer_max = ANSWER_MAX};
    struct curl_slist *headers = NULL;
    *answer = NULL;
    snprintf(url, sizeof url, "http://%s/upgrade?command=%s", device->address, command);
    curl_easy_reset(device->curl);
    curl_easy_setopt(device->curl, CURLOPT_NOPROXY, "*"); /* it is on the LAN */
    if (body != NULL) {
        headers = curl_slist_append(headers, "Expect:"); /* it may answer HTTP/1.0 */
        headers = curl_slist_append(headers, "Content-Type: application/octet-stream");
        curl_easy_setopt(device->curl, CURLOPT_POST, 1L);
        curl_easy_setopt(device->curl, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(device->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
    }
    device->unreachable = !exchange_perform(&exchange, url, headers);
    enum status status = STATUS_OK;
    if (device->unreachable) {
        status = error_set(error, STATUS_UNAVAILABLE, NULL, "no answer from %s: %s", device->address,
                           exchange.problem);
    } else {
        *answer = json_loadb(exchange.bytes == NULL ? "" : exchange.bytes, exchange.length, 0, NULL);
        if (exchange.code != 200 || !json_is_object(*answer)) {
            status = refusal(device, &exchange, *answer, error);
            device->unreachable = status == STATUS_INTERNAL;
            json_decref(*answer);
            *answer = NULL;
        }
    }
    free(exchange.bytes);
    return status;
}

static enum status post(struct local_device *device, const char *command, const void *body, size_t size,
                        const char *progress, struct error *error)
{
    json_t *answer;
    enum status status = ask(device, command, body, size, progress, &answer, error);
    json_decref(answer);
    return status;
}

enum status local_device_slot(struct local_device *device, int *slot, struct error *error)
{
    json_t *answer;
    const char *name = NULL;
    enum status status = ask(device, "getuser", NULL, 0, NULL, &answer, error);
    if (status != STATUS_OK)
        return status;
    *slot = 0;
    if (json_unpack(answer, "{s{ss}}", "user_info", "user_bin", &name) == 0) {
        if (strcmp(name, "user1.bin") == 0)
            *slot = 1;
        else if (strcmp(name, "user2.bin") == 0)
            *slot = 2;
    }
    json_decref(answer);
    if (*slot != 0)
        return STATUS_OK;
    device->unreachable = true;
    return error_set(error, STATUS_INTERNAL, NULL,
                     "%s does not say which slot runs, as a device that can be upgraded over the LAN would",
                     device->address);
}

enum status local_device_start(struct local_device *device, const char *command, struct error *error)
{
    return post(device, "start", command, strlen(command), NULL, error);
}

enum status local_device_image(struct local_device *device, const unsigned char *bytes, size_t size,
                               const char *progress, struct error *error)
{
    for (int tries = 1;; tries++) {
        enum status status = post(device, "image", bytes, size, progress, error);
        if (status != STATUS_UNAVAILABLE || !device->unreachable || tries == IMAGE_TRIES)
            return status;
        sleep(1); /* until the device knows that the connection is gone: it has one at a time */
    }
}

enum status local_device_reset(struct local_device *device, struct error *error)
{
    return post(device, "reset", "", 0, NULL, error);
}
