/* What a port gives the agent: flash, HTTP, reports, reboot, health check. The core calls nothing else.
 *
 * Porting contract
 * - All calls come from inside fota_agent_start and fota_agent_step, on the caller's thread.
 * - http_start, check_health and reboot only begin something and return. What comes of it is handed to
 *   fota_agent_step later, never from inside the call.
 * - Flash is NOR: erase sets a sector of 4096 bytes to 0xFF, program can only clear bits. A word that was
 * programmed is programmed again to clear further bits: those given as 1 stay as they are. Addresses and
 * lengths given to read and program are multiples of 4, and buffers are aligned to 4 bytes. */
#ifndef FOTA_PORT_H
#define FOTA_PORT_H

#include <stdbool.h>
#include <stdint.h>

#define FOTA_SECTOR_SIZE 4096u
/* What images are written and read through: a port that is short of RAM makes it smaller, such as 2048. */
#ifndef FOTA_BUFFER_SIZE
#define FOTA_BUFFER_SIZE FOTA_SECTOR_SIZE
#endif
#if FOTA_BUFFER_SIZE < 512 || FOTA_BUFFER_SIZE > 4096 || (FOTA_BUFFER_SIZE & (FOTA_BUFFER_SIZE - 1)) != 0
#error "FOTA_BUFFER_SIZE: allowed is a power of 2 from 512 to 4096 (a sector)"
#endif

/* Where things are in flash; addresses in bytes from its start, multiples of FOTA_SECTOR_SIZE. */
struct fota_flash_map {
    const char *name; /* such as "512+512", said in `hello`; NULL: nothing is said of the flash */
    uint32_t size;
    uint32_t slot_address[2];   /* slot 1 (user1.bin), slot 2 (user2.bin) */
    uint32_t slot_size;         /* largest image, in bytes */
    uint32_t record_address[2]; /* the two sectors of the boot record */
};

/* The usual maps: 256+256 on 512 KB, 512+512 on 1 MB, 1024+1024 on 2 MB. The boot record stands between the
 * images of slot 1 and the user parameters. */
extern const struct fota_flash_map fota_map_256, fota_map_512, fota_map_1024;

enum fota_http_method { FOTA_HTTP_HEAD, FOTA_HTTP_GET };
enum fota_log_level { FOTA_LOG_DEBUG, FOTA_LOG_INFO, FOTA_LOG_WARNING, FOTA_LOG_ERROR };

/* Countable happenings, for ports that keep statistics. */
enum fota_happening {
    FOTA_IMAGE_WRITTEN,     /* an image was downloaded and written whole */
    FOTA_DUPLICATE_COMMAND, /* an update or rollback for an attempt already known */
    FOTA_BAD_COMMAND,       /* a message that was dropped or rejected as malformed */
    FOTA_CONFIRMED,         /* a trial was confirmed and that was stored */
    FOTA_REVERTED,          /* the old image runs again */
    FOTA_UNDECIDED,         /* a trial ends without a verdict: the old image tries again, or gives up */
};

/* What a device answers when it is asked whether it may be updated now. */
enum fota_permission {
    FOTA_MAY_UPDATE,
    FOTA_BATTERY_LOW,
    FOTA_BUSY,           /* it does what must not be interrupted */
    FOTA_OUTSIDE_WINDOW, /* not at this time of day */
};

struct image_scan;

struct fota_port {
    /* Flash. False: the operation failed or may have failed. */
    bool (*flash_read)(void *context, uint32_t address, void *bytes, uint32_t length);
    bool (*flash_erase)(void *context, uint32_t sector_address);
    bool (*flash_program)(void *context, uint32_t address, const void *bytes, uint32_t length);

    /* Begins a request; one is open at a time. GET asks for `Range: bytes=first_byte-` when first_byte is
     * not 0. The events are FOTA_EVENT_HTTP_HEADERS, _DATA (GET) and at last one _END. False: not even begun.
     */
    bool (*http_start)(void *context, enum fota_http_method method, const char *url, uint32_t first_byte);
    /* Gives up the open request, if there is one; none of its events comes any more. */
    void (*http_stop)(void *context);

    /* Queues one report (JSON text, at most FOTA_REPORT_SIZE bytes) for the device's report topic, QoS 1.
     * Called only while connected. */
    void (*publish)(void *context, const char *report, uint32_t length);

    /* Begins the health check of a new image: its self test, and whether the application votes for it. Begun
     * once the device is connected; the answer is FOTA_EVENT_HEALTH. One that never comes is a revert when
     * confirm_seconds are over. Without a connection then, the old image runs in between, and the check is
     * begun again in the next trial. */
    void (*check_health)(void *context);

    /* Restarts the device, after the reports queued so far have had a fair chance to leave. */
    void (*reboot)(void *context);

    /* Returns 32 random bits from hardware; not from a seed, which may be the same at two boots. For BOOTIDs,
     * and for the moments at which results are sent again. */
    uint32_t (*random)(void *context);

    /* Optional (may be NULL). */
    /* Whether an update or rollback that has passed all other checks may begin now. NULL: always. */
    enum fota_permission (*may_update)(void *context);
    void (*log)(void *context, enum fota_log_level level, const char *text);
    void (*happened)(void *context, enum fota_happening what, uint64_t campaign, uint32_t attempt);
    void (*feed_watchdog)(void *context); /* called between the sectors of long reads */
    /* Does exactly what image_scan_add does. A simulator may remember answers: it is a pure function. */
    void (*scan_add)(void *context, struct image_scan *scan, const uint8_t *bytes, uint32_t length);
};

/* A port, its context and its flash map travel together. */
struct fota_platform {
    const struct fota_port *port;
    void *context;
    const struct fota_flash_map *map;
};

#endif
