#include "client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECT_SECONDS = 10, STALL_SECONDS = 60, PAGE = 1000 };

struct client {
    char *url;
    char *token;
    CURL *curl;
    bool unreachable;
    const char *progress; /* label, NULL: none is shown */
};

struct buffer {
    char *bytes;
    size_t length;
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

static size_t on_data(char *data, size_t size, size_t count, void *context)
{
    struct buffer *buffer = context;
    char *bytes = realloc(buffer->bytes, buffer->length + size * count + 1);
    if (bytes == NULL)
        return 0;
    memcpy(bytes + buffer->length, data, size * count);
    buffer->bytes = bytes;
    buffer->length += size * count;
    bytes[buffer->length] = '\0';
    return size * count;
}

static int on_progress(void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up)
{
    const struct client *client = context;
    (void)down_total;
    (void)down;
    if (up_total > 0)
        fprintf(stderr, "\r\033[K%s: %d%% sent%s", client->progress, (int)(100 * up / up_total),
                up == up_total ? ", waiting for the answer" : "");
    return 0;
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

static enum status read_answer(struct client *client, const struct buffer *buffer, json_t **answer,
                               struct error *error)
{
    long code = 0;
    json_error_t problem;
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &code);
    json_t *document = json_loadb(buffer->bytes == NULL ? "" : buffer->bytes, buffer->length, 0, &problem);
    if (code >= 200 && code < 300 && document != NULL) {
        *answer = document;
        return STATUS_OK;
    }
    enum status status = server_error(client, code, document, error);
    json_decref(document);
    return status;
}

/* Everything a request needs but method and body, which the caller has set. */
static enum status perform(struct client *client, const char *path, struct curl_slist *headers,
                           json_t **answer, struct error *error)
{
    CURL *curl = client->curl;
    struct buffer buffer = {0};
    char problem[CURL_ERROR_SIZE] = "";
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
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L); /* ".." is the id of a device */
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, problem);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &buffer);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)STALL_SECONDS);
    if (client->progress != NULL) {
        curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
        curl_easy_setopt(curl, CURLOPT_XFERINFODATA, client);
    }
    CURLcode result = curl_easy_perform(curl);
    if (client->progress != NULL)
        fprintf(stderr, "\r\033[K");
    client->unreachable = result != CURLE_OK;
    enum status status;
    if (result != CURLE_OK)
        status = error_set(error, STATUS_UNAVAILABLE, NULL, "cannot reach the orchestrator at %s: %s",
                           client->url, problem[0] != '\0' ? problem : curl_easy_strerror(result));
    else
        status = read_answer(client, &buffer, answer, error);
    curl_slist_free_all(headers);
    free(buffer.bytes);
    free(url);
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
    enum status status = perform(client, path, headers, answer, error);
    free(text);
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
        if (result != CURLE_OK)
            error_set(error, STATUS_INVALID, NULL, "cannot read %s",
                      parts[i].file_path == NULL ? parts[i].name : parts[i].file_path);
    }
    enum status status = STATUS_INVALID;
    if (result == CURLE_OK) {
        curl_easy_setopt(client->curl, CURLOPT_MIMEPOST, form);
        status = perform(client, path, NULL, answer, error);
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
