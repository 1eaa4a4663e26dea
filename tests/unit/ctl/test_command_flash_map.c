/* orchestratorctl flash-map: what is listed stands in docs/flash-maps.md, and what is built is checked byte
 * by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "flash_map.h"
#include "image.h"
#include "local_file.h"
#include "run_words.h"

static char directory[] = "/tmp/fota-flash-map.XXXXXX";
static const char *const names[] = {"boot", "user1", "user2", "key", "init", "full"};
static char paths[6][64];
enum { BOOT, USER1, USER2, KEY, INIT, FULL };
static const char key[] = "138f2ed6a666c9a73dcb701510b66272d1b41ca3";

#define WORDS(...)                                                                                           \
    (const char *[])                                                                                         \
    {                                                                                                        \
        "ctl", "flash-map", __VA_ARGS__                                                                      \
    }
#define RUN(...) run((int)(sizeof(WORDS(__VA_ARGS__)) / sizeof(char *)), WORDS(__VA_ARGS__))

static void put(int file, const void *bytes, size_t size)
{
    struct error error = {0};
    if (local_file_write(paths[file], bytes, size, true, false, &error) != STATUS_OK)
        fail_msg("%s", error.message);
}

/* The e9 part of an image: one segment of four bytes. */
static const unsigned char program[32] = {0xE9, 1, 0,   0,    4,    0,   0x10,
                                          0x40, 0, 0,   0x10, 0x40, 4,   0,
                                          0,    0, 'a', 'b',  'c',  'd', [31] = 0xEF ^ 'a' ^ 'b' ^ 'c' ^ 'd'};

static void put_image(int file, unsigned char slot, size_t irom)
{
    size_t size = 16 + irom + sizeof program;
    unsigned char *image = calloc(1, size + 4);
    memcpy(image, (const unsigned char[]){0xEA, 4, 0, slot}, 4);
    for (size_t i = 0; i < 4; i++)
        image[12 + i] = (unsigned char)(irom >> 8 * i);
    memcpy(image + 16 + irom, program, sizeof program);
    uint32_t crc = image_crc32(image, size);
    crc = (crc & 0x80000000) != 0 ? ~crc : crc + 1;
    for (size_t i = 0; i < 4; i++)
        image[size + i] = (unsigned char)(crc >> 8 * i);
    put(file, image, size + 4);
    free(image);
}

static int set_up(void **state)
{
    (void)state;
    memcpy(directory + sizeof directory - 7, "XXXXXX", 6);
    assert_non_null(mkdtemp(directory));
    for (int i = 0; i <= FULL; i++)
        snprintf(paths[i], sizeof paths[i], "%s/%s", directory, names[i]);
    put(BOOT, program, sizeof program);
    put_image(USER1, 1, 5000);
    put_image(USER2, 2, 5000);
    put(KEY, key, sizeof key - 1);
    put(INIT, (const unsigned char[128]){5, 0, 4, 2}, 128);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i <= FULL; i++)
        unlink(paths[i]);
    free(printed);
    free(complaints);
    printed = complaints = NULL;
    return rmdir(directory); /* fails when a temporary file was left */
}

static unsigned char *get(int file, size_t *size)
{
    unsigned char *bytes = NULL;
    struct error error = {0};
    if (local_file_read(paths[file], (size_t)FLASH_SIZE_KB_MAX * 1024, &bytes, size, &error) != STATUS_OK)
        fail_msg("%s", error.message);
    return bytes;
}

static void the_documentation_holds_what_is_listed(void **state)
{
    (void)state;
    unsigned char *document = NULL;
    size_t size = 0;
    struct error error = {0};
    if (local_file_read("docs/flash-maps.md", 100000, &document, &size, &error) != STATUS_OK)
        fail_msg("%s", error.message);
    document[size < 100000 ? size : 100000] = '\0';
    assert_int_equal(RUN("list"), EXIT_DONE);
    if (strstr((const char *)document, printed) == NULL)
        fail_msg("docs/flash-maps.md does not hold what `flash-map list` prints:\n%s", printed);
    assert_int_equal(RUN("show", "--size", "1024"), EXIT_DONE);
    if (strstr((const char *)document, printed) == NULL)
        fail_msg("docs/flash-maps.md does not hold what `flash-map show --size 1024` prints:\n%s", printed);
    free(document);
}

