#include "local_upgrade.h"

#include <string.h>

#include "text.h"

#define ANSWER_SIZE 256u

void local_upgrade_start(struct local_upgrade *local, const struct fota_agent *agent,
                         const struct local_port *port, void *context)
{
    memset(local, 0, sizeof *local);
    local->agent = agent;
    local->port = port;
    local->context = context;
}

/* --- answers ------------------------------------------------------------------------------------------ */

struct answer {
    char text[ANSWER_SIZE];
    uint32_t length;
};

static void put(struct answer *answer, const char *text)
{
    for (; *text != '\0' && answer->length < ANSWER_SIZE; text++)
        answer->text[answer->length++] = *text;
}

static void send_answer(struct local_upgrade *local, const char *status, const char *body)
{
    struct answer answer = {{0}, 0};
    char digits[TEXT_NUMBER_SIZE];

    put(&answer, "HTTP/1.1 ");
    put(&answer, status);
    put(&answer, "\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ");
    put(&answer, text_number(digits, strlen(body)));
    put(&answer, "\r\n\r\n");
    put(&answer, body);
    local->phase = LOCAL_ANSWERED;
    local->port->send(local->context, answer.text, answer.length);
    local->port->close(local->context);
}

/* `status` begins with its three digits. */
static void refuse(struct local_upgrade *local, const char *status, const char *reason)
{
    struct answer body = {{0}, 0};
    const char digits[] = {status[0], status[1], status[2], '\0'};

    put(&body, "{\"status\":\"");
    put(&body, digits);
    put(&body, "\",\"reason\":\"");
    put(&body, reason);
    put(&body, "\"}");
    body.text[body.length] = '\0';
    send_answer(local, status, body.text);
}

static void accept(struct local_upgrade *local)
{
    send_answer(local, "200 OK", "{\"status\":\"200\"}");
}

/* Why the agent has not taken, or has given up, what came from here. */
static void refuse_as_agent(struct local_upgrade *local)
{
    enum fota_reason reason = local->agent->local_reason;

    refuse(local, reason == REASON_BUSY ? "503 Service Unavailable" : "409 Conflict",
           fota_reason_name(reason));
}

/* --- the agent's HTTP requests ------------------------------------------------------------------------- */

static void give(struct local_upgrade *local, enum fota_event_type type, const char *bytes, uint32_t length,
                 bool complete)
{
    struct fota_event event = {.type = type, .bytes = bytes, .length = length};

    event.http.status = 200;
    event.http.content_length = (int64_t)local->agent->download.size;
    event.http.complete = complete;
    local->port->step(local->context, &event);
}

/* The agent may have ended the push, and begun another attempt, since the last look at it. */
static bool is_at_work(const struct local_upgrade *local)
{
    return local->is_at_work && local->agent->state != AGENT_IDLE && local->agent->work.attempt.campaign == 0;
}

bool local_upgrade_http_start(struct local_upgrade *local, enum fota_http_method method)
{
    if (!is_at_work(local))
        return false;
    local->length_asked = method == FOTA_HTTP_HEAD;
    local->image_asked = method == FOTA_HTTP_GET;
    return true;
}

bool local_upgrade_http_stop(struct local_upgrade *local)
{
    bool asked = local->length_asked || local->image_asked;
    local->length_asked = local->image_asked = false;
    return asked;
}

/* --- requests ------------------------------------------------------------------------------------------- */

/* Whether the upper or lower case text at `at` begins with `wanted`, in lower case. */
static bool begins_with(const char *at, const char *wanted)
{
    for (; *wanted != '\0'; at++, wanted++)
        if ((*at >= 'A' && *at <= 'Z' ? *at + 32 : *at) != *wanted)
            return false;
    return true;
}

/* The value of a header, NULL when it is not there. `name` is in lower case with the colon. */
static const char *header(const char *head, const char *name)
{
    for (const char *line = strchr(head, '\n'); line != NULL; line = strchr(line, '\n')) {
        line++;
        if (!begins_with(line, name))
            continue;
        line += strlen(name);
        while (*line == ' ' || *line == '\t')
            line++;
        return line;
    }
    return NULL;
}

static bool read_length(const char *text, uint32_t *length)
{
    uint64_t value = 0;
    uint32_t digits = 0;

    for (; *text >= '0' && *text <= '9' && digits < 10; text++, digits++)
        value = 10 * value + (uint64_t)(*text - '0');
    *length = (uint32_t)value;
    return digits > 0 && value <= UINT32_MAX && (*text == '\r' || *text == '\n' || *text == ' ');
}

/* The path with its query is `target`. */
static bool asks_for(const char *head, const char *method, const char *target)
{
    uint32_t length = (uint32_t)strlen(method);

    if (strncmp(head, method, length) != 0 || head[length] != ' ')
        return false;
    head += length + 1;
    length = (uint32_t)strlen(target);
    return strncmp(head, target, length) == 0 && strncmp(head + length, " HTTP/1.", 8) == 0;
}

