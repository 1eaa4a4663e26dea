#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "utf8.h"

/* One line, whatever the message holds. */
static void print_line(FILE *out, const char *text)
{
    for (; *text != '\0'; text++)
        fputc((unsigned char)*text < 0x20 ? ' ' : *text, out);
}

enum exit_code session_fail(struct session *session, const struct error *error)
{
    fputs("orchestratorctl: ", session->errors);
    if (error->field[0] != '\0') {
        print_line(session->errors, error->field);
        fputs(": ", session->errors);
    }
    print_line(session->errors, error->message);
    fputc('\n', session->errors);
    if (session->client != NULL && client_unreachable(session->client))
        return EXIT_UNREACHABLE;
    return EXIT_REFUSED;
}

enum exit_code session_usage(struct session *session, const char *format, ...)
{
    va_list arguments;
    fputs("orchestratorctl: ", session->errors);
    va_start(arguments, format);
    vfprintf(session->errors, format, arguments);
    va_end(arguments);
    fputc('\n', session->errors);
    return EXIT_USAGE;
}

static enum status read_token(const char *path, char *token, size_t size, struct error *error)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return error_set(error, STATUS_INVALID, "--token-file", "cannot open %s: %s", path, strerror(errno));
    size_t length = fread(token, 1, size - 1, file);
    fclose(file);
    token[length] = '\0';
    size_t mark = utf8_mark(token, length);
    memmove(token, token + mark, length - mark + 1);
    token[strcspn(token, "\r\n")] = '\0';
    if (token[0] == '\0')
        return error_set(error, STATUS_INVALID, "--token-file", "%s holds no token", path);
    return STATUS_OK;
}

enum status session_connect(struct session *session, const struct arguments *arguments, struct error *error)
{
    char token[256];
    const char *path = arguments_value(arguments, "token-file");
    const char *url = arguments_value(arguments, "url");
    const char *given = getenv("ORCHESTRATOR_TOKEN");
    if (url == NULL)
        url = getenv("ORCHESTRATOR_URL");
    if (url == NULL || url[0] == '\0')
        return error_set(
            error, STATUS_INVALID, NULL,
            "no server is given: set ORCHESTRATOR_URL, such as http://127.0.0.1:8080, or use --url");
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
        return error_set(error, STATUS_INVALID, NULL,
                         "the URL \"%.200s\" must begin with http:// or https://", url);
    if (path != NULL) {
        enum status status = read_token(path, token, sizeof token, error);
        if (status != STATUS_OK)
            return status;
        given = token;
    }
    if (given == NULL || given[0] == '\0')
        return error_set(error, STATUS_INVALID, NULL,
                         "no token is given: set ORCHESTRATOR_TOKEN, or use --token-file");
    session->client = client_create(url, given);
    return STATUS_OK;
}
