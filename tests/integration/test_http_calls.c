/* Calls to one device over HTTP: what is answered, when, and who may call. The test is the device: it writes
 * into the database what the ticker and ingest would. */
#include "http_fixture.h"

#include <sys/resource.h>

#include "device_key.h"

enum { CALLS = 500 };

static void sql(const char *text)
{
    free(services_query(database, text));
}

static void put_online(const char *device)
{
    char text[256];
    make_catalogue();
    snprintf(text, sizeof text,
             "INSERT INTO presence (device_id, online) VALUES ('%s', true) "
             "ON CONFLICT (device_id) DO UPDATE SET online = true RETURNING 1",
             device);
    sql(text);
}

static void pause_briefly(void)
{
    struct timespec pause = {.tv_nsec = 20000000};
    nanosleep(&pause, NULL);
}

static void eventually(long long wanted, const char *query)
{
    for (int i = 0; services_query_integer(database, query) != wanted; i++) {
        if (i == 500)
            fail_msg("never %lld: %s", wanted, query);
        pause_briefly();
    }
}

#define OPEN_CALLS "SELECT count(*) FROM device_calls WHERE answered_at IS NULL AND deadline > now()"

/* Sends a request and leaves it open. `credentials` is what follows "Authorization: ". */
static int begin_call(const char *method, const char *path, const char *credentials)
{
    char head[512];
    int fd = dial();
    int used =
        snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: test\r\nAuthorization: %s\r\n%s\r\n", method,
                 path, credentials, strcmp(method, "POST") == 0 ? "Content-Length: 0\r\n" : "");
    send_all(fd, head, (size_t)used);
    return fd;
}

static struct reply end_call(int fd)
{
    struct reply reply = receive(fd, false);
    close(fd);
    return reply;
}

static const char *as(const char *scheme, const char *token)
{
    static char text[128];
    snprintf(text, sizeof text, "%s %s", scheme, token);
    return text;
}

static int begin_reboot(const char *device, int seconds)
{
    char path[128];
    snprintf(path, sizeof path, "/v1/devices/%s/reboot?wait=%d", device, seconds);
    return begin_call("POST", path, as("Bearer", operator_));
}

static void answer_all(const char *answer)
{
    char text[200];
    snprintf(text, sizeof text,
             "WITH a AS (UPDATE device_calls SET sent_at = now(), answered_at = now(), answer = '%s' "
             "WHERE answered_at IS NULL RETURNING 1) SELECT count(*) FROM a",
             answer);
    sql(text);
}

static void a_call_is_answered_when_the_device_has(void **state)
{
    (void)state;
    put_online("d01");
    int before = atomic_load(&wakes);
    int fd = begin_reboot("d01", 20);
    eventually(1, OPEN_CALLS);
    assert_true(atomic_load(&wakes) > before);
    answer_all("rebooting");
    char *nonce = services_query(database, "SELECT nonce FROM device_calls WHERE device_id = 'd01'");
    char part[160];
    snprintf(part, sizeof part,
             "{\"status\":200,\"nonce\":\"%s\",\"deliver_to_device\":true,\"device\":\"d01\"", nonce);
    expect(end_call(fd), 200, part);
    free(nonce);
    fd = begin_reboot("d01", 20);
    eventually(1, OPEN_CALLS);
    answer_all("busy");
    expect(end_call(fd), 409, "busy with an update; it has not rebooted");
    assert_int_equal(services_query_integer(database,
                                            "SELECT count(*) FROM audit WHERE action = 'reboot_device' "
                                            "AND actor = 'oscar' AND object = 'd01'"),
                     2);
}

static void a_device_that_does_not_answer_is_waited_for_in_vain(void **state)
{
    (void)state;
    put_online("d02");
    int fd = begin_reboot("d02", 1);
    eventually(1, OPEN_CALLS);
    expect_error(end_call(fd), 504, "timeout", "device");
    fd = begin_reboot("d02", 2);
    eventually(1, OPEN_CALLS);
    sql("UPDATE device_calls SET sent_at = now() WHERE sent_at IS NULL RETURNING 1");
    struct reply reply = end_call(fd);
    assert_non_null(strstr(reply.body, "reboot was sent to device d02 (nonce "));
    expect(reply, 504, "which has not answered within 2 s");
}

