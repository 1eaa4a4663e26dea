#include "download.h"

#include <stddef.h>
#include <string.h>

#include "verify.h"

#define SECTORS_PER_STEP                                                                                     \
    8u /* erasing takes 20 to 100 ms a sector on the chip; the watchdog is to be fed between */

/* Set in flash in the first byte of an image until all its bytes are proved. Both bytes that an image can
 * begin with, EA and E9, have this bit clear: with it nothing takes the slot's content for an image, and to
 * clear it takes one program and no erase. */
#define SEAL 0x04u

static void fail(struct download *download, enum fota_reason reason)
{
    download_stop(download);
    download->phase = DOWNLOAD_FAILED;
    download->reason = reason;
    if (reason == REASON_HASH_MISMATCH || reason == REASON_BAD_IMAGE || reason == REASON_FLASH_ERROR)
        boot_journal_forget_download(download->journal);
}

static void pause(struct download *download, uint64_t now)
{
    uint32_t delay = DOWNLOAD_RETRY_FIRST;

    if (++download->breaks >= DOWNLOAD_BREAKS) {
        fail(download, download->status >= 400 ? REASON_HTTP_STATUS : REASON_CONNECTION_LOST);
        return;
    }
    for (uint32_t i = 1; i < download->breaks && delay < DOWNLOAD_RETRY_LAST; i++)
        delay *= 2;
    if (delay > DOWNLOAD_RETRY_LAST)
        delay = DOWNLOAD_RETRY_LAST;
    /* A server that restarts must not see the whole fleet in one instant: wait between half and all of it. */
    download->random = download->random * 1664525u + 1013904223u;
    delay = delay / 2 + (download->random >> 16) % (delay / 2);
    download->phase = DOWNLOAD_PAUSE;
    download->retry_at = now + delay;
}

static void request(struct download *download, uint64_t now)
{
    enum fota_http_method method = download->length_known ? FOTA_HTTP_GET : FOTA_HTTP_HEAD;
    const struct fota_platform *platform = download->platform;

    download->phase = download->length_known ? DOWNLOAD_FETCH : DOWNLOAD_ASK_LENGTH;
    download->answered = false;
    download->status = 0;
    download->skip = 0;
    if (!platform->port->http_start(platform->context, method, download->url, download->received))
        pause(download, now);
}

void download_start(struct download *download, struct boot_journal *journal, int slot,
                    const struct command_image *image, uint32_t seed, uint64_t now)
{
    memset(download, 0, offsetof(struct download, url)); /* the URL is there already */
    download->platform = journal->platform;
    download->journal = journal;
    download->slot = slot;
    download->size = image->size;
    memcpy(download->sha256, image->sha256, sizeof download->sha256);
    download->random = seed;
    image_scan_start(&download->scan, image->size);
    request(download, now);
}

void download_stop(struct download *download)
{
    if (download->phase == DOWNLOAD_ASK_LENGTH || download->phase == DOWNLOAD_FETCH)
        download->platform->port->http_stop(download->platform->context);
    download->phase = DOWNLOAD_OFF;
}

bool download_is_active(const struct download *download)
{
    return download->phase != DOWNLOAD_OFF && download->phase != DOWNLOAD_DONE &&
           download->phase != DOWNLOAD_FAILED;
}

/* What the answer to a GET must say for its bytes to be taken. */
static void on_get_headers(struct download *download, const struct download_headers *headers)
{
    if (headers->status == 200) {
        if (headers->content_length >= 0 && headers->content_length != (int64_t)download->size) {
            fail(download, REASON_LENGTH_MISMATCH);
            return;
        }
        download->skip = download->received; /* the server does not know Range: it begins at 0 again */
    } else if (headers->range_first != (int64_t)download->received ||
               (headers->range_total >= 0 && headers->range_total != (int64_t)download->size)) {
        fail(download, REASON_LENGTH_MISMATCH);
        return;
    }
    download->answered = true;
}

static void on_head_headers(struct download *download, const struct download_headers *headers)
{
    if (headers->content_length != (int64_t)download->size)
        fail(download, REASON_LENGTH_MISMATCH);
    else
        download->answered = true;
}

void download_on_headers(struct download *download, const struct download_headers *headers)
{
    if (download->phase != DOWNLOAD_ASK_LENGTH && download->phase != DOWNLOAD_FETCH)
        return;
    download->status = headers->status;
    if (headers->status == 200 && download->phase == DOWNLOAD_ASK_LENGTH)
        on_head_headers(download, headers);
    else if (download->phase == DOWNLOAD_FETCH &&
             (headers->status == 200 || (headers->status == 206 && download->received > 0)))
        on_get_headers(download, headers);
    else if (headers->status == 416)
        fail(download, REASON_LENGTH_MISMATCH);
    else if (headers->status < 500 && headers->status != 429)
        fail(download, REASON_HTTP_STATUS);
    /* 5xx and 429: the server has a bad moment; try again after the end of this request. */
}

/* Writes what the buffer holds: all of it, or the image's end. */
static bool flush(struct download *download)
{
    const struct fota_platform *platform = download->platform;
    uint8_t *buffer = (uint8_t *)download->buffer;
    uint32_t address = platform->map->slot_address[download->slot - 1] + download->written;
    uint32_t length = download->received - download->written;
    uint32_t padded = (length + 3) & ~3u;

    memset(buffer + length, 0xFF, padded - length);
    verify_scan_add(platform, &download->scan, buffer, length);
    if (download->written == 0)
        buffer[0] |= SEAL;
    if (!platform->port->flash_program(platform->context, address, buffer, padded) ||
        !boot_flash_holds(platform, address, buffer, padded))
        return false;
    download->written = download->received;
    boot_journal_note_progress(download->journal, download->written);
    return true;
}

