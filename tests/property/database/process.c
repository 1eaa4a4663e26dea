/* The inside of an orchestrator's process. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "census.h"
#include "clock.h"
#include "engine.h"
#include "evidence.h"
#include "ingest.h"
#include "log.h"
#include "orchestrator.h"
#include "queue.h"
#include "sender.h"
#include "shifted_clock.h"
#include "tick.h"
#include "watch.h"

enum {
    WORKERS = 2,
    BATCH = 16,
    QUEUE_ROOM = 200,
    RESEND_SECONDS = 10,
    PROBE_SECONDS = 300,
    FILL_ROWS = 2,
    BEAT_MILLISECONDS = 10,
    TICK_MILLISECONDS = 10,
    CENSUS_MILLISECONDS = 30,
    PATIENCE_MILLISECONDS = 1000, /* for the broker's answer */
    CENSUS_MAX = 100,
    EVICTED_MAX = 8
};

struct process {
    const char *database_url;
    int number, reports, control;
    char id[ORCHESTRATOR_ID_SIZE], client[ORCHESTRATOR_CLIENT_SIZE];
    struct progress *progress;
    struct engine engine;
    struct queue *queues[WORKERS];
    struct sender sender;
    atomic_llong link, connection; /* 0: none */
    atomic_uint connections;       /* how often they were made */
    atomic_bool is_held;
    atomic_llong lease; /* no connection for reports is made after it: shifted_steady() */
    atomic_llong acknowledged;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    struct {
        char client[ORCHESTRATOR_CLIENT_SIZE];
        int64_t at; /* shifted_steady() */
    } evicted[EVICTED_MAX];
    unsigned evicted_count; /* since its start: the last of them are kept */
    int64_t owed;           /* outboxes before the present beat; the watch's thread alone */
    struct report retained[CENSUS_MAX];
    size_t retained_count;
    bool census_ended;
};

static void rest(int milliseconds)
{
    nanosleep(&(struct timespec){.tv_nsec = milliseconds * 1000000L}, NULL);
}

static void tell(const struct process *process, const char *topic, const char *payload)
{
    struct message message = {.link = atomic_load(&process->link)};
    snprintf(message.topic, sizeof message.topic, "%s", topic);
    snprintf(message.payload, sizeof message.payload, "%s", payload);
    (void)!message_send(process->control, &message, 0);
}

/* The database may be away for a moment; anything else is a fault of the product. */
static void complain(const struct process *process, const struct error *error)
{
    char text[sizeof error->field + sizeof error->message + 2];
    if (error->status == STATUS_UNAVAILABLE)
        return;
    snprintf(text, sizeof text, "%s: %s", error->field, error->message);
    tell(process, ORCHESTRATOR_COMPLAINT, text);
}

static struct store *connect_store(const struct process *process, const char *what)
{
    char name[40];
    snprintf(name, sizeof name, "orchestrator %d %s", process->number, what);
    return store_create(process->database_url, name);
}

/* --- commands --------------------------------------------------------------------------------------- */

static void publish(void *context, const char *topic, const char *payload)
{
    tell(context, topic, payload);
}

static void send_outbox(void *context, const struct outbox *outbox, struct arena *arena)
{
    struct process *process = context;
    sender_send(&process->sender, outbox, arena);
}

/* --- reports ---------------------------------------------------------------------------------------- */

struct worker {
    struct process *process;
    int number;
};

/* The engine asks how old a report is by the machine's clock. */
static void age(struct report *reports, const struct report *taken, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        reports[i] = taken[i];
        reports[i].received_at = clock_milliseconds() - (shifted_steady() - taken[i].received_at);
    }
}

static void *ingest_main(void *context)
{
    const struct worker *worker = context;
    struct process *process = worker->process;
    struct store *store = connect_store(process, "ingest");
    store_keep_plans(store);
    struct report *reports = calloc(BATCH, sizeof *reports), *aged = calloc(BATCH, sizeof *aged);
    struct queue_taken taken;
    while (queue_take(process->queues[worker->number], reports, BATCH, 0, &taken)) {
        struct error error = {0};
        struct ingest_summary summary;
        age(aged, reports, taken.count);
        while (ingest_batch(&process->engine, store, aged, taken.count, &summary, &error) != STATUS_OK) {
            complain(process, &error);
            rest(1);
            age(aged, reports, taken.count);
        }
    }
    return NULL;
}

static void *reports_main(void *context)
{
    struct process *process = context;
    struct message message;
    while (message_receive(process->reports, &message, 0)) {
        struct report report;
        if (atomic_load(&process->is_held) || message.link < atomic_load(&process->connection))
            continue; /* of a connection that is closed */
        if (strcmp(message.topic, CONTROL_MARKER) == 0) {
            for (int i = 0; i < WORKERS; i++)
                queue_mark(process->queues[i], strtoll(message.payload, NULL, 10));
            continue;
        }
        report_parse(message.topic, message.payload, strlen(message.payload), &report);
        report.received_at = shifted_steady();
        unsigned hash = 0;
        for (const char *c = report.device; *c != '\0'; c++)
            hash = hash * 31 + (unsigned char)*c;
        queue_put(process->queues[hash % WORKERS], &report);
    }
    return NULL;
}

