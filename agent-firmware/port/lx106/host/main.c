/* lx106-device: the agent on the chip's own core under QEMU, as one device. This program is its power supply
 * and its modem: it starts QEMU anew for each boot and gives the chip MQTT and HTTP. */
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "device_options.h"
#include "machine_host.h"

#define BOOT_SIZE_MAX FOTA_SECTOR_SIZE
#define RESET_POWER 1u /* as rtc_get_reset_reason has them */
#define RESET_SOFT 3u
#define RESET_DOG 4u
#define BOOTS_IN_VAIN 10u /* in a row, without an agent that runs: the device is bricked */
#define RESTART_MILLISECONDS 200u

enum { OPTION_ID = OPTION_OWN, OPTION_FLASH, OPTION_LX106 };

static const char help_text[] =
    "lx106-device: the firmware agent on the ESP8266's core (lx106) under QEMU, as one device\n"
    "\n"
    "usage: lx106-device --id ID --flash FILE --image FILE --mqtt HOST:PORT [options]\n"
    "\n"
    "  --id ID                device id: 1 to 64 characters of A-Z a-z 0-9 . _ -\n"
    "  --flash FILE           the flash; made at the first start\n"
    "  --image FILE           first image for slot 1, e.g. build/lx106/firmware/v1.0.5/user1.bin; has its version\n"
    "  --flash-map MAP        256+256 (512 KB), 512+512 (1 MB, default) or 1024+1024 (2 MB)\n"
    "  --lx106 DIRECTORY      where boot.bin and rom.elf are (default: build/lx106)\n"
    "  --mqtt HOST:PORT       the broker\n"
    "  --mqtt-username NAME   default: the device id\n"
    "  --mqtt-password WORD   also from the environment: MQTT_PASSWORD\n"
    "  --verbose              say more\n"
    "  --help\n"
    "\n"
    "Exits with 0 at SIGTERM or SIGINT, 1 when the device cannot boot, 2 on bad options.\n";

static const struct option long_options[] = {
    DEVICE_OPTION_ROWS,
    {"id", required_argument, NULL, OPTION_ID},
    {"flash", required_argument, NULL, OPTION_FLASH},
    {"lx106", required_argument, NULL, OPTION_LX106},
    {NULL, 0, NULL, 0},
};

static struct {
    struct device_options options;
    const char *id, *flash_path, *directory;
    char rom[512];
    struct event_loop *loop;
    struct http_client *http;
    struct flash flash;
    struct machine machine;
    struct mqtt_link link;
    struct http_request request;
    struct loop_timer wake, restart;
    bool has_sessions;
    char session[FOTA_SESSION_SIZE]; /* as the chip has said; empty: it has not */
    uint32_t boots_in_vain;
    bool down_wanted;
    bool stopping;
} device;

static _Noreturn void die(const char *what, const char *why)
{
    fprintf(stderr, "lx106-device: %s: %s\n", what, why);
    exit(1);
}

static void take_option(int option, const char *value)
{
    switch (option) {
    case OPTION_ID:
        device.id = value;
        break;
    case OPTION_FLASH:
        device.flash_path = value;
        break;
    case OPTION_LX106:
        device.directory = value;
        break;
    default:
        device_options_take(&device.options, option, value);
    }
}

static void read_options(int count, char **arguments)
{
    int option;

    device_options_begin(&device.options, "lx106-device", help_text);
    device.directory = "build/lx106";
    while ((option = getopt_long(count, arguments, "", long_options, NULL)) != -1)
        take_option(option, optarg);
    if (optind < count)
        usage_error("lx106-device takes no argument: '%s'", arguments[optind]);
    if (device.id == NULL || device.flash_path == NULL || device.options.image_path == NULL ||
        device.options.connector.port == 0)
        usage_error("lx106-device needs --id, --flash, --image and --mqtt");
    if (!device_id_is_valid(device.id))
        usage_error("--id '%s': must be 1 to 64 characters of A-Z a-z 0-9 . _ -", device.id);
}

/* --- the chip ----------------------------------------------------------------------------------------- */

static void come_down(void)
{
    http_request_stop(&device.request);
    event_loop_set_timer(device.loop, &device.wake, UINT64_MAX);
    mqtt_link_close(&device.link); /* then on_closed */
}

static void on_ended(void)
{
    if (device.stopping || (device.machine.ended == MACHINE_RESTART && device.down_wanted))
        return; /* as it should */
    fprintf(stderr, "level=warning device=%s the chip has ended with %d\n", device.id, device.machine.ended);
    if (++device.boots_in_vain == BOOTS_IN_VAIN)
        die(device.id, "the chip does not start an agent: this device is bricked");
    /* As when the plug is pulled: nobody says goodbye. */
    http_request_stop(&device.request);
    event_loop_set_timer(device.loop, &device.wake, UINT64_MAX);
    event_loop_set_timer(device.loop, &device.restart, event_loop_now(device.loop) + RESTART_MILLISECONDS);
}

