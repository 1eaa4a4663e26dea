/* One device on such flash, whole: boot loader, agent, an orchestrator that offers, and a server with the
 * images. Everything happens in order and without a clock, so that a life goes the same way each time until
 * the power fails. */
#ifndef POWERCUT_WORLD_H
#define POWERCUT_WORLD_H

#include "device.h"
#include "nor.h"
#include "report.h"

#define IMAGE_SIZE_MAX 10240u
#define FIRMWARES 3 /* 0: what the factory has put in; then each newer than the one before */
#define TASKS_MAX 3
#define WORLD_MESSAGE_SIZE 2049u
#define WORLD_VERSION "v1.0.0t45772(a)" /* of firmware 0 */
#define WORLD_URL "http://h/"           /* and which image: firmware * 2 + slot - 1 */
#define WORLD_HISTORY 4                 /* acknowledged results of every record at its start */
#define WORLD_FLOOR 7u /* of every record at its start, where there are no keys: it changes nothing */

/* What a new firmware does when it runs. */
enum behaviour {
    BEHAVES_WELL,
    FAILS_ITS_CHECK,
    NEVER_ANSWERS, /* its health check */
    CRASHES,       /* before the agent starts */
    NEVER_CONNECTS,
    LOSES_ITS_CONNECTION, /* each time, when its health is asked */
    HAS_NO_BROKER,        /* in its first trial; it works */
};

struct task {
    bool is_rollback;
    int firmware; /* that the device is to run */
};

struct life {
    const char *name;
    struct task tasks[TASKS_MAX];
    int task_count;
    enum behaviour behaviour; /* of firmware 1 */
    bool breaks;              /* every download breaks off once */
    bool same_number;         /* all tasks have one campaign and attempt, and differ in the nonce */
    bool is_cancelled; /* the task is cancelled as soon as the device says that it waits for another trial */
    /* The device has a key. Firmware 1 is offered with its signature, but the server has firmware 2 for it,
     * which is as long; then a rollback asks for that by its hash. */
    bool is_attack;
};

/* Which code a device has: its boot loader, which is never replaced, and the agent in each firmware. */
struct world_codes {
    const char *name;
    const struct device_code *boot_loader, *agents[FIRMWARES];
};

/* Of the program that is linked: main.c goes through all of them. */
extern const struct world_codes world_codes[];
extern const int world_codes_count;

extern const struct life lives[];
extern const int life_count;

struct world {
    const struct life *life;
    const struct world_codes *codes;
    struct nor nor;
    uint64_t now;
    /* the server */
    bool http_wanted, is_get, has_broken;
    uint32_t first_byte;
    int image_asked; /* firmware * 2 + slot - 1 */
    /* the device around the agent */
    bool reboot_wanted, health_wanted;
    /* the orchestrator: it remembers, whatever happens to the device */
    int task;                            /* the one in work; task_count: all have ended */
    enum report_kind results[TASKS_MAX]; /* 0: none yet */
    bool offer_is_due, can_nonce, is_withdrawn;
    /* The network: firmware 1 has run without it; then the old firmware has run, or nothing else was left. */
    bool has_tried, network_is_mended;
    int said_running; /* firmware that the last hello spoke of, -1 none yet */
    uint64_t boots;
};

/* A new device with firmware 0 in slot 1; its record is made by this version, with a floor and a history. */
void world_make(struct world *world, const struct life *life, const struct world_codes *codes,
                uint32_t random);

/* Goes on until the life is over or the power fails: true, it is over. A fault of the program is in
 * world->nor.broken. */
bool world_run(struct world *world);

/* After world_run was over: what is not as it should be; NULL: all is well. */
const char *world_check(struct world *world);
/* The same where flash is bad: an update may fail then, but nothing may be claimed that is not so. Where the
 * old image has rotted (`is_lost`) a revert has nowhere to go: then what runs must still be said. */
const char *world_check_honest(struct world *world, bool is_lost);
/* The same by flash alone: the record is there, with the floor it was made with; nothing is on trial; what it
 * calls good is what was confirmed last, and boots once flash can be read. */
const char *world_check_flash(struct world *world);

/* After world_run, however it ended: whether an image that nobody signed would run if the good one broke now;
 * NULL: none would. Looked at in an attack only. */
const char *world_check_fallback(const struct world *world);

/* --- for device.c ----------------------------------------------------------------------------------- */

/* The orchestrator hears a report. */
void world_hear(struct world *world, const char *report);
/* Whether the firmware that has booted in this slot finds the broker. */
bool world_connects(struct world *world, int slot);
/* Commands: the offer of the task in work, or its cancel, and the ack of a task's result. */
void world_write_offer(const struct world *world, char text[WORLD_MESSAGE_SIZE]);
void world_write_ack(const struct world *world, int task, char text[WORLD_MESSAGE_SIZE]);
/* The image that the server has under a URL's number. */
const uint8_t *world_image(int asked, uint32_t *length);
/* The firmware that stands whole in the slot; -1: none does. */
int world_firmware_in(const struct world *world, int slot);
bool world_all_know_nonces(const struct world *world);
/* The key of a device that has one. */
const struct fota_public_key *world_key(void);
/* The floor that a record is made with. */
uint32_t world_floor(const struct world *world);
/* Fills the first WORLD_HISTORY results. */
void world_history(struct boot_result results[BOOT_RESULTS]);

#endif
