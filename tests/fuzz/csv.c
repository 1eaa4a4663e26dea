/* Lists of devices: what is read is written as CSV again, every field quoted, and read as the same. */
#include "csv.h"

#include <stdbool.h>

#include "fuzz.h"
#include "report.h"

static void put_field(FILE *out, const char *text, char end)
{
    fputc('"', out);
    for (; text != NULL && *text != '\0'; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
    fputc(end, out);
}

static char *write_devices(const json_t *devices, size_t *size)
{
    static const char *const columns[] = {"id", "version", "product", "key", "flash_map"};
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    size_t index, position;
    json_t *device, *tag;
    fputs("id,version,product,key,flash_map,flash_kb,ptype,tags\n", out);
    json_array_foreach(json_object_get(devices, "devices"), index, device)
    {
        HOLDS(device_id_is_valid(json_string_value(json_object_get(device, "id"))));
        for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
            put_field(out, json_string_value(json_object_get(device, columns[i])), ',');
        if (json_object_get(device, "flash_kb") != NULL)
            fprintf(out, "%lld", (long long)json_integer_value(json_object_get(device, "flash_kb")));
        fprintf(out, ",%lld,\"", (long long)json_integer_value(json_object_get(device, "ptype")));
        json_array_foreach(json_object_get(device, "tags"), position, tag)
        {
            for (const char *at = json_string_value(tag); *at != '\0'; at++) {
                if (*at == '"')
                    fputc('"', out);
                fputc(*at, out);
            }
            fputc(';', out);
        }
        fputs("\"\r\n", out);
    }
    fclose(out);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = fuzz_text(bytes, size);
    char *complaints = NULL;
    size_t length;
    FILE *errors = open_memstream(&complaints, &length);
    json_t *devices, *again;
    int *lines, *lines_again;
    struct error error = {0};
    enum status status = csv_read_devices("f", text, size, errors, &devices, &lines, &error);
    fclose(errors);
    HOLDS((status == STATUS_OK) == (devices != NULL));
    HOLDS((status == STATUS_OK) == (lines != NULL));
    HOLDS((status == STATUS_OK) == (error.message[0] == '\0'));
    if (status == STATUS_OK) {
        HOLDS(complaints[0] == '\0');
        char *written = write_devices(devices, &length);
        if (csv_read_devices("f", written, length, stderr, &again, &lines_again, &error) != STATUS_OK) {
            fprintf(stderr, "%s\n", error.message);
            fuzz_broken("what was written is read", __FILE__, __LINE__);
        }
        HOLDS(json_equal(devices, again));
        json_decref(again);
        free(lines_again);
        json_decref(devices);
        free(written);
    }
    free(lines);
    free(complaints);
    free(text);
    return 0;
}
