/* fota-agent: one device as a process. Its flash is a file, a restart of the process is its reboot. */
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device_options.h"
#include "health.h"
#include "host.h"
#include "local_server.h"

#define RESET_VARIABLE "FOTA_AGENT_RESET_REASON" /* how a process tells the one that follows why */

struct options {
    struct device_options device;
    const char *id;
    const char *flash_path;
    const char *health_command;
    uint32_t min_uptime_seconds;
    bool fails_to_connect;           /* on a trial boot */
    enum fota_permission permission; /* to be updated */
    const char *local_upgrade;       /* address of the endpoint; NULL: none */
};

struct program {
    struct options options;
    struct event_loop *loop;
    struct http_client *http;
    struct device device;
    struct health health;
    struct local_server local;
    char **arguments;
    bool stopping;
};

static struct program program;

static const char help_text[] =
    "fota-agent: one firmware device as a process; kill and restart it as you like\n"
    "\n"
    "usage: fota-agent --id ID --version V --flash FILE --mqtt HOST:PORT [options]\n"
    "\n"
    "  --id ID                device id: 1 to 64 characters of A-Z a-z 0-9 . _ -\n"
    "  --version V            version of the first image, e.g. 'v1.0.5t45772(a)'; later ones come with "
    "updates\n"
    "  --flash FILE           the flash; made at the first start\n"
    "  --flash-map MAP        256+256, 512+512 (default) or 1024+1024\n"
    "  --image FILE           first image for slot 1 (default: a small generated one)\n"
    "  --mqtt HOST:PORT       the broker\n"
    "  --mqtt-username NAME   default: the device id\n"
    "  --mqtt-password WORD   also from the environment: MQTT_PASSWORD\n"
    "  --public-key FILE      take only releases signed by this key (PEM); may be given twice\n"
    "  --health-command CMD   run by sh on a trial boot; exit status 0 means healthy (default: healthy once "
    "connected)\n"
    "  --fail-connect         the new image breaks the network: it never connects on trial\n"
    "  --min-uptime SECONDS   confirm no new image before it has run so long (default: 0)\n"
    "  --refuse REASON        reject every update: battery_low, busy or outside_window\n"
    "  --local-upgrade PORT   take firmware that is pushed over the LAN: on 127.0.0.1, or ADDRESS:PORT\n"
    "  --verbose              say more\n"
    "  --help\n"
    "\n"
    "Exits with 0 at SIGTERM or SIGINT, 1 when the device cannot boot, 2 on bad options.\n";

enum {
    OPTION_ID = OPTION_OWN,
    OPTION_FLASH,
    OPTION_HEALTH,
    OPTION_FAIL_CONNECT,
    OPTION_UPTIME,
    OPTION_REFUSE,
    OPTION_LOCAL
};

static const struct option long_options[] = {
    DEVICE_OPTION_ROWS,
    {"id", required_argument, NULL, OPTION_ID},
    {"flash", required_argument, NULL, OPTION_FLASH},
    {"health-command", required_argument, NULL, OPTION_HEALTH},
    {"fail-connect", no_argument, NULL, OPTION_FAIL_CONNECT},
    {"min-uptime", required_argument, NULL, OPTION_UPTIME},
    {"refuse", required_argument, NULL, OPTION_REFUSE},
    {"local-upgrade", required_argument, NULL, OPTION_LOCAL},
    {NULL, 0, NULL, 0},
};

static enum fota_permission read_refusal(const char *text)
{
    static const char *const names[] = {
        [FOTA_BATTERY_LOW] = "battery_low", [FOTA_BUSY] = "busy", [FOTA_OUTSIDE_WINDOW] = "outside_window"};

    for (int i = FOTA_BATTERY_LOW; i <= FOTA_OUTSIDE_WINDOW; i++)
        if (strcmp(text, names[i]) == 0)
            return (enum fota_permission)i;
    usage_error("--refuse '%s': must be battery_low, busy or outside_window", text);
}

static void take_option(struct options *options, int option, const char *value)
{
    switch (option) {
    case OPTION_ID:
        options->id = value;
        break;
    case OPTION_FLASH:
        options->flash_path = value;
        break;
    case OPTION_HEALTH:
        options->health_command = value;
        break;
    case OPTION_FAIL_CONNECT:
        options->fails_to_connect = true;
        break;
    case OPTION_UPTIME:
        options->min_uptime_seconds = option_number("--min-uptime", value, 0, 86400);
        break;
    case OPTION_REFUSE:
        options->permission = read_refusal(value);
        break;
    case OPTION_LOCAL:
        if (!local_server_address_is_valid(value))
            usage_error("--local-upgrade '%s': must be PORT or ADDRESS:PORT, IPv4, ports from 1 to 65535",
                        value);
        options->local_upgrade = value;
        break;
    default:
        device_options_take(&options->device, option, value);
    }
}

static void read_options(struct options *options, int count, char **arguments)
{
    int option;

    device_options_begin(&options->device, "fota-agent", help_text);
    while ((option = getopt_long(count, arguments, "", long_options, NULL)) != -1)
        take_option(options, option, optarg);
    if (optind < count)
        usage_error("fota-agent takes no argument: '%s'", arguments[optind]);
    if (options->id == NULL || options->device.version == NULL || options->flash_path == NULL ||
        options->device.connector.port == 0)
        usage_error("fota-agent needs --id, --version, --flash and --mqtt");
    if (!device_id_is_valid(options->id))
        usage_error("--id '%s': must be 1 to 64 characters of A-Z a-z 0-9 . _ -", options->id);
}

