#include "engine_fixture.h"
#include "clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ingest.h"
#include "services.h"
#include "tick.h"

static void catch_message(void *context, const char *topic, const char *payload)
{
    struct fixture *fixture = context;
    if (fixture->broker_is_down)
        return;
    assert_true(strlen(payload) <= 2048);
    snprintf(fixture->last_topic, sizeof fixture->last_topic, "%s", topic);
    snprintf(fixture->last_payload, sizeof fixture->last_payload, "%s", payload);
    fixture->updates += strstr(payload, "\"command\":\"update\"") != NULL;
    fixture->rollbacks += strstr(payload, "\"command\":\"rollback\"") != NULL;
    fixture->cancels += strstr(payload, "\"command\":\"cancel\"") != NULL;
    fixture->acks += strstr(payload, "\"command\":\"ack\"") != NULL;
    fixture->asks += strstr(payload, "\"command\":\"report\"") != NULL;
}

/* As the daemon does: the arena is gone when the tick goes on. */
static void send_all(void *context, const struct outbox *outbox, struct arena *arena)
{
    struct fixture *fixture = context;
    outbox_publish(outbox, &fixture->engine.publisher);
    arena_release(arena);
}

void fixture_sql(struct fixture *fixture, const char *sql)
{
    free(services_query(fixture->url, sql));
}

struct fixture *fixture_make(int devices)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct error error;
    char sql[1200];
    assert_non_null(fixture);
    services_new_database(fixture->url);
    fixture->store = store_create(fixture->url, "test");
    fixture->engine.publisher = (struct publisher){catch_message, send_all, fixture};
    fixture->engine.public_url = "http://127.0.0.1:8080";
    fixture->engine.offer_resend_seconds = 10;
    fixture->engine.probe_after_seconds = 86400; /* fixture_later makes all of them strangers else */
    snprintf(fixture->actor.name, sizeof fixture->actor.name, "tester");
    fixture->actor.role = ROLE_ADMIN;
    assert_int_equal(engine_load_secret(fixture->store, fixture->engine.image_secret, &error), STATUS_OK);
    snprintf(sql, sizeof sql,
             "INSERT INTO products (name, ptype) VALUES ('lamp', 45772);"
             "INSERT INTO devices (device_id, product_id, ptype, version, version_order, fota_class, "
             "slot, image_sha256) SELECT 'lamp-' || n, 1, 45772, 'v1.0.5t45772(a)', '105v', 'a', 1, "
             "repeat('5', 64) FROM generate_series(1, %d) n;"
             "INSERT INTO presence (device_id, online) SELECT device_id, true FROM devices;"
             /* Everything that is said is stored at once: here is no orchestrator that could be behind. */
             "INSERT INTO orchestrators VALUES ('fixture', '{}', 'infinity', 'infinity');"
             "INSERT INTO firmware (version, ptype, version_order, fota_class, created_by) "
             "VALUES ('" FIXTURE_VERSION "', 45772, '110v', 'a', 'tester');"
             "INSERT INTO image_bytes SELECT encode(sha256(b), 'hex'), octet_length(b), b "
             "FROM (VALUES ('one'::bytea), ('two'::bytea)) t(b);"
             "INSERT INTO images VALUES (1, 1, encode(sha256('one'::bytea), 'hex')), "
             "(1, 2, encode(sha256('two'::bytea), 'hex'))",
             devices);
    assert_int_equal(store_run_script(fixture->store, sql, &error), STATUS_OK);
    /* Devices of a test know a campaign by its place. */
    fixture_sql(fixture, "ALTER TABLE campaigns ALTER COLUMN wire_number SET DEFAULT "
                         "currval(pg_get_serial_sequence('campaigns', 'campaign_id'))");
    return fixture;
}

void fixture_release(struct fixture *fixture)
{
    store_destroy(fixture->store);
    free(fixture);
}

static void swap_quotes(const char *text, char *json, size_t size)
{
    snprintf(json, size, "%s", text);
    for (char *c = json; *c != '\0'; c++) {
        if (*c == '\'')
            *c = '"';
    }
}

static enum status make_campaign(struct fixture *fixture, const char *name, const char *policy, bool start,
                                 struct error *error)
{
    char json[2000];
    swap_quotes(policy, json, sizeof json);
    struct campaign_new campaign = {.name = name,
                                    .firmware = FIXTURE_VERSION,
                                    .from = ">=v1.0.0 <v1.1.0",
                                    .policy_json = json,
                                    .start = start};
    return operate_campaign_create(fixture->store, &fixture->actor, &campaign, error);
}

enum status fixture_try_campaign(struct fixture *fixture, const char *name, const char *policy,
                                 struct error *error)
{
    return make_campaign(fixture, name, policy, true, error);
}

void fixture_draft(struct fixture *fixture, const char *name, const char *policy)
{
    struct error error = {0};
    if (make_campaign(fixture, name, policy, false, &error) != STATUS_OK)
        fail_msg("%s: %s", error.field, error.message);
}

