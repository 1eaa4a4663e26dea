/* GET and HEAD of an image: from a file descriptor, so that the kernel copies it to the socket (sendfile). */
#include "image_server.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "handlers.h"
#include "image_answers.h"
#include "range.h"
#include "request.h"

/* A signed URL is enough, as long as its attempt; else any token. Neither: the answer says what is wrong with
 * what was given. */
static enum status check_right(struct http_request *request, struct error *error)
{
    const char *signature = http_request_query(request, "signature");
    const char *device = http_request_query(request, "device");
    const char *expires = http_request_query(request, "expires");
    if (signature == NULL && device == NULL && expires == NULL)
        return http_request_authenticate(request, ROLE_VIEWER, error);
    const struct http_options *options = &request->shared->options;
    unsigned char secret[IMAGE_SECRET_SIZE];
    int64_t now, host_ahead; /* URLs are signed by the database's clock */
    if (!options->image_secret(options->context, secret) ||
        !options->now(options->context, &now, &host_ahead))
        return error_set(error, STATUS_UNAVAILABLE, NULL, "the database has not been reached yet: try again");
    int64_t signed_at;
    enum status status = image_url_check(secret, request->parameter, device, expires, signature, now / 1000,
                                         &signed_at, error);
    if (status != STATUS_OK || options->live == NULL || signed_at == 0)
        return status;
    request->answer.outage = "which attempts go on is not known yet";
    return live_attempts_check(options->live, device, request->parameter, signed_at, error);
}

static enum status open_image(struct http_request *request, const char *sha256, uint64_t *size,
                              struct error *error)
{
    struct image_cache *images = request->shared->images;
    int64_t found = 0;
    enum status status = image_cache_find(images, sha256, &request->answer.fd, &found, error);
    if (status == STATUS_NOT_FOUND)
        status = image_cache_fetch(images, http_request_store(request), sha256, &request->answer.fd, &found,
                                   error);
    *size = (uint64_t)found;
    request->answer.outage = "the image is not available"; /* the database, or the disk of the cache */
    return status;
}

static void close_image(struct http_request *request)
{
    close(request->answer.fd);
    request->answer.fd = -1;
}

/* Ranges are for GET only; If-Range wants the very same image. */
static struct range wanted_range(const struct http_request *request, const char *etag, uint64_t size)
{
    const char *header = http_request_header(request, "Range");
    const char *condition = http_request_header(request, "If-Range");
    if (strcmp(request->method, "GET") != 0)
        header = NULL;
    if (condition != NULL && strcmp(condition, etag) != 0)
        header = NULL;
    return range_parse(header, size);
}

enum status http_answer_image(struct http_request *request, const char *sha256, struct error *error)
{
    uint64_t size;
    struct http_answer *answer = &request->answer;
    enum status status = open_image(request, sha256, &size, error);
    if (status != STATUS_OK)
        return status;
    const char *etag = arena_format(&request->arena, "\"%s\"", sha256);
    const char *known = http_request_header(request, "If-None-Match");
    http_answer_header(request, "ETag", etag);
    http_answer_header(request, "Accept-Ranges", "bytes");
    if (known != NULL && etag_matches(known, etag, true)) {
        close_image(request);
        answer->code = MHD_HTTP_NOT_MODIFIED;
        return STATUS_OK;
    }
    struct range range = wanted_range(request, etag, size);
    if (range.kind == RANGE_UNSATISFIABLE) {
        close_image(request);
        answer->code = MHD_HTTP_RANGE_NOT_SATISFIABLE;
        http_answer_header(request, "Content-Range",
                           arena_format(&request->arena, "bytes */%llu", (unsigned long long)size));
        return error_set(error, STATUS_INVALID, "Range", "is outside the image; allowed are bytes 0 to %llu",
                         (unsigned long long)size - 1);
    }
    answer->code = MHD_HTTP_OK;
    answer->offset = range.first;
    answer->length = range.length;
    http_answer_header(request, "Content-Type", "application/octet-stream");
    if (range.kind == RANGE_PART) {
        answer->code = MHD_HTTP_PARTIAL_CONTENT;
        http_answer_header(
            request, "Content-Range",
            arena_format(&request->arena, "bytes %llu-%llu/%llu", (unsigned long long)range.first,
                         (unsigned long long)(range.first + range.length - 1), (unsigned long long)size));
    }
    return STATUS_OK;
}

/* Whether it is the whole image that is wanted, whatever the client has. */
static bool wants_all(const struct http_request *request)
{
    return http_request_header(request, "If-None-Match") == NULL &&
           (strcmp(request->method, "GET") != 0 || http_request_header(request, "Range") == NULL);
}

/* The answer that most want, from those that are kept. */
static enum status answer_all(struct http_request *request, struct error *error)
{
    struct image_answers *answers = request->shared->image_answers;
    const char *sha256 = request->parameter;
    uint64_t size;
    request->answer.image = image_answers_take(answers, sha256);
    if (request->answer.image != NULL &&
        image_cache_is_unchanged(request->shared->images, sha256, request->answer.image->fd))
        return STATUS_OK;
    if (request->answer.image != NULL) {
        image_answers_give_back(request->answer.image);
        request->answer.image = NULL;
        image_answers_forget(answers, sha256);
    }
    uint64_t moment = image_answers_moment(answers);
    enum status status = open_image(request, sha256, &size, error);
    if (status != STATUS_OK)
        return status;
    int fd = request->answer.fd;
    request->answer.fd = -1;
    request->answer.image = image_answers_add(answers, sha256, fd, size, moment);
    return STATUS_OK;
}

enum status handle_image(struct http_request *request, struct error *error)
{
    enum status status = check_right(request, error);
    if (status != STATUS_OK)
        return status;
    if (wants_all(request))
        return answer_all(request, error);
    return http_answer_image(request, request->parameter, error);
}
