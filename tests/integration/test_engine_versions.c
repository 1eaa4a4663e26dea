/* Which devices a campaign takes by their versions: the rule, the order and the scheme in both schemes, and
 * the ceilings of products. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine_fixture.h"
#include "services.h"
#include "version_rule.h"

static struct version parse(const char *text)
{
    struct version version = {0};
    struct error error = {0};
    if (version_parse(text, &version, &error) != STATUS_OK)
        fail_msg("%s", error.message);
    return version;
}

static void key_of(const char *text, char key[VERSION_ORDER_SIZE])
{
    struct version version = parse(text);
    version_order(&version, key);
}

static void add_device(struct fixture *fixture, const char *id, int product, const char *version)
{
    char sql[700], key[VERSION_ORDER_SIZE];
    struct version parsed = parse(version);
    key_of(version, key);
    snprintf(sql, sizeof sql,
             "INSERT INTO devices (device_id, product_id, ptype, version, version_order, fota_class, slot, "
             "image_sha256) VALUES ('%s', %d, %d, '%s', '%s', '%c', 1, repeat('5', 64));"
             "INSERT INTO presence (device_id, online) VALUES ('%s', true)",
             id, product, parsed.ptype, version, key, parsed.fota_class, id);
    struct error error = {0};
    if (store_run_script(fixture->store, sql, &error) != STATUS_OK)
        fail_msg("%s", error.message);
}

/* A release with the images of the fixture's. */
static void add_release(struct fixture *fixture, const char *version)
{
    char sql[700], key[VERSION_ORDER_SIZE];
    struct version parsed = parse(version);
    key_of(version, key);
    snprintf(
        sql, sizeof sql,
        "INSERT INTO firmware (version, ptype, version_order, fota_class, created_by) VALUES ('%s', %d, '%s', "
        "'%c', 'tester');"
        "INSERT INTO images SELECT (SELECT max(firmware_id) FROM firmware), slot, sha256 FROM images WHERE "
        "firmware_id = 1",
        version, parsed.ptype, key, parsed.fota_class);
    struct error error = {0};
    if (store_run_script(fixture->store, sql, &error) != STATUS_OK)
        fail_msg("%s", error.message);
}

static enum status try_campaign(struct fixture *fixture, const char *name, const char *firmware,
                                const char *from, struct error *error)
{
    struct campaign_new campaign = {
        .name = name, .firmware = firmware, .from = from, .policy_json = "{\"name\":\"p\"}", .start = true};
    return operate_campaign_create(fixture->store, &fixture->actor, &campaign, error);
}

/* Ids of the members, sorted; free(). */
static char *members(struct fixture *fixture, const char *campaign)
{
    char sql[200];
    snprintf(
        sql, sizeof sql,
        "SELECT coalesce(string_agg(device_id, ' ' ORDER BY device_id), '') FROM targets JOIN campaigns USING "
        "(campaign_id) WHERE name = '%s'",
        campaign);
    return services_query(fixture->url, sql);
}

static void expect_members(struct fixture *fixture, const char *campaign, const char *wanted)
{
    char *is = members(fixture, campaign);
    assert_string_equal(is, wanted);
    free(is);
}

/* --- the rule --- */

/* Devices of every version of the list; those that the rule takes in C, and are lower and online, are in. */
static void check_rule(const char *const *versions, int count, const char *firmware, const char *rule_text)
{
    struct fixture *fixture = fixture_make(0);
    struct version target = parse(firmware);
    struct scheme_rule rule;
    struct error error = {0};
    char wanted[600] = "", insert[200];
    size_t used = 0;
    snprintf(insert, sizeof insert,
             "INSERT INTO products (name, ptype, version_scheme) VALUES ('p', %d, '%s')", target.ptype,
             version_scheme_name(target.scheme));
    fixture_sql(fixture, insert);
    add_release(fixture, firmware);
    assert_int_equal(scheme_rule_parse(rule_text, target.scheme, target.ptype, &rule, &error), STATUS_OK);
    for (int i = 0; i < count; i++) {
        char id[16];
        struct version running = parse(versions[i]);
        snprintf(id, sizeof id, "d%02d", i);
        add_device(fixture, id, 2, versions[i]);
        if (scheme_rule_matches(&rule, &running) && version_is_online(&running) &&
            version_compare(&running, &target) < 0)
            used += (size_t)snprintf(wanted + used, sizeof wanted - used, "%s%s", used > 0 ? " " : "", id);
    }
    if (try_campaign(fixture, "c", firmware, rule_text, &error) == STATUS_OK) {
        fixture_tick(fixture);
        expect_members(fixture, "c", wanted);
    } else {
        assert_non_null(strstr(error.message, "no device is eligible"));
        assert_string_equal(wanted, "");
    }
    fixture_release(fixture);
}

