/* Reports and presence: from an MQTT message to a struct. Format: docs/protocol.md. */
#ifndef WIRE_REPORT_H
#define WIRE_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flash_map.h"
#include "hex.h"
#include "session.h"
#include "target_fsm.h"
#include "version.h"

#define MESSAGE_SIZE_MAX 2048
#define DEVICE_ID_SIZE 65
#define REASON_SIZE 65
#define NONCE_SIZE 17
#define CAN_WORDS_MAX 16
#define CAN_WORD_SIZE 17
#define CAN_SIZE (CAN_WORDS_MAX * CAN_WORD_SIZE)

/* What a device answers to a call. */
#define CALL_REBOOTING "rebooting"
#define CALL_BUSY "busy"

/* Why a message changed nothing: rejected_reports.kind in the database, which a test compares. */
#define REJECTION_LIST(X)                                                                                    \
    X(REJECTION_BAD_TOPIC, "bad_topic")                                                                      \
    X(REJECTION_TOO_LARGE, "too_large")                                                                      \
    X(REJECTION_NOT_JSON, "not_json")                                                                        \
    X(REJECTION_BAD_MEMBER, "bad_member")                                                                    \
    X(REJECTION_DEVICE_MISMATCH, "device_mismatch")                                                          \
    X(REJECTION_UNKNOWN_DEVICE, "unknown_device")                                                            \
    X(REJECTION_UNKNOWN_TARGET, "unknown_target")                                                            \
    X(REJECTION_STALE_ATTEMPT, "stale_attempt")                                                              \
    X(REJECTION_OUT_OF_ORDER, "out_of_order")                                                                \
    X(REJECTION_NONCE_MISMATCH, "nonce_mismatch")                                                            \
    X(REJECTION_IMAGE_MISMATCH, "image_mismatch")                                                            \
    X(REJECTION_OVER_LIMIT, "over_limit")

enum rejection {
#define X(name, text) name,
    REJECTION_LIST(X)
#undef X
        REJECTION_COUNT
};

const char *rejection_name(enum rejection rejection);

enum report_kind {
    REPORT_REJECTED, /* the message does not parse; `rejection` and `detail` say why */
    REPORT_PRESENCE,
    REPORT_HELLO,
    REPORT_TARGET,    /* a state of one attempt */
    REPORT_CANCELLED, /* the answer to a cancel */
    REPORT_ANSWERED   /* the answer to a call: `target.nonce` and `target.reason`, which is its status */
};

/* What a device runs, as it says. */
struct running_image {
    char version[VERSION_TEXT_SIZE];
    struct version parsed;
    int slot;
    char sha256[SHA256_HEX_SIZE];
};

/* One attempt's state. */
struct target_report {
    enum target_event event; /* one of the first eight, for REPORT_TARGET */
    int64_t campaign;
    int attempt;
    int progress;
    char nonce[NONCE_SIZE]; /* "" where the device's firmware says none, which it does in `confirmed` alone */
    char reason[REASON_SIZE];
    bool has_running; /* confirmed and reverted say what runs */
    struct running_image running;
};

struct report {
    enum report_kind kind;
    long long received_at; /* when it came from the broker (base/clock, milliseconds); 0: just now */
    char device[DEVICE_ID_SIZE];
    enum rejection rejection;
    char detail[160];
    struct device_session session; /* number 0: the device names none */
    bool online;                   /* REPORT_PRESENCE */
    struct running_image hello;    /* REPORT_HELLO */
    bool on_trial;                 /* REPORT_HELLO: boot is "trial" */
    char reset_reason[REASON_SIZE];
    bool has_result;       /* REPORT_HELLO carries a result in `target` */
    bool is_busy;          /* REPORT_HELLO: an attempt is in work */
    bool is_retrial;       /* REPORT_HELLO: whose trial has ended without a verdict */
    int64_t work_campaign; /* which, where it says so; else 0 */
    int64_t work_attempt;
    char work_nonce[NONCE_SIZE]; /* "" where it does not say */
    char can[CAN_SIZE];          /* REPORT_HELLO: words with commas between, as it says them */
    bool has_last;               /* REPORT_HELLO: its newest acknowledged result, in `last` */
    struct target_report last;
    const struct flash_map *flash; /* REPORT_HELLO: of its chip; NULL when it does not say */
    struct target_report target;   /* REPORT_TARGET, REPORT_CANCELLED, or the result of a hello */
};

/* Never fails: what does not parse is REPORT_REJECTED. `device` is filled whenever the topic holds a valid
 * id. */
void report_parse(const char *topic, const void *payload, size_t size, struct report *report);

/* 1 to 64 characters of A-Z a-z 0-9 . _ - */
bool device_id_is_valid(const char *text);

/* Whether a report ends its attempt, so that the device keeps it until it is acknowledged. */
bool target_event_is_result(enum target_event event);

/* Whether `can`, words with commas between, has the word. */
bool can_has(const char *can, const char *word);

#endif
