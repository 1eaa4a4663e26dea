#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet.h"
#include "fota_version.h"

static const char help_text[] =
    "fleetsim: thousands of firmware devices in one process or a few, the same agent as on a device\n"
    "\n"
    "usage: fleetsim --devices N --version V --mqtt HOST:PORT [options]\n"
    "\n"
    "  --devices N            how many\n"
    "  --ptype P              product type; must be that of the version\n"
    "  --version V            what they run at first, e.g. 'v1.0.5t45772(a)'\n"
    "  --prefix TEXT          of device ids (default: device-), a number of 5 digits or more follows\n"
    "  --first N              number of the first device (default: 1)\n"
    "  --shards K             K processes share the devices (default: 1; at most 64); one process holds some "
    "19,000\n"
    "  --image FILE           first image of slot 1 (default: a small generated one)\n"
    "  --flash-map MAP        256+256, 512+512 (default) or 1024+1024\n"
    "  --mqtt HOST:PORT       the broker\n"
    "  --mqtt-username NAME   default: each device its id\n"
    "  --mqtt-password WORD   also from the environment: MQTT_PASSWORD\n"
    "  --public-key FILE      take only releases signed by this key (PEM); may be given twice\n"
    "  --source-addresses N   connect from 127.0.0.2 and the N - 1 addresses after it in turn (default: 0, "
    "no choice)\n"
    "  --reconnect SECONDS    first delay before connecting again, doubled up to 30 s, with jitter (default: 1)\n"
    "  --parallel-downloads N at most so many at a time (default: 64)\n"
    "  --boot-seconds S       how long a boot takes (default: 0.2)\n"
    "  --health-seconds S     how long a health check takes (default: 0.2)\n"
    "  --run-seconds S        stop by itself (default: 0, when told)\n"
    "  --hash-each            every device hashes its image itself; without it equal bytes are hashed once a "
    "process,\n"
    "                         and what came out is remembered\n"
    "\n"
    "faults, each a share of the devices (0.1 or 10%), no device has two:\n"
    "  --offline SHARE        never connect\n"
    "  --silent SHARE         take the update and are never heard of again\n"
    "  --fail-download SHARE  receive a damaged image\n"
    "  --crash-on-boot SHARE  the new image crashes whenever it boots\n"
    "  --fail-health SHARE    the new image fails its health check\n"
    "  --fail-connect SHARE   the new image breaks the network: it never connects on trial\n"
    "  --change SHARE         run the version of --change-to from --change-seconds (default: 1) after they were\n"
    "                         connected, as if flashed by hand; not while at work on an update\n"
    "  --fault-version V      faults strike only at updates to V (default: any update)\n"
    "  --seed N               draws which devices have which fault (default: 1)\n"
    "  --twins N              N further devices have the ids of the first N ones, and another image\n"
    "\n"
    "  --print-devices        print id,ptype,version of each device as CSV and exit\n"
    "  --json                 the summary at the end as JSON\n"
    "  --flashes FILE         write at the end, as CSV, what each device runs and which attempts wrote an image\n"
    "  --verbose              say more on stderr\n"
    "  --help\n"
    "\n"
    "Prints 'ready: N devices connected' once all that should be are connected, and a summary at the end. "
    "SIGTERM or\n"
    "SIGINT end it: exit 0. Bad options: exit 2. With --shards the exit code is the worst of all processes.\n";

enum {
    OPTION_DEVICES = OPTION_OWN,
    OPTION_PTYPE,
    OPTION_PREFIX,
    OPTION_FIRST,
    OPTION_SHARDS,
    OPTION_SOURCES,
    OPTION_RECONNECT,
    OPTION_PARALLEL,
    OPTION_BOOT,
    OPTION_HEALTH,
    OPTION_RUN,
    OPTION_FAULT_VERSION,
    OPTION_SEED,
    OPTION_TWINS,
    OPTION_CHANGE_TO,
    OPTION_CHANGE_SECONDS,
    OPTION_HASH_EACH,
    OPTION_PRINT,
    OPTION_JSON,
    OPTION_FLASHES,
    OPTION_FAULTS /* and the numbers after it: enum fleet_fault */
};