void fixture_campaign(struct fixture *fixture, const char *name, const char *policy)
{
    struct error error = {0};
    if (fixture_try_campaign(fixture, name, policy, &error) != STATUS_OK)
        fail_msg("%s: %s", error.field, error.message);
}

void fixture_tick(struct fixture *fixture)
{
    bool more = true;
    for (int i = 0; more && i < 100; i++) {
        struct error error = {0};
        if (tick(&fixture->engine, fixture->store, &more, &error) != STATUS_OK)
            fail_msg("%s: %s", error.field, error.message);
    }
    assert_false(more);
    char *wrong = services_query(
        fixture->url, "SELECT name || ': ' || tick_error FROM campaigns WHERE tick_error IS NOT NULL");
    if (wrong != NULL)
        fail_msg("%s", wrong);
    /* Whatever happened, the sums are right. */
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM campaigns c WHERE c.members <> (SELECT count(*) "
                                     "FROM targets t WHERE t.campaign_id = c.campaign_id)"),
                     0);
    assert_int_equal(
        fixture_integer(
            fixture, "SELECT count(*) FROM (SELECT campaign_id, wave, count(*) FILTER (WHERE state = "
                     "'pending') p, count(*) FILTER (WHERE state = 'confirmed') c, count(*) FILTER (WHERE "
                     "state IN ('failed', 'reverted', 'silent')) f, count(*) FILTER (WHERE deadline IS NOT "
                     "NULL) i FROM targets GROUP BY 1, 2) t JOIN waves w USING (campaign_id, wave) WHERE "
                     "(t.p, t.c, t.f, t.i) <> (w.pending, w.confirmed, w.failed + w.reverted + w.silent, "
                     "w.offered + w.accepted + w.downloading + w.installed + w.trial)"),
        0);
}

void fixture_passes(struct fixture *fixture, int seconds)
{
    static const char *const moments[] = {
        "targets SET deadline = deadline - $, sent_at = sent_at - $, not_before = not_before - $",
        "waves SET soak_until = soak_until - $, opened_at = opened_at - $",
        "presence SET changed_at = changed_at - $, last_seen = last_seen - $, hello_at = hello_at - $, "
        "resumed_at = resumed_at - $, probed_at = probed_at - $",
        "asks SET due = due - $",
        "outages SET began = began - $, ended = ended - $, service_at = service_at - $, asked_at = asked_at - $",
        "service SET outage_ended = outage_ended - $, heard_since = heard_since - $",
        "campaigns SET rate_at = rate_at - $, stands_since = stands_since - $",
        "offer_times SET began = began - $, ended = ended - $, clock_began = clock_began - $",
    };
    char sql[2000];
    size_t used = 0;
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        used += (size_t)snprintf(sql + used, sizeof sql - used, "UPDATE ");
        for (const char *c = moments[i]; *c != '\0'; c++)
            used += *c == '$' ? (size_t)snprintf(sql + used, sizeof sql - used, "interval '%d s'", seconds)
                              : (size_t)snprintf(sql + used, sizeof sql - used, "%c", *c);
        used += (size_t)snprintf(sql + used, sizeof sql - used, ";");
    }
    struct error error;
    assert_int_equal(store_run_script(fixture->store, sql, &error), STATUS_OK);
}

void fixture_later(struct fixture *fixture, int seconds)
{
    char sql[300];
    fixture_passes(fixture, seconds);
    /* As the ticker would have seen it meanwhile. */
    snprintf(
        sql, sizeof sql,
        "UPDATE offer_times o SET ended = ended + interval '%d s' FROM campaigns c WHERE c.campaign_id = "
        "o.campaign_id AND c.state = 'running' AND ended > clock_timestamp() - interval '%d s'",
        seconds, seconds + 10);
    fixture_sql(fixture, sql);
    fixture_tick(fixture);
}

void fixture_command(struct fixture *fixture, const char *campaign, enum campaign_command command)
{
    struct error error = {0};
    bool changed;
    if (operate_campaign_command(fixture->store, &fixture->actor, campaign, command, "test", &changed,
                                 &error) != STATUS_OK)
        fail_msg("%s: %s", error.field, error.message);
    fixture_tick(fixture);
}

/* --- devices ---------------------------------------------------------------------------------------- */

static void replace(char *text, size_t size, const char *word, const char *by)
{
    char *at;
    while ((at = strstr(text, word)) != NULL) {
        char rest[2200];
        snprintf(rest, sizeof rest, "%s", at + strlen(word));
        snprintf(at, size - (size_t)(at - text), "%s%s", by, rest);
    }
}

static char *latest(struct fixture *fixture, const char *device, const char *column)
{
    char sql[300];
    snprintf(
        sql, sizeof sql,
        "SELECT %s::text FROM targets WHERE device_id = '%s' ORDER BY deadline IS NULL, campaign_id DESC LIMIT 1",
        column, device);
    return services_query(fixture->url, sql);
}

