#include "version.h"

#include <stdio.h>

#include "version_scanner.h"

enum status version_parse(const char *text, struct version *version, struct error *error)
{
    struct version_scanner scanner = {.what = "version", .text = text};
    struct version read = {.type = text[0]};
    int numbers[3];
    if (read.type != 'v' && read.type != 'b')
        return version_scan_fault(&scanner, "'v' (formal) or 'b' (beta)", error);
    scanner.at = 1;
    if (version_scan_value(&scanner, numbers, error) != STATUS_OK ||
        version_scan_tail(&scanner, &read.ptype, &read.fota_class, error) != STATUS_OK)
        return STATUS_INVALID;
    if (text[scanner.at] != '\0')
        return version_scan_fault(&scanner, "nothing more", error);
    read.major = numbers[0];
    read.minor = numbers[1];
    read.revision = numbers[2];
    *version = read;
    return STATUS_OK;
}

void version_format(const struct version *version, char text[VERSION_TEXT_SIZE])
{
    snprintf(text, VERSION_TEXT_SIZE, "%c%d.%d.%dt%d(%c)", version->type, version->major, version->minor,
             version->revision, version->ptype, version->fota_class);
}

int version_value(const struct version *version)
{
    return version->major * 100 + version->minor * 10 + version->revision;
}

int version_compare(const struct version *a, const struct version *b)
{
    int difference = version_value(a) - version_value(b);
    if (difference != 0)
        return difference;
    return (a->type == 'v') - (b->type == 'v');
}

bool version_is_online(const struct version *version)
{
    return version->fota_class == 'o' || version->fota_class == 'a';
}

bool version_is_fota(const struct version *version)
{
    return version->fota_class != 'n';
}

bool version_coexists(const struct version *a, const struct version *b)
{
    return a->ptype != b->ptype || version_value(a) != version_value(b) ||
           version_is_fota(a) != version_is_fota(b);
}
