/* The rollback plan over HTTP. */
#include "http_fixture.h"

/* Campaign june of twenty devices: five run v1.1.0 now, the others went back by themselves; and its rollback.
 */
static void given_a_campaign(void)
{
    make_catalogue();
    expect(
        post(
            "/v1/campaigns", operator_,
            "{\"name\":\"june\",\"firmware\":\"v1.1.0t45772(a)\",\"from\":\"<v1.1.0\",\"policy\":{\"name\":\"p\","
            "\"in_flight\":7,\"waves\":[{\"name\":\"canary\",\"size\":{\"count\":5}},{\"name\":\"wide\",\"size\":{"
            "\"rest\":true}}]}}"),
        201, "\"state\" : \"draft\"");
    free(services_query(
        database,
        "UPDATE campaigns SET state = 'completed', members = 20;"
        "INSERT INTO waves (campaign_id, wave, name, members, confirmed, reverted) VALUES "
        "(1, 0, 'canary', 5, 5, 0), (1, 1, 'wide', 15, 0, 15);"
        "INSERT INTO targets (campaign_id, device_id, wave, position, state, attempt, from_version, "
        "from_sha256, to_version, firmware_id, sent_at) SELECT 1, device_id, (n > 5)::integer, n, "
        "CASE WHEN n <= 5 THEN 'confirmed' ELSE 'reverted' END, 1, version, CASE WHEN n > 1 THEN "
        "repeat('5', 64) END, 'v1.1.0t45772(a)', 1, now() FROM (SELECT *, row_number() OVER (ORDER BY "
        "device_id) n FROM devices) d;"
        "UPDATE devices SET version = 'v1.1.0t45772(a)' WHERE device_id < 'd05';"
        "INSERT INTO campaigns (name, kind, parent_id, ptype, policy, seed, created_by) SELECT "
        "'june.rollback', 'rollback', 1, ptype, policy, seed, 'orchestrator' FROM campaigns"));
}

static void the_plan_is_shown_and_its_devices_listed(void **state)
{
    (void)state;
    given_a_campaign();
    struct reply reply = get("/v1/campaigns/june/rollback-plan"); /* a viewer may */
    assert_non_null(strstr(reply.body, "\"possible\" : true"));
    assert_non_null(strstr(reply.body, "\"took_part\" : 20"));
    assert_non_null(strstr(reply.body, "\"flip\" : 4"));
    assert_non_null(strstr(reply.body, "\"download\" : 0"));
    assert_non_null(strstr(reply.body, "{\"reason\" : \"previous_not_known\", \"devices\" : 1}"));
    assert_non_null(strstr(reply.body, "{\"reason\" : \"runs_another_version\", \"devices\" : 15}"));
    assert_non_null(strstr(reply.body, "\"in_flight\": 7"));
    assert_null(strstr(reply.body, "canary")); /* the policy is the rollback's own */
    expect(reply, 200, "\"campaign\" : \"june\"");
    reply = get("/v1/campaigns/1/rollback-plan/devices?limit=2");
    assert_non_null(strstr(reply.body, "\"reason\" : \"previous_not_known\""));
    assert_non_null(strstr(
        reply.body, "\"device\" : \"d01\", \"way\" : \"flip\", \"from\" : \"v1.1.0t45772(a)\", \"to\" : "
                    "\"v1.0.0t45772(a)\""));
    expect(reply, 200, "\"next\" : \"2\"");
    reply = get("/v1/campaigns/june/rollback-plan/devices?way=flip&after=2");
    assert_null(strstr(reply.body, "d01"));
    assert_null(strstr(reply.body, "none"));
    expect(reply, 200, "\"next\" : null");
    expect(get("/v1/campaigns/june/rollback-plan/devices?way=download"), 200, "\"devices\" : []");
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    expect_error(get("/v1/campaigns/june/rollback-plan/devices?way=fly"), 400, "invalid", "way");
    expect_error(get("/v1/campaigns/june/rollback-plan?way=flip"), 400, "invalid", "way");
    expect_error(get("/v1/campaigns/nobody/rollback-plan"), 404, "not_found", "");
    expect_error(get("/v1/campaigns/nobody/rollback-plan/devices"), 404, "not_found", "");
    expect_error(get("/v1/campaigns/june.rollback/rollback-plan"), 409, "conflict", "campaign");
    expect_error(request("GET", "/v1/campaigns/june/rollback-plan", NULL, "", NULL, 0), 401,
                 "unauthenticated", "");
    expect_error(post("/v1/campaigns/june/rollback", viewer, ""), 403, "denied", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_plan_is_shown_and_its_devices_listed),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
