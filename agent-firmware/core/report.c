#include "report.h"

#include <string.h>

#include "text.h"

#define CASE_NAME(name, number, text)                                                                        \
    case name:                                                                                               \
        return text;

const char *report_kind_name(enum report_kind kind)
{
    switch (kind) {
        REPORTS(CASE_NAME)
    }
    return "unknown";
}

const char *fota_reason_name(enum fota_reason reason)
{
    switch (reason) {
        FOTA_REASONS(CASE_NAME)
    }
    return "unknown";
}

const char *reset_reason_name(enum reset_reason reason)
{
    static const char *const names[] = {
#define X(name, text) text,
        RESET_REASONS(X)
#undef X
    };
    return (unsigned)reason < sizeof names / sizeof names[0] ? names[reason] : "unknown";
}

/* A text that grows to the right and never past FOTA_REPORT_SIZE. */
struct writer {
    char *text;
    uint32_t length;
};

static void put(struct writer *writer, const char *text)
{
    while (*text != '\0' && writer->length < FOTA_REPORT_SIZE)
        writer->text[writer->length++] = *text++;
    writer->text[writer->length] = '\0';
}

/* A member's name. What goes in here and below needs no escapes: names, versions, digits. */
static void put_name(struct writer *writer, const char *name)
{
    put(writer, writer->text[writer->length - 1] == '{' ? "\"" : ",\"");
    put(writer, name);
    put(writer, "\":");
}

static void put_text(struct writer *writer, const char *name, const char *value)
{
    put_name(writer, name);
    put(writer, "\"");
    put(writer, value);
    put(writer, "\"");
}

static void put_number(struct writer *writer, const char *name, uint64_t value)
{
    char digits[TEXT_NUMBER_SIZE];

    put_name(writer, name);
    put(writer, text_number(digits, value));
}

static void put_running(struct writer *writer, const char *version, uint32_t slot, const uint8_t *sha256)
{
    char hex[2 * FOTA_SHA256_SIZE + 1];

    put_text(writer, "version", version);
    put_number(writer, "slot", slot);
    text_hex(hex, sha256, FOTA_SHA256_SIZE);
    put_text(writer, "sha256", hex);
}

static struct writer start(char *text)
{
    struct writer writer = {text, 0};
    put(&writer, "{");
    return writer;
}

static uint32_t end(struct writer *writer)
{
    put(writer, "}");
    return writer->length;
}

static void put_attempt(struct writer *writer, uint64_t campaign, uint32_t attempt)
{
    put_number(writer, "campaign", campaign);
    put_number(writer, "attempt", attempt);
}

/* Nothing where it is not known. */
static void put_nonce(struct writer *writer, const char nonce[BOOT_NONCE_LENGTH])
{
    char text[BOOT_NONCE_LENGTH + 1];

    if (nonce[0] == '\0')
        return;
    memcpy(text, nonce, BOOT_NONCE_LENGTH);
    text[BOOT_NONCE_LENGTH] = '\0';
    put_text(writer, "nonce", text);
}

/* Nothing for a port without sessions. */
static void put_session(struct writer *writer, const struct fota_session *session)
{
    char text[FOTA_SESSION_SIZE];

    if (session->number == 0)
        return;
    report_session(text, session);
    put_text(writer, "session", text);
}

static void put_result(struct writer *writer, const struct boot_result *result)
{
    enum report_kind kind = (enum report_kind)result->kind;

    put_text(writer, "report", report_kind_name(kind));
    put_attempt(writer, result->campaign, result->attempt);
    put_nonce(writer, result->nonce);
    if (kind != REPORT_CONFIRMED && kind != REPORT_CANCELLED)
        put_text(writer, "reason", fota_reason_name((enum fota_reason)result->reason));
    if (kind == REPORT_CONFIRMED || kind == REPORT_REVERTED)
        put_running(writer, result->version, result->slot, result->sha256);
}

/* A member that is a result; nothing for NULL. */
static void put_result_member(struct writer *writer, const char *name, const struct boot_result *result)
{
    if (result == NULL)
        return;
    put_name(writer, name);
    put(writer, "{");
    put_result(writer, result);
    put(writer, "}");
}

void report_session(char text[FOTA_SESSION_SIZE], const struct fota_session *session)
{
    char digits[TEXT_NUMBER_SIZE];
    const char *number = text_number(digits, session->number);

    text_hex(text, session->boot, sizeof session->boot);
    text += 2 * sizeof session->boot;
    *text++ = '.';
    memcpy(text, number, strlen(number) + 1);
}

uint32_t report_hello(char *text, const struct report_running *running, const char *activity,
                      const struct boot_attempt *attempt, const struct boot_result *result,
                      const struct boot_result *last)
{
    struct writer writer = start(text);

    put_text(&writer, "report", report_kind_name(REPORT_HELLO));
    put_running(&writer, running->version, (uint32_t)running->slot, running->sha256);
    put_text(&writer, "boot", running->on_trial ? "trial" : "confirmed");
    put_text(&writer, "reset_reason", reset_reason_name(running->reset_reason));
    put_session(&writer, &running->session);
    put_name(&writer, "can");
    put(&writer, "[\"nonce\",\"last\"");
    put(&writer, running->session.number != 0 ? ",\"session\",\"retrial\"]" : ",\"retrial\"]");
    if (running->flash_map != NULL) {
        put_number(&writer, "flash_kb", running->flash_kb);
        put_text(&writer, "flash_map", running->flash_map);
    }
    if (activity != NULL) {
        put_name(&writer, "activity");
        put(&writer, "{");
        put_attempt(&writer, attempt->campaign, attempt->attempt);
        put_nonce(&writer, attempt->nonce);
        put_text(&writer, "state", activity);
        put(&writer, "}");
    }
    put_result_member(&writer, "result", result);
    put_result_member(&writer, "last", last);
    return end(&writer);
}

uint32_t report_progress(char *text, enum report_kind kind, uint64_t campaign, uint32_t attempt,
                         uint32_t progress, enum reset_reason reset_reason)
{
    struct writer writer = start(text);

    put_text(&writer, "report", report_kind_name(kind));
    put_attempt(&writer, campaign, attempt);
    if (kind == REPORT_DOWNLOADING)
        put_number(&writer, "progress", progress);
    if (kind == REPORT_TRIAL)
        put_text(&writer, "reset_reason", reset_reason_name(reset_reason));
    return end(&writer);
}

uint32_t report_answer(char *text, const char *nonce, const char *status)
{
    struct writer writer = start(text);

    put_text(&writer, "report", report_kind_name(REPORT_ANSWERED));
    put_text(&writer, "nonce", nonce);
    put_text(&writer, "status", status);
    return end(&writer);
}

uint32_t report_result(char *text, const struct boot_result *result, const struct fota_session *session)
{
    struct writer writer = start(text);

    put_result(&writer, result);
    put_session(&writer, session);
    return end(&writer);
}
