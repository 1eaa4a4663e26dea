/* The port for the chip against a stand-in for the SDK: flash in memory, timers that ring when asked to, a
 * server behind its TCP. A firmware is taken through an update, with answers in small pieces, a connection
 * that breaks, and a name that is resolved. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fota_esp8266.h"
#include "sample_image.h"
#include "sdk.h"

#define FLASH_SIZE 0x100000u
#define MAPPED 8192u
#define SEGMENT 512u
#define TIMERS_MAX 8

static struct {
    _Alignas(4) uint8_t flash[FLASH_SIZE];
    uint32_t time; /* microseconds */
    uint32_t rtc, noise;
    os_timer_t *timers[TIMERS_MAX];
    uint32_t rings[TIMERS_MAX];
    espconn_connect_callback *connected, *disconnected;
    espconn_reconnect_callback *broken;
    espconn_recv_callback *received;
    struct espconn *connection;
    dns_found_callback *found;
    bool connecting, closing, in_callback, restarted, health_asked, resolves_names;
    char request[1000];
    uint8_t image[MAPPED + SEGMENT + 64];
    uint32_t length;
    unsigned breaks; /* connections that will break off after a third of the body */
    unsigned requests, ranges;
    bool never_closes; /* a connection that is disconnected stays, and says nothing */
    unsigned aborts;
    char reports[16384];
} chip;

/* --- the stand-in ----------------------------------------------------------------------------------- */

int spi_flash_erase_sector(uint16_t sector)
{
    assert_true((uint32_t)sector * 4096 < FLASH_SIZE);
    memset(chip.flash + (size_t)sector * 4096, 0xFF, 4096);
    return 0;
}

int spi_flash_write(uint32_t address, uint32_t *bytes, uint32_t length)
{
    assert_true(address % 4 == 0 && length % 4 == 0 && address + length <= FLASH_SIZE);
    for (uint32_t i = 0; i < length; i++)
        chip.flash[address + i] &= ((uint8_t *)bytes)[i];
    return 0;
}

int spi_flash_read(uint32_t address, uint32_t *bytes, uint32_t length)
{
    assert_true(address % 4 == 0 && length % 4 == 0 && address + length <= FLASH_SIZE);
    memcpy(bytes, chip.flash + address, length);
    return 0;
}

static int place_of(const os_timer_t *timer)
{
    for (int i = 0; i < TIMERS_MAX; i++)
        if (chip.timers[i] == timer)
            return i;
    return -1;
}

void ets_timer_setfn(os_timer_t *timer, ETSTimerFunc *function, void *argument)
{
    timer->timer_func = function;
    timer->timer_arg = argument;
}

void ets_timer_arm_new(os_timer_t *timer, uint32_t time, bool repeats, bool in_milliseconds)
{
    int place = place_of(NULL);
    assert_true(!repeats && in_milliseconds && place >= 0 && place_of(timer) < 0);
    chip.timers[place] = timer;
    chip.rings[place] = time;
}

void ets_timer_disarm(os_timer_t *timer)
{
    int place = place_of(timer);
    if (place >= 0)
        chip.timers[place] = NULL;
}

struct rst_info *system_get_rst_info(void)
{
    static struct rst_info info = {.reason = 6};
    return &info;
}

uint32_t system_get_time(void)
{
    return chip.time;
}

uint32_t system_get_rtc_time(void)
{
    return chip.rtc;
}

unsigned long os_random(void)
{
    return chip.noise;
}

void system_soft_wdt_feed(void)
{
}

void system_restart(void)
{
    chip.restarted = true;
}

int8_t espconn_gethostbyname(struct espconn *connection, const char *name, ip_addr_t *address,
                             dns_found_callback *found)
{
    assert_string_equal(name, "h");
    chip.connection = connection;
    chip.found = found;
    address->addr = 1;
    return chip.resolves_names ? ESPCONN_INPROGRESS : ESPCONN_OK;
}

int8_t espconn_regist_connectcb(struct espconn *connection, espconn_connect_callback *function)
{
    (void)connection;
    chip.connected = function;
    return 0;
}

