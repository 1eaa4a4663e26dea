#include "device_ids.h"

#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "utf8.h"

enum { BAD_LINES_SHOWN = 20 };

static const char spaces[] = " \t\r";

/* The line without spaces around, ended with a zero byte in place; *next is where the one after it begins. */
static char *trimmed_line(char *at, char **next)
{
    char *end = at + strcspn(at, "\n");
    *next = *end == '\n' ? end + 1 : end;
    *end = '\0';
    at += strspn(at, spaces);
    size_t length = strlen(at);
    while (length > 0 && strchr(spaces, at[length - 1]) != NULL)
        at[--length] = '\0';
    return at;
}

static int count_lines(const char *text)
{
    int count = 1;
    for (; (text = strchr(text, '\n')) != NULL; text++)
        count++;
    return count;
}

/* Returns how many lines are bad. */
static int read_lines(const char *name, char *text, FILE *errors, json_t *ids, int *lines)
{
    int bad = 0;
    int line = 1;
    for (char *next; *text != '\0'; text = next, line++) {
        const char *id = trimmed_line(text, &next);
        if (*id == '\0' || *id == '#')
            continue;
        if (device_id_is_valid(id)) {
            lines[json_array_size(ids)] = line;
            json_array_append_new(ids, json_string(id));
        } else if (bad++ < BAD_LINES_SHOWN) {
            fprintf(errors, "%s:%d: id \"%.80s\": allowed are 1 to 64 characters of A-Z a-z 0-9 . _ -\n",
                    name, line, id);
        }
    }
    if (bad > BAD_LINES_SHOWN)
        fprintf(errors, "%s: and %d more\n", name, bad - BAD_LINES_SHOWN);
    return bad;
}

enum status device_ids_read(const char *name, char *text, size_t length, FILE *errors, json_t **ids,
                            int **lines, struct error *error)
{
    *ids = NULL;
    *lines = NULL;
    if (memchr(text, 0, length) != NULL)
        return error_set(error, STATUS_INVALID, NULL, "%s holds a zero byte; allowed is text", name);
    text += utf8_mark(text, length);
    int *places = calloc((size_t)count_lines(text), sizeof *places);
    if (places == NULL)
        abort();
    json_t *list = json_array();
    int bad = read_lines(name, text, errors, list, places);
    if (bad == 0 && json_array_size(list) > 0) {
        *ids = list;
        *lines = places;
        return STATUS_OK;
    }
    json_decref(list);
    free(places);
    if (bad == 0)
        return error_set(error, STATUS_INVALID, NULL, "%s names no device", name);
    return error_set(error, STATUS_INVALID, NULL, "%s has %d bad line%s; nothing was sent", name, bad,
                     bad == 1 ? "" : "s");
}
