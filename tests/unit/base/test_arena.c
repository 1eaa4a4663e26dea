/* The arena: aligned, zeroed, separate pieces. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena.h"

static void pieces_are_aligned_zeroed_and_apart(void **state)
{
    (void)state;
    enum { PIECES = 500 };
    struct arena arena = {0};
    unsigned char *pieces[PIECES];
    for (size_t i = 0; i < PIECES; i++) {
        pieces[i] = arena_allocate(&arena, i);
        assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
        for (size_t at = 0; at < i; at++)
            assert_int_equal(pieces[i][at], 0);
        memset(pieces[i], (int)(i % 251), i);
    }
    for (size_t i = 0; i < PIECES; i++) {
        for (size_t at = 0; at < i; at++)
            assert_int_equal(pieces[i][at], i % 251);
    }
    arena_release(&arena);
    assert_null(arena.first);
}

static void large_pieces_and_reuse(void **state)
{
    (void)state;
    struct arena arena = {0};
    char *small = arena_copy(&arena, "small");
    char *large = arena_allocate(&arena, 1000000);
    memset(large, 'x', 1000000);
    assert_string_equal(small, "small");
    arena_release(&arena);
    assert_string_equal(arena_copy(&arena, "again"), "again");
    arena_release(&arena);
    arena_release(&arena);
}

static void texts_are_copied_and_formatted(void **state)
{
    (void)state;
    struct arena arena = {0};
    assert_string_equal(arena_copy_bytes(&arena, "abcdef", 3), "abc");
    assert_string_equal(arena_copy_bytes(&arena, NULL, 0), "");
    assert_string_equal(arena_format(&arena, "%s-%d", "wave", 3), "wave-3");
    char *wide = arena_format(&arena, "%20000d", 1);
    assert_int_equal(strlen(wide), 20000);
    arena_release(&arena);
}

static int signal_of_overflow(void)
{
    pid_t child = fork();
    if (child == 0) {
        struct rlimit none = {0, 0};
        struct arena arena = {0};
        setrlimit(RLIMIT_CORE, &none);
        signal(SIGABRT, SIG_DFL);
        arena_allocate_array(&arena, SIZE_MAX / 2, 3);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void arrays_that_overflow_abort(void **state)
{
    (void)state;
    struct arena arena = {0};
    unsigned char *array = arena_allocate_array(&arena, 10, 10);
    array[99] = 1;
    arena_release(&arena);
    assert_int_equal(signal_of_overflow(), SIGABRT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_zeroed_and_apart),
        cmocka_unit_test(large_pieces_and_reuse),
        cmocka_unit_test(texts_are_copied_and_formatted),
        cmocka_unit_test(arrays_that_overflow_abort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