static void maps_are_chosen_by_size_and_name(void **state)
{
    (void)state;
    assert_int_equal(RUN("list", "--size", "2048", "--json"), EXIT_DONE);
    json_t *list = json_loads(printed, 0, NULL);
    assert_int_equal(json_array_size(list), 2);
    json_decref(list);
    assert_int_equal(RUN("show", "--map", "1024+1024", "--size", "4096", "--json"), EXIT_DONE);
    list = json_loads(printed, 0, NULL);
    assert_int_equal(json_array_size(list), 1);
    const json_t *map = json_array_get(list, 0);
    assert_int_equal(json_integer_value(json_object_get(map, "slot_2")), 0x101000);
    assert_int_equal(json_integer_value(json_object_get(map, "image_max")), 0xE0000);
    assert_int_equal(json_array_size(json_object_get(map, "binaries")), FLASH_BINARY_COUNT);
    json_decref(list);
    assert_int_equal(RUN("list", "--size", "768"), EXIT_USAGE);
    assert_int_equal(RUN("list", "--map", "512+512", "--size", "512"), EXIT_USAGE);
    assert_int_equal(RUN("show", "--size", "many"), EXIT_USAGE);
    assert_non_null(strstr(complaints, "--size is \"many\""));
}

/* Every byte of every map: each file at its address, all else erased. */
static void the_whole_chip_is_written(void **state)
{
    (void)state;
    static const struct {
        int file;
        enum flash_binary binary;
    } pieces[] = {{BOOT, FLASH_BOOT}, {USER1, FLASH_USER1}, {KEY, FLASH_KEY}, {INIT, FLASH_INIT_DATA}};
    for (size_t i = 0; i < flash_map_count(); i++) {
        const struct flash_map *map = flash_map_at(i);
        char size_text[16];
        size_t size = 0;
        snprintf(size_text, sizeof size_text, "%d", map->size_kb);
        assert_int_equal(RUN("build", "--size", size_text, "--map", map->name, "--boot", paths[BOOT],
                             "--user1", paths[USER1], "--key", paths[KEY], "--init-data", paths[INIT],
                             "--output", paths[FULL], "--force"),
                         EXIT_DONE);
        unsigned char *flash = get(FULL, &size);
        assert_int_equal(size, map->size_kb * 1024);
        unsigned char *wanted = malloc(size);
        memset(wanted, 0xFF, size);
        for (size_t piece = 0; piece < sizeof pieces / sizeof pieces[0]; piece++) {
            size_t length = 0;
            unsigned char *bytes = get(pieces[piece].file, &length);
            memcpy(wanted + map->address[pieces[piece].binary], bytes, length);
            free(bytes);
        }
        assert_memory_equal(flash, wanted, size);
        free(wanted);
        free(flash);
    }
}

static void key_and_rf_parameters_may_be_left_out(void **state)
{
    (void)state;
    size_t size = 0;
    assert_int_equal(RUN("build", "--size", "512", "--boot", paths[BOOT], "--user1", paths[USER1], "--output",
                         paths[FULL], "--json"),
                     EXIT_DONE);
    json_t *document = json_loads(printed, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(document, "map")), "256+256");
    assert_int_equal(json_array_size(json_object_get(document, "written")), 2);
    json_decref(document);
    unsigned char *flash = get(FULL, &size);
    assert_int_equal(size, 512 * 1024);
    for (size_t at = 0x3C000; at < size; at++)
        assert_int_equal(flash[at], 0xFF);
    free(flash);
}

