#include "orchestrator.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine.h"
#include "ingest.h"
#include "log.h"
#include "queue.h"
#include "sender.h"
#include "tick.h"

enum { WORKERS = 2, BATCH = 16, QUEUE_ROOM = 200, RESEND_SECONDS = 10, FILL_ROWS = 2 };

/* --- in the process --------------------------------------------------------------------------------- */

struct process {
    const char *database_url;
    int socket;
    struct engine engine;
    struct queue *queues[WORKERS];
    struct sender sender;
};

static void rest(int milliseconds)
{
    nanosleep(&(struct timespec){.tv_nsec = milliseconds * 1000000L}, NULL);
}

/* A socket that is full loses the message: the network may. */
static void publish(void *context, const char *topic, const char *payload)
{
    const struct process *process = context;
    char text[sizeof(struct message)];
    int length = snprintf(text, sizeof text, "%s\n%s", topic, payload);
    send(process->socket, text, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void send_outbox(void *context, const struct outbox *outbox, struct arena *arena)
{
    struct process *process = context;
    sender_send(&process->sender, outbox, arena);
}

/* The database may be away for a moment; anything else is a fault of the product. */
static void complain(struct process *process, const struct error *error)
{
    char text[sizeof error->field + sizeof error->message + 2];
    if (error->status == STATUS_UNAVAILABLE)
        return;
    snprintf(text, sizeof text, "%s: %s", error->field, error->message);
    publish(process, ORCHESTRATOR_COMPLAINT, text);
}

struct worker {
    struct process *process;
    int number;
};

static void *ingest_main(void *context)
{
    const struct worker *worker = context;
    struct process *process = worker->process;
    struct store *store = store_create(process->database_url, "orchestrator ingest");
    store_keep_plans(store);
    struct report *reports = calloc(BATCH, sizeof *reports);
    struct queue_taken taken;
    while (queue_take(process->queues[worker->number], reports, BATCH, 0, &taken)) {
        struct error error = {0};
        struct ingest_summary summary;
        while (ingest_batch(&process->engine, store, reports, taken.count, &summary, &error) != STATUS_OK) {
            complain(process, &error);
            rest(1);
        }
    }
    return NULL;
}

static void *reader_main(void *context)
{
    struct process *process = context;
    char text[sizeof(struct message)];
    ssize_t length;
    while ((length = recv(process->socket, text, sizeof text - 1, 0)) > 0) {
        struct report report;
        text[length] = '\0';
        char *payload = strchr(text, '\n');
        *payload++ = '\0';
        report_parse(text, payload, strlen(payload), &report);
        unsigned hash = 0;
        for (const char *c = report.device; *c != '\0'; c++)
            hash = hash * 31 + (unsigned char)*c;
        queue_put(process->queues[hash % WORKERS], &report);
    }
    return NULL;
}

static void start_thread(void *(*body)(void *), void *context)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, body, context) != 0)
        abort();
}

__attribute__((noreturn)) static void run(int socket, const char *database_url)
{
    struct process process = {.database_url = database_url, .socket = socket};
    struct worker workers[WORKERS];
    struct error error = {0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    log_configure(LOG_ERROR, LOG_FORMAT_LOGFMT);
    process.engine = (struct engine){.publisher = {publish, send_outbox, &process},
                                     .public_url = "http://127.0.0.1:8080",
                                     .offer_resend_seconds = RESEND_SECONDS,
                                     .fill_rows = FILL_ROWS};
    struct store *store = store_create(database_url, "orchestrator ticker");
    while (engine_load_secret(store, process.engine.image_secret, &error) != STATUS_OK) {
        complain(&process, &error);
        rest(1);
    }
    for (int i = 0; i < WORKERS; i++) {
        process.queues[i] = queue_create(QUEUE_ROOM);
        workers[i] = (struct worker){&process, i};
        start_thread(ingest_main, &workers[i]);
    }
    start_thread(reader_main, &process);
    if (sender_start(&process.sender, &process.engine.publisher, &error) != STATUS_OK)
        abort();
    for (;;) {
        bool more = false;
        if (tick(&process.engine, store, &more, &error) != STATUS_OK)
            complain(&process, &error);
        if (!more)
            rest(1);
    }
}

/* --- around it -------------------------------------------------------------------------------------- */

void orchestrator_start(struct orchestrator *orchestrator, const char *database_url)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    fflush(NULL);
    orchestrator->pid = fork();
    assert_true(orchestrator->pid >= 0);
    if (orchestrator->pid == 0)
        run(ends[1], database_url);
    close(ends[1]);
    orchestrator->socket = ends[0];
    orchestrator->is_stopped = false;
}

void orchestrator_kill(struct orchestrator *orchestrator)
{
    if (orchestrator->pid == 0)
        return;
    kill(orchestrator->pid, SIGKILL);
    waitpid(orchestrator->pid, NULL, 0);
    close(orchestrator->socket);
    orchestrator->pid = 0;
}

void orchestrator_stop(struct orchestrator *orchestrator)
{
    if (orchestrator->pid != 0)
        kill(orchestrator->pid, SIGSTOP);
    orchestrator->is_stopped = orchestrator->pid != 0;
}

void orchestrator_continue(struct orchestrator *orchestrator)
{
    if (orchestrator->pid != 0 && orchestrator->is_stopped)
        kill(orchestrator->pid, SIGCONT);
    orchestrator->is_stopped = false;
}

bool orchestrator_deliver(const struct orchestrator *orchestrator, const struct message *message)
{
    char text[sizeof *message];
    if (orchestrator->pid == 0)
        return false;
    int length = snprintf(text, sizeof text, "%s\n%s", message->topic, message->payload);
    return send(orchestrator->socket, text, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL) == length;
}

bool orchestrator_collect(const struct orchestrator *orchestrator, struct message *message)
{
    char text[sizeof *message + 1];
    if (orchestrator->pid == 0)
        return false;
    ssize_t length = recv(orchestrator->socket, text, sizeof text - 1, MSG_DONTWAIT);
    if (length <= 0)
        return false;
    text[length] = '\0';
    char *payload = strchr(text, '\n');
    *payload++ = '\0';
    snprintf(message->topic, sizeof message->topic, "%.95s", text);
    snprintf(message->payload, sizeof message->payload, "%s", payload);
    return true;
}
