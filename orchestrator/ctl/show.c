#include "show.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void show_json(FILE *out, const json_t *document)
{
    json_dumpf(document, out, JSON_INDENT(2) | JSON_REAL_PRECISION(10));
    fputc('\n', out);
}

char *show_path(const char *prefix, const char *segment, const char *suffix)
{
    char *escaped = client_escape(segment);
    char *path;
    if (asprintf(&path, "%s%s%s", prefix, escaped, suffix) < 0)
        abort();
    free(escaped);
    return path;
}

enum exit_code show_fetch(struct session *session, const char *path, json_t **document)
{
    struct error error = {0};
    json_t *answer;
    *document = NULL;
    if (client_request(session->client, "GET", path, NULL, &answer, &error) != STATUS_OK)
        return session_fail(session, &error);
    if (session->json) {
        show_json(session->out, answer);
        json_decref(answer);
    } else {
        *document = answer;
    }
    return EXIT_DONE;
}

enum exit_code show_fetch_named(struct session *session, const char *prefix, const char *name,
                                json_t **document)
{
    char *path = show_path(prefix, name, "");
    enum exit_code code = show_fetch(session, path, document);
    free(path);
    return code;
}

void show_part(struct session *session, const json_t *list, const char *titles, const char *members)
{
    show_part_with_ages(session, list, NULL, titles, members);
}

void show_part_with_ages(struct session *session, const json_t *list, const char *now, const char *titles,
                         const char *members)
{
    size_t index;
    json_t *item;
    if (json_array_size(list) == 0)
        return;
    struct table *table = table_create(titles);
    table_now(table, now);
    json_array_foreach(list, index, item)
    {
        table_row(table, item, members);
    }
    fputc('\n', session->out);
    table_print(table, session->out);
    table_free(table);
}

bool show_reason(struct session *session, const struct arguments *arguments, json_t **body)
{
    const char *reason = arguments_value(arguments, "reason");
    *body = reason == NULL ? NULL : json_pack("{ss}", "reason", reason);
    if (reason == NULL || *body != NULL)
        return true;
    session_usage(session, "--reason is not UTF-8");
    return false;
}

enum exit_code show_send_named(struct session *session, const char *method, const char *prefix,
                               const char *name, const char *suffix, json_t *body, json_t **answer)
{
    struct error error = {0};
    char *path = show_path(prefix, name, suffix);
    *answer = NULL;
    enum status status = client_request(session->client, method, path, body, answer, &error);
    free(path);
    if (status != STATUS_OK)
        return session_fail(session, &error);
    if (session->json) {
        show_json(session->out, *answer);
        json_decref(*answer);
        *answer = NULL;
    }
    return EXIT_DONE;
}

enum exit_code show_command(struct session *session, const struct arguments *arguments, const char *prefix,
                            const char *suffix, json_t **answer, const char **note)
{
    *answer = NULL;
    json_t *body;
    if (!show_reason(session, arguments, &body))
        return EXIT_USAGE;
    enum exit_code code =
        show_send_named(session, "POST", prefix, arguments->positionals[0], suffix, body, answer);
    json_decref(body);
    *note = json_is_true(json_object_get(*answer, "changed")) ? "" : " (it was so already; nothing changed)";
    return code;
}

void show_campaign_done(struct session *session, const char *name, const json_t *answer, const char *note)
{
    const char *state = json_string_value(json_object_get(answer, "state"));
    long long in_flight = json_integer_value(json_object_get(answer, "in_flight"));
    if (state == NULL)
        state = "unknown";
    bool goes_back = strcmp(state, "rolling_back") == 0, pauses = strcmp(state, "paused") == 0;
    fprintf(session->out, "campaign %s: %s%s\n", name, state, note);
    if (in_flight > 0 && (goes_back || pauses || strcmp(state, "cancelled") == 0))
        fprintf(session->out, "%lld in flight: %s told to stop%s\n", in_flight,
                pauses ? "those that have not accepted are" : "those that have not installed it are",
                goes_back ? "; the way back begins when all have ended" : "");
    if (json_is_false(json_object_get(answer, "broker")))
        fputs("The broker is away: devices are told once it is back.\n", session->out);
}

enum exit_code show_post(struct session *session, const char *path, json_t *body, const char *done, ...)
{
    struct error error = {0};
    json_t *answer;
    if (client_request(session->client, "POST", path, body, &answer, &error) != STATUS_OK)
        return session_fail(session, &error);
    if (session->json) {
        show_json(session->out, answer);
    } else {
        va_list arguments;
        va_start(arguments, done);
        vfprintf(session->out, done, arguments);
        va_end(arguments);
        fputc('\n', session->out);
    }
    json_decref(answer);
    return EXIT_DONE;
}

bool show_number(struct session *session, const struct arguments *arguments, const char *name,
                 long long lowest, long long highest, long long *number)
{
    const char *text = arguments_value(arguments, name);
    char *end;
    if (text == NULL)
        return true;
    errno = 0;
    *number = strtoll(text, &end, 10);
    if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && *number >= lowest &&
        *number <= highest)
        return true;
    session_usage(session, "--%s is \"%s\"; allowed is a whole number from %lld to %lld", name, text, lowest,
                  highest);
    return false;
}

enum exit_code show_list(struct session *session, const struct arguments *arguments, const char *path,
                         const char *member, const char *titles, show_row row)
{
    struct error error = {0};
    json_t *answer;
    long long limit = 0;
    if (!show_number(session, arguments, "limit", 1, 1000000000, &limit))
        return EXIT_USAGE;
    if (client_list(session->client, path, member, limit, &answer, &error) != STATUS_OK)
        return session_fail(session, &error);
    if (session->json) {
        show_json(session->out, answer);
    } else {
        struct table *table = table_create(titles);
        size_t index;
        json_t *item;
        json_array_foreach(json_object_get(answer, member), index, item)
        {
            row(table, item);
        }
        table_print(table, session->out);
        table_free(table);
    }
    json_decref(answer);
    return EXIT_DONE;
}

const char *show_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}
