#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exchange.h"

enum { PAGE = 1000 };

struct client {
    char *url;
    char *token;
    CURL *curl;
    bool unreachable;
    const char *progress; /* label, NULL: none is shown */
};

struct client *client_create(const char *url, const char *token)
{
    struct client *client = calloc(1, sizeof *client);
    if (client == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        abort();
    client->url = strdup(url);
    client->token = token == NULL ? NULL : strdup(token);
    client->curl = curl_easy_init();
    if (client->url == NULL || client->curl == NULL)
        abort();
    size_t length = strlen(client->url);
    while (length > 0 && client->url[length - 1] == '/')
        client->url[--length] = '\0';
    return client;
}

void client_destroy(struct client *client)
{
    if (client == NULL)
        return;
    curl_easy_cleanup(client->curl);
    curl_global_cleanup();
    free(client->url);
    free(client->token);
    free(client);
}

bool client_unreachable(const struct client *client)
{
    return client->unreachable;
}

void client_show_progress(struct client *client, const char *label)
{
    client->progress = label;
}

char *client_escape(const char *text)
{
    char *escaped = curl_easy_escape(NULL, text, 0);
    if (escaped == NULL)
        abort();
    char *copy = strdup(escaped);
    curl_free(escaped);
    if (copy == NULL)
        abort();
    return copy;
}

/* The server's {"error": {...}} as an error value; the status follows its code. */
static enum status server_error(const struct client *client, long code, json_t *document, struct error *error)
{
    const char *word = "";
    const char *message = "";
    const char *field = "";
    if (json_unpack(document, "{s{ss ss s?s}}", "error", "code", &word, "message", &message, "field",
                    &field) != 0)
        return error_set(error, STATUS_INTERNAL, NULL, "%s answered HTTP %ld, not as an orchestrator would",
                         client->url, code);
#define X(name, text, http)                                                                                  \
    if (strcmp(word, text) == 0)                                                                             \
        return error_set(error, name, field, "%s", message);
    STATUS_LIST(X)
#undef X
    return error_set(error, STATUS_INTERNAL, field, "%s", message);
}

/* Sends the request whose method and body the caller has set. When no answer came, or none of 200 to 299, an
 * error. Release exchange->bytes with free(). */
static enum status perform(struct client *client, const char *path, struct curl_slist *headers,
                           struct exchange *exchange, struct error *error)
{
    size_t url_size = strlen(client->url) + strlen(path) + 1;
    char *url = malloc(url_size);
    if (url == NULL)
        abort();
    snprintf(url, url_size, "%s%s", client->url, path);
    if (client->token != NULL) {
        char line[512];
        snprintf(line, sizeof line, "Authorization: Bearer %s", client->token);
        headers = curl_slist_append(headers, line);
    }
    *exchange = (struct exchange){.curl = client->curl, .progress = client->progress};
    client->unreachable = !exchange_perform(exchange, url, headers);
    free(url);
    if (client->unreachable)
        return error_set(error, STATUS_UNAVAILABLE, NULL, "cannot reach the orchestrator at %s: %s",
                         client->url, exchange->problem);
    if (exchange->code >= 200 && exchange->code < 300)
        return STATUS_OK;
    json_t *document = json_loadb(exchange->bytes == NULL ? "" : exchange->bytes, exchange->length, 0, NULL);
    enum status status = server_error(client, exchange->code, document, error);
    json_decref(document);
    return status;
}

/* The same, where the answer is a document. */
static enum status perform_json(struct client *client, const char *path, struct curl_slist *headers,
                                json_t **answer, struct error *error)
{
    struct exchange exchange;
    enum status status = perform(client, path, headers, &exchange, error);
    if (status == STATUS_OK) {
        *answer = json_loadb(exchange.bytes == NULL ? "" : exchange.bytes, exchange.length, 0, NULL);
        if (*answer == NULL)
            status = server_error(client, exchange.code, NULL, error);
    }
    free(exchange.bytes);
    return status;
}

enum status client_request(struct client *client, const char *method, const char *path, json_t *body,
                           json_t **answer, struct error *error)
{
    struct curl_slist *headers = NULL;
    char *text = NULL;
    *answer = NULL;
    curl_easy_reset(client->curl);
    if (strcmp(method, "DELETE") == 0) {
        curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, method);
    } else if (strcmp(method, "GET") != 0) {
        text = body == NULL ? strdup("") : json_dumps(body, JSON_COMPACT);
        if (text == NULL)
            return error_set(error, STATUS_INVALID, NULL, "the request holds text that is not UTF-8");
        if (body != NULL)
            headers = curl_slist_append(headers, "Content-Type: application/json");
        curl_easy_setopt(client->curl, CURLOPT_POST, 1L);
        curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, text);
        curl_easy_setopt(client->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(text));
        if (strcmp(method, "POST") != 0)
            curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, method);
    }
    enum status status = perform_json(client, path, headers, answer, error);
    free(text);
    return status;
}

