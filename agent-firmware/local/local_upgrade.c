#include "local_upgrade.h"

#include <string.h>

#include "agent_parts.h"
#include "fota_version.h"

const char local_upgrade_busy[] =
    "HTTP/1.1 503 Busy\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    "{\"status\":\"503\",\"error\":\"one connection at a time\"}\n";

static void append(struct local_upgrade *local, const char *text)
{
    size_t length = strlen(text);

    if (length > LOCAL_ANSWER_SIZE - local->answer_length)
        length = LOCAL_ANSWER_SIZE - local->answer_length;
    memcpy(local->answer + local->answer_length, text, length);
    local->answer_length += (uint32_t)length;
}

static void begin_answer(struct local_upgrade *local, const char *status)
{
    local->reading = LOCAL_ANSWER;
    local->answer_length = 0;
    append(local, "HTTP/1.1 ");
    append(local, status);
    append(local, "\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n");
}

static void accept_request(struct local_upgrade *local)
{
    begin_answer(local, "200 OK");
    append(local, "{\"status\":\"200\"}\n");
}

/* `status` begins with its three digits. */
static void refuse(struct local_upgrade *local, const char *status, const char *error)
{
    char digits[4] = {status[0], status[1], status[2], '\0'};

    begin_answer(local, status);
    append(local, "{\"status\":\"");
    append(local, digits);
    append(local, "\",\"error\":\"");
    append(local, error);
    append(local, "\"}\n");
}

static void refuse_for(struct local_upgrade *local, enum fota_reason reason)
{
    if (reason == REASON_BUSY || reason == REASON_BATTERY_LOW || reason == REASON_OUTSIDE_WINDOW)
        refuse(local, "503 Busy", fota_reason_name(reason));
    else
        refuse(local, "403 Forbidden", fota_reason_name(reason));
}

/* --- the push: what the agent is told --------------------------------------------------------------- */

static void step(struct local_upgrade *local, uint64_t now, const struct fota_event *event)
{
    fota_agent_step(local->agent, now, event);
    if (local->pushing && !local->taken && local->agent->state == AGENT_IDLE)
        local->pushing = false; /* it has failed; pushed_reason says why */
}

static void end_push(struct local_upgrade *local, uint64_t now)
{
    struct fota_agent *agent = local->agent;

    if (!local->pushing || local->taken)
        return;
    agent->now = now;
    agent->command.campaign = 0;
    agent->command.attempt = 0;
    update_on_cancel(agent);
    local->pushing = false;
    local->asked = false;
}

/* Says to a HEAD how long the image is: the command has said it, and Content-Length is compared with it
 * later. */
static void answer_head(struct local_upgrade *local, uint64_t now)
{
    struct fota_event event = {.type = FOTA_EVENT_HTTP_HEADERS};

    local->asked = false;
    event.http.status = 200;
    event.http.content_length = local->agent->download.size;
    event.http.range_first = event.http.range_total = -1;
    step(local, now, &event);
    event.type = FOTA_EVENT_HTTP_END;
    event.http.complete = true;
    step(local, now, &event);
}

static bool is_for_local(const char *text)
{
    struct fota_version version;

    return fota_version_parse(text, &version) && (version.fota_class == 'l' || version.fota_class == 'a');
}

/* The command is read and judged as one from MQTT is; only the class is another. */
static void take_start(struct local_upgrade *local, uint64_t now)
{
    struct fota_agent *agent = local->agent;
    struct command *command = &agent->command;

    if (agent->state != AGENT_IDLE) {
        refuse_for(local, REASON_BUSY);
        return;
    }
    if (command_read(command, local->body, local->received, agent_inactive_slot(agent), NULL,
                     agent->scratch.tokens) != COMMAND_GOOD ||
        command->kind != COMMAND_UPDATE) {
        refuse(local, "400 Bad Request", "the body of start must be an update command");
        return;
    }
    if (!is_for_local(agent->running.version) || !is_for_local(command->version)) {
        refuse_for(local, REASON_NOT_FOTA);
        return;
    }
    command->campaign = 0;
    command->attempt = 0;
    agent->now = now;
    local->pushing = true;
    update_on_command(agent);
    if (local->taken) /* it was in flash already */
        accept_request(local);
    else if (agent->state == AGENT_IDLE) {
        local->pushing = false;
        refuse_for(local, agent->pushed_reason);
    }
    /* else: answered when the slot is erased */
}

static bool is_ready(const struct local_upgrade *local)
{
    return local->pushing && local->asked && local->method == FOTA_HTTP_GET;
}

static void begin_image(struct local_upgrade *local, uint64_t now)
{
    struct fota_event event = {.type = FOTA_EVENT_HTTP_HEADERS};

    event.http.status = 200; /* from byte 0: what is in flash already is skipped */
    event.http.content_length = local->length;
    event.http.range_first = event.http.range_total = -1;
    step(local, now, &event);
}

static void take_image(struct local_upgrade *local, uint64_t now, const char *bytes, uint32_t length)
{
    struct fota_event event = {.type = FOTA_EVENT_HTTP_DATA, .bytes = bytes, .length = length};

    if (local->taken)
        return;
    step(local, now, &event);
    if (!local->pushing)
        refuse(local, "422 Unprocessable", fota_reason_name(local->agent->pushed_reason));
}

static void end_image(struct local_upgrade *local, uint64_t now)
{
    struct fota_event event = {.type = FOTA_EVENT_HTTP_END};

    if (!local->taken) {
        event.http.complete = true;
        local->asked = false;
        step(local, now, &event);
    }
    if (local->taken)
        accept_request(local);
    else if (!local->pushing)
        refuse(local, "422 Unprocessable", fota_reason_name(local->agent->pushed_reason));
    else /* what was in flash from an earlier push was of no use: from nothing now */
        refuse(local, "503 Busy", "the image must be sent once more");
}

static void take_reset(struct local_upgrade *local, uint64_t now)
{
    end_push(local, now);
    local->restarts = local->taken || agent_fsm_move(&local->agent->state, AGENT_REBOOT);
    if (local->restarts)
        accept_request(local);
    else
        refuse_for(local, REASON_BUSY);
}

static void restart(struct local_upgrade *local)
{
    local->pushing = local->taken = local->restarts = false;
    local->due = FOTA_NEVER;
    local->agent->platform.port->reboot(local->agent->platform.context);
}

/* --- the request ------------------------------------------------------------------------------------ */

static void answer_getuser(struct local_upgrade *local)
{
    const char user[2] = {(char)('0' + local->agent->running_slot), '\0'};

    begin_answer(local, "200 OK");
    append(local, "{\"user_info\":{\"status\":\"200\",\"user_bin\":\"user");
    append(local, user);
    append(local, ".bin\"}}\n");
}

/* What stands behind `prefix`, NULL when the line begins with something else. Header names have no case. */
static const char *behind(const char *line, const char *prefix)
{
    for (; *prefix != '\0'; line++, prefix++) {
        char c = *line >= 'A' && *line <= 'Z' ? (char)(*line - 'A' + 'a') : *line;
        if (c != *prefix)
            return NULL;
    }
    return line;
}

static void read_request_line(struct local_upgrade *local)
{
    static const struct {
        const char *start;
        enum local_request request;
    } rows[] = {
        {"GET /upgrade?command=getuser HTTP/1.", LOCAL_GETUSER},
        {"POST /upgrade?command=start HTTP/1.", LOCAL_START},
        {"POST /upgrade?command=image HTTP/1.", LOCAL_IMAGE},
        {"POST /upgrade HTTP/1.", LOCAL_IMAGE},
        {"POST /upgrade?command=reset HTTP/1.", LOCAL_RESET},
    };

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strncmp(local->line, rows[i].start, strlen(rows[i].start)) == 0) {
            local->request = rows[i].request;
            return;
        }
    }
    refuse(local, "400 Bad Request",
           "known: GET /upgrade?command=getuser, POST /upgrade?command=start, image or reset");
}

