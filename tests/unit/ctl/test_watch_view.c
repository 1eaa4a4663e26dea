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

static char *drawn(const json_t *campaign, int width, bool colour, int *lines)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    *lines = watch_view_draw(out, campaign, NULL, width, colour);
    fclose(out);
    return text;
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
        cmocka_unit_test(bars_show_every_part),
        cmocka_unit_test(only_changes_give_lines),
        cmocka_unit_test(an_empty_document_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
