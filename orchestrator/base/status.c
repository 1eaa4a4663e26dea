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

enum status error_context(struct error *error, const char *format, ...)
{
    char context[sizeof error->message];
    char message[sizeof error->message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(context, sizeof context, format, arguments);
    va_end(arguments);
    memcpy(message, error->message, sizeof message);
    size_t used = strlen(context);
    size_t room = sizeof error->message - 1;
    memcpy(error->message, context, used);
    snprintf(error->message + used, room + 1 - used, ": %s", message);
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
