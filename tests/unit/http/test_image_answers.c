#include "image_answers.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct image_answers *answers;

static int set_up(void **state)
{
    (void)state;
    answers = image_answers_create();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    image_answers_destroy(answers);
    return 0;
}

static int open_files(void)
{
    int count = 0;
    DIR *directory = opendir("/proc/self/fd");
    assert_non_null(directory);
    while (readdir(directory) != NULL)
        count++;
    closedir(directory);
    return count;
}

static const char *sha_of(int number)
{
    static _Thread_local char sha[65];
    snprintf(sha, sizeof sha, "%064d", number);
    return sha;
}

static struct image_answer *add_at(int number, uint64_t moment)
{
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    return image_answers_add(answers, sha_of(number), fd, 100, moment);
}

static void add(int number)
{
    image_answers_give_back(add_at(number, image_answers_moment(answers)));
}

static bool is_kept(int number)
{
    struct image_answer *answer = image_answers_take(answers, sha_of(number));
    if (answer != NULL)
        image_answers_give_back(answer);
    return answer != NULL;
}

static void no_more_files_stay_open_than_are_kept(void **state)
{
    (void)state;
    int before = open_files();
    for (int i = 0; i < 3 * IMAGE_SHELF_SIZE; i++)
        add(i);
    assert_int_equal(open_files(), before + IMAGE_SHELF_SIZE);
    image_answers_destroy(answers);
    assert_int_equal(open_files(), before);
    answers = image_answers_create();
}

static void *add_very_many(void *context)
{
    (void)context;
    for (int i = 0; i < 3 * IMAGE_SHELF_SIZE; i++)
        add(i);
    return NULL;
}

static void run_in_threads(void *(*work)(void *), int count)
{
    pthread_t threads[32];
    for (int i = 0; i < count; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, NULL), 0);
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

/* However many threads there are; and what is forgotten is forgotten for all of them. */
static void threads_share_what_may_be_kept(void **state)
{
    (void)state;
    int before = open_files();
    run_in_threads(add_very_many, 2 * IMAGE_SHELVES);
    int kept = open_files() - before;
    if (kept <= IMAGE_SHELF_SIZE || kept > IMAGE_ANSWERS_MAX)
        fail_msg("%d files are open", kept);
    for (int i = 0; i < 3 * IMAGE_SHELF_SIZE; i++)
        image_answers_forget(answers, sha_of(i));
    assert_int_equal(open_files(), before);
}

static void those_asked_for_last_are_kept(void **state)
{
    (void)state;
    for (int i = 0; i < IMAGE_SHELF_SIZE; i++)
        add(i);
    assert_true(is_kept(0));
    add(IMAGE_SHELF_SIZE);
    assert_true(is_kept(0));
    assert_false(is_kept(1));
    assert_true(is_kept(2));
    assert_true(is_kept(IMAGE_SHELF_SIZE));
}

/* Two requests that find the file at the same time: each has its answer, and one is kept. */
static void an_image_is_kept_once(void **state)
{
    (void)state;
    int before = open_files();
    struct image_answer *first = add_at(1, image_answers_moment(answers));
    struct image_answer *second = add_at(1, image_answers_moment(answers));
    assert_int_equal(open_files(), before + 2);
    assert_ptr_equal(image_answers_take(answers, sha_of(1)), first);
    image_answers_give_back(first);
    image_answers_give_back(first);
    image_answers_give_back(second);
    assert_int_equal(open_files(), before + 1);
}

static void a_forgotten_image_is_closed_after_its_last_reader(void **state)
{
    (void)state;
    int before = open_files();
    struct image_answer *answer = add_at(1, image_answers_moment(answers));
    image_answers_forget(answers, sha_of(1));
    image_answers_forget(answers, sha_of(2)); /* which never was */
    assert_false(is_kept(1));
    assert_int_equal(open_files(), before + 1);
    image_answers_give_back(answer);
    assert_int_equal(open_files(), before);
}

/* The release is deleted while a request has just opened the file. */
static void what_was_forgotten_meanwhile_is_not_kept(void **state)
{
    (void)state;
    uint64_t moment = image_answers_moment(answers);
    image_answers_forget(answers, sha_of(1));
    image_answers_give_back(add_at(1, moment));
    assert_false(is_kept(1));
    add(1);
    assert_true(is_kept(1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_more_files_stay_open_than_are_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(threads_share_what_may_be_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(those_asked_for_last_are_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_image_is_kept_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_forgotten_image_is_closed_after_its_last_reader, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_forgotten_meanwhile_is_not_kept, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
