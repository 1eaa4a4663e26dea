/* The harness itself: services that are real, fresh and gone at the end; and the broker's access rules. */
#include <mosquitto.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "migrate.h"
#include "services.h"

static void a_database_is_migrated_and_empty(void **state)
{
    (void)state;
    char url[256];
    struct error error = {0};
    services_new_database(url);
    assert_int_equal(services_query_integer(url, "SELECT count(*) FROM ops.campaign_progress"), 0);
    struct store *store = store_create(url, "test");
    assert_int_equal(migrate_check(store, &error), STATUS_OK);
    store_destroy(store);
}

static void databases_do_not_see_each_other(void **state)
{
    (void)state;
    char first[256], second[256];
    services_new_database(first);
    services_new_database(second);
    assert_null(services_query(first, "CREATE TABLE mark (number int)"));
    char *there = services_query(first, "SELECT to_regclass('mark')::text");
    assert_string_equal(there, "mark");
    free(there);
    assert_null(services_query(second, "SELECT to_regclass('mark')::text"));
}

static void a_killed_server_comes_back_with_its_data(void **state)
{
    (void)state;
    char url[256];
    services_new_database(url);
    free(services_query(url, "CREATE TABLE mark AS SELECT 7 AS number"));

    services_kill("postgres");
    services_kill("mosquitto");
    services_revive();
    assert_int_equal(services_query_integer(url, "SELECT number FROM mark"), 7);
}

/* --- the broker's access rules ---------------------------------------------------------------------- */

struct listener {
    char heard[512]; /* "topic payload;" of each message */
};

static void on_message(struct mosquitto *client, void *context, const struct mosquitto_message *message)
{
    (void)client;
    struct listener *listener = context;
    size_t used = strlen(listener->heard);
    snprintf(listener->heard + used, sizeof listener->heard - used, "%s %.*s;", message->topic,
             message->payloadlen, (const char *)message->payload);
}

static struct mosquitto *connect_as(const char *id, const char *user, struct listener *listener)
{
    const struct services *services = services_start();
    struct mosquitto *client = mosquitto_new(id, true, listener);
    assert_non_null(client);
    mosquitto_message_callback_set(client, on_message);
    if (user != NULL)
        assert_int_equal(mosquitto_username_pw_set(client, user, NULL), MOSQ_ERR_SUCCESS);
    assert_int_equal(mosquitto_connect(client, services->mqtt_host, services->mqtt_port, 60),
                     MOSQ_ERR_SUCCESS);
    return client;
}

static void run_for(struct mosquitto *const *clients, size_t count, int rounds)
{
    for (int round = 0; round < rounds; round++) {
        for (size_t i = 0; i < count; i++)
            if (mosquitto_loop(clients[i], 5, 1) != MOSQ_ERR_SUCCESS)
                fail_msg("client %zu lost the broker in round %d", i, round);
    }
}

static void say(struct mosquitto *client, const char *topic, const char *text)
{
    assert_int_equal(mosquitto_publish(client, NULL, topic, (int)strlen(text), text, 1, false),
                     MOSQ_ERR_SUCCESS);
}

/* Publishes what must not get through. mosquitto may end the connection for it, so it has one of its own. */
static void forge(const char *user, const char *topic)
{
    struct listener listener = {0};
    struct mosquitto *client = connect_as("forger", user, &listener);
    run_for(&client, 1, 5);
    say(client, topic, "forged");
    for (int round = 0; round < 20; round++) {
        if (mosquitto_loop(client, 5, 1) != MOSQ_ERR_SUCCESS)
            break;
    }
    mosquitto_destroy(client);
}

static void a_device_reaches_its_own_topics_only(void **state)
{
    (void)state;
    enum { ORCHESTRATOR, LAMP_1, LAMP_2, NOBODY, COUNT };
    static const char *const users[COUNT] = {"orchestrator", "lamp-1", "lamp-2", NULL};
    static const char *const filters[COUNT] = {"$share/orchestrators/fota/v1/+/report",
                                               "fota/v1/lamp-1/command", "fota/v1/#", "fota/v1/#"};
    struct listener listeners[COUNT] = {0};
    struct mosquitto *clients[COUNT];
    for (int i = 0; i < COUNT; i++)
        clients[i] = connect_as(users[i] == NULL ? "nobody" : users[i], users[i], &listeners[i]);
    run_for(clients, COUNT, 10);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(mosquitto_subscribe(clients[i], NULL, filters[i], 1), MOSQ_ERR_SUCCESS);
    run_for(clients, COUNT, 10);
    forge("lamp-1", "fota/v1/lamp-2/report");
    forge("lamp-1", "fota/v1/lamp-2/presence");
    forge("lamp-1", "fota/v1/lamp-1/command");
    forge("lamp-1", "fota/v1/lamp-2/command");
    forge(NULL, "fota/v1/lamp-1/report");
    say(clients[LAMP_1], "fota/v1/lamp-1/report", "own report");
    say(clients[ORCHESTRATOR], "fota/v1/lamp-1/command", "command");
    run_for(clients, COUNT, 40);
    assert_string_equal(listeners[ORCHESTRATOR].heard, "fota/v1/lamp-1/report own report;");
    assert_string_equal(listeners[LAMP_1].heard, "fota/v1/lamp-1/command command;");
    assert_string_equal(listeners[LAMP_2].heard, "");
    assert_string_equal(listeners[NOBODY].heard, "");
    for (int i = 0; i < COUNT; i++) {
        mosquitto_disconnect(clients[i]);
        mosquitto_destroy(clients[i]);
    }
}

/* --- the end ---------------------------------------------------------------------------------------- */

/* Another process of this program starts services of its own, says where, and is killed. */
static void nothing_is_left_after_kill_9(void **state)
{
    (void)state;
    char line[256] = "", program[256] = "";
    assert_true(readlink("/proc/self/exe", program, sizeof program - 1) > 0);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        execl(program, program, "--serve", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    FILE *output = fdopen(ends[0], "r");
    assert_non_null(output);
    assert_non_null(fgets(line, sizeof line, output));
    line[strcspn(line, "\n")] = '\0';
    assert_int_equal(access(line, F_OK), 0);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    for (int tries = 0; tries < 200 && access(line, F_OK) == 0; tries++)
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    fclose(output);
    assert_int_not_equal(access(line, F_OK), 0);
}

static int serve(void)
{
    puts(services_start()->directory);
    fflush(stdout);
    pause();
    return 0;
}

int main(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], "--serve") == 0)
        return serve();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_database_is_migrated_and_empty),
        cmocka_unit_test(databases_do_not_see_each_other),
        cmocka_unit_test(a_device_reaches_its_own_topics_only),
        cmocka_unit_test(a_killed_server_comes_back_with_its_data),
        cmocka_unit_test(nothing_is_left_after_kill_9),
    };
    mosquitto_lib_init();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    mosquitto_lib_cleanup();
    return failed;
}
