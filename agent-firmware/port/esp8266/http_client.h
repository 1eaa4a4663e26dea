/* One HTTP request at a time, over espconn: HEAD and GET with Range, HTTP/1.0, the connection closed after
 * it. */
#ifndef ESP8266_HTTP_CLIENT_H
#define ESP8266_HTTP_CLIENT_H

#include "fota_agent.h"

/* Where the events of the open request go: FOTA_EVENT_HTTP_*, from callbacks of the SDK. */
typedef void http_client_events(const struct fota_event *event);

/* `url` is copied. False: not begun; the request before may still be closing. */
bool http_client_start(enum fota_http_method method, const char *url, uint32_t first_byte,
                       http_client_events *events);
/* No event comes after it. Also from inside an event. */
void http_client_stop(void);

#endif
