/* orchestratorctl: the operator's command line. */
#include <stdlib.h>
#include <string.h>

#include "commands.h"

static bool needs_server(const struct command *command)
{
    static const command_function local[] = {
        run_policy_check,  run_policy_show,     run_version,        run_version_parse,  run_version_compare,
        run_version_match, run_version_coexist, run_flash_map_list, run_flash_map_show, run_flash_map_build,
        run_product_types, run_key_generate,    run_firmware_sign};
    for (size_t i = 0; i < sizeof local / sizeof local[0]; i++) {
        if (command->run == local[i])
            return false;
    }
    return true;
}

/* "$UNSET" in a script: it must not become another request. */
static bool has_empty_argument(const struct arguments *arguments)
{
    for (int i = 0; i < arguments->positional_count; i++) {
        if (arguments->positionals[i][0] == '\0')
            return true;
    }
    return false;
}

static enum exit_code run(int count, char **words)
{
    static struct arguments arguments;
    struct error error = {0};
    struct session session = {.out = stdout, .errors = stderr};
    if (count == 1) {
        command_help(stdout, &command_tree, command_tree.name);
        return EXIT_USAGE;
    }
    enum status status = arguments_parse(count, words, &arguments, &error);
    if (status == STATUS_OK && arguments.help) {
        command_help(stdout, arguments.command, arguments.path);
        return EXIT_DONE;
    }
    if (status != STATUS_OK)
        return session_usage(&session, "%s", error.message);
    session.json = arguments_value(&arguments, "json") != NULL;
    if (needs_server(arguments.command) && has_empty_argument(&arguments))
        return session_usage(&session, "an argument is empty; see %s --help", arguments.path);
    if (needs_server(arguments.command) && session_connect(&session, &arguments, &error) != STATUS_OK)
        return session_usage(&session, "%s", error.message);
    enum exit_code code = arguments.command->run(&session, &arguments);
    client_destroy(session.client);
    return code;
}

int main(int count, char **words)
{
    enum exit_code code = run(count, words);
    if (fflush(stdout) != 0 && code == EXIT_DONE)
        code = EXIT_REFUSED; /* such as a full disk: what was to be shown is not there */
    return (int)code;
}
