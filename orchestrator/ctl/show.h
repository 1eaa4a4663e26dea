/* What most commands do with an answer. */
#ifndef CTL_SHOW_H
#define CTL_SHOW_H

#include "commands.h"
#include "table.h"

/* Prints a document for --json: indented, one document. */
void show_json(FILE *out, const json_t *document);

/* GET of one object; with --json it is printed and *document is NULL. Else release it with json_decref. */
enum exit_code show_fetch(struct session *session, const char *path, json_t **document);

/* The same for "PREFIX/NAME", such as "/v1/devices/" and an id. */
enum exit_code show_fetch_named(struct session *session, const char *prefix, const char *name,
                                json_t **document);

/* A table for a list that is part of an object, after an empty line; nothing when the list is empty.
 * `members` as in table_row. */
void show_part(struct session *session, const json_t *list, const char *titles, const char *members);
/* The same, of a server whose clock showed `now` (table_now). */
void show_part_with_ages(struct session *session, const json_t *list, const char *now, const char *titles,
                         const char *members);

/* POST; with --json the answer is printed, else `done` as a line. */
enum exit_code show_post(struct session *session, const char *path, json_t *body, const char *done, ...)
    __attribute__((format(printf, 4, 5)));

/* The body of a command: {"reason"} when --reason was given, else NULL. False after it has said what is
 * wrong. Release with json_decref. */
bool show_reason(struct session *session, const struct arguments *arguments, json_t **body);

/* Sends `body` (borrowed, or NULL) to "PREFIX/NAME" and `suffix`; with --json the answer is printed and
 * *answer is NULL. Else release it with json_decref. */
enum exit_code show_send_named(struct session *session, const char *method, const char *prefix,
                               const char *name, const char *suffix, json_t *body, json_t **answer);

/* POST of a command that changes a state, with --reason when it was given: "PREFIX/NAME" and `suffix`. With
 * --json the answer is printed and *answer is NULL. Else release it with json_decref; *note is what to say
 * when nothing changed, or "". */
enum exit_code show_command(struct session *session, const struct arguments *arguments, const char *prefix,
                            const char *suffix, json_t **answer, const char **note);

/* What a campaign is after such a command, and what becomes of the devices that it has in flight. */
void show_campaign_done(struct session *session, const char *name, const json_t *answer, const char *note);

/* A list, every page of it (or --limit): with --json printed as it is, else as a table by calling `row` for
 * each element. */
typedef void (*show_row)(struct table *table, const json_t *item);
enum exit_code show_list(struct session *session, const struct arguments *arguments, const char *path,
                         const char *member, const char *titles, show_row row);

/* "/v1/devices/ID": the prefix and the escaped segment, then `suffix`. Release with free(). */
char *show_path(const char *prefix, const char *segment, const char *suffix);

/* Reads an option that is a whole number. False after it has said what is wrong. */
bool show_number(struct session *session, const struct arguments *arguments, const char *name,
                 long long lowest, long long highest, long long *number);

/* A text member of a document, "" where it has none. Borrowed from it. */
const char *show_text(const json_t *object, const char *name);

#endif
