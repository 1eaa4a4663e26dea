/* device push: a release to one device over the LAN (the guide's "Upgrade local", section 2.4). The server
 * has the release and the inventory; this program carries the image, and the device checks all of it itself.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "clock.h"
#include "command.h"
#include "digest.h"
#include "push.h"
#include "report.h"
#include "show.h"

enum { WAIT_SECONDS = 60, WAIT_SECONDS_MAX = 86400 };

/* The device is told three quarters: so long a push that was broken off keeps it busy, and so long its trial
 * may last. */
enum { DOWNLOAD_SECONDS = 160, CONFIRM_SECONDS = 300 };

enum outcome { PUSHED, CONFIRMED, REVERTED };
static const char *const outcome_names[] = {
    [PUSHED] = "pushed", [CONFIRMED] = "confirmed", [REVERTED] = "reverted"};

static bool on_terminal(const struct push *push)
{
    return isatty(fileno(push->session->errors)) != 0;
}

static void show_waiting(const struct push *push, const char *what, int64_t began)
{
    if (!on_terminal(push))
        return;
    fprintf(push->session->errors, "\r\033[Kdevice %s %s, %lld of %lld s", push->id, what,
            (long long)(clock_seconds() - began), push->wait);
    fflush(push->session->errors);
}

static void show_no_more(const struct push *push)
{
    if (on_terminal(push))
        fputs("\r\033[K", push->session->errors);
}

/* --- before --------------------------------------------------------------------------------------------- */

/* Whether it is this device that answers there, as far as can be told: the same slot must run. */
static enum status find_slot(struct push *push, struct error *error)
{
    int runs;
    enum status status = local_device_slot(push->device, &runs, error);
    if (status != STATUS_OK)
        return status;
    json_int_t known = json_integer_value(json_object_get(push->before, "slot"));
    if (known != 0 && known != runs)
        return error_set(
            error, STATUS_CONFLICT, NULL,
            "what answers at %s runs slot %d, but device %s runs slot %lld: is it the address of "
            "another device?",
            push->address, runs, push->id, (long long)known);
    push->slot = 3 - runs;
    return STATUS_OK;
}

static const json_t *image_of(const struct push *push, int slot)
{
    size_t index;
    const json_t *image;
    json_array_foreach(json_object_get(push->firmware, "images"), index, image)
    {
        if (json_integer_value(json_object_get(image, "slot")) == slot)
            return image;
    }
    return NULL;
}

static enum status fetch_image(struct push *push, struct error *error)
{
    const char *sha256 = show_text(image_of(push, push->slot), "sha256");
    char found[SHA256_HEX_SIZE];
    if (!hex_is_sha256(sha256) || !hex_is_sha256(show_text(image_of(push, 3 - push->slot), "sha256")))
        return error_set(error, STATUS_INTERNAL, NULL,
                         "the server's document of %s has no images of both slots", push->to);
    char *path = show_path("/v1/images/", sha256, "");
    enum status status = client_download(push->session->client, path, &push->image, &push->image_size, error);
    free(path);
    if (status != STATUS_OK)
        return error_context(error, "user%d.bin of %s", push->slot, push->to);
    digest_sha256(push->image, push->image_size, found);
    if (strcmp(found, sha256) != 0)
        return error_set(error, STATUS_INTERNAL, NULL,
                         "user%d.bin of %s came from the server with another SHA-256 than it should have",
                         push->slot, push->to);
    return STATUS_OK;
}

/* --- the push ------------------------------------------------------------------------------------------ */

/* The same update command that an orchestrator would send, but for the numbers of an attempt and the URLs,
 * which the device does not use. The server has the newest signatures first. */
static const char *make_command(const struct push *push, struct arena *arena)
{
    char nonce[NONCE_SIZE];
    const char *requires = show_text(push->firmware, "requires");
    struct offer offer = {
        .campaign = 1,
        .attempt = 1,
        .nonce = nonce,
        .version = push->to,
        .manifest = {.present = true,
                     .requires = requires[0] == '\0' ? NULL : requires,
                     .sequence = json_integer_value(json_object_get(push->firmware, "sequence"))},
        .download_seconds = DOWNLOAD_SECONDS,
        .confirm_seconds = CONFIRM_SECONDS};
    size_t index;
    const json_t *signature;
    int count = 0;
    random_hex(nonce, (NONCE_SIZE - 1) / 2);
    for (int slot = 1; slot <= 2; slot++) {
        const json_t *image = image_of(push, slot);
        offer.images[slot - 1] =
            (struct offered_image){true, "http://local/", json_integer_value(json_object_get(image, "size")),
                                   show_text(image, "sha256")};
    }
    json_array_foreach(json_object_get(push->firmware, "signatures"), index, signature)
    {
        if (count < OFFERED_SIGNATURES_MAX && json_is_true(json_object_get(signature, "valid")))
            offer.manifest.signatures[count++] = show_text(signature, "signature");
    }
    return command_offer(&offer, arena);
}