static const struct option long_options[] = {
    DEVICE_OPTION_ROWS,
    {"devices", required_argument, NULL, OPTION_DEVICES},
    {"ptype", required_argument, NULL, OPTION_PTYPE},
    {"prefix", required_argument, NULL, OPTION_PREFIX},
    {"first", required_argument, NULL, OPTION_FIRST},
    {"shards", required_argument, NULL, OPTION_SHARDS},
    {"source-addresses", required_argument, NULL, OPTION_SOURCES},
    {"reconnect", required_argument, NULL, OPTION_RECONNECT},
    {"parallel-downloads", required_argument, NULL, OPTION_PARALLEL},
    {"boot-seconds", required_argument, NULL, OPTION_BOOT},
    {"health-seconds", required_argument, NULL, OPTION_HEALTH},
    {"run-seconds", required_argument, NULL, OPTION_RUN},
    {"fault-version", required_argument, NULL, OPTION_FAULT_VERSION},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"twins", required_argument, NULL, OPTION_TWINS},
    {"change-to", required_argument, NULL, OPTION_CHANGE_TO},
    {"change-seconds", required_argument, NULL, OPTION_CHANGE_SECONDS},
    {"hash-each", no_argument, NULL, OPTION_HASH_EACH},
    {"print-devices", no_argument, NULL, OPTION_PRINT},
    {"json", no_argument, NULL, OPTION_JSON},
    {"flashes", required_argument, NULL, OPTION_FLASHES},
    {"offline", required_argument, NULL, OPTION_FAULTS + FAULT_OFFLINE},
    {"silent", required_argument, NULL, OPTION_FAULTS + FAULT_SILENT},
    {"fail-download", required_argument, NULL, OPTION_FAULTS + FAULT_FAIL_DOWNLOAD},
    {"crash-on-boot", required_argument, NULL, OPTION_FAULTS + FAULT_CRASH_ON_BOOT},
    {"fail-health", required_argument, NULL, OPTION_FAULTS + FAULT_FAIL_HEALTH},
    {"fail-connect", required_argument, NULL, OPTION_FAULTS + FAULT_FAIL_CONNECT},
    {"change", required_argument, NULL, OPTION_FAULTS + FAULT_CHANGE},
    {NULL, 0, NULL, 0},
};

static uint32_t milliseconds(const char *option, const char *value, double max)
{
    return (uint32_t)(option_seconds(option, value, max) * 1000 + 0.5);
}

static void take_fault(struct fleet_options *options, int fault, const char *value)
{
    static const char *const names[FAULT_COUNT] = {"",
                                                   "--offline",
                                                   "--silent",
                                                   "--fail-download",
                                                   "--crash-on-boot",
                                                   "--fail-health",
                                                   "--fail-connect",
                                                   "--change"};
    options->shares[fault] = option_share(names[fault], value);
}

static void take_option(struct fleet_options *options, int option, const char *value)
{
    switch (option) {
    case OPTION_DEVICES:
        options->devices = option_number("--devices", value, 1, FLEET_DEVICES_MAX);
        break;
    case OPTION_PTYPE:
        options->ptype = option_number("--ptype", value, 0, 2147483647);
        options->has_ptype = true;
        break;
    case OPTION_PREFIX:
        options->prefix = value;
        break;
    case OPTION_FIRST:
        options->first = option_number("--first", value, 0, 1000000000);
        break;
    case OPTION_SHARDS:
        options->shards = option_number("--shards", value, 1, FLEET_SHARDS_MAX);
        break;
    case OPTION_SOURCES:
        options->device.connector.source_addresses = option_number("--source-addresses", value, 0, 250);
        break;
    case OPTION_RECONNECT:
        options->device.connector.reconnect_milliseconds = milliseconds("--reconnect", value, 30);
        break;
    case OPTION_PARALLEL:
        options->parallel_downloads = option_number("--parallel-downloads", value, 1, 4096);
        break;
    case OPTION_BOOT:
        options->boot_milliseconds = milliseconds("--boot-seconds", value, 86400);
        break;
    case OPTION_HEALTH:
        options->health_milliseconds = milliseconds("--health-seconds", value, 86400);
        break;
    case OPTION_RUN:
        options->run_milliseconds = milliseconds("--run-seconds", value, 1000000);
        break;
    case OPTION_FAULT_VERSION:
        options->fault_version = option_version("--fault-version", value);
        break;
    case OPTION_SEED:
        options->seed = option_number("--seed", value, 0, 4294967295u);
        break;
    case OPTION_TWINS:
        options->twins = option_number("--twins", value, 0, FLEET_DEVICES_MAX);
        break;
    case OPTION_CHANGE_TO:
        options->change_to = option_version("--change-to", value);
        break;
    case OPTION_CHANGE_SECONDS:
        options->change_milliseconds = milliseconds("--change-seconds", value, 86400);
        break;
    case OPTION_HASH_EACH:
        options->hashes_each = true;
        break;
    case OPTION_PRINT:
        options->print_devices = true;
        break;
    case OPTION_JSON:
        options->json = true;
        break;
    case OPTION_FLASHES:
        options->flashes = value;
        break;
    default:
        device_options_take(&options->device, option, value);
    }
}

