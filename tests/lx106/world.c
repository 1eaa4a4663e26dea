#include "world.h"

#include <bearssl.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fota_port.h"

#define KILOBYTES 1024u
#define PIECE 1024u /* of an HTTP answer */
#define NONCE "0123456789abcdef"
#define REST_MILLISECONDS 10000u
#define BOOTS_MAX 30u
#define RESET_POWER 1u /* as rtc_get_reset_reason has them */
#define RESET_SOFT 3u
#define RESET_DOG 4u

static const struct fota_flash_map *const map = &fota_map_512;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "lx106: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void read_file(const char *path, uint8_t *bytes, uint32_t size, uint32_t *length)
{
    FILE *file = fopen(path, "rb");

    if (file == NULL)
        die(path);
    *length = (uint32_t)fread(bytes, 1, size, file);
    (void)fclose(file);
}

void world_name_image(struct world_image *image)
{
    br_sha256_context sha256;
    uint8_t digest[32];

    br_sha256_init(&sha256);
    br_sha256_update(&sha256, image->bytes, image->length);
    br_sha256_out(&sha256, digest);
    for (int i = 0; i < 32; i++)
        (void)snprintf(image->sha256 + 2 * i, 3, "%02x", digest[i]);
}

static void read_image(const struct world *world, const char *release, int slot, struct world_image *image)
{
    char path[600];

    (void)snprintf(path, sizeof path, "%s/firmware/%s/user%d.bin", world->directory, release, slot);
    read_file(path, image->bytes, sizeof image->bytes, &image->length);
    world_name_image(image);
}

/* A hello names the session of its connection. */
static bool names_another_session(const struct world *world, const char *report)
{
    char member[100];

    (void)snprintf(member, sizeof member, "\"session\":\"%s\"", world->session);
    return strstr(report, "\"report\":\"hello\"") != NULL && strstr(report, member) == NULL;
}

/* The result in a report, or in the hello that carries one; NULL: there is none. */
static const char *result_in(const char *report)
{
    static const char *const results[] = {"confirmed", "reverted", "failed", "rejected"};
    char text[32];

    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        (void)snprintf(text, sizeof text, "\"report\":\"%s\"", results[i]);
        const char *result = strstr(report, text);
        if (result != NULL)
            return result;
    }
    return NULL;
}

static void take_result(struct world *world, const char *report)
{
    const char *result = result_in(report);

    if (result == NULL)
        return;
    world->nonces_wrong += strstr(report, "\"nonce\":\"" NONCE "\"") == NULL;
    world->ack_wanted = true;
    const char *attempt = strstr(result, "\"attempt\":");
    world->attempt = attempt == NULL ? 0 : atoi(attempt + strlen("\"attempt\":"));
    if (world->command_at < 2 && world->attempt == (int)world->command_at + 1) {
        world->command_at++;
        world->command_wanted = true;
    }
}

/* --- what the chip asks for --------------------------------------------------------------------------- */

static void on_request(void *context, const struct modem_frame *frame, const uint8_t *bytes)
{
    struct world *world = context;
    struct modem_running running;
    size_t used = strlen(world->reports);

    switch ((enum modem_type)frame->type) {
    case MODEM_RUNNING:
        memcpy(&running, bytes, sizeof running);
        world->running_slot = (int)running.slot;
        memcpy(world->running_version, running.version, sizeof running.version);
        break;
    case MODEM_HTTP_START:
        memcpy(&world->request, bytes, sizeof world->request);
        world->http_wanted = true;
        break;
    case MODEM_HTTP_STOP:
        world->http_wanted = false;
        break;
    case MODEM_REBOOT:
        world->down_wanted = true;
        break;
    case MODEM_LOG:
        world->records_lost += strstr((const char *)bytes + 1, "no valid boot record") != NULL;
        break;
    case MODEM_SESSION:
        (void)snprintf(world->session, sizeof world->session, "%s", (const char *)bytes);
        world->sessions_wrong += strlen(world->session) != 10 || strcmp(world->session + 8, ".1") != 0;
        break;
    case MODEM_PUBLISH:
        world->sessions_wrong += names_another_session(world, (const char *)bytes);
        (void)snprintf(world->reports + used, sizeof world->reports - used, "%s\n", (const char *)bytes);
        take_result(world, (const char *)bytes);
        if (world->is_cancelled && strstr((const char *)bytes, "\"state\":\"retrial\"") != NULL)
            world->cancel_wanted = world->is_withdrawn = true;
        break;
    default:
        break;
    }
}

static bool event(struct world *world, enum modem_type type, const void *bytes, uint32_t length)
{
    return machine_event(&world->machine, type, world->now, bytes, length, &world->wake_at);
}

