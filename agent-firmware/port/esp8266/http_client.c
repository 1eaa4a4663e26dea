#include "http_client.h"

#include <string.h>

#include "http_answer.h"
#include "sdk.h"

#define SILENCE_MILLISECONDS 20000u /* without a byte: the server is taken for gone */
#define HOST_SIZE 128u
#define REQUEST_SIZE (FOTA_URL_SIZE + HOST_SIZE + 128u)
#define DEFAULT_PORT 80

enum phase {
    PHASE_FREE,
    PHASE_OPEN,    /* looked up, connecting, or connected */
    PHASE_CLOSING, /* given up; its connection is about to be closed */
};

static struct {
    enum phase phase;
    bool is_connected;
    bool is_awaited; /* an answer of the SDK to come: to the look-up, or to the connecting */
    enum fota_http_method method;
    http_client_events *events;
    struct espconn connection;
    esp_tcp tcp;
    ip_addr_t address;
    os_timer_t timer; /* silence; or the way out of a callback, in which nothing may be closed */
    uint32_t left;    /* bytes of the body still to come, if the server has said */
    bool length_known;
    struct http_answer answer;
    char host[HOST_SIZE];
    char request[REQUEST_SIZE];
    uint32_t length;
} http;

static void put(const char *text)
{
    while (*text != '\0' && http.length < REQUEST_SIZE - 1)
        http.request[http.length++] = *text++;
    http.request[http.length] = '\0';
}

static void put_number(uint32_t value)
{
    char digits[11];
    uint32_t at = sizeof digits - 1;

    digits[at] = '\0';
    do
        digits[--at] = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    put(digits + at);
}

/* http://HOST[:PORT]/PATH, as the core has checked it to begin. The rest of it is the path. */
static const char *take_host(const char *url)
{
    const char *at = url + strlen("http://");
    uint32_t length = 0;
    uint32_t port = 0;

    for (; *at != '\0' && *at != ':' && *at != '/'; at++) {
        if (length == HOST_SIZE - 1)
            return NULL;
        http.host[length++] = *at;
    }
    http.host[length] = '\0';
    if (*at == ':')
        for (at++; *at >= '0' && *at <= '9' && port < 65536; at++)
            port = port * 10 + (uint32_t)(*at - '0');
    http.tcp.remote_port = port == 0 ? DEFAULT_PORT : (int)port;
    return length > 0 && port < 65536 && (*at == '/' || *at == '\0') ? at : NULL;
}

static bool write_request(const char *url, uint32_t first_byte)
{
    const char *path = take_host(url);

    if (path == NULL)
        return false;
    http.length = 0;
    put(http.method == FOTA_HTTP_HEAD ? "HEAD " : "GET ");
    put(*path == '\0' ? "/" : path);
    put(" HTTP/1.0\r\nHost: ");
    put(http.host);
    put(":");
    put_number((uint32_t)http.tcp.remote_port);
    if (first_byte > 0) {
        put("\r\nRange: bytes=");
        put_number(first_byte);
        put("-");
    }
    put("\r\nConnection: close\r\n\r\n");
    return http.length < REQUEST_SIZE - 1;
}

static void arm(ETSTimerFunc *function, uint32_t milliseconds)
{
    ets_timer_disarm(&http.timer);
    ets_timer_setfn(&http.timer, function, NULL);
    ets_timer_arm_new(&http.timer, milliseconds, false, true);
}

/* The SDK has not said that the connection is closed: without an end of our own no download could ever begin
 * again. Should it say so later, the next connection counts as broken, and is taken up again. */
static void abandon(void *context)
{
    (void)context;
    (void)espconn_abort(&http.connection);
    http.is_connected = false;
    http.phase = PHASE_FREE;
}

static void close_now(void *context)
{
    (void)context;
    if (http.is_connected) {
        arm(abandon, SILENCE_MILLISECONDS);
        (void)espconn_disconnect(&http.connection); /* on_closed frees it */
    } else if (!http.is_awaited) {
        http.phase = PHASE_FREE;
    }
}

void http_client_stop(void)
{
    if (http.phase != PHASE_OPEN)
        return;
    http.phase = PHASE_CLOSING;
    arm(close_now, 1);
}

