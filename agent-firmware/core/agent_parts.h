/* What the parts of the agent need of each other; not for ports. */
#ifndef AGENT_PARTS_H
#define AGENT_PARTS_H

#include "fota_agent.h"

/* Whether the campaign number is that of a push over the LAN. */
static inline bool agent_is_local(uint64_t campaign)
{
    return FOTA_LOCAL_UPGRADE && campaign == 0;
}

/* Names one try. Where the nonce is not known its first character is a zero byte. */
struct attempt_name {
    uint64_t campaign;
    uint32_t attempt;
    const char *nonce; /* BOOT_NONCE_LENGTH characters of the agent's own */
};

/* agent.c */
void agent_log(const struct fota_agent *agent, enum fota_log_level level, const char *text);
void agent_happened(const struct fota_agent *agent, enum fota_happening what, uint64_t campaign,
                    uint32_t attempt);
/* The time so many seconds from now. */
uint64_t agent_after(const struct fota_agent *agent, uint32_t seconds);
/* Moves the state by `event` and restarts the device; nothing if there is no such edge. */
void agent_restart(struct fota_agent *agent, enum agent_event event);
int agent_inactive_slot(const struct fota_agent *agent);
/* The FOTA_BUFFER_SIZE bytes that flash is read through; free whenever no download is in work. */
uint8_t *agent_buffer(struct fota_agent *agent);

/* That of the last command, and that of the attempt in work. */
struct attempt_name agent_name_in_command(const struct fota_agent *agent);
struct attempt_name agent_name_in_work(const struct fota_agent *agent);
/* A nonce that is not known is taken for the same. */
bool agent_is_same_attempt(struct attempt_name one, struct attempt_name other);

/* agent_results.c: reports, and the results that are kept until acknowledged */
void results_send_hello(struct fota_agent *agent);
void results_send_answer(struct fota_agent *agent, const char *nonce, const char *status);
void results_send_progress(struct fota_agent *agent, enum report_kind kind);
/* The one place where an attempt ends. Puts the result into the record (not stored yet). */
struct boot_result *results_add(struct fota_agent *agent, enum report_kind kind, struct attempt_name name,
                                enum fota_reason reason);
/* Whether at most `spare` places are free of results that wait to be acknowledged. */
bool results_are_full(const struct fota_agent *agent, uint32_t spare);
/* Adds, stores and sends. A rejected or cancelled that would take the last place is only sent. */
void results_finish(struct fota_agent *agent, enum report_kind kind, struct attempt_name name,
                    enum fota_reason reason);
/* That of the command's attempt, the newest where the nonce leaves several; NULL if there is none. */
const struct boot_result *results_find(const struct fota_agent *agent);
void results_send(struct fota_agent *agent, const struct boot_result *result);
/* That of the command's attempt, if it waits. */
void results_acknowledge(struct fota_agent *agent);
/* Sends all that are not acknowledged, except the newest when `but_newest` (hello has carried it). */
void results_send_waiting(struct fota_agent *agent, bool but_newest);
void results_start_resending(struct fota_agent *agent);
void results_on_time(struct fota_agent *agent);

/* agent_update.c: from the offer to the flip */
void update_on_command(struct fota_agent *agent);
void update_on_cancel(struct fota_agent *agent);
/* Whether the attempt in work is the command's. */
bool update_is_in_work(const struct fota_agent *agent);
/* Whether the inactive slot holds a whole image of that length (0: any) and SHA-256; notes in `work` what it
 * holds. */
bool update_slot_holds(struct fota_agent *agent, uint32_t length, const uint8_t *sha256);
/* Stores, at once, that the image and the attempt in work are on trial. False: not stored; in memory nothing
 * is on trial. */
bool update_store_trial(struct fota_agent *agent);
/* Looks at what the download has come to. */
void update_continue(struct fota_agent *agent);
void update_on_time(struct fota_agent *agent);

/* agent_trial.c: from the boot to the confirmation or the revert */
/* Boots; again about once a second while `boot_at` says so. */
void trial_boot(struct fota_agent *agent);
void trial_continue(struct fota_agent *agent);
/* The old image between two trials: waits for its connection, then tries the new one again. */
void trial_continue_retrial(struct fota_agent *agent);
void trial_on_health(struct fota_agent *agent, bool healthy);
/* Ends the trial, or the wait for another one, by `event`: stores its result and says it. A push over the LAN
 * has no result: hello says what runs. */
void trial_finish(struct fota_agent *agent, enum agent_event event, enum report_kind kind,
                  enum fota_reason reason);

#endif