static bool send_command(struct world *world, const char *text)
{
    return event(world, MODEM_COMMAND, text, (uint32_t)strlen(text));
}

static bool send_offer(struct world *world)
{
    char text[1024];

    (void)snprintf(text, sizeof text,
                   "{\"command\":\"update\",\"campaign\":5,\"attempt\":1,\"nonce\":\"" NONCE "\","
                   "\"version\":\"%s\",\"images\":{"
                   "\"1\":{\"url\":\"http://h/1\",\"size\":%u,\"sha256\":\"%s\"},"
                   "\"2\":{\"url\":\"http://h/2\",\"size\":%u,\"sha256\":\"%s\"}},"
                   "\"download_seconds\":600,\"confirm_seconds\":60}",
                   world->version, world->offer[0].length, world->offer[0].sha256, world->offer[1].length,
                   world->offer[1].sha256);
    return send_command(world, text);
}

/* The command in work, or the offer. */
static bool send_what_is_due(struct world *world)
{
    world->command_wanted = false;
    if (world->commands[0] == NULL)
        return world->version == NULL || send_offer(world);
    return world->command_at == 2 || world->commands[world->command_at] == NULL ||
           send_command(world, world->commands[world->command_at]);
}

static bool send_ack(struct world *world)
{
    char text[128];

    world->ack_wanted = false;
    (void)snprintf(text, sizeof text,
                   "{\"command\":\"ack\",\"campaign\":5,\"attempt\":%d,\"nonce\":\"" NONCE "\"}",
                   world->attempt);
    return send_command(world, text);
}

static bool send_cancel(struct world *world)
{
    world->cancel_wanted = false;
    return send_command(world,
                        "{\"command\":\"cancel\",\"campaign\":5,\"attempt\":1,\"nonce\":\"" NONCE "\"}");
}

static bool answer_http(struct world *world)
{
    bool is_second = world->request.url[strlen("http://h/")] == '2';
    const struct world_image *image =
        is_second && world->served != NULL ? world->served : &world->offer[is_second];
    uint32_t first = world->request.first_byte;
    struct modem_headers headers = {.status = first > 0 ? 206 : 200,
                                    .content_length = image->length - first,
                                    .range_first = first,
                                    .range_total = image->length,
                                    .complete = 1};
    bool is_get = world->request.method == FOTA_HTTP_GET;

    world->gets += is_get;
    if (!event(world, MODEM_HTTP_HEADERS, &headers, sizeof headers))
        return false;
    for (uint32_t at = first; is_get && world->http_wanted && at < image->length; at += PIECE) {
        uint32_t count = image->length - at < PIECE ? image->length - at : PIECE;
        if (!event(world, MODEM_HTTP_DATA, image->bytes + at, count))
            return false;
    }
    if (!world->http_wanted)
        return true;
    world->http_wanted = false;
    return event(world, MODEM_HTTP_END, &headers, sizeof headers);
}

static bool connects(struct world *world)
{
    bool is_new = world->running_slot == 2;
    struct machine_board board;

    machine_read_board(&world->machine, &board);
    if (is_new && !world->has_tried)
        world->trial_at = board.operations;
    world->has_tried = world->has_tried || is_new;
    if (world->network == WORLD_CONNECTS)
        return true;
    world->broker_is_back =
        world->broker_is_back || (world->network == WORLD_HAS_NO_BROKER && world->has_tried && !is_new);
    return !is_new || world->broker_is_back;
}

static bool boot(struct world *world)
{
    const struct modem_setup setup = {.seed = 1, .random = world->boots};

    world->running_slot = 0;
    world->http_wanted = world->down_wanted = world->cancel_wanted = world->connected = false;
    world->command_wanted = false;
    world->boots++;
    if (!machine_start(&world->machine, world->reset_reason))
        die("qemu-system-xtensa");
    if (!event(world, MODEM_START, &setup, sizeof setup))
        return false;
    world->connected = connects(world);
    if (!world->connected)
        return true;
    if (!event(world, MODEM_CONNECTING, NULL, 0) || !event(world, MODEM_CONNECTED, NULL, 0))
        return false;
    if (world->is_withdrawn)
        return send_cancel(world);
    return send_what_is_due(world);
}

/* One thing that is to be done. False: the machine has ended. */
static bool turn(struct world *world, bool *rests)
{
    if (world->machine.process == 0)
        return boot(world);
    if (world->down_wanted)
        return event(world, MODEM_DOWN, NULL, 0);
    if (world->http_wanted)
        return answer_http(world);
    if (world->ack_wanted)
        return send_ack(world);
    if (world->command_wanted)
        return send_what_is_due(world);
    if (world->cancel_wanted)
        return send_cancel(world);
    if (world->wake_at > world->now + REST_MILLISECONDS && world->connected) {
        *rests = true;
        return true;
    }
    if (world->wake_at > world->now)
        world->now = world->wake_at;
    return event(world, MODEM_TIME, NULL, 0);
}