enum status client_download(struct client *client, const char *path, unsigned char **bytes, size_t *size,
                            struct error *error)
{
    struct exchange exchange;
    curl_easy_reset(client->curl);
    enum status status = perform(client, path, NULL, &exchange, error);
    *bytes = (unsigned char *)exchange.bytes;
    *size = exchange.length;
    if (status == STATUS_OK)
        return status;
    free(exchange.bytes);
    *bytes = NULL;
    return status;
}

enum status client_upload(struct client *client, const char *path, const struct client_form_part *parts,
                          int count, json_t **answer, struct error *error)
{
    *answer = NULL;
    curl_easy_reset(client->curl);
    curl_mime *form = curl_mime_init(client->curl);
    CURLcode result = CURLE_OK;
    for (int i = 0; i < count && result == CURLE_OK; i++) {
        curl_mimepart *part = curl_mime_addpart(form);
        curl_mime_name(part, parts[i].name);
        if (parts[i].file_path == NULL)
            result = curl_mime_data(part, parts[i].text, CURL_ZERO_TERMINATED);
        else
            result = curl_mime_filedata(part, parts[i].file_path);
        if (result != CURLE_OK) {
            const char *name = parts[i].file_path == NULL ? parts[i].name : parts[i].file_path;
            bool is_readable = parts[i].file_path == NULL || access(name, R_OK) == 0;
            error_set(error, STATUS_INVALID, NULL, "cannot read %s: %s", name,
                      is_readable ? curl_easy_strerror(result) : strerror(errno));
        }
    }
    enum status status = STATUS_INVALID;
    if (result == CURLE_OK) {
        curl_easy_setopt(client->curl, CURLOPT_MIMEPOST, form);
        status = perform_json(client, path, NULL, answer, error);
    }
    curl_mime_free(form);
    return status;
}

/* PATH?limit=N&after=X, or with & where the path has a query already. */
static char *page_path(const char *path, int64_t limit, const char *after)
{
    char *escaped = client_escape(after == NULL ? "" : after);
    char *text;
    int length = asprintf(&text, "%s%climit=%lld%s%s", path, strchr(path, '?') == NULL ? '?' : '&',
                          (long long)limit, after == NULL ? "" : "&after=", escaped);
    free(escaped);
    if (length < 0)
        abort();
    return text;
}

enum status client_list(struct client *client, const char *path, const char *member, int64_t limit,
                        json_t **answer, struct error *error)
{
    json_t *all = json_array();
    json_t *next = json_null();
    int64_t wanted = limit;
    *answer = NULL;
    do {
        json_t *page;
        char *url = page_path(path, limit > 0 && wanted < PAGE ? wanted : PAGE,
                              json_is_string(next) ? json_string_value(next) : NULL);
        enum status status = client_request(client, "GET", url, NULL, &page, error);
        free(url);
        json_decref(next);
        if (status != STATUS_OK) {
            json_decref(all);
            return status;
        }
        json_t *items = json_object_get(page, member);
        wanted -= (int64_t)json_array_size(items);
        json_array_extend(all, items);
        next = json_incref(json_object_get(page, "next"));
        json_decref(page);
    } while (json_is_string(next) && (limit == 0 || wanted > 0));
    *answer = json_pack("{so so}", member, all, "next", next == NULL ? json_null() : next);
    return STATUS_OK;
}