int8_t espconn_regist_disconcb(struct espconn *connection, espconn_connect_callback *function)
{
    (void)connection;
    chip.disconnected = function;
    return 0;
}

int8_t espconn_regist_reconcb(struct espconn *connection, espconn_reconnect_callback *function)
{
    (void)connection;
    chip.broken = function;
    return 0;
}

int8_t espconn_regist_recvcb(struct espconn *connection, espconn_recv_callback *function)
{
    (void)connection;
    chip.received = function;
    return 0;
}

int8_t espconn_connect(struct espconn *connection)
{
    chip.connection = connection;
    chip.connecting = true;
    return 0;
}

int8_t espconn_send(struct espconn *connection, uint8_t *bytes, uint16_t length)
{
    assert_ptr_equal(connection, chip.connection);
    assert_true(length < sizeof chip.request);
    memcpy(chip.request, bytes, length);
    chip.request[length] = '\0';
    return 0;
}

/* Says so later, as the SDK does. Nothing more comes on the connection. */
int8_t espconn_disconnect(struct espconn *connection)
{
    assert_false(chip.in_callback);
    assert_ptr_equal(connection, chip.connection);
    chip.closing = true;
    return 0;
}

int8_t espconn_abort(struct espconn *connection)
{
    assert_false(chip.in_callback);
    assert_ptr_equal(connection, chip.connection);
    chip.connection = NULL;
    chip.closing = false;
    chip.aborts++;
    return 0;
}

/* --- the server, and time ---------------------------------------------------------------------------- */

static void send_piece(const void *bytes, uint32_t length)
{
    char copy[1460];
    memcpy(copy, bytes, length);
    if (chip.connection == NULL || chip.closing)
        return;
    chip.in_callback = true;
    chip.received(chip.connection, copy, (unsigned short)length);
    chip.in_callback = false;
}

static void send_body(uint32_t first)
{
    uint32_t end = chip.length;
    bool breaks = chip.breaks > 0;
    if (breaks) {
        chip.breaks--;
        end = first + (chip.length - first) / 3;
    }
    for (uint32_t at = first; at < end && chip.connection != NULL; at += 700)
        send_piece(chip.image + at, end - at < 700 ? end - at : 700);
    if (chip.connection == NULL || chip.closing)
        return;
    struct espconn *connection = chip.connection;
    chip.connection = NULL;
    if (breaks)
        chip.broken(connection, -1);
    else
        chip.disconnected(connection);
}

static void answer(void)
{
    char head[200];
    uint32_t first = 0;
    const char *range = strstr(chip.request, "\r\nRange: bytes=");
    assert_non_null(strstr(chip.request, " /i HTTP/1.0\r\nHost: h:81\r\n"));
    chip.requests++;
    chip.ranges += range != NULL;
    if (range != NULL)
        first = (uint32_t)atoi(range + strlen("\r\nRange: bytes="));
    int length = snprintf(head, sizeof head,
                          "HTTP/1.0 %s\r\nContent-Length: %u\r\nContent-Range: bytes %u-%u/%u\r\n\r\n",
                          first > 0 ? "206 Partial Content" : "200 OK", chip.length - first, first,
                          chip.length - 1, chip.length);
    bool wants_body = strncmp(chip.request, "GET ", 4) == 0;
    chip.request[0] = '\0';
    send_piece(head, 7); /* the head in two pieces */
    send_piece(head + 7, (uint32_t)length - 7);
    if (wants_body)
        send_body(first);
}

static void pass(uint64_t milliseconds)
{
    for (int i = 0; i < TIMERS_MAX; i++)
        if (chip.timers[i] != NULL)
            chip.rings[i] -= (uint32_t)milliseconds;
    chip.time += (uint32_t)(milliseconds * 1000);
}