#define assert_refused(code, words, ...)                                                                     \
    do {                                                                                                     \
        assert_int_equal(RUN("build", __VA_ARGS__, "--output", paths[FULL]), code);                          \
        if (strstr(complaints, words) == NULL)                                                               \
            fail_msg("%s", complaints);                                                                      \
        assert_int_equal(access(paths[FULL], F_OK), -1);                                                     \
    } while (0)

static void what_does_not_belong_is_refused_and_nothing_is_written(void **state)
{
    (void)state;
    const char *boot = paths[BOOT], *user1 = paths[USER1];
    assert_refused(EXIT_USAGE, "--boot is missing", "--size", "512", "--user1", user1);
    assert_refused(EXIT_USAGE, "--size is missing", "--boot", boot, "--user1", user1);
    assert_refused(EXIT_USAGE, "several maps: name one of 512+512, 1024+1024", "--size", "2048", "--boot",
                   boot, "--user1", user1);
    assert_refused(EXIT_USAGE, "no map for 513 KB", "--size", "513", "--boot", boot, "--user1", user1);
    assert_refused(EXIT_REFUSED, "cannot open", "--size", "512", "--boot", boot, "--user1", "/nowhere");
    assert_refused(EXIT_REFUSED, "user2 is no user1.bin for this flash: the header names slot 2", "--size",
                   "512", "--boot", boot, "--user1", paths[USER2]);
    assert_refused(EXIT_REFUSED, "a boot loader begins with e9", "--size", "512", "--boot", paths[KEY],
                   "--user1", user1);
    assert_refused(EXIT_REFUSED, "at most so many fit", "--size", "512", "--boot", user1, "--user1", user1);
    assert_refused(EXIT_REFUSED, "40 hexadecimal digits", "--size", "512", "--boot", boot, "--user1", user1,
                   "--key", paths[INIT]);
    assert_refused(EXIT_REFUSED, "RF parameters have 128", "--size", "512", "--boot", boot, "--user1", user1,
                   "--init-data", paths[KEY]);
    put_image(USER1, 1, 0x2B000);
    assert_refused(EXIT_REFUSED, "0x01000 of 512 KB 256+256: ", "--size", "512", "--boot", boot, "--user1",
                   user1);
    put_image(USER1, 1, 0x2B000 - 16 - sizeof program - 4); /* the largest that fits */
    assert_int_equal(RUN("build", "--size", "512", "--boot", boot, "--user1", user1, "--output", paths[FULL]),
                     EXIT_DONE);
}

static void an_image_that_exists_is_kept(void **state)
{
    (void)state;
    size_t size = 0;
    put(FULL, "mine", 4);
    assert_int_equal(RUN("build", "--size", "512", "--boot", paths[BOOT], "--user1", paths[USER1], "--output",
                         paths[FULL]),
                     EXIT_REFUSED);
    assert_non_null(strstr(complaints, "exists; --force replaces it"));
    unsigned char *bytes = get(FULL, &size);
    assert_int_equal(size, 4);
    free(bytes);
}

static void no_input_is_overwritten(void **state)
{
    (void)state;
    size_t size = 0;
    assert_int_equal(RUN("build", "--size", "512", "--boot", paths[BOOT], "--user1", paths[USER1], "--key",
                         paths[KEY], "--output", paths[KEY], "--force"),
                     EXIT_USAGE);
    assert_non_null(strstr(complaints, "--output names the same file as --key"));
    free(get(KEY, &size));
    assert_int_equal(size, sizeof key - 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_documentation_holds_what_is_listed),
        TEST(maps_are_chosen_by_size_and_name),
        TEST(the_whole_chip_is_written),
        TEST(key_and_rf_parameters_may_be_left_out),
        TEST(what_does_not_belong_is_refused_and_nothing_is_written),
        TEST(an_image_that_exists_is_kept),
        TEST(no_input_is_overwritten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
