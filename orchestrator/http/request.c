#include "request.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api_request.h"
#include "routes.h"
#include "utf8.h"

struct store *http_request_store(struct http_request *request)
{
    if (request->store == NULL)
        request->store = store_pool_take(request->shared->stores);
    return request->store;
}

const char *http_request_header(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *http_request_query(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

/* Digits only: no sign, no space, no fraction. */
static bool parse_number(const char *text, int64_t *number)
{
    char *end;
    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    *number = strtoll(text, &end, 10);
    return errno == 0 && *end == '\0';
}

enum status http_query_number(const struct http_request *request, const char *name, int64_t lowest,
                              int64_t highest, int64_t *number, struct error *error)
{
    const char *text = http_request_query(request, name);
    if (text == NULL)
        return STATUS_OK;
    if (!parse_number(text, number) || *number < lowest || *number > highest)
        return error_set(error, STATUS_INVALID, name, "allowed is a whole number from %lld to %lld",
                         (long long)lowest, (long long)highest);
    return STATUS_OK;
}

enum status http_query_limit(const struct http_request *request, int64_t *limit, struct error *error)
{
    *limit = 100;
    return http_query_number(request, "limit", 1, 1000, limit, error);
}

enum status http_query_put_number(const struct http_request *request, const char *name,
                                  struct store_parameters *parameters, struct error *error)
{
    const char *text = http_request_query(request, name);
    int64_t number;
    if (text == NULL) {
        store_put_text(parameters, NULL);
        return STATUS_OK;
    }
    if (!parse_number(text, &number))
        return error_set(error, STATUS_INVALID, name, "allowed is a whole number");
    store_put_integer(parameters, number);
    return STATUS_OK;
}

struct query_check {
    const char *allowed; /* words separated by spaces */
    const char *seen[8]; /* they live as long as the request */
    int seen_count;
    const char *unknown, *twice, *not_utf8;
};

static bool is_word_of(const char *words, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = words; length > 0 && (at = strstr(at, word)) != NULL; at += length) {
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return strchr(word, ' ') == NULL;
    }
    return false;
}

static enum MHD_Result check_parameter(void *context, enum MHD_ValueKind kind, const char *name,
                                       const char *value)
{
    struct query_check *check = context;
    size_t characters;
    (void)kind;
    if (!is_word_of(check->allowed, name)) {
        check->unknown = name;
        return MHD_NO;
    }
    for (int i = 0; i < check->seen_count; i++) {
        if (strcmp(check->seen[i], name) == 0) {
            check->twice = name;
            return MHD_NO;
        }
    }
    if (value != NULL && !utf8_count(value, &characters)) {
        check->not_utf8 = name;
        return MHD_NO;
    }
    if (check->seen_count < 8)
        check->seen[check->seen_count++] = name;
    return MHD_YES;
}

enum status http_query_check(const struct http_request *request, struct error *error)
{
    struct query_check check = {.allowed = request->route->query};
    size_t characters;
    if (request->parameter != NULL && !utf8_count(request->parameter, &characters))
        return error_set(error, STATUS_INVALID, "path", "is not UTF-8");
    MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, check_parameter, &check);
    if (check.unknown != NULL && check.allowed[0] == '\0')
        return error_set(error, STATUS_INVALID, check.unknown, "unknown parameter; none is allowed here");
    if (check.unknown != NULL)
        return error_set(error, STATUS_INVALID, check.unknown, "unknown parameter; allowed here: %s",
                         check.allowed);
    if (check.twice != NULL)
        return error_set(error, STATUS_INVALID, check.twice, "parameter given twice; allowed is once");
    if (check.not_utf8 != NULL)
        return error_set(error, STATUS_INVALID, check.not_utf8, "is not UTF-8");
    return STATUS_OK;
}

/* What follows the scheme, as in "Bearer TOKEN". */
struct credentials {
    const char *scheme, *example, *noun;
};

static enum status read_authorization(const struct http_request *request, const struct credentials *wanted,
                                      const char **value, struct error *error)
{
    const char *header = http_request_header(request, "Authorization");
    size_t length = strlen(wanted->scheme);
    if (header == NULL)
        return error_set(error, STATUS_UNAUTHENTICATED, NULL,
                         "this needs a %s: send the header Authorization: %s%s", wanted->noun, wanted->scheme,
                         wanted->example);
    if (strncasecmp(header, wanted->scheme, length) != 0 || header[length] == '\0')
        return error_set(error, STATUS_UNAUTHENTICATED, NULL,
                         "the header Authorization is not understood; allowed is %s%s", wanted->scheme,
                         wanted->example);
    *value = header + length;
    return STATUS_OK;
}

