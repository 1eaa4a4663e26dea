/* Answering with the bytes of an image. */
#ifndef HTTP_IMAGE_SERVER_H
#define HTTP_IMAGE_SERVER_H

#include "status.h"

struct http_request;

/* Makes the stored bytes with this SHA-256 the answer: whole, one range of them (206), or 304 to a client
 * that has them. From a file of the cache, so that the kernel copies it to the socket. `sha256` must live as
 * long as the request. STATUS_NOT_FOUND when there are none; STATUS_INVALID with code 416 for a range
 * outside. */
enum status http_answer_image(struct http_request *request, const char *sha256,
                              struct error *error) MUST_CHECK;

#endif
