/* The counts of the fleet are exact, whatever changes at the same time (migrations/0018). */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "services.h"
#include "store.h"
#include "store_sql.h"

enum { DEVICES = 60, WRITERS = 4, TRANSACTIONS = 80 };

static char database[256];

/* What the view and a full count do not agree on, in one snapshot. */
static const char differences[] =
    "WITH counted AS (SELECT d.ptype, coalesce(d.version, 'unknown') AS version, d.slot, count(*) AS devices, "
    "count(*) FILTER (WHERE p.online) AS online, count(*) FILTER (WHERE d.boot = 'trial') AS on_trial "
    "FROM devices d JOIN presence p USING (device_id) GROUP BY 1, 2, 3), "
    "viewed AS (SELECT * FROM ops.fleet_by_version) "
    "SELECT string_agg(t::text, ' ') FROM ((TABLE counted EXCEPT TABLE viewed) UNION ALL "
    "(TABLE viewed EXCEPT TABLE counted)) t";

static void expect_exact(void)
{
    char *found = services_query(database, differences);
    if (found != NULL)
        fail_msg("they differ in %s", found);
}

static int set_up(void **state)
{
    (void)state;
    services_start();
    services_new_database(database);
    free(services_query(database, "INSERT INTO ptypes VALUES (1, 'seed'), (2, 'seed')"));
    free(services_query(database, "INSERT INTO products (name, ptype) VALUES ('a', 1), ('b', 2)"));
    return 0;
}

/* Every kind of change of devices of a random number, in one statement each. $1 of them is a random number.
 */
static const char *const changes[] = {
    "WITH added AS (INSERT INTO devices (device_id, product_id, ptype) SELECT 'd' || n, 1 + n %% 2, 1 + n %% 2 "
    "FROM generate_series(%d, %d) n ON CONFLICT DO NOTHING RETURNING device_id) "
    "INSERT INTO presence (device_id) SELECT device_id FROM added",
    "UPDATE devices SET version = 'v1.0.' || (random() * 3)::int || 't1(a)', version_order = '100v', fota_class = 'a', "
    "slot = 1 + (random())::int WHERE substr(device_id, 2)::integer BETWEEN %d AND %d",
    "UPDATE devices SET version = NULL, version_order = NULL, fota_class = NULL, slot = NULL, boot = NULL "
    "WHERE substr(device_id, 2)::integer BETWEEN %d AND %d",
    "UPDATE devices SET boot = CASE WHEN random() < 0.5 THEN 'trial' ELSE 'confirmed' END "
    "WHERE substr(device_id, 2)::integer BETWEEN %d AND %d",
    "UPDATE devices SET ptype = 3 - ptype, product_id = 3 - product_id, activated_at = now() "
    "WHERE substr(device_id, 2)::integer BETWEEN %d AND %d",
    "UPDATE presence SET online = NOT online WHERE substr(device_id, 2)::integer BETWEEN %d AND %d",
    "UPDATE presence SET online = random() < 0.5, last_seen = now() "
    "WHERE substr(device_id, 2)::integer BETWEEN %d AND %d",
    "DELETE FROM devices WHERE substr(device_id, 2)::integer BETWEEN %d AND %d",
};

struct writer {
    pthread_t thread;
    unsigned seed;
    int committed;
};

static atomic_int writing;

/* Statements that meet another's the wrong way round end with an error, and their transaction with them. */
static void *write_randomly(void *context)
{
    struct writer *writer = context;
    struct store *store = store_create(database, "writer");
    struct error error;
    for (int i = 0; i < TRANSACTIONS; i++) {
        char sql[4096] = "BEGIN;";
        for (int left = 1 + rand_r(&writer->seed) % 3; left > 0; left--) {
            size_t used = strlen(sql);
            int first = rand_r(&writer->seed) % DEVICES;
            const char *change =
                changes[(size_t)rand_r(&writer->seed) % (sizeof changes / sizeof changes[0])];
            /* NOLINTNEXTLINE(clang-diagnostic-format-nonliteral): of the list above */
            snprintf(sql + used, sizeof sql - used, change, first, first + rand_r(&writer->seed) % 8);
            strncat(sql, ";", sizeof sql - strlen(sql) - 1);
        }
        strncat(sql, rand_r(&writer->seed) % 5 == 0 ? "ROLLBACK" : "COMMIT", sizeof sql - strlen(sql) - 1);
        if (store_run_script(store, sql, &error) == STATUS_OK)
            writer->committed++;
        else
            (void)!store_run_script(store, "ROLLBACK", &error);
    }
    store_destroy(store);
    atomic_fetch_sub(&writing, 1);
    return NULL;
}