static void read_content_length(struct local_upgrade *local, const char *text)
{
    int64_t value = 0;
    int digits = 0;

    while (*text == ' ' || *text == '\t')
        text++;
    for (; *text >= '0' && *text <= '9' && digits < 10; text++, digits++)
        value = value * 10 + (*text - '0');
    if (digits == 0 || *text != '\0' || local->length >= 0)
        refuse(local, "400 Bad Request", "Content-Length must be one number of bytes");
    else
        local->length = value;
}

static void read_header_line(struct local_upgrade *local)
{
    const char *value = behind(local->line, "content-length:");

    if (value != NULL)
        read_content_length(local, value);
    else if (behind(local->line, "transfer-encoding:") != NULL)
        refuse(local, "400 Bad Request", "the body must come with Content-Length, not in chunks");
}

/* Why the body must not come; the answer says it. */
static void judge_head(struct local_upgrade *local, uint64_t now)
{
    if (local->length < 0 && (local->request == LOCAL_START || local->request == LOCAL_IMAGE))
        refuse(local, "400 Bad Request", "Content-Length is missing");
    else if (local->request == LOCAL_START && local->length > (int64_t)FOTA_MESSAGE_SIZE)
        refuse(local, "400 Bad Request", "the body of start has at most 2048 bytes");
    else if (local->request == LOCAL_IMAGE && !local->taken && !is_ready(local))
        refuse(local, "409 Conflict", "an image comes after start");
    else if (local->request == LOCAL_IMAGE && local->length != (int64_t)local->agent->download.size &&
             !local->taken)
        refuse(local, "400 Bad Request", "the image is not as long as start has said");
    else if (local->request == LOCAL_IMAGE && !local->taken)
        begin_image(local, now);
}

static void end_request(struct local_upgrade *local, uint64_t now)
{
    switch (local->request) {
    case LOCAL_GETUSER:
        answer_getuser(local);
        break;
    case LOCAL_START:
        take_start(local, now);
        break;
    case LOCAL_IMAGE:
        end_image(local, now);
        break;
    case LOCAL_RESET:
        take_reset(local, now);
        break;
    }
}

