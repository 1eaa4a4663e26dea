/* The agent on the chip's core: flash through the ROM, everything else through the modem. */
#include <stddef.h>
#include <string.h>

#include "boot.h"
#include "chip_flash.h"
#include "fota_agent.h"
#include "modem.h"
#include "release.h"
#include "rom.h"

extern char image_slot[]; /* its address is the number: firmware.ld */

static struct {
    struct fota_agent agent;
    uint32_t random;
    bool health_asked;
    bool reboot_asked;
    struct modem_frame frame;
    _Alignas(8) uint8_t bytes[MODEM_FRAME_MAX + 8];
} firmware;

/* --- the port --------------------------------------------------------------------------------------- */

static bool http_start(void *context, enum fota_http_method method, const char *url, uint32_t first_byte)
{
    struct modem_request request = {.method = (uint32_t)method, .first_byte = first_byte};
    size_t length = strlen(url);

    (void)context;
    if (length >= sizeof request.url)
        return false;
    memcpy(request.url, url, length);
    modem_send(MODEM_HTTP_START, &request, sizeof request);
    return true;
}

static void http_stop(void *context)
{
    (void)context;
    modem_send(MODEM_HTTP_STOP, NULL, 0);
}

static void publish(void *context, const char *report, uint32_t length)
{
    (void)context;
    modem_send(MODEM_PUBLISH, report, length);
}

static void check_health(void *context)
{
    (void)context;
    firmware.health_asked = true;
}

static void reboot(void *context)
{
    (void)context;
    firmware.reboot_asked = true;
}

static uint32_t hardware_random(void *context)
{
    (void)context;
    return firmware.random;
}

static void log_text(void *context, enum fota_log_level level, const char *text)
{
    uint8_t line[128] = {(uint8_t)level};
    size_t length = strlen(text);

    (void)context;
    if (length > sizeof line - 1)
        length = sizeof line - 1;
    memcpy(line + 1, text, length);
    modem_send(MODEM_LOG, line, (uint32_t)length + 1);
}

static void happened(void *context, enum fota_happening what, uint64_t campaign, uint32_t attempt)
{
    const struct modem_happened message = {.campaign = campaign, .attempt = attempt, .what = (uint32_t)what};

    (void)context;
    modem_send(MODEM_HAPPENED, &message, sizeof message);
}

static void feed_watchdog(void *context)
{
    (void)context;
    CHIP_WATCHDOG_FEED = CHIP_WATCHDOG_FOOD;
}

static const struct fota_port port = {
    .flash_read = chip_flash_read,
    .flash_erase = chip_flash_erase,
    .flash_program = chip_flash_program,
    .http_start = http_start,
    .http_stop = http_stop,
    .publish = publish,
    .check_health = check_health,
    .reboot = reboot,
    .random = hardware_random,
    .log = log_text,
    .happened = happened,
    .feed_watchdog = feed_watchdog,
};

/* --- the loop --------------------------------------------------------------------------------------- */

static enum reset_reason reset_reason(void)
{
    switch (rtc_get_reset_reason()) {
    case 1:
        return RESET_POWER_ON;
    case 2:
        return RESET_EXTERNAL;
    case 3:
        return RESET_SOFTWARE;
    case 4:
        return RESET_WATCHDOG;
    default:
        return RESET_UNKNOWN;
    }
}

static void start(void)
{
    static struct fota_flash_map map;
    struct fota_platform platform = {&port, NULL, &map};
    struct modem_setup setup;
    struct modem_running running = {.slot = (uint32_t)image_slot, .has_sessions = 1};
    uint32_t kilobytes;
    const struct fota_flash_map *known = boot_read_map(&platform, &kilobytes);

    if (known == NULL)
        software_reset();
    map = *known;
    map.size = kilobytes * 1024;
    memcpy(&setup, firmware.bytes, sizeof setup);
    firmware.random = setup.random;
    const struct fota_setup agent_setup = {.running_slot = (int)running.slot,
                                           .reset_reason = reset_reason(),
                                           .version = release_version,
                                           .seed = setup.seed,
                                           .keys = release_keys,
                                           .key_count = release_key_count};
    fota_agent_start(&firmware.agent, &platform, &agent_setup, firmware.frame.now);
    memcpy(running.version, firmware.agent.running.version, sizeof running.version);
    modem_send(MODEM_RUNNING, &running, sizeof running);
}

static void begin_session(void)
{
    char session[FOTA_SESSION_SIZE];

    fota_agent_begin_session(&firmware.agent, session);
    modem_send(MODEM_SESSION, session, (uint32_t)strlen(session));
}

static void step_http(enum fota_event_type type)
{
    struct fota_event event = {.type = type};
    struct modem_headers headers;

    memcpy(&headers, firmware.bytes, sizeof headers);
    event.http = (struct download_headers){.status = headers.status,
                                           .content_length = headers.content_length,
                                           .range_first = headers.range_first,
                                           .range_total = headers.range_total,
                                           .complete = headers.complete != 0};
    fota_agent_step(&firmware.agent, firmware.frame.now, &event);
}

static void step(enum fota_event_type type)
{
    const struct fota_event event = {
        .type = type, .bytes = (const char *)firmware.bytes, .length = firmware.frame.length};

    fota_agent_step(&firmware.agent, firmware.frame.now, &event);
}

static void dispatch(void)
{
    switch ((enum modem_type)firmware.frame.type) {
    case MODEM_START:
        start();
        break;
    case MODEM_TIME:
        step(FOTA_EVENT_TIME);
        break;
    case MODEM_CONNECTING:
        begin_session();
        break;
    case MODEM_CONNECTED:
        step(FOTA_EVENT_CONNECTED);
        break;
    case MODEM_DISCONNECTED:
        step(FOTA_EVENT_DISCONNECTED);
        break;
    case MODEM_COMMAND:
        step(FOTA_EVENT_COMMAND);
        break;
    case MODEM_HTTP_HEADERS:
        step_http(FOTA_EVENT_HTTP_HEADERS);
        break;
    case MODEM_HTTP_DATA:
        step(FOTA_EVENT_HTTP_DATA);
        break;
    case MODEM_HTTP_END:
        step_http(FOTA_EVENT_HTTP_END);
        break;
    default: /* MODEM_DOWN, and what no modem of today sends */
        software_reset();
    }
}

int main(void)
{
    for (;;) {
        struct modem_wait wait;

        modem_receive(&firmware.frame, firmware.bytes);
        dispatch();
        while (firmware.health_asked) {
            const struct fota_event event = {.type = FOTA_EVENT_HEALTH, .healthy = release_is_healthy()};
            firmware.health_asked = false;
            fota_agent_step(&firmware.agent, firmware.frame.now, &event);
        }
        if (firmware.reboot_asked)
            modem_send(MODEM_REBOOT, NULL, 0);
        firmware.reboot_asked = false;
        wait.wake_at = fota_agent_wake_at(&firmware.agent);
        modem_send(MODEM_WAIT, &wait, sizeof wait);
    }
}
