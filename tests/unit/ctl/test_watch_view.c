#include "watch_view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char running[] =
    "{\"name\":\"june\",\"firmware\":\"v1.1.0t1(a)\",\"state\":\"running\",\"state_reason\":\"\",\"in_"
    "flight\":20,"
    "\"in_flight_cap\":100,\"rate_per_minute\":600,\"offers_last_minute\":50,\"seconds_left\":95,"
    "\"counts\":{\"pending\":100,\"trial\":20,\"confirmed\":70,\"failed\":10},\"waves\":["
    "{\"name\":\"canary\",\"state\":\"passed\",\"verdict\":\"10 of 10 "
    "confirmed\",\"members\":10,\"in_flight\":0,"
    "\"failures\":0,\"counts\":{\"confirmed\":10}},"
    "{\"name\":\"wide\",\"state\":\"open\",\"verdict\":\"\",\"members\":190,\"in_flight\":20,\"failures\":10,"
    "\"counts\":{\"pending\":100,\"trial\":20,\"confirmed\":60,\"failed\":10}}]}";

static json_t *load(const char *text)
{
    json_t *document = json_loads(text, 0, NULL);
    assert_non_null(document);
    return document;
}

static char *drawn_in(const json_t *campaign, const json_t *rollback, int width, int rows, bool colour,
                      int *lines)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    *lines = watch_view_draw(out, campaign, rollback, width, rows, colour);
    fclose(out);
    return text;
}

static char *drawn(const json_t *campaign, int width, bool colour, int *lines)
{
    return drawn_in(campaign, NULL, width, 23, colour, lines);
}

static void the_view_shows_waves_counts_and_pace(void **state)
{
    (void)state;
    int lines;
    json_t *campaign = load(running);
    char *text = drawn(campaign, 100, false, &lines);
    assert_int_equal(lines, 6);
    assert_non_null(strstr(text, "june  v1.1.0t1(a)  running\n"));
    assert_non_null(strstr(text, "canary  [####"));
    assert_non_null(strstr(text, "60 of 190 done, 10 failed, 20 in flight, 100 left"));
    assert_non_null(strstr(text, "pending 100, trial 20, confirmed 70, failed 10\n"));
    assert_non_null(strstr(text, "gate canary: 10 of 10 confirmed\n"));
    assert_non_null(strstr(text, "in flight 20 of 100; time left about 95 s\n"));
    free(text);
    json_decref(campaign);
}

/* Whatever the width, every line fits, and the number of lines is what was said. */
static void the_view_fits_every_width(void **state)
{
    (void)state;
    json_t *campaign = load(running);
    for (int width = 10; width < 200; width++) {
        int lines;
        int count = 0;
        char *text = drawn(campaign, width, false, &lines);
        for (char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1) {
            if ((int)strcspn(line, "\n") > width)
                fail_msg("wider than %d: %s", width, line);
            count++;
        }
        assert_int_equal(count, lines);
        free(text);
    }
    json_decref(campaign);
}

/* A campaign of 32 waves: `passed` have passed, then one is in `state`, the rest is pending. */
static json_t *campaign_of_32(int passed, const char *state)
{
    json_t *campaign = load(running);
    json_t *waves = json_array();
    for (int i = 0; i < 32; i++) {
        char name[16];
        snprintf(name, sizeof name, "wave-%d", i);
        const char *is = i < passed ? "passed" : i == passed ? state : "pending";
        json_array_append_new(waves,
                              json_pack("{ss ss ss si si si s{si}}", "name", name, "state", is, "verdict", "",
                                        "members", 1, "in_flight", 0, "failures", 0, "counts", "pending", 1));
    }
    json_object_set_new(campaign, "waves", waves);
    return campaign;
}

/* Waves that the text shows or counts in "N waves passed"; -1 when a line counts fewer than two. */
static int waves_told(const char *text)
{
    int told = 0;
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1) {
        int folded = atoi(line);
        if (folded == 1)
            return -1;
        told += folded > 1 ? folded : strncmp(line, "wave-", 5) == 0;
        if (strncmp(line, "pending ", 8) == 0)
            break; /* the counts: all waves stand before them */
    }
    return told;
}

/* Whatever is open, soaks or has failed, and what stands below the waves, is on the screen. */
static void waves_that_do_not_fit_are_folded(void **state)
{
    (void)state;
    const char *const states[] = {"open", "soaking", "failed"};
    for (int passed = 0; passed < 32; passed++) {
        json_t *campaign = campaign_of_32(passed, states[passed % 3]);
        char name[32];
        snprintf(name, sizeof name, "\nwave-%d ", passed);
        for (int rows = 7; rows < 40; rows++) {
            int lines;
            char *text = drawn_in(campaign, NULL, 80, rows, false, &lines);
            assert_true(lines <= rows);
            assert_int_equal(lines, rows < 36 ? rows : 36); /* no line is wasted */
            assert_non_null(strstr(text, name));
            assert_non_null(strstr(text, "\ngate: nothing to decide yet\n"));
            assert_non_null(strstr(text, "confirmed 70, failed 10\n"));
            assert_non_null(strstr(text, "time left about 95 s\n"));
            assert_int_equal(waves_told(text), 32);
            free(text);
        }
        json_decref(campaign);
    }
}