static void answer_getuser(struct local_upgrade *local)
{
    send_answer(local, "200 OK",
                local->agent->running_slot == 1
                    ? "{\"user_info\":{\"status\":\"200\",\"user_bin\":\"user1.bin\"}}"
                    : "{\"user_info\":{\"status\":\"200\",\"user_bin\":\"user2.bin\"}}");
}

static void begin_command(struct local_upgrade *local)
{
    if (local->body_size > FOTA_MESSAGE_SIZE)
        refuse(local, "413 Content Too Large", "start: its body is an update command of at most 2048 bytes");
    else if (local->agent->state != AGENT_IDLE || local->agent->boot_at != 0)
        refuse(local, "503 Service Unavailable", fota_reason_name(REASON_BUSY));
    else
        local->phase = LOCAL_READ_COMMAND;
}

static void begin_image(struct local_upgrade *local)
{
    const struct fota_agent *agent = local->agent;
    uint32_t size = agent->state == AGENT_REBOOTING ? agent->work.image.length : agent->download.size;

    if (!is_at_work(local))
        refuse(local, "409 Conflict", "image: say start first");
    else if (local->body_size != size)
        refuse(local, "409 Conflict", fota_reason_name(REASON_LENGTH_MISMATCH));
    else
        local->phase = LOCAL_READ_IMAGE;
}

static void take_reset(struct local_upgrade *local)
{
    if (!is_at_work(local) || local->agent->state != AGENT_REBOOTING) {
        refuse(local, "409 Conflict", "nothing_to_start");
        return;
    }
    accept(local);
    if (!local->is_reset)
        local->port->reboot_now(local->context);
    local->is_reset = true;
}

/* The head is whole, and ends with a zero byte. */
static void take_head(struct local_upgrade *local)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    const char *head = local->text;
    const char *length = header(head, "content-length:");
    const char *expect = header(head, "expect:");
    bool is_start = asks_for(head, "POST", "/upgrade?command=start");
    bool is_image = asks_for(head, "POST", "/upgrade?command=image") || asks_for(head, "POST", "/upgrade");

    local->received = 0;
    local->length = 0;
    if (asks_for(head, "GET", "/upgrade?command=getuser"))
        answer_getuser(local);
    else if (asks_for(head, "POST", "/upgrade?command=reset"))
        take_reset(local);
    else if (!is_start && !is_image)
        refuse(local, "404 Not Found", "allowed: GET /upgrade?command=getuser, POST start, image, reset");
    else if (length == NULL || !read_length(length, &local->body_size) || local->body_size == 0)
        refuse(local, "411 Length Required", "Content-Length: the number of bytes of the body, at least 1");
    else if (is_start)
        begin_command(local);
    else
        begin_image(local);
    if (local->phase != LOCAL_ANSWERED && expect != NULL && begins_with(expect, "100-continue"))
        local->port->send(local->context, go_on, sizeof go_on - 1);
}

static uint32_t take_head_bytes(struct local_upgrade *local, const char *bytes, uint32_t length)
{
    for (uint32_t i = 0; i < length; i++) {
        char *text = local->text;
        if (local->length == LOCAL_HEAD_SIZE - 1) {
            refuse(local, "431 Request Header Fields Too Large",
                   "a request has at most 511 bytes of headers");
            return length;
        }
        text[local->length++] = bytes[i];
        uint32_t end = local->length;
        if (bytes[i] == '\n' && ((end >= 2 && text[end - 2] == '\n') ||
                                 (end >= 4 && memcmp(text + end - 4, "\r\n\r\n", 4) == 0))) {
            text[end] = '\0';
            take_head(local);
            return i + 1;
        }
    }
    return length;
}

/* The agent looks at the command of `start` as at any other; whether it has taken it shows in its state. */
static void take_command(struct local_upgrade *local)
{
    const struct fota_event event = {
        .type = FOTA_EVENT_LOCAL_COMMAND, .bytes = local->text, .length = local->length};

    if (local->agent->state != AGENT_IDLE) { /* it was idle when the head came */
        refuse(local, "503 Service Unavailable", fota_reason_name(REASON_BUSY));
        return;
    }
    local->is_at_work = true; /* its HEAD comes while it is looked at */
    local->port->step(local->context, &event);
    if (local->agent->state != AGENT_IDLE && local->agent->local_reason == REASON_NONE) {
        accept(local);
        return;
    }
    local->is_at_work = false;
    refuse_as_agent(local);
}

static uint32_t take_command_bytes(struct local_upgrade *local, const char *bytes, uint32_t length)
{
    uint32_t room = local->body_size - local->length;
    uint32_t count = length < room ? length : room;

    memcpy(local->text + local->length, bytes, count);
    local->length += count;
    if (local->length == local->body_size)
        take_command(local);
    return count;
}

