/* A device of a test with its endpoint for pushes over the LAN: the whole agent behind it, fed in pieces of
 * any size. */
#ifndef LAN_WORLD_H
#define LAN_WORLD_H

#include "agent_world.h"

#include "local_upgrade.h"

#define GETUSER "GET /upgrade?command=getuser HTTP/1.1\r\nHost: lamp\r\n\r\n"
#define RESET "POST /upgrade?command=reset HTTP/1.0\r\n\r\n"

static struct {
    struct local_upgrade upgrade;
    struct fota_port port;
    char answer[4096];
    bool is_closed;
    bool is_rebooted;
    uint32_t piece; /* bytes at a time */
} lan;

static inline bool lan_http_start(void *context, enum fota_http_method method, const char *url,
                                  uint32_t first_byte)
{
    return local_upgrade_http_start(&lan.upgrade, method) ||
           port_http_start(context, method, url, first_byte);
}

static inline void lan_http_stop(void *context)
{
    if (!local_upgrade_http_stop(&lan.upgrade))
        port_http_stop(context);
}

static inline void lan_send(void *context, const char *bytes, uint32_t length)
{
    (void)context;
    assert_false(lan.is_closed);
    size_t used = strlen(lan.answer);
    assert_true(used + length < sizeof lan.answer);
    memcpy(lan.answer + used, bytes, length);
    lan.answer[used + length] = '\0';
}

static inline void lan_close(void *context)
{
    (void)context;
    lan.is_closed = true;
}

static inline void lan_step(void *context, const struct fota_event *event)
{
    (void)context;
    step(*event);
}

static inline void lan_reboot_now(void *context)
{
    (void)context;
    lan.is_rebooted = true;
}

static const struct local_port lan_port = {
    .send = lan_send, .close = lan_close, .step = lan_step, .reboot_now = lan_reboot_now};

static inline void power_up(void)
{
    local_upgrade_start(&lan.upgrade, &world.agent, &lan_port, NULL);
    boot(RESET_SOFTWARE);
}

static inline int lan_setup(void **state)
{
    (void)setup(state);
    memset(&lan, 0, sizeof lan);
    lan.piece = 100000;
    lan.port = port;
    lan.port.http_start = lan_http_start;
    lan.port.http_stop = lan_http_stop;
    world.platform.port = &lan.port;
    power_up();
    world.reports[0] = '\0';
    return 0;
}

/* What happens by itself within so many seconds. */
static inline void wait(uint32_t seconds)
{
    uint64_t end = world.now + (uint64_t)seconds * 1000;

    for (;;) {
        uint64_t wake = fota_agent_wake_at(&world.agent), lan_wake = local_upgrade_wake_at(&lan.upgrade);
        if (lan_wake < wake)
            wake = lan_wake;
        if (wake > end)
            break;
        world.now = wake > world.now ? wake : world.now;
        step((struct fota_event){.type = FOTA_EVENT_TIME});
        local_upgrade_on_time(&lan.upgrade, world.now);
    }
    world.now = end;
}

static inline void connect_to_it(void)
{
    lan.answer[0] = '\0';
    lan.is_closed = false;
    assert_true(local_upgrade_opened(&lan.upgrade, world.now));
}

static inline void disconnect(void)
{
    local_upgrade_closed(&lan.upgrade, world.now);
}

/* Sends bytes in pieces, as fast as they are taken. */
static inline void send(const char *bytes, uint32_t length)
{
    uint32_t done = 0;
    for (int tries = 0; done < length && !lan.is_closed && tries < 100000; tries++) {
        uint32_t piece = length - done < lan.piece ? length - done : lan.piece;
        uint32_t taken = local_upgrade_take(&lan.upgrade, world.now, bytes + done, piece);
        done += taken;
        if (taken == 0)
            wait(1);
    }
}

static inline void request(const char *head, const void *body, uint32_t length)
{
    connect_to_it();
    send(head, (uint32_t)strlen(head));
    send(body, length);
}

static inline void then_answer(const char *status, const char *words)
{
    size_t length = strlen(status);
    if (!lan.is_closed || strncmp(lan.answer, "HTTP/1.1 ", 9) != 0 ||
        strncmp(lan.answer + 9, status, length) != 0 || strstr(lan.answer, words) == NULL)
        fail_msg("not %s with %s: %s", status, words, lan.answer);
    disconnect();
}

static inline void start_text(const char *version, uint32_t seconds, const char *manifest)
{
    char body[FOTA_MESSAGE_SIZE], head[200];
    int length = snprintf(
        body, sizeof body,
        "{\"command\":\"update\",\"campaign\":1,\"attempt\":1,\"nonce\":\"0123456789abcdef\",\"version\":\"%s\","
        "\"images\":{\"1\":{\"url\":\"http://h/i\",\"size\":%u,\"sha256\":\"%s\"},"
        "\"2\":{\"url\":\"http://h/i\",\"size\":%u,\"sha256\":\"%s\"}}%s,\"download_seconds\":%u,\"confirm_seconds\":60}",
        version, world.length, world.sha256[0], world.length, world.sha256[1], manifest, seconds);
    (void)snprintf(head, sizeof head, "POST /upgrade?command=start HTTP/1.1\r\ncontent-length: %d\r\n\r\n",
                   length);
    request(head, body, (uint32_t)length);
}

static inline void start(const char *version)
{
    start_text(version, 60, "");
}

/* `target` is "/upgrade?command=image" or the bare path; so many bytes of the image for `slot` are sent. */
static inline void push(const char *target, int slot, uint32_t bytes)
{
    char head[200];
    (void)snprintf(head, sizeof head, "POST %s HTTP/1.1\r\nHost: lamp\r\nContent-Length: %u\r\n\r\n", target,
                   world.length);
    request(head, world.image[slot - 1], bytes);
}

#define IMAGE "/upgrade?command=image"

static inline void then_it_confirms(int slot)
{
    assert_true(world.reboot_wanted);
    power_up();
    assert_int_equal(world.agent.running_slot, slot);
    run(1);
    assert_int_equal(world.agent.state, AGENT_IDLE);
    assert_int_equal(world.agent.journal.record.good_slot, slot);
    assert_int_equal(world.agent.journal.record.state, BOOT_STEADY);
}

#endif
