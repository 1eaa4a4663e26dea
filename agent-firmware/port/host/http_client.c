#include "http_client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>

#define CONNECT_SECONDS 10L
#define STALL_SECONDS 20L

struct http_transfer {
    struct http_client *client;
    struct http_request *request; /* NULL: given up, but libcurl still has to be told */
    CURL *easy;
    struct http_transfer *next; /* in the list of free ones */
    struct download_headers headers;
    bool headers_handed;
    bool in_callback;
};

struct http_client {
    struct event_loop *loop;
    CURLM *multi;
    struct loop_timer timer; /* libcurl's */
    struct loop_timer start; /* for requests that wait to be started */
    struct http_request *first_waiting, *last_waiting;
    struct http_transfer *transfers, *free_transfers;
    uint32_t transfer_count;
    uint32_t parallel;
};

static void pump(struct http_client *client);

static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
    struct http_transfer *transfer = context;
    size_t length = size * count;
    char line[256];

    if (length >= 5 && memcmp(bytes, "HTTP/", 5) == 0) /* a new answer, e.g. after 100 Continue */
        transfer->headers =
            (struct download_headers){.content_length = -1, .range_first = -1, .range_total = -1};
    if (length >= sizeof line)
        return length;
    memcpy(line, bytes, length);
    line[length] = '\0';
    if (strncasecmp(line, "content-range:", 14) == 0) {
        long long first = -1, last = -1, total = -1;
        if (sscanf(line + 14, " bytes %lld-%lld/%lld", &first, &last, &total) >= 2) {
            transfer->headers.range_first = first;
            transfer->headers.range_total = total;
        }
    }
    return length;
}

static void hand(struct http_transfer *transfer, const struct fota_event *event)
{
    bool outer = !transfer->in_callback;

    transfer->in_callback = true;
    if (transfer->request != NULL)
        transfer->request->handle(transfer->request->context, event);
    if (outer)
        transfer->in_callback = false;
}

static void hand_headers(struct http_transfer *transfer)
{
    struct fota_event event = {.type = FOTA_EVENT_HTTP_HEADERS};
    curl_off_t length = -1;
    long status = 0;

    if (transfer->headers_handed)
        return;
    transfer->headers_handed = true;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    transfer->headers.status = (uint32_t)status;
    transfer->headers.content_length = (int64_t)length;
    event.http = transfer->headers;
    hand(transfer, &event);
}

static size_t on_data(char *bytes, size_t size, size_t count, void *context)
{
    struct http_transfer *transfer = context;
    struct fota_event event = {
        .type = FOTA_EVENT_HTTP_DATA, .bytes = bytes, .length = (uint32_t)(size * count)};

    hand_headers(transfer);
    hand(transfer, &event);
    return transfer->request == NULL ? 0 : size * count; /* 0 ends the transfer */
}

static struct http_transfer *transfer_new(struct http_client *client)
{
    struct http_transfer *transfer = &client->transfers[client->transfer_count];

