/* Images that do not belong together, made up and real. */
#include "release_doubts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "image.h"

enum { IMAGES = 2, ROOM = IMAGE_SIZE_MAX };

static unsigned char bytes[IMAGES][ROOM];
static struct firmware_file files[IMAGES];
static struct release_doubts doubts;

/* As much of an image as is looked at: its headers, and `text` in its irom part of `size` bytes. */
static void make(int slot, size_t size, const char *text, int segments, int settings)
{
    unsigned char *image = bytes[slot - 1];
    memset(image, 0, 16 + size + 8);
    image[0] = 0xEA;
    image[1] = 4;
    image[3] = (unsigned char)slot;
    for (int i = 0; i < 4; i++)
        image[12 + i] = (unsigned char)(size >> (8 * i));
    memcpy(image + 100, text, strlen(text));
    unsigned char *second = image + 16 + size;
    second[0] = 0xE9;
    second[1] = (unsigned char)segments;
    second[3] = (unsigned char)settings;
    files[slot - 1] = (struct firmware_file){slot == 1 ? "user1.bin" : "user2.bin", image, 16 + size + 8};
}

static void find(const char *release)
{
    struct version version;
    struct error error;
    doubts = (struct release_doubts){0};
    assert_int_equal(version_parse(release, &version, &error), STATUS_OK);
    release_doubts_find(&version, files, IMAGES, &doubts);
}

static void no_doubt(const char *release)
{
    find(release);
    if (doubts.count > 0)
        fail_msg("%s", doubts.texts[0]);
}

static void one_doubt(const char *words)
{
    find("v1.1.0t45772(a)");
    if (doubts.count != 1 || strstr(doubts.texts[0], words) == NULL)
        fail_msg("%d doubts, not of \"%s\": %s", doubts.count, words, doubts.texts[0]);
}

static void what_belongs_together_is_not_doubted(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "SDK ver: %s compiled @ Jul 19 2016 17:58:40",
        "2.0.0(656edbf)",
        "fw v1.1.0t45772(a)",
        "v1.0.0t45772(a) v1.1.0t45772(a)", /* such as the lowest that it goes on from */
        "(a) t45772(a) 1.2(3) v1.1.0t45772(x) call(abcdef0)",
        "1.0.0(no)"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        make(1, 4000, texts[i], 3, 0x20);
        make(2, 4040, texts[i], 3, 0x20);
        no_doubt("v1.1.0t45772(a)");
    }
    make(1, 4000, "", 3, 0);
    files[0].name = "eagle.flash.bin";
    no_doubt("v1.1.0t45772(a)"); /* nothing to compare */
}

static void each_difference_is_said(void **state)
{
    (void)state;
    make(1, 4000, "2.0.0(656edbf)", 3, 0x20);
    make(2, 4000, "3.0.6-dev(072755c)", 3, 0x20);
    one_doubt("user1.bin is built on SDK 2.0.0(656edbf), user2.bin on SDK 3.0.6-dev(072755c)");
    make(2, 4000, "", 3, 0x20);
    one_doubt("user1.bin names its SDK, user2.bin does not");
    make(1, 4000, "compiled @ Jul 19 2016 17:58:40", 3, 0x20);
    make(2, 4000, "compiled @ Apr  6 2023 03:06:03", 3, 0x20);
    one_doubt("compiled Jul 19 2016 17:58:40, user2.bin one compiled Apr  6 2023 03:06:03");
    make(1, 4000, "", 3, 0x20);
    make(2, 4000, "", 2, 0x20);
    one_doubt("user1.bin has 3 segments, user2.bin has 2");
    make(2, 4000, "", 3, 0x40);
    one_doubt("flash settings 00 20, user2.bin for 00 40");
    make(2, 4100, "", 3, 0x20);
    one_doubt("user1.bin has 4024 bytes, user2.bin has 4124");
    make(2, 4000, "v1.0.0t45772(a)", 3, 0x20);
    one_doubt("user2.bin holds the version v1.0.0t45772(a), not v1.1.0t45772(a)");
    make(2, 4000, "1.4.0-rc.1t45772(a)", 3, 0x20);
    one_doubt("user2.bin holds the version 1.4.0-rc.1t45772(a)");
    make(2, 4000, "", 3, 0x20);
    files[1].bytes = files[0].bytes;
    one_doubt("are the same file");
}

/* At the very ends of a file, too. */
static void texts_are_not_read_past_the_ends(void **state)
{
    (void)state;
    static const char *const ends[] = {"(",           "(a", "v1.1.0t1(",     "2.0.0(656edbf",
                                       "compiled @ ", "c",  "compiled @ Jul"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        for (int slot = 1; slot <= 2; slot++) {
            make(slot, 4000, "", 3, 0x20);
            memcpy(bytes[slot - 1] + files[slot - 1].size - strlen(ends[i]), ends[i], strlen(ends[i]));
            bytes[slot - 1][16 + 4000] = 0xE9;
        }
        find("v1.1.0t45772(a)");
    }
}

static void read_real(int slot, const char *sdk)
{
    char path[100];
    snprintf(path, sizeof path, "../shared/images/at-sdk%s/user%d.bin", sdk, slot);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        print_message("%s is not there: skipped\n", path);
        skip();
    }
    files[slot - 1] = (struct firmware_file){slot == 1 ? "user1.bin" : "user2.bin", bytes[slot - 1],
                                             fread(bytes[slot - 1], 1, ROOM, file)};
    fclose(file);
}

static void two_programs_of_espressif_are_told_apart(void **state)
{
    (void)state;
    static const char *const sdks[] = {"2.0.0", "3.0.6"};
    for (int one = 0; one < 2; one++) {
        for (int two = 0; two < 2; two++) {
            read_real(1, sdks[one]);
            read_real(2, sdks[two]);
            find("v1.1.0t45772(a)");
            assert_int_equal(doubts.count, one == two ? 0 : 3); /* the SDK, its build, the size */
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_belongs_together_is_not_doubted),
        cmocka_unit_test(each_difference_is_said),
        cmocka_unit_test(texts_are_not_read_past_the_ends),
        cmocka_unit_test(two_programs_of_espressif_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