static void give(enum modem_type type, const void *bytes, uint32_t length)
{
    uint64_t wake_at = UINT64_MAX;

    if (device.machine.process == 0)
        return;
    bool waits = machine_event(&device.machine, type, event_loop_now(device.loop), bytes, length, &wake_at);
    if (!waits)
        on_ended();
    else if (device.down_wanted)
        event_loop_set_timer(device.loop, &device.wake, event_loop_now(device.loop));
    else
        event_loop_set_timer(device.loop, &device.wake, wake_at);
}

static void boot(uint32_t reset_reason)
{
    struct modem_setup setup = {.seed = 2166136261u};

    if (getrandom(&setup.random, sizeof setup.random, 0) != (ssize_t)sizeof setup.random)
        die("random bits", strerror(errno));
    for (const char *at = device.id; *at != '\0'; at++)
        setup.seed = (setup.seed ^ (uint8_t)*at) * 16777619u;
    device.down_wanted = false;
    if (!machine_start(&device.machine, reset_reason))
        die("qemu-system-xtensa", strerror(errno));
    give(MODEM_START, &setup, sizeof setup);
    if (device.machine.process != 0)
        mqtt_link_connect(&device.link);
}

static void on_wake(void *context)
{
    (void)context;
    if (device.down_wanted)
        come_down();
    else
        give(MODEM_TIME, NULL, 0);
}

static void on_restart(void *context)
{
    uint32_t reason = device.machine.ended == MACHINE_RESTART ? RESET_SOFT : RESET_DOG;

    (void)context;
    mqtt_link_drop(&device.link);
    boot(reason);
}

static void say_happened(const uint8_t *bytes)
{
    static const char *const texts[] = {"image written", "duplicate command", "bad command",
                                        "confirmed",     "reverted",          "no verdict"};
    struct modem_happened happened;

    memcpy(&happened, bytes, sizeof happened);
    if (happened.what < sizeof texts / sizeof texts[0])
        fprintf(stderr, "level=info device=%s campaign=%llu attempt=%u %s\n", device.id,
                (unsigned long long)happened.campaign, happened.attempt, texts[happened.what]);
}

static void say_log(const uint8_t *bytes)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};

    if (bytes[0] >= FOTA_LOG_WARNING || device.options.verbose)
        fprintf(stderr, "level=%s device=%s %s\n", names[bytes[0] & 3], device.id, (const char *)bytes + 1);
}

static void on_request(void *context, const struct modem_frame *frame, const uint8_t *bytes)
{
    struct modem_request request;
    struct modem_running running;

    (void)context;
    switch ((enum modem_type)frame->type) {
    case MODEM_RUNNING:
        memcpy(&running, bytes, sizeof running);
        device.has_sessions = frame->length >= sizeof running && running.has_sessions != 0;
        device.boots_in_vain = 0;
        fprintf(stderr, "level=info device=%s lx106 runs %.63s in slot %u\n", device.id, running.version,
                running.slot);
        break;
    case MODEM_HTTP_START:
        memcpy(&request, bytes, sizeof request);
        if (!http_request_start(device.http, &device.request, (enum fota_http_method)request.method,
                                request.url, request.first_byte))
            die("HTTP", "out of memory");
        break;
    case MODEM_HTTP_STOP:
        http_request_stop(&device.request);
        break;
    case MODEM_PUBLISH:
        mqtt_link_publish_report(&device.link, (const char *)bytes, frame->length);
        break;
    case MODEM_REBOOT:
        device.down_wanted = true;
        break;
    case MODEM_SESSION:
        (void)snprintf(device.session, sizeof device.session, "%s", (const char *)bytes);
        break;
    case MODEM_LOG:
        say_log(bytes);
        break;
    case MODEM_HAPPENED:
        say_happened(bytes);
        break;
    default:
        fprintf(stderr, "level=warning device=%s an unknown frame: %u\n", device.id, frame->type);
    }
}

/* --- MQTT and HTTP ------------------------------------------------------------------------------------ */

static bool on_connecting(void *context, char session[FOTA_SESSION_SIZE])
{
    (void)context;
    device.session[0] = '\0';
    if (device.has_sessions)
        give(MODEM_CONNECTING, NULL, 0);
    memcpy(session, device.session, FOTA_SESSION_SIZE);
    return device.machine.process != 0; /* also when it has just ended */
}

static void on_up(void *context)
{
    (void)context;
    give(MODEM_CONNECTED, NULL, 0);
}

