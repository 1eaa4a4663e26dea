/* Devices that were sent other bytes than the release's: the orchestrator looks at its own copy before it
 * blames the release. */
#include <fcntl.h>
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

#include "engine_fixture.h"
#include "image_cache.h"
#include "services.h"

#define POLICY                                                                                               \
    "{'name':'p','waves':[{'name':'all','size':{'rest':true},'gate':{'type':'threshold','success_percent':"  \
    "90,'finished_percent':100,'failure_percent':60,'min_sample':1}}],'rate':{'per_minute':600000},"         \
    "'in_flight':4}"

static struct fixture *fixture;
static char directory[200], sha256[65];
static const char *ids[] = {"lamp-1", "lamp-2"};

/* Two devices download, from a cache that holds the image of slot 2. */
static int set_up(void **state)
{
    static int count;
    struct error error;
    (void)state;
    fixture = fixture_make(2);
    snprintf(directory, sizeof directory, "%s/images-%d", services_start()->directory, count++);
    assert_int_equal(image_cache_open(directory, &fixture->engine.images, &error), STATUS_OK);
    char *text = services_query(fixture->url, "SELECT sha256 FROM images WHERE slot = 2");
    snprintf(sha256, sizeof sha256, "%s", text);
    free(text);
    fixture_campaign(fixture, "spring", POLICY);
    fixture_tick(fixture);
    fixture_reports(fixture, ids[0], "downloading");
    fixture_reports(fixture, ids[1], "downloading");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    image_cache_close(fixture->engine.images);
    fixture_release(fixture);
    return 0;
}

/* As it is served. */
static void fetch(void)
{
    struct error error;
    int fd;
    int64_t size;
    if (image_cache_fetch(fixture->engine.images, fixture->store, sha256, &fd, &size, &error) != STATUS_OK)
        fail_msg("%s", error.message);
    close(fd);
}

/* Other bytes of the same length and, for whoever looks at no more, of the same time. */
static void damage(void)
{
    char path[300];
    struct stat before;
    snprintf(path, sizeof path, "%s/%s", directory, sha256);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &before), 0);
    assert_int_equal(pwrite(fd, "X", 1, 0), 1);
    const struct timespec times[] = {before.st_atim, before.st_mtim};
    assert_int_equal(futimens(fd, times), 0);
    close(fd);
}

static void fails(const char *device, const char *reason)
{
    char json[200];
    snprintf(json, sizeof json,
             "{'report':'failed','campaign':1,'attempt':1,'nonce':'%%NONCE','reason':'%s'}", reason);
    fixture_report(fixture, device, json);
}

static char *state_reason(void)
{
    return services_query(fixture->url,
                          "SELECT state_reason || ' / ' || (SELECT verdict FROM waves) FROM campaigns");
}

static void a_damaged_copy_is_not_the_fault_of_the_release(void **state)
{
    (void)state;
    fetch();
    damage();
    fails(ids[0], "hash_mismatch");
    /* the copy was replaced, and the second one had downloaded before that */
    fetch();
    fails(ids[1], "length_mismatch");
    assert_int_equal(fixture_targets(fixture, "pending"), 2);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM events WHERE reason = 'damaged_copy'"),
                     2);
    assert_int_equal(
        fixture_integer(fixture, "SELECT count(*) FROM image_checks WHERE damaged_at IS NOT NULL"), 2);
    fixture_tick(fixture);
    fixture_state_is(fixture, "spring", "running");
    fixture_everybody_updates(fixture);
    fixture_state_is(fixture, "spring", "completed");
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM ops.failures_by_reason"), 0);
}

static void an_intact_copy_is_said_in_the_verdict(void **state)
{
    (void)state;
    fetch();
    fails(ids[0], "hash_mismatch");
    fails(ids[1], "hash_mismatch");
    assert_int_equal(fixture_targets(fixture, "failed"), 2);
    fixture_tick(fixture);
    fixture_state_is(fixture, "spring", "halted");
    char *reason = state_reason();
    const char *words = "2 got other bytes than the release's; the orchestrator's copies of it are intact";
    const char *first = strstr(reason, words);
    if (first == NULL || strstr(first + 1, words) == NULL)
        fail_msg("%s", reason);
    free(reason);
}

/* What was downloaded after the copy was replaced says something of the release, or of the network. */
static void a_damage_of_before_the_offer_explains_nothing(void **state)
{
    (void)state;
    fetch();
    damage();
    fails(ids[0], "hash_mismatch");
    assert_int_equal(fixture_targets(fixture, "pending"), 1);
    fixture_tick(fixture);
    fixture_sql(fixture, "UPDATE targets SET sent_at = clock_timestamp() + interval '1 second'");
    fixture_reports(fixture, ids[0], "downloading");
    fixture_report(fixture, ids[0],
                   "{'report':'failed','campaign':1,'attempt':2,'nonce':'%NONCE','reason':'hash_mismatch'}");
    assert_int_equal(fixture_targets(fixture, "failed"), 1);
    fails(ids[1], "hash_mismatch");
    fixture_tick(fixture);
    fixture_state_is(fixture, "spring", "halted");
    char *reason = state_reason();
    if (strstr(reason, "; the orchestrator's copies of it were damaged, and replaced at 2") == NULL)
        fail_msg("%s", reason);
    free(reason);
}

static void other_failures_make_nobody_look(void **state)
{
    (void)state;
    fetch();
    damage();
    fails(ids[0], "flash_error");
    fails(ids[1], "bad_image");
    assert_int_equal(fixture_targets(fixture, "failed"), 2);
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM image_checks"), 0);
    fixture_tick(fixture);
    char *reason = state_reason();
    assert_null(strstr(reason, "copies"));
    free(reason);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_damaged_copy_is_not_the_fault_of_the_release, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_intact_copy_is_said_in_the_verdict, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damage_of_before_the_offer_explains_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_failures_make_nobody_look, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
