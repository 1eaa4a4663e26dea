/* fleetsim: many devices in one process, or in a few, with faults on request. */
#ifndef FLEET_H
#define FLEET_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "device_options.h"
#include "host.h"

#define FLEET_DEVICES_MAX 1000000u
#define FLEET_SHARDS_MAX 64u
#define FLEET_ATTEMPTS 32u /* attempts remembered per device, to count repeated flashes */

/* At most one fault per device; which devices have one is drawn by --seed. */
enum fleet_fault {
    FAULT_NONE,
    FAULT_OFFLINE,       /* never connects */
    FAULT_SILENT,        /* takes the update and is never heard of again */
    FAULT_FAIL_DOWNLOAD, /* a byte is damaged on the way */
    FAULT_CRASH_ON_BOOT, /* the new image crashes each time it boots */
    FAULT_FAIL_HEALTH,   /* the new image finds itself unhealthy */
    FAULT_FAIL_CONNECT,  /* the new image never connects */
    FAULT_CHANGE,        /* somebody gives it another version by hand, while it waits for its offer */
    FAULT_COUNT
};

struct fleet_options {
    struct device_options device; /* of each */
    uint32_t devices;
    uint32_t twins;  /* further devices, with the ids of the first ones and another image */
    uint32_t first;  /* number of the first device */
    uint32_t shards; /* processes that share the devices */
    uint32_t ptype;
    bool has_ptype;
    const char *prefix;
    const char *fault_version;    /* NULL: any */
    const char *change_to;        /* FAULT_CHANGE: what it runs then */
    uint32_t change_milliseconds; /* after it was connected */
    double shares[FAULT_COUNT];
    uint32_t seed;
    uint32_t parallel_downloads;
    uint32_t boot_milliseconds;
    uint32_t health_milliseconds;
    uint64_t run_milliseconds; /* 0: until told */
    bool hashes_each;          /* each device hashes its image itself; else equal bytes are hashed once */
    bool print_devices;
    const char *flashes; /* file for fleet_flashes_write; NULL: none */
    bool json;
};

struct fleet;

struct fleet_device {
    struct device device; /* first: a hook gets a pointer to it */
    struct fleet *fleet;
    enum fleet_fault fault;
    struct loop_timer boot_timer;
    struct loop_timer health_timer;
    struct loop_timer drop_timer;
    struct loop_timer change_timer;
    enum reset_reason reset_reason;
    uint64_t trial_began; /* the boot of an image on trial; 0: none runs */
    bool up;              /* has been connected once */
    bool silenced;        /* FAULT_SILENT has struck */
    bool bricked;         /* no slot boots */
    bool damaged;         /* FAULT_FAIL_DOWNLOAD has damaged this download */
    struct {
        uint64_t campaign;
        uint32_t attempt;
        uint32_t count;
    } written[FLEET_ATTEMPTS]; /* images written whole, latest attempt first */
};

struct fleet_counts {
    uint64_t images_written;
    uint32_t images_written_max; /* by one device for one attempt */
    uint64_t reboots;            /* after the first boot */
    uint64_t confirmed;
    uint64_t reverted;
    uint64_t undecided;     /* trials that ended without a verdict */
    uint64_t unproven_most; /* the longest that an unconfirmed image ran, in milliseconds */
    uint64_t duplicate_commands;
    uint64_t bad_commands;
};

/* The devices of one process: `count` of all, beginning with the one of index `begin`. */
struct fleet {
    struct fleet_options options;
    uint32_t begin, count;
    int report; /* where the process that began this one hears of it; -1: there is none */
    struct event_loop *loop;
    struct http_client *http;
    struct sector_store *store;
    struct fleet_device *devices;
    struct flash other_flash; /* with another image: of twins, and of what is flashed by hand */
    struct fleet_counts counts;
    struct loop_timer end_timer;
    uint32_t connected_once;
    uint32_t to_connect;
    uint32_t closing;
    bool stopping;
};

/* fleet_options.c: reads the command line; prints help or the device list and exits where asked to. */
void fleet_options_read(struct fleet_options *options, int count, char **arguments);
/* Devices and twins. */
uint32_t fleet_device_count(const struct fleet_options *options);
/* The id of device `index` (from 0). The twins come last, with the ids of the first devices. */
void fleet_device_id(const struct fleet_options *options, uint32_t index, char id[DEVICE_ID_MAX + 1]);

/* fleet_faults.c */
bool fleet_faults_draw(struct fleet *fleet);
/* Whether the device's fault strikes at an update (not a rollback) to `version`. */
bool fleet_fault_strikes(const struct fleet_device *device, enum fleet_fault fault, const char *version,
                         bool is_rollback);

/* fleet_device.c */
bool fleet_device_open(struct fleet_device *device, struct fleet *fleet, uint32_t index,
                       const struct flash *flash);
void fleet_device_boot(struct fleet_device *device);

/* All devices that should be are connected: says so, here or to the process that began this one. */
void fleet_ready(const struct fleet *fleet);

/* fleet_summary.c */
#define FLEET_VERSIONS_MAX 64u

struct fleet_summary {
    uint32_t devices, connected, steady, trial, reverting, retrial, bricked, silenced;
    struct {
        char version[BOOT_VERSION_SIZE];
        uint32_t devices;
    } versions[FLEET_VERSIONS_MAX];
    uint32_t version_count, other_versions;
    uint32_t sectors_most; /* of flash that were allocated at once */
    struct fleet_counts counts;
};

void fleet_summarise(const struct fleet *fleet, struct fleet_summary *summary);
/* Adds `part` to `summary`, which may be all zero. */
void fleet_summary_add(struct fleet_summary *summary, const struct fleet_summary *part);
void fleet_summary_print(struct fleet_summary *summary, bool json, FILE *to);
/* Makes the file with its first line: device,version,slot,bricked,silenced,campaign,attempt,images. False:
 * errno says why. */
bool fleet_flashes_begin(const char *path);
/* Adds a row for each attempt that wrote an image, or one with the last three empty. Of each device the last
 * FLEET_ATTEMPTS attempts are known. Several processes may do so at once. False: errno says why. */
bool fleet_flashes_write(const struct fleet *fleet, const char *path);

/* Runs devices `begin` to `begin + count - 1`, says on `report` (-1: on standard output) when all are
 * connected, fills the summary, and returns the exit code. */
typedef int fleet_run(uint32_t begin, uint32_t count, int report, struct fleet_summary *summary);

/* fleet_shards.c: begins options->shards processes, each of which runs its share of the devices, tells them
 * to end when this one is told to, and adds up their summaries. Returns the worst of their exit codes. */
int fleet_shards_run(const struct fleet_options *options, fleet_run *run, struct fleet_summary *summary);

#endif