static enum status send_image(const struct push *push, struct error *error)
{
    char label[DEVICE_ID_SIZE + VERSION_TEXT_SIZE + 16];
    snprintf(label, sizeof label, "pushing %s to %s", push->to, push->id);
    return local_device_image(push->device, push->image, push->image_size, on_terminal(push) ? label : NULL,
                              error);
}

/* Is asked again while it is busy. What it is busy with may be this very release, of a push that was broken
 * off: then it takes the image at once (*is_sent), and anything else is safe from it by its SHA-256. */
static enum status start(const struct push *push, bool *is_sent, struct error *error)
{
    struct arena arena = {0};
    const char *command = make_command(push, &arena);
    int64_t began = clock_seconds();
    bool has_tried = false;
    enum status status;
    *is_sent = false;
    for (;;) {
        struct error ignored;
        status = local_device_start(push->device, command, error);
        bool is_busy = status == STATUS_UNAVAILABLE && !local_device_unreachable(push->device);
        if (!is_busy || clock_seconds() - began >= push->wait)
            break;
        if (!has_tried && send_image(push, &ignored) == STATUS_OK) {
            *is_sent = true;
            status = STATUS_OK;
            break;
        }
        has_tried = true;
        show_waiting(push, "is busy", began);
        sleep(1);
    }
    show_no_more(push);
    arena_release(&arena);
    return status;
}

/* From here on the inventory says what became of it, and when it was told so, in whole seconds. So the last
 * report before the restart must be a second old, or one that comes after it could not be told from it. */
static void settle_before(struct push *push)
{
    struct error ignored;
    json_t *device;
    bool is_same = false;
    for (int looks = 0; looks < 3 && !is_same; looks++) {
        sleep(1);
        if (push_fetch_device(push, &device, &ignored) != STATUS_OK)
            return; /* the device is to restart all the same */
        is_same = strcmp(show_text(device, "reported_at"), show_text(push->before, "reported_at")) == 0;
        json_decref(push->before);
        push->before = device;
    }
}

static enum status restart(struct push *push, struct error *error)
{
    settle_before(push);
    enum status status = local_device_reset(push->device, error);
    /* An answer that does not come may be one that the restart has cut off. */
    if (status == STATUS_UNAVAILABLE && local_device_unreachable(push->device))
        return STATUS_OK;
    return status;
}

static enum status deliver(struct push *push, struct error *error)
{
    bool is_sent;
    enum status status = start(push, &is_sent, error);
    if (status == STATUS_OK && !is_sent)
        status = send_image(push, error);
    if (status == STATUS_OK)
        status = restart(push, error);
    if (status != STATUS_OK && !local_device_unreachable(push->device))
        return error_context(error, "device %s does not take %s", push->id, push->to);
    return status;
}

/* --- after: what runs ---------------------------------------------------------------------------------- */

/* The new version can be seen to be new, unless the inventory had it already; of the old one only the time of
 * its report says that it runs again. *tried: the new image has been seen to run. */
static enum outcome judge(const struct push *push, bool *tried)
{
    const json_t *before = push->before, *after = push->after;
    bool is_new = strcmp(show_text(after, "version"), push->to) == 0;
    bool was_new = strcmp(show_text(before, "version"), push->to) == 0;
    bool settled = strcmp(show_text(after, "boot"), "confirmed") == 0;
    bool heard = strcmp(show_text(after, "reported_at"), show_text(before, "reported_at")) != 0;
    if (is_new && !was_new)
        *tried = true;
    if (!settled || !(heard || *tried))
        return PUSHED;
    return is_new ? CONFIRMED : REVERTED;
}