void download_on_data(struct download *download, const uint8_t *bytes, uint32_t length)
{
    if (download->phase != DOWNLOAD_FETCH || !download->answered)
        return;
    uint32_t known = length < download->skip ? length : download->skip;
    download->skip -= known;
    bytes += known;
    length -= known;
    if (length > download->size - download->received) {
        fail(download, REASON_LENGTH_MISMATCH);
        return;
    }
    while (length > 0) {
        uint32_t filled = download->received - download->written;
        uint32_t room = FOTA_BUFFER_SIZE - filled;
        uint32_t count = length < room ? length : room;

        memcpy((uint8_t *)download->buffer + filled, bytes, count);
        download->received += count;
        download->breaks = 0;
        bytes += count;
        length -= count;
        if ((count == room || download->received == download->size) && !flush(download)) {
            fail(download, REASON_FLASH_ERROR);
            return;
        }
    }
}

/* From nothing. It is noted in flash before the first sector is erased. */
static void start_anew(struct download *download)
{
    download->received = download->written = download->erased = 0;
    download->resumed = false;
    image_scan_start(&download->scan, download->size);
    download->phase = DOWNLOAD_ERASE;
    if (!boot_journal_note_download(download->journal, download->slot, download->size, download->sha256))
        fail(download, REASON_FLASH_ERROR);
}

/* The length is known: what is there already? */
static void start_writing(struct download *download)
{
    if (boot_journal_knows_download(download->journal, download->slot, download->size, download->sha256)) {
        download->resumed = boot_journal_progress(download->journal) > 0;
        download->phase = DOWNLOAD_READ_BACK;
    } else {
        start_anew(download);
    }
}

/* Clears bits of the slot's first word: those that are 0 in `word`. */
static bool clear_first_word(const struct download *download, uint32_t word)
{
    const struct fota_platform *platform = download->platform;

    return platform->port->flash_program(platform->context, platform->map->slot_address[download->slot - 1],
                                         &word, sizeof word);
}

static void complete(struct download *download)
{
    download->fault = image_scan_finish(&download->scan, download->slot, &download->digest);
    bool same = memcmp(download->digest.sha256, download->sha256, sizeof download->sha256) == 0;

    if (!same && download->resumed)
        start_anew(download);
    else if (!same)
        fail(download, REASON_HASH_MISMATCH);
    else if (download->fault != IMAGE_GOOD)
        fail(download, REASON_BAD_IMAGE);
    else if (!clear_first_word(download, ~SEAL)) /* little-endian: the byte that has the seal comes first */
        fail(download, REASON_FLASH_ERROR);
    else
        download->phase = DOWNLOAD_DONE;
}

void download_spoil(struct download *download)
{
    (void)clear_first_word(download, 0);
    boot_journal_forget_download(download->journal);
}

void download_on_end(struct download *download, uint64_t now)
{
    if (download->phase == DOWNLOAD_ASK_LENGTH && download->answered) {
        download->length_known = true;
        download->breaks = 0;
        start_writing(download);
    } else if (download->phase == DOWNLOAD_FETCH && download->received == download->size) {
        complete(download);
    } else if (download->phase == DOWNLOAD_ASK_LENGTH || download->phase == DOWNLOAD_FETCH) {
        pause(download, now);
    }
}

static void read_back_some(struct download *download)
{
    const struct fota_platform *platform = download->platform;
    uint32_t end = boot_journal_progress(download->journal);
    uint8_t *buffer = (uint8_t *)download->buffer;

    for (uint32_t i = 0; i < SECTORS_PER_STEP && download->written < end; i++) {
        uint32_t address = platform->map->slot_address[download->slot - 1] + download->written;
        if (!boot_read(platform, address, buffer, FOTA_BUFFER_SIZE)) {
            start_anew(download);
            return;
        }
        if (download->written == 0)
            buffer[0] &= (uint8_t)~SEAL;
        verify_scan_add(platform, &download->scan, buffer, FOTA_BUFFER_SIZE);
        download->written += FOTA_BUFFER_SIZE;
    }
    download->received = download->erased = download->written;
    if (download->written < end)
        return;
    if (download->received == download->size)
        complete(download);
    else
        download->phase = DOWNLOAD_ERASE;
}

static void erase_some(struct download *download, uint64_t now)
{
    const struct fota_platform *platform = download->platform;

    for (uint32_t i = 0; i < SECTORS_PER_STEP && download->erased < download->size; i++) {
        uint32_t address = platform->map->slot_address[download->slot - 1] + download->erased;
        if (!platform->port->flash_erase(platform->context, address)) {
            fail(download, REASON_FLASH_ERROR);
            return;
        }
        download->erased += FOTA_SECTOR_SIZE;
    }
    if (download->erased >= download->size)
        request(download, now);
}

void download_on_time(struct download *download, uint64_t now)
{
    if (download->phase == DOWNLOAD_READ_BACK)
        read_back_some(download);
    else if (download->phase == DOWNLOAD_ERASE)
        erase_some(download, now);
    else if (download->phase == DOWNLOAD_PAUSE && now >= download->retry_at)
        request(download, now);
}

uint64_t download_wake_at(const struct download *download, uint64_t now)
{
    if (download->phase == DOWNLOAD_READ_BACK || download->phase == DOWNLOAD_ERASE)
        return now;
    return download->phase == DOWNLOAD_PAUSE ? download->retry_at : UINT64_MAX;
}

uint32_t download_percent(const struct download *download)
{
    return download->size == 0 ? 0 : (uint32_t)((uint64_t)download->written * 100 / download->size);
}
