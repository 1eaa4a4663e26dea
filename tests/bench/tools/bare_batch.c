#include "bare_batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "raw_mqtt.h"

static const char *const statements[][2] = {
    {"targets",
     "UPDATE bare.targets t SET state = u.state, progress = u.progress, reason = u.reason, state_at = now(), "
     "deadline = to_timestamp(u.deadline) FROM unnest($1::text[], $2::text[], $3::smallint[], $4::text[], "
     "$5::double precision[]) AS u(device_id, state, progress, reason, deadline) "
     "WHERE t.campaign_id = 1 AND t.device_id = u.device_id"},
    {"presence", "UPDATE bare.presence p SET last_seen = now() FROM unnest($1::text[]) AS u(device_id) "
                 "WHERE p.device_id = u.device_id"},
    {"waves",
     "UPDATE bare.waves SET downloading = downloading + $1::integer WHERE campaign_id = 1 AND wave = 0"},
};

enum { TARGET_PARAMETERS = 5 };

static void run(PGresult *result, const PGconn *connection)
{
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_COPY_IN)
        die("the bare transaction: %s", PQerrorMessage(connection));
    PQclear(result);
}

PGconn *bare_batch_open(const char *url)
{
    PGconn *connection = PQconnectdb(url);
    if (PQstatus(connection) != CONNECTION_OK)
        die("%s", PQerrorMessage(connection));
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++)
        run(PQprepare(connection, statements[i][0], statements[i][1], 0, NULL), connection);
    return connection;
}

static int compare(const void *left, const void *right)
{
    return strcmp(left, right);
}

static void copy_events(PGconn *connection, char (*ids)[BARE_ID_SIZE], size_t count)
{
    char line[256], at[64];
    time_t now = time(NULL);
    struct tm parts;
    gmtime_r(&now, &parts);
    strftime(at, sizeof at, "%Y-%m-%d %H:%M:%S.123456+00", &parts);
    run(PQexec(connection,
               "COPY bare.events (at, subject, campaign_id, wave, device_id, attempt, from_state, "
               "to_state, reason) FROM STDIN"),
        connection);
    for (size_t i = 0; i < count; i++) {
        int length =
            snprintf(line, sizeof line, "%s\ttarget\t1\t0\t%s\t1\taccepted\tdownloading\t\n", at, ids[i]);
        if (PQputCopyData(connection, line, length) != 1)
            die("COPY: %s", PQerrorMessage(connection));
    }
    if (PQputCopyEnd(connection, NULL) != 1)
        die("COPY: %s", PQerrorMessage(connection));
    for (PGresult *result; (result = PQgetResult(connection)) != NULL;)
        run(result, connection);
}

/* Of the ids, which need no quotes in an array; or, for the other columns, `value` as often. */
static char *as_array(char (*ids)[BARE_ID_SIZE], size_t count, const char *value)
{
    char *text = malloc(count * (BARE_ID_SIZE + 1) + 3), *at = text;
    if (text == NULL)
        die("out of memory");
    *at++ = '{';
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && strcmp(ids[i], ids[i - 1]) == 0)
            continue; /* several reports of one device: one update */
        if (at[-1] != '{')
            *at++ = ',';
        const char *item = value != NULL ? value : ids[i];
        size_t length = strlen(item);
        memcpy(at, item, length);
        at += length;
    }
    memcpy(at, "}", 2);
    return text;
}

void bare_batch_store(PGconn *connection, char (*ids)[BARE_ID_SIZE], size_t count)
{
    char counted[24];
    qsort(ids, count, sizeof *ids, compare); /* the order in which rows are locked */
    static const char *const same[TARGET_PARAMETERS] = {NULL, "downloading", "0", "\"\"",
                                                        "1900000000.123456"};
    char *columns[TARGET_PARAMETERS];
    for (int i = 0; i < TARGET_PARAMETERS; i++)
        columns[i] = as_array(ids, count, same[i]);
    snprintf(counted, sizeof counted, "%zu", count);
    run(PQexec(connection, "BEGIN"), connection);
    copy_events(connection, ids, count);
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        const char *const *values = i == 2 ? (const char *const[]){counted} : (const char *const *)columns;
        run(PQexecPrepared(connection, statements[i][0], i == 0 ? TARGET_PARAMETERS : 1, values, NULL, NULL,
                           0),
            connection);
    }
    run(PQexec(connection, "COMMIT"), connection);
    for (int i = 0; i < TARGET_PARAMETERS; i++)
        free(columns[i]);
}