enum status http_request_device_key(struct http_request *request, struct device_key *key, struct error *error)
{
    static const struct credentials wanted = {"token ", "KEY", "device key"};
    const char *text = NULL;
    enum status status = read_authorization(request, &wanted, &text, error);
    if (status != STATUS_OK)
        return status;
    return operate_device_key_find(http_request_store(request), text, key, error);
}

static enum status authenticate(struct http_request *request, const struct credentials *wanted,
                                enum role lowest, struct error *error)
{
    const char *token = NULL;
    if (read_authorization(request, wanted, &token, error) != STATUS_OK)
        return error->status;
    if (!request->authenticated) {
        enum status status = operate_authenticate(http_request_store(request), token, &request->actor, error);
        if (status != STATUS_OK)
            return status;
        request->authenticated = true;
    }
    if (request->actor.role < lowest)
        return error_set(error, STATUS_DENIED, NULL,
                         "this needs the role %s; the token \"%s\" has the role %s", role_name(lowest),
                         request->actor.name, role_name(request->actor.role));
    return STATUS_OK;
}

enum status http_request_authenticate(struct http_request *request, enum role lowest, struct error *error)
{
    static const struct credentials wanted = {"Bearer ", "TOKEN", "token"};
    return authenticate(request, &wanted, lowest, error);
}

enum status http_request_token(struct http_request *request, enum role lowest, struct error *error)
{
    static const struct credentials wanted = {"token ", "TOKEN", "key or token"};
    return authenticate(request, &wanted, lowest, error);
}

enum status http_request_content_type(const struct http_request *request, const char *allowed,
                                      struct error *error)
{
    const char *type = http_request_header(request, "Content-Type");
    size_t length = strlen(allowed);
    if (type != NULL && strncasecmp(type, allowed, length) == 0 && strchr("; \t", type[length]) != NULL)
        return STATUS_OK;
    return error_set(error, STATUS_INVALID, "Content-Type", "is %s; allowed is %s",
                     type == NULL ? "missing" : type, allowed);
}

enum status http_request_reason(struct http_request *request, const char **reason, struct error *error)
{
    *reason = NULL;
    if (request->body_length == 0)
        return STATUS_OK;
    enum status status = http_request_content_type(request, "application/json", error);
    if (status != STATUS_OK)
        return status;
    return api_command_parse(request->body, request->body_length, &request->arena, reason, error);
}

void http_answer_json(struct http_request *request, int code, const char *json)
{
    request->answer.code = code;
    request->answer.json = json;
}

void http_answer_header(struct http_request *request, const char *name, const char *value)
{
    struct http_answer *answer = &request->answer;
    if (answer->header_count == HTTP_HEADERS_MAX)
        abort();
    answer->headers[answer->header_count].name = name;
    answer->headers[answer->header_count].value = value;
    answer->header_count++;
}

bool http_request_ready(const struct http_request *request, char *why, size_t size, bool *broker)
{
    const struct http_options *options = &request->shared->options;
    bool ready = options->ready(options->context, why, size);
    *broker = ready || strncmp(why, "broker:", strlen("broker:")) != 0;
    return ready;
}

enum status http_answer_absent(const struct http_request *request, const char *absent, struct error *error)
{
    return error_set(error, STATUS_NOT_FOUND, NULL, "no %s %s", absent,
                     request->parameter != NULL ? request->parameter : "that was given");
}

enum status http_answer_query(struct http_request *request, const struct store_statement *statement,
                              const struct store_parameters *parameters, const char *absent,
                              struct error *error)
{
    char *json;
    enum status status =
        store_run_text(http_request_store(request), statement, parameters, &request->arena, &json, error);
    if (status != STATUS_OK)
        return status;
    if (json == NULL && absent == NULL)
        return error_set(error, STATUS_INTERNAL, NULL, "the query gave no answer");
    if (json == NULL)
        return http_answer_absent(request, absent, error);
    http_answer_json(request, 200, json);
    return STATUS_OK;
}

enum status http_answer_page(struct http_request *request, const struct store_statement *statement,
                             struct store_parameters *parameters, struct error *error)
{
    int64_t limit = 0;
    enum status status = http_query_put_number(request, "after", parameters, error);
    if (status == STATUS_OK)
        status = http_query_limit(request, &limit, error);
    if (status != STATUS_OK)
        return status;
    store_put_integer(parameters, limit);
    return http_answer_query(request, statement, parameters, NULL, error);
}
