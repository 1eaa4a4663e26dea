/* Reports from the device, written as JSON. docs/protocol.md says what they mean. */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "boot_record.h"
#include "command.h"

/* The numbers of results stand in flash: never renumber, only append. */
#define REPORTS(X)                                                                                           \
    X(REPORT_HELLO, 1, "hello")                                                                              \
    X(REPORT_ACCEPTED, 2, "accepted")                                                                        \
    X(REPORT_DOWNLOADING, 3, "downloading")                                                                  \
    X(REPORT_INSTALLED, 4, "installed")                                                                      \
    X(REPORT_TRIAL, 5, "trial")                                                                              \
    X(REPORT_CONFIRMED, 6, "confirmed")                                                                      \
    X(REPORT_REJECTED, 7, "rejected")                                                                        \
    X(REPORT_FAILED, 8, "failed")                                                                            \
    X(REPORT_REVERTED, 9, "reverted")                                                                        \
    X(REPORT_CANCELLED, 10, "cancelled")                                                                     \
    X(REPORT_ANSWERED, 11, "answered")

#define FOTA_REPORT_SIZE 1087u /* the longest is shorter */

enum report_kind {
#define X(name, number, text) name = number,
    REPORTS(X)
#undef X
};

/* Reasons; their numbers stand in flash too. */
#define FOTA_REASONS(X)                                                                                      \
    X(REASON_NONE, 0, "none")                                                                                \
    X(REASON_BUSY, 1, "busy")                                                                                \
    X(REASON_NOT_NEWER, 2, "not_newer")                                                                      \
    X(REASON_WRONG_PTYPE, 3, "wrong_ptype")                                                                  \
    X(REASON_NOT_FOTA, 4, "not_fota")                                                                        \
    X(REASON_NO_IMAGE, 5, "no_image")                                                                        \
    X(REASON_TOO_LARGE, 6, "too_large")                                                                      \
    X(REASON_NO_PREVIOUS_IMAGE, 7, "no_previous_image")                                                      \
    X(REASON_BAD_COMMAND, 8, "bad_command")                                                                  \
    X(REASON_DOWNLOAD_TIMEOUT, 9, "download_timeout")                                                        \
    X(REASON_HTTP_STATUS, 10, "http_status")                                                                 \
    X(REASON_LENGTH_MISMATCH, 11, "length_mismatch")                                                         \
    X(REASON_HASH_MISMATCH, 12, "hash_mismatch")                                                             \
    X(REASON_BAD_IMAGE, 13, "bad_image")                                                                     \
    X(REASON_FLASH_ERROR, 14, "flash_error")                                                                 \
    X(REASON_CONNECTION_LOST, 15, "connection_lost")                                                         \
    X(REASON_HEALTH_CHECK, 16, "health_check")                                                               \
    X(REASON_CONFIRM_TIMEOUT, 17, "confirm_timeout")                                                         \
    X(REASON_CRASH_LOOP, 18, "crash_loop")                                                                   \
    X(REASON_BOOT_CHECK, 19, "boot_check")                                                                   \
    X(REASON_WATCHDOG, 20, "watchdog")                                                                       \
    X(REASON_BAD_SIGNATURE, 21, "bad_signature")                                                             \
    X(REASON_BELOW_FLOOR, 22, "below_floor")                                                                 \
    X(REASON_BATTERY_LOW, 23, "battery_low")                                                                 \
    X(REASON_OUTSIDE_WINDOW, 24, "outside_window")                                                           \
    X(REASON_STEP_MISSING, 25, "step_missing")                                                               \
    X(REASON_NO_CONNECTION, 26, "no_connection")

enum fota_reason {
#define X(name, number, text) name = number,
    FOTA_REASONS(X)
#undef X
};

#define RESET_REASONS(X)                                                                                     \
    X(RESET_POWER_ON, "power_on")                                                                            \
    X(RESET_SOFTWARE, "software")                                                                            \
    X(RESET_WATCHDOG, "watchdog")                                                                            \
    X(RESET_EXCEPTION, "exception")                                                                          \
    X(RESET_DEEP_SLEEP, "deep_sleep")                                                                        \
    X(RESET_EXTERNAL, "external")                                                                            \
    X(RESET_UNKNOWN, "unknown")

enum reset_reason {
#define X(name, text) name,
    RESET_REASONS(X)
#undef X
};

const char *report_kind_name(enum report_kind kind);
const char *fota_reason_name(enum fota_reason reason);
const char *reset_reason_name(enum reset_reason reason);

#define FOTA_SESSION_NUMBER_MAX 2147483647u
#define FOTA_SESSION_SIZE 20u /* of its text, with the zero byte */

/* One connection to the broker, in RAM only. Its text is BOOTID.N. */
struct fota_session {
    uint8_t boot[4]; /* BOOTID: random, drawn at each boot */
    uint32_t number; /* N: counts the attempts to connect since the boot, from 1; 0: there was none */
};

/* What runs. */
struct report_running {
    const char *version;
    int slot;
    const uint8_t *sha256;
    bool on_trial;
    enum reset_reason reset_reason;
    struct fota_session session; /* number 0: not said */
    uint32_t flash_kb;           /* of the chip */
    const char *flash_map;       /* how it is divided; NULL: neither is said */
};

/* BOOTID.N and a zero byte. */
void report_session(char text[FOTA_SESSION_SIZE], const struct fota_session *session);

/* Each writes one report into `text` (FOTA_REPORT_SIZE + 1 bytes, with a zero byte) and returns its length;
 * every report fits. */

/* `activity`: the state (a report's name) of `attempt`, which is in work; NULL: none is. `result`: not
 * acknowledged, or NULL. `last`: acknowledged, or NULL. */
uint32_t report_hello(char *text, const struct report_running *running, const char *activity,
                      const struct boot_attempt *attempt, const struct boot_result *result,
                      const struct boot_result *last);
/* accepted, downloading (with its progress in percent), installed, trial (with its reset reason), cancelled.
 */
uint32_t report_progress(char *text, enum report_kind kind, uint64_t campaign, uint32_t attempt,
                         uint32_t progress, enum reset_reason reset_reason);
/* answered: to the command `reboot` with this nonce; `status` is rebooting or busy. */
uint32_t report_answer(char *text, const char *nonce, const char *status);
/* confirmed, rejected, failed, reverted, cancelled. The nonce is left out where the record does not know it.
 */
uint32_t report_result(char *text, const struct boot_result *result, const struct fota_session *session);

#endif
