/* What goes between the program on the emulated chip and its modem: one frame after the other, each a header
 * and `length` bytes. The modem sends an event, then the chip sends any number of requests and MODEM_WAIT at
 * last; until then the modem sends nothing. So the chip waits in one place only, and time is the modem's. */
#ifndef LX106_MODEM_FRAME_H
#define LX106_MODEM_FRAME_H

#include <stdint.h>

#define MODEM_FRAME_MAX 2304u /* bytes behind the header */

enum modem_type {
    /* from the modem */
    MODEM_START = 1, /* first after each boot: struct modem_setup */
    MODEM_TIME,
    MODEM_CONNECTED,
    MODEM_DISCONNECTED,
    MODEM_COMMAND,      /* the message */
    MODEM_HTTP_HEADERS, /* struct modem_headers */
    MODEM_HTTP_DATA,    /* bytes */
    MODEM_HTTP_END,     /* struct modem_headers */
    MODEM_DOWN,         /* answers MODEM_REBOOT: the reports have left */
    MODEM_CONNECTING, /* about to connect; answered with MODEM_SESSION. Only for firmware that has sessions */

    /* from the chip */
    MODEM_WAIT = 32,  /* struct modem_wait */
    MODEM_RUNNING,    /* after MODEM_START: struct modem_running */
    MODEM_HTTP_START, /* struct modem_request */
    MODEM_HTTP_STOP,
    MODEM_PUBLISH, /* the report */
    MODEM_REBOOT,
    MODEM_LOG,      /* one byte enum fota_log_level, then the text */
    MODEM_HAPPENED, /* struct modem_happened */
    MODEM_SESSION,  /* the session's text, without a zero byte */
};

struct modem_frame {
    uint32_t type; /* enum modem_type */
    uint32_t length;
    uint64_t now; /* milliseconds; from the modem only */
};

struct modem_setup {
    uint32_t seed;
    uint32_t random; /* what the chip's random number generator would say: QEMU has none */
};

struct modem_wait {
    uint64_t wake_at; /* MODEM_TIME is wanted then; UINT64_MAX: not at all */
};

struct modem_running {
    uint32_t slot;
    char version[64];
    uint32_t has_sessions; /* 1; older firmware ends the frame before this */
};

struct modem_headers {
    int64_t content_length, range_first, range_total; /* -1: not given */
    uint32_t status;
    uint32_t complete;
};

struct modem_request {
    uint32_t method; /* enum fota_http_method */
    uint32_t first_byte;
    char url[416];
};

struct modem_happened {
    uint64_t campaign;
    uint32_t attempt;
    uint32_t what; /* enum fota_happening */
};

#endif
