/* Runs a fuzz target over its corpus without a fuzzer: every file of tests/fuzz/corpus/NAME, each of its
 * beginnings, and each of its bytes changed in a few ways. */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fuzz.h"

enum { FILE_MAX = 65536, CHANGES_MAX = 4000 };

static uint8_t contents[FILE_MAX];

/* In a block of exactly that size, as the fuzzer gives it. */
static void run(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    assert_int_equal(LLVMFuzzerTestOneInput(copy, size), 0);
    free(copy);
}

static size_t read_contents(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("%s: %s", path, strerror(errno));
    size_t size = fread(contents, 1, sizeof contents, file);
    fclose(file);
    assert_true(size < sizeof contents);
    return size;
}

static void replay(const char *path)
{
    static const uint8_t masks[] = {0x01, 0x02, 0x10, 0x20, 0x80, 0xFF};
    size_t size = read_contents(path);
    size_t stride = 1 + size / CHANGES_MAX;
    run(contents, size);
    for (size_t at = 0; at < size; at += stride) {
        run(contents, at);
        for (size_t i = 0; i < sizeof masks; i++) {
            contents[at] ^= masks[i];
            run(contents, size);
            contents[at] ^= masks[i];
        }
    }
}

static void the_corpus_finds_nothing(void **state)
{
    const char *directory = *state;
    struct dirent **entries;
    int count = scandir(directory, &entries, NULL, alphasort);
    int replayed = 0;
    if (count < 0)
        fail_msg("%s: %s", directory, strerror(errno));
    for (int i = 0; i < count; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", directory, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.') {
            replay(path);
            replayed++;
        }
        free(entries[i]);
    }
    free(entries);
    assert_true(replayed > 0);
}

int main(int count, char **words)
{
    (void)count;
    char directory[256];
    const char *name = strrchr(words[0], '/') != NULL ? strrchr(words[0], '/') + 1 : words[0];
    snprintf(directory, sizeof directory, "tests/fuzz/corpus/%s", name);
    const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(the_corpus_finds_nothing, directory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
