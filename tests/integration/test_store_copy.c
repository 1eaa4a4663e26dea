/* COPY on a real PostgreSQL: rows go in as they are, and whatever happens in the middle of it, the caller has
 * an answer and the store is of use after it. */
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "copy.h"
#include "services.h"
#include "store.h"

static void copied_rows_are_read_back(void **state)
{
    (void)state;
    char url[256];
    services_new_database(url);
    static const char *const texts[] = {"plain", "", "\\N", "\\.", "a\tb\nc\rd\\e\bf\fg\vh", "NULL", NULL};
    static const struct store_statement copied = {0, "copied", "COPY copied FROM STDIN"};
    struct store *store = store_create(url, "test");
    struct copy copy = {0};
    struct error error = {0};
    assert_int_equal(
        store_run_script(store, "CREATE TABLE copied (n bigint CHECK (n < 100), x text, at timestamptz)",
                         &error),
        STATUS_OK);
    assert_int_equal(store_run_copy(store, &copied, &copy, &error), STATUS_OK); /* nothing */
    int count = sizeof texts / sizeof texts[0];
    for (int i = 0; i < count; i++) {
        copy_put_integer(&copy, i);
        copy_put_text(&copy, texts[i]);
        copy_put_time(&copy, 1700000000.25 + i);
        copy_end_row(&copy);
    }
    assert_int_equal(store_run_copy(store, &copied, &copy, &error), STATUS_OK);
    static const struct store_statement all = {
        1, "all", "SELECT x, extract(epoch FROM at)::float8 FROM copied ORDER BY n"};
    struct store_rows *rows;
    assert_int_equal(store_run(store, &all, NULL, &rows, &error), STATUS_OK);
    assert_int_equal(store_rows_count(rows), count);
    for (int i = 0; i < count; i++) {
        if (texts[i] == NULL)
            assert_true(store_rows_null(rows, i, 0));
        else
            assert_string_equal(store_rows_text(rows, i, 0), texts[i]);
        assert_true(store_rows_real(rows, i, 1) == 1700000000.25 + i);
    }
    store_rows_free(rows);

    /* What the table refuses, or is no row of it, is an error like any other, and the connection is of use
     * after it. */
    copy_put_integer(&copy, 100);
    copy_put_text(&copy, "too large");
    copy_put_time(&copy, 0);
    copy_end_row(&copy);
    assert_int_equal(store_run_copy(store, &copied, &copy, &error), STATUS_CONFLICT);
    assert_string_equal(error.field, "copied_n_check");
    copy_put_text(&copy, "no number");
    copy_end_row(&copy);
    assert_int_equal(store_run_copy(store, &copied, &copy, &error), STATUS_INVALID);
    static const struct store_statement nowhere = {2, "nowhere", "COPY nowhere FROM STDIN"};
    copy_put_integer(&copy, 1);
    copy_end_row(&copy);
    assert_int_equal(store_run_copy(store, &nowhere, &copy, &error), STATUS_INTERNAL);
    assert_int_equal(copy.bytes.length, 0);
    assert_int_equal(services_query_integer(url, "SELECT count(*) FROM copied"), count);
    assert_int_equal(store_run_script(store, "DROP TABLE copied", &error), STATUS_OK);
    store_destroy(store);
}

/* --- libpq's own, which fails when there is no memory -----------------------------------------------------
 */

struct pg_conn;
int PQputCopyEnd(struct pg_conn *connection, const char *why);

static bool end_fails;

int PQputCopyEnd(struct pg_conn *connection, const char *why)
{
    int (*real)(struct pg_conn *, const char *);
    *(void **)&real = dlsym(RTLD_NEXT, "PQputCopyEnd");
    return end_fails ? -1 : real(connection, why);
}

/* --- in the middle ---------------------------------------------------------------------------------- */

static const struct store_statement fill = {0, "fill", "COPY filled FROM STDIN"};
static const struct store_statement who = {1, "who", "SELECT pg_backend_pid()"};

