/* One HTTP exchange by libcurl: with the orchestrator (client.h), or with a device (local_device.h). */
#ifndef CTL_EXCHANGE_H
#define CTL_EXCHANGE_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

struct exchange {
    CURL *curl;           /* borrowed: method and body are set */
    const char *progress; /* of the body that is sent, on standard error after this label; NULL: not shown */
    size_t answer_max;    /* a longer body of the answer is an end without an answer; 0: of any length */
    long code;            /* out: the HTTP status of the answer */
    char *bytes;          /* out: its body and a zero byte, NULL when it has none. Release with free() */
    size_t length;
    char problem[CURL_ERROR_SIZE]; /* out: why there is no answer */
};

/* `headers` (may be NULL) is released. False: no answer came, or it broke off. */
bool exchange_perform(struct exchange *exchange, const char *url, struct curl_slist *headers);

#endif
