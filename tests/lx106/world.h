/* A device on the emulated core with a scripted server, in a time of its own: nothing waits, and a run with
 * the same cuts is the same run. */
#ifndef LX106_WORLD_H
#define LX106_WORLD_H

#include "machine_host.h"

#define WORLD_IMAGE_MAX 0x10000u

struct world_image {
    uint8_t bytes[WORLD_IMAGE_MAX];
    uint32_t length;
    char sha256[65];
};

/* What the image of slot 2 finds when it boots. */
enum world_network {
    WORLD_CONNECTS,
    WORLD_HAS_NO_BROKER, /* until the image of slot 1 has run after it */
    WORLD_NEVER_CONNECTS,
};

struct world {
    const char *directory; /* build/lx106 */
    char rom[512];
    struct flash flash;
    struct machine machine;
    struct world_image first;    /* of slot 1 */
    struct world_image offer[2]; /* what the server has for slots 1 and 2 */
    const char *version;         /* that is offered; NULL: nothing is */
    /* What is sent in place of the offer: the next one when the attempt of this one, 1 or 2, has its result.
     * NULL: none. */
    const char *commands[2];
    uint32_t command_at;              /* of these, the one in work; 2: all have ended */
    const struct world_image *served; /* for slot 2, whatever was offered; NULL: the offer's */
    enum world_network network;
    bool is_cancelled; /* the offer is, once the device says that it waits for another trial */
    bool has_tried, broker_is_back, connected, is_withdrawn;
    uint32_t trial_at; /* flash operations before the image of slot 2 ran for the first time */
    uint64_t now;
    uint64_t wake_at;
    uint32_t reset_reason;
    int running_slot; /* as the chip says; 0: not yet */
    char running_version[64];
    bool http_wanted, down_wanted, ack_wanted, cancel_wanted, command_wanted;
    int attempt; /* of the last result */
    uint32_t gets;
    struct modem_request request;
    char session[64];    /* of the connection, as the chip says */
    char reports[65536]; /* one a line */
    uint32_t boots;
    uint32_t crashes;        /* exceptions and the watchdog */
    uint32_t records_lost;   /* boots without a valid boot record */
    uint32_t sessions_wrong; /* first of a boot without number 1, or not named by the hello */
    uint32_t nonces_wrong;   /* results without the nonce of the offer */
};

enum world_end {
    WORLD_RESTS,     /* connected, with nothing to do for a while */
    WORLD_POWER_CUT, /* as the board has asked for */
    WORLD_STUCK,     /* it boots again and again, or ends as no device may */
};

/* A new device whose first image is firmware/FIRST/user1.bin. Ends the program with a message when a file is
 * missing. */
void world_open(struct world *world, const char *directory, const char *first);
void world_close(struct world *world);

/* What the server offers from now on, in attempt 1 of campaign 5: firmware/RELEASE, as `version`. */
void world_offer(struct world *world, const char *release, const char *version);
enum world_end world_run(struct world *world);

/* The flash, and all that the world knows of the device, as they were at a moment when it was off; `flash`
 * has room for all of it. */
void world_keep(struct world *world, uint8_t *flash);
/* Gives a device that is off this flash, and takes nothing else back. */
void world_put_flash(struct world *world, const uint8_t *flash);
void world_restore(struct world *world, const uint8_t *flash);

/* Fills in the SHA-256 of an image. */
void world_name_image(struct world_image *image);

/* Breaks the image of slot 1, in a device that is off, and lets boot.bin run. Returns the slot that it
 * starts; 0: none. */
int world_boot_without_slot_1(struct world *world);

/* Whether a slot holds these very bytes. */
bool world_slot_holds(const struct world *world, int slot, const struct world_image *image);

#endif
