/* EXPLAIN of every statement of store/sql on a filled database: none reads the whole of a large table, but
 * for those listed here, with the reason. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "services.h"
#include "store.h"
#include "store_sql.h"

/* 50,000 devices of ten ptypes; 60 campaigns and 60 plans of 500 of them, in two waves; two events a target.
 */
static const char filled[] =
    "INSERT INTO ptypes SELECT n, 'seed' FROM generate_series(1, 10) n;"
    "INSERT INTO products (name, ptype) SELECT 'lamp-' || n, n FROM generate_series(1, 10) n;"
    "INSERT INTO firmware (version, ptype, version_order, fota_class, created_by) "
    "SELECT format('v%s.%s.%st%s(a)', v / 100, v / 10 % 10, v % 10, n, n), n, v || 'v', 'a', 'x' "
    "FROM generate_series(1, 10) n, generate_series(110, 129) v;"
    "INSERT INTO image_bytes SELECT encode(sha256(b), 'hex'), octet_length(b), b FROM (SELECT "
    "convert_to(n::text, 'UTF8') AS b FROM generate_series(1, 400) n) t;"
    "INSERT INTO images SELECT (n + 1) / 2, 1 + n % 2, encode(sha256(convert_to(n::text, 'UTF8')), 'hex') FROM "
    "generate_series(1, 400) n;"
    "INSERT INTO devices (device_id, product_id, ptype, tags, version, version_order, fota_class, slot, "
    "image_sha256) SELECT 'lamp-' || n, 1 + n % 10, 1 + n % 10, ARRAY['site-' || n % 100], 'v1.0.' || n % 9 || "
    "'t' || 1 + n % 10 || '(a)', '10' || n % 9 || 'v', 'a', 1, repeat('5', 64) FROM generate_series(1, 50000) n;"
    "INSERT INTO presence (device_id, online, last_seen) SELECT device_id, hashtext(device_id) % 50 <> 0, now() "
    "FROM devices;"
    "INSERT INTO campaigns (name, firmware_id, ptype, policy, seed, state, created_by, members, settled) SELECT "
    "'c' || n, n, 1 + n % 10, '{}', 1, CASE WHEN n > 50 THEN 'running' ELSE 'completed' END, 'x', 500, n <= 50 "
    "FROM generate_series(1, 60) n;"
    "INSERT INTO waves (campaign_id, wave, name, state, opened_at, members, pending, offered, confirmed) SELECT "
    "n, w, 'w' || w, CASE WHEN n <= 50 THEN 'passed' WHEN w = 0 THEN 'open' ELSE 'pending' END, now(), 250, "
    "CASE WHEN n > 50 THEN 200 + 50 * w ELSE 0 END, CASE WHEN n > 50 THEN 50 - 50 * w ELSE 0 END, "
    "CASE WHEN n > 50 THEN 0 ELSE 250 END FROM generate_series(1, 60) n, generate_series(0, 1) w;"
    "INSERT INTO targets (campaign_id, device_id, wave, position, state, attempt, nonce, from_version, "
    "to_version, firmware_id, sent_at, deadline) SELECT c, 'lamp-' || n, (p > 250)::integer, p, "
    "CASE WHEN c <= 50 THEN 'confirmed' WHEN p <= 50 THEN 'offered' ELSE 'pending' END, 1, repeat('0', 16), "
    "'v1.0.5t45772(a)', 'v1.1.0t45772(a)', c, now(), CASE WHEN c > 50 AND p <= 50 THEN now() END "
    "FROM (SELECT n, 1 + (n - 1) / 500 AS c, 1 + (n - 1) % 500 AS p FROM generate_series(1, 30000) n) t;"
    /* Long ago, but of this month, one after the other. */
    "INSERT INTO events (at, subject, campaign_id, wave, device_id, attempt, from_state, to_state) SELECT "
    "date_trunc('month', now()) + interval '1 ms' * row_number() OVER (), 'target', campaign_id, wave, device_id, 1, s.a, s.b FROM targets, (VALUES ('pending', 'offered'), ('offered', "
    "'accepted')) s(a, b);"
    "INSERT INTO plans (firmware_id, from_rule, tags, devices, selector, policy, seed, created_by) SELECT n, "
    "'', '{}', '{}', '', '{\"waves\":[]}', 1, 'x' FROM generate_series(1, 60) n;"
    "INSERT INTO plan_devices (plan_id, position, wave, device_id) SELECT campaign_id, position, wave, device_id "
    "FROM targets;"
    "ANALYZE";