void fixture_report(struct fixture *fixture, const char *device, const char *text)
{
    char json[2200], topic[128];
    struct report report;
    struct ingest_summary summary;
    struct error error = {0};
    swap_quotes(text, json, sizeof json);
    char *nonce = latest(fixture, device, "coalesce(nonce, 'none')");
    char *sha = services_query(fixture->url, "SELECT sha256 FROM images WHERE slot = 2");
    replace(json, sizeof json, "%NONCE", nonce != NULL ? nonce : "none");
    replace(json, sizeof json, "%SHA", sha);
    char *version = latest(fixture, device, "to_version");
    replace(json, sizeof json, "%VERSION", version != NULL ? version : FIXTURE_VERSION);
    free(version);
    free(nonce);
    free(sha);
    snprintf(topic, sizeof topic, "fota/v1/%s/report", device);
    report_parse(topic, json, strlen(json), &report);
    report.received_at = fixture->report_age > 0 ? clock_milliseconds() - fixture->report_age : 0;
    if (ingest_batch(&fixture->engine, fixture->store, &report, 1, &summary, &error) != STATUS_OK)
        fail_msg("%s: %s", error.field, error.message);
}

void fixture_reports(struct fixture *fixture, const char *device, const char *name)
{
    char json[700];
    char *campaign =
             latest(fixture, device,
                    "(SELECT wire_number FROM campaigns c WHERE c.campaign_id = targets.campaign_id)"),
         *attempt = latest(fixture, device, "attempt");
    int used =
        snprintf(json, sizeof json, "{'report':'%s','campaign':%s,'attempt':%s", name, campaign, attempt);
    const char *rest = "}";
    if (strcmp(name, "downloading") == 0)
        rest = ",'progress':50}";
    else if (strcmp(name, "confirmed") == 0)
        rest = ",'nonce':'%NONCE','version':'%VERSION','slot':2,'sha256':'%SHA'}";
    else if (strcmp(name, "failed") == 0 || strcmp(name, "rejected") == 0)
        rest = ",'reason':'flash_error'}";
    else if (strcmp(name, "reverted") == 0)
        rest = ",'reason':'health_check','version':'v1.0.5t45772(a)','slot':1,'sha256':"
               "'5555555555555555555555555555555555555555555555555555555555555555'}";
    snprintf(json + used, sizeof json - (size_t)used, "%s", rest);
    free(campaign);
    free(attempt);
    fixture_report(fixture, device, json);
}

void fixture_updates_itself(struct fixture *fixture, const char *device)
{
    static const char *const way[] = {"accepted", "downloading", "installed", "trial", "confirmed"};
    for (size_t i = 0; i < sizeof way / sizeof way[0]; i++)
        fixture_reports(fixture, device, way[i]);
}

void fixture_canary_devices(struct fixture *fixture, char first[65], char second[65])
{
    char *a = services_query(fixture->url,
                             "SELECT device_id FROM targets WHERE wave = 0 ORDER BY position LIMIT 1");
    char *b = services_query(fixture->url,
                             "SELECT device_id FROM targets WHERE wave = 0 ORDER BY position DESC LIMIT 1");
    snprintf(first, 65, "%s", a);
    snprintf(second, 65, "%s", b);
    free(a);
    free(b);
}

void fixture_everybody_updates(struct fixture *fixture)
{
    char *device;
    while ((device = services_query(
                fixture->url, "SELECT device_id FROM targets WHERE state = 'offered' LIMIT 1")) != NULL) {
        fixture_updates_itself(fixture, device);
        fixture_tick(fixture);
        free(device);
    }
}

/* --- values ----------------------------------------------------------------------------------------- */

int64_t fixture_integer(struct fixture *fixture, const char *sql)
{
    return services_query_integer(fixture->url, sql);
}

void fixture_state_is(struct fixture *fixture, const char *campaign, const char *state)
{
    char sql[200];
    snprintf(sql, sizeof sql, "SELECT state || ': ' || state_reason FROM campaigns WHERE name = '%s'",
             campaign);
    char *is = services_query(fixture->url, sql);
    assert_non_null(is);
    if (strncmp(is, state, strlen(state)) != 0 || is[strlen(state)] != ':')
        fail_msg("%s is %s, not %s", campaign, is, state);
    free(is);
}

int64_t fixture_targets(struct fixture *fixture, const char *state)
{
    char sql[200];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM targets WHERE state = '%s'", state);
    return fixture_integer(fixture, sql);
}

void fixture_targets_are(struct fixture *fixture, const char *campaign, const char *expected)
{
    char sql[400];
    snprintf(
        sql, sizeof sql,
        "SELECT coalesce(string_agg(t.state || CASE WHEN queued THEN '/queued' ELSE '' END, ' ' ORDER BY "
        "device_id), '') FROM targets t JOIN campaigns c USING (campaign_id) WHERE c.name = '%s'",
        campaign);
    char *is = services_query(fixture->url, sql);
    assert_string_equal(is, expected);
    free(is);
}

int64_t fixture_rejected(struct fixture *fixture, const char *kind)
{
    char sql[200];
    snprintf(sql, sizeof sql, "SELECT count FROM rejected_reports WHERE kind = '%s'", kind);
    return fixture_integer(fixture, sql);
}
