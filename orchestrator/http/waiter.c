#include "waiter.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "clock.h"
#include "log.h"
#include "store.h"
#include "store_sql.h"

enum { LOOK_MILLISECONDS = 50 };

struct http_waiter {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    struct store *store; /* the thread's */
    struct http_wait *waits;
    int count, limit;
    bool stopping;
};

static bool is_past(const struct timespec *until)
{
    struct timespec now = clock_in_milliseconds(0);
    return now.tv_sec != until->tv_sec ? now.tv_sec > until->tv_sec : now.tv_nsec >= until->tv_nsec;
}

bool http_waiter_add(struct http_waiter *waiter, struct http_wait *wait, struct MHD_Connection *connection)
{
    wait->until = clock_in_milliseconds((int64_t)wait->seconds * 1000);
    wait->connection = connection;
    pthread_mutex_lock(&waiter->lock);
    bool taken = !waiter->stopping && waiter->count < waiter->limit;
    if (taken) {
        MHD_suspend_connection(connection); /* before anyone could resume it */
        wait->next = waiter->waits;
        waiter->waits = wait;
        waiter->count++;
        pthread_cond_signal(&waiter->changed);
    }
    pthread_mutex_unlock(&waiter->lock);
    return taken;
}

/* --- the thread ----------------------------------------------------------------------------------------- */

static enum status query(struct http_waiter *waiter, struct store_rows **rows, struct error *error)
{
    struct array numbers[2] = {0};
    struct store_parameters parameters = {0};
    pthread_mutex_lock(&waiter->lock);
    for (const struct http_wait *wait = waiter->waits; wait != NULL; wait = wait->next)
        array_put_integer(&numbers[wait->kind], wait->number);
    pthread_mutex_unlock(&waiter->lock);
    store_put_text(&parameters, array_text(&numbers[HTTP_WAIT_CALL]));
    store_put_text(&parameters, array_text(&numbers[HTTP_WAIT_CAMPAIGN]));
    enum status status = store_run(waiter->store, &SQL_CALL_STATES, &parameters, rows, error);
    array_release(&numbers[0]);
    array_release(&numbers[1]);
    return status;
}

static void note(struct http_waiter *waiter, const struct store_rows *rows, int64_t row)
{
    enum http_wait_kind kind =
        strcmp(store_rows_text(rows, row, 0), "call") == 0 ? HTTP_WAIT_CALL : HTTP_WAIT_CAMPAIGN;
    int64_t number = store_rows_integer(rows, row, 1);
    for (struct http_wait *wait = waiter->waits; wait != NULL; wait = wait->next) {
        if (wait->kind != kind || wait->number != number)
            continue;
        const char *answer = store_rows_text(rows, row, 3);
        snprintf(wait->nonce, sizeof wait->nonce, "%s", store_rows_text(rows, row, 2));
        snprintf(wait->answer, sizeof wait->answer, "%s", answer != NULL ? answer : "");
        snprintf(wait->reason, sizeof wait->reason, "%s", store_rows_text(rows, row, 4));
        wait->sent = store_rows_boolean(rows, row, 5);
    }
}

/* Resumes those that have ended. A connection whose client is gone is resumed like any other: the server
 * finds out when it answers. */
static void end_waits(struct http_waiter *waiter, bool outage)
{
    struct http_wait **place = &waiter->waits;
    while (*place != NULL) {
        struct http_wait *wait = *place;
        wait->outage = outage;
        wait->stopped = waiter->stopping;
        if (wait->answer[0] == '\0' && !wait->stopped && !is_past(&wait->until)) {
            place = &wait->next;
            continue;
        }
        *place = wait->next;
        waiter->count--;
        wait->ended = true;
        MHD_resume_connection(wait->connection); /* `wait` may be gone from here on */
    }
}

static void look(struct http_waiter *waiter)
{
    struct error error = {0};
    struct store_rows *rows = NULL;
    enum status status = query(waiter, &rows, &error);
    if (status != STATUS_OK && status != STATUS_UNAVAILABLE)
        log_limited(LOG_ERROR, "waiter_failed", "", "message", error.message, "sqlstate", error.sqlstate,
                    NULL);
    pthread_mutex_lock(&waiter->lock);
    for (int64_t i = 0; rows != NULL && i < store_rows_count(rows); i++)
        note(waiter, rows, i);
    end_waits(waiter, status != STATUS_OK);
    pthread_mutex_unlock(&waiter->lock);
    store_rows_free(rows);
}

/* Until there is something to look at; the time between looks is waited out as well. False: stop. */
static bool wait_for_work(struct http_waiter *waiter)
{
    struct timespec until = clock_in_milliseconds(LOOK_MILLISECONDS);
    pthread_mutex_lock(&waiter->lock);
    while (!waiter->stopping && !is_past(&until))
        pthread_cond_timedwait(&waiter->changed, &waiter->lock, &until);
    while (!waiter->stopping && waiter->waits == NULL)
        pthread_cond_wait(&waiter->changed, &waiter->lock);
    bool goes_on = !waiter->stopping;
    if (!goes_on)
        end_waits(waiter, false);
    pthread_mutex_unlock(&waiter->lock);
    return goes_on;
}

static void *waiter_main(void *context)
{
    struct http_waiter *waiter = context;
    while (wait_for_work(waiter))
        look(waiter);
    return NULL;
}

enum status http_waiter_start(const char *database_url, int limit, struct http_waiter **started,
                              struct error *error)
{
    struct http_waiter *waiter = calloc(1, sizeof *waiter);
    pthread_condattr_t monotonic;
    *started = NULL;
    if (waiter == NULL)
        return error_set(error, STATUS_INTERNAL, NULL, "out of memory");
    waiter->limit = limit;
    waiter->store = store_create(database_url, "orchestratord waiter");
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&waiter->lock, NULL);
    pthread_cond_init(&waiter->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    int result = pthread_create(&waiter->thread, NULL, waiter_main, waiter);
    if (result != 0) {
        waiter->stopping = true; /* there is nothing to join */
        http_waiter_free(waiter);
        return error_set(error, STATUS_INTERNAL, NULL, "cannot start a thread: %s", strerror(result));
    }
    *started = waiter;
    return STATUS_OK;
}

void http_waiter_quit(struct http_waiter *waiter)
{
    if (waiter == NULL)
        return;
    pthread_mutex_lock(&waiter->lock);
    waiter->stopping = true;
    pthread_cond_signal(&waiter->changed);
    pthread_mutex_unlock(&waiter->lock);
    pthread_join(waiter->thread, NULL);
}

void http_waiter_free(struct http_waiter *waiter)
{
    if (waiter == NULL)
        return;
    store_destroy(waiter->store);
    pthread_cond_destroy(&waiter->changed);
    pthread_mutex_destroy(&waiter->lock);
    free(waiter);
}