/* The tables that grow with the fleet. Of the events' partitions the one of this month is filled, and called
 * events_filled here. */
static const char *const large[] = {"devices", "presence", "targets", "events_filled", "plan_devices"};

/* What may read a whole table, and does so where most of it is wanted. */
static const struct {
    const char *statement, *table, *reason;
} allowed[] = {
    {"list_products", "devices", "counts the devices of every product of the page"},
    {"judged_count", "presence", "asks every device of a product type"},
    {"planned_fill", "presence", "asks every device of a product type"},
    {"plan_rollback", "devices", "a campaign may have taken every device"},
    {"rollback_numbers", "devices", "a campaign may have taken every device"},
    {"list_rollback_devices", "devices", "a campaign may have taken every device"},
    {"list_rollback_devices", "targets", "a campaign may have taken every device"},
    {"show_rollback_plan", "devices", "a campaign may have taken every device"},
    {"show_rollback_plan", "targets", "a campaign may have taken every device"},
    {"plan_forget", "plan_devices",
     "deletes the devices of all plans that are too old, which may be all of them"},
};

static bool is_allowed(const char *statement, const char *table)
{
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++) {
        if (strcmp(allowed[i].statement, statement) == 0 && strcmp(allowed[i].table, table) == 0)
            return true;
    }
    return false;
}

/* What is asked at every look at a campaign reads no more of its targets than it has to. */
static const struct {
    const char *statement, *index;
} narrow[] = {
    {"target_claim", "targets_to_offer"},          {"target_offline", "targets_to_offer"},
    {"target_expire", "targets_in_flight"},        {"target_outbox", "targets_in_flight"},
    {"target_retry", "targets_that_failed"},       {"overlap_any", "targets_queued"},
    {"target_cancel_pending", "targets_to_offer"}, {"list_targets", "targets_by_position"},
};

static bool mentions(const struct store_rows *rows, const char *index)
{
    for (int64_t row = 0; row < store_rows_count(rows); row++) {
        if (strstr(store_rows_text(rows, row, 0), index) != NULL)
            return true;
    }
    return false;
}

static void run(struct store *store, const char *sql)
{
    struct error error = {0};
    if (store_run_script(store, sql, &error) != STATUS_OK)
        fail_msg("%s: %s", sql, error.message);
}

/* As many NULLs as the statement has parameters. */
static void put_nulls(const char *text, char *list, size_t size)
{
    int count = 0;
    for (const char *p = text; (p = strchr(p, '$')) != NULL; p++) {
        if (isdigit((unsigned char)p[1]) && atoi(p + 1) > count)
            count = atoi(p + 1);
    }
    list[0] = '\0';
    for (int i = 0; i < count; i++)
        snprintf(list + strlen(list), size - strlen(list), "%sNULL", i == 0 ? "(" : ", ");
    if (count > 0)
        snprintf(list + strlen(list), size - strlen(list), ")");
}

/* The plan that holds for any parameters. */
static struct store_rows *explain(struct store *store, const struct store_statement *statement, int number)
{
    char nulls[200], text[300];
    struct error error = {0};
    struct store_rows *rows;
    size_t size = strlen(statement->text) + 100;
    char *prepare = malloc(size);
    snprintf(prepare, size, "PREPARE s%d AS %s", number, statement->text);
    run(store, prepare);
    free(prepare);
    put_nulls(statement->text, nulls, sizeof nulls);
    snprintf(text, sizeof text, "EXPLAIN (COSTS OFF) EXECUTE s%d %s", number, nulls);
    char name[20];
    snprintf(name, sizeof name, "explain%d", number);
    struct store_statement asked = {number, name, text};
    if (store_run(store, &asked, NULL, &rows, &error) != STATUS_OK)
        fail_msg("%s: %s", statement->name, error.message);
    snprintf(text, sizeof text, "DEALLOCATE s%d", number);
    run(store, text);
    return rows;
}

