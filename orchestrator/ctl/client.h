/* Talking to the orchestrator: HTTP by libcurl, JSON by jansson. */
#ifndef CTL_CLIENT_H
#define CTL_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "status.h"

struct client;

/* `url` without or with a slash at its end; `token` may be NULL. Texts are copied. Release with
 * client_destroy. */
struct client *client_create(const char *url, const char *token);
void client_destroy(struct client *client); /* NULL is fine */

/* Whether the last request failed because no answer came: not reached, cut off, or not this API. */
bool client_unreachable(const struct client *client);

/* Shows the share of a body that is sent, on standard error, while requests are made. */
void client_show_progress(struct client *client, const char *label);

/* Sends a request (GET, POST, PATCH or DELETE); `body` (borrowed) may be NULL, and only POST and PATCH send
 * it. Answers outside 200 to 299 are errors with the server's code, message and field. Release *answer with
 * json_decref.
 */
enum status client_request(struct client *client, const char *method, const char *path, json_t *body,
                           json_t **answer, struct error *error) MUST_CHECK;

/* GET of bytes, such as an image. Release *bytes with free(); they are NULL when there are none. */
enum status client_download(struct client *client, const char *path, unsigned char **bytes, size_t *size,
                            struct error *error) MUST_CHECK;

struct client_form_part {
    const char *name;
    const char *text;      /* or */
    const char *file_path; /* a file to send under `name` */
};

/* POST of multipart/form-data. */
enum status client_upload(struct client *client, const char *path, const struct client_form_part *parts,
                          int count, json_t **answer, struct error *error) MUST_CHECK;

/* GET of a list, page by page: merges the arrays called `member` of all pages, up to `limit` elements (0:
 * all), into one document {member: [...], "next": ...}. `path` may have a query string. */
enum status client_list(struct client *client, const char *path, const char *member, int64_t limit,
                        json_t **answer, struct error *error) MUST_CHECK;

/* %-escapes one path segment or query value. Release with free(). */
char *client_escape(const char *text);

#endif
