#include <stddef.h>
#include <string.h>

#include "agent_parts.h"

#define READ_PATIENCE 60u /* seconds */

void agent_log(const struct fota_agent *agent, enum fota_log_level level, const char *text)
{
    if (agent->platform.port->log != NULL)
        agent->platform.port->log(agent->platform.context, level, text);
}

void agent_happened(const struct fota_agent *agent, enum fota_happening what, uint64_t campaign,
                    uint32_t attempt)
{
    if (agent->platform.port->happened != NULL)
        agent->platform.port->happened(agent->platform.context, what, campaign, attempt);
}

uint64_t agent_after(const struct fota_agent *agent, uint32_t seconds)
{
    return agent->now + (uint64_t)seconds * 1000;
}

void agent_restart(struct fota_agent *agent, enum agent_event event)
{
    if (agent_fsm_move(&agent->state, event))
        agent->platform.port->reboot(agent->platform.context);
}

struct attempt_name agent_name_in_command(const struct fota_agent *agent)
{
    const struct command *command = &agent->command;

    return (struct attempt_name){command->campaign, command->attempt, command->nonce};
}

struct attempt_name agent_name_in_work(const struct fota_agent *agent)
{
    const struct boot_attempt *attempt = &agent->work.attempt;

    return (struct attempt_name){attempt->campaign, attempt->attempt, attempt->nonce};
}

bool agent_is_same_attempt(struct attempt_name one, struct attempt_name other)
{
    return one.campaign == other.campaign && one.attempt == other.attempt &&
           (one.nonce[0] == '\0' || other.nonce[0] == '\0' ||
            memcmp(one.nonce, other.nonce, BOOT_NONCE_LENGTH) == 0);
}

int agent_inactive_slot(const struct fota_agent *agent)
{
    return 3 - agent->running_slot;
}

uint8_t *agent_buffer(struct fota_agent *agent)
{
    return (uint8_t *)agent->download.buffer;
}

void fota_agent_start(struct fota_agent *agent, const struct fota_platform *platform,
                      const struct fota_setup *setup, uint64_t now)
{
    memset(agent, 0, sizeof *agent);
    agent->platform = *platform;
    agent->state = AGENT_IDLE;
    agent->now = now;
    agent->running_slot = setup->running_slot;
    agent->reset_reason = setup->reset_reason;
    agent->keys = setup->keys;
    agent->key_count = setup->key_count < FOTA_KEYS_MAX ? setup->key_count : FOTA_KEYS_MAX;
    agent->resend_at = FOTA_NEVER;
    agent->download.random = setup->seed;
    agent->confirm_at = agent_after(agent, setup->min_uptime_seconds);
    agent->patience = READ_PATIENCE;
    for (uint32_t i = 0; i + 1 < BOOT_VERSION_SIZE && setup->version[i] != '\0'; i++)
        agent->running.version[i] = setup->version[i];
    trial_boot(agent);
}

/* Also after the last number there is: another BOOTID is newer than every session before it. */
static void draw_boot_id(struct fota_agent *agent)
{
    uint32_t random = agent->platform.port->random(agent->platform.context);

    memcpy(agent->session.boot, &random, sizeof agent->session.boot);
    agent->session.number = 0;
}

void fota_agent_begin_session(struct fota_agent *agent, char text[FOTA_SESSION_SIZE])
{
    if (agent->session.number == 0 || agent->session.number == FOTA_SESSION_NUMBER_MAX)
        draw_boot_id(agent);
    agent->session.number++;
    report_session(text, &agent->session);
}

static void on_connected(struct fota_agent *agent)
{
    agent->connected = true;
    results_send_hello(agent);
    results_send_waiting(agent, true);
    results_start_resending(agent);
    if (agent->state == AGENT_TRIAL)
        results_send_progress(agent, REPORT_TRIAL);
}

/* A call comes twice when the broker delivers it twice: it is done, and answered, once. */
static void on_reboot_command(struct fota_agent *agent)
{
    const char *nonce = agent->command.nonce;

    if (nonce[0] != '\0' && strcmp(nonce, agent->answered) == 0)
        return;
    if (nonce[0] != '\0') {
        memcpy(agent->answered, nonce, sizeof agent->answered);
        results_send_answer(agent, nonce,
                            agent_fsm_allows(agent->state, AGENT_REBOOT) ? "rebooting" : "busy");
    }
    agent_restart(agent, AGENT_REBOOT);
}

static void on_good_command(struct fota_agent *agent)
{
    switch (agent->command.kind) {
    case COMMAND_UPDATE:
    case COMMAND_ROLLBACK:
        update_on_command(agent);
        break;
    case COMMAND_CANCEL:
        update_on_cancel(agent);
        break;
    case COMMAND_ACK:
        results_acknowledge(agent);
        break;
    case COMMAND_REPORT:
        results_send_hello(agent);
        break;
    case COMMAND_REBOOT:
        on_reboot_command(agent);
        break;
    }
}

