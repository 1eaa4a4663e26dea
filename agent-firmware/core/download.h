/* Fetches an image into a slot: HEAD for the length, erase the sectors needed, GET into sectors of 4096
 * bytes, read each back, resume by Range after a break. The stream's SHA-256 and format are checked on the
 * way. Until they are right the first byte of the image stands in flash with one bit that no image has there
 * (the seal): what is in the slot cannot be booted before it is proved, whenever the power fails. The boot
 * record notes the download before the first erase, and each sector that is in flash: after a
 * reboot those are read back, and the GET begins behind them. */
#ifndef DOWNLOAD_H
#define DOWNLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "command.h"
#include "fota_port.h"
#include "image_scan.h"
#include "report.h"

#define DOWNLOAD_BREAKS 10u        /* breaks in a row without one new byte, then it is given up */
#define DOWNLOAD_RETRY_FIRST 1000u /* milliseconds; doubled up to: */
#define DOWNLOAD_RETRY_LAST 30000u

/* Of one HTTP answer. */
struct download_headers {
    uint32_t status;
    int64_t content_length; /* -1: not given */
    /* Content-Range of a 206: bytes first-last/total; total -1: not given */
    int64_t range_first;
    int64_t range_total;
    bool complete; /* with the end of the request: the answer came whole */
};

enum download_phase {
    DOWNLOAD_OFF,
    DOWNLOAD_ASK_LENGTH, /* HEAD is open */
    DOWNLOAD_READ_BACK,  /* what was downloaded before a reboot goes into the scan */
    DOWNLOAD_ERASE,
    DOWNLOAD_FETCH, /* GET is open */
    DOWNLOAD_PAUSE, /* until retry_at, then HEAD or GET again */
    DOWNLOAD_DONE,  /* all bytes are in flash, read back, the stream's digest is right, the seal is off */
    DOWNLOAD_FAILED,
};

struct download {
    const struct fota_platform *platform;
    struct boot_journal *journal;
    enum download_phase phase;
    enum fota_reason reason; /* of DOWNLOAD_FAILED */
    int slot;
    uint32_t size;
    uint8_t sha256[FOTA_SHA256_SIZE];
    struct image_digest digest; /* of the stream, when done */
    enum image_fault fault;     /* of a DOWNLOAD_FAILED with REASON_BAD_IMAGE */
    uint32_t erased;            /* bytes erased */
    uint32_t received;          /* bytes of the image received: written + in the buffer */
    uint32_t written;
    uint32_t skip;   /* bytes of this answer that were received before */
    uint32_t breaks; /* in a row */
    uint32_t random; /* state of the retry jitter */
    uint32_t status; /* of the last HTTP answer */
    bool length_known;
    bool resumed;  /* some of it is from before a reboot: should it be wrong, all is fetched once more */
    bool answered; /* the open request has had good headers */
    uint64_t retry_at;
    struct image_scan scan;
    char url[FOTA_URL_SIZE];
    uint32_t buffer[FOTA_BUFFER_SIZE / 4];
};

/* Begins. The slot's old image is gone from the first erase on. The journal, which knows the platform, stays
 * the caller's; it must be loaded. After a failure for which what is in flash is to blame it has forgotten
 * the download, in memory only: the caller stores it with the result. */
void download_start(struct download *download, struct boot_journal *journal, int slot,
                    const struct command_image *image, uint32_t seed, uint64_t now);
void download_stop(struct download *download);
/* After DOWNLOAD_DONE, when flash turns out to hold something else than what came: makes it no image, with
 * one program, and forgets the download as after a failure. */
void download_spoil(struct download *download);

void download_on_headers(struct download *download, const struct download_headers *headers);
void download_on_data(struct download *download, const uint8_t *bytes, uint32_t length);
void download_on_end(struct download *download, uint64_t now);
/* Reads back or erases on, or tries again after a pause. */
void download_on_time(struct download *download, uint64_t now);

bool download_is_active(const struct download *download);
/* When download_on_time is due, in milliseconds; UINT64_MAX when it waits for HTTP. */
uint64_t download_wake_at(const struct download *download, uint64_t now);
/* 0 to 100. */
uint32_t download_percent(const struct download *download);

#endif
