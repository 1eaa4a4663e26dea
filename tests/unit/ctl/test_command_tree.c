#include "commands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct arguments arguments;
static struct error error;

#define PARSE(...)                                                                                           \
    arguments_parse((int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)),                           \
                    (char *const *)(uintptr_t)(const char *[]){__VA_ARGS__}, &arguments, &error)

static void commands_of_the_readme_are_read(void **state)
{
    (void)state;
    assert_int_equal(PARSE("ctl", "campaign", "create", "june", "--firmware", "v1.1.0t45772(a)", "--from",
                           ">=v1.0.0 <v1.1.0", "--policy", "policies/canary-then-wide.json", "--start"),
                     STATUS_OK);
    assert_true(arguments.command->run == run_campaign_create);
    assert_int_equal(arguments.positional_count, 1);
    assert_string_equal(arguments.positionals[0], "june");
    assert_string_equal(arguments_value(&arguments, "firmware"), "v1.1.0t45772(a)");
    assert_string_equal(arguments_value(&arguments, "from"), ">=v1.0.0 <v1.1.0");
    assert_string_equal(arguments_value(&arguments, "start"), "");
    assert_null(arguments_value(&arguments, "json"));
    assert_string_equal(arguments.path, "orchestratorctl campaign create");

    assert_int_equal(PARSE("ctl", "firmware", "upload", "v1.1.0t45772(a)", "user1.bin", "user2.bin"),
                     STATUS_OK);
    assert_true(arguments.command->run == run_firmware_upload);
    assert_int_equal(arguments.positional_count, 3);
}

static void options_may_stand_anywhere(void **state)
{
    (void)state;
    assert_int_equal(PARSE("ctl", "--json", "device", "--url=http://x", "register", "--tag", "a", "d1",
                           "--tag=b", "--ptype", "7"),
                     STATUS_OK);
    int position = 0;
    assert_string_equal(arguments_next(&arguments, "tag", &position), "a");
    assert_string_equal(arguments_next(&arguments, "tag", &position), "b");
    assert_null(arguments_next(&arguments, "tag", &position));
    assert_string_equal(arguments_value(&arguments, "url"), "http://x");
    assert_non_null(arguments_value(&arguments, "json"));
    assert_int_equal(PARSE("ctl", "device", "show", "--", "--odd"), STATUS_OK);
    assert_string_equal(arguments.positionals[0], "--odd");
    assert_int_equal(PARSE("ctl", "device", "import", "-"), STATUS_OK);
    assert_string_equal(arguments.positionals[0], "-");
}

/* Ids may: there is no other option of one dash where one is wanted. */
static void an_id_may_begin_with_a_dash(void **state)
{
    (void)state;
    static const char *const commands[] = {"register", "key",    "release", "revoke-key",
                                           "show",     "reboot", "upgrade", "push"};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        assert_int_equal(PARSE("ctl", "device", commands[i], "-lamp", "--json"), STATUS_OK);
        assert_string_equal(arguments.positionals[0], "-lamp");
        assert_non_null(arguments_value(&arguments, "json"));
        assert_int_equal(PARSE("ctl", "device", commands[i], "--json", "--", "--help"), STATUS_OK);
        assert_string_equal(arguments.positionals[0], "--help");
        assert_false(arguments.help);
        assert_int_equal(PARSE("ctl", "device", commands[i], "--", "--"), STATUS_OK);
        assert_string_equal(arguments.positionals[0], "--");
    }
    assert_int_equal(PARSE("ctl", "device", "show", "-h"), STATUS_OK);
    assert_true(arguments.help);
    assert_int_equal(PARSE("ctl", "device", "show", "--", "-h"), STATUS_OK);
    assert_string_equal(arguments.positionals[0], "-h");
    assert_int_equal(PARSE("ctl", "campaign", "create", "x", "--device", "-lamp", "--device=--lamp"),
                     STATUS_OK);
    assert_string_equal(arguments_value(&arguments, "device"), "-lamp");
}