/* --- connections ------------------------------------------------------------------------------------ */

static void note_eviction(struct process *process, const char *client)
{
    unsigned place = process->evicted_count++ % EVICTED_MAX;
    snprintf(process->evicted[place].client, sizeof process->evicted[place].client, "%.31s", client);
    process->evicted[place].at = shifted_steady();
}

static void take_other(struct process *process, const struct message *message)
{
    pthread_mutex_lock(&process->mutex);
    if (strcmp(message->topic, CONTROL_EVICTED) == 0)
        note_eviction(process, message->payload);
    else if (strcmp(message->topic, CONTROL_CENSUS_END) == 0)
        process->census_ended = true;
    else if (process->retained_count < CENSUS_MAX)
        report_parse(message->topic, message->payload, strlen(message->payload),
                     &process->retained[process->retained_count++]);
    pthread_cond_broadcast(&process->changed);
    pthread_mutex_unlock(&process->mutex);
}

static void connect_reports(const struct process *process)
{
    if (atomic_load(&process->link) != 0 && atomic_load(&process->connection) == 0 &&
        !atomic_load(&process->is_held) && shifted_steady() <= atomic_load(&process->lease))
        tell(process, CONTROL_CONNECT, process->client);
}

static void *control_main(void *context)
{
    struct process *process = context;
    struct message message;
    while (message_receive(process->control, &message, 0)) {
        long long number = strtoll(message.payload, NULL, 10);
        if (strcmp(message.topic, CONTROL_UP) == 0) {
            atomic_store(&process->link, number);
            atomic_fetch_add(&process->connections, 1);
            connect_reports(process);
        } else if (strcmp(message.topic, CONTROL_DOWN) == 0) {
            atomic_store(&process->link, 0);
            atomic_store(&process->connection, 0);
        } else if (strcmp(message.topic, CONTROL_CONNECTED) == 0) {
            atomic_store(&process->connection, number);
            atomic_fetch_add(&process->connections, 1);
        } else if (strcmp(message.topic, CONTROL_ACKNOWLEDGED) == 0) {
            atomic_store(&process->acknowledged, number);
        } else {
            take_other(process, &message);
        }
    }
    return NULL;
}

static bool is_connected(const struct process *process)
{
    return atomic_load(&process->link) != 0 && atomic_load(&process->connection) != 0 &&
           !atomic_load(&process->is_held);
}

/* --- the watch -------------------------------------------------------------------------------------- */

static long long read_clock(void *context)
{
    (void)context;
    return shifted_steady();
}

static bool connected(void *context, unsigned *times)
{
    const struct process *process = context;
    *times = atomic_load(&process->connections);
    return is_connected(process);
}

static bool reachable(void *context)
{
    const struct process *process = context;
    return atomic_load(&process->link) != 0;
}

static void publish_marker(void *context, int64_t moment)
{
    struct process *process = context;
    char text[24];
    process->owed = sender_taken(&process->sender);
    snprintf(text, sizeof text, "%lld", (long long)moment);
    tell(context, CONTROL_MARKER, text);
}

static int64_t acknowledged(void *context)
{
    struct process *process = context;
    return sender_has_published(&process->sender, process->owed) ? atomic_load(&process->acknowledged) : 0;
}

static int64_t stored(void *context)
{
    const struct process *process = context;
    int64_t least = INT64_MAX;
    for (int i = 0; i < WORKERS; i++) {
        int64_t marked = queue_marked(process->queues[i]);
        least = marked < least ? marked : least;
    }
    return least;
}

static void hold(void *context, bool held)
{
    struct process *process = context;
    atomic_store(&process->is_held, held);
    if (held)
        atomic_store(&process->connection, 0);
    if (held)
        tell(process, CONTROL_DISCONNECT, process->client);
    else
        connect_reports(process);
    for (int i = 0; held && i < WORKERS; i++)
        queue_drop(process->queues[i]);
}

static bool idle(void *context)
{
    const struct process *process = context;
    for (int i = 0; i < WORKERS; i++) {
        if (!queue_is_idle(process->queues[i]))
            return false;
    }
    return true;
}

static void lease(void *context, long long until)
{
    struct process *process = context;
    atomic_store(&process->lease, until);
    connect_reports(process);
}

/* Nothing here asks for the time without asking the database. */
static void note_time(void *context, int64_t moment, long long from, long long to)
{
    (void)context, (void)moment, (void)from, (void)to;
}

/* Whose lease runs out has had it for as long since it came back, and is connected again. */
static bool evict(void *context, const char *client)
{
    struct process *process = context;
    bool done = false;
    pthread_mutex_lock(&process->mutex);
    for (int i = 0; i < EVICTED_MAX; i++)
        done = done || (strcmp(process->evicted[i].client, client) == 0 &&
                        shifted_steady() - process->evicted[i].at < EVIDENCE_LEASE_SECONDS * 1000);
    pthread_mutex_unlock(&process->mutex);
    if (!done)
        tell(process, CONTROL_EVICT, client);
    return done;
}

