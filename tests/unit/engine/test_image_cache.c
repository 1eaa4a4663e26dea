#include "image_cache.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char sha[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
static struct error error;

static void what_is_on_disk_is_found(void **state)
{
    (void)state;
    char parent[] = "/tmp/test_image_cache.XXXXXX";
    char directory[64];
    char path[160];
    struct image_cache *cache;
    int fd;
    int64_t size;
    assert_non_null(mkdtemp(parent));
    snprintf(directory, sizeof directory, "%s/cache", parent);
    assert_int_equal(image_cache_open(directory, &cache, &error), STATUS_OK);
    assert_int_equal(image_cache_find(cache, sha, &fd, &size, &error), STATUS_NOT_FOUND);
    snprintf(path, sizeof path, "%s/%s", directory, sha);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("image", file);
    fclose(file);
    assert_int_equal(image_cache_find(cache, sha, &fd, &size, &error), STATUS_OK);
    assert_int_equal(size, 5);
    close(fd);
    image_cache_close(cache);
    /* an existing directory does as well */
    assert_int_equal(image_cache_open(directory, &cache, &error), STATUS_OK);
    image_cache_close(cache);
    unlink(path);
    rmdir(directory);
    rmdir(parent);
}

static void no_name_leaves_the_directory(void **state)
{
    (void)state;
    static const char *const names[] = {"../etc/passwd", "", "0123", "..",
                                        "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"};
    char directory[] = "/tmp/test_image_cache.XXXXXX";
    struct image_cache *cache;
    assert_non_null(mkdtemp(directory));
    assert_int_equal(image_cache_open(directory, &cache, &error), STATUS_OK);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        int fd;
        int64_t size;
        assert_int_equal(image_cache_find(cache, names[i], &fd, &size, &error), STATUS_NOT_FOUND);
        /* and the database is not asked: there is none */
        assert_int_equal(image_cache_fetch(cache, NULL, names[i], &fd, &size, &error), STATUS_NOT_FOUND);
    }
    image_cache_close(cache);
    rmdir(directory);
}

static void a_directory_that_cannot_be_is_refused(void **state)
{
    (void)state;
    struct image_cache *cache;
    assert_int_equal(image_cache_open("/dev/null/cache", &cache, &error), STATUS_INVALID);
    assert_null(cache);
    assert_int_equal(image_cache_open("/dev/null", &cache, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "/dev/null"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_on_disk_is_found),
        cmocka_unit_test(no_name_leaves_the_directory),
        cmocka_unit_test(a_directory_that_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
