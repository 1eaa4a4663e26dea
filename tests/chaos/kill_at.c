/* Loaded before libpq and libmosquitto into orchestratord, ends it as kill -9 does at one point of its work:
 *
 *   KILL_AT="before|after STATEMENT[,COUNT]"
 *       at a statement of store/sql, the COUNT-th time (default: 1)
 *
 *   KILL_AT="before|after commit:STATEMENT[,COUNT]"
 *       at the COMMIT of a transaction in which that statement was run
 *
 *   KILL_AT="before|after copy[,COUNT]"
 *       at the end of rows that are copied into a table
 *
 *   KILL_AT="before|after publish[,COUNT]"
 *       at a message to a device
 *
 * "after" a COMMIT: PostgreSQL has it, the program does not know. So the product needs no hook of its own. */
#include <dlfcn.h>
#include <libpq-fe.h>
#include <mosquitto.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
    bool wanted, after, at_commit;
    char name[64];
    atomic_int left;
} point;

/* Of the transaction that this thread is in. */
static _Thread_local bool named_statement_was_run;

__attribute__((constructor)) static void read_point(void)
{
    const char *text = getenv("KILL_AT");
    char when[8] = "", what[64] = "";
    int count = 1;

    if (text == NULL)
        return;
    if (sscanf(text, "%7s %63[^,],%d", when, what, &count) < 2 ||
        (strcmp(when, "before") != 0 && strcmp(when, "after") != 0)) {
        fprintf(stderr, "KILL_AT=%s: must be before|after NAME[,COUNT]\n", text);
        _exit(2);
    }
    point.wanted = true;
    point.after = strcmp(when, "after") == 0;
    point.at_commit = strncmp(what, "commit:", 7) == 0;
    snprintf(point.name, sizeof point.name, "%s", point.at_commit ? what + 7 : what);
    atomic_store(&point.left, count);
}

static void *next(const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);
    if (function == NULL) {
        fprintf(stderr, "kill_at: no %s to be called\n", name);
        _exit(2);
    }
    return function;
}

static void reach(bool here, bool after)
{
    static const char said[] = "kill_at: the point is reached\n";

    if (!here || !point.wanted || point.after != after || atomic_fetch_sub(&point.left, 1) != 1)
        return;
    if (write(STDERR_FILENO, said, sizeof said - 1) > 0)
        fsync(STDERR_FILENO);
    kill(getpid(), SIGKILL);
}

PGresult *PQexecPrepared(PGconn *connection, const char *name, int count, const char *const *values,
                         const int *lengths, const int *formats, int result_format)
{
    static PGresult *(*real)(PGconn *, const char *, int, const char *const *, const int *, const int *, int);
    bool here = strcmp(name, point.name) == 0;

    if (real == NULL)
        *(void **)&real = next("PQexecPrepared");
    named_statement_was_run = named_statement_was_run || here;
    reach(here && !point.at_commit, false);
    PGresult *result = real(connection, name, count, values, lengths, formats, result_format);
    reach(here && !point.at_commit, true);
    return result;
}

int PQputCopyEnd(PGconn *connection, const char *why)
{
    static int (*real)(PGconn *, const char *);
    bool here = strcmp(point.name, "copy") == 0;

    if (real == NULL)
        *(void **)&real = next("PQputCopyEnd");
    reach(here, false);
    int result = real(connection, why);
    reach(here, true);
    return result;
}

PGresult *PQexec(PGconn *connection, const char *text)
{
    static PGresult *(*real)(PGconn *, const char *);
    bool here = point.at_commit && strcmp(text, "COMMIT") == 0 && named_statement_was_run;

    if (real == NULL)
        *(void **)&real = next("PQexec");
    if (strcmp(text, "BEGIN") == 0)
        named_statement_was_run = false;
    reach(here, false);
    PGresult *result = real(connection, text);
    reach(here, true);
    return result;
}

int mosquitto_publish(struct mosquitto *mosquitto, int *message, const char *topic, int length,
                      const void *payload, int qos, bool retain)
{
    static int (*real)(struct mosquitto *, int *, const char *, int, const void *, int, bool);
    bool here = strcmp(point.name, "publish") == 0;

    if (real == NULL)
        *(void **)&real = next("mosquitto_publish");
    reach(here, false);
    int result = real(mosquitto, message, topic, length, payload, qos, retain);
    reach(here, true);
    return result;
}
