#include "status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *code;
    int http;
} statuses[] = {
#define X(name, code, http) [name] = {code, http},
    STATUS_LIST(X)
#undef X
};

enum status error_set(struct error *error, enum status status, const char *field, const char *format, ...)
{
    if (error == NULL)
        return status;
    memset(error, 0, sizeof *error);
    error->status = status;
    if (field != NULL)
        snprintf(error->field, sizeof error->field, "%s", field);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return status;
}

/* Over-long text is cut. */
static void append(char *text, size_t size, const char *more)
{
    size_t used = strlen(text);
    size_t length = strnlen(more, size - 1 - used);
    memcpy(text + used, more, length);
    text[used + length] = '\0';
}

enum status error_context(struct error *error, const char *format, ...)
{
    char message[sizeof error->message];
    memcpy(message, error->message, sizeof message);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    append(error->message, sizeof error->message, ": ");
    append(error->message, sizeof error->message, message);
    return error->status;
}

const char *status_code(enum status status)
{
    return statuses[status].code;
}

int status_http(enum status status)
{
    return statuses[status].http;
}
