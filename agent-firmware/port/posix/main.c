/* fota-agent: one device as a process. Its flash is a file, a restart of the process is its reboot. */
#include <curl/curl.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "health.h"
#include "host.h"
#include "sample_image.h"

#define RESET_VARIABLE "FOTA_AGENT_RESET_REASON" /* how a process tells the one that follows why */
#define SAMPLE_MAPPED 16384u
#define SAMPLE_SEGMENT 4096u

struct options {
    const char *id;
    const char *version;
    const char *flash_path;
    const char *image_path;
    const char *health_command;
    const struct fota_flash_map *map;
    struct mqtt_connector connector;
    bool verbose;
};

struct program {
    struct options options;
    struct event_loop *loop;
    struct http_client *http;
    struct device device;
    struct health health;
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
    "  --health-command CMD   run by sh on a trial boot; exit status 0 means healthy (default: healthy once "
    "connected)\n"
    "  --verbose              say more\n"
    "  --help\n"
    "\n"
    "Exits with 0 at SIGTERM or SIGINT, 1 when the device cannot boot, 2 on bad options.\n";

enum {
    OPTION_ID = 256,
    OPTION_VERSION,
    OPTION_FLASH,
    OPTION_MAP,
    OPTION_IMAGE,
    OPTION_MQTT,
    OPTION_USERNAME,
    OPTION_PASSWORD,
    OPTION_HEALTH,
    OPTION_VERBOSE,
    OPTION_HELP
};

static const struct option long_options[] = {
    {"id", required_argument, NULL, OPTION_ID},
    {"version", required_argument, NULL, OPTION_VERSION},
    {"flash", required_argument, NULL, OPTION_FLASH},
    {"flash-map", required_argument, NULL, OPTION_MAP},
    {"image", required_argument, NULL, OPTION_IMAGE},
    {"mqtt", required_argument, NULL, OPTION_MQTT},
    {"mqtt-username", required_argument, NULL, OPTION_USERNAME},
    {"mqtt-password", required_argument, NULL, OPTION_PASSWORD},
    {"health-command", required_argument, NULL, OPTION_HEALTH},
    {"verbose", no_argument, NULL, OPTION_VERBOSE},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

static void take_option(struct options *options, int option, const char *value)
{
    switch (option) {
    case OPTION_ID:
        options->id = value;
        break;
    case OPTION_VERSION:
        options->version = option_version("--version", value);
        break;
    case OPTION_FLASH:
        options->flash_path = value;
        break;
    case OPTION_MAP:
        options->map = option_flash_map("--flash-map", value);
        break;
    case OPTION_IMAGE:
        options->image_path = value;
        break;
    case OPTION_MQTT:
        option_broker("--mqtt", value, &options->connector);
        break;
    case OPTION_USERNAME:
        options->connector.username = value;
        break;
    case OPTION_PASSWORD:
        options->connector.password = value;
        break;
    case OPTION_HEALTH:
        options->health_command = value;
        break;
    case OPTION_VERBOSE:
        options->verbose = true;
        break;
    case OPTION_HELP:
        fputs(help_text, stdout);
        exit(0);
    default:
        usage_error("fota-agent: bad option");
    }
}

static void read_options(struct options *options, int count, char **arguments)
{
    int option;

    options->map = &fota_map_512;
    options->connector.reconnect_milliseconds = 1000;
    options->connector.password = getenv("MQTT_PASSWORD");
    while ((option = getopt_long(count, arguments, "", long_options, NULL)) != -1)
        take_option(options, option, optarg);
    if (optind < count)
        usage_error("fota-agent takes no argument: '%s'", arguments[optind]);
    if (options->id == NULL || options->version == NULL || options->flash_path == NULL ||
        options->connector.port == 0)
        usage_error("fota-agent needs --id, --version, --flash and --mqtt");
    if (!device_id_is_valid(options->id))
        usage_error("--id '%s': must be 1 to 64 characters of A-Z a-z 0-9 . _ -", options->id);
}

static _Noreturn void die(const char *message)
{
    fprintf(stderr, "fota-agent: %s\n", message);
    exit(1);
}

/* Reads --image, or makes a small image. Returns its length. */
static uint32_t first_image(const struct options *options, uint8_t *bytes, uint32_t size)
{
    if (options->image_path == NULL)
        return sample_image_make(bytes, 1, SAMPLE_MAPPED, SAMPLE_SEGMENT, 1);
    FILE *file = fopen(options->image_path, "rb");
    if (file == NULL) {
        fprintf(stderr, "fota-agent: cannot read image %s: %s\n", options->image_path, strerror(errno));
        exit(1);
    }
    size_t length = fread(bytes, 1, size, file);
    (void)fclose(file);
    return (uint32_t)length;
}

static void open_flash(struct device *device, const struct options *options)
{
    char message[512];
    bool created;

    if (!flash_open_file(&device->flash, options->flash_path, options->map->size, &created, message,
                         sizeof message))
        die(message);
    if (!created)
        return;
    uint8_t *image = malloc(SAMPLE_IMAGE_SIZE_MAX + 1);
    if (image == NULL)
        die("out of memory");
    uint32_t length = first_image(options, image, SAMPLE_IMAGE_SIZE_MAX + 1);
    if (!provision(&device->platform, image, length, message, sizeof message))
        die(message);
    if (!flash_publish_file(options->flash_path))
        die("the flash file cannot be given its name");
    free(image);
}

/* --- hooks
 * ---------------------------------------------------------------------------------------------------------------
 */

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

    if (level >= FOTA_LOG_WARNING || program.options.verbose)
        fprintf(stderr, "level=%s device=%s %s\n", names[level], device->link.device, text);
}

static void on_happened(struct device *device, enum fota_happening what, uint64_t campaign, uint32_t attempt)
{
    static const char *const texts[] = {"image written", "duplicate command", "bad command", "confirmed",
                                        "reverted"};
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
    .restart = restart,
    .connected = on_connected,
    .happened = on_happened,
    .log = log_line,
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
    program.options.connector.loop = program.loop;
    program.http = http_client_new(program.loop, 1);
    if (program.http == NULL)
        die("out of memory");

    device->hooks = &hooks;
    device->loop = program.loop;
    device->http = program.http;
    device->version = program.options.version;
    device->platform = (struct fota_platform){&device_port, device, program.options.map};
    open_flash(device, &program.options);
    if (!device_open(device, &program.options.connector, program.options.id))
        die("out of memory");
    srand(device->seed ^ (unsigned)getpid());
    int slot = device_choose_slot(device);
    if (slot == 0)
        die("neither slot holds a whole image: this device is bricked");
    device_boot(device, slot, take_reset_reason());
    event_loop_run(program.loop);

    device_free(device);
    http_client_free(program.http);
    event_loop_free(program.loop);
    curl_global_cleanup();
    (void)mosquitto_lib_cleanup();
    return 0;
}
