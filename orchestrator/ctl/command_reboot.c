/* device reboot: told once the device has acknowledged. */
#include <stdlib.h>

#include "show.h"

enum { WAIT_SECONDS = 10, WAIT_SECONDS_MAX = 50 };

enum exit_code run_device_reboot(struct session *session, const struct arguments *arguments)
{
    const char *device = arguments->positionals[0];
    const char *reason = arguments_value(arguments, "reason");
    long long wait = WAIT_SECONDS;
    char query[32];
    if (!show_number(session, arguments, "wait", 1, WAIT_SECONDS_MAX, &wait))
        return EXIT_USAGE;
    json_t *body = reason != NULL ? json_pack("{ss}", "reason", reason) : json_object();
    if (body == NULL)
        return session_usage(session, "--reason is not UTF-8");
    snprintf(query, sizeof query, "/reboot?wait=%lld", wait);
    char *path = show_path("/v1/devices/", device, query);
    enum exit_code code = show_post(session, path, body, "device %s has acknowledged, and restarts", device);
    free(path);
    json_decref(body);
    return code;
}
