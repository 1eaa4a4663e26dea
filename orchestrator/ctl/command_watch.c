/* campaign watch: looks again and again, and shows what has changed. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "show.h"
#include "watch_view.h"

enum { OUTAGE_SECONDS = 30, ROLLBACK_GRACE_SECONDS = 10 };

struct watch {
    struct session *session;
    char *path;
    double interval; /* seconds */
    bool live;       /* drawn in place on a terminal */
    bool colour;
    int lines; /* of the view on the screen now */
    json_t *campaign, *rollback;
    int64_t out_since;    /* the server does not answer since then; 0: it does */
    int64_t halted_since; /* halted with a rollback to be expected; 0: not */
};

static const char show_cursor[] = "\033[?25h";
static const char hide_cursor[] = "\033[?25l";

/* Only async-signal-safe calls. */
static void on_signal(int number)
{
    ssize_t ignored = write(STDOUT_FILENO, show_cursor, sizeof show_cursor - 1);
    (void)ignored;
    _exit(128 + number);
}

static void terminal_size(int *columns, int *rows)
{
    struct winsize size;
    *columns = 80;
    *rows = 24;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 1) {
        *columns = size.ws_col;
        *rows = size.ws_row;
    }
}

/* Draws over the last view: back to its first line, then clears to the end of the screen. Of a view higher
 * than the terminal, which could not be drawn over, only the end is shown: what is going on stands there. */
static void draw(struct watch *watch)
{
    char *view = NULL;
    size_t size = 0;
    int columns;
    int rows;
    terminal_size(&columns, &rows);
    FILE *stream = open_memstream(&view, &size);
    if (stream == NULL)
        abort();
    int lines =
        watch_view_draw(stream, watch->campaign, watch->rollback, columns - 1, rows - 1, watch->colour);
    fclose(stream);
    FILE *out = watch->session->out;
    if (watch->lines > 0)
        fprintf(out, "\033[%dA", watch->lines);
    fputs("\r\033[J", out);
    watch->lines = lines < rows ? lines : rows - 1;
    const char *shown = view;
    for (int i = watch->lines; i < lines; i++)
        shown = strchr(shown, '\n') + 1;
    fputs(shown, out);
    fflush(out);
    free(view);
}

static void show_line(struct watch *watch, const json_t *document)
{
    json_dumpf(document, watch->session->out, JSON_COMPACT);
    fputc('\n', watch->session->out);
}

static void show_changes(struct watch *watch, const json_t *before, const json_t *now)
{
    if (watch->session->json && watch_view_differs(before, now))
        show_line(watch, now);
    else if (!watch->session->json)
        watch_view_changes(watch->session->out, before, now);
}

/* Takes over the two documents. */
static void show_documents(struct watch *watch, json_t *campaign, json_t *rollback)
{
    if (!watch->live) {
        const json_t *before_rollback = watch->rollback;
        show_changes(watch, watch->campaign, campaign);
        if (rollback != NULL)
            show_changes(watch, before_rollback, rollback);
        fflush(watch->session->out);
    }
    json_decref(watch->campaign);
    json_decref(watch->rollback);
    watch->campaign = campaign;
    watch->rollback = rollback;
    if (watch->live)
        draw(watch);
}

static enum status fetch(struct watch *watch, json_t **campaign, json_t **rollback, struct error *error)
{
    struct client *client = watch->session->client;
    *rollback = NULL;
    enum status status = client_request(client, "GET", watch->path, NULL, campaign, error);
    if (status != STATUS_OK)
        return status;
    const char *name = json_string_value(json_object_get(json_object_get(*campaign, "rollback"), "name"));
    if (name == NULL)
        return STATUS_OK;
    char *path = show_path("/v1/campaigns/", name, "");
    status = client_request(client, "GET", path, NULL, rollback, error);
    free(path);
    if (status != STATUS_OK)
        json_decref(*campaign);
    return status;
}

static bool in_flight(const json_t *campaign)
{
    return json_integer_value(json_object_get(campaign, "in_flight")) > 0;
}

