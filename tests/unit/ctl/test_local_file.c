/* Files written whole or not at all. */
#include "local_file.h"

#include <dirent.h>
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

static char directory[] = "/tmp/fota-local-file.XXXXXX";
static char path[64];
static struct error error;

static int set_up(void **state)
{
    (void)state;
    memcpy(directory + sizeof directory - 7, "XXXXXX", 6);
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/out", directory);
    memset(&error, 0, sizeof error);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(directory); /* fails when anything else was left */
}

static enum status put(const char *text, bool replace, bool secret)
{
    return local_file_write(path, (const unsigned char *)text, strlen(text), replace, secret, &error);
}

static void assert_holds(const char *text)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    assert_int_equal(local_file_read(path, 100, &bytes, &size, &error), STATUS_OK);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(bytes, text, size);
    free(bytes);
}

static mode_t mode(void)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 0777;
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    assert_int_equal(put("one", false, false), STATUS_OK);
    assert_holds("one");
}

static void a_file_that_exists_is_replaced_only_on_request(void **state)
{
    (void)state;
    assert_int_equal(put("one", false, false), STATUS_OK);
    assert_int_equal(put("two", false, false), STATUS_CONFLICT);
    assert_non_null(strstr(error.message, "exists already"));
    assert_holds("one");
    assert_int_equal(put("two", true, false), STATUS_OK);
    assert_holds("two");
}

static void a_secret_is_for_its_owner_only(void **state)
{
    (void)state;
    mode_t mask = umask(022);
    assert_int_equal(put("open", false, false), STATUS_OK);
    assert_int_equal(mode(), 0644);
    assert_int_equal(put("secret", true, true), STATUS_OK);
    assert_int_equal(mode(), 0600);
    umask(mask);
}

static void what_cannot_be_written_is_refused_and_leaves_nothing(void **state)
{
    (void)state;
    const unsigned char byte = 1;
    assert_int_equal(local_file_write(directory, &byte, 1, true, false, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "cannot write"));
    assert_int_equal(local_file_write("/nowhere/at/all", &byte, 1, true, false, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "No such file"));
    /* nor beside the directory that could not be replaced */
    int left = 0;
    DIR *parent = opendir("/tmp");
    assert_non_null(parent);
    for (const struct dirent *entry; (entry = readdir(parent)) != NULL;)
        left += strncmp(entry->d_name, directory + 5, strlen(directory + 5)) == 0;
    closedir(parent);
    assert_int_equal(left, 1);
}

static void reading_stops_at_the_limit(void **state)
{
    (void)state;
    unsigned char *bytes = NULL;
    size_t size = 0;
    assert_int_equal(put("12345", false, false), STATUS_OK);
    assert_int_equal(local_file_read(path, 4, &bytes, &size, &error), STATUS_TOO_LARGE);
    assert_non_null(strstr(error.message, "more than 4 bytes"));
    assert_int_equal(local_file_read("/dev/zero", 1000, &bytes, &size, &error), STATUS_TOO_LARGE);
    assert_int_equal(local_file_read("/nowhere", 4, &bytes, &size, &error), STATUS_INVALID);
    assert_int_equal(local_file_read("/tmp", 4, &bytes, &size, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "directory"));
    assert_null(bytes);
    assert_int_equal(local_file_read(path, 5, &bytes, &size, &error), STATUS_OK);
    free(bytes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_is_read),        TEST(a_file_that_exists_is_replaced_only_on_request),
        TEST(a_secret_is_for_its_owner_only), TEST(what_cannot_be_written_is_refused_and_leaves_nothing),
        TEST(reading_stops_at_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
