/* The store on a real PostgreSQL: parameters, errors, transactions, migrations, rights. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "array.h"
#include "migrate.h"
#include "services.h"
#include "store.h"
#include "store_sql.h"

/* A database with nothing in it. */
static void empty_database(char url[256])
{
    services_new_database(url);
    free(services_query(url, "SET client_min_messages = warning; DROP SCHEMA public CASCADE; DROP SCHEMA ops "
                             "CASCADE; CREATE SCHEMA public"));
}

/* --- parameters and errors -------------------------------------------------------------------------- */

static void arrays_are_read_back(void **state)
{
    (void)state;
    static const char *const texts[] = {"plain",       "",          "NULL",   "a,b", "{}", "\"q\"",
                                        "back\\slash", "new\nline", "'; DROP"};
    char url[256];
    services_new_database(url);
    struct store *store = store_create(url, "test");
    struct array array = {0};
    struct error error;
    static const struct store_statement echo = {0, "echo", "SELECT x, x IS NULL FROM unnest($1::text[]) x"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        array_put_text(&array, texts[i]);
    array_put_text(&array, NULL);
    struct store_parameters parameters = {0};
    store_put_text(&parameters, array_text(&array));
    struct store_rows *rows;
    assert_int_equal(store_run(store, &echo, &parameters, &rows, &error), STATUS_OK);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_string_equal(store_rows_text(rows, (int64_t)i, 0), texts[i]);
    assert_true(store_rows_boolean(rows, (int64_t)(sizeof texts / sizeof texts[0]), 1));
    store_rows_free(rows);
    array_release(&array);
    store_destroy(store);
}

static void errors_say_what_kind_they_are(void **state)
{
    (void)state;
    char url[256];
    services_new_database(url);
    struct store *store = store_create(url, "test");
    static const struct {
        const char *text, *sqlstate, *field;
        enum status status;
    } examples[] = {
        {"INSERT INTO tokens (name, role, token_sha256) SELECT 'a', 'admin', repeat('a', 64) FROM "
         "generate_series(1, 2)",
         "23505", "tokens_name_key", STATUS_CONFLICT},
        {"INSERT INTO waves (campaign_id, wave, name, members) VALUES (1, 0, 'w', 1)", "23514",
         "waves_counters_add_up", STATUS_CONFLICT},
        {"SELECT 'x'::integer", "22P02", "", STATUS_INVALID},
        {"SELECT nothing", "42703", "", STATUS_INTERNAL},
    };
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        struct error error = {0};
        struct store_statement statement = {(int)i, "example", examples[i].text};
        char name[16];
        snprintf(name, sizeof name, "example%zu", i);
        statement.name = name;
        assert_int_equal(store_run(store, &statement, NULL, NULL, &error), examples[i].status);
        assert_string_equal(error.sqlstate, examples[i].sqlstate);
        assert_string_equal(error.field, examples[i].field);
    }
    store_destroy(store);
}

static void a_wrong_password_or_no_server_is_unavailable(void **state)
{
    (void)state;
    struct error error;
    struct store *store = store_create("postgresql://nobody:wrong@127.0.0.1:1/none", "test");
    assert_int_equal(store_connect(store, &error), STATUS_UNAVAILABLE);
    assert_non_null(strstr(error.message, "cannot connect to PostgreSQL"));
    store_destroy(store);
    char url[256], wrong[300];
    services_new_database(url);
    snprintf(wrong, sizeof wrong, "%s?password=wrong&user=nobody_here", url);
    store = store_create(wrong, "test");
    assert_int_equal(store_connect(store, &error), STATUS_UNAVAILABLE);
    assert_non_null(strstr(error.message, "nobody_here"));
    store_destroy(store);
}

