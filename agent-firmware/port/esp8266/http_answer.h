/* The head of an HTTP answer, read as it comes in: pieces of any length. */
#ifndef ESP8266_HTTP_ANSWER_H
#define ESP8266_HTTP_ANSWER_H

#include "download.h"

#define HTTP_LINE 96u /* longer lines are no headers that count here; their end is not kept */

struct http_answer {
    struct download_headers headers;
    bool in_body;
    bool is_first; /* the status line is still to come */
    uint32_t length;
    char line[HTTP_LINE];
};

void http_answer_start(struct http_answer *answer);
/* Takes bytes up to the end of the head and returns how many; in_body is set with the last of them. */
uint32_t http_answer_take(struct http_answer *answer, const char *bytes, uint32_t length);

#endif
