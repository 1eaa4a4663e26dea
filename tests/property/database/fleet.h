/* Simple devices: what docs/protocol.md asks of them, and nothing else. They keep all they ever did, so that
 * the test knows what the orchestrators must know at the end. */
#ifndef PROPERTY_FLEET_H
#define PROPERTY_FLEET_H

#include <stdbool.h>
#include <stdint.h>

#include "broker.h"
#include "report.h"

enum { ATTEMPTS_MAX = 128 };

/* One (campaign, attempt) as its device knows it. Times are shifted_wall(). */
struct attempt {
    int64_t campaign;
    int attempt;
    char nonce[NONCE_SIZE]; /* "" when only a cancel of it has come */
    char version[VERSION_TEXT_SIZE];
    char sha256[SHA256_HEX_SIZE];
    int download_seconds, confirm_seconds; /* as the device was told */
    bool has_result, cancelled, acknowledged;
    bool lied; /* something untrue was reported of it: what is stored of it may be untrue */
    enum target_event result;
    char reason[REASON_SIZE];
    bool by_outage; /* it ended badly since images or broker were away */
    int64_t ended_at;
    int slot; /* what ran when it ended */
    char ran_version[VERSION_TEXT_SIZE], ran_sha256[SHA256_HEX_SIZE];
    int flashed;
    int restarts;        /* boots in its download */
    int trials, unheard; /* without a verdict; of these, without a connection */
    int boots;           /* of the present trial */
    bool is_heard;       /* the new image has had a connection in it */
    int64_t stored_by;   /* the last number of the event log when an orchestrator first acknowledged it */
};

enum work { WORK_NONE, WORK_ACCEPTED, WORK_DOWNLOADING, WORK_INSTALLED, WORK_TRIAL, WORK_RETRIAL };

struct device {
    char id[16];
    bool is_steady;   /* never resets, fails or is late by itself */
    bool has_session; /* its firmware names the sessions of its connections */
    bool tries_again; /* its firmware makes a trial without a connection again */
    bool online;
    bool is_away; /* offline through no fault of its own: connects again at `back_at` */
    int64_t back_at;
    int64_t fault_at; /* when it first failed, was late or away by its own fault; 0: never */
    unsigned boots;
    int connections; /* since its boot */
    int slot;        /* that runs: 1 or 2 */
    char version[3][VERSION_TEXT_SIZE];
    char sha256[3][SHA256_HEX_SIZE]; /* by slot */
    enum work work;
    int64_t deadline;        /* its own, of what is in work */
    struct attempt *current; /* in work */
    struct attempt attempts[ATTEMPTS_MAX];
    int attempt_count;
};

struct fleet {
    struct broker *broker;
    struct device devices[DEVICES_MAX];
    int count;
    bool has_images;    /* somebody serves them */
    const char *broken; /* what the orchestrators must not do; NULL while they do not */
};

#define FLEET_BASE_VERSION "v1.0.5t45772(a)"

/* `count` devices d1, d2... that run FLEET_BASE_VERSION, offline, steady, with sessions. */
void fleet_make(struct fleet *fleet, struct broker *broker, int count);

/* The device of an id or a topic; NULL when there is none. */
struct device *fleet_find(struct fleet *fleet, const char *id);
struct device *fleet_addressee(struct fleet *fleet, const char *topic);

/* One message for a device. Lost when it is offline. */
void fleet_receive(struct fleet *fleet, const struct message *message);

/* A message was published when the event log had come to that number: notes it where it acknowledges a
 * result. */
void fleet_note_published(struct fleet *fleet, const struct message *message, int64_t event);

/* One step of the attempt in work; `chance` 0 to 99 says how it goes, 99 always well. */
void fleet_work(struct fleet *fleet, struct device *device, int chance);

/* The clock is about to show `until`: steady devices do by then what they have to. */
void fleet_hurry(struct fleet *fleet, int64_t until);

/* The clock shows more than before: whatever has passed its device's deadline has failed. */
void fleet_expire(struct fleet *fleet);

/* The power fails for a moment, which is nobody's fault: it takes its attempt anew, in the time that it has
 * then. Nothing where it could not be told from a fault. */
void fleet_restart(struct fleet *fleet, struct device *device);

/* A reset: what was not flipped yet is given up without a word. */
void fleet_reboot(struct fleet *fleet, struct device *device);
/* Connects, where it is connected by a new connection in place of the old one; or goes offline. By its own
 * fault, but where it is connected at the end. */
void fleet_connect(struct fleet *fleet, struct device *device, bool online);

/* The broker is away: so is everybody, until `random` says. */
void fleet_lose_broker(struct fleet *fleet, uint64_t *random);

/* Results not acknowledged yet, once more. Returns how many there are. */
int fleet_send_results(struct fleet *fleet, struct device *device);

/* Something untrue of one of its attempts. */
void fleet_lie(struct fleet *fleet, struct device *device, uint32_t choice);

#endif