static void it_connects_again_after_the_server_was_killed(void **state)
{
    (void)state;
    char url[256];
    struct error error;
    services_new_database(url);
    struct store *store = store_create(url, "test");
    assert_int_equal(store_run(store, &SQL_CLOCK_NOW, NULL, NULL, &error), STATUS_OK);
    assert_int_equal(store_begin(store, &error), STATUS_OK);
    services_kill("postgres");
    enum status status = STATUS_OK; /* our backend outlives its killed parent for a moment */
    for (int i = 0; i < 500 && status == STATUS_OK; i++) {
        usleep(10000);
        status = store_run(store, &SQL_CLOCK_NOW, NULL, NULL, &error);
    }
    assert_int_equal(status, STATUS_UNAVAILABLE);
    services_revive();
    assert_int_equal(store_run(store, &SQL_CLOCK_NOW, NULL, NULL, &error), STATUS_UNAVAILABLE);
    /* Inside the transaction it must not go on as if nothing had happened. */
    assert_int_equal(store_commit(store, &error), STATUS_UNAVAILABLE);
    store_rollback(store);
    assert_int_equal(store_run(store, &SQL_CLOCK_NOW, NULL, NULL, &error), STATUS_OK);
    store_destroy(store);
}

/* --- transactions ----------------------------------------------------------------------------------- */

static enum status fail_and_say_ok(struct store *store, void *context, struct error *error)
{
    static const struct store_statement wrong = {0, "wrong", "SELECT nothing"};
    (void)context;
    assert_int_equal(store_run(store, &wrong, NULL, NULL, error), STATUS_INTERNAL);
    return STATUS_OK;
}

static void what_was_rolled_back_is_not_called_committed(void **state)
{
    (void)state;
    char url[256];
    struct error error;
    services_new_database(url);
    struct store *store = store_create(url, "test");
    assert_int_equal(store_transaction(store, fail_and_say_ok, NULL, &error), STATUS_INTERNAL);
    assert_int_equal(store_run(store, &SQL_CLOCK_NOW, NULL, NULL, &error), STATUS_OK);
    store_destroy(store);
}

static void who_vanishes_in_a_transaction_does_not_keep_its_locks(void **state)
{
    (void)state;
    char url[256];
    struct error error;
    services_new_database(url);
    struct store *store = store_create(url, "test");
    static const struct store_statement show = {
        0, "show",
        "SELECT current_setting('idle_in_transaction_session_timeout') || ' ' || "
        "current_setting('tcp_keepalives_idle')"};
    struct store_rows *rows;
    assert_int_equal(store_run(store, &show, NULL, &rows, &error), STATUS_OK);
    assert_string_equal(store_rows_text(rows, 0, 0), "1min 15");
    store_rows_free(rows);
    store_destroy(store);
}

struct counted {
    int runs;
    int fail_with_serialization;
};

static enum status count_and_fail(struct store *store, void *context, struct error *error)
{
    struct counted *counted = context;
    counted->runs++;
    if (counted->runs <= counted->fail_with_serialization)
        return store_run_script(store, "DO $$ BEGIN RAISE SQLSTATE '40001'; END $$", error);
    return store_run_script(store, "CREATE TABLE mark ()", error);
}

static void serialization_failures_are_repeated(void **state)
{
    (void)state;
    char url[256];
    struct error error = {0};
    services_new_database(url);
    struct store *store = store_create(url, "test");
    struct counted counted = {.fail_with_serialization = 2};
    assert_int_equal(store_transaction(store, count_and_fail, &counted, &error), STATUS_OK);
    assert_int_equal(counted.runs, 3);
    counted = (struct counted){.fail_with_serialization = 100};
    assert_int_not_equal(store_transaction(store, count_and_fail, &counted, &error), STATUS_OK);
    assert_int_equal(counted.runs, 5);
    store_destroy(store);
}

/* --- migrations ------------------------------------------------------------------------------------- */

static void *migrate_now(void *url)
{
    struct error error;
    int applied = 0;
    struct store *store = store_create(url, "test");
    enum status status = migrate(store, migrations_embedded, migrations_embedded_count, &applied, &error);
    store_destroy(store);
    return (void *)(intptr_t)(status == STATUS_OK ? applied : -1);
}

