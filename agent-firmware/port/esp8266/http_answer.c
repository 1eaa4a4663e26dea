#include "http_answer.h"

#include <string.h>

void http_answer_start(struct http_answer *answer)
{
    memset(answer, 0, sizeof *answer);
    answer->is_first = true;
    answer->headers.content_length = answer->headers.range_first = answer->headers.range_total = -1;
}

/* The number at *at, which moves behind it; -1 when there is none, or none of this century's sizes. */
static int64_t number(const char **at)
{
    uint32_t value = 0;
    const char *start = *at;

    for (; **at >= '0' && **at <= '9'; ++*at) {
        if (value > (UINT32_MAX - 9) / 10)
            return -1;
        value = value * 10 + (uint32_t)(**at - '0');
    }
    return *at == start ? -1 : (int64_t)value;
}

/* Whether the line begins with `name`, in letters of any case; *value is then what follows. */
static bool is_header(const char *line, const char *name, const char **value)
{
    for (; *name != '\0'; name++, line++) {
        char c = *line >= 'A' && *line <= 'Z' ? (char)(*line + ('a' - 'A')) : *line;
        if (c != *name)
            return false;
    }
    while (*line == ' ')
        line++;
    *value = line;
    return true;
}

static void read_status(struct http_answer *answer)
{
    const char *at = strchr(answer->line, ' ');
    int64_t status = -1;

    if (strncmp(answer->line, "HTTP/1.", 7) == 0 && at != NULL) {
        at++;
        status = number(&at);
    }
    answer->headers.status = status < 100 || status > 599 ? 0 : (uint32_t)status;
}

static void read_line(struct http_answer *answer)
{
    struct download_headers *headers = &answer->headers;
    const char *at;

    if (answer->is_first) {
        answer->is_first = false;
        read_status(answer);
    } else if (answer->length == 0) {
        answer->in_body = true;
    } else if (is_header(answer->line, "content-length:", &at)) {
        headers->content_length = number(&at);
    } else if (is_header(answer->line, "content-range: bytes", &at)) {
        headers->range_first = number(&at);
        at = strchr(at, '/');
        if (at != NULL) {
            at++;
            headers->range_total = number(&at);
        }
    }
}

uint32_t http_answer_take(struct http_answer *answer, const char *bytes, uint32_t length)
{
    uint32_t taken = 0;

    while (taken < length && !answer->in_body) {
        char c = bytes[taken++];
        if (c == '\n') {
            answer->line[answer->length] = '\0';
            read_line(answer);
            answer->length = 0;
        } else if (c != '\r' && answer->length < HTTP_LINE - 1) {
            answer->line[answer->length++] = c;
        }
    }
    return taken;
}
