/* Keys of devices: made when a device is registered, shown once, replaced and revoked; who calls is told by
 * its key. */
#include "http_fixture.h"

#include "device_key.h"

#define GIVEN "0123456789ABCDEF0123456789abcdef01234567"

/* The text of a member of an answer; in JSON from jansson and from PostgreSQL alike. */
static void member(const struct reply *reply, const char *name, char value[64])
{
    char start[32];
    snprintf(start, sizeof start, "\"%s\"", name);
    const char *at = strstr(reply->body, start);
    assert_non_null(at);
    assert_int_equal(sscanf(at + strlen(start), " : \"%63[^\"]", value), 1);
}

static void register_device(const char *members, char key[64])
{
    char body[512];
    snprintf(body, sizeof body, "{\"devices\":[{%s,\"ptype\":45772}]}", members);
    struct reply reply = post("/v1/devices", operator_, body);
    assert_string_equal(header(&reply, "Cache-Control"), "no-store");
    if (key != NULL)
        member(&reply, "key", key);
    expect(reply, 201, "{\"registered\":1,");
}

static enum status find(const char *text, struct device_key *key)
{
    struct error error;
    struct store *store = store_create(database, "test");
    enum status status = operate_device_key_find(store, text, key, &error);
    if (status != STATUS_OK)
        assert_string_equal(error.field, "Authorization");
    store_destroy(store);
    return status;
}

static void assert_key_of(const char *text, const char *device, enum device_key_kind kind)
{
    struct device_key key;
    assert_int_equal(find(text, &key), STATUS_OK);
    assert_string_equal(key.device, device);
    assert_int_equal(key.kind, kind);
}

static void assert_unknown(const char *text)
{
    struct device_key key;
    assert_int_equal(find(text, &key), STATUS_UNAUTHENTICATED);
}

static void every_device_gets_a_key_of_its_own(void **state)
{
    (void)state;
    char first[64], second[64];
    make_catalogue();
    register_device("\"id\":\"k1\"", first);
    register_device("\"id\":\"k2\"", second);
    assert_int_equal(strlen(first), DEVICE_KEY_DIGITS);
    assert_int_equal(strspn(first, "0123456789abcdef"), DEVICE_KEY_DIGITS);
    assert_string_not_equal(first, second);
    assert_key_of(first, "k1", DEVICE_KEY_MASTER);
    assert_key_of(second, "k2", DEVICE_KEY_MASTER);
    assert_int_equal(services_query_integer(database, "SELECT count(*) FROM devices"),
                     services_query_integer(database, "SELECT count(*) FROM device_keys"));
}

static void only_the_hash_of_a_key_is_kept(void **state)
{
    (void)state;
    char key[64];
    char query[512];
    register_device("\"id\":\"k3\"", key);
    snprintf(query, sizeof query,
             "SELECT count(*) FROM device_keys WHERE key_sha256 = encode(sha256('%s'), 'hex')", key);
    assert_int_equal(services_query_integer(database, query), 1);
    snprintf(query, sizeof query,
             "SELECT count(*) FROM device_keys k, audit a WHERE (k::text || a::text) LIKE '%%%s%%'", key);
    assert_int_equal(services_query_integer(database, query), 0);
    struct reply reply = get("/v1/devices/k3");
    assert_null(strstr(reply.body, key));
    free(reply.body);
}

static void a_key_that_a_device_has_already_is_taken_over(void **state)
{
    (void)state;
    struct reply reply = post("/v1/devices", operator_,
                              "{\"devices\":[{\"id\":\"k4\",\"ptype\":45772,\"key\":\"" GIVEN "\"}]}");
    assert_null(strstr(reply.body, GIVEN));
    expect(reply, 201, "{\"registered\":1,\"devices\":[]}");
    assert_key_of(GIVEN, "k4", DEVICE_KEY_MASTER);
    assert_key_of("0123456789abcdef0123456789abcdef01234567", "k4", DEVICE_KEY_MASTER);
}

