#include "host.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include "fota_version.h"
#include "verify.h"

void usage_error(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputs("\nsee --help\n", stderr);
    exit(2);
}

uint32_t option_number(const char *option, const char *text, uint32_t min, uint32_t max)
{
    char *end = NULL;

    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value < min || value > max)
        usage_error("%s '%s': must be a whole number from %u to %u", option, text, min, max);
    return (uint32_t)value;
}

double option_seconds(const char *option, const char *text, double max)
{
    char *end = NULL;
    double value = strtod(text, &end);

    if (end == text || *end != '\0' || !(value >= 0 && value <= max))
        usage_error("%s '%s': must be seconds from 0 to %g", option, text, max);
    return value;
}

double option_share(const char *option, const char *text)
{
    char *end = NULL;
    double value = strtod(text, &end);

    if (end != text && strcmp(end, "%") == 0) {
        value /= 100;
        end++;
    }
    if (end == text || *end != '\0' || !(value >= 0 && value <= 1))
        usage_error("%s '%s': must be a share from 0 to 1, or from 0%% to 100%%", option, text);
    return value;
}

const struct fota_flash_map *option_flash_map(const char *option, const char *text)
{
    if (strcmp(text, "256+256") == 0)
        return &fota_map_256;
    if (strcmp(text, "512+512") == 0)
        return &fota_map_512;
    if (strcmp(text, "1024+1024") == 0)
        return &fota_map_1024;
    usage_error("%s '%s': must be 256+256, 512+512 or 1024+1024", option, text);
}

const char *option_version(const char *option, const char *text)
{
    struct fota_version version;

    if (!fota_version_parse(text, &version))
        usage_error("%s '%s': must be a version like v1.0.5t45772(a) or 1.4.0-rc.1t45772(a)", option, text);
    return text;
}

void option_broker(const char *option, const char *text, struct mqtt_connector *connector)
{
    if (!mqtt_connector_parse(connector, text))
        usage_error("%s '%s': must be HOST:PORT, the port from 1 to 65535", option, text);
}

bool watch_signals(struct event_loop *loop, loop_descriptor_function *callback, void *context)
{
    sigset_t signals;

    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) != 0)
        return false;
    int descriptor = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (descriptor < 0)
        return false;
    event_loop_watch(loop, descriptor, EPOLLIN, callback, context);
    return true;
}

static bool write_image(const struct fota_platform *platform, const uint8_t *image, uint32_t length)
{
    for (uint32_t done = 0; done < length; done += FOTA_SECTOR_SIZE) {
        _Alignas(4) uint8_t sector[FOTA_SECTOR_SIZE];
        uint32_t count = length - done < sizeof sector ? length - done : (uint32_t)sizeof sector;
        memset(sector, 0xFF, sizeof sector);
        memcpy(sector, image + done, count);
        if (!platform->port->flash_program(platform->context, platform->map->slot_address[0] + done, sector,
                                           (count + 3) & ~3u))
            return false;
    }
    return true;
}

bool provision(const struct fota_platform *platform, const uint8_t *image, uint32_t length, char *message,
               uint32_t message_size)
{
    static _Alignas(4) uint8_t buffer[FOTA_SECTOR_SIZE];
    struct boot_image found;
    enum image_fault fault;

    if (length == 0 || length > platform->map->slot_size) {
        (void)snprintf(message, message_size, "the image has %u bytes; this flash map takes 1 to %u", length,
                       platform->map->slot_size);
        return false;
    }
    if (!write_image(platform, image, length) || !verify_slot(platform, 1, length, buffer, &fault, &found)) {
        (void)snprintf(message, message_size, "the image cannot be written to flash: %s", strerror(errno));
        return false;
    }
    if (fault != IMAGE_GOOD) {
        (void)snprintf(message, message_size, "the image %s", image_fault_text(fault));
        return false;
    }
    return true;
}