/* The table takes its rows up to number 100, and then waits for as long as `holder` has the lock. */
struct stage {
    char url[256];
    struct store *store, *holder;
    struct copy copy;
    bool in_transaction;
    int64_t backend;
    enum status status;
    struct error error;
};

static int64_t backend_of(struct store *store)
{
    struct store_rows *rows;
    struct error error;
    assert_int_equal(store_run(store, &who, NULL, &rows, &error), STATUS_OK);
    int64_t backend = store_rows_integer(rows, 0, 0);
    store_rows_free(rows);
    return backend;
}

static void put_rows(struct copy *copy, int count, size_t length)
{
    static char text[10001];
    memset(text, 'x', sizeof text - 1);
    for (int i = 1; i <= count; i++) {
        copy_put_integer(copy, i);
        copy_put_text(copy, &text[sizeof text - 1 - length]);
        copy_end_row(copy);
    }
}

static void set_stage(struct stage *stage, size_t length)
{
    struct error error;
    memset(stage, 0, sizeof *stage);
    services_new_database(stage->url);
    stage->store = store_create(stage->url, "test");
    stage->holder = store_create(stage->url, "holder");
    assert_int_equal(
        store_run_script(stage->holder,
                         "CREATE TABLE filled (n bigint CHECK (n > 0), x text);"
                         "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$"
                         "BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NEW; END $$;"
                         "CREATE TRIGGER wait BEFORE INSERT ON filled FOR EACH ROW WHEN (NEW.n = 100)"
                         "EXECUTE FUNCTION wait()",
                         &error),
        STATUS_OK);
    assert_int_equal(store_run_script(stage->holder, "SELECT pg_advisory_lock(1)", &error), STATUS_OK);
    stage->backend = backend_of(stage->store);
    put_rows(&stage->copy, 5000, length);
}

static void *copy_now(void *context)
{
    struct stage *stage = context;
    if (stage->in_transaction && store_begin(stage->store, &stage->error) != STATUS_OK)
        return NULL;
    stage->status = store_run_copy(stage->store, &fill, &stage->copy, &stage->error);
    return NULL;
}

static void must_end(struct stage *stage, pthread_t thread)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 60;
    assert_int_equal(pthread_timedjoin_np(thread, NULL, &until), 0);
    assert_int_equal(stage->copy.bytes.length, 0);
}

/* Runs `blow` with the number of the backend once it waits for the lock. */
static void interrupt(struct stage *stage, const char *blow)
{
    char sql[200];
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, copy_now, stage), 0);
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND pid = %lld",
             (long long)stage->backend);
    while (services_query_integer(stage->url, sql) == 0)
        continue;
    snprintf(sql, sizeof sql, blow, (long long)stage->backend);
    char *struck = services_query(stage->url, sql);
    assert_string_equal(struck, "t");
    free(struck);
    must_end(stage, thread);
}

/* Nothing has stayed, and the next COPY goes in. */
static void clear_stage(struct stage *stage)
{
    assert_int_equal(services_query_integer(stage->url, "SELECT count(*) FROM filled"), 0);
    assert_int_equal(store_run_script(stage->holder, "SELECT pg_advisory_unlock(1)", &stage->error),
                     STATUS_OK);
    put_rows(&stage->copy, 200, 10);
    assert_int_equal(store_run_copy(stage->store, &fill, &stage->copy, &stage->error), STATUS_OK);
    assert_int_equal(services_query_integer(stage->url, "SELECT count(*) FROM filled"), 200);
    store_destroy(stage->store);
    store_destroy(stage->holder);
}

/* Either all has been sent and the answer is waited for, or (50 MB are more than the sockets take) rows are
 * still being sent. */
static const size_t lengths[] = {10, 10000};

