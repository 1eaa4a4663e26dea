#include "services.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "migrate.h"

#define SCRIPT "deploy/local/local.sh"

static struct services services;
static pid_t started_by, watchdog;
static int lifeline = -1; /* held open by this process alone; the watchdog waits for its end */

/* --- the watchdog: stops the services when this process is gone, whether by exit, a signal or kill -9 --- */

__attribute__((noreturn)) static void watch(int pipe_end)
{
    char byte;
    setsid(); /* Ctrl-C is not for it */
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    while (read(pipe_end, &byte, 1) > 0)
        continue;
    int null = open("/dev/null", O_RDWR);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    execl(SCRIPT, SCRIPT, "--state", services.directory, "--remove", "down", (char *)NULL);
    _exit(127);
}

static void end_services(void)
{
    if (getpid() != started_by) /* a child that a test has forked */
        return;
    close(lifeline);
    waitpid(watchdog, NULL, 0);
}

static void start_watchdog(void)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    fflush(NULL);
    watchdog = fork();
    assert_true(watchdog >= 0);
    if (watchdog == 0) {
        close(ends[1]);
        watch(ends[0]);
    }
    close(ends[0]);
    lifeline = ends[1];
    started_by = getpid();
    assert_int_equal(atexit(end_services), 0);
}

/* --- the script ------------------------------------------------------------------------------------- */

/* Runs the script with `arguments` behind the state directory; its output goes to `output` when not NULL. */
static void run_script(const char *arguments, char *output, size_t output_size)
{
    char command[512];
    snprintf(command, sizeof command, SCRIPT " --state %s %s", services.directory, arguments);
    FILE *pipe = popen(command, "re");
    assert_non_null(pipe);
    char text[4096] = "";
    size_t used = 0, got;
    while ((got = fread(text + used, 1, sizeof text - 1 - used, pipe)) > 0)
        used += got;
    text[used] = '\0';
    if (pclose(pipe) != 0)
        fail_msg("%s failed: %s", command, text);
    if (output != NULL)
        snprintf(output, output_size, "%s", text);
}

static void read_value(const char *text, const char *name, char *value, size_t size)
{
    const char *at = strstr(text, name);
    if (at == NULL)
        fail_msg("no %s in the env file", name);
    at += strlen(name);
    snprintf(value, size, "%.*s", (int)strcspn(at, "'"), at);
}

static void read_env(void)
{
    char path[256], text[2048] = "", address[128];
    snprintf(path, sizeof path, "%s/env", services.directory);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    read_value(text, "DATABASE_URL='", services.database_url, sizeof services.database_url);
    read_value(text, "MQTT_URL='", services.mqtt_url, sizeof services.mqtt_url);
    read_value(text, "MQTT_ADDRESS='", address, sizeof address);
    char *colon = strrchr(address, ':');
    assert_non_null(colon);
    snprintf(services.mqtt_host, sizeof services.mqtt_host, "%.*s", (int)(colon - address), address);
    services.mqtt_port = atoi(colon + 1);
}

const struct services *services_start(void)
{
    if (lifeline >= 0)
        return &services;
    if (access(SCRIPT, X_OK) != 0)
        fail_msg("no " SCRIPT " here: tests run in the root of the checkout");
    snprintf(services.directory, sizeof services.directory, "/tmp/fota-test.XXXXXX");
    assert_non_null(mkdtemp(services.directory));
    start_watchdog();
    run_script("--services --fast up", NULL, 0);
    read_env();
    return &services;
}

/* The last database asked stays connected: tests ask many times. */
static PGconn *connection;
static char connected_to[256];

void services_kill(const char *program)
{
    PQfinish(connection);
    connection = NULL;
    char arguments[64], output[64];
    snprintf(arguments, sizeof arguments, "pid %s", program);
    run_script(arguments, output, sizeof output);
    pid_t pid = (pid_t)strtol(output, NULL, 10);
    if (pid <= 0 || kill(pid, SIGKILL) != 0)
        fail_msg("%s does not run", program);
}

void services_revive(void)
{
    run_script("--services --fast up", NULL, 0);
}

/* --- the databases ---------------------------------------------------------------------------------- */

static void connect_to(const char *url)
{
    if (connection != NULL && strcmp(connected_to, url) == 0 && PQstatus(connection) == CONNECTION_OK)
        return;
    PQfinish(connection);
    connection = PQconnectdb(url);
    snprintf(connected_to, sizeof connected_to, "%s", url);
    if (PQstatus(connection) != CONNECTION_OK)
        fail_msg("%s", PQerrorMessage(connection));
}

char *services_query(const char *url, const char *sql)
{
    connect_to(url);
    PGresult *result = PQexec(connection, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(connection));
    char *value = NULL;
    if (PQntuples(result) > 0 && PQnfields(result) > 0 && !PQgetisnull(result, 0, 0))
        value = strdup(PQgetvalue(result, 0, 0));
    PQclear(result);
    return value;
}

long long services_query_integer(const char *url, const char *sql)
{
    char *text = services_query(url, sql);
    if (text == NULL)
        fail_msg("%s: no value", sql);
    char *end;
    long long value = strtoll(text, &end, 10);
    if (*end != '\0')
        fail_msg("%s: %s is not a whole number", sql, text);
    free(text);
    return value;
}

static void url_of(const char *database, char url[256])
{
    const char *base = services_start()->database_url;
    const char *slash = strrchr(base, '/');
    snprintf(url, 256, "%.*s/%s", (int)(slash - base), base, database);
}

/* The migrations run once; each database is then a copy. */
static void make_template(void)
{
    static bool made;
    char url[256];
    struct error error = {0};
    int applied = 0;
    if (made)
        return;
    free(services_query(services_start()->database_url, "CREATE DATABASE fleet_template"));
    url_of("fleet_template", url);
    struct store *store = store_create(url, "test");
    if (migrate(store, migrations_embedded, migrations_embedded_count, &applied, &error) != STATUS_OK)
        fail_msg("migrations: %s", error.message);
    store_destroy(store);
    assert_int_equal(applied, migrations_embedded_count);
    made = true;
}

void services_new_database(char url[256])
{
    static int number;
    char name[32], sql[128];
    make_template();
    snprintf(name, sizeof name, "fleet_%d", ++number);
    snprintf(sql, sizeof sql, "CREATE DATABASE %s TEMPLATE fleet_template", name);
    free(services_query(services_start()->database_url, sql));
    url_of(name, url);
    /* It was served before: nobody has to be asked what runs. */
    free(services_query(
        url, "UPDATE service SET identity = database_identity(), foreign_keys = schema_foreign_keys()"));
}

void services_empty_database(char url[256])
{
    services_new_database(url);
    free(services_query(url, "SET client_min_messages = warning; DROP SCHEMA public CASCADE; DROP SCHEMA ops "
                             "CASCADE; CREATE SCHEMA public"));
}
