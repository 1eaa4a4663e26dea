#include "fota_esp8266.h"

#include <stddef.h>

#include "http_client.h"
#include "sdk.h"

#define SLEEP_MOST 60000u  /* milliseconds: the SDK's clock must be looked at before it begins again */
#define LAST_REPORTS 1000u /* milliseconds that reports have to leave before a restart */

static struct {
    const struct fota_esp8266 *firmware;
    struct fota_agent agent;
    os_timer_t timer, restart_timer;
    uint64_t microseconds;
    uint32_t last; /* the SDK's clock when it was looked at */
} device;

static uint64_t now(void)
{
    uint32_t clock = system_get_time();

    device.microseconds += clock - device.last; /* also when it has begun again */
    device.last = clock;
    return device.microseconds / 1000;
}

static void step(const struct fota_event *event);

static void on_time(void *context)
{
    const struct fota_event event = {.type = FOTA_EVENT_TIME};
    (void)context;
    step(&event);
}

/* The timer is set for what is due next, and for a look at the clock. */
static void schedule(uint64_t time)
{
    uint64_t wake = fota_agent_wake_at(&device.agent);
    uint64_t wait = wake <= time ? 1 : wake - time;

    ets_timer_disarm(&device.timer);
    ets_timer_setfn(&device.timer, on_time, NULL);
    ets_timer_arm_new(&device.timer, wait < SLEEP_MOST ? (uint32_t)wait : SLEEP_MOST, false, true);
}

static void step(const struct fota_event *event)
{
    uint64_t time = now();

    fota_agent_step(&device.agent, time, event);
    schedule(time);
}

/* --- the port --------------------------------------------------------------------------------------- */

static bool port_flash_read(void *context, uint32_t address, void *bytes, uint32_t length)
{
    (void)context;
    return spi_flash_read(address, bytes, length) == 0;
}

static bool port_flash_erase(void *context, uint32_t sector_address)
{
    (void)context;
    system_soft_wdt_feed();
    return spi_flash_erase_sector((uint16_t)(sector_address / FOTA_SECTOR_SIZE)) == 0;
}

/* The SDK takes no const bytes, and changes none. */
static bool port_flash_program(void *context, uint32_t address, const void *bytes, uint32_t length)
{
    (void)context;
    return spi_flash_write(address, (uint32_t *)(uintptr_t)bytes, length) == 0;
}

static bool port_http_start(void *context, enum fota_http_method method, const char *url, uint32_t first_byte)
{
    (void)context;
    return http_client_start(method, url, first_byte, step);
}

static void port_http_stop(void *context)
{
    (void)context;
    http_client_stop();
}

static void port_publish(void *context, const char *report, uint32_t length)
{
    (void)context;
    device.firmware->publish(report, length);
}

static void port_check_health(void *context)
{
    (void)context;
    device.firmware->check_health();
}

static enum fota_permission port_may_update(void *context)
{
    (void)context;
    return device.firmware->may_update == NULL ? FOTA_MAY_UPDATE : device.firmware->may_update();
}

static void restart_now(void *context)
{
    (void)context;
    system_restart();
}

static void port_reboot(void *context)
{
    (void)context;
    ets_timer_setfn(&device.restart_timer, restart_now, NULL);
    ets_timer_arm_new(&device.restart_timer, LAST_REPORTS, false, true);
}

/* A session begins with the radio on, and the generator has its noise; the RTC's ticks are there for a
 * firmware that begins one too early. */
static uint32_t port_random(void *context)
{
    (void)context;
    return (uint32_t)os_random() ^ system_get_rtc_time();
}

static void port_feed_watchdog(void *context)
{
    (void)context;
    system_soft_wdt_feed();
}

static const struct fota_port port = {
    .flash_read = port_flash_read,
    .flash_erase = port_flash_erase,
    .flash_program = port_flash_program,
    .http_start = port_http_start,
    .http_stop = port_http_stop,
    .publish = port_publish,
    .check_health = port_check_health,
    .may_update = port_may_update,
    .reboot = port_reboot,
    .random = port_random,
    .feed_watchdog = port_feed_watchdog,
};

/* --- the firmware's side ---------------------------------------------------------------------------- */

/* In the order of the SDK's numbers. */
static enum reset_reason reset_reason(void)
{
    static const uint8_t reasons[] = {RESET_POWER_ON, RESET_WATCHDOG,   RESET_EXCEPTION, RESET_WATCHDOG,
                                      RESET_SOFTWARE, RESET_DEEP_SLEEP, RESET_EXTERNAL};
    uint32_t reason = system_get_rst_info()->reason;

    return reason < sizeof reasons ? (enum reset_reason)reasons[reason] : RESET_UNKNOWN;
}

void fota_esp8266_start(const struct fota_esp8266 *firmware)
{
    const struct fota_platform platform = {&port, NULL, firmware->map};
    const struct fota_setup setup = {
        .running_slot = firmware->running_slot,
        .reset_reason = reset_reason(),
        .version = firmware->version,
        .seed = firmware->seed,
        .min_uptime_seconds = firmware->min_uptime_seconds,
        .keys = firmware->keys,
        .key_count = firmware->key_count,
    };

    device.firmware = firmware;
    device.last = system_get_time();
    fota_agent_start(&device.agent, &platform, &setup, now());
    schedule(now());
}

void fota_esp8266_connecting(char session[FOTA_SESSION_SIZE])
{
    fota_agent_begin_session(&device.agent, session);
}

void fota_esp8266_connected(bool connected)
{
    const struct fota_event event = {.type = connected ? FOTA_EVENT_CONNECTED : FOTA_EVENT_DISCONNECTED};
    step(&event);
}

void fota_esp8266_command(const char *text, uint32_t length)
{
    const struct fota_event event = {.type = FOTA_EVENT_COMMAND, .bytes = text, .length = length};
    step(&event);
}

void fota_esp8266_health(bool healthy)
{
    const struct fota_event event = {.type = FOTA_EVENT_HEALTH, .healthy = healthy};
    step(&event);
}