static void rules_choose_devices_as_core_does(void **state)
{
    (void)state;
    static const char *const seed[] = {"v1.0.0t7(a)", "b1.0.0t7(a)", "v1.0.5t7(o)", "v1.0.5t7(l)",
                                       "v1.0.9t7(n)", "b1.1.0t7(a)", "v1.1.0t7(a)", "v1.3.9t7(a)",
                                       "b1.4.0t7(a)", "v1.4.0t7(o)", "v1.4.1t7(a)", "v9.9.9t7(a)",
                                       "1.0.0t7(a)"};
    static const char *const semver[] = {
        "0.9.0t8(a)",  "1.0.0-rc.1t8(a)", "1.0.0t8(a)",      "1.0.0+b.1t8(o)",   "1.2.0t8(l)",
        "1.10.0t8(a)", "1.9.0t8(a)",      "1.4.0-rc.9t8(a)", "1.4.0-rc.10t8(a)", "1.4.0-alphat8(a)",
        "1.4.0t8(a)",  "2.0.0-rc.1t8(a)", "2.0.0t8(a)",      "10.0.0t8(a)",      "v1.0.0t8(a)"};
    static const char *const seed_rules[] = {"",         "*",      ">=1.0.0, !=1.0.5", "=1.0.0 || =b1.1.0",
                                             ">=v1.4.0", "<v1.1.0"};
    static const char *const semver_rules[] = {
        "", "*", ">=1.0.0 <1.4.0", "=1.0.0", "<1.4.0-rc.10 >=1.4.0-a || =0.9.0", ">1.9.0", ">=2.0.0"};
    for (size_t i = 0; i < sizeof seed_rules / sizeof seed_rules[0]; i++)
        check_rule(seed, sizeof seed / sizeof seed[0], "v1.4.0t7(a)", seed_rules[i]);
    for (size_t i = 0; i < sizeof semver_rules / sizeof semver_rules[0]; i++)
        check_rule(semver, sizeof semver / sizeof semver[0], "2.0.0t8(a)", semver_rules[i]);
}

/* --- the scheme --- */

static void a_device_of_the_other_scheme_is_shown_and_left_out(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(3);
    fixture_report(
        fixture, "lamp-2",
        "{'report':'hello','version':'1.0.5-rc.1+b.7t45772(a)','slot':1,'boot':'confirmed','reset_reason':"
        "'power_on','sha256':'5555555555555555555555555555555555555555555555555555555555555555'}");
    assert_int_equal(fixture_rejected(fixture, "bad_member"), 0);
    char *is =
        services_query(fixture->url, "SELECT version || ' ' || version_order || ' ' || fota_class::text FROM "
                                     "devices WHERE device_id = 'lamp-2'");
    assert_string_equal(is, "1.0.5-rc.1+b.7t45772(a) 011010015-@rc,#011 a");
    free(is);
    assert_int_equal(fixture_integer(fixture, "SELECT devices FROM ops.fleet_by_version WHERE version = "
                                              "'1.0.5-rc.1+b.7t45772(a)'"),
                     1);
    struct error error = {0};
    assert_int_equal(try_campaign(fixture, "c", FIXTURE_VERSION, "", &error), STATUS_OK);
    fixture_tick(fixture);
    expect_members(fixture, "c", "lamp-1 lamp-3");
    fixture_release(fixture);
}

/* --- ceilings --- */

/* Set when the campaign has been created, but its membership has not been frozen. */
static void a_ceiling_that_comes_later_leaves_its_devices_out(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(2);
    struct error error = {0};
    fixture_sql(fixture, "INSERT INTO products (name, ptype) VALUES ('other', 45772)");
    add_device(fixture, "other-1", 2, "v1.0.5t45772(a)");
    assert_int_equal(try_campaign(fixture, "c", FIXTURE_VERSION, "", &error), STATUS_OK);
    struct product_change change = {.has_max_version = true, .max_version = "b1.1.0"};
    bool changed = false;
    assert_int_equal(operate_product_change(fixture->store, &fixture->actor, 1, &change, &changed, &error),
                     STATUS_OK);
    assert_true(changed);
    fixture_tick(fixture);
    expect_members(fixture, "c", "other-1");
    change.max_version = "v1.1.0"; /* no higher than the release: it takes it again */
    assert_int_equal(operate_product_change(fixture->store, &fixture->actor, 1, &change, &changed, &error),
                     STATUS_OK);
    assert_int_equal(try_campaign(fixture, "d", FIXTURE_VERSION, "", &error), STATUS_OK);
    fixture_tick(fixture);
    expect_members(fixture, "d", "lamp-1 lamp-2");
    fixture_release(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_choose_devices_as_core_does),
        cmocka_unit_test(a_device_of_the_other_scheme_is_shown_and_left_out),
        cmocka_unit_test(a_ceiling_that_comes_later_leaves_its_devices_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
