/* What is left of the orchestrator's ingest when everything but the work that cannot be left out is taken
 * away: the limit that the product is compared with. A subscriber (libmosquitto), the transaction of a batch
 * (libpq), or both behind one another.
 *   bare_ingest COUNT DEVICES WORKERS BATCH HOST:PORT|- DATABASE_URL|-
 * Without a broker it makes reports by itself, of the devices in the file DEVICES, one id a line. Prints
 * "ready", at the end {"messages", "began", "ended"}. */
#include <mosquitto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bare_batch.h"
#include "raw_mqtt.h"

enum { QUEUE = 20000, WAIT_NANOSECONDS = 5000000, WORKERS_MAX = 8 };

struct queue {
    pthread_mutex_t mutex;
    pthread_cond_t filled, drained;
    char (*ids)[BARE_ID_SIZE];
    size_t first, count;
    bool closed;
};

struct worker {
    struct queue queue;
    pthread_t thread;
    const char *database;
    size_t batch;
};

static struct worker workers[WORKERS_MAX];
static unsigned worker_count;
static size_t wanted, received;
static double began;
static bool stores;

static void queue_put(struct queue *queue, const char *id, size_t length)
{
    pthread_mutex_lock(&queue->mutex);
    while (queue->count == QUEUE)
        pthread_cond_wait(&queue->drained, &queue->mutex);
    char *place = queue->ids[(queue->first + queue->count++) % QUEUE];
    memcpy(place, id, length);
    place[length] = '\0';
    pthread_cond_signal(&queue->filled);
    pthread_mutex_unlock(&queue->mutex);
}

/* Up to `most`, or what came within a few milliseconds. 0: closed and empty. */
static size_t queue_take(struct queue *queue, char (*ids)[BARE_ID_SIZE], size_t most)
{
    pthread_mutex_lock(&queue->mutex);
    while (queue->count == 0 && !queue->closed)
        pthread_cond_wait(&queue->filled, &queue->mutex);
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += WAIT_NANOSECONDS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    while (queue->count < most && !queue->closed &&
           pthread_cond_timedwait(&queue->filled, &queue->mutex, &until) == 0)
        ;
    size_t count = queue->count < most ? queue->count : most;
    for (size_t i = 0; i < count; i++)
        memcpy(ids[i], queue->ids[(queue->first + i) % QUEUE], BARE_ID_SIZE);
    queue->first = (queue->first + count) % QUEUE;
    queue->count -= count;
    pthread_cond_signal(&queue->drained);
    pthread_mutex_unlock(&queue->mutex);
    return count;
}

static void *work(void *context)
{
    struct worker *worker = context;
    PGconn *connection = bare_batch_open(worker->database);
    char(*ids)[BARE_ID_SIZE] = calloc(worker->batch, sizeof *ids);
    if (ids == NULL)
        die("out of memory");
    for (size_t count; (count = queue_take(&worker->queue, ids, worker->batch)) > 0;)
        bare_batch_store(connection, ids, count);
    PQfinish(connection);
    free(ids);
    return NULL;
}

static void take_report(const char *id, size_t length)
{
    unsigned hash = 2166136261u; /* FNV-1a */
    if (received++ == 0)
        began = seconds_now();
    if (!stores)
        return;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)id[i]) * 16777619u;
    if (length < BARE_ID_SIZE)
        queue_put(&workers[hash % worker_count].queue, id, length);
}

static void on_subscribe(struct mosquitto *mosquitto, void *context, int message, int count,
                         const int *granted)
{
    (void)mosquitto, (void)context, (void)message;
    if (count != 1 || granted[0] > 2)
        die("the broker refuses the subscription");
    puts("ready");
    (void)fflush(stdout);
}

/* fota/v1/DEVICE/report */
static void on_message(struct mosquitto *mosquitto, void *context, const struct mosquitto_message *message)
{
    (void)mosquitto, (void)context;
    const char *id = message->topic + strlen("fota/v1/");
    const char *end = strchr(id, '/');
    if (end != NULL)
        take_report(id, (size_t)(end - id));
}

static void subscribe(const char *address)
{
    char host[64];
    const char *colon = strrchr(address, ':');
    if (colon == NULL)
        die("\"%s\" is no HOST:PORT", address);
    snprintf(host, sizeof host, "%.*s", (int)(colon - address), address);
    mosquitto_lib_init();
    struct mosquitto *mosquitto = mosquitto_new("bare-ingest", true, NULL);
    if (mosquitto == NULL)
        die("out of memory");
    mosquitto_subscribe_callback_set(mosquitto, on_subscribe);
    mosquitto_message_callback_set(mosquitto, on_message);
    mosquitto_max_inflight_messages_set(mosquitto, 500);
    mosquitto_int_option(mosquitto, MOSQ_OPT_TCP_NODELAY, 1);
    mosquitto_username_pw_set(mosquitto, "orchestrator", NULL);
    if (mosquitto_connect(mosquitto, host, atoi(colon + 1), 30) != MOSQ_ERR_SUCCESS ||
        mosquitto_subscribe(mosquitto, NULL, "$share/orchestrator/fota/v1/+/report", 1) != MOSQ_ERR_SUCCESS)
        die("%s cannot be reached", address);
    while (received < wanted && mosquitto_loop(mosquitto, 100, 1) == MOSQ_ERR_SUCCESS)
        ;
    mosquitto_destroy(mosquitto);
}

static void make_reports(const char *path)
{
    char line[256];
    puts("ready");
    (void)fflush(stdout);
    while (received < wanted) {
        FILE *file = fopen(path, "r");
        if (file == NULL)
            die("%s: %m", path);
        while (received < wanted && fgets(line, sizeof line, file) != NULL)
            take_report(line, strcspn(line, "\n"));
        fclose(file);
        if (received == 0)
            die("%s is empty", path);
    }
}

int main(int count, char **arguments)
{
    if (count != 7)
        die("bare_ingest COUNT DEVICES WORKERS BATCH HOST:PORT|- DATABASE_URL|-");
    wanted = strtoul(arguments[1], NULL, 10);
    stores = strcmp(arguments[6], "-") != 0;
    worker_count = stores ? (unsigned)atoi(arguments[3]) : 0;
    for (unsigned i = 0; i < worker_count && i < WORKERS_MAX; i++) {
        workers[i] = (struct worker){.queue = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                                               .filled = PTHREAD_COND_INITIALIZER,
                                               .drained = PTHREAD_COND_INITIALIZER,
                                               .ids = calloc(QUEUE, BARE_ID_SIZE)},
                                     .database = arguments[6],
                                     .batch = strtoul(arguments[4], NULL, 10)};
        if (workers[i].queue.ids == NULL || pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            die("out of memory");
    }
    if (strcmp(arguments[5], "-") != 0)
        subscribe(arguments[5]);
    else
        make_reports(arguments[2]);
    for (unsigned i = 0; i < worker_count; i++) {
        pthread_mutex_lock(&workers[i].queue.mutex);
        workers[i].queue.closed = true;
        pthread_cond_signal(&workers[i].queue.filled);
        pthread_mutex_unlock(&workers[i].queue.mutex);
    }
    for (unsigned i = 0; i < worker_count; i++)
        pthread_join(workers[i].thread, NULL);
    printf("{\"messages\": %zu, \"began\": %.6f, \"ended\": %.6f}\n", received, began, seconds_now());
    return 0;
}