#define assert_refused(words, ...)                                                                           \
    do {                                                                                                     \
        assert_int_equal(PARSE(__VA_ARGS__), STATUS_INVALID);                                                \
        if (strstr(error.message, words) == NULL)                                                            \
            fail_msg("%s", error.message);                                                                   \
    } while (0)

static void wrong_usage_says_what_is_wrong(void **state)
{
    (void)state;
    assert_refused("a command is missing", "ctl");
    assert_refused("a command is missing", "ctl", "campaign");
    assert_refused("unknown command \"campagne\"", "ctl", "campagne");
    assert_refused("unknown command \"run\"", "ctl", "campaign", "run");
    assert_refused("unknown option --odd; see orchestratorctl device show --help. After -- ", "ctl", "device",
                   "show", "--odd");
    assert_refused("unknown option -x", "ctl", "device", "show", "lamp", "-x");
    assert_refused("unknown option --fast", "ctl", "campaign", "watch", "x", "--fast");
    assert_refused("unknown option -x", "ctl", "campaign", "watch", "-x");
    assert_refused("arguments are missing", "ctl", "campaign", "watch");
    assert_refused("too many arguments, from \"b\"", "ctl", "campaign", "watch", "a", "b");
    assert_refused("needs a value", "ctl", "campaign", "watch", "a", "--interval");
    assert_refused("takes no value", "ctl", "campaign", "watch", "a", "--json=yes");
    assert_refused("given twice", "ctl", "campaign", "watch", "a", "--interval", "1", "--interval", "2");
    /* an option of another command is none of this one */
    assert_refused("unknown option --firmware", "ctl", "campaign", "watch", "a", "--firmware", "x");
}

static void the_version_is_a_command_of_its_own_and_a_group(void **state)
{
    (void)state;
    assert_int_equal(PARSE("ctl", "version"), STATUS_OK);
    assert_true(arguments.command->run == run_version);
    assert_int_equal(PARSE("ctl", "--version"), STATUS_OK);
    assert_true(arguments.command->run == run_version);
    assert_int_equal(PARSE("ctl", "--json", "--version"), STATUS_OK);
    assert_true(arguments.command->run == run_version);
    assert_int_equal(PARSE("ctl", "version", "parse", "v1.0.0t1(a)", "--scheme", "semver"), STATUS_OK);
    assert_true(arguments.command->run == run_version_parse);
    /* an option of that name belongs to its command */
    assert_int_equal(PARSE("ctl", "device", "list", "--version", "v1.0.0t1(a)"), STATUS_OK);
    assert_string_equal(arguments_value(&arguments, "version"), "v1.0.0t1(a)");
    assert_refused("unknown command \"show\"", "ctl", "version", "show");
}

static void check_tree(const struct command *command, const char *path, int *leaves)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    command_help(out, command, path);
    fclose(out);
    assert_non_null(strstr(text, command->summary));
    for (const struct option *option = command->options; option != NULL && option->name != NULL; option++)
        assert_non_null(strstr(text, option->help));
    for (const struct command *child = command->children; child != NULL && child->name != NULL; child++) {
        assert_non_null(strstr(text, child->summary));
        check_tree(child, child->name, leaves);
    }
    assert_true(command->children != NULL || command->run != NULL);
    *leaves += command->children == NULL;
    free(text);
}

static void help_at_every_level_names_all_there_is(void **state)
{
    (void)state;
    int leaves = 0;
    check_tree(&command_tree, command_tree.name, &leaves);
    assert_true(leaves >= 29); /* all of them were walked */
    assert_int_equal(PARSE("ctl", "campaign", "--help"), STATUS_OK);
    assert_true(arguments.help);
    assert_string_equal(arguments.command->name, "campaign");
    assert_int_equal(PARSE("ctl", "campaign", "watch", "-h"), STATUS_OK);
    assert_true(arguments.help);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_of_the_readme_are_read),
        cmocka_unit_test(options_may_stand_anywhere),
        cmocka_unit_test(an_id_may_begin_with_a_dash),
        cmocka_unit_test(wrong_usage_says_what_is_wrong),
        cmocka_unit_test(the_version_is_a_command_of_its_own_and_a_group),
        cmocka_unit_test(help_at_every_level_names_all_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
