/* A whole agent and a server that may say anything: the input is what the server does. No image is ever
 * flagged but the one that was offered, byte for byte, and nothing is written but the slot that does not run
 * and the boot record.
 *
 * The first byte of each step says what comes (step % STEPS), the bytes after it how. */
#include "agent_bench.h"

enum step { GOOD_HEADERS, ANY_HEADERS, GOOD_DATA, ANY_DATA, END, TIME, STEPS };

static bool port_http_start(void *context, enum fota_http_method method, const char *url, uint32_t first_byte)
{
    (void)context;
    HOLDS(strcmp(url, "http://h/i") == 0 && !bench.open && first_byte < new_length);
    bench.open = true;
    bench.method = method;
    bench.first_byte = bench.sent = first_byte;
    return true;
}

static void port_http_stop(void *context)
{
    (void)context;
    bench.open = false;
}

static int64_t any_number(const uint8_t *bytes)
{
    static const int64_t numbers[] = {-1, 0, 1, INT64_MAX, INT64_MIN, UINT32_MAX, INT64_C(1) << 32};
    unsigned which = bytes[0] % 16;
    if (which < sizeof numbers / sizeof numbers[0])
        return numbers[which];
    return which < 10 ? (int64_t)new_length - bytes[1] % 3 + 1 : (int64_t)bench.sent + bytes[1] % 5 - 2;
}

static void say_headers(const uint8_t *bytes, bool good)
{
    static const uint32_t statuses[] = {200, 206, 204, 301, 302, 401, 404, 416, 429, 500, 503, 0, 100, 999};
    struct download_headers headers = {.status = bench.first_byte > 0 ? 206 : 200,
                                       .content_length = (int64_t)new_length - bench.first_byte,
                                       .range_first = bench.first_byte,
                                       .range_total = new_length,
                                       .complete = true};
    if (!good)
        headers =
            (struct download_headers){.status = statuses[bytes[0] % (sizeof statuses / sizeof statuses[0])],
                                      .content_length = any_number(bytes + 1),
                                      .range_first = any_number(bytes + 3),
                                      .range_total = any_number(bytes + 5)};
    if (headers.status == 200)
        bench.sent = 0;
    step((struct fota_event){.type = FOTA_EVENT_HTTP_HEADERS, .http = headers});
}

static void say_good_data(const uint8_t *bytes)
{
    uint32_t length = (uint32_t)bytes[0] << 5 | 1;
    if (bench.sent >= new_length)
        return;
    if (length > new_length - bench.sent)
        length = new_length - bench.sent;
    step((struct fota_event){
        .type = FOTA_EVENT_HTTP_DATA, .bytes = (const char *)new_image + bench.sent, .length = length});
    bench.sent += length;
}

static void take_step(enum step what, const uint8_t bytes[7])
{
    switch (what) {
    case GOOD_HEADERS:
    case ANY_HEADERS:
        say_headers(bytes, what == GOOD_HEADERS);
        break;
    case GOOD_DATA:
        say_good_data(bytes);
        break;
    case ANY_DATA:
        step((struct fota_event){
            .type = FOTA_EVENT_HTTP_DATA, .bytes = (const char *)bytes, .length = bytes[0] % 8});
        bench.sent += bytes[0] % 8;
        break;
    case END:
        bench.open = false;
        step((struct fota_event){.type = FOTA_EVENT_HTTP_END, .http.complete = bytes[0] % 2});
        break;
    default:
        bench.now += (uint64_t)bytes[0] << bytes[1] % 12;
        step((struct fota_event){.type = FOTA_EVENT_TIME});
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (new_length == 0)
        make_images();
    boot();
    step((struct fota_event){.type = FOTA_EVENT_COMMAND, .bytes = offer, .length = (uint32_t)strlen(offer)});
    /* Of a server one hears only what was asked. */
    for (size_t at = 0; at + 8 <= size && !bench.rebooted; at += 8) {
        enum step what = (enum step)(bytes[at] % STEPS);
        if (bench.open || what == TIME)
            take_step(what, bytes + at + 1);
    }
    check_flash();
    return 0;
}