static void on_refused_command(struct fota_agent *agent)
{
    const struct command *command = &agent->command;
    const struct boot_result *known = results_find(agent);

    agent_happened(agent, FOTA_BAD_COMMAND, command->campaign, command->attempt);
    agent_log(agent, FOTA_LOG_WARNING, "a command has a bad member:");
    agent_log(agent, FOTA_LOG_WARNING, command->fault);
    /* A broken copy of a known attempt changes nothing about it. */
    if (update_is_in_work(agent))
        return;
    if (known != NULL)
        results_send(agent, known);
    else
        results_finish(agent, REPORT_REJECTED, agent_name_in_command(agent), REASON_BAD_COMMAND);
}

static void on_command(struct fota_agent *agent, const char *bytes, uint32_t length)
{
    /* The URL goes where the download will want it; one at work keeps its own, if it has one. */
    bool is_free = agent->state == AGENT_IDLE || agent_is_local(agent->work.attempt.campaign);
    char *url = is_free ? agent->download.url : NULL;
    switch (command_read(&agent->command, bytes, length, agent_inactive_slot(agent), url,
                         agent->scratch.tokens)) {
    case COMMAND_GOOD:
        on_good_command(agent);
        break;
    case COMMAND_REFUSED:
        on_refused_command(agent);
        break;
    case COMMAND_TOO_LARGE:
    case COMMAND_NOT_JSON:
    case COMMAND_DROPPED:
        agent_happened(agent, FOTA_BAD_COMMAND, 0, 0);
        agent_log(agent, FOTA_LOG_WARNING, "a command was dropped; at fault is its member:");
        agent_log(agent, FOTA_LOG_WARNING, agent->command.fault);
        break;
    }
}

#if FOTA_LOCAL_UPGRADE
/* As one of the orchestrator, but for the class of the version and who is told of the outcome. */
static void on_local_command(struct fota_agent *agent, const char *bytes, uint32_t length)
{
    struct command *command = &agent->command;

    agent->local_reason = REASON_BAD_COMMAND;
    if (command_read(command, bytes, length, agent_inactive_slot(agent), NULL, agent->scratch.tokens) !=
            COMMAND_GOOD ||
        command->kind != COMMAND_UPDATE)
        return;
    command->campaign = command->attempt = 0;
    if (command->download_seconds > FOTA_LOCAL_SECONDS_MAX)
        command->download_seconds = FOTA_LOCAL_SECONDS_MAX;
    if (command->confirm_seconds > FOTA_LOCAL_SECONDS_MAX)
        command->confirm_seconds = FOTA_LOCAL_SECONDS_MAX;
    agent->local_reason = REASON_NONE;
    update_on_command(agent);
}
#endif

static void dispatch(struct fota_agent *agent, const struct fota_event *event)
{
    switch (event->type) {
    case FOTA_EVENT_TIME:
        download_on_time(&agent->download, agent->now);
        break;
    case FOTA_EVENT_CONNECTED:
        on_connected(agent);
        break;
    case FOTA_EVENT_DISCONNECTED:
        agent->connected = false;
        break;
    case FOTA_EVENT_COMMAND:
        on_command(agent, event->bytes, event->length);
        break;
    case FOTA_EVENT_LOCAL_COMMAND:
#if FOTA_LOCAL_UPGRADE
        if (agent->state == AGENT_IDLE)
            on_local_command(agent, event->bytes, event->length);
#endif
        break;
    case FOTA_EVENT_HTTP_HEADERS:
        download_on_headers(&agent->download, &event->http);
        break;
    case FOTA_EVENT_HTTP_DATA:
        download_on_data(&agent->download, (const uint8_t *)event->bytes, event->length);
        break;
    case FOTA_EVENT_HTTP_END:
        download_on_end(&agent->download, agent->now);
        break;
    case FOTA_EVENT_HEALTH:
        trial_on_health(agent, event->healthy);
        break;
    }
}

/* Nothing is known yet: all that counts is whether there is a connection, and the time. */
static void boot_on(struct fota_agent *agent, const struct fota_event *event)
{
    if (event->type == FOTA_EVENT_CONNECTED || event->type == FOTA_EVENT_DISCONNECTED)
        agent->connected = event->type == FOTA_EVENT_CONNECTED;
    if (agent->now >= agent->boot_at)
        trial_boot(agent);
    if (agent->boot_at == 0 && agent->connected)
        on_connected(agent);
}

void fota_agent_step(struct fota_agent *agent, uint64_t now, const struct fota_event *event)
{
    if (agent->state == AGENT_REBOOTING)
        return;
    agent->now = now;
    if (agent->boot_at == 0)
        dispatch(agent, event);
    else
        boot_on(agent, event);
    /* Level-triggered: whatever came, look at where things stand. */
    update_continue(agent);
    update_on_time(agent);
    trial_continue(agent);
    trial_continue_retrial(agent);
    results_on_time(agent);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t fota_agent_wake_at(const struct fota_agent *agent)
{
    uint64_t wake = agent->connected ? agent->resend_at : FOTA_NEVER;

    if (agent->state == AGENT_REBOOTING)
        return FOTA_NEVER;
    if (agent->boot_at != 0)
        return agent->boot_at;
    if (agent->state != AGENT_IDLE)
        wake = earlier(wake, agent->work.deadline);
    if (agent->state == AGENT_TRIAL && agent->healthy && agent->connected)
        wake = earlier(wake, agent->confirm_at);
    return earlier(wake, download_wake_at(&agent->download, agent->now));
}
