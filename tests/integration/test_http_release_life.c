/* Releases over HTTP after their upload: the current one of a ptype, and deletion. */
#include "release_form.h"

#include <pthread.h>

/* --- a transaction of another client, and a request that has to wait for it --- */

struct attempt {
    const char *version;
    struct reply reply;
    pthread_t thread;
};

static void begin_attempt(struct attempt *attempt, void *(*run)(void *))
{
    assert_int_equal(pthread_create(&attempt->thread, NULL, run, attempt), 0);
}

static void end_attempt(const struct attempt *attempt)
{
    assert_int_equal(pthread_join(attempt->thread, NULL), 0);
}

static struct store *hold(const char *sql)
{
    struct error error = {0};
    struct store *store = store_create(database, "other");
    if (store_begin(store, &error) != STATUS_OK || store_run_script(store, sql, &error) != STATUS_OK)
        fail_msg("%s", error.message);
    return store;
}

static void let_go(struct store *store)
{
    struct error error = {0};
    assert_int_equal(store_commit(store, &error), STATUS_OK);
    store_destroy(store);
}

static void wait_for_blocked(int clients)
{
    for (int i = 0; i < 500; i++) {
        if (count("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                  "wait_event_type = 'Lock'") == clients)
            return;
        usleep(10000);
    }
    fail_msg("%d clients should wait for a lock", clients);
}

/* --- the current release --- */

static void one_release_a_ptype_is_current(void **state)
{
    (void)state;
    make_catalogue();
    expect_upload("v2.0.0" PTYPE "(a)", 90);
    expect_error(set_current(viewer, "v2.0.0" PTYPE "(a)", ""), 403, "denied", "");
    expect_error(set_current(NULL, "v2.0.0" PTYPE "(a)", ""), 401, "unauthenticated", "");
    expect_error(set_current(operator_, "v9.9.9" PTYPE "(a)", ""), 404, "not_found", "version");
    expect_error(set_current(operator_, "rubbish", ""), 404, "not_found", "version");
    expect_error(set_current(operator_, "v2.0.0" PTYPE "(a)", "{\"colour\":1}"), 400, "invalid", "colour");
    expect(set_current(operator_, "v1.1.0." PTYPE "(a)", ""), 200, "\"version\":\"v1.1.0t45772(a)\"");
    expect(set_current(operator_, "v2.0.0" PTYPE "(a)", "{\"reason\":\"tested\"}"), 200, "\"changed\":true");
    struct reply reply = get("/v1/audit?limit=1");
    assert_non_null(strstr(reply.body, "\"set_current_firmware\""));
    assert_non_null(strstr(reply.body, "\"reason\" : \"tested\""));
    expect(reply, 200, "\"previous\": \"v1.1.0t45772(a)\"");
    long long audited = count("SELECT count(*) FROM audit");
    expect(set_current(operator_, "v2.0.0" PTYPE "(a)", ""), 200, "\"changed\":false");
    assert_int_equal(count("SELECT count(*) FROM audit"), audited);
    expect(get("/v1/firmware/v2.0.0" PTYPE "(a)"), 200, "\"current\" : true");
    expect(get("/v1/firmware/v1.1.0" PTYPE "(a)"), 200, "\"current\" : false");
    assert_int_equal(count("SELECT count(*) FROM firmware WHERE is_current"), 1);

    /* of another ptype at the same time, set by its upload */
    expect(post("/v1/products", admin, "{\"products\":[{\"name\":\"plug\",\"ptype\":12335}]}"), 201, "1");
    begin("b0.1.0t12335(o)");
    text("current", "true");
    images(91);
    expect(upload(), 201, "\"current\" : true");
    assert_int_equal(count("SELECT count(*) FROM firmware WHERE is_current"), 2);
    /* a refused upload changes nothing */
    begin("b0.2.0t12335(o)");
    text("current", "true");
    expect_error(upload(), 400, "invalid", "user1.bin");
    expect(get("/v1/firmware/b0.1.0t12335(o)"), 200, "\"current\" : true");
}

static void a_device_shows_what_it_could_be_upgraded_to(void **state)
{
    (void)state;
    static const struct {
        const char *runs, *current;
        bool offered;
    } cases[] = {
        {"v1.0.5t777(a)", "v1.1.0t777(a)", true},  {"v1.1.0t777(a)", "v1.1.0t777(a)", false},
        {"b1.1.0t777(o)", "v1.1.0t777(a)", true}, /* a beta comes before its release */
        {"v1.2.0t777(a)", "v1.1.0t777(a)", false}, {"v1.0.5t777(l)", "v1.1.0t777(a)", false},
        {"v1.0.5t777(n)", "v1.1.0t777(a)", false}, {NULL, "v1.1.0t777(a)", false},
        {"v1.0.5t777(a)", "v1.2.0t777(l)", false}, {"v1.0.5t777(a)", "v1.3.0t777(o)", true},
    };
    make_catalogue();
    expect(post("/v1/products", admin, "{\"products\":[{\"name\":\"bell\",\"ptype\":777}]}"), 201, "1");
    expect_upload("v1.1.0t777(a)", 100);
    expect_upload("v1.2.0t777(l)", 100);
    expect_upload("v1.3.0t777(o)", 100);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char body[256];
        char path[64];
        char wanted[64] = "\"upgrade_to\" : null";
        snprintf(body, sizeof body, "{\"devices\":[{\"id\":\"bell-%zu\",\"ptype\":777%s%s%s}]}", i,
                 cases[i].runs == NULL ? "" : ",\"version\":\"", cases[i].runs == NULL ? "" : cases[i].runs,
                 cases[i].runs == NULL ? "" : "\"");
        snprintf(path, sizeof path, "/v1/devices/bell-%zu", i);
        expect(post("/v1/devices", operator_, body), 201, "1");
        if (i == 0)
            expect(get(path), 200, wanted); /* none is current yet */
        if (cases[i].offered)
            snprintf(wanted, sizeof wanted, "\"upgrade_to\" : \"%s\"", cases[i].current);
        expect(set_current(operator_, cases[i].current, ""), 200, "changed");
        expect(get(path), 200, wanted);
    }
}

static void *make_current(void *context)
{
    struct attempt *attempt = context;
    attempt->reply = set_current(operator_, attempt->version, "");
    return NULL;
}

static void two_at_once_leave_one_current(void **state)
{
    (void)state;
    static struct attempt first = {.version = "v2.1.0" PTYPE "(a)"};
    static struct attempt second = {.version = "v2.2.0" PTYPE "(a)"};
    make_catalogue();
    expect_upload(first.version, 92);
    expect_upload(second.version, 93);
    expect(set_current(operator_, "v1.1.0" PTYPE "(a)", ""), 200, "changed");
    struct store *store = hold("SELECT FROM firmware WHERE is_current AND ptype = 45772 FOR UPDATE");
    /* of one server, two requests may fall to the same thread */
    struct http_server *of_first = server;
    struct http_server *of_second;
    struct http_options options = options_of_test();
    struct error error = {0};
    assert_int_equal(http_server_start(&options, &of_second, &error), STATUS_OK);
    begin_attempt(&first, make_current);
    wait_for_blocked(1);
    server = of_second;
    begin_attempt(&second, make_current);
    wait_for_blocked(2);
    let_go(store);
    end_attempt(&first);
    end_attempt(&second);
    http_server_stop(of_second);
    server = of_first;
    expect(first.reply, 200, "\"changed\":true");
    expect(second.reply, 200, "\"changed\":true");
    assert_int_equal(count("SELECT count(*) FROM firmware WHERE is_current AND ptype = 45772"), 1);
}

/* --- deletion --- */

static void a_release_that_nothing_uses_is_deleted_with_its_bytes(void **state)
{
    (void)state;
    char own[128];
    char shared[128];
    make_catalogue();
    expect_upload("v3.0.0" PTYPE "(a)", 110);
    begin("v3.1.0" PTYPE "(a)");
    images(110); /* the very same images, and a file of its own */
    file("map.txt", "only here", 9);
    expect(upload(), 201, "map.txt");
    char *sha = services_query(database, "SELECT sha256 FROM firmware_files WHERE name = 'map.txt'");
    snprintf(own, sizeof own, "/v1/images/%s", sha);
    free(sha);
    sha = services_query(database, "SELECT sha256 FROM images JOIN firmware USING (firmware_id) "
                                   "WHERE version_order = '300v' AND slot = 1");
    snprintf(shared, sizeof shared, "/v1/images/%s", sha);
    free(sha);
    struct reply reply = get(own); /* now it is in the cache too */
    assert_int_equal(reply.code, 200);
    free(reply.body);
    long long bytes = count("SELECT count(*) FROM image_bytes");

    expect_error(delete_as(viewer, "v3.1.0" PTYPE "(a)"), 403, "denied", "");
    expect_error(delete_as(NULL, "v3.1.0" PTYPE "(a)"), 401, "unauthenticated", "");
    expect_error(delete_as(operator_, "rubbish"), 404, "not_found", "version");
    expect(delete_as(operator_, "v3.1.0." PTYPE "(a)"), 200, "\"version\":\"v3.1.0t45772(a)\"");
    expect_error(delete_as(operator_, "v3.1.0" PTYPE "(a)"), 404, "not_found", "version");
    expect_error(get("/v1/firmware/v3.1.0" PTYPE "(a)"), 404, "not_found", "");
    expect_error(get(own), 404, "not_found", "sha256");
    assert_int_equal(count("SELECT count(*) FROM image_bytes"), bytes - 1);
    reply = get(shared);
    assert_int_equal(reply.code, 200);
    free(reply.body);
    reply = get("/v1/audit?limit=1");
    assert_non_null(strstr(reply.body, "\"delete_firmware\""));
    expect(reply, 200, "\"object\" : \"v3.1.0t45772(a)\"");
    /* its place is free again */
    expect_upload("v3.1.0" PTYPE "(a)", 111);
    expect(delete_as(operator_, "v3.0.0" PTYPE "(a)"), 200, "\"changed\":true");
    expect_error(get(shared), 404, "not_found", "sha256");
}

#define CAMPAIGN(name) "{\"name\":\"" name "\",\"firmware\":\"v4.0.0t45772(a)\",\"policy\":{\"name\":\"p\"}}"

static void what_is_used_is_not_deleted(void **state)
{
    (void)state;
    static const char version[] = "v4.0.0" PTYPE "(a)";
    make_catalogue();
    expect_upload(version, 120);
    expect(set_current(operator_, version, ""), 200, "\"changed\":true");
    struct reply reply = delete_as(operator_, version);
    assert_non_null(strstr(reply.body, "it is the current release of ptype 45772"));
    expect_error(reply, 409, "conflict", "version");
    /* a draft is enough; three are named */
    expect(post("/v1/campaigns", operator_, CAMPAIGN("spring")), 201, "draft");
    expect(post("/v1/campaigns", operator_, CAMPAIGN("summer")), 201, "draft");
    expect(post("/v1/campaigns", operator_, CAMPAIGN("autumn")), 201, "draft");
    expect(delete_as(operator_, version), 409, "campaigns have it: spring, summer, autumn\"");
    expect(post("/v1/campaigns", operator_, CAMPAIGN("winter")), 201, "draft");
    expect(set_current(operator_, "v1.1.0" PTYPE "(a)", ""), 200, "\"changed\":true");
    expect(delete_as(operator_, version), 409,
           "cannot be deleted: campaigns have it: spring, summer, autumn and 1 more\"");
    /* a device runs it */
    expect_upload("v4.1.0" PTYPE "(a)", 121);
    expect(post("/v1/devices", operator_,
                "{\"devices\":[{\"id\":\"runs-it\",\"ptype\":45772,\"version\":\"v4.1.0t45772(a)\"}]}"),
           201, "1");
    expect(delete_as(operator_, "v4.1.0" PTYPE "(a)"), 409, "cannot be deleted: 1 device runs it\"");
    /* a campaign took a device from it, and may take it back */
    free(services_query(database, "UPDATE devices SET version = 'v4.2.0t45772(a)', version_order = '420v' "
                                  "WHERE device_id = 'runs-it'"));
    free(services_query(database, "INSERT INTO waves (campaign_id, wave, name, members, pending) "
                                  "SELECT campaign_id, 0, 'all', 0, 0 FROM campaigns WHERE name = 'spring'"));
    free(services_query(
        database, "INSERT INTO targets (campaign_id, device_id, wave, position, from_version, to_version) "
                  "SELECT campaign_id, 'runs-it', 0, 1, 'v4.1.0t45772(a)', 'v9.9.9t45772(a)' "
                  "FROM campaigns WHERE name = 'spring'"));
    expect(delete_as(operator_, "v4.1.0" PTYPE "(a)"), 409, "cannot be deleted: campaigns have it: spring\"");
    assert_int_equal(count("SELECT count(*) FROM firmware WHERE version_order IN ('400v', '410v')"), 2);
    assert_int_equal(
        count("SELECT count(*) FROM audit WHERE action = 'delete_firmware' AND object LIKE 'v4%'"), 0);
    /* nothing changes a release: no such method, no such path */
    reply = request("PUT", "/v1/firmware/v4.1.0" PTYPE "(a)", operator_, "", "{}", 2);
    assert_string_equal(header(&reply, "Allow"), "GET, HEAD, DELETE");
    expect_error(reply, 405, "invalid", "");
    expect_upload("v4.3.0" PTYPE "(a)", 122);
    expect(upload_as(operator_, "v4.3.0" PTYPE "(a)", 123, 1), 409, "exists already");
}

static void *create_campaign(void *context)
{
    struct attempt *attempt = context;
    attempt->reply = post("/v1/campaigns", operator_,
                          "{\"name\":\"late\",\"firmware\":\"v5.0.0t45772(a)\",\"policy\":{\"name\":\"p\"}}");
    return NULL;
}

static void *delete_release(void *context)
{
    struct attempt *attempt = context;
    attempt->reply = delete_as(operator_, attempt->version);
    return NULL;
}

static void a_campaign_of_a_release_that_is_being_deleted_is_refused(void **state)
{
    (void)state;
    struct attempt attempt = {0};
    make_catalogue();
    expect_upload("v5.0.0" PTYPE "(a)", 130);
    struct store *store = hold(
        "DELETE FROM images USING firmware f WHERE images.firmware_id = f.firmware_id AND f.version_order = '500v';"
        "DELETE FROM firmware WHERE version_order = '500v'");
    begin_attempt(&attempt, create_campaign);
    wait_for_blocked(1);
    let_go(store);
    end_attempt(&attempt);
    expect_error(attempt.reply, 404, "not_found", "firmware");
}

static void a_release_that_a_campaign_is_being_made_of_is_kept(void **state)
{
    (void)state;
    struct attempt attempt = {.version = "v5.1.0" PTYPE "(a)"};
    make_catalogue();
    expect_upload(attempt.version, 131);
    struct store *store = hold("INSERT INTO campaigns (name, firmware_id, ptype, policy, seed, created_by) "
                               "SELECT 'early', firmware_id, ptype, '{}', 1, 'x' FROM firmware "
                               "WHERE version_order = '510v'");
    begin_attempt(&attempt, delete_release);
    wait_for_blocked(1);
    let_go(store);
    end_attempt(&attempt);
    expect(attempt.reply, 409, "campaigns have it: early");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_release_a_ptype_is_current),
        cmocka_unit_test(a_device_shows_what_it_could_be_upgraded_to),
        cmocka_unit_test(two_at_once_leave_one_current),
        cmocka_unit_test(a_release_that_nothing_uses_is_deleted_with_its_bytes),
        cmocka_unit_test(what_is_used_is_not_deleted),
        cmocka_unit_test(a_campaign_of_a_release_that_is_being_deleted_is_refused),
        cmocka_unit_test(a_release_that_a_campaign_is_being_made_of_is_kept),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