static void on_down(void *context)
{
    (void)context;
    give(MODEM_DISCONNECTED, NULL, 0);
}

static void on_command(void *context, const char *bytes, uint32_t length)
{
    (void)context;
    if (length <= MODEM_FRAME_MAX)
        give(MODEM_COMMAND, bytes, length);
}

static void on_closed(void *context)
{
    (void)context;
    if (device.stopping) {
        event_loop_stop(device.loop);
        return;
    }
    give(MODEM_DOWN, NULL, 0); /* QEMU ends; the next one not from inside the link */
    event_loop_set_timer(device.loop, &device.restart, event_loop_now(device.loop));
}

static const struct mqtt_link_events link_events = {
    .connecting = on_connecting, .up = on_up, .down = on_down, .command = on_command, .closed = on_closed};

static void on_http(void *context, const struct fota_event *event)
{
    const struct modem_headers headers = {.status = event->http.status,
                                          .content_length = event->http.content_length,
                                          .range_first = event->http.range_first,
                                          .range_total = event->http.range_total,
                                          .complete = event->http.complete};

    (void)context;
    if (event->type == FOTA_EVENT_HTTP_HEADERS) {
        give(MODEM_HTTP_HEADERS, &headers, sizeof headers);
    } else if (event->type == FOTA_EVENT_HTTP_END) {
        give(MODEM_HTTP_END, &headers, sizeof headers);
    } else {
        /* A frame takes less than libcurl gives; the agent may stop the request at any of them. */
        for (uint32_t done = 0; done < event->length && device.request.transfer != NULL;) {
            uint32_t left = event->length - done;
            uint32_t count = left < MODEM_FRAME_MAX ? left : MODEM_FRAME_MAX;
            give(MODEM_HTTP_DATA, event->bytes + done, count);
            done += count;
        }
    }
}

static void on_signal(void *context, int descriptor, uint32_t events)
{
    (void)context;
    (void)events;
    event_loop_forget(device.loop, descriptor);
    device.stopping = true;
    machine_stop(&device.machine);
    come_down();
}

/* --- beginning and end -------------------------------------------------------------------------------- */

static void open_flash(void)
{
    static uint8_t boot_bytes[BOOT_SIZE_MAX];
    char path[512], message[512];
    uint32_t image_length;
    bool created;

    if (!flash_open_file(&device.flash, device.flash_path, device.options.map->size, &created, message,
                         sizeof message))
        die("flash", message);
    if (!created)
        return;
    uint8_t *image = device_options_first_image(&device.options, &image_length);
    (void)snprintf(path, sizeof path, "%s/boot.bin", device.directory);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        die(path, strerror(errno));
    uint32_t boot_length = (uint32_t)fread(boot_bytes, 1, sizeof boot_bytes, file);
    (void)fclose(file);
    if (!machine_provision(&device.flash, device.options.map, device.options.map->size / 1024, boot_bytes,
                           boot_length, image, image_length))
        die("flash", "boot.bin or the first image does not fit");
    if (!flash_publish_file(device.flash_path))
        die("flash", "the file cannot be given its name");
    free(image);
}

int main(int count, char **arguments)
{
    read_options(count, arguments);
    srand((unsigned)getpid()); /* for the jitter of reconnects */
    (void)mosquitto_lib_init();
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    device.loop = event_loop_new();
    if (device.loop == NULL || !watch_signals(device.loop, on_signal, NULL))
        die("signals", strerror(errno));
    device.options.connector.loop = device.loop;
    device.http = http_client_new(device.loop, 1);
    device.wake.callback = on_wake;
    device.restart.callback = on_restart;
    device.request.handle = on_http;
    if (device.http == NULL ||
        !mqtt_link_open(&device.link, &device.options.connector, device.id, &link_events, NULL))
        die("start", "out of memory");
    open_flash();
    (void)snprintf(device.rom, sizeof device.rom, "%s/rom.elf", device.directory);
    device.machine = (struct machine){.rom = device.rom, .request = on_request};
    if (!machine_open(&device.machine, &device.flash))
        die(device.rom, strerror(errno));
    boot(RESET_POWER);
    event_loop_run(device.loop);

    struct machine_board board;
    machine_read_board(&device.machine, &board);
    fprintf(stderr, "level=info device=%s the chip has used at most %u bytes of stack\n", device.id,
            board.stack_used);
    http_request_stop(&device.request);
    machine_close(&device.machine);
    mqtt_link_free(&device.link);
    http_client_free(device.http);
    flash_close(&device.flash);
    event_loop_free(device.loop);
    curl_global_cleanup();
    (void)mosquitto_lib_cleanup();
    return 0;
}