static void *watch_main(void *context)
{
    struct process *process = context;
    const struct watch_ports ports = {process, read_clock, connected, reachable, publish_marker, acknowledged,
                                      stored,  hold,       lease,     idle,      note_time,      evict};
    const char *ids[] = {process->client};
    struct store *store = connect_store(process, "watch");
    struct watch watch;
    watch_start(&watch, &ports, process->id, ids, 1, 0);
    for (;;) {
        struct error error = {0};
        if (watch_beat(&watch, store, BEAT_MILLISECONDS, &error) != STATUS_OK) {
            complain(process, &error);
            watch_note_database(&watch);
        }
        atomic_store(&process->progress->answered_at, watch.answered_from);
        if (watch.stored >= watch.answered && watch.answered > 0)
            atomic_store(&process->progress->stored_at, watch.answered_from);
        rest(1);
    }
    return NULL;
}

/* --- the census ------------------------------------------------------------------------------------- */

/* False when the broker went away meanwhile. */
static bool ask_for_retained(struct process *process)
{
    unsigned before = atomic_load(&process->connections);
    struct timespec until = clock_in_milliseconds(PATIENCE_MILLISECONDS);
    pthread_mutex_lock(&process->mutex);
    process->retained_count = 0;
    process->census_ended = false;
    tell(process, CONTROL_CENSUS, "");
    while (!process->census_ended && pthread_cond_timedwait(&process->changed, &process->mutex, &until) == 0)
        continue;
    bool ended = process->census_ended;
    pthread_mutex_unlock(&process->mutex);
    return ended && before == atomic_load(&process->connections);
}

static enum status run_census(struct process *process, struct store *store, double now, struct error *error)
{
    struct census census = {.began = now};
    struct report reports[CENSUS_MAX];
    if (!ask_for_retained(process))
        return census_break_off(store, process->id, error);
    memcpy(reports, process->retained, process->retained_count * sizeof reports[0]);
    enum status status = census_apply(&census, store, reports, process->retained_count, error);
    if (status == STATUS_OK)
        status = census_finish(&census, store, process->id, error);
    census_release(&census);
    return status;
}

static void *census_main(void *context)
{
    struct process *process = context;
    struct store *store = connect_store(process, "census");
    for (;;) {
        struct error error = {0};
        bool mine = false;
        double now = 0;
        rest(CENSUS_MILLISECONDS);
        if (!is_connected(process))
            continue;
        if (census_take(store, process->id, &mine, &now, &error) != STATUS_OK ||
            (mine && run_census(process, store, now, &error) != STATUS_OK))
            complain(process, &error);
    }
    return NULL;
}

/* --- the whole -------------------------------------------------------------------------------------- */

static void start_thread(void *(*body)(void *), void *context)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, body, context) != 0)
        abort();
}

static void make_condition(pthread_cond_t *condition)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

void process_run(int number, int reports, int control, const char *database_url, struct progress *progress)
{
    struct process process = {.database_url = database_url,
                              .number = number,
                              .reports = reports,
                              .control = control,
                              .progress = progress,
                              .mutex = PTHREAD_MUTEX_INITIALIZER};
    struct worker workers[WORKERS];
    struct error error = {0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    evidence_make_id(process.id);
    log_configure(getenv("PROPERTY_TRACE") != NULL ? LOG_INFO : LOG_ERROR, LOG_FORMAT_LOGFMT);
    shifted_trace("%d: orchestrator %s begins", number, process.id);
    make_condition(&process.changed);
    snprintf(process.client, sizeof process.client, "reports-%s", process.id);
    atomic_store(&process.is_held, true); /* the watch lets it connect */
    process.engine = (struct engine){.publisher = {publish, send_outbox, &process},
                                     .public_url = "http://127.0.0.1:8080",
                                     .offer_resend_seconds = RESEND_SECONDS,
                                     .probe_after_seconds = PROBE_SECONDS,
                                     .fill_rows = FILL_ROWS};
    struct store *store = connect_store(&process, "ticker");
    while (engine_load_secret(store, process.engine.image_secret, &error) != STATUS_OK) {
        complain(&process, &error);
        rest(1);
    }
    for (int i = 0; i < WORKERS; i++) {
        process.queues[i] = queue_create(QUEUE_ROOM);
        workers[i] = (struct worker){&process, i};
        start_thread(ingest_main, &workers[i]);
    }
    if (sender_start(&process.sender, &process.engine.publisher, &error) != STATUS_OK)
        abort();
    start_thread(reports_main, &process);
    start_thread(control_main, &process);
    start_thread(watch_main, &process);
    start_thread(census_main, &process);
    for (;;) {
        bool more = false;
        int64_t began = shifted_steady();
        if (is_connected(&process) && tick(&process.engine, store, &more, &error) != STATUS_OK)
            complain(&process, &error);
        while (!sender_has_published(&process.sender, sender_taken(&process.sender)))
            rest(1); /* time does not pass between a decision and its message */
        atomic_store(&progress->ticked_at, began);
        for (int i = 0; i < TICK_MILLISECONDS && !more && atomic_load(&progress->wanted_at) <= began; i++)
            rest(1);
    }
}