/* The large table that a line of a plan reads the whole of; NULL: none. */
static const char *read_whole(const char *line)
{
    const char *scan = strstr(line, "Seq Scan on ");
    if (scan == NULL)
        return NULL;
    scan += strlen("Seq Scan on ");
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++) {
        size_t length = strlen(large[i]);
        if (strncmp(scan, large[i], length) == 0 && (scan[length] == ' ' || scan[length] == '\0'))
            return large[i];
    }
    return NULL;
}

static bool is_utility(const struct store_statement *statement)
{
    const char *text = statement->text;
    while (strncmp(text, "--", 2) == 0)
        text = strchr(text, '\n') + 1;
    return strncmp(text, "CREATE ", 7) == 0 || strncmp(text, "LOCK ", 5) == 0 ||
           strncmp(text, "COPY ", 5) == 0;
}

static bool reads_whole(struct store *store, const char *name, const char *table)
{
    bool found = false;
    for (int i = 0; i < STORE_STATEMENT_COUNT && !found; i++) {
        if (strcmp(store_statements[i]->name, name) != 0)
            continue;
        struct store_rows *rows = explain(store, store_statements[i], i);
        for (int64_t row = 0; row < store_rows_count(rows) && !found; row++) {
            const char *read = read_whole(store_rows_text(rows, row, 0));
            found = read != NULL && strcmp(read, table) == 0;
        }
        store_rows_free(rows);
    }
    return found;
}

/* A plan that may read a whole table need not: samples of a table differ, and two ways may cost about the
 * same. But who does not even where all other ways are made dear needs no exception. */
static void note_exceptions_without_need(struct store *store, char *found, size_t size)
{
    run(store, "SET LOCAL random_page_cost = 44"); /* forty times that of the product */
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++) {
        if (!reads_whole(store, allowed[i].statement, allowed[i].table))
            snprintf(found + strlen(found), size - strlen(found), "\n  %s: %s may be read, and never is",
                     allowed[i].statement, allowed[i].table);
    }
}

static void no_statement_reads_a_large_table(void **state)
{
    (void)state;
    char url[256], found[8000] = "";
    services_new_database(url);
    struct store *store = store_create(url, "test");
    run(store, filled);
    char *month =
        services_query(url, "SELECT 'ALTER TABLE events_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM') || "
                            "' RENAME TO events_filled'");
    run(store, month);
    free(month);
    run(store, "SET plan_cache_mode = force_generic_plan; SET jit = off");
    run(store, "BEGIN");
    run(store, SQL_PLANNED_BEGIN.text); /* the table of those statements that plan a campaign */
    for (int i = 0; i < STORE_STATEMENT_COUNT; i++) {
        const struct store_statement *statement = store_statements[i];
        if (is_utility(statement))
            continue;
        struct store_rows *rows = explain(store, statement, i);
        for (int64_t row = 0; row < store_rows_count(rows); row++) {
            const char *table = read_whole(store_rows_text(rows, row, 0));
            if (table == NULL)
                continue;
            if (!is_allowed(statement->name, table))
                snprintf(found + strlen(found), sizeof found - strlen(found), "\n  %s: %s", statement->name,
                         table);
        }
        for (size_t n = 0; n < sizeof narrow / sizeof narrow[0]; n++) {
            if (strcmp(narrow[n].statement, statement->name) == 0 && !mentions(rows, narrow[n].index))
                snprintf(found + strlen(found), sizeof found - strlen(found), "\n  %s: without %s",
                         statement->name, narrow[n].index);
        }
        store_rows_free(rows);
    }
    note_exceptions_without_need(store, found, sizeof found);
    run(store, "ROLLBACK");
    if (found[0] != '\0')
        fail_msg("whole tables are read:%s", found);
    store_destroy(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_statement_reads_a_large_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
