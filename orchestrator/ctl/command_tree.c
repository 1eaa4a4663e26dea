#include "command_tree.h"

#include <stdlib.h>
#include <string.h>

#define UNKNOWN_OPTION "; see %s --help. After -- a word is no option"

static const struct command *find_child(const struct command *parent, const char *name)
{
    for (const struct command *child = parent->children; child != NULL && child->name != NULL; child++) {
        if (strcmp(child->name, name) == 0)
            return child;
    }
    return NULL;
}

/* `name` need not end after `length`: it may be followed by "=value". */
static const struct option *find_option(const struct option *options, const char *name, size_t length)
{
    for (const struct option *option = options; option != NULL && option->name != NULL; option++) {
        if (strlen(option->name) == length && strncmp(option->name, name, length) == 0)
            return option;
    }
    return NULL;
}

static enum status add_option(struct arguments *arguments, const struct option *option, const char *value,
                              struct error *error)
{
    if (!option->repeatable && arguments_value(arguments, option->name) != NULL)
        return error_set(error, STATUS_INVALID, NULL, "--%s is given twice; allowed is once", option->name);
    arguments->given[arguments->given_count].option = option;
    arguments->given[arguments->given_count].value = value;
    arguments->given_count++;
    return STATUS_OK;
}

/* Reads the option at words[*index], and its value where that is the next word. */
static enum status read_option(struct arguments *arguments, int count, char *const *words, int *index,
                               struct error *error)
{
    const char *name = words[*index] + 2;
    size_t length = strcspn(name, "=");
    const struct option *option = find_option(arguments->command->options, name, length);
    if (option == NULL)
        option = find_option(command_global, name, length);
    if (option == NULL)
        return error_set(error, STATUS_INVALID, NULL, "unknown option --%.*s" UNKNOWN_OPTION, (int)length,
                         name, arguments->path);
    if (strcmp(option->name, "help") == 0)
        arguments->help = true;
    if (option->value == NULL) {
        if (name[length] == '=')
            return error_set(error, STATUS_INVALID, NULL, "--%s takes no value", option->name);
        return add_option(arguments, option, "", error);
    }
    if (name[length] == '=')
        return add_option(arguments, option, name + length + 1, error);
    if (*index + 1 >= count)
        return error_set(error, STATUS_INVALID, NULL, "--%s needs a value: --%s %s", option->name,
                         option->name, option->value);
    return add_option(arguments, option, words[++*index], error);
}

static enum status read_word(struct arguments *arguments, const char *word, struct error *error)
{
    if (arguments->command->children == NULL) {
        arguments->positionals[arguments->positional_count++] = word;
        return STATUS_OK;
    }
    const struct command *child = find_child(arguments->command, word);
    if (child == NULL)
        return error_set(error, STATUS_INVALID, NULL, "unknown command \"%s\"; see %s --help", word,
                         arguments->path);
    size_t used = strlen(arguments->path);
    snprintf(arguments->path + used, sizeof arguments->path - used, " %s", word);
    arguments->command = child;
    return STATUS_OK;
}

static enum status check_positionals(const struct arguments *arguments, struct error *error)
{
    const struct command *command = arguments->command;
    if (arguments->help)
        return STATUS_OK;
    if (command->run == NULL)
        return error_set(error, STATUS_INVALID, NULL, "a command is missing; see %s --help", arguments->path);
    if (arguments->positional_count < command->positionals_min)
        return error_set(error, STATUS_INVALID, NULL, "arguments are missing: %s %s", arguments->path,
                         command->positionals);
    if (arguments->positional_count > command->positionals_max)
        return error_set(error, STATUS_INVALID, NULL, "too many arguments, from \"%s\" on: %s%s%s",
                         arguments->positionals[command->positionals_max], arguments->path,
                         command->positionals == NULL ? "" : " ",
                         command->positionals == NULL ? "" : command->positionals);
    return STATUS_OK;
}

/* Ids of devices may begin with "-". Where one is wanted it is one, as there are no other options of one
 * dash. */
static bool is_id(const struct arguments *arguments, const char *word)
{
    const struct command *command = arguments->command;
    return word[1] != '-' && command->positionals != NULL && strcmp(command->positionals, "ID") == 0 &&
           arguments->positional_count == 0;
}

enum status arguments_parse(int count, char *const *words, struct arguments *arguments, struct error *error)
{
    bool options_end = false;
    *arguments = (struct arguments){.command = &command_tree};
    snprintf(arguments->path, sizeof arguments->path, "%s", command_tree.name);
    if (count > ARGUMENTS_MAX)
        return error_set(error, STATUS_INVALID, NULL, "too many arguments; allowed are %d", ARGUMENTS_MAX);
    for (int i = 1; i < count; i++) {
        enum status status;
        if (!options_end && strcmp(words[i], "--") == 0) {
            options_end = true;
            continue;
        }
        if (!options_end && strcmp(words[i], "-h") == 0) {
            arguments->help = true;
            continue;
        }
        if (!options_end && arguments->command == &command_tree && strcmp(words[i], "--version") == 0)
            status = read_word(arguments, "version", error);
        else if (!options_end && strncmp(words[i], "--", 2) == 0)
            status = read_option(arguments, count, words, &i, error);
        else if (!options_end && words[i][0] == '-' && words[i][1] != '\0' && !is_id(arguments, words[i]))
            status = error_set(error, STATUS_INVALID, NULL, "unknown option %s" UNKNOWN_OPTION, words[i],
                               arguments->path);
        else
            status = read_word(arguments, words[i], error);
        if (status != STATUS_OK)
            return status;
    }
    return check_positionals(arguments, error);
}

const char *arguments_next(const struct arguments *arguments, const char *name, int *position)
{
    while (*position < arguments->given_count) {
        int at = (*position)++;
        if (strcmp(arguments->given[at].option->name, name) == 0)
            return arguments->given[at].value;
    }
    return NULL;
}

const char *arguments_value(const struct arguments *arguments, const char *name)
{
    int position = 0;
    return arguments_next(arguments, name, &position);
}

static void print_options(FILE *out, const char *title, const struct option *options)
{
    fprintf(out, "\n%s:\n", title);
    for (const struct option *option = options; option->name != NULL; option++) {
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", option->name, option->value == NULL ? "" : " ",
                 option->value == NULL ? "" : option->value);
        fprintf(out, "  %-22s %s%s\n", left, option->help, option->repeatable ? " (may be repeated)" : "");
    }
}

void command_help(FILE *out, const struct command *command, const char *path)
{
    fprintf(out, "%s: %s\n\nUsage: %s", path, command->summary, path);
    if (command->children != NULL)
        fprintf(out, command->run != NULL ? " [COMMAND]" : " COMMAND");
    if (command->positionals != NULL)
        fprintf(out, " %s", command->positionals);
    fprintf(out, " [OPTION]...\n");
    if (command->children != NULL) {
        fprintf(out, "\nCommands:\n");
        for (const struct command *child = command->children; child->name != NULL; child++)
            fprintf(out, "  %-12s %s\n", child->name, child->summary);
    }
    if (command->options != NULL)
        print_options(out, "Options", command->options);
    print_options(out, "Options of every command", command_global);
    if (command->details != NULL)
        fprintf(out, "\n%s", command->details);
}