/* The agent has come to the end of it, one way or the other. */
static void look_at_agent(struct local_upgrade *local)
{
    bool has_ended = !is_at_work(local);

    if (!local->is_at_work)
        return;
    local->is_at_work = !has_ended;
    if (local->phase != LOCAL_READ_IMAGE || !local->is_open)
        return;
    if (has_ended)
        refuse_as_agent(local);
    else if (local->agent->state == AGENT_REBOOTING && local->received == local->body_size)
        accept(local);
}

static uint32_t take_image_bytes(struct local_upgrade *local, const char *bytes, uint32_t length)
{
    uint32_t left = local->body_size - local->received;
    uint32_t count = length < left ? length : left;

    if (local->agent->state == AGENT_REBOOTING) { /* the slot held all of it already */
        local->received += count;
        look_at_agent(local);
        return count;
    }
    if (!local->image_asked)
        return 0; /* it reads back or erases */
    if (local->received == 0)
        give(local, FOTA_EVENT_HTTP_HEADERS, NULL, 0, false);
    local->received += count;
    if (local->image_asked)
        give(local, FOTA_EVENT_HTTP_DATA, bytes, count, false);
    if (local->image_asked && local->received == local->body_size) {
        local->image_asked = false;
        give(local, FOTA_EVENT_HTTP_END, NULL, 0, true);
    }
    look_at_agent(local);
    /* What had been there before the last reboot was wrong: the agent begins anew. */
    if (local->phase == LOCAL_READ_IMAGE && local->received == local->body_size)
        refuse(local, "409 Conflict", fota_reason_name(REASON_HASH_MISMATCH));
    return count;
}

/* As a download that breaks off: the agent asks again, and the whole image may be pushed once more. */
static void break_off(struct local_upgrade *local)
{
    if (!local->is_open || local->phase != LOCAL_READ_IMAGE || !local->image_asked || local->received == 0)
        return;
    local->image_asked = false;
    give(local, FOTA_EVENT_HTTP_END, NULL, 0, false);
    look_at_agent(local);
}

/* --- the connection --------------------------------------------------------------------------------------
 */

static void stay_awake(struct local_upgrade *local, uint64_t now)
{
    local->now = now;
    local->idle_at = now + LOCAL_IDLE_SECONDS * 1000u;
}

bool local_upgrade_opened(struct local_upgrade *local, uint64_t now)
{
    if (local->is_open)
        return false;
    local->is_open = true;
    local->phase = LOCAL_READ_HEAD;
    local->length = 0;
    stay_awake(local, now);
    return true;
}

uint32_t local_upgrade_take(struct local_upgrade *local, uint64_t now, const char *bytes, uint32_t length)
{
    uint32_t taken = 0;

    stay_awake(local, now);
    while (taken < length && local_upgrade_wants_bytes(local)) {
        if (local->phase == LOCAL_READ_HEAD)
            taken += take_head_bytes(local, bytes + taken, length - taken);
        else if (local->phase == LOCAL_READ_COMMAND)
            taken += take_command_bytes(local, bytes + taken, length - taken);
        else
            taken += take_image_bytes(local, bytes + taken, length - taken);
    }
    return local->phase == LOCAL_ANSWERED ? length : taken; /* what comes behind a request is not looked at */
}

bool local_upgrade_wants_bytes(const struct local_upgrade *local)
{
    if (!local->is_open || local->phase == LOCAL_ANSWERED)
        return false;
    return local->phase != LOCAL_READ_IMAGE || local->image_asked || local->agent->state == AGENT_REBOOTING;
}

void local_upgrade_closed(struct local_upgrade *local, uint64_t now)
{
    local->now = now;
    break_off(local);
    local->is_open = false;
}

void local_upgrade_on_time(struct local_upgrade *local, uint64_t now)
{
    local->now = now;
    if (local->length_asked) {
        local->length_asked = false;
        give(local, FOTA_EVENT_HTTP_HEADERS, NULL, 0, false);
        give(local, FOTA_EVENT_HTTP_END, NULL, 0, true);
    }
    look_at_agent(local);
    if (!local->is_open || local->phase == LOCAL_ANSWERED || now < local->idle_at)
        return;
    break_off(local);
    if (local->phase != LOCAL_ANSWERED)
        refuse(local, "408 Request Timeout", "nothing came for 30 seconds");
}

uint64_t local_upgrade_wake_at(const struct local_upgrade *local)
{
    if (local->length_asked)
        return local->now;
    return local->is_open && local->phase != LOCAL_ANSWERED ? local->idle_at : FOTA_NEVER;
}

uint32_t local_upgrade_reboot_delay(const struct local_upgrade *local)
{
    return is_at_work(local) ? LOCAL_RESET_WAIT_SECONDS * 1000u : 0;
}