static void end(bool complete)
{
    struct fota_event event = {.type = FOTA_EVENT_HTTP_END};

    if (http.phase != PHASE_OPEN)
        return;
    event.http.complete = complete;
    if (http.is_connected || http.is_awaited) {
        http_client_stop();
    } else {
        ets_timer_disarm(&http.timer);
        http.phase = PHASE_FREE;
    }
    http.events(&event);
}

static void on_silence(void *context)
{
    (void)context;
    end(false);
}

static void on_closed(void *connection)
{
    bool whole =
        http.answer.in_body && (!http.length_known || http.left == 0 || http.method == FOTA_HTTP_HEAD);

    (void)connection;
    http.is_connected = http.is_awaited = false;
    if (http.phase == PHASE_CLOSING) {
        ets_timer_disarm(&http.timer);
        http.phase = PHASE_FREE;
    }
    end(whole);
}

static void on_broken(void *connection, int8_t error)
{
    (void)error;
    http.length_known = true; /* whatever came, it did not end in order */
    http.left = 1;
    on_closed(connection);
}

static void give_headers(void)
{
    struct fota_event event = {.type = FOTA_EVENT_HTTP_HEADERS, .http = http.answer.headers};

    http.length_known = http.answer.headers.content_length >= 0;
    http.left = http.length_known ? (uint32_t)http.answer.headers.content_length : 0;
    http.events(&event);
}

static void on_received(void *connection, char *bytes, unsigned short length)
{
    uint32_t left = length;

    (void)connection;
    if (http.phase != PHASE_OPEN)
        return;
    arm(on_silence, SILENCE_MILLISECONDS);
    if (!http.answer.in_body) {
        uint32_t head = http_answer_take(&http.answer, bytes, left);
        bytes += head;
        left -= head;
        if (!http.answer.in_body)
            return;
        give_headers();
    }
    if (http.phase != PHASE_OPEN || http.method == FOTA_HTTP_HEAD)
        return;
    if (left > 0) {
        const struct fota_event event = {.type = FOTA_EVENT_HTTP_DATA, .bytes = bytes, .length = left};
        http.left -= left < http.left ? left : http.left;
        http.events(&event);
    }
    if (http.length_known && http.left == 0)
        end(true);
}

static void on_connected(void *connection)
{
    (void)connection;
    http.is_connected = true;
    http.is_awaited = false;
    if (http.phase == PHASE_CLOSING)
        arm(close_now, 1);
    else if (espconn_send(&http.connection, (uint8_t *)http.request, (uint16_t)http.length) != ESPCONN_OK)
        end(false);
}

static bool connect_now(void)
{
    memcpy(http.tcp.remote_ip, &http.address.addr, sizeof http.tcp.remote_ip);
    http.is_awaited = espconn_connect(&http.connection) == ESPCONN_OK;
    return http.is_awaited;
}

static void on_found(const char *name, ip_addr_t *address, void *connection)
{
    (void)name;
    (void)connection;
    http.is_awaited = false;
    if (http.phase != PHASE_OPEN) {
        http.phase = PHASE_FREE;
        return;
    }
    if (address != NULL)
        http.address = *address;
    if (address == NULL || !connect_now())
        end(false);
}

bool http_client_start(enum fota_http_method method, const char *url, uint32_t first_byte,
                       http_client_events *events)
{
    if (http.phase != PHASE_FREE)
        return false;
    memset(&http.connection, 0, sizeof http.connection);
    memset(&http.tcp, 0, sizeof http.tcp);
    http.method = method;
    http.events = events;
    http.is_connected = http.is_awaited = http.length_known = false;
    http_answer_start(&http.answer);
    if (!write_request(url, first_byte))
        return false;
    http.connection.type = ESPCONN_TCP;
    http.connection.proto.tcp = &http.tcp;
    (void)espconn_regist_connectcb(&http.connection, on_connected);
    (void)espconn_regist_reconcb(&http.connection, on_broken);
    (void)espconn_regist_disconcb(&http.connection, on_closed);
    (void)espconn_regist_recvcb(&http.connection, on_received);
    http.phase = PHASE_OPEN;
    int8_t found = espconn_gethostbyname(&http.connection, http.host, &http.address, on_found);
    http.is_awaited = found == ESPCONN_INPROGRESS;
    if (http.is_awaited || (found == ESPCONN_OK && connect_now())) {
        arm(on_silence, SILENCE_MILLISECONDS);
        return true;
    }
    http.phase = PHASE_FREE;
    return false;
}
