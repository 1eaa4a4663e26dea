#include "device_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample_image.h"

#define SAMPLE_MAPPED 16384u
#define SAMPLE_SEGMENT 4096u

void device_options_begin(struct device_options *options, const char *program, const char *help_text)
{
    *options = (struct device_options){
        .program = program,
        .help_text = help_text,
        .map = &fota_map_512,
        .connector = {.reconnect_milliseconds = 1000, .password = getenv("MQTT_PASSWORD")},
    };
}

void device_options_take(struct device_options *options, int option, const char *value)
{
    switch (option) {
    case OPTION_VERSION:
        options->version = option_version("--version", value);
        break;
    case OPTION_IMAGE:
        options->image_path = value;
        break;
    case OPTION_MAP:
        options->map = option_flash_map("--flash-map", value);
        break;
    case OPTION_MQTT:
        option_broker("--mqtt", value, &options->connector);
        break;
    case OPTION_USERNAME:
        options->connector.username = value;
        break;
    case OPTION_PASSWORD:
        options->connector.password = value;
        break;
    case OPTION_PUBLIC_KEY:
        option_public_key("--public-key", value, &options->public_keys);
        break;
    case OPTION_VERBOSE:
        options->verbose = true;
        break;
    case OPTION_HELP:
        fputs(options->help_text, stdout);
        exit(0);
    default: /* getopt_long has said which */
        usage_error("%s: bad option", options->program);
    }
}

static _Noreturn void fail(const struct device_options *options, const char *what, const char *why)
{
    fprintf(stderr, "%s: %s: %s\n", options->program, what, why);
    exit(1);
}

uint8_t *device_options_first_image(const struct device_options *options, uint32_t *length)
{
    uint8_t *bytes = malloc(SAMPLE_IMAGE_SIZE_MAX + 1);

    if (bytes == NULL)
        fail(options, "the first image", "out of memory");
    if (options->image_path == NULL) {
        *length = sample_image_make(bytes, 1, SAMPLE_MAPPED, SAMPLE_SEGMENT, 1);
        return bytes;
    }
    char what[512];
    (void)snprintf(what, sizeof what, "cannot read image %s", options->image_path);
    FILE *file = fopen(options->image_path, "rb");
    if (file == NULL)
        fail(options, what, strerror(errno));
    *length = (uint32_t)fread(bytes, 1, SAMPLE_IMAGE_SIZE_MAX + 1, file);
    if (ferror(file)) /* such as a directory */
        fail(options, what, strerror(errno));
    (void)fclose(file);
    return bytes;
}
