#include "sql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fleet.h"
#include "migrate.h"
#include "services.h"
#include "store.h"

static void read_file(const char *name, char *text, size_t size)
{
    char path[200];
    snprintf(path, sizeof path, "tests/property/database/%s.sql", name);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        fail_msg("no %s here: tests run in the root of the checkout", path);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

char *sql_ask(const char *database_url, const char *name)
{
    char text[8000];
    read_file(name, text, sizeof text);
    return services_query(database_url, text);
}

void sql_make_database(char database_url[256])
{
    struct error error = {0};
    int applied;
    services_empty_database(database_url);
    free(sql_ask(database_url, "clock"));
    struct store *store = store_create(database_url, "test"); /* which sees the new search_path */
    if (migrate(store, migrations_embedded, migrations_embedded_count, &applied, &error) != STATUS_OK)
        fail_msg("migrations: %s", error.message);
    store_destroy(store);
    free(services_query(services_start()->database_url, "SELECT 1")); /* and a new connection here, too */
    /* Devices and the event log know a campaign by one number. */
    free(services_query(database_url, "ALTER TABLE campaigns ALTER COLUMN wire_number SET DEFAULT "
                                      "currval(pg_get_serial_sequence('campaigns', 'campaign_id'))"));
    free(sql_ask(database_url, "witness"));
    free(sql_ask(database_url, "releases"));
}

void sql_start_anew(const char *database_url, int devices)
{
    char sql[700];
    free(services_query(database_url, "SET client_min_messages = error"));
    /* A killed client's backend may still be at its last statement. */
    free(services_query(database_url, "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity "
                                      "WHERE application_name LIKE 'orchestrator %'"));
    free(services_query(
        database_url,
        "TRUNCATE broken, witnessed_offers, devices, campaigns, waves, targets, events, audit, plans, "
        "plan_devices, orchestrators, outages, asks CASCADE;"
        "DELETE FROM service; INSERT INTO service (identity) VALUES (database_identity())"));
    snprintf(sql, sizeof sql,
             "INSERT INTO devices (device_id, product_id, ptype, tags, version, version_order, fota_class, "
             "slot, image_sha256) SELECT 'd' || n, 1, 45772, CASE n %% 3 WHEN 0 THEN '{a}' WHEN 1 THEN '{b}' "
             "ELSE '{a,b}' END::text[], '%s', '105v', 'a', 1, repeat('5', 64) "
             "FROM generate_series(1, %d) n;"
             "INSERT INTO presence (device_id, online) SELECT device_id, true FROM devices",
             FLEET_BASE_VERSION, devices);
    free(services_query(database_url, sql));
}

void sql_move_clock(const char *database_url, int seconds)
{
    char sql[100];
    snprintf(sql, sizeof sql, "SELECT setval('clock_seconds', last_value + %d) FROM clock_seconds", seconds);
    free(services_query(database_url, sql));
}