static void bad_keys_and_those_of_others_are_refused(void **state)
{
    (void)state;
    static const char good[] = "00000000000000000000000000000000000000aa";
    char body[512];
    const struct {
        const char *first, *second;
        int code;
        const char *field;
    } cases[] = {
        {good, "0123", 400, "devices[1].key"},
        {good, "", 400, "devices[1].key"},
        {"00000000000000000000000000000000000000aaa", good, 400, "devices[0].key"},
        {"00000000000000000000000000000000000000ag", good, 400, "devices[0].key"},
        {good, GIVEN, 409, "devices[1].key"},
        {good, "00000000000000000000000000000000000000AA", 409, "devices[1].key"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(body, sizeof body,
                 "{\"devices\":[{\"id\":\"x1\",\"ptype\":45772,\"key\":\"%s\"},"
                 "{\"id\":\"x2\",\"ptype\":45772,\"key\":\"%s\"}]}",
                 cases[i].first, cases[i].second);
        expect_error(post("/v1/devices", operator_, body), cases[i].code,
                     cases[i].code == 400 ? "invalid" : "conflict", cases[i].field);
    }
    assert_int_equal(
        services_query_integer(database, "SELECT count(*) FROM devices WHERE device_id LIKE 'x%'"), 0);
}

static void a_new_key_replaces_the_old_one_at_once(void **state)
{
    (void)state;
    char old[64], new[64], owner[64];
    register_device("\"id\":\"k5\"", old);
    struct reply reply = post("/v1/devices/k5/key?kind=owner", operator_, "");
    member(&reply, "key", owner);
    expect(reply, 201, "\"kind\":\"owner\"");
    reply = post("/v1/devices/k5/key", operator_, "{\"reason\":\"board changed\"}");
    assert_string_equal(header(&reply, "Cache-Control"), "no-store");
    member(&reply, "key", new);
    expect(reply, 201, "\"id\":\"k5\"");
    assert_unknown(old);
    assert_key_of(new, "k5", DEVICE_KEY_MASTER);
    assert_key_of(owner, "k5", DEVICE_KEY_OWNER);
    reply = get("/v1/audit?limit=1");
    assert_non_null(strstr(reply.body, "\"issue_device_key\""));
    assert_non_null(strstr(reply.body, "\"kind\": \"master\""));
    assert_null(strstr(reply.body, new));
    expect(reply, 200, "board changed");
    /* what was a key once is nobody's ever after */
    char body[256];
    snprintf(body, sizeof body, "{\"devices\":[{\"id\":\"x3\",\"ptype\":45772,\"key\":\"%s\"}]}", old);
    expect_error(post("/v1/devices", operator_, body), 409, "conflict", "devices[0].key");
}

static void a_revoked_key_is_unknown(void **state)
{
    (void)state;
    char key[64];
    register_device("\"id\":\"k6\"", key);
    expect(request("DELETE", "/v1/devices/k6/key", operator_, "", NULL, 0), 200,
           "{\"id\":\"k6\",\"kind\":\"master\"}");
    assert_unknown(key);
    expect_error(request("DELETE", "/v1/devices/k6/key", operator_, "", NULL, 0), 404, "not_found", "");
    expect_error(request("DELETE", "/v1/devices/k6/key?kind=owner", operator_, "", NULL, 0), 404, "not_found",
                 "");
    assert_unknown("");
    assert_unknown("0000000000000000000000000000000000000000");
}

/* The file is what flash-map build takes as master_device_key.bin, and is named like the key. */
static void a_key_comes_as_a_file(void **state)
{
    (void)state;
    char wanted[128];
    struct reply reply = post("/v1/devices/k6/key.bin", operator_, "");
    assert_int_equal(reply.code, 201);
    assert_int_equal(reply.length, DEVICE_KEY_DIGITS);
    assert_string_equal(header(&reply, "Content-Type"), "application/octet-stream");
    snprintf(wanted, sizeof wanted, "attachment; filename=\"%s.bin\"", reply.body);
    assert_string_equal(header(&reply, "Content-Disposition"), wanted);
    assert_key_of(reply.body, "k6", DEVICE_KEY_MASTER);
    free(reply.body);
    expect_error(post("/v1/devices/nobody/key.bin", operator_, ""), 404, "not_found", "");
}

static void bad_key_requests_are_refused(void **state)
{
    (void)state;
    long long keys = services_query_integer(database, "SELECT count(*) FROM device_keys");
    expect_error(post("/v1/devices/nobody/key", operator_, ""), 404, "not_found", "");
    expect_error(post("/v1/devices/k1/key?kind=spare", operator_, ""), 400, "invalid", "kind");
    expect_error(post("/v1/devices/k1/key.bin?kind=owner", operator_, ""), 400, "invalid", "kind");
    expect_error(post("/v1/devices/k1/key", operator_, "{\"kind\":\"owner\"}"), 400, "invalid", "kind");
    expect_error(post("/v1/devices/k1/key", viewer, ""), 403, "denied", "");
    expect_error(request("DELETE", "/v1/devices/k1/key", viewer, "", NULL, 0), 403, "denied", "");
    assert_int_equal(services_query_integer(database, "SELECT count(*) FROM device_keys"), keys);
}

/* The owner's key is used by somebody else than the device. */
static void only_the_devices_own_key_is_a_sign_of_life(void **state)
{
    (void)state;
    static const char alive[] =
        "SELECT count(*) FROM devices JOIN presence USING (device_id) WHERE device_id = 'k7' "
        "AND activated_at IS NOT NULL AND last_seen IS NOT NULL AND NOT online";
    char key[64], owner[64];
    register_device("\"id\":\"k7\"", key);
    struct reply reply = post("/v1/devices/k7/key?kind=owner", operator_, "");
    member(&reply, "key", owner);
    free(reply.body);
    assert_key_of(owner, "k7", DEVICE_KEY_OWNER);
    assert_int_equal(services_query_integer(database, alive), 0);
    assert_key_of(key, "k7", DEVICE_KEY_MASTER);
    assert_int_equal(services_query_integer(database, alive), 1);
}

static void flash_maps_are_checked_and_stored(void **state)
{
    (void)state;
    const struct {
        const char *members, *field;
    } bad[] = {
        {"\"flash_kb\":4096", "devices[0].flash_map"}, /* it has several */
        {"\"flash_kb\":512,\"flash_map\":\"512+512\"", "devices[0].flash_map"},
        {"\"flash_kb\":1000", "devices[0].flash_kb"},
        {"\"flash_kb\":0", "devices[0].flash_kb"},
        {"\"flash_kb\":4294967808", "devices[0].flash_kb"},
        {"\"flash_map\":\"512+512\"", "devices[0].flash_kb"},
        {"\"flash_kb\":\"512\"", "devices[0].flash_kb"},
    };
    char body[256];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(body, sizeof body, "{\"devices\":[{\"id\":\"x4\",\"ptype\":45772,%s}]}", bad[i].members);
        expect_error(post("/v1/devices", operator_, body), 400, "invalid", bad[i].field);
    }
    register_device("\"id\":\"k8\",\"flash_kb\":4096,\"flash_map\":\"1024+1024\"", NULL);
    register_device("\"id\":\"k9\",\"flash_kb\":512", NULL);
    assert_int_equal(services_query_integer(
                         database, "SELECT count(*) FROM devices WHERE (device_id, flash_kb, flash_map, "
                                   "image_max) IN (('k8', 4096, '1024+1024', 917504), ('k9', 512, "
                                   "'256+256', 176128))"),
                     2);
    assert_int_equal(services_query_integer(database,
                                            "SELECT count(*) FROM devices WHERE device_id = 'k1' AND "
                                            "flash_kb IS NULL AND flash_map IS NULL AND image_max IS NULL"),
                     1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_device_gets_a_key_of_its_own),
        cmocka_unit_test(only_the_hash_of_a_key_is_kept),
        cmocka_unit_test(a_key_that_a_device_has_already_is_taken_over),
        cmocka_unit_test(bad_keys_and_those_of_others_are_refused),
        cmocka_unit_test(a_new_key_replaces_the_old_one_at_once),
        cmocka_unit_test(a_revoked_key_is_unknown),
        cmocka_unit_test(a_key_comes_as_a_file),
        cmocka_unit_test(bad_key_requests_are_refused),
        cmocka_unit_test(only_the_devices_own_key_is_a_sign_of_life),
        cmocka_unit_test(flash_maps_are_checked_and_stored),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