static bool is_whole(const struct local_upgrade *local)
{
    return local->length <= (int64_t)local->received;
}

static void end_line(struct local_upgrade *local, uint64_t now)
{
    local->line[local->line_length] = '\0';
    local->line_length = 0;
    if (local->lines++ == 0) {
        read_request_line(local);
    } else if (local->line[0] != '\0') {
        read_header_line(local);
    } else {
        local->reading = LOCAL_BODY;
        judge_head(local, now);
        if (local->reading == LOCAL_BODY && is_whole(local))
            end_request(local, now);
    }
}

static void take_head_byte(struct local_upgrade *local, uint64_t now, char byte)
{
    if (byte == '\n')
        end_line(local, now);
    else if (local->line_length == LOCAL_LINE_SIZE - 1 || local->lines == LOCAL_LINES_MAX || byte == '\0')
        refuse(local, "400 Bad Request", "the head has at most 32 lines of at most 126 bytes");
    else if (byte != '\r')
        local->line[local->line_length++] = byte;
}

static void take_body(struct local_upgrade *local, uint64_t now, const char *bytes, uint32_t length)
{
    int64_t left = local->length - (int64_t)local->received;

    /* What comes behind the body is dropped: a connection is one request. */
    if ((int64_t)length > left)
        length = (uint32_t)left;
    if (local->request == LOCAL_IMAGE)
        take_image(local, now, bytes, length);
    else if (local->request == LOCAL_START)
        memcpy(local->body + local->received, bytes, length);
    local->received += length;
    if (local->reading == LOCAL_BODY && is_whole(local))
        end_request(local, now);
}

/* --- the port's side -------------------------------------------------------------------------------- */

void local_upgrade_start(struct local_upgrade *local, struct fota_agent *agent)
{
    memset(local, 0, sizeof *local);
    local->agent = agent;
    local->due = FOTA_NEVER;
}

bool local_upgrade_on_open(struct local_upgrade *local, uint64_t now)
{
    if (local->reading != LOCAL_CLOSED)
        return false;
    local->reading = LOCAL_HEAD;
    local->lines = local->line_length = local->received = local->answer_length = 0;
    local->length = -1;
    local->due = now + LOCAL_SILENCE;
    return true;
}

void local_upgrade_on_data(struct local_upgrade *local, uint64_t now, const char *bytes, uint32_t length)
{
    if (length > 0 && (local->reading == LOCAL_HEAD || local->reading == LOCAL_BODY))
        local->due = now + LOCAL_SILENCE;
    for (; length > 0 && local->reading == LOCAL_HEAD; bytes++, length--)
        take_head_byte(local, now, *bytes);
    if (length > 0 && local->reading == LOCAL_BODY && !is_whole(local))
        take_body(local, now, bytes, length);
    local_upgrade_continue(local, now);
}

void local_upgrade_on_close(struct local_upgrade *local, uint64_t now)
{
    bool broken = local->reading == LOCAL_BODY;

    local->reading = LOCAL_CLOSED;
    if (broken)
        end_push(local, now);
    local->due = local->pushing ? now + LOCAL_STEP_MILLISECONDS : FOTA_NEVER;
    if (local->restarts)
        restart(local);
}

void local_upgrade_continue(struct local_upgrade *local, uint64_t now)
{
    if (local->pushing && !local->taken && local->agent->state == AGENT_IDLE)
        local->pushing = false;
    if (local->asked && local->pushing && local->method == FOTA_HTTP_HEAD)
        answer_head(local, now);
    if (local->reading == LOCAL_BODY && local->request == LOCAL_START && is_whole(local)) {
        local->due = now + LOCAL_SILENCE; /* the client is not the one who is slow */
        if (local->taken || is_ready(local))
            accept_request(local);
        else if (!local->pushing)
            refuse_for(local, local->agent->pushed_reason);
    }
    if (now < local->due)
        return;
    local->due = FOTA_NEVER;
    if (local->reading != LOCAL_CLOSED && local->reading != LOCAL_ANSWER) {
        if (local->reading == LOCAL_BODY)
            end_push(local, now);
        refuse(local, "408 Request Timeout", "nothing has come for too long");
    } else if (local->reading == LOCAL_ANSWER) { /* nobody reads it */
        local->answer_length = 0;
    } else if (local->taken) {
        restart(local); /* nobody has said reset: the image waits for its trial */
    } else {
        end_push(local, now);
    }
}

uint64_t local_upgrade_wake_at(const struct local_upgrade *local)
{
    return local->due;
}

const char *local_upgrade_answer(const struct local_upgrade *local, uint32_t *length)
{
    *length = local->answer_length;
    return local->reading == LOCAL_ANSWER ? local->answer : NULL;
}

bool local_upgrade_http_start(struct local_upgrade *local, enum fota_http_method method)
{
    if (!local->pushing)
        return false;
    local->asked = true;
    local->method = method;
    return true;
}

bool local_upgrade_http_stop(struct local_upgrade *local)
{
    local->asked = false;
    return local->pushing;
}

bool local_upgrade_reboot(struct local_upgrade *local)
{
    local->taken = local->pushing;
    return local->pushing;
}