/* Everything that happens by itself within so many seconds. */
static void run(uint32_t seconds)
{
    uint64_t left = (uint64_t)seconds * 1000;
    while (!chip.restarted) {
        int next = -1;
        if (chip.connecting) {
            chip.connecting = false;
            chip.connected(chip.connection);
        }
        if (chip.request[0] != '\0')
            answer();
        if (chip.closing && !chip.never_closes) {
            struct espconn *connection = chip.connection;
            chip.closing = false;
            chip.connection = NULL;
            chip.disconnected(connection);
        }
        if (chip.found != NULL && chip.resolves_names) {
            ip_addr_t address = {1};
            dns_found_callback *found = chip.found;
            chip.found = NULL;
            found("h", &address, chip.connection);
            continue;
        }
        for (int i = 0; i < TIMERS_MAX; i++)
            if (chip.timers[i] != NULL && (next < 0 || chip.rings[i] < chip.rings[next]))
                next = i;
        if (next < 0 || chip.rings[next] > left) {
            pass(left);
            return;
        }
        os_timer_t *timer = chip.timers[next];
        chip.timers[next] = NULL;
        left -= chip.rings[next];
        pass(chip.rings[next]);
        timer->timer_func(timer->timer_arg);
    }
}

/* --- the firmware ----------------------------------------------------------------------------------- */

static void publish(const char *report, uint32_t length)
{
    size_t used = strlen(chip.reports);
    snprintf(chip.reports + used, sizeof chip.reports - used, "%.*s\n", (int)length, report);
}

static enum fota_permission permission;

static enum fota_permission may_update(void)
{
    return permission;
}

static void check_health(void)
{
    chip.health_asked = true;
}

static struct fota_esp8266 firmware = {.running_slot = 1,
                                       .version = "v1.0.0t45772(a)",
                                       .map = &fota_map_512,
                                       .publish = publish,
                                       .check_health = check_health,
                                       .may_update = may_update};

static char session[FOTA_SESSION_SIZE]; /* of the connection */

static void connect(void)
{
    fota_esp8266_connecting(session);
    fota_esp8266_connected(true);
}

static int set_up(void **state)
{
    (void)state;
    memset(&chip, 0, sizeof chip);
    memset(chip.flash, 0xFF, sizeof chip.flash);
    (void)sample_image_make(chip.flash + fota_map_512.slot_address[0], 1, MAPPED, SEGMENT, 1);
    chip.length = sample_image_make(chip.image, 2, MAPPED, SEGMENT, 2);
    firmware.running_slot = 1;
    permission = FOTA_MAY_UPDATE;
    fota_esp8266_start(&firmware);
    connect();
    assert_non_null(strstr(chip.reports, "\"report\":\"hello\""));
    assert_non_null(strstr(chip.reports, "\"reset_reason\":\"external\""));
    return 0;
}