static void a_copy_that_is_cancelled_leaves_its_connection(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct stage stage;
        set_stage(&stage, lengths[i]);
        interrupt(&stage, "SELECT pg_cancel_backend(%lld)");
        assert_int_equal(stage.status, STATUS_UNAVAILABLE);
        assert_string_equal(stage.error.sqlstate, "57014");
        assert_int_equal(backend_of(stage.store), stage.backend);
        clear_stage(&stage);
    }
}

static void a_copy_whose_connection_ends_is_an_error_and_the_next_one_has_another(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct stage stage;
        set_stage(&stage, lengths[i]);
        interrupt(&stage, "SELECT pg_terminate_backend(%lld)");
        assert_int_equal(stage.status, STATUS_UNAVAILABLE);
        assert_int_not_equal(backend_of(stage.store), stage.backend);
        clear_stage(&stage);
    }
}

/* What was begun on the connection that has ended must not go on upon the next one. */
static void its_transaction_ends_with_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct stage stage;
        set_stage(&stage, lengths[i]);
        stage.in_transaction = true;
        interrupt(&stage, "SELECT pg_terminate_backend(%lld)");
        assert_int_equal(stage.status, STATUS_UNAVAILABLE);
        put_rows(&stage.copy, 1, 10);
        assert_int_equal(store_run_copy(stage.store, &fill, &stage.copy, &stage.error), STATUS_UNAVAILABLE);
        assert_int_equal(store_commit(stage.store, &stage.error), STATUS_UNAVAILABLE);
        store_rollback(stage.store);
        clear_stage(&stage);
    }
}

/* A row is refused while those behind it are still being sent. */
static void a_bad_row_among_many_is_an_error_and_nothing_of_them_stays(void **state)
{
    (void)state;
    struct stage stage;
    set_stage(&stage, 10000);
    copy_release(&stage.copy);
    put_rows(&stage.copy, 50, 10);
    copy_put_integer(&stage.copy, 0);
    copy_put_text(&stage.copy, "refused");
    copy_end_row(&stage.copy);
    put_rows(&stage.copy, 5000, 10000);
    assert_int_equal(store_run_copy(stage.store, &fill, &stage.copy, &stage.error), STATUS_CONFLICT);
    assert_string_equal(stage.error.field, "filled_n_check");
    assert_int_equal(backend_of(stage.store), stage.backend);
    clear_stage(&stage);
}

/* libpq sends no more than an int can say; nothing of it is read. */
static void more_than_can_be_sent_at_once_is_an_error(void **state)
{
    (void)state;
    struct stage stage;
    set_stage(&stage, 10);
    stage.copy.bytes.length = (size_t)INT_MAX + 1;
    assert_int_equal(store_run_copy(stage.store, &fill, &stage.copy, &stage.error), STATUS_UNAVAILABLE);
    assert_non_null(strstr(stage.error.message, "not all rows could be sent"));
    assert_int_equal(backend_of(stage.store), stage.backend);
    clear_stage(&stage);
}

/* The server would wait for more rows, and the store for its answer. */
static void a_copy_that_cannot_be_ended_ends_its_connection(void **state)
{
    (void)state;
    struct stage stage;
    pthread_t thread;
    set_stage(&stage, 10);
    end_fails = true;
    assert_int_equal(pthread_create(&thread, NULL, copy_now, &stage), 0);
    must_end(&stage, thread);
    end_fails = false;
    assert_int_equal(stage.status, STATUS_UNAVAILABLE);
    assert_int_not_equal(backend_of(stage.store), stage.backend);
    clear_stage(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copied_rows_are_read_back),
        cmocka_unit_test(a_copy_that_is_cancelled_leaves_its_connection),
        cmocka_unit_test(a_copy_whose_connection_ends_is_an_error_and_the_next_one_has_another),
        cmocka_unit_test(its_transaction_ends_with_it),
        cmocka_unit_test(a_bad_row_among_many_is_an_error_and_nothing_of_them_stays),
        cmocka_unit_test(more_than_can_be_sent_at_once_is_an_error),
        cmocka_unit_test(a_copy_that_cannot_be_ended_ends_its_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