static void what_cannot_be_is_refused_at_once(void **state)
{
    (void)state;
    put_online("d03");
    sql("UPDATE presence SET online = false WHERE device_id = 'd03' RETURNING 1");
    expect(end_call(begin_reboot("d03", 20)), 409, "device d03 is offline");
    expect_error(end_call(begin_reboot("nobody", 20)), 404, "not_found", "device");
    put_online("d04");
    expect_error(end_call(begin_reboot("d04", 0)), 400, "invalid", "wait");
    expect_error(end_call(begin_reboot("d04", 51)), 400, "invalid", "wait");
    expect_error(post("/v1/devices/d04/reboot", viewer, "{}"), 403, "denied", "");
    expect_error(post("/v1/devices/d04/reboot", operator_, "{\"why\":1}"), 400, "invalid", "why");
    assert_int_equal(
        services_query_integer(database, "SELECT count(*) FROM device_calls WHERE device_id = 'd04'"), 0);
}

static void issue(const char *device, enum device_key_kind kind, char key[DEVICE_KEY_SIZE])
{
    struct error error;
    struct store *store = store_create(database, "test");
    struct actor actor = {.name = "test", .role = ROLE_OPERATOR};
    assert_int_equal(operate_device_key_issue(store, &actor, device, kind, NULL, key, &error), STATUS_OK);
    store_destroy(store);
}

#define RPC "/v1/device/rpc/?deliver_to_device=true&action=sys_reboot"

static void an_owner_calls_the_owner_s_device(void **state)
{
    (void)state;
    char owner[DEVICE_KEY_SIZE], other[DEVICE_KEY_SIZE], master[DEVICE_KEY_SIZE];
    put_online("d05");
    put_online("d06");
    issue("d05", DEVICE_KEY_OWNER, owner);
    issue("d06", DEVICE_KEY_OWNER, other);
    issue("d05", DEVICE_KEY_MASTER, master);
    static const char *const methods[] = {"GET", "POST"};
    for (int i = 0; i < 2; i++) {
        int fd = begin_call(methods[i], RPC, as("token", owner));
        eventually(1, OPEN_CALLS " AND device_id = 'd05'");
        answer_all("rebooting");
        expect(end_call(fd), 200, "\"deliver_to_device\":true,\"device\":\"d05\",\"action\":\"sys_reboot\"");
    }
    int fd = begin_call("GET", RPC "&device=d05&wait=20", as("token", operator_));
    eventually(1, OPEN_CALLS " AND device_id = 'd05'");
    answer_all("rebooting");
    expect(end_call(fd), 200, "\"device\":\"d05\"");

    static const char unknown[] = "0000000000000000000000000000000000000000";
    expect_error(end_call(begin_call("GET", RPC, as("token", unknown))), 401, "unauthenticated",
                 "Authorization");
    expect_error(end_call(begin_call("GET", RPC, as("token", master))), 403, "denied", "Authorization");
    expect_error(end_call(begin_call("GET", RPC "&device=d05", as("token", other))), 403, "denied", "device");
    expect_error(end_call(begin_call("GET", RPC, as("token", operator_))), 400, "invalid", "device");
    expect_error(end_call(begin_call("GET", RPC "&device=d05", as("token", viewer))), 403, "denied", "");
    issue("d05", DEVICE_KEY_OWNER, other); /* the one before is revoked by it */
    expect_error(end_call(begin_call("GET", RPC, as("token", owner))), 401, "unauthenticated",
                 "Authorization");
    const char *key = as("token", other);
    expect_error(end_call(begin_call("GET", "/v1/device/rpc?action=sys_reboot", key)), 400, "invalid",
                 "deliver_to_device");
    expect_error(end_call(begin_call("GET", "/v1/device/rpc?deliver_to_device=true&action=dance", key)), 400,
                 "invalid", "action");
    expect_error(end_call(begin_call("GET", RPC "&version=v1.1.0t45772(a)", key)), 400, "invalid", "version");
    struct reply reply = request("HEAD", RPC, NULL, "Authorization: token x\r\n", NULL, 0);
    assert_int_equal(reply.code, 405);
    free(reply.body);
    assert_int_equal(services_query_integer(database, OPEN_CALLS), 0);
}

