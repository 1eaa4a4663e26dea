/* Stepping stones: the shortest way, against trying all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "path.h"

static struct version version_of(int value)
{
    struct version version;
    struct error error;
    char text[32];
    snprintf(text, sizeof text, "v%d.%d.%dt1(a)", value / 100, value / 10 % 10, value % 10);
    assert_int_equal(version_parse(text, &version, &error), STATUS_OK);
    return version;
}

/* A release of value, which requires another (0: nothing). */
static struct path_release release_of(int value, int requires)
{
    struct path_release release = {.version = version_of(value), .has_requires = requires > 0};
    if (requires > 0)
    release.requires = version_of(requires);
    return release;
}

static int value_of(const struct path_release *release)
{
    return release->version.major * 100 + release->version.minor * 10 + release->version.revision;
}

/* The way as a text of values. */
static const char *way(struct path_release *releases, size_t count, int from)
{
    static char text[200];
    struct version at = version_of(from);
    path_plan(releases, count);
    text[0] = '\0';
    for (int next; (next = path_next(releases, count, &at)) >= 0; at = releases[next].version) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%d", used > 0 ? " " : "", value_of(&releases[next]));
        if (next == (int)count - 1)
            return text;
    }
    return "none";
}

static void the_way_is_the_shortest(void **state)
{
    (void)state;
    struct path_release straight[] = {release_of(100, 0), release_of(110, 0), release_of(200, 0)};
    assert_string_equal(way(straight, 3, 50), "200");
    struct path_release stone[] = {release_of(100, 0), release_of(110, 0), release_of(200, 110)};
    assert_string_equal(way(stone, 3, 50), "110 200");
    assert_string_equal(way(stone, 3, 105), "110 200");
    assert_string_equal(way(stone, 3, 110), "200");
    assert_string_equal(way(stone, 3, 150), "200");
    struct path_release stones[] = {release_of(100, 0), release_of(150, 100), release_of(160, 100),
                                    release_of(200, 150), release_of(300, 200)};
    assert_string_equal(way(stones, 5, 50), "100 160 200 300");
    assert_string_equal(way(stones, 5, 120), "160 200 300");
    assert_string_equal(way(stones, 5, 200), "300");
}

static void where_there_is_no_way_it_says_so(void **state)
{
    (void)state;
    struct path_release broken[] = {release_of(100, 90), release_of(200, 110)};
    assert_string_equal(way(broken, 2, 50), "none");
    assert_string_equal(way(broken, 2, 95), "none");
    assert_string_equal(way(broken, 2, 110), "200");
    assert_string_equal(way(broken, 2, 200), "none");
    assert_string_equal(way(broken, 2, 210), "none");
}

/* The fewest hops over every way there is. */
static int fewest(const struct path_release *releases, int count, int from)
{
    int best = -1;
    for (int i = 0; i < count; i++) {
        int requires =
            releases[i].has_requires ? value_of(&(struct path_release){.version = releases[i].requires}) : 0;
        if (value_of(&releases[i]) <= from || requires > from)
            continue;
        int rest = i == count - 1 ? 0 : fewest(releases, count, value_of(&releases[i]));
        if (rest >= 0 && (best < 0 || rest + 1 < best))
            best = rest + 1;
    }
    return best;
}

static void random_catalogues_have_the_same_ways_as_a_search(void **state)
{
    (void)state;
    srand(7);
    for (int round = 0; round < 5000; round++) {
        struct path_release releases[8];
        int count = 1 + rand() % 8, value = 0;
        for (int i = 0; i < count; i++) {
            value += 1 + rand() % 60;
            releases[i] = release_of(value, rand() % 3 == 0 ? 0 : rand() % value);
        }
        int from = rand() % value;
        int expected = fewest(releases, count, from), found = 0;
        const char *text = way(releases, (size_t)count, from);
        for (const char *c = text; strcmp(text, "none") != 0 && *c != '\0'; c++)
            found += *c == ' ';
        assert_int_equal(strcmp(text, "none") == 0 ? -1 : found + 1, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_way_is_the_shortest),
        cmocka_unit_test(where_there_is_no_way_it_says_so),
        cmocka_unit_test(random_catalogues_have_the_same_ways_as_a_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