static void two_migrating_at_once_do_not_collide(void **state)
{
    (void)state;
    char url[256];
    empty_database(url);
    pthread_t threads[4];
    intptr_t applied = 0;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, migrate_now, url), 0);
    for (int i = 0; i < 4; i++) {
        void *result;
        pthread_join(threads[i], &result);
        assert_true((intptr_t)result >= 0);
        applied += (intptr_t)result;
    }
    assert_int_equal(applied, migrations_embedded_count);
    assert_int_equal(services_query_integer(url, "SELECT count(*) FROM schema_migrations"),
                     migrations_embedded_count);
}

static void changed_and_missing_migrations_are_refused(void **state)
{
    (void)state;
    char url[256];
    struct error error;
    int applied;
    services_new_database(url);
    struct store *store = store_create(url, "test");
    struct migration changed[2] = {migrations_embedded[0], migrations_embedded[1]};
    assert_int_equal(migrate(store, changed, 2, &applied, &error),
                     STATUS_CONFLICT); /* the others are missing */
    assert_string_equal(error.field, migrations_embedded[2].name);
    free(services_query(url, "DELETE FROM schema_migrations WHERE name >= '0003'"));
    changed[1].text = "SELECT 1";
    assert_int_equal(migrate(store, changed, 2, &applied, &error), STATUS_CONFLICT);
    assert_non_null(strstr(error.message, "was changed"));
    assert_string_equal(error.field, migrations_embedded[1].name);
    assert_int_equal(migrate_check(store, &error), STATUS_UNAVAILABLE);
    store_destroy(store);
}

static void a_failing_migration_leaves_nothing(void **state)
{
    (void)state;
    char url[256];
    struct error error;
    int applied;
    empty_database(url);
    struct store *store = store_create(url, "test");
    const struct migration broken[] = {{"0001_good.sql", "CREATE TABLE good ()"},
                                       {"0002_bad.sql", "CREATE TABLE half (); SELECT wrong"}};
    assert_int_not_equal(migrate(store, broken, 2, &applied, &error), STATUS_OK);
    assert_non_null(strstr(error.message, "0002_bad.sql"));
    char *there = services_query(
        url, "SELECT (to_regclass('good') IS NOT NULL)::text || (to_regclass('half') IS NULL)::text");
    assert_string_equal(there, "truetrue");
    free(there);
    assert_int_equal(services_query_integer(url, "SELECT count(*) FROM schema_migrations"), 1);
    assert_int_equal(migrate_check(store, &error), STATUS_CONFLICT); /* not our migrations */
    store_destroy(store);
}

static void write_file(const char *directory, const char *name, const char *text)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void a_directory_is_read_in_order_without_gaps(void **state)
{
    (void)state;
    char directory[200];
    struct arena arena = {0};
    struct error error;
    const struct migration *migrations;
    int count;
    snprintf(directory, sizeof directory, "%s/migrations", services_start()->directory);
    assert_int_equal(mkdir(directory, 0700), 0);
    assert_int_equal(migrations_read(directory, &arena, &migrations, &count, &error), STATUS_INVALID);
    write_file(directory, "0001_a.sql", "SELECT 1");
    write_file(directory, "README", "");
    assert_int_equal(migrations_read(directory, &arena, &migrations, &count, &error), STATUS_OK);
    assert_int_equal(count, 1);
    assert_string_equal(migrations[0].text, "SELECT 1");
    write_file(directory, "0003_c.sql", "SELECT 3");
    assert_int_equal(migrations_read(directory, &arena, &migrations, &count, &error), STATUS_INVALID);
    assert_string_equal(error.field, "0003_c.sql");
    assert_int_equal(migrations_read("/nowhere", &arena, &migrations, &count, &error), STATUS_INVALID);
    arena_release(&arena);
}

/* --- the schema ------------------------------------------------------------------------------------- */

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
    empty_database(url);
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

/* How many relations of a schema ops_reader may do this to, in percent of those there are. */
static long long reader_may(const char *url, const char *schema, const char *what)
{
    char sql[400];
    snprintf(sql, sizeof sql,
             "SELECT 100 * count(*) FILTER (WHERE has_table_privilege('ops_reader', oid, '%s')) / count(*) "
             "FROM pg_class "
             "WHERE relnamespace = '%s'::regnamespace AND relkind IN ('r', 'p', 'v')",
             what, schema);
    return services_query_integer(url, sql);
}

