/* What the database itself keeps of the rules of versions and products, and how 0009 takes over what was
 * there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine.h"
#include "ingest.h"
#include "migrate.h"
#include "services.h"
#include "tick.h"

static void the_database_keeps_the_rules_of_versions(void **state)
{
    (void)state;
    char url[256];
    services_new_database(url);
    static const char *const insert =
        "INSERT INTO firmware (version, ptype, version_order, fota_class, created_by) VALUES ";
    static const struct {
        const char *values;
        bool allowed;
    } steps[] = {
        {"('v1.0.3t45772(o)', 45772, '103v', 'o', 'x')", true},
        {"('v1.0.3t45772(a)', 45772, '103v', 'a', 'x')", false}, /* one with FOTA */
        {"('b1.0.3t45772(l)', 45772, '103b', 'l', 'x')", false},
        {"('b1.0.3t45772(n)', 45772, '103b', 'n', 'x')", true}, /* and one without */
        {"('v1.0.3t45772(n)', 45772, '103v', 'n', 'x')", false},
        {"('b1.0.3t12335(n)', 12335, '103b', 'n', 'x')", true},  /* other ptypes are free */
        {"('v1.0.4t45772(a)', 45772, '105v', 'a', 'x')", false}, /* the parts must be those of the text */
        {"('x1.0.4t45772(a)', 45772, '104x', 'a', 'x')", false},
        {"('v1.0.6t8(a)', 8, '106v', 'a', 'x')", false}, /* a ptype without products has no releases */
        {"('1.0.6t45772(a)', 45772, '011010016~', 'a', 'x')", false}, /* of another scheme */
        {"('v1.0.6t777(a)', 777, '106v', 'a', 'x')", false},
        {"('1.0.6t777(a)', 777, '011010016~', 'a', 'x')", true},
        {"('1.0.6+b.7t777(o)', 777, '011010016~', 'o', 'x')", false}, /* build metadata does not count */
        {"('1.0.6+b.7t777(n)', 777, '011010016~', 'n', 'x')", true},
        {"('1.0.6-bt777(o)', 777, '011010016-@b,', 'o', 'x')", true}, /* letters of a prerelease do */
        {"('1.0.6-vt777(o)', 777, '011010016-@v,', 'o', 'x')", true},
        {"('1.0.7t778(a)', 777, '011010017~', 'a', 'x')", false}, /* the ptype must be that of the text */
        {"('1.0.7t777(a)', 777, '107v', 'a', 'x')", false},
    };
    free(services_query(url,
                        "INSERT INTO products (name, ptype, version_scheme) VALUES ('lamp', 45772, 'seed'), "
                        "('sensor', 12335, 'seed'), ('bell', 777, 'semver')"));
    struct store *store = store_create(url, "test");
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        char sql[300];
        struct error error;
        snprintf(sql, sizeof sql, "%s%s", insert, steps[i].values);
        assert_int_equal(store_run_script(store, sql, &error),
                         steps[i].allowed ? STATUS_OK : STATUS_CONFLICT);
    }
    store_destroy(store);
}

