#include "array.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store.h"

static void begin_item(struct array *array)
{
    if (array->closed)
        abort(); /* array_text was called: put nothing more */
    bytes_put(&array->bytes, array->count == 0 ? "{" : ",", 1);
    array->count++;
}

void array_put_text(struct array *array, const char *text)
{
    begin_item(array);
    if (text == NULL) {
        bytes_put(&array->bytes, "NULL", 4);
        return;
    }
    bytes_put(&array->bytes, "\"", 1);
    for (;;) {
        size_t plain = strcspn(text, "\"\\");
        bytes_put(&array->bytes, text, plain);
        text += plain;
        if (*text == '\0')
            break;
        const char escaped[2] = {'\\', *text++};
        bytes_put(&array->bytes, escaped, 2);
    }
    bytes_put(&array->bytes, "\"", 1);
}

void array_put_integer(struct array *array, int64_t value)
{
    char text[32];
    int length = snprintf(text, sizeof text, "%lld", (long long)value);
    begin_item(array);
    bytes_put(&array->bytes, text, (size_t)length);
}

void array_put_boolean(struct array *array, bool value)
{
    begin_item(array);
    bytes_put(&array->bytes, value ? "t" : "f", 1);
}

const char *array_text(struct array *array)
{
    if (array->count == 0)
        return "{}";
    if (!array->closed)
        bytes_put(&array->bytes, "}", 1);
    array->closed = true;
    return array->bytes.text;
}

void array_reset(struct array *array)
{
    array->bytes.length = 0;
    array->count = 0;
    array->closed = false;
}

void array_release(struct array *array)
{
    bytes_release(&array->bytes);
    memset(array, 0, sizeof *array);
}

enum status store_run_arrays(struct store *store, const struct store_statement *statement,
                             struct array *columns, int count, struct error *error)
{
    enum status status = STATUS_OK;
    if (columns[0].count > 0) {
        struct store_parameters parameters = {0};
        for (int i = 0; i < count; i++)
            store_put_text(&parameters, array_text(&columns[i]));
        status = store_run(store, statement, &parameters, NULL, error);
    }
    for (int i = 0; i < count; i++)
        array_release(&columns[i]);
    return status;
}
