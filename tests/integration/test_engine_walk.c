/* The engine on random walks: reports in any order, lost commands, operators, deadlines, devices that come
 * and go. Whatever comes, no tick fails, the sums are right (fixture_tick), the cap holds, and all of it
 * ends. WALK=SEED begins elsewhere. */
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

enum { DEVICES = 12, STEPS = 150, WALKS = 6 };

#define GATE "'gate':{'success_percent':50,'finished_percent':60,'failure_percent':40,'min_sample':1}"
#define POLICY                                                                                               \
    "{'name':'p','waves':[{'name':'canary','size':{'count':3}," GATE                                         \
    "},{'name':'middle','size':{'percent':40}," GATE                                                         \
    ",'soak_seconds':5},{'name':'wide','size':{'rest':true}," GATE                                           \
    "}],'rate':{'per_minute':600},'in_flight':4,'timeouts':{'offer_seconds':30,'download_seconds':60,"       \
    "'confirm_seconds':40},'offline':{'wait_seconds':100,'then':'%s'},'on_halt':'%s'}"

static unsigned walk_state;

static unsigned pick(unsigned below)
{
    walk_state = walk_state * 1664525u + 1013904223u;
    return (walk_state >> 8) % below;
}

static const char *word(const char *const *words, size_t count)
{
    return words[pick((unsigned)count)];
}
#define PICK(words) word(words, sizeof(words) / sizeof *(words))

static void try_command(struct fixture *fixture)
{
    static const char *const names[] = {"c", "c", "c.rollback"};
    static const enum campaign_command commands[] = {CAMPAIGN_PAUSE, CAMPAIGN_RESUME, CAMPAIGN_RESUME,
                                                     CAMPAIGN_CANCEL, CAMPAIGN_ROLLBACK};
    struct error error = {0};
    bool changed;
    enum status status = operate_campaign_command(fixture->store, &fixture->actor, PICK(names),
                                                  commands[pick(sizeof commands / sizeof *commands)], "walk",
                                                  &changed, &error);
    assert_true(status == STATUS_OK || status == STATUS_CONFLICT || status == STATUS_NOT_FOUND);
    assert_string_equal(error.sqlstate, "");
}

static void try_report(struct fixture *fixture)
{
    static const char *const names[] = {"accepted",  "downloading", "installed", "trial",    "confirmed",
                                        "confirmed", "rejected",    "failed",    "reverted", "cancelled"};
    static const char *const versions[] = {"v1.0.5t45772(a)", FIXTURE_VERSION};
    char device[16], json[300];
    snprintf(device, sizeof device, "lamp-%u", 1 + pick(DEVICES));
    if (pick(5) != 0) {
        fixture_reports(fixture, device, PICK(names));
        return;
    }
    snprintf(json, sizeof json,
             "{'report':'hello','version':'%s','slot':%u,'boot':'confirmed','reset_reason':'power_on',"
             "'sha256':'%%SHA'}",
             PICK(versions), 1 + pick(2));
    fixture_report(fixture, device, json);
}

static void step(struct fixture *fixture)
{
    fixture->broker_is_down = pick(4) == 0;
    switch (pick(10)) {
    case 0:
        if (pick(2) == 0)
            try_command(fixture);
        break;
    case 1:
        fixture_later(fixture, (int)pick(130));
        break;
    case 2:
        fixture_sql(fixture, pick(2) ? "UPDATE presence SET online = (random() < 0.8)"
                                     : "UPDATE presence SET online = true");
        break;
    case 3:
        fixture_tick(fixture);
        break;
    default:
        try_report(fixture);
    }
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM (SELECT FROM targets WHERE deadline IS NOT "
                                     "NULL GROUP BY campaign_id HAVING count(*) > 4) AS over_the_cap"),
                     0);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM targets t JOIN campaigns c USING "
                                              "(campaign_id) WHERE t.state = 'pending' AND c.settled"),
                     0);
}

static void walk(unsigned seed)
{
    static const char *const then[] = {"skip", "fail"};
    static const char *const on_halt[] = {"pause", "rollback"};
    char policy[1500];
    walk_state = seed * 7919u;
    struct fixture *fixture = fixture_make(DEVICES);
    const char *offline = PICK(then);
    snprintf(policy, sizeof policy, POLICY, offline, PICK(on_halt));
    fixture_campaign(fixture, "c", policy);
    for (int i = 0; i < STEPS; i++)
        step(fixture);
    /* Nobody says anything any more: everything ends, or waits for an operator. */
    fixture->broker_is_down = false;
    for (int i = 0; i < 12; i++)
        fixture_later(fixture, 110);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM targets WHERE deadline IS NOT NULL"), 0);
    char *left = services_query(
        fixture->url,
        "SELECT string_agg(name || ' ' || state || ' ' || state_reason, '; ') FROM campaigns p WHERE state IN "
        "('running', 'scheduled') OR state = 'rolling_back' AND NOT EXISTS (SELECT FROM campaigns c WHERE "
        "c.parent_id = p.campaign_id AND c.state IN ('halted', 'paused'))");
    if (left != NULL && left[0] != '\0')
        fail_msg("the walk with seed %u does not end: %s", seed, left);
    free(left);
    fixture_release(fixture);
}

static void every_walk_ends_and_adds_up(void **state)
{
    (void)state;
    unsigned first = getenv("WALK") != NULL ? (unsigned)atoi(getenv("WALK")) : 1;
    for (unsigned i = 0; i < WALKS; i++) {
        print_message("walk %u\n", first + i);
        walk(first + i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_walk_ends_and_adds_up)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
