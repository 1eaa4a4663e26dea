#include "manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define B "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

static struct manifest a_release(void)
{
    return (struct manifest){.ptype = 45772,
                             .version = "v1.1.0t45772(a)",
                             .sequence = 7,
                             .requires = "v1.0.0t45772(a)",
                             .files = {{"user2.bin", 409600, B}, {"README", 7, B}, {"user1.bin", 300000, A}},
                             .file_count = 3};
}

static void a_release_with_slots_has_the_lines_of_the_documents(void **state)
{
    (void)state;
    char text[MANIFEST_SIZE];
    struct manifest release = a_release();
    manifest_format(&release, text);
    assert_string_equal(text, "fota-manifest-1\n"
                              "ptype 45772\n"
                              "version v1.1.0t45772(a)\n"
                              "sequence 7\n"
                              "requires v1.0.0t45772(a)\n"
                              "slot 1 300000 " A "\n"
                              "slot 2 409600 " B "\n");
}

static void a_release_without_slots_names_its_files_in_order(void **state)
{
    (void)state;
    char text[MANIFEST_SIZE];
    struct manifest release = {.ptype = 1,
                               .version = "v1.1.0t1(n)",
                               .sequence = SEQUENCE_MAX,
                               .files = {{"eagle.irom0text.bin", 2, B}, {"eagle.flash.bin", 1, A}},
                               .file_count = 2};
    manifest_format(&release, text);
    assert_string_equal(text, "fota-manifest-1\n"
                              "ptype 1\n"
                              "version v1.1.0t1(n)\n"
                              "sequence 4294967295\n"
                              "requires -\n"
                              "file eagle.flash.bin 1 " A "\n"
                              "file eagle.irom0text.bin 2 " B "\n");
}

static void the_largest_release_fits(void **state)
{
    (void)state;
    char text[MANIFEST_SIZE], names[FIRMWARE_FILES_MAX][65], version[VERSION_TEXT_SIZE];
    struct manifest release = {
        .ptype = PTYPE_MAX, .sequence = SEQUENCE_MAX, .version = version, .requires = version};
    memset(version, '9', sizeof version);
    version[sizeof version - 1] = '\0';
    release.file_count = FIRMWARE_FILES_MAX;
    for (int i = 0; i < FIRMWARE_FILES_MAX; i++) {
        snprintf(names[i], sizeof names[i], "%064d", i);
        release.files[i] = (struct manifest_file){names[i], 1 << 20, A};
    }
    manifest_format(&release, text);
    assert_non_null(strstr(text, names[9]));
}

static void differs(const struct manifest *is_signed, const char *message)
{
    char theirs[MANIFEST_SIZE], own[MANIFEST_SIZE];
    struct manifest release = a_release();
    struct error error;
    manifest_format(&release, own);
    manifest_format(is_signed, theirs);
    assert_int_equal(manifest_check(theirs, own, &error), STATUS_CONFLICT);
    assert_string_equal(error.message, message);
}

static void the_first_line_that_differs_is_named(void **state)
{
    (void)state;
    char own[MANIFEST_SIZE];
    struct manifest release = a_release(), other = a_release();
    struct error error;
    manifest_format(&release, own);
    assert_int_equal(manifest_check(own, own, &error), STATUS_OK);
    other.sequence = 8;
    other.requires = NULL;
    differs(&other,
            "the manifest differs at line 4: signed was \"sequence 8\", this release has \"sequence 7\"");
    other = a_release();
    other.requires = NULL;
    differs(&other, "the manifest differs at line 5: signed was \"requires -\", this release has \"requires "
                    "v1.0.0t45772(a)\"");
    other = a_release();
    other.files[0].sha256 = A;
    differs(&other, "the manifest differs at line 7: signed was \"slot 2 409600 " A
                    "\", this release has \"slot 2 409600 " B "\"");
    other = a_release();
    other.file_count = 0;
    differs(&other,
            "the manifest differs at line 6: signed was \"\", this release has \"slot 1 300000 " A "\"");
    assert_int_equal(manifest_check("", own, &error), STATUS_CONFLICT);
    own[strlen(own) - 1] = '\0'; /* without its last line's end it is not the same bytes */
    char whole[MANIFEST_SIZE];
    manifest_format(&release, whole);
    assert_int_equal(manifest_check(own, whole, &error), STATUS_CONFLICT);
    assert_non_null(strstr(error.message, "at line 7"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_release_with_slots_has_the_lines_of_the_documents),
        cmocka_unit_test(a_release_without_slots_names_its_files_in_order),
        cmocka_unit_test(the_largest_release_fits),
        cmocka_unit_test(the_first_line_that_differs_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
