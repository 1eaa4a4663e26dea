/* Sending the answer of a request, and logging it. */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include <stdbool.h>

#include "request.h"

/* Sends `error` as JSON when its status is not STATUS_OK, else request->answer. False when the connection is
 * to be closed at once. */
bool http_answer_send(struct http_request *request, const struct error *error);

/* One line: at debug; at warning when it was refused for want of rights or failed on our side. */
void http_answer_log(const struct http_request *request, const struct error *error);

#endif
