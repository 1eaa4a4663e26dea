#include "table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *printed(const struct table *table)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    table_print(table, out);
    fclose(out);
    return text;
}

static void columns_are_aligned(void **state)
{
    (void)state;
    struct table *table = table_create("NAME|>COUNT|NOTE");
    table_text(table, "a");
    table_number(table, 5);
    table_text(table, "x");
    table_text(table, "caf\xC3\xA9s");
    table_number(table, 1234567);
    table_text(table, NULL);
    char *text = printed(table);
    assert_string_equal(text, "NAME     COUNT  NOTE\n"
                              "a            5  x\n"
                              "caf\xC3\xA9s  1234567  -\n");
    free(text);
    table_free(table);
}

static void rows_are_made_of_named_members(void **state)
{
    (void)state;
    json_t *item = json_pack("{ss si s{si} ss sn}", "name", "x", "size", 7, "counts", "pending", 3, "at",
                             "2026-01-31T12:00:00Z", "note");
    struct table *table = table_create("NAME|>SIZE|>LEFT|AT|NOTE|NONE");
    table_row(table, item, "name|size");
    table_row(table, item, "counts.pending|@at|note|counts.none");
    char *text = printed(table);
    assert_string_equal(text, "NAME  SIZE  LEFT  AT                   NOTE  NONE\n"
                              "x        7     3  2026-01-31 12:00:00  -     -\n");
    free(text);
    table_free(table);
    json_decref(item);
}

static void only_titles_without_rows(void **state)
{
    (void)state;
    struct table *table = table_create("A|>B");
    char *text = printed(table);
    assert_string_equal(text, "A  B\n");
    free(text);
    table_free(table);
}

static void what_comes_from_outside_cannot_drive_the_terminal(void **state)
{
    (void)state;
    struct table *table = table_create("A");
    table_text(table, "\033[2Jx\ny");
    char *text = printed(table);
    assert_string_equal(text, "A\n?[2Jx?y\n");
    free(text);
    table_free(table);
}

static void members_become_cells(void **state)
{
    (void)state;
    json_t *object = json_loads("{\"text\":\"t\",\"number\":7,\"real\":2.25,\"yes\":true,\"none\":null,"
                                "\"list\":[\"a\",\"b\"],\"at\":\"2026-01-31T12:13:14.123Z\"}",
                                0, NULL);
    struct table *table = table_create("A|B|C|D|E|F|G|H");
    table_member(table, object, "text");
    table_member(table, object, "number");
    table_member(table, object, "real");
    table_member(table, object, "yes");
    table_member(table, object, "none");
    table_member(table, object, "list");
    table_member(table, object, "absent");
    table_time(table, object, "at");
    char *text = printed(table);
    assert_non_null(strstr(text, "t  7  2.2  yes  -  a b  -  2026-01-31 12:13:14\n"));
    free(text);
    table_free(table);
    json_decref(object);
}

/* By the server's clock, which comes with the answer. */
static void times_say_how_old_they_are(void **state)
{
    (void)state;
    static const struct {
        const char *at, *now, *shown;
    } cases[] = {
        {"2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z", "2026-01-31 12:00:00 (0 s ago)"},
        {"2026-01-31T12:00:00Z", "2026-01-31T12:00:59Z", "2026-01-31 12:00:00 (59 s ago)"},
        {"2026-01-31T12:00:00.999Z", "2026-01-31T12:01:00Z", "2026-01-31 12:00:00 (1 min ago)"},
        {"2026-01-31T12:00:00Z", "2026-01-31T15:05:59Z", "2026-01-31 12:00:00 (3 h 5 min ago)"},
        {"2026-01-31T12:00:00Z", "2026-03-01T11:00:00Z", "2026-01-31 12:00:00 (28 d 23 h ago)"},
        {"2026-01-31T12:10:00Z", "2026-01-31T12:00:00Z", "2026-01-31 12:10:00 (in 10 min)"},
        {"2026-01-31T12:00:00Z", NULL, "2026-01-31 12:00:00"},
        {NULL, "2026-01-31T12:00:00Z", "-"},
        {"soon", "2026-01-31T12:00:00Z", "soon"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text, wanted[64];
        size_t size;
        json_t *object = json_pack("{ss? ss?}", "at", cases[i].at, "now", cases[i].now);
        FILE *out = open_memstream(&text, &size);
        table_print_members(out, object, "At=~at");
        fclose(out);
        snprintf(wanted, sizeof wanted, "At:             %s\n", cases[i].shown);
        assert_string_equal(text, wanted);
        free(text);
        json_decref(object);
    }
}

static void members_stand_below_each_other(void **state)
{
    (void)state;
    char *text;
    size_t size;
    json_t *object = json_pack("{si ss}", "number", 7, "name", "lamp");
    FILE *out = open_memstream(&text, &size);
    table_print_members(out, object, "Id=number|A title that is long=name|None=absent");
    fclose(out);
    assert_string_equal(text,
                        "Id:                   7\nA title that is long: lamp\nNone:                 -\n");
    free(text);
    out = open_memstream(&text, &size);
    table_print_members(out, object, "Id=number");
    fclose(out);
    assert_string_equal(text, "Id:             7\n");
    free(text);
    json_decref(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_aligned),
        cmocka_unit_test(rows_are_made_of_named_members),
        cmocka_unit_test(only_titles_without_rows),
        cmocka_unit_test(what_comes_from_outside_cannot_drive_the_terminal),
        cmocka_unit_test(members_become_cells),
        cmocka_unit_test(times_say_how_old_they_are),
        cmocka_unit_test(members_stand_below_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
