#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fleet.h"
#include "sample_image.h"

enum { OTHER_MAPPED = 4096, OTHER_SEGMENT = 1024, OTHER_SEED = 2 };

/* Of this process. */
static struct fleet fleet;

static _Noreturn void die(const char *message)
{
    fprintf(stderr, "fleetsim: %s\n", message);
    exit(1);
}

/* One descriptor per device, and a few per download: as many as the system lets us have. */
static void raise_descriptor_limit(const struct fleet_options *options)
{
    struct rlimit limit;
    rlim_t needed = fleet_device_count(options) / options->shards + 2 * options->parallel_downloads + 65;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed)
        return;
    limit.rlim_cur = limit.rlim_max < needed ? limit.rlim_max : needed;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < needed) {
        fprintf(
            stderr,
            "fleetsim: --devices %u --shards %u needs %llu open files a process, the system allows %llu\n",
            options->devices, options->shards, (unsigned long long)needed,
            (unsigned long long)limit.rlim_cur);
        exit(1);
    }
}

/* A flash that devices begin with, with the first image or another one. */
static void make_template(struct flash *flash, bool is_other)
{
    const struct fota_platform platform = {&flash_port, flash, fleet.options.device.map};
    char message[512];
    uint32_t length;
    uint8_t *image = device_options_first_image(&fleet.options.device, &length);

    if (is_other)
        length = sample_image_make(image, 1, OTHER_MAPPED, OTHER_SEGMENT, OTHER_SEED);
    flash_open_ram(flash, fleet.options.device.map->size, fleet.store);
    if (!provision(&platform, image, length, message, sizeof message))
        die(message);
    free(image);
}

static bool has_other_image(void)
{
    return fleet.options.twins > 0 || fleet.options.change_to != NULL;
}

static void make_devices(void)
{
    struct flash template;

    fleet.devices = calloc(fleet.count, sizeof *fleet.devices);
    if (fleet.devices == NULL || !fleet_faults_draw(&fleet))
        die("out of memory");
    make_template(&template, false);
    if (has_other_image())
        make_template(&fleet.other_flash, true);
    for (uint32_t i = 0; i < fleet.count; i++) {
        bool is_twin = fleet.begin + i >= fleet.options.devices;
        if (!fleet_device_open(&fleet.devices[i], &fleet, fleet.begin + i,
                               is_twin ? &fleet.other_flash : &template))
            die("out of memory");
        fleet.to_connect += fleet.devices[i].fault != FAULT_OFFLINE;
    }
    flash_close(&template);
}

static void begin_to_stop(void)
{
    if (fleet.stopping)
        return;
    fleet.stopping = true;
    fleet.closing = fleet.count + 1; /* one more: this loop's own */
    for (uint32_t i = 0; i < fleet.count; i++) {
        struct fleet_device *device = &fleet.devices[i];
        event_loop_set_timer(fleet.loop, &device->boot_timer, UINT64_MAX);
        event_loop_set_timer(fleet.loop, &device->health_timer, UINT64_MAX);
        event_loop_set_timer(fleet.loop, &device->change_timer, UINT64_MAX);
        event_loop_set_timer(fleet.loop, &device->device.wake, UINT64_MAX);
        event_loop_set_timer(fleet.loop, &device->device.reboot_timer, UINT64_MAX);
        http_request_stop(&device->device.request);
        device->device.running = false;
        if (device->device.link.state != LINK_CLOSING)
            mqtt_link_close(&device->device.link);
    }
    if (--fleet.closing == 0)
        event_loop_stop(fleet.loop);
}

static void on_signal(void *context, int descriptor, uint32_t events)
{
    (void)context;
    (void)events;
    event_loop_forget(fleet.loop, descriptor);
    begin_to_stop();
}

static void on_end_time(void *context)
{
    (void)context;
    begin_to_stop();
}

void fleet_ready(const struct fleet *of)
{
    if (of->report >= 0) {
        uint64_t connected = of->to_connect;
        (void)!write(of->report, &connected, sizeof connected); /* who would read it may be gone */
        return;
    }
    printf("ready: %u devices connected\n", of->to_connect);
    (void)fflush(stdout);
}

static void open_fleet(void)
{
    (void)mosquitto_lib_init();
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    srand(fleet.options.seed + fleet.begin);
    fleet.loop = event_loop_new();
    if (fleet.loop == NULL || !watch_signals(fleet.loop, on_signal, NULL))
        die(strerror(errno));
    fleet.options.device.connector.loop = fleet.loop;
    fleet.http = http_client_new(fleet.loop, fleet.options.parallel_downloads);
    fleet.store = sector_store_new();
    if (fleet.http == NULL)
        die("out of memory");
    make_devices();
}

static void close_fleet(void)
{
    for (uint32_t i = 0; i < fleet.count; i++)
        device_free(&fleet.devices[i].device);
    free(fleet.devices);
    if (has_other_image())
        flash_close(&fleet.other_flash);
    http_client_free(fleet.http);
    sector_store_free(fleet.store);
    event_loop_free(fleet.loop);
    curl_global_cleanup();
    (void)mosquitto_lib_cleanup();
}

/* The life of this process' devices, until they are told to end, and what is to be said of them. Returns the
 * exit code. */
static int run_fleet(uint32_t begin, uint32_t count, int report, struct fleet_summary *summary)
{
    fleet.begin = begin;
    fleet.count = count;
    fleet.report = report;
    open_fleet();
    for (uint32_t i = 0; i < fleet.count; i++)
        if (fleet.devices[i].fault != FAULT_OFFLINE)
            fleet_device_boot(&fleet.devices[i]);
    if (fleet.to_connect == 0)
        fleet_ready(&fleet);
    fleet.end_timer = (struct loop_timer){.callback = on_end_time};
    if (fleet.options.run_milliseconds > 0)
        event_loop_set_timer(fleet.loop, &fleet.end_timer,
                             event_loop_now(fleet.loop) + fleet.options.run_milliseconds);
    event_loop_run(fleet.loop);
    fleet_summarise(&fleet, summary);
    int code = 0;
    if (fleet.options.flashes != NULL && !fleet_flashes_write(&fleet, fleet.options.flashes)) {
        fprintf(stderr, "fleetsim: --flashes %s: %s\n", fleet.options.flashes, strerror(errno));
        code = 1;
    }
    close_fleet();
    return code;
}

int main(int count, char **arguments)
{
    struct fleet_summary summary = {0};
    int code;

    fleet_options_read(&fleet.options, count, arguments);
    raise_descriptor_limit(&fleet.options);
    if (fleet.options.flashes != NULL && !fleet_flashes_begin(fleet.options.flashes)) {
        fprintf(stderr, "fleetsim: --flashes %s: %s\n", fleet.options.flashes, strerror(errno));
        return 1;
    }
    if (fleet.options.shards > 1)
        code = fleet_shards_run(&fleet.options, run_fleet, &summary);
    else
        code = run_fleet(0, fleet_device_count(&fleet.options), -1, &summary);
    fleet_summary_print(&summary, fleet.options.json, stdout);
    return code;
}
