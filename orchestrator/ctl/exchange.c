#include "exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECT_SECONDS = 10, STALL_SECONDS = 60 };

static size_t on_data(char *data, size_t size, size_t count, void *context)
{
    struct exchange *exchange = context;
    size_t length = exchange->length + size * count;
    if (exchange->answer_max != 0 && length > exchange->answer_max)
        return 0;
    char *bytes = realloc(exchange->bytes, length + 1);
    if (bytes == NULL)
        return 0;
    memcpy(bytes + exchange->length, data, size * count);
    bytes[length] = '\0';
    exchange->bytes = bytes;
    exchange->length = length;
    return size * count;
}

static int on_progress(void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up)
{
    const struct exchange *exchange = context;
    (void)down_total;
    (void)down;
    if (up_total > 0)
        fprintf(stderr, "\r\033[K%s: %d%% sent%s", exchange->progress, (int)(100 * up / up_total),
                up == up_total ? ", waiting for the answer" : "");
    return 0;
}

bool exchange_perform(struct exchange *exchange, const char *url, struct curl_slist *headers)
{
    CURL *curl = exchange->curl;
    exchange->bytes = NULL;
    exchange->length = 0;
    exchange->code = 0;
    exchange->problem[0] = '\0';
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L); /* ".." is the id of a device */
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, exchange->problem);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)STALL_SECONDS);
    if (exchange->progress != NULL) {
        curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
        curl_easy_setopt(curl, CURLOPT_XFERINFODATA, exchange);
    }
    CURLcode result = curl_easy_perform(curl);
    if (exchange->progress != NULL)
        fprintf(stderr, "\r\033[K");
    if (result != CURLE_OK && exchange->problem[0] == '\0')
        snprintf(exchange->problem, sizeof exchange->problem, "%s", curl_easy_strerror(result));
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &exchange->code);
    curl_slist_free_all(headers);
    return result == CURLE_OK;
}
