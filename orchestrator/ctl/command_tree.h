/* The command tree: dispatch, options and help all come from the same rows (tree.c). */
#ifndef CTL_COMMAND_TREE_H
#define CTL_COMMAND_TREE_H

#include <stdbool.h>
#include <stdio.h>

#include "status.h"

enum exit_code {
    EXIT_DONE = 0,
    EXIT_REFUSED = 1, /* refused or failed */
    EXIT_USAGE = 2,
    EXIT_UNREACHABLE = 3, /* no answer from the server, or the device that is pushed to */
    EXIT_HALTED = 4       /* campaign watch: the campaign halted */
};

struct option {
    const char *name;  /* without the dashes; NULL ends a list */
    const char *value; /* what the help calls its value; NULL: a flag */
    const char *help;
    bool repeatable;
};

struct session;
struct arguments;
typedef enum exit_code (*command_function)(struct session *session, const struct arguments *arguments);

struct command {
    const char *name; /* NULL ends a list */
    const char *summary;
    const struct command *children; /* NULL: a leaf */
    command_function run;           /* of a group: what it does by itself; NULL: a command must follow */
    const char *positionals;        /* as the help shows them: "NAME", "FILE..." */
    int positionals_min, positionals_max;
    const struct option *options; /* NULL for none */
    const char *details;          /* more help, lines ended with a newline; NULL for none */
};

#define ARGUMENTS_MAX 256

struct arguments {
    const struct command *command;
    const char *positionals[ARGUMENTS_MAX];
    int positional_count;
    struct {
        const struct option *option;
        const char *value; /* "" for a flag */
    } given[ARGUMENTS_MAX];
    int given_count;
    bool help;
    char path[128]; /* "orchestratorctl campaign create" */
};

extern const struct command command_tree;    /* the root */
extern const struct option command_global[]; /* options of every command */

/* Walks the tree and reads options, which may stand anywhere after the program's name. A "--" ends options;
 * the id of a device may begin with one "-" without it. "--version" instead of a command is the command
 * "version". STATUS_INVALID says what is wrong; arguments->command is then the deepest command found, for its
 * help. */
enum status arguments_parse(int count, char *const *words, struct arguments *arguments,
                            struct error *error) MUST_CHECK;

/* The value of an option; NULL when it was not given. A flag that was given has "". */
const char *arguments_value(const struct arguments *arguments, const char *name);

/* Values of a repeatable option, one after the other; *position starts at 0. NULL at the end. */
const char *arguments_next(const struct arguments *arguments, const char *name, int *position);

/* Help of one level, made from the tree. */
void command_help(FILE *out, const struct command *command, const char *path);

#endif
