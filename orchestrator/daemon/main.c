/* orchestratord: reads the command line and runs one of its commands. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "migrate.h"
#include "operate.h"
#include "run.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct arguments {
    const char *config;
    const char *directory;
    const char *role;
    const char *name;
    bool as_json;
};

static void report_error(const struct error *error)
{
    /* the messages of the configuration name the key themselves, after file and line */
    bool named = error->field[0] == '\0' || strstr(error->message, error->field) != NULL;
    fprintf(stderr, "orchestratord: %s%s%s\n", named ? "" : error->field, named ? "" : ": ", error->message);
}

static int usage(const char *what, const char *word)
{
    fprintf(stderr, "orchestratord: %s%s%s\nTry `orchestratord --help`.\n", what, word != NULL ? ": " : "",
            word != NULL ? word : "");
    return EXIT_USAGE;
}

static int command_run(const struct arguments *arguments, struct config *config)
{
    struct error error;
    if (run(config, arguments->config, &error) == STATUS_OK)
        return EXIT_DONE;
    report_error(&error);
    return EXIT_FAILED;
}

static int command_migrate(const struct arguments *arguments, struct config *config)
{
    struct error error;
    struct arena arena = {0};
    const struct migration *migrations = migrations_embedded;
    int count = migrations_embedded_count, applied = 0;
    enum status status = STATUS_OK;
    if (arguments->directory != NULL)
        status = migrations_read(arguments->directory, &arena, &migrations, &count, &error);
    struct store *store = store_create(config->database_url, "orchestratord migrate");
    if (status == STATUS_OK)
        status = migrate(store, migrations, count, &applied, &error);
    if (status == STATUS_OK)
        printf("%d of %d migrations applied now; the database is up to date\n", applied, count);
    else
        report_error(&error);
    store_destroy(store);
    arena_release(&arena);
    return status == STATUS_OK ? EXIT_DONE : EXIT_FAILED;
}

static int command_token_create(const struct arguments *arguments, struct config *config)
{
    enum role role;
    if (arguments->role == NULL || arguments->name == NULL)
        return usage("token create needs --role and --name", NULL);
    if (!role_parse(arguments->role, &role))
        return usage("--role must be admin, operator or viewer", arguments->role);
    struct error error;
    char token[65];
    struct store *store = store_create(config->database_url, "orchestratord token");
    enum status status = operate_token_create(store, arguments->name, role, token, &error);
    if (status == STATUS_OK)
        printf("%s\n", token);
    else
        report_error(&error);
    store_destroy(store);
    return status == STATUS_OK ? EXIT_DONE : EXIT_FAILED;
}

static int command_token_revoke(const struct arguments *arguments, struct config *config)
{
    if (arguments->name == NULL)
        return usage("token revoke needs --name", NULL);
    struct error error;
    struct store *store = store_create(config->database_url, "orchestratord token");
    enum status status = operate_token_revoke(store, arguments->name, &error);
    if (status == STATUS_OK)
        printf("token %s is revoked\n", arguments->name);
    else
        report_error(&error);
    store_destroy(store);
    return status == STATUS_OK ? EXIT_DONE : EXIT_FAILED;
}

static int command_token_list(const struct arguments *arguments, struct config *config)
{
    struct error error;
    struct arena arena = {0};
    char *text = NULL;
    struct store *store = store_create(config->database_url, "orchestratord token");
    enum status status = operate_token_list(store, arguments->as_json, &arena, &text, &error);
    if (status == STATUS_OK)
        printf("%s\n", text);
    else
        report_error(&error);
    arena_release(&arena);
    store_destroy(store);
    return status == STATUS_OK ? EXIT_DONE : EXIT_FAILED;
}

static const struct command {
    const char *words;
    int (*run)(const struct arguments *, struct config *);
    const char *options, *help;
} commands[] = {
    {"run", command_run, "", "run the daemon (the default)"},
    {"migrate", command_migrate, " [--directory DIR]",
     "bring the database up to date, from the migrations compiled in or from DIR"},
    {"token create", command_token_create, " --role admin|operator|viewer --name NAME",
     "make an API token and print it; only its hash is kept"},
    {"token list", command_token_list, " [--json]", "list the tokens: names, roles, since when, until when"},
    {"token revoke", command_token_revoke, " --name NAME", "refuse a token from now on"},
};

static int print_help(void)
{
    printf("orchestratord: rolls firmware out to fleets of devices, in waves.\n\nUsage:\n");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        printf("  orchestratord %s%s [--config FILE]\n      %s\n", commands[i].words, commands[i].options,
               commands[i].help);
    printf("\nOptions:\n"
           "  -c, --config FILE     configuration file; without it, the environment only\n"
           "  -d, --directory DIR   migrations to apply instead of those compiled in\n"
           "  -r, --role ROLE       what the new token may do\n"
           "  -n, --name NAME       the token's name, shown in the audit\n"
           "  -j, --json            lists as one JSON document\n"
           "      --config-table    print the configuration keys as a markdown table\n"
           "  -h, --help            this text\n"
           "\nSignals: TERM and INT drain and stop, HUP reads the configuration again.\n"
           "Exit status: 0 done, 1 failed, 2 usage.\n\n"
           "Configuration (key = value in the file; the environment wins):\n");
    config_print_help(stdout);
    return EXIT_DONE;
}

/* `text`: the words before the options, with one space between. NULL when they are no command. */
static const struct command *find_command(char **words, int count, char *text, size_t size)
{
    text[0] = '\0';
    for (int i = 0; i < count; i++) {
        size_t used = strlen(text);
        snprintf(text + used, size - used, "%s%s", i > 0 ? " " : "", words[i]);
    }
    if (count == 0)
        return &commands[0];
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(text, commands[i].words) == 0)
            return &commands[i];
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"directory", required_argument, NULL, 'd'},
        {"role", required_argument, NULL, 'r'},   {"name", required_argument, NULL, 'n'},
        {"config-table", no_argument, NULL, 't'}, {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    struct arguments arguments = {0};
    int option;
    while ((option = getopt_long(argc, argv, "c:d:r:n:jh", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            arguments.config = optarg;
            break;
        case 'd':
            arguments.directory = optarg;
            break;
        case 'r':
            arguments.role = optarg;
            break;
        case 'n':
            arguments.name = optarg;
            break;
        case 'j':
            arguments.as_json = true;
            break;
        case 't':
            config_print_markdown(stdout);
            return EXIT_DONE;
        case 'h':
            return print_help();
        default:
            fprintf(stderr, "Try `orchestratord --help`.\n");
            return EXIT_USAGE;
        }
    }
    char words[200];
    const struct command *command = find_command(argv + optind, argc - optind, words, sizeof words);
    if (command == NULL)
        return usage("no such command", words);

    struct config config = {0};
    struct error error;
    int result = EXIT_FAILED;
    if (config_load(arguments.config, &config, &error) == STATUS_OK &&
        store_check_url(config.database_url, &error) == STATUS_OK)
        result = command->run(&arguments, &config);
    else
        report_error(&error);
    config_release(&config);
    return result;
}