/* Until that is known or the time is over; an outage of the server may end within that time. */
static enum status wait_for_outcome(struct push *push, enum outcome *outcome, struct error *error)
{
    struct timespec pause = {.tv_nsec = 200000000};
    int64_t began = clock_seconds();
    bool tried = false;
    for (;;) {
        json_t *device;
        enum status status = push_fetch_device(push, &device, error);
        bool outage = client_unreachable(push->session->client) || status == STATUS_UNAVAILABLE;
        if (status == STATUS_OK) {
            json_decref(push->after);
            push->after = device;
            *outcome = judge(push, &tried);
        }
        bool is_over = clock_seconds() - began >= push->wait || (status != STATUS_OK && !outage) ||
                       (status == STATUS_OK && *outcome != PUSHED);
        if (is_over) {
            show_no_more(push);
            return status;
        }
        show_waiting(push, tried ? "tries the new image" : "restarts", began);
        nanosleep(&pause, NULL);
    }
}

static enum exit_code tell(const struct push *push, enum outcome outcome)
{
    struct error error = {0};
    const char *runs = show_text(push->after, "version");
    if (push->session->json) {
        json_t *document = json_pack("{ss ss si ss ss}", "device", push->id, "version", push->to, "slot",
                                     push->slot, "state", outcome_names[outcome], "runs", runs);
        show_json(push->session->out, document);
        json_decref(document);
    }
    if (outcome == REVERTED)
        error_set(&error, STATUS_CONFLICT, NULL, "device %s runs %s: it did not confirm %s", push->id, runs,
                  push->to);
    else if (outcome == PUSHED)
        error_set(
            &error, STATUS_TIMEOUT, NULL,
            "the device at that address has %s in slot %d and restarts into it, but %s has not confirmed it "
            "within %lld s; it may still, or the address is that of another device: see orchestratorctl "
            "device show %s",
            push->to, push->slot, push->id, push->wait, push->id);
    if (outcome != CONFIRMED)
        return session_fail(push->session, &error);
    if (!push->session->json)
        fprintf(push->session->out, "device %s runs %s in slot %d, and has confirmed it\n", push->id,
                push->to, push->slot);
    return EXIT_DONE;
}

static enum exit_code fail(const struct push *push, const struct error *error)
{
    enum exit_code code = session_fail(push->session, error);
    return local_device_unreachable(push->device) ? EXIT_UNREACHABLE : code;
}

static enum exit_code run_push(struct push *push)
{
    struct error error = {0};
    enum outcome outcome = PUSHED;
    if (push_check(push, &error) != STATUS_OK || find_slot(push, &error) != STATUS_OK ||
        fetch_image(push, &error) != STATUS_OK || deliver(push, &error) != STATUS_OK)
        return fail(push, &error);
    if (wait_for_outcome(push, &outcome, &error) != STATUS_OK) {
        error_context(&error, "device %s has got %s and restarts", push->id, push->to);
        return session_fail(push->session, &error);
    }
    return tell(push, outcome);
}

enum exit_code run_device_push(struct session *session, const struct arguments *arguments)
{
    struct push push = {.session = session, .id = arguments->positionals[0], .wait = WAIT_SECONDS};
    struct error error = {0};
    const char *to = arguments_value(arguments, "to");
    push.address = arguments_value(arguments, "address");
    if (to == NULL || push.address == NULL)
        return session_usage(session, "--%s is missing: device push ID --to VERSION --address HOST:PORT",
                             to == NULL ? "to" : "address");
    if (!device_id_is_valid(push.id))
        return session_usage(session, "the id must be 1 to 64 characters of A-Z a-z 0-9 . _ -");
    if (!local_device_address_is_valid(push.address))
        return session_usage(session, "--address is \"%.200s\"; allowed is HOST:PORT, such as 192.168.4.1:80",
                             push.address);
    if (!show_number(session, arguments, "wait", 1, WAIT_SECONDS_MAX, &push.wait))
        return EXIT_USAGE;
    if (version_parse(to, &push.version, &error) != STATUS_OK)
        return session_usage(session, "--to: %s", error.message);
    version_format(&push.version, push.to);
    push.device = local_device_create(push.address);
    enum exit_code code = run_push(&push);
    local_device_destroy(push.device);
    json_decref(push.before);
    json_decref(push.after);
    json_decref(push.firmware);
    free(push.image);
    return code;
}