/* A halt that the policy answers with a rollback is not the end, unless that does not come. */
static bool rollback_expected(struct watch *watch)
{
    const char *on_halt =
        json_string_value(json_object_get(json_object_get(watch->campaign, "policy"), "on_halt"));
    if (on_halt == NULL || strcmp(on_halt, "rollback") != 0)
        return false;
    if (watch->halted_since == 0)
        watch->halted_since = clock_seconds();
    return clock_seconds() - watch->halted_since < ROLLBACK_GRACE_SECONDS;
}

/* Whether the campaign is over, and with what exit code. */
static bool has_ended(struct watch *watch, enum exit_code *code)
{
    const char *state = json_string_value(json_object_get(watch->campaign, "state"));
    bool halted = state != NULL && strcmp(state, "halted") == 0;
    if (!halted)
        watch->halted_since = 0;
    if (state == NULL || in_flight(watch->campaign) ||
        (watch->rollback != NULL && in_flight(watch->rollback)))
        return false;
    if (strcmp(state, "completed") == 0)
        *code = EXIT_DONE;
    else if (halted && !rollback_expected(watch))
        *code = EXIT_HALTED;
    else if (strcmp(state, "cancelled") == 0 || strcmp(state, "rolled_back") == 0)
        *code = EXIT_REFUSED;
    else
        return false;
    return true;
}

/* Whether a failed look may be tried again: the server may be restarting, or its database. */
static bool may_wait(struct watch *watch, enum status status, const struct error *error)
{
    bool outage = client_unreachable(watch->session->client) || status == STATUS_UNAVAILABLE;
    if (!outage || watch->campaign == NULL)
        return false;
    if (watch->out_since == 0) {
        watch->out_since = clock_seconds();
        watch->lines = 0; /* the message stands below the view, and the next view below it */
        fprintf(watch->session->errors, "%s; waiting for up to %d s\n", error->message, OUTAGE_SECONDS);
    }
    return clock_seconds() - watch->out_since < OUTAGE_SECONDS;
}

static void back_again(struct watch *watch)
{
    if (watch->out_since != 0)
        fprintf(watch->session->errors, "the orchestrator answers again\n");
    watch->out_since = 0;
}

static enum exit_code watch_until_end(struct watch *watch)
{
    enum exit_code code = EXIT_DONE;
    struct timespec pause = {.tv_sec = (time_t)watch->interval};
    pause.tv_nsec = (long)((watch->interval - (double)pause.tv_sec) * 1e9);
    for (;;) {
        struct error error = {0};
        json_t *campaign = NULL;
        json_t *rollback = NULL;
        enum status status = fetch(watch, &campaign, &rollback, &error);
        if (status == STATUS_OK) {
            back_again(watch);
            show_documents(watch, campaign, rollback);
            if (has_ended(watch, &code))
                return code;
        } else if (!may_wait(watch, status, &error)) {
            return session_fail(watch->session, &error);
        }
        nanosleep(&pause, NULL);
    }
}

static bool read_interval(struct session *session, const struct arguments *arguments, double *interval)
{
    const char *text = arguments_value(arguments, "interval");
    char *end;
    *interval = 1;
    if (text == NULL)
        return true;
    *interval = strtod(text, &end);
    if (end != text && *end == '\0' && *interval >= 0.1 && *interval <= 3600)
        return true;
    session_usage(session, "--interval is \"%s\"; allowed are seconds from 0.1 to 3600", text);
    return false;
}

enum exit_code run_campaign_watch(struct session *session, const struct arguments *arguments)
{
    struct watch watch = {.session = session};
    if (!read_interval(session, arguments, &watch.interval))
        return EXIT_USAGE;
    const char *terminal = getenv("TERM");
    watch.live =
        !session->json && isatty(STDOUT_FILENO) && (terminal == NULL || strcmp(terminal, "dumb") != 0);
    watch.colour = getenv("NO_COLOR") == NULL;
    watch.path = show_path("/v1/campaigns/", arguments->positionals[0], "");
    if (watch.live) {
        struct sigaction action = {.sa_handler = on_signal};
        sigaction(SIGINT, &action, NULL);
        sigaction(SIGTERM, &action, NULL);
        sigaction(SIGHUP, &action, NULL);
        fputs(hide_cursor, session->out);
    }
    enum exit_code code = watch_until_end(&watch);
    if (watch.live)
        fputs(show_cursor, session->out);
    json_decref(watch.campaign);
    json_decref(watch.rollback);
    free(watch.path);
    return code;
}