static void products_of_a_ptype_have_one_scheme(void **state)
{
    (void)state;
    char url[256];
    struct error error;
    services_new_database(url);
    struct store *store = store_create(url, "test");
    free(services_query(url,
                        "INSERT INTO products (name, ptype, version_scheme) VALUES ('bell', 777, 'semver')"));
    static const char *const refused[] = {
        "INSERT INTO products (name, ptype) VALUES ('other', 777)",
        "INSERT INTO products (name, ptype, version_scheme) VALUES ('other', 778, 'pep440')",
        "UPDATE products SET version_scheme = 'seed' WHERE name = 'bell'",
        "UPDATE products SET max_version = 'v1.4.0', max_version_order = '140v' WHERE name = 'bell'",
        "UPDATE products SET max_version = '1.4.0' WHERE name = 'bell'", /* a ceiling has its key */
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_int_equal(store_run_script(store, refused[i], &error), STATUS_CONFLICT);
    free(services_query(url, "UPDATE ptypes SET version_scheme = 'seed'"));
    assert_int_equal(
        services_query_integer(url, "SELECT count(*) FROM products WHERE version_scheme = 'seed'"), 1);
    free(services_query(url, "INSERT INTO firmware (version, ptype, version_order, fota_class, created_by) "
                             "VALUES ('v1.0.6t777(a)', 777, '106v', 'a', 'x')"));
    assert_int_equal(store_run_script(store, "UPDATE ptypes SET version_scheme = 'semver'", &error),
                     STATUS_CONFLICT);
    assert_string_equal(error.field, "firmware_scheme_of_ptype");
    store_destroy(store);
}

/* A database as release 8 left it, with every kind of row that 0009 rewrites. */
static void existing_versions_get_their_keys(void **state)
{
    (void)state;
    enum { BEFORE = 8 };
    char url[256];
    struct error error;
    int applied;
    services_empty_database(url);
    struct store *store = store_create(url, "test");
    assert_int_equal(migrate(store, migrations_embedded, BEFORE, &applied, &error), STATUS_OK);
    assert_int_equal(
        store_run_script(
            store,
            "INSERT INTO products (name, ptype) VALUES ('lamp', 45772), ('lamp-2', 45772), ('plug', 23701);"
            "INSERT INTO firmware (version, ptype, version_type, version_value, fota_class, created_by) VALUES "
            "('v1.0.5t45772(a)', 45772, 'v', 105, 'a', 'x'), ('b1.0.5t45772(n)', 45772, 'b', 105, 'n', 'x'), "
            "('b0.0.1t23701(o)', 23701, 'b', 1, 'o', 'x');"
            "INSERT INTO devices (device_id, product_id, ptype, version, version_type, version_value, fota_class) "
            "VALUES ('a', 1, 45772, 'v9.9.9t45772(l)', 'v', 999, 'l'), ('b', 2, 45772, 'b0.0.0t45772(a)', 'b', 0, "
            "'a'), ('c', 3, 23701, NULL, NULL, NULL, NULL)",
            &error),
        STATUS_OK);
    if (migrate(store, migrations_embedded, migrations_embedded_count, &applied, &error) != STATUS_OK)
        fail_msg("%s", error.message);
    assert_int_equal(applied, migrations_embedded_count - BEFORE);
    char *text =
        services_query(url, "SELECT string_agg(concat(version, ' ', version_order, ' ', version_scheme), "
                            "', ' ORDER BY version) FROM firmware");
    assert_string_equal(text,
                        "b0.0.1t23701(o) 001b seed, b1.0.5t45772(n) 105b seed, v1.0.5t45772(a) 105v seed");
    free(text);
    text = services_query(
        url, "SELECT string_agg(device_id || coalesce(version_order, '-'), ' ' ORDER BY device_id) "
             "FROM devices");
    assert_string_equal(text, "a999v b000b c-");
    free(text);
    assert_int_equal(services_query_integer(url, "SELECT count(*) FROM ptypes WHERE version_scheme = 'seed'"),
                     2);
    /* the rules hold for what was there before */
    assert_int_equal(
        store_run_script(store,
                         "INSERT INTO firmware (version, ptype, version_order, fota_class, created_by) "
                         "VALUES ('b1.0.5t45772(o)', 45772, '105b', 'o', 'x')",
                         &error),
        STATUS_CONFLICT);
    store_destroy(store);
}

/* A device that release 8 has offered the update to, and one that waits for the first to succeed. */
static const char running_of_release_8[] =
    "INSERT INTO products (name, ptype) VALUES ('lamp', 45772);"
    "INSERT INTO firmware (version, ptype, version_type, version_value, fota_class, created_by) VALUES "
    "('v1.1.0t45772(a)', 45772, 'v', 110, 'a', 'x');"
    "INSERT INTO image_bytes SELECT encode(sha256(b), 'hex'), octet_length(b), b FROM (VALUES ('one'::bytea)) t(b);"
    "INSERT INTO images SELECT 1, slot, encode(sha256('one'), 'hex') FROM generate_series(1, 2) slot;"
    "INSERT INTO devices (device_id, product_id, ptype, version, version_type, version_value, fota_class, slot, "
    "image_sha256) SELECT 'lamp-' || n, 1, 45772, 'v1.0.5t45772(a)', 'v', 105, 'a', 1, repeat('5', 64) "
    "FROM generate_series(1, 2) n;"
    "INSERT INTO presence (device_id, online) VALUES ('lamp-1', true), ('lamp-2', true);"
    "INSERT INTO campaigns (name, firmware_id, ptype, policy, seed, state, created_by, members, started_at) VALUES "
    "('c', 1, 45772, '{\"name\":\"p\",\"waves\":[{\"name\":\"all\",\"size\":{\"rest\":true},\"gate\":{\"type\":"
    "\"threshold\",\"success_percent\":50,\"finished_percent\":100,\"failure_percent\":90,\"min_sample\":1,"
    "\"count_rejected\":false},\"soak_seconds\":0}],\"rate\":{\"per_minute\":600},\"in_flight\":1,\"timeouts\":{"
    "\"offer_seconds\":120,\"download_seconds\":900,\"confirm_seconds\":300},\"offline\":{\"wait_seconds\":60,"
    "\"then\":\"skip\"},\"on_halt\":\"pause\"}', 1, 'running', 'x', 2, now());"
    "INSERT INTO waves (campaign_id, wave, name, state, opened_at, members, pending, offered) VALUES "
    "(1, 0, 'all', 'open', now(), 2, 1, 1);"
    "INSERT INTO targets (campaign_id, device_id, wave, position, state, attempt, nonce, from_version, to_version, "
    "firmware_id, sent_at, deadline) VALUES (1, 'lamp-1', 0, 1, 'offered', 1, repeat('0', 16), 'v1.0.5t45772(a)', "
    "'v1.1.0t45772(a)', 1, now(), now() + interval '1 hour'), (1, 'lamp-2', 0, 2, 'pending', 0, NULL, "
    "'v1.0.5t45772(a)', 'v1.1.0t45772(a)', 1, NULL, NULL)";

static void count_update(void *context, const char *topic, const char *payload)
{
    *(int *)context += strstr(topic, "lamp-2") != NULL && strstr(payload, "\"command\":\"update\"") != NULL;
}

static void a_campaign_that_runs_goes_on_after_the_migration(void **state)
{
    (void)state;
    enum { BEFORE = 8 };
    char url[256];
    struct error error;
    struct report report;
    struct ingest_summary summary;
    int applied, updates = 0;
    bool more;
    static const char topic[] = "fota/v1/lamp-1/report",
                      json[] =
                          "{\"report\":\"failed\",\"campaign\":1,\"attempt\":1,\"reason\":\"flash_error\"}";
    services_empty_database(url);
    struct store *store = store_create(url, "test");
    struct engine engine = {.publisher = {.publish = count_update, .context = &updates},
                            .public_url = "http://127.0.0.1:8080",
                            .offer_resend_seconds = 10};
    assert_int_equal(migrate(store, migrations_embedded, BEFORE, &applied, &error), STATUS_OK);
    if (store_run_script(store, running_of_release_8, &error) != STATUS_OK ||
        migrate(store, migrations_embedded, migrations_embedded_count, &applied, &error) != STATUS_OK)
        fail_msg("%s", error.message);
    /* Else the fleet is asked first, as after a restore. */
    assert_int_equal(store_run_script(store, "UPDATE service SET identity = database_identity()", &error),
                     STATUS_OK);
    report_parse(topic, json, sizeof json - 1, &report);
    assert_int_equal(ingest_batch(&engine, store, &report, 1, &summary, &error), STATUS_OK);
    if (tick(&engine, store, &more, &error) != STATUS_OK)
        fail_msg("%s", error.message);
    assert_int_equal(updates, 1);
    assert_int_equal(services_query_integer(url, "SELECT count(*) FROM device_failures"), 1);
    assert_int_equal(services_query_integer(url, "SELECT count(*) FROM quarantines"), 0);
    store_destroy(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_database_keeps_the_rules_of_versions),
        cmocka_unit_test(products_of_a_ptype_have_one_scheme),
        cmocka_unit_test(existing_versions_get_their_keys),
        cmocka_unit_test(a_campaign_that_runs_goes_on_after_the_migration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
