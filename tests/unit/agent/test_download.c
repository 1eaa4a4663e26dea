/* A download by itself: what is asked of the server and of the flash, in the order of the seed's
 * section 3.2.3 (HEAD for the length, erase the sectors that it needs, GET). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "download.h"
#include "flash.h"

static char asked[512]; /* all of it, in order */

static void note(const char *what, uint32_t number)
{
    size_t used = strlen(asked);
    (void)snprintf(asked + used, sizeof asked - used, "%s %x\n", what, number);
}

static struct flash flash;

/* Of the boot record's own sectors it is noted only that they are erased: that is its store. */
static bool is_record(uint32_t address)
{
    return address >= fota_map_512.record_address[0] &&
           address < fota_map_512.record_address[1] + FOTA_SECTOR_SIZE;
}

static bool port_read(void *context, uint32_t address, void *bytes, uint32_t length)
{
    (void)context;
    return flash_read(&flash, address, bytes, length);
}

static bool port_erase(void *context, uint32_t address)
{
    (void)context;
    if (is_record(address))
        note("store", 0);
    else
        note("erase", address);
    return flash_erase(&flash, address);
}

static bool port_program(void *context, uint32_t address, const void *bytes, uint32_t length)
{
    (void)context;
    if (!is_record(address))
        note("program", address);
    return flash_program(&flash, address, bytes, length);
}

static bool port_http_start(void *context, enum fota_http_method method, const char *url, uint32_t first_byte)
{
    (void)context;
    assert_string_equal(url, "http://h/i");
    note(method == FOTA_HTTP_HEAD ? "HEAD" : "GET", first_byte);
    return true;
}

static void port_http_stop(void *context)
{
    (void)context;
    note("stop", 0);
}

static const struct fota_port port = {
    .flash_read = port_read,
    .flash_erase = port_erase,
    .flash_program = port_program,
    .http_start = port_http_start,
    .http_stop = port_http_stop,
};
static const struct fota_platform platform = {.port = &port, .map = &fota_map_512};

static struct download download;
static struct boot_journal journal;

static int setup(void **state)
{
    (void)state;
    struct sector_store *store = sector_store_new();
    *state = store;
    flash_open_ram(&flash, fota_map_512.size, store);
    (void)boot_journal_load(&journal, &platform);
    journal.record.good_slot = journal.record.trial_slot = 1;
    journal.record.state = BOOT_STEADY;
    assert_true(boot_journal_store(&journal)); /* the first copy, at 7a000 */
    return 0;
}

static int teardown(void **state)
{
    flash_close(&flash);
    sector_store_free(*state);
    return 0;
}

static void start(int slot, uint32_t size)
{
    static struct command_image image;
    image.size = size;
    memcpy(download.url, "http://h/i", sizeof "http://h/i");
    asked[0] = '\0';
    download_start(&download, &journal, slot, &image, 1, 0);
    assert_string_equal(asked, "HEAD 0\n"); /* nothing is erased before the length is known */
}

static void answer_head(int64_t length)
{
    struct download_headers headers = {.status = 200, .content_length = length, .range_total = -1};
    download_on_headers(&download, &headers);
    download_on_end(&download, 0);
    while (download.phase == DOWNLOAD_ERASE || download.phase == DOWNLOAD_READ_BACK)
        download_on_time(&download, 0);
}

static void what_is_erased_is_what_the_length_needs(void **state)
{
    (void)state;
    static const struct {
        int slot;
        uint32_t size;
        const char *wanted;
    } cases[] = {
        {2, 4096, "HEAD 0\nstore 0\nerase 81000\nGET 0\n"},
        {2, 4097, "HEAD 0\nstore 0\nerase 81000\nerase 82000\nGET 0\n"},
        {2, 3 * 4096, "HEAD 0\nstore 0\nerase 81000\nerase 82000\nerase 83000\nGET 0\n"},
        {1, 2 * 4096 - 4, "HEAD 0\nstore 0\nerase 1000\nerase 2000\nGET 0\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        start(cases[i].slot, cases[i].size);
        answer_head(cases[i].size);
        assert_string_equal(asked, cases[i].wanted);
        download_stop(&download);
    }
}

static void without_its_length_nothing_is_erased(void **state)
{
    (void)state;
    static const int64_t lengths[] = {-1, 0, 4095, 4097};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        start(2, 4096);
        answer_head(lengths[i]);
        assert_int_equal(download.phase, DOWNLOAD_FAILED);
        assert_int_equal(download.reason, REASON_LENGTH_MISMATCH);
        assert_null(strstr(asked, "erase"));
        assert_null(strstr(asked, "GET"));
    }
}

/* Two sectors and a half came; then the device was started again. */
static void what_is_noted_is_not_erased_again(void **state)
{
    (void)state;
    static uint8_t bytes[2 * 4096 + 2048];
    struct download_headers headers = {.status = 200, .content_length = 3 * 4096, .range_total = -1};

    start(2, 3 * 4096);
    answer_head(3 * 4096);
    download_on_headers(&download, &headers);
    download_on_data(&download, bytes, sizeof bytes);
    assert_int_equal(boot_journal_load(&journal, &platform), BOOT_LOADED);
    start(2, 3 * 4096);
    answer_head(3 * 4096);
    assert_string_equal(asked, "HEAD 0\nerase 83000\nGET 2000\n");
    start(1, 3 * 4096); /* into the other slot: another download */
    answer_head(3 * 4096);
    assert_string_equal(asked, "HEAD 0\nstore 0\nerase 1000\nerase 2000\nerase 3000\nGET 0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_erased_is_what_the_length_needs, setup, teardown),
        cmocka_unit_test_setup_teardown(without_its_length_nothing_is_erased, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_noted_is_not_erased_again, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
