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

/* As on a primary that has become a standby: the session stays, and can write no more. */
static void a_connection_that_can_only_read_is_left(void **state)
{
    (void)state;
    static const struct store_statement turn = {0, "turn", "SET default_transaction_read_only = on"},
                                        write = {1, "write", "DELETE FROM audit"};
    char url[256], sql[400];
    services_new_database(url);
    const char *name = strrchr(url, '/') + 1;
    struct store *store = store_create(url, "test");
    struct error error;
    assert_int_equal(store_run(store, &turn, NULL, NULL, &error), STATUS_OK);
    assert_int_equal(store_run(store, &write, NULL, NULL, &error), STATUS_UNAVAILABLE);
    assert_string_equal(error.sqlstate, "25006");
    assert_int_equal(store_run(store, &write, NULL, NULL, &error), STATUS_OK); /* on another one */
    assert_int_equal(store_begin(store, &error), STATUS_OK);
    assert_int_equal(store_run(store, &turn, NULL, NULL, &error), STATUS_OK);
    store_rollback(store);
    /* Nor is one made to a server that can only read. */
    snprintf(sql, sizeof sql, "ALTER DATABASE %.*s SET default_transaction_read_only = on",
             (int)strcspn(name, "?"), name);
    free(services_query(url, sql));
    store_destroy(store);
    store = store_create(url, "test");
    assert_int_equal(store_connect(store, &error), STATUS_UNAVAILABLE);
    assert_non_null(strstr(error.message, "read-only"));
    snprintf(sql, sizeof sql,
             "BEGIN READ WRITE; ALTER DATABASE %.*s RESET default_transaction_read_only; COMMIT",
             (int)strcspn(name, "?"), name);
    free(services_query(url, sql));
    assert_int_equal(store_connect(store, &error), STATUS_OK);
    store_destroy(store);
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
        "current_setting('tcp_user_timeout') || ' ' || current_setting('tcp_keepalives_idle')"};
    struct store_rows *rows;
    assert_int_equal(store_run(store, &show, NULL, &rows, &error), STATUS_OK);
    assert_string_equal(store_rows_text(rows, 0, 0), "20s 20000 10");
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
    services_empty_database(url);
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

/* Also for those who read the views without a word of their own about it. The databases of other tests are
 * copies, and settings of a database are not copied. */
static void the_migrations_turn_compiling_off_for_everybody(void **state)
{
    (void)state;
    char url[256];
    services_empty_database(url);
    assert_int_equal((intptr_t)migrate_now(url), migrations_embedded_count);
    /* Settings come with a connection: the test's own must be a new one. */
    free(services_query(services_start()->database_url, "SELECT 1"));
    char *jit = services_query(url, "SELECT setting || ' by ' || source FROM pg_settings WHERE name = 'jit'");
    assert_string_equal(jit, "off by database");
    free(jit);
}

/* The database called postgres is not ours. */
static void who_may_not_turn_it_off_is_migrated_all_the_same(void **state)
{
    (void)state;
    char url[256], of_another[300];
    struct error error = {0};
    int number = 0;
    services_empty_database(url);
    snprintf(of_another, sizeof of_another, "%s?dbname=postgres", url);
    while (number < migrations_embedded_count &&
           strstr(migrations_embedded[number].text, "SET jit = off") == NULL)
        number++;
    assert_in_range(number, 0, migrations_embedded_count - 1);
    struct store *store = store_create(of_another, "test");
    assert_int_equal(store_run_script(store, "ALTER DATABASE postgres SET jit = off", &error),
                     STATUS_INTERNAL);
    assert_string_equal(error.sqlstate, "42501");
    assert_int_equal(store_run_script(store, migrations_embedded[number].text, &error), STATUS_OK);
    store_destroy(store);
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
    services_empty_database(url);
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

/* A plan kept from when a table was empty reads all of it for every row once it is full: after a large import
 * the ticker stood still for minutes. */
static void statements_are_planned_for_the_tables_as_they_are(void **state)
{
    (void)state;
    char url[256];
    services_new_database(url);
    struct store *store = store_create(url, "test");
    static const struct store_statement show = {0, "show", "SHOW plan_cache_mode"};
    struct store_rows *rows;
    struct error error;
    assert_int_equal(store_run(store, &show, NULL, &rows, &error), STATUS_OK);
    assert_string_equal(store_rows_text(rows, 0, 0), "force_custom_plan");
    store_rows_free(rows);
    store_destroy(store);
}

/* PostgreSQL was restarted while nobody asked it anything: nobody has to hear of it. */
static void a_connection_that_ended_meanwhile_is_made_again(void **state)
{
    (void)state;
    static const struct store_statement hello = {0, "hello", "SELECT 1"};
    char url[256];
    services_new_database(url);
    struct store *store = store_create(url, "one that ends");
    struct error error;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(store_run(store, &hello, NULL, NULL, &error), STATUS_OK);
        assert_int_equal(
            services_query_integer(url, "SELECT count(*) FROM (SELECT pg_terminate_backend(pid, 5000) "
                                        "FROM pg_stat_activity WHERE application_name = 'one that ends') t"),
            1);
        if (i == 0) {
            assert_int_equal(store_run(store, &hello, NULL, NULL, &error), STATUS_OK);
            continue;
        }
        assert_int_equal(store_begin(store, &error), STATUS_OK);
        store_rollback(store);
    }
    store_destroy(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_that_ended_meanwhile_is_made_again),
        cmocka_unit_test(arrays_are_read_back),
        cmocka_unit_test(errors_say_what_kind_they_are),
        cmocka_unit_test(a_wrong_password_or_no_server_is_unavailable),
        cmocka_unit_test(it_connects_again_after_the_server_was_killed),
        cmocka_unit_test(a_connection_that_can_only_read_is_left),
        cmocka_unit_test(what_was_rolled_back_is_not_called_committed),
        cmocka_unit_test(who_vanishes_in_a_transaction_does_not_keep_its_locks),
        cmocka_unit_test(serialization_failures_are_repeated),
        cmocka_unit_test(two_migrating_at_once_do_not_collide),
        cmocka_unit_test(the_migrations_turn_compiling_off_for_everybody),
        cmocka_unit_test(who_may_not_turn_it_off_is_migrated_all_the_same),
        cmocka_unit_test(changed_and_missing_migrations_are_refused),
        cmocka_unit_test(a_failing_migration_leaves_nothing),
        cmocka_unit_test(a_directory_is_read_in_order_without_gaps),
        cmocka_unit_test(the_reader_sees_the_views_and_nothing_else),
        cmocka_unit_test(statements_are_planned_for_the_tables_as_they_are),
        cmocka_unit_test(partitions_are_made_and_dropped),
        cmocka_unit_test(events_that_came_before_their_partition_move_into_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
