#include "array.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store.h"

static void put_bytes(struct array *array, const char *bytes, size_t length)
{
    if (array->size - array->length < length + 1) {
        size_t size = (array->length + length + 1) * 2;
        char *text = realloc(array->text, size);
        if (text == NULL)
            abort();
        array->text = text;
        array->size = size;
    }
    memcpy(array->text + array->length, bytes, length);
    array->length += length;
    array->text[array->length] = '\0';
}

static void begin_item(struct array *array)
{
    if (array->closed)
        abort(); /* array_text was called: put nothing more */
    put_bytes(array, array->count == 0 ? "{" : ",", 1);
    array->count++;
}

void array_put_text(struct array *array, const char *text)
{
    begin_item(array);
    if (text == NULL) {
        put_bytes(array, "NULL", 4);
        return;
    }
    put_bytes(array, "\"", 1);
    for (;;) {
        size_t plain = strcspn(text, "\"\\");
        put_bytes(array, text, plain);
        text += plain;
        if (*text == '\0')
            break;
        const char escaped[2] = {'\\', *text++};
        put_bytes(array, escaped, 2);
    }
    put_bytes(array, "\"", 1);
}

void array_put_integer(struct array *array, int64_t value)
{
    char text[32];
    int length = snprintf(text, sizeof text, "%lld", (long long)value);
    begin_item(array);
    put_bytes(array, text, (size_t)length);
}

void array_put_boolean(struct array *array, bool value)
{
    begin_item(array);
    put_bytes(array, value ? "t" : "f", 1);
}

const char *array_text(struct array *array)
{
    if (array->count == 0)
        return "{}";
    if (!array->closed)
        put_bytes(array, "}", 1);
    array->closed = true;
    return array->text;
}

void array_reset(struct array *array)
{
    array->length = 0;
    array->count = 0;
    array->closed = false;
}

void array_release(struct array *array)
{
    free(array->text);
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