/* An id that is too long is none: not the device whose id it begins with. */
static void a_longer_name_is_no_other_device(void **state)
{
    (void)state;
    static const char longest[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    char text[200];
    snprintf(text, sizeof text, "{\"devices\":[{\"id\":\"%s\",\"ptype\":45772}]}", longest);
    expect(post("/v1/devices", operator_, text), 201, "registered");
    put_online(longest);
    snprintf(text, sizeof text, RPC "&device=%sy&wait=1", longest);
    expect_error(end_call(begin_call("GET", text, as("token", operator_))), 404, "not_found", "device");
}

static void an_upgrade_is_acknowledged_when_the_device_has_accepted(void **state)
{
    (void)state;
    char owner[DEVICE_KEY_SIZE];
    put_online("d07");
    issue("d07", DEVICE_KEY_OWNER, owner);
    static const char upgrade[] = "/v1/device/rpc/?deliver_to_device=true&action=sys_upgrade&wait=20";
    expect(end_call(begin_call("GET", upgrade, as("token", owner))), 409, "is current: say which version");
    expect(post("/v1/firmware/v1.1.0t45772(a)/current", operator_, ""), 200, "\"changed\":true");
    int fd = begin_call("GET", upgrade, as("token", owner));
    eventually(1, "SELECT count(*) FROM campaigns WHERE devices = '{d07}' AND created_by = 'owner:d07'");
    /* the ticker's and the device's part */
    sql("INSERT INTO waves (campaign_id, wave, name, members, accepted) SELECT campaign_id, 0, 'all', 1, 1 "
        "FROM campaigns WHERE devices = '{d07}' RETURNING 1");
    sql("INSERT INTO targets (campaign_id, device_id, wave, position, state, attempt, nonce, from_version, to_version, deadline) SELECT "
        "campaign_id, 'd07', 0, 0, 'accepted', 1, '00112233445566aa', 'v1.0.0t45772(a)', 'v1.1.0t45772(a)', now() + interval '1 hour' FROM campaigns WHERE "
        "devices = '{d07}' RETURNING 1");
    struct reply reply = end_call(fd);
    assert_non_null(strstr(reply.body, "\"campaign\":\"upgrade-d07-110-"));
    expect(reply, 200,
           "{\"status\":200,\"nonce\":\"00112233445566aa\",\"deliver_to_device\":true,\"device\":\"d07\","
           "\"action\":\"sys_upgrade\",\"answer\":\"accepted\",\"version\":\"v1.1.0t45772(a)\"");
    expect(end_call(begin_call("GET", upgrade, as("token", owner))), 409, "is in campaign upgrade-d07-110-");
    put_online("d08");
    issue("d08", DEVICE_KEY_OWNER, owner);
    expect(end_call(begin_call(
               "GET", "/v1/device/rpc?deliver_to_device=true&action=sys_upgrade&version=v1.0.0t45772(a)",
               as("token", owner))),
           409, "is not newer");
}

static void five_hundred_calls_hold_up_nobody(void **state)
{
    (void)state;
    static int fds[CALLS];
    put_online("d09");
    for (int i = 0; i < CALLS; i++)
        fds[i] = begin_reboot("d09", 40);
    eventually(CALLS, OPEN_CALLS);
    /* the server has two threads */
    for (int i = 0; i < 20; i++) {
        expect(get("/v1/devices/d09"), 200, "\"d09\"");
        expect(request("GET", "/healthz", NULL, "", NULL, 0), 200, "status");
    }
    for (int i = 0; i < 50; i++)
        close(fds[i]); /* these clients are gone */
    answer_all("rebooting");
    for (int i = 50; i < CALLS; i++)
        expect(end_call(fds[i]), 200, "\"answer\":\"rebooting\"");
    expect(get("/v1/devices/d09"), 200, "\"d09\"");
}

static void whoever_waits_is_answered_when_the_server_stops(void **state)
{
    (void)state;
    struct error error;
    put_online("d10");
    int fds[4];
    for (int i = 0; i < 4; i++)
        fds[i] = begin_reboot("d10", 50);
    eventually(4, OPEN_CALLS);
    close(fds[3]);
    time_t began = time(NULL);
    http_server_stop(server);
    assert_true(time(NULL) - began < 5);
    for (int i = 0; i < 3; i++)
        expect(end_call(fds[i]), 503, "the orchestrator is stopping");
    struct http_options options = options_of_test();
    assert_int_equal(http_server_start(&options, &server, &error), STATUS_OK);
}

/* Each of the calls takes a descriptor here and one in the server, which is this process too. */
static int set_up_with_descriptors(void **state)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return set_up(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_answered_when_the_device_has),
        cmocka_unit_test(a_device_that_does_not_answer_is_waited_for_in_vain),
        cmocka_unit_test(what_cannot_be_is_refused_at_once),
        cmocka_unit_test(an_owner_calls_the_owner_s_device),
        cmocka_unit_test(a_longer_name_is_no_other_device),
        cmocka_unit_test(an_upgrade_is_acknowledged_when_the_device_has_accepted),
        cmocka_unit_test(five_hundred_calls_hold_up_nobody),
        cmocka_unit_test(whoever_waits_is_answered_when_the_server_stops),
    };
    return cmocka_run_group_tests(tests, set_up_with_descriptors, tear_down);
}