void fleet_device_id(const struct fleet_options *options, uint32_t index, char id[DEVICE_ID_MAX + 1])
{
    uint32_t place = index < options->devices ? index : index - options->devices;

    (void)snprintf(id, DEVICE_ID_MAX + 1, "%s%05u", options->prefix, options->first + place);
}

uint32_t fleet_device_count(const struct fleet_options *options)
{
    return options->devices + options->twins;
}

static void check_ptype(struct fleet_options *options)
{
    struct fota_version version;

    if (fota_version_parse(options->device.version, &version) && options->has_ptype &&
        version.ptype != options->ptype)
        usage_error("--ptype %u: version %s is of ptype %u", options->ptype, options->device.version,
                    version.ptype);
    options->ptype = version.ptype;
}

static void check(struct fleet_options *options)
{
    double sum = 0;

    if (options->devices == 0 || options->device.version == NULL)
        usage_error("fleetsim needs --devices and --version");
    if (options->device.connector.port == 0 && !options->print_devices)
        usage_error("fleetsim needs --mqtt");
    check_ptype(options);
    if (options->shards > options->devices)
        usage_error("--shards %u: there are only %u devices", options->shards, options->devices);
    if (strlen(options->prefix) > DEVICE_ID_MAX - 11 ||
        (options->prefix[0] != '\0' && !device_id_is_valid(options->prefix)))
        usage_error("--prefix '%s': must be at most %d characters of A-Z a-z 0-9 . _ -", options->prefix,
                    DEVICE_ID_MAX - 11);
    for (int fault = 0; fault < FAULT_COUNT; fault++)
        sum += options->shares[fault];
    if (options->twins > options->devices)
        usage_error("--twins %u: there are only %u devices", options->twins, options->devices);
    if (options->shares[FAULT_CHANGE] > 0 && options->change_to == NULL)
        usage_error("--change needs --change-to");
    if (sum > 1.0000001)
        usage_error("the shares of all faults together must be at most 1 (here: %g)", sum);
}

static _Noreturn void print_devices(const struct fleet_options *options)
{
    puts("id,ptype,version");
    for (uint32_t i = 0; i < options->devices; i++) {
        char id[DEVICE_ID_MAX + 1];
        fleet_device_id(options, i, id);
        printf("%s,%u,%s\n", id, options->ptype, options->device.version);
    }
    exit(fflush(stdout) == 0 ? 0 : 1);
}

void fleet_options_read(struct fleet_options *options, int count, char **arguments)
{
    int option;

    *options = (struct fleet_options){
        .prefix = "device-",
        .first = 1,
        .shards = 1,
        .seed = 1,
        .parallel_downloads = 64,
        .boot_milliseconds = 200,
        .health_milliseconds = 200,
        .change_milliseconds = 1000,
    };
    device_options_begin(&options->device, "fleetsim", help_text);
    while ((option = getopt_long(count, arguments, "", long_options, NULL)) != -1) {
        if (option >= OPTION_FAULTS)
            take_fault(options, option - OPTION_FAULTS, optarg);
        else
            take_option(options, option, optarg);
    }
    if (optind < count)
        usage_error("fleetsim takes no argument: '%s'", arguments[optind]);
    check(options);
    if (options->print_devices)
        print_devices(options);
}
