/* The agent: takes update commands, downloads, verifies, flips the boot record, proves the new image,
 * reports. docs/protocol.md is its contract.
 *
 * The caller owns the struct and feeds it events; between two events it waits for nothing and blocks on
 * nothing. No memory is allocated. A port's main loop:
 *
 *     fota_agent_start(&agent, &platform, &setup, now);
 *     for (;;) {
 *         wait for something, at most until fota_agent_wake_at(&agent);
 *         fota_agent_step(&agent, now, &event);
 *     }
 *
 * Time is in milliseconds of a clock that only moves forward; only differences count. */
#ifndef FOTA_AGENT_H
#define FOTA_AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include "agent_fsm.h"
#include "boot_record.h"
#include "command.h"
#include "download.h"
#include "fota_port.h"
#include "report.h"
#include "signature.h"

#define FOTA_NEVER UINT64_MAX

/* Whether firmware can be pushed to the device over the LAN (local/local_upgrade.h). Off, the agent has no
 * code for it. */
#ifndef FOTA_LOCAL_UPGRADE
#define FOTA_LOCAL_UPGRADE 0
#endif
#define FOTA_LOCAL_SECONDS_MAX 600u /* that a push may take, whatever its command says */

enum fota_event_type {
    FOTA_EVENT_TIME,      /* time has passed, see fota_agent_wake_at */
    FOTA_EVENT_CONNECTED, /* subscribed to the command topic; presence is published by the port before this */
    FOTA_EVENT_DISCONNECTED,  /* reports cannot leave any more */
    FOTA_EVENT_COMMAND,       /* a message came: bytes, length */
    FOTA_EVENT_LOCAL_COMMAND, /* an update command from the LAN: bytes, length; only while the agent is idle
                               */
    FOTA_EVENT_HTTP_HEADERS,  /* http */
    FOTA_EVENT_HTTP_DATA,     /* bytes, length */
    FOTA_EVENT_HTTP_END,      /* the request is over: complete or broken off */
    FOTA_EVENT_HEALTH,        /* healthy */
};

struct fota_event {
    enum fota_event_type type;
    const char *bytes;
    uint32_t length;
    struct download_headers http;
    bool healthy;
};

/* What the port knows at a boot. */
struct fota_setup {
    int running_slot;               /* the slot the boot loader has jumped to, 1 or 2 */
    enum reset_reason reset_reason; /* why the device booted */
    const char *version; /* of this firmware, not NULL; used where the boot record does not know one */
    uint32_t seed;       /* differs between devices: spreads retries */
    uint32_t min_uptime_seconds; /* a new image is not confirmed before it has run so long */
    /* The keys whose signatures count, at most FOTA_KEYS_MAX; they must stay as long as the agent. With none
     * (NULL, 0) signatures and the floor are not looked at. */
    const struct fota_public_key *keys;
    uint32_t key_count;
};

/* The attempt in work. One from the LAN has campaign 0: it is no attempt of the orchestrator, which learns
 * from the hello what runs. */
struct fota_work {
    struct boot_attempt attempt;
    struct boot_image image; /* what goes into the inactive slot */
    uint64_t deadline;       /* of the download or of the trial, in milliseconds */
    uint32_t next_progress;  /* percent at which `downloading` is reported again */
};

struct fota_agent {
    struct fota_platform platform;
    struct boot_journal journal;
    enum agent_state state;
    bool connected;
    bool image_is_whole; /* of the running slot: its digest could be read */
    bool health_asked;   /* the health check of the trial has been started */
    bool healthy;        /* and was passed; what else a confirmation takes may be lacking */
    enum reset_reason reset_reason;
    struct fota_session session; /* of the connection, or of the last attempt to connect */
    int running_slot;
    const struct fota_public_key *keys;
    uint32_t key_count;
    struct boot_image running; /* version and digest of what runs, from flash */
    struct fota_work work;
#if FOTA_LOCAL_UPGRADE
    enum fota_reason local_reason; /* why the last command from the LAN was refused or given up */
#endif
    struct download download;
    uint64_t now;
    uint64_t resend_at; /* results not acknowledged are sent again then */
    uint32_t resend_delay;
    uint64_t boot_at;    /* not booted yet, as flash could not be read: tried again then; else 0 */
    uint32_t patience;   /* how often it is tried, before a sector that cannot be read is done without */
    uint64_t confirm_at; /* not before: the minimum uptime, and the pause after flash has refused */
    char answered[BOOT_NONCE_LENGTH + 1]; /* the nonce of the last call answered */
    struct command command;               /* the last one read */
    union {                               /* never in use at the same time */
        jsmntok_t tokens[JSON_TOKENS];
        char report[FOTA_REPORT_SIZE + 1];
    } scratch;
};

/* Boots the agent: reads the boot record (and makes one where there is none), notices a trial, a revert or a
 * confirmation cut short, and completes it. Flash that cannot be read is asked again each second from
 * fota_agent_step; until then nothing is answered, stored or settled. `platform` is copied; `setup` is needed
 * during the call only. */
void fota_agent_start(struct fota_agent *agent, const struct fota_platform *platform,
                      const struct fota_setup *setup, uint64_t now);

/* Begins the session of the next connection to the broker; call it before each attempt to connect. Writes the
 * session's text, such as 9f3c0a5b.3, for the last will, the presence and the goodbye of that connection; the
 * agent puts it into the hello and into each result. An attempt that fails uses up its number. The reports of
 * a port that never calls this name no session. */
void fota_agent_begin_session(struct fota_agent *agent, char text[FOTA_SESSION_SIZE]);

/* Handles one event. */
void fota_agent_step(struct fota_agent *agent, uint64_t now, const struct fota_event *event);

/* When the next FOTA_EVENT_TIME is due at the latest, FOTA_NEVER for none. Ask after each step. */
uint64_t fota_agent_wake_at(const struct fota_agent *agent);

#endif
