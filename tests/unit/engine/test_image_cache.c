#include "image_cache.h"

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

static struct error error;

static char parent[64], directory[80], path[160];
static struct image_cache *cache;

/* sha256 of "image" */
#define IMAGE "6105d6cc76af400325e94d588ce511be5bfdbb73b437dc51eca43917d7a43e3d"

static void make_cache(void)
{
    snprintf(parent, sizeof parent, "/tmp/test_image_cache.XXXXXX");
    assert_non_null(mkdtemp(parent));
    snprintf(directory, sizeof directory, "%s/cache", parent);
    snprintf(path, sizeof path, "%s/" IMAGE, directory);
    assert_int_equal(image_cache_open(directory, &cache, &error), STATUS_OK);
}

static void remove_cache(void)
{
    image_cache_close(cache);
    unlink(path);
    rmdir(directory);
    rmdir(parent);
}

/* Replaces the file, or changes it in place. */
static void write_image(const char *text, bool in_place)
{
    if (!in_place)
        unlink(path);
    FILE *file = fopen(path, in_place ? "r+" : "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* Of which it has the bytes. */
static void found(const char *wanted)
{
    int fd;
    int64_t size;
    char bytes[16] = "";
    if (image_cache_find(cache, IMAGE, &fd, &size, &error) != STATUS_OK)
        fail_msg("%s", error.message);
    assert_int_equal(size, strlen(wanted));
    assert_int_equal(read(fd, bytes, sizeof bytes - 1), size);
    assert_string_equal(bytes, wanted);
    close(fd);
}

static void not_found(void)
{
    int fd;
    int64_t size;
    assert_int_equal(image_cache_find(cache, IMAGE, &fd, &size, &error), STATUS_NOT_FOUND);
    assert_int_equal(fd, -1);
    assert_int_not_equal(access(path, F_OK), 0); /* so that it is fetched anew */
}

static void what_is_on_disk_is_found(void **state)
{
    (void)state;
    make_cache();
    not_found();
    write_image("image", false);
    found("image");
    image_cache_close(cache);
    /* an existing directory does as well */
    assert_int_equal(image_cache_open(directory, &cache, &error), STATUS_OK);
    found("image");
    remove_cache();
}

static void what_is_on_disk_is_not_believed(void **state)
{
    (void)state;
    static const char *const damaged[] = {"", "imag", "imagE", "images", "\n"};
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        make_cache(); /* from the start before */
        assert_int_equal(image_cache_damaged_ago(cache, IMAGE), -1);
        write_image(damaged[i], false);
        not_found();
        assert_in_range(image_cache_damaged_ago(cache, IMAGE), 0, 60);
        remove_cache();
    }
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        make_cache(); /* while it is served */
        write_image("image", false);
        found("image");
        write_image(damaged[i], false);
        not_found();
        write_image("image", false);
        found("image");
        remove_cache();
    }
}

/* Of what is kept open, neither. */
static void a_change_of_an_open_file_is_seen(void **state)
{
    (void)state;
    int fd;
    int64_t size;
    make_cache();
    write_image("image", false);
    assert_int_equal(image_cache_find(cache, IMAGE, &fd, &size, &error), STATUS_OK);
    assert_true(image_cache_is_unchanged(cache, IMAGE, fd));
    assert_int_equal(truncate(path, 3), 0);
    assert_false(image_cache_is_unchanged(cache, IMAGE, fd));
    not_found();
    assert_false(image_cache_is_unchanged(cache, IMAGE, fd));
    close(fd);
    remove_cache();
}

/* Neither its size nor its time says so: only whoever was sent it. */
static void bytes_that_rot_are_found_when_a_device_complains(void **state)
{
    (void)state;
    struct stat before;
    int fd, kept;
    int64_t size;
    make_cache();
    write_image("image", false);
    assert_int_equal(image_cache_find(cache, IMAGE, &kept, &size, &error), STATUS_OK);
    image_cache_suspect(cache, "no hash");
    assert_int_equal(stat(path, &before), 0);
    write_image("imagE", true);
    const struct timespec times[] = {before.st_atim, before.st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    assert_int_equal(image_cache_find(cache, IMAGE, &fd, &size, &error), STATUS_OK);
    close(fd);
    assert_true(image_cache_is_unchanged(cache, IMAGE, kept));
    image_cache_suspect(cache, IMAGE);
    assert_in_range(image_cache_damaged_ago(cache, IMAGE), 0, 60);
    assert_false(image_cache_is_unchanged(cache, IMAGE, kept));
    not_found();
    close(kept);
    remove_cache();
}

static void no_name_leaves_the_directory(void **state)
{
    (void)state;
    static const char *const names[] = {"../etc/passwd", "", "0123", "..",
                                        "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"};
    make_cache();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        int fd;
        int64_t size;
        assert_int_equal(image_cache_find(cache, names[i], &fd, &size, &error), STATUS_NOT_FOUND);
        /* and the database is not asked: there is none */
        assert_int_equal(image_cache_fetch(cache, NULL, names[i], &fd, &size, &error), STATUS_NOT_FOUND);
    }
    remove_cache();
}

static void a_directory_that_cannot_be_is_refused(void **state)
{
    (void)state;
    assert_int_equal(image_cache_open("/dev/null/cache", &cache, &error), STATUS_INVALID);
    assert_null(cache);
    assert_int_equal(image_cache_open("/dev/null", &cache, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "/dev/null"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_on_disk_is_found),
        cmocka_unit_test(what_is_on_disk_is_not_believed),
        cmocka_unit_test(a_change_of_an_open_file_is_seen),
        cmocka_unit_test(bytes_that_rot_are_found_when_a_device_complains),
        cmocka_unit_test(no_name_leaves_the_directory),
        cmocka_unit_test(a_directory_that_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