    transfer->client = client;
    transfer->easy = curl_easy_init();
    if (transfer->easy == NULL)
        return NULL;
    client->transfer_count++;
    (void)curl_easy_setopt(transfer->easy, CURLOPT_PRIVATE, transfer);
    (void)curl_easy_setopt(transfer->easy, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(transfer->easy, CURLOPT_HEADERDATA, transfer);
    (void)curl_easy_setopt(transfer->easy, CURLOPT_WRITEFUNCTION, on_data);
    (void)curl_easy_setopt(transfer->easy, CURLOPT_WRITEDATA, transfer);
    (void)curl_easy_setopt(transfer->easy, CURLOPT_PROTOCOLS_STR, "http");
    (void)curl_easy_setopt(transfer->easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(transfer->easy, CURLOPT_NOPROXY, "*");
    (void)curl_easy_setopt(transfer->easy, CURLOPT_USERAGENT, "fota-agent");
    (void)curl_easy_setopt(transfer->easy, CURLOPT_BUFFERSIZE, 65536L);
    (void)curl_easy_setopt(transfer->easy, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    (void)curl_easy_setopt(transfer->easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    (void)curl_easy_setopt(transfer->easy, CURLOPT_LOW_SPEED_TIME, STALL_SECONDS);
    return transfer;
}

static void run(struct http_client *client, struct http_transfer *transfer, struct http_request *request)
{
    char range[32];

    transfer->request = request;
    transfer->headers_handed = false;
    transfer->headers = (struct download_headers){.content_length = -1, .range_first = -1, .range_total = -1};
    request->transfer = transfer;
    (void)snprintf(range, sizeof range, "%u-", request->first_byte);
    (void)curl_easy_setopt(transfer->easy, CURLOPT_URL, request->url);
    (void)curl_easy_setopt(transfer->easy, CURLOPT_NOBODY, request->method == FOTA_HTTP_HEAD ? 1L : 0L);
    if (request->method == FOTA_HTTP_GET)
        (void)curl_easy_setopt(transfer->easy, CURLOPT_HTTPGET, 1L);
    (void)curl_easy_setopt(transfer->easy, CURLOPT_RANGE, request->first_byte > 0 ? range : NULL);
    (void)curl_multi_add_handle(client->multi, transfer->easy);
}

static struct http_transfer *free_transfer(struct http_client *client)
{
    struct http_transfer *transfer = client->free_transfers;

    if (transfer != NULL)
        client->free_transfers = transfer->next;
    else if (client->transfer_count < client->parallel)
        transfer = transfer_new(client);
    return transfer;
}

static void release(struct http_transfer *transfer)
{
    struct http_client *client = transfer->client;

    (void)curl_multi_remove_handle(client->multi, transfer->easy);
    if (transfer->request != NULL)
        transfer->request->transfer = NULL;
    transfer->request = NULL;
    transfer->next = client->free_transfers;
    client->free_transfers = transfer;
}

static void finish(struct http_transfer *transfer, CURLcode result)
{
    struct http_request *request = transfer->request;
    struct fota_event event = {.type = FOTA_EVENT_HTTP_END, .http.complete = result == CURLE_OK};
    long status = 0;

    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    if (request != NULL && status != 0)
        hand_headers(transfer);
    request = transfer->request; /* the headers may have ended it */
    release(transfer);
    if (request != NULL)
        request->handle(request->context, &event);
}

static void collect(struct http_client *client)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
        struct http_transfer *transfer = NULL;
        CURLcode result = message->data.result;
        if (message->msg != CURLMSG_DONE)
            continue;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        finish(transfer, result);
    }
    pump(client);
}

static void on_socket_ready(void *context, int descriptor, uint32_t events)
{
    struct http_client *client = context;
    int mask = ((events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
               ((events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
               ((events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);
    int running;

    (void)curl_multi_socket_action(client->multi, descriptor, mask, &running);
    collect(client);
}

static int on_socket_wanted(CURL *easy, curl_socket_t socket, int what, void *context, void *unused)
{
    struct http_client *client = context;
    uint32_t events =
        ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0u) | ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0u);

    (void)easy;
    (void)unused;
    if (what == CURL_POLL_REMOVE)
        event_loop_forget(client->loop, socket);
    else
        event_loop_watch(client->loop, socket, events, on_socket_ready, client);
    return 0;
}

static void on_timer(void *context)
{
    struct http_client *client = context;
    int running;

    (void)curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    collect(client);
}

static int on_timer_wanted(CURLM *multi, long milliseconds, void *context)
{
    struct http_client *client = context;

    (void)multi;
    event_loop_set_timer(client->loop, &client->timer,
                         milliseconds < 0 ? UINT64_MAX
                                          : event_loop_now(client->loop) + (uint64_t)milliseconds);
    return 0;
}

static void on_start(void *context)
{
    pump(context);
}

struct http_client *http_client_new(struct event_loop *loop, uint32_t parallel)
{
    struct http_client *client = calloc(1, sizeof *client);

    if (client == NULL)
        return NULL;
    client->loop = loop;
    client->timer = (struct loop_timer){.callback = on_timer, .context = client};
    client->start = (struct loop_timer){.callback = on_start, .context = client};
    client->multi = curl_multi_init();
    client->transfers = calloc(parallel, sizeof *client->transfers);
    if (client->multi == NULL || client->transfers == NULL) {
        http_client_free(client);
        return NULL;
    }
    (void)curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
    (void)curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    (void)curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
    (void)curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    (void)curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)parallel);
    client->parallel = parallel;
    return client;
}

void http_client_free(struct http_client *client)
{
    event_loop_set_timer(client->loop, &client->timer, UINT64_MAX);
    event_loop_set_timer(client->loop, &client->start, UINT64_MAX);
    for (uint32_t i = 0; i < client->transfer_count; i++) {
        (void)curl_multi_remove_handle(client->multi, client->transfers[i].easy);
        curl_easy_cleanup(client->transfers[i].easy);
    }
    if (client->multi != NULL)
        (void)curl_multi_cleanup(client->multi);
    free(client->transfers);
    free(client);
}

/* Gives free transfers to those who wait. */
static void pump(struct http_client *client)
{
    while (client->first_waiting != NULL) {
        struct http_transfer *transfer = free_transfer(client);
        struct http_request *request = client->first_waiting;
        if (transfer == NULL)
            return;
        client->first_waiting = request->next;
        if (client->first_waiting == NULL)
            client->last_waiting = NULL;
        request->waiting = false;
        run(client, transfer, request);
    }
}

bool http_request_start(struct http_client *client, struct http_request *request,
                        enum fota_http_method method, const char *url, uint32_t first_byte)
{
    http_request_stop(request);
    if (snprintf(request->url, sizeof request->url, "%s", url) >= (int)sizeof request->url)
        return false;
    request->client = client;
    request->method = method;
    request->first_byte = first_byte;
    request->waiting = true;
    request->next = NULL;
    if (client->last_waiting != NULL)
        client->last_waiting->next = request;
    else
        client->first_waiting = request;
    client->last_waiting = request;
    /* libcurl must not be entered from inside its callbacks: a timer starts it. */
    event_loop_set_timer(client->loop, &client->start, event_loop_now(client->loop));
    return true;
}

static void leave_queue(struct http_request *request)
{
    struct http_client *client = request->client;
    struct http_request **at = &client->first_waiting;
    struct http_request *before = NULL;

    for (; *at != request; at = &(*at)->next)
        before = *at;
    *at = request->next;
    if (client->last_waiting == request)
        client->last_waiting = before;
    request->waiting = false;
}

void http_request_stop(struct http_request *request)
{
    struct http_transfer *transfer = request->transfer;

    if (request->waiting)
        leave_queue(request);
    if (transfer == NULL)
        return;
    request->transfer = NULL;
    transfer->request = NULL;
    /* From inside one of its callbacks libcurl is told by the callback's return value. */
    if (!transfer->in_callback)
        release(transfer);
}
