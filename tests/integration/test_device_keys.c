/* Keys of devices: who calls is told by its key. */
#include "http_fixture.h"

#include "device_key.h"

#define MASTER "0123456789abcdef0123456789abcdef01234567"
#define OWNER "ffffffffffffffffffffffffffffffffffffffff"

static void add_key(const char *device, const char *kind, const char *key)
{
    char query[512];
    snprintf(
        query, sizeof query,
        "INSERT INTO device_keys (key_sha256, device_id, kind) VALUES (encode(sha256('%s'), 'hex'), '%s', '%s')",
        key, device, kind);
    free(services_query(database, query));
}

static enum status find(const char *text, struct device_key *key, struct error *error)
{
    struct store *store = store_create(database, "test");
    enum status status = operate_device_key_find(store, text, key, error);
    store_destroy(store);
    return status;
}

static void a_key_says_whose_it_is(void **state)
{
    (void)state;
    struct device_key key;
    struct error error;
    make_catalogue();
    add_key("d01", "master", MASTER);
    add_key("d02", "owner", OWNER);
    assert_int_equal(find(OWNER, &key, &error), STATUS_OK);
    assert_string_equal(key.device, "d02");
    assert_int_equal(key.kind, DEVICE_KEY_OWNER);
    assert_int_equal(find(MASTER, &key, &error), STATUS_OK);
    assert_string_equal(key.device, "d01");
    assert_int_equal(key.kind, DEVICE_KEY_MASTER);
    assert_int_equal(find("", &key, &error), STATUS_UNAUTHENTICATED);
    assert_int_equal(find("0123456789abcdef0123456789abcdef01234568", &key, &error), STATUS_UNAUTHENTICATED);
    free(services_query(database, "UPDATE device_keys SET revoked_at = now() WHERE kind = 'master'"));
    assert_int_equal(find(MASTER, &key, &error), STATUS_UNAUTHENTICATED);
    assert_string_equal(error.field, "Authorization");
}

/* The owner's key is used by somebody else than the device. */
static void only_the_devices_own_key_is_a_sign_of_life(void **state)
{
    (void)state;
    assert_int_equal(
        services_query_integer(database, "SELECT count(*) FROM devices WHERE activated_at IS NOT NULL"), 1);
    assert_int_equal(services_query_integer(
                         database,
                         "SELECT count(*) FROM devices JOIN presence USING (device_id) WHERE device_id = "
                         "'d01' AND activated_at IS NOT NULL AND last_seen IS NOT NULL AND NOT online"),
                     1);
    assert_int_equal(
        services_query_integer(database, "SELECT count(*) FROM presence WHERE last_seen IS NOT NULL"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_says_whose_it_is),
        cmocka_unit_test(only_the_devices_own_key_is_a_sign_of_life),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