static _Noreturn void die(const char *message)
{
    fprintf(stderr, "fota-agent: %s\n", message);
    exit(1);
}

static void open_flash(struct device *device, const struct options *options)
{
    char message[512];
    bool created;

    if (!flash_open_file(&device->flash, options->flash_path, options->device.map->size, &created, message,
                         sizeof message))
        die(message);
    if (!created)
        return;
    uint32_t length;
    uint8_t *image = device_options_first_image(&options->device, &length);
    if (!provision(&device->platform, image, length, message, sizeof message))
        die(message);
    if (!flash_publish_file(options->flash_path))
        die("the flash file cannot be given its name");
    free(image);
}

/* --- hooks ------------------------------------------------------------------------------------------ */

static void on_health_known(void *context, bool healthy)
{
    device_set_health(context, healthy);
}

static void check_health(struct device *device)
{
    if (program.options.health_command == NULL)
        device_set_health(device, true); /* the agent asks only when connected */
    else
        health_start(&program.health, program.loop, program.options.health_command, on_health_known, device);
}

static bool connects(struct device *device)
{
    return !program.options.fails_to_connect || device->agent.state != AGENT_TRIAL;
}

static enum fota_permission may_update(struct device *device)
{
    (void)device;
    return program.options.permission;
}

static bool takes_http_start(struct device *device, enum fota_http_method method)
{
    (void)device;
    return local_server_takes_http_start(&program.local, method);
}

static bool takes_http_stop(struct device *device)
{
    (void)device;
    return local_server_takes_http_stop(&program.local);
}

static uint32_t reboot_delay(struct device *device)
{
    (void)device;
    return local_server_reboot_delay(&program.local);
}

static void restart(struct device *device)
{
    health_stop(&program.health);
    if (program.stopping) {
        event_loop_stop(program.loop);
        return;
    }
    flash_close(&device->flash);
    (void)setenv(RESET_VARIABLE, "software", 1);
    (void)execv("/proc/self/exe", program.arguments);
    die("cannot start again");
}

static void log_line(struct device *device, enum fota_log_level level, const char *text)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};

    if (level >= FOTA_LOG_WARNING || program.options.device.verbose)
        fprintf(stderr, "level=%s device=%s %s\n", names[level], device->link.device, text);
}

static void on_happened(struct device *device, enum fota_happening what, uint64_t campaign, uint32_t attempt)
{
    static const char *const texts[] = {"image written", "duplicate command", "bad command",
                                        "confirmed",     "reverted",          "no verdict"};
    fprintf(stderr, "level=info device=%s campaign=%llu attempt=%u %s\n", device->link.device,
            (unsigned long long)campaign, attempt, texts[what]);
}

static void on_connected(struct device *device)
{
    fprintf(stderr, "level=info device=%s connected, running %s in slot %d\n", device->link.device,
            device->agent.running.version, device->agent.running_slot);
}

static const struct device_hooks hooks = {
    .check_health = check_health,
    .connects = connects,
    .may_update = may_update,
    .restart = restart,
    .connected = on_connected,
    .happened = on_happened,
    .log = log_line,
    .takes_http_start = takes_http_start,
    .takes_http_stop = takes_http_stop,
    .reboot_delay = reboot_delay,
};

static void on_signal(void *context, int descriptor, uint32_t events)
{
    struct program *running = context;

    (void)descriptor;
    (void)events;
    if (running->stopping)
        return;
    event_loop_forget(running->loop, descriptor);
    running->stopping = true;
    running->device.running = false;
    http_request_stop(&running->device.request);
    mqtt_link_close(&running->device.link);
}

static enum reset_reason take_reset_reason(void)
{
    bool restarted = getenv(RESET_VARIABLE) != NULL;

    (void)unsetenv(RESET_VARIABLE);
    return restarted ? RESET_SOFTWARE : RESET_POWER_ON;
}

int main(int count, char **arguments)
{
    struct device *device = &program.device;

    program.arguments = arguments;
    read_options(&program.options, count, arguments);
    (void)mosquitto_lib_init();
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    program.loop = event_loop_new();
    if (program.loop == NULL || !watch_signals(program.loop, on_signal, &program))
        die(strerror(errno));
    program.options.device.connector.loop = program.loop;
    program.http = http_client_new(program.loop, 1);
    if (program.http == NULL)
        die("out of memory");

    device->hooks = &hooks;
    device->loop = program.loop;
    device->http = program.http;
    device->version = program.options.device.version;
    device->min_uptime_seconds = program.options.min_uptime_seconds;
    device->public_keys = &program.options.device.public_keys;
    device->platform = (struct fota_platform){&device_port, device, program.options.device.map};
    open_flash(device, &program.options);
    if (!device_open(device, &program.options.device.connector, program.options.id))
        die("out of memory");
    srand(device->seed ^ (unsigned)getpid());
    int slot = device_choose_slot(device);
    if (slot == 0)
        die("neither slot holds a whole image: this device is bricked");
    device_boot(device, slot, take_reset_reason());
    char message[512];
    if (program.options.local_upgrade != NULL &&
        !local_server_start(&program.local, device, program.options.local_upgrade, message, sizeof message))
        die(message);
    event_loop_run(program.loop);

    device_free(device);
    http_client_free(program.http);
    event_loop_free(program.loop);
    curl_global_cleanup();
    (void)mosquitto_lib_cleanup();
    return 0;
}