enum world_end world_run(struct world *world)
{
    bool rests = false;

    world->boots = 0;
    while (!rests) {
        if (turn(world, &rests))
            continue;
        world->reset_reason = RESET_SOFT;
        if (world->machine.ended == MACHINE_POWER_CUT) {
            world->reset_reason = RESET_POWER;
            return WORLD_POWER_CUT;
        }
        if (world->machine.ended == MACHINE_CRASH) {
            world->reset_reason = RESET_DOG;
            world->crashes++;
        } else if (world->machine.ended != MACHINE_RESTART) {
            return WORLD_STUCK;
        }
        if (world->boots == BOOTS_MAX)
            return WORLD_STUCK;
    }
    return WORLD_RESTS;
}

/* --- a device ----------------------------------------------------------------------------------------- */

void world_open(struct world *world, const char *directory, const char *first)
{
    char path[64], message[512];
    uint8_t bytes[4096];
    uint32_t length;
    bool created;

    memset(world, 0, sizeof *world);
    world->directory = directory;
    (void)snprintf(path, sizeof path, "/tmp/lx106-flash.%ld", (long)getpid());
    if (!flash_open_file(&world->flash, path, KILOBYTES * 1024, &created, message, sizeof message) ||
        !flash_publish_file(path) || unlink(path) != 0) /* nothing is left, however this ends */
        die(path);
    (void)snprintf(world->rom, sizeof world->rom, "%s/boot.bin", directory);
    read_file(world->rom, bytes, sizeof bytes, &length);
    read_image(world, first, 1, &world->first);
    if (!machine_provision(&world->flash, map, KILOBYTES, bytes, length, world->first.bytes,
                           world->first.length))
        die("the first image does not fit");
    (void)snprintf(world->rom, sizeof world->rom, "%s/rom.elf", directory);
    world->machine = (struct machine){.rom = world->rom, .request = on_request, .context = world};
    world->reset_reason = RESET_POWER;
    if (!machine_open(&world->machine, &world->flash))
        die(world->rom);
}

void world_close(struct world *world)
{
    machine_close(&world->machine);
    flash_close(&world->flash);
}

void world_offer(struct world *world, const char *release, const char *version)
{
    world->version = version;
    for (int slot = 1; slot <= 2; slot++)
        read_image(world, release, slot, &world->offer[slot - 1]);
}

void world_keep(struct world *world, uint8_t *flash)
{
    machine_stop(&world->machine);
    if (pread(world->flash.file, flash, KILOBYTES * 1024, 0) != (ssize_t)(KILOBYTES * 1024))
        die("flash");
}

void world_put_flash(struct world *world, const uint8_t *flash)
{
    machine_stop(&world->machine);
    if (pwrite(world->flash.file, flash, KILOBYTES * 1024, 0) != (ssize_t)(KILOBYTES * 1024))
        die("flash");
}

void world_restore(struct world *world, const uint8_t *flash)
{
    world_put_flash(world, flash);
    world->now = world->wake_at = 0;
    world->reset_reason = RESET_POWER;
    world->http_wanted = world->down_wanted = world->ack_wanted = world->cancel_wanted = false;
    world->has_tried = world->broker_is_back = world->connected = world->is_withdrawn = false;
    world->reports[0] = '\0';
    world->command_at = world->gets = 0;
    world->crashes = world->records_lost = world->sessions_wrong = world->nonces_wrong = 0;
}

int world_boot_without_slot_1(struct world *world)
{
    static const uint32_t zero;
    const struct modem_setup setup = {.seed = 1};

    machine_stop(&world->machine);
    if (!flash_program(&world->flash, map->slot_address[0], &zero, sizeof zero))
        die("flash");
    world->running_slot = 0;
    if (!machine_start(&world->machine, RESET_POWER))
        die("qemu-system-xtensa");
    (void)event(world, MODEM_START, &setup, sizeof setup);
    machine_stop(&world->machine);
    return world->running_slot;
}

bool world_slot_holds(const struct world *world, int slot, const struct world_image *image)
{
    static uint8_t bytes[WORLD_IMAGE_MAX];

    return pread(world->flash.file, bytes, image->length, map->slot_address[slot - 1]) ==
               (ssize_t)image->length &&
           memcmp(bytes, image->bytes, image->length) == 0;
}
