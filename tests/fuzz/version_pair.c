/* The server's reading of versions against the device's: they share no source, and must not differ. Input:
 * two versions, one a line. */
#include <stdbool.h>

#include "fota_version.h"
#include "fuzz.h"
#include "version.h"

/* Whether both take it, in canonical form: devices do not read the dot of the guide's template. */
static bool read_both(const char *text, struct version *server, struct fota_version *device)
{
    char canonical[VERSION_TEXT_SIZE];
    bool taken = version_parse(text, server, NULL) == STATUS_OK;
    if (taken)
        version_format(server, canonical);
    HOLDS(fota_version_parse(text, device) == (taken && strcmp(canonical, text) == 0));
    if (!taken || strcmp(canonical, text) != 0)
        return false;
    HOLDS(device->is_semver == (server->scheme == VERSION_SEMVER));
    HOLDS(device->ptype == (uint32_t)server->ptype && device->fota_class == server->fota_class);
    HOLDS(fota_version_is_online(device) == version_is_online(server));
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *first = fuzz_text(bytes, size);
    char *second = strdup(fuzz_second_line(first));
    struct version a, b;
    struct fota_version device_a, device_b;
    bool both = read_both(first, &a, &device_a);
    both = read_both(second, &b, &device_b) && both;
    if (both && a.scheme == b.scheme)
        HOLDS(fota_version_is_newer(&device_a, &device_b) == (version_compare(&a, &b) > 0));
    else if (both)
        HOLDS(!fota_version_is_newer(&device_a, &device_b));
    free(second);
    free(first);
    return 0;
}
