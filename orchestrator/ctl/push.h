/* One push of a release to a device over the LAN: what is known of it, and what is asked before anything is
 * sent. */
#ifndef CTL_PUSH_H
#define CTL_PUSH_H

#include "commands.h"
#include "local_device.h"
#include "version.h"

struct push {
    struct session *session;
    const char *id;
    const char *address;
    struct version version;
    char to[VERSION_TEXT_SIZE];
    long long wait; /* seconds */
    struct local_device *device;
    json_t *before;   /* the device as the server knows it, before it restarts */
    json_t *after;    /* as it was last seen after that */
    json_t *firmware; /* the release */
    int slot;         /* where the image goes */
    unsigned char *image;
    size_t image_size;
};

/* What the server knows of the device. Release with json_decref. */
enum status push_fetch_device(const struct push *push, json_t **device, struct error *error) MUST_CHECK;

/* Whether this release may go to this device on this way, as far as the server knows: sets `before` and
 * `firmware`, which stay the caller's to release after an error too. */
enum status push_check(struct push *push, struct error *error) MUST_CHECK;

#endif