static void offer(void)
{
    char text[700], hex[65];
    br_sha256_context context;
    uint8_t sha256[32];
    br_sha256_init(&context);
    br_sha256_update(&context, chip.image, chip.length);
    br_sha256_out(&context, sha256);
    for (int i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", sha256[i]);
    int length = snprintf(
        text, sizeof text,
        "{\"command\":\"update\",\"campaign\":5,\"attempt\":1,\"nonce\":\"0123456789abcdef\",\"version\":"
        "\"v1.1.0t45772(a)\",\"images\":{\"2\":{\"url\":\"http://h:81/i\",\"size\":%u,\"sha256\":\"%s\"}},"
        "\"download_seconds\":600,\"confirm_seconds\":60}",
        chip.length, hex);
    fota_esp8266_command(text, (uint32_t)length);
}

/* The chip has booted what was flashed. */
static void boot_the_new_image(void)
{
    assert_true(chip.restarted);
    assert_memory_equal(chip.flash + fota_map_512.slot_address[1], chip.image, chip.length);
    chip.restarted = false;
    memset(chip.timers, 0, sizeof chip.timers);
    firmware.running_slot = 2;
    fota_esp8266_start(&firmware);
    connect();
}

static void an_update_goes_through(void **state)
{
    (void)state;
    offer();
    run(600);
    boot_the_new_image();
    run(1);
    assert_true(chip.health_asked);
    fota_esp8266_health(true);
    run(5);
    assert_non_null(strstr(chip.reports, "\"report\":\"confirmed\",\"campaign\":5,\"attempt\":1"));
    assert_int_equal(chip.requests, 2); /* HEAD, GET */
}

static void a_connection_that_breaks_is_taken_up_again(void **state)
{
    (void)state;
    chip.breaks = 3;
    offer();
    run(600);
    boot_the_new_image();
    assert_int_equal(chip.requests, 5);
    assert_int_equal(chip.ranges, 3);
}

static void a_firmware_may_say_no(void **state)
{
    (void)state;
    permission = FOTA_BATTERY_LOW;
    offer();
    run(600);
    assert_int_equal(chip.requests, 0);
    assert_non_null(strstr(
        chip.reports,
        "\"report\":\"rejected\",\"campaign\":5,\"attempt\":1,\"nonce\":\"0123456789abcdef\",\"reason\":\"battery_low\""));
}

/* HEAD's connection is not closed by the server: the port does it, and nothing comes of it. */
static void a_connection_that_does_not_close_is_abandoned(void **state)
{
    (void)state;
    chip.never_closes = true;
    offer();
    run(600);
    boot_the_new_image();
    assert_true(chip.aborts > 0);
}

static void names_are_resolved(void **state)
{
    (void)state;
    chip.resolves_names = true;
    offer();
    run(600);
    boot_the_new_image();
}

static void a_sick_firmware_goes_back(void **state)
{
    (void)state;
    offer();
    run(600);
    boot_the_new_image();
    run(1);
    fota_esp8266_health(false);
    run(5);
    assert_true(chip.restarted);
    firmware.running_slot = 1;
    chip.restarted = false;
    memset(chip.timers, 0, sizeof chip.timers);
    fota_esp8266_start(&firmware);
    connect();
    assert_non_null(strstr(
        chip.reports,
        "\"report\":\"reverted\",\"campaign\":5,\"attempt\":1,\"nonce\":\"0123456789abcdef\",\"reason\":\"health_check\""));
}

/* Will, presence and hello of a connection are of one session. The generator of a chip whose radio is off may
 * say the same at each boot: the RTC does not. */
static void sessions_are_told_apart(void **state)
{
    char first[FOTA_SESSION_SIZE], member[64];

    (void)state;
    assert_string_equal(session + 8, ".1");
    (void)snprintf(member, sizeof member, "\"session\":\"%s\"", session);
    assert_non_null(strstr(chip.reports, member));
    memcpy(first, session, sizeof first);
    fota_esp8266_connected(false);
    connect();
    assert_memory_equal(session, first, 8);
    assert_string_equal(session + 8, ".2");
    for (int changed = 0; changed < 2; changed++) {
        memcpy(first, session, sizeof first);
        memset(chip.timers, 0, sizeof chip.timers);
        *(changed == 0 ? &chip.rtc : &chip.noise) = 0x1234;
        fota_esp8266_start(&firmware);
        connect();
        assert_memory_not_equal(session, first, 8);
        assert_string_equal(session + 8, ".1");
    }
}

/* The SDK's clock of 32 bits comes round in the middle of a trial whose check never answers: its deadline
 * holds. */
static void the_clock_may_come_round(void **state)
{
    (void)state;
    offer();
    run(600);
    chip.time = UINT32_MAX - 30000000;
    boot_the_new_image();
    run(40);
    assert_false(chip.restarted);
    run(30);
    assert_true(chip.restarted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_update_goes_through, set_up),
        cmocka_unit_test_setup(a_connection_that_breaks_is_taken_up_again, set_up),
        cmocka_unit_test_setup(a_firmware_may_say_no, set_up),
        cmocka_unit_test_setup(a_connection_that_does_not_close_is_abandoned, set_up),
        cmocka_unit_test_setup(names_are_resolved, set_up),
        cmocka_unit_test_setup(a_sick_firmware_goes_back, set_up),
        cmocka_unit_test_setup(sessions_are_told_apart, set_up),
        cmocka_unit_test_setup(the_clock_may_come_round, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
