#include "device_options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct device_options options;

static char key_file[64]; /* of this process: others may run the same test */

/* The point is the generator of P-256: as good as any. */
static const char key_text[] = "-----BEGIN PUBLIC KEY-----\n"
                               "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n"
                               "6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n"
                               "-----END PUBLIC KEY-----";

static void write_key(const char *text)
{
    FILE *file = fopen(key_file, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(key_file, sizeof key_file, "/tmp/fota-test.%ld.key.pem", (long)getpid());
    write_key(key_text);
    (void)setenv("MQTT_PASSWORD", "from outside", 1);
    device_options_begin(&options, "program", "the help\n");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return remove(key_file);
}

static void every_row_is_taken(void **state)
{
    (void)state;
    static const struct option rows[] = {DEVICE_OPTION_ROWS};
    char *words[] = {"program",         "--version", "v1.0.5t1(a)",  "--image",         "file", "--flash-map",
                     "1024+1024",       "--mqtt",    "localhost:1",  "--mqtt-username", "name", "--verbose",
                     "--mqtt-password", "word",      "--public-key", key_file,          NULL};
    struct option table[sizeof rows / sizeof rows[0] + 1] = {{0}};
    int option;
    memcpy(table, rows, sizeof rows);
    while ((option = getopt_long(16, words, "", table, NULL)) != -1) {
        assert_in_range(option, OPTION_VERSION, OPTION_OWN - 1);
        device_options_take(&options, option, optarg);
    }
    assert_string_equal(options.version, "v1.0.5t1(a)");
    assert_string_equal(options.image_path, "file");
    assert_ptr_equal(options.map, &fota_map_1024);
    assert_int_equal(options.connector.port, 1);
    assert_string_equal(options.connector.username, "name");
    assert_string_equal(options.connector.password, "word");
    assert_true(options.verbose);
    assert_int_equal(options.public_keys.count, 1);
    assert_int_equal(options.public_keys.keys[0].point[0], 4);
    assert_int_equal(options.public_keys.keys[0].point[1], 0x6B); /* of the curve's generator */
    assert_int_equal(options.public_keys.keys[0].point[64], 0xF5);
}

static void defaults_are_good(void **state)
{
    (void)state;
    uint32_t length = 0;
    uint8_t *image = device_options_first_image(&options, &length);
    assert_in_range(length, 1, options.map->slot_size);
    assert_int_equal(image[0], 0xEA);
    assert_string_equal(options.connector.password, "from outside");
    assert_null(options.version);
    assert_false(options.verbose);
    free(image);
}

/* The exit code of a process that does it, and in `output` what it prints. */
static int exit_code(void (*does)(void), char *output, size_t size)
{
    int ends[2];
    int status;
    size_t used = 0;
    assert_int_equal(pipe(ends), 0);
    (void)fflush(NULL);
    pid_t process = fork();
    assert_true(process >= 0);
    if (process == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)dup2(ends[1], STDERR_FILENO);
        does();
        _exit(99);
    }
    (void)close(ends[1]);
    for (ssize_t got; (got = read(ends[0], output + used, size - 1 - used)) > 0;)
        used += (size_t)got;
    output[used] = '\0';
    (void)close(ends[0]);
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void ask_for_help(void)
{
    device_options_take(&options, OPTION_HELP, NULL);
}

static void give_an_unknown_one(void)
{
    device_options_take(&options, '?', NULL);
}

static void read_a_directory(void)
{
    uint32_t length;
    options.image_path = "/";
    free(device_options_first_image(&options, &length));
}

static void take_a_key(void)
{
    device_options_take(&options, OPTION_PUBLIC_KEY, key_file);
}

static void take_three_keys(void)
{
    for (int i = 0; i < 3; i++)
        take_a_key();
}

static void what_is_no_key_is_refused(void **state)
{
    (void)state;
    char output[512], wanted[200], text[sizeof key_text];
    assert_int_equal(exit_code(take_a_key, output, sizeof output), 99);
    assert_int_equal(exit_code(take_three_keys, output, sizeof output), 2);
    snprintf(wanted, sizeof wanted, "--public-key '%s': at most 2 keys are allowed\nsee --help\n", key_file);
    assert_string_equal(output, wanted);
    static const size_t damaged[] = {20, 40, 80, 145};
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        memcpy(text, key_text, sizeof text);
        text[damaged[i]] = '-';
        write_key(text);
        assert_int_equal(exit_code(take_a_key, output, sizeof output), 2);
        assert_non_null(strstr(output, "must be a PEM file with a PUBLIC KEY on P-256"));
    }
    write_key("");
    assert_int_equal(exit_code(take_a_key, output, sizeof output), 2);
    assert_int_equal(remove(key_file), 0);
    assert_int_equal(exit_code(take_a_key, output, sizeof output), 2);
    assert_non_null(strstr(output, "No such file"));
}

static void read_nothing(void)
{
    uint32_t length;
    options.image_path = "/no/such/file";
    free(device_options_first_image(&options, &length));
}

static void what_ends_the_program_says_why(void **state)
{
    (void)state;
    char output[512];
    assert_int_equal(exit_code(ask_for_help, output, sizeof output), 0);
    assert_string_equal(output, "the help\n");
    assert_int_equal(exit_code(give_an_unknown_one, output, sizeof output), 2);
    assert_string_equal(output, "program: bad option\nsee --help\n");
    assert_int_equal(exit_code(read_a_directory, output, sizeof output), 1);
    assert_string_equal(output, "program: cannot read image /: Is a directory\n");
    assert_int_equal(exit_code(read_nothing, output, sizeof output), 1);
    assert_string_equal(output, "program: cannot read image /no/such/file: No such file or directory\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_row_is_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(defaults_are_good, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_ends_the_program_says_why, set_up, tear_down),
        cmocka_unit_test_setup(what_is_no_key_is_refused, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