static void *fold_again_and_again(void *context)
{
    struct store *store = store_create(database, "folder");
    struct error error;
    bool *folded = context;
    while (atomic_load(&writing) > 0)
        *folded = store_run(store, &SQL_FLEET_FOLD, NULL, NULL, &error) == STATUS_OK;
    store_destroy(store);
    return NULL;
}

static void counts_are_exact_while_everything_changes_at_once(void **state)
{
    (void)state;
    struct writer writers[WRITERS] = {0};
    pthread_t folders[2];
    bool folded[2] = {false, false};
    atomic_store(&writing, WRITERS);
    for (int i = 0; i < WRITERS; i++) {
        writers[i].seed = (unsigned)i + 1;
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_randomly, &writers[i]), 0);
    }
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&folders[i], NULL, fold_again_and_again, &folded[i]), 0);
    while (atomic_load(&writing) > 0)
        expect_exact();
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(writers[i].thread, NULL);
        if (writers[i].committed < TRANSACTIONS / 3)
            fail_msg("only %d of %d transactions came through", writers[i].committed, TRANSACTIONS);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(folders[i], NULL);
        assert_true(folded[i]);
    }
    expect_exact();
    assert_true(services_query_integer(database, "SELECT sum(devices) FROM ops.fleet_by_version") > 0);
}

static void fold(void)
{
    struct store *store = store_create(database, "folder");
    struct error error;
    if (store_run(store, &SQL_FLEET_FOLD, NULL, NULL, &error) != STATUS_OK)
        fail_msg("%s", error.message);
    store_destroy(store);
}

static void a_fold_leaves_no_changes_and_no_counts_of_nothing(void **state)
{
    (void)state;
    free(services_query(database, "DELETE FROM devices WHERE ptype = 1"));
    fold();
    fold(); /* what has become nothing goes with the next one */
    assert_int_equal(services_query_integer(database, "SELECT count(*) FROM fleet_changes"), 0);
    assert_int_equal(services_query_integer(database, "SELECT count(*) FROM fleet_counts WHERE devices = 0"),
                     0);
    assert_true(services_query_integer(database, "SELECT count(*) FROM fleet_counts") > 0);
    expect_exact();
    free(services_query(database, "TRUNCATE devices CASCADE"));
    assert_int_equal(services_query_integer(database, "SELECT count(*) FROM ops.fleet_by_version"), 0);
}

static void a_sign_of_life_writes_no_change(void **state)
{
    (void)state;
    free(services_query(
        database, "WITH added AS (INSERT INTO devices (device_id, product_id, ptype) SELECT 'd' || n, 1, 1 "
                  "FROM generate_series(1, 10) n RETURNING device_id) "
                  "INSERT INTO presence (device_id, online) SELECT device_id, true FROM added"));
    fold();
    free(services_query(database, "UPDATE presence SET online = true, last_seen = now()"));
    free(services_query(database, "UPDATE devices SET activated_at = now(), version = version"));
    assert_int_equal(services_query_integer(database, "SELECT count(*) FROM fleet_changes"), 0);
    free(services_query(database, "UPDATE presence SET online = false WHERE device_id = 'd1'"));
    assert_int_equal(services_query_integer(database, "SELECT count(*) FROM fleet_changes"), 1);
    expect_exact();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_exact_while_everything_changes_at_once),
        cmocka_unit_test(a_fold_leaves_no_changes_and_no_counts_of_nothing),
        cmocka_unit_test(a_sign_of_life_writes_no_change),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