static void folded_waves_are_counted(void **state)
{
    (void)state;
    int lines;
    json_t *campaign = campaign_of_32(12, "open");
    char *text = drawn_in(campaign, NULL, 80, 10, false, &lines);
    const char *const order[] = {"june ",   "10 waves passed\n",  "wave-10 ",   "wave-12 ",
                                 "wave-13", "18 waves pending\n", "pending 100"};
    const char *at = text;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        at = strstr(at, order[i]);
        if (at == NULL)
            fail_msg("no \"%s\" in its place: %s", order[i], text);
    }
    free(text);
    json_decref(campaign);
}

/* Both fit: what takes a campaign back is shown as far as it can be. */
static void a_rollback_fits_too(void **state)
{
    (void)state;
    json_t *campaign = campaign_of_32(20, "failed");
    json_t *rollback = campaign_of_32(3, "open");
    json_object_set_new(rollback, "name", json_string("june.rollback"));
    for (int rows = 14; rows < 72; rows++) {
        int lines;
        char *text = drawn_in(campaign, rollback, 80, rows, false, &lines);
        assert_int_equal(lines, rows);
        size_t second = 0;
        for (; text[second] != '\0' && strncmp(text + second, "june.rollback ", 14) != 0; second++)
            continue;
        assert_non_null(strstr(text + second, "wave-3 "));
        assert_int_equal(waves_told(text + second), 32);
        free(text);
    }
    json_decref(campaign);
    json_decref(rollback);
}

static void bars_show_every_part(void **state)
{
    (void)state;
    char bar[41];
    json_t *wave = load(
        "{\"members\":100,\"in_flight\":25,\"failures\":0,\"counts\":{\"confirmed\":50,\"pending\":25}}");
    watch_view_bar(wave, 8, bar);
    assert_string_equal(bar, "####>>..");
    json_decref(wave);
    /* one failure of a thousand is seen */
    wave = load(
        "{\"members\":1000,\"in_flight\":0,\"failures\":1,\"counts\":{\"confirmed\":500,\"pending\":499}}");
    watch_view_bar(wave, 10, bar);
    assert_string_equal(bar, "#####x....");
    json_decref(wave);
    wave = load("{\"members\":4,\"in_flight\":1,\"failures\":1,\"counts\":{\"rejected\":1,\"skipped\":1}}");
    watch_view_bar(wave, 4, bar);
    assert_string_equal(bar, "xx>-");
    json_decref(wave);
    wave = load("{\"members\":0,\"counts\":{}}");
    watch_view_bar(wave, 4, bar);
    assert_string_equal(bar, "    ");
    json_decref(wave);
}

static char *changes(const json_t *before, const json_t *now)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    watch_view_changes(out, before, now);
    fclose(out);
    return text;
}

static void only_changes_give_lines(void **state)
{
    (void)state;
    json_t *before = load(running);
    json_t *now = load(running);
    char *text = changes(NULL, before);
    assert_string_equal(text, "june: running\n"
                              "june: wave canary passed: 10 of 10 confirmed\n"
                              "june: wave wide open\n"
                              "june: pending 100, trial 20, confirmed 70, failed 10\n");
    free(text);
    json_object_set_new(now, "offers_last_minute", json_integer(3));
    assert_false(watch_view_differs(before, now));
    text = changes(before, now);
    assert_string_equal(text, "");
    free(text);
    json_object_set_new(now, "state", json_string("halted"));
    json_object_set_new(now, "state_reason", json_string("too many failures"));
    assert_true(watch_view_differs(before, now));
    text = changes(before, now);
    assert_string_equal(text, "june: halted: too many failures\n");
    free(text);
    json_decref(before);
    json_decref(now);
}

static void an_empty_document_does_no_harm(void **state)
{
    (void)state;
    int lines;
    json_t *campaign = json_object();
    char *text = drawn(campaign, 80, true, &lines);
    assert_non_null(strstr(text, "no devices yet"));
    free(text);
    json_decref(campaign);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_view_shows_waves_counts_and_pace),
        cmocka_unit_test(the_view_fits_every_width),
        cmocka_unit_test(waves_that_do_not_fit_are_folded),
        cmocka_unit_test(folded_waves_are_counted),
        cmocka_unit_test(a_rollback_fits_too),
        cmocka_unit_test(bars_show_every_part),
        cmocka_unit_test(only_changes_give_lines),
        cmocka_unit_test(an_empty_document_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