static void the_reader_sees_the_views_and_nothing_else(void **state)
{
    (void)state;
    char url[256];
    services_new_database(url);
    assert_int_equal(reader_may(url, "ops", "SELECT"), 100);
    assert_int_equal(reader_may(url, "public", "SELECT"), 0);
    static const char *const writes[] = {"INSERT", "UPDATE", "DELETE", "TRUNCATE"};
    for (size_t i = 0; i < sizeof writes / sizeof writes[0]; i++) {
        assert_int_equal(reader_may(url, "ops", writes[i]), 0);
        assert_int_equal(reader_may(url, "public", writes[i]), 0);
    }
}

static void partitions_are_made_and_dropped(void **state)
{
    (void)state;
    char url[256];
    services_new_database(url);
    free(services_query(
        url,
        "CREATE TABLE events_2001_01 PARTITION OF events FOR VALUES FROM ('2001-01-01') TO ('2001-02-01')"));
    assert_int_equal(services_query_integer(url, "SELECT dropped FROM maintain_event_partitions(90)"), 1);
    assert_int_equal(services_query_integer(url, "SELECT made + dropped FROM maintain_event_partitions(90)"),
                     0);
    assert_int_equal(
        services_query_integer(url, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'events'::regclass"),
        3);
}

/* As after an orchestrator was off for months. */
static void events_that_came_before_their_partition_move_into_it(void **state)
{
    (void)state;
    static const char event[] =
        "INSERT INTO events (at, subject, campaign_id, from_state, to_state) SELECT "
        "at, 'campaign', 1, 'draft', 'scheduled' FROM (VALUES (now()), ('2001-01-01')) t(at)";
    char url[256];
    services_new_database(url);
    free(services_query(url, "DO $$ BEGIN EXECUTE 'DROP TABLE events_' || to_char(now() AT TIME ZONE 'UTC', "
                             "'YYYY_MM'); END $$"));
    free(services_query(url, event));
    assert_int_equal(services_query_integer(url, "SELECT count(*) FROM events_default"), 2);
    assert_int_equal(services_query_integer(url, "SELECT made FROM maintain_event_partitions(90)"), 1);
    assert_int_equal(services_query_integer(url, "SELECT count(*) FROM events_default"), 0);
    assert_int_equal(services_query_integer(url, "SELECT count(*) FROM events"), 1);
    free(services_query(url, event)); /* the partition is like the others */
    assert_int_equal(services_query_integer(url, "SELECT count(DISTINCT event_id) FROM events"), 3);
    assert_int_equal(services_query_integer(url, "SELECT count(*) FROM pg_index WHERE indrelid = (SELECT "
                                                 "tableoid FROM events WHERE at > '2002-01-01' LIMIT 1)"),
                     3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_are_read_back),
        cmocka_unit_test(errors_say_what_kind_they_are),
        cmocka_unit_test(a_wrong_password_or_no_server_is_unavailable),
        cmocka_unit_test(it_connects_again_after_the_server_was_killed),
        cmocka_unit_test(what_was_rolled_back_is_not_called_committed),
        cmocka_unit_test(who_vanishes_in_a_transaction_does_not_keep_its_locks),
        cmocka_unit_test(serialization_failures_are_repeated),
        cmocka_unit_test(two_migrating_at_once_do_not_collide),
        cmocka_unit_test(changed_and_missing_migrations_are_refused),
        cmocka_unit_test(a_failing_migration_leaves_nothing),
        cmocka_unit_test(a_directory_is_read_in_order_without_gaps),
        cmocka_unit_test(the_database_keeps_the_rules_of_versions),
        cmocka_unit_test(products_of_a_ptype_have_one_scheme),
        cmocka_unit_test(existing_versions_get_their_keys),
        cmocka_unit_test(the_reader_sees_the_views_and_nothing_else),
        cmocka_unit_test(partitions_are_made_and_dropped),
        cmocka_unit_test(events_that_came_before_their_partition_move_into_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
