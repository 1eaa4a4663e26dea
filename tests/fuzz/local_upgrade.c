/* The endpoint for upgrades over the LAN with a whole agent behind it, and a client that may send anything.
 * No image is ever flagged but the one that was named at the start, byte for byte; each request has at most
 * one answer.
 *
 * The first byte of each step says what comes (step % STEPS), the seven after it how. */
#include "local_upgrade.h"
#include "agent_bench.h"

enum step { OPEN, CLOSE, GETUSER, START, IMAGE, RESET, GOOD_BYTES, ANY_BYTES, TIME, STEPS };

static struct local_upgrade local;
static uint32_t answers;
static bool is_over; /* the endpoint has answered: nothing more is taken */

static bool port_http_start(void *context, enum fota_http_method method, const char *url, uint32_t first_byte)
{
    (void)context;
    (void)url;
    HOLDS(first_byte < new_length);
    HOLDS(local_upgrade_http_start(&local, method));
    return true;
}

static void port_http_stop(void *context)
{
    (void)context;
    (void)local_upgrade_http_stop(&local);
}

static void lan_send(void *context, const char *bytes, uint32_t length)
{
    (void)context;
    HOLDS(length > 12 && memcmp(bytes, "HTTP/1.1 ", 9) == 0 && !is_over);
    answers += memcmp(bytes + 9, "100", 3) != 0;
    HOLDS(answers <= 1);
}

static void lan_close(void *context)
{
    (void)context;
    HOLDS(answers == 1);
    is_over = true;
}

static void lan_step(void *context, const struct fota_event *event)
{
    (void)context;
    if (!bench.rebooted)
        step(*event);
}

static void lan_reboot_now(void *context)
{
    (void)context;
    HOLDS(bench.rebooted);
}

static const struct local_port lan_port = {
    .send = lan_send, .close = lan_close, .step = lan_step, .reboot_now = lan_reboot_now};

/* What is not taken at once is lost: a client that does not wait. */
static void send(const void *bytes, size_t length)
{
    if (local.is_open && !is_over)
        HOLDS(local_upgrade_take(&local, bench.now, bytes, (uint32_t)length) <= length);
}

static void send_head(const char *what, size_t length)
{
    char head[200];
    int written =
        snprintf(head, sizeof head, "POST /upgrade%s HTTP/1.1\r\nContent-Length: %zu\r\n\r\n", what, length);
    send(head, (size_t)written);
}

static void disconnect(void)
{
    if (local.is_open)
        local_upgrade_closed(&local, bench.now);
    is_over = false;
    answers = 0;
}

static void take_step(enum step what, const uint8_t bytes[7])
{
    uint32_t from = (uint32_t)bytes[0] << 5 | bytes[1] % 32, length = (uint32_t)bytes[2] << 6 | 1;

    switch (what) {
    case OPEN:
        disconnect();
        HOLDS(local_upgrade_opened(&local, bench.now));
        break;
    case CLOSE:
        disconnect();
        break;
    case GETUSER:
        send("GET /upgrade?command=getuser HTTP/1.1\r\n\r\n", 41);
        break;
    case START:
        send_head("?command=start", strlen(offer));
        send(offer, strlen(offer));
        break;
    case IMAGE:
        send_head(bytes[0] % 2 == 0 ? "" : "?command=image", bytes[1] % 8 == 0 ? bytes[2] : new_length);
        break;
    case RESET:
        send_head("?command=reset", 0);
        break;
    case GOOD_BYTES:
        if (bytes[0] % 4 != 0)
            from = local.received;
        if (from < new_length)
            send(new_image + from, length < new_length - from ? length : new_length - from);
        break;
    case ANY_BYTES:
        send(bytes + 1, bytes[0] % 7);
        break;
    default:
        bench.now += (uint64_t)bytes[0] << bytes[1] % 12;
        lan_step(NULL, &(struct fota_event){.type = FOTA_EVENT_TIME});
        local_upgrade_on_time(&local, bench.now);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (new_length == 0)
        make_images();
    is_over = false;
    answers = 0;
    local_upgrade_start(&local, &bench.agent, &lan_port, NULL);
    boot();
    for (size_t at = 0; at + 8 <= size; at += 8)
        take_step((enum step)(bytes[at] % STEPS), bytes + at + 1);
    check_flash();
    return 0;
}
