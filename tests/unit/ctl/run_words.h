/* Runs a command line in this process. */
#ifndef TEST_RUN_WORDS_H
#define TEST_RUN_WORDS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "commands.h"

static char *printed, *complaints;
static struct client *connected; /* for commands that need the server; NULL: there is none */

/* What it printed is in `printed`, what it said to be wrong in `complaints`. */
static enum exit_code run(int count, const char *const *words)
{
    struct arguments arguments;
    struct error error = {0};
    struct session session = {.client = connected};
    size_t size;
    free(printed);
    free(complaints);
    if (arguments_parse(count, (char *const *)(uintptr_t)words, &arguments, &error) != STATUS_OK)
        fail_msg("%s", error.message);
    session.out = open_memstream(&printed, &size);
    session.errors = open_memstream(&complaints, &size);
    session.json = arguments_value(&arguments, "json") != NULL;
    enum exit_code code = arguments.command->run(&session, &arguments);
    fclose(session.out);
    fclose(session.errors);
    return code;
}

#endif
