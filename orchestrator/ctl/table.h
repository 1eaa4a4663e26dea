/* Aligned columns for people to read. */
#ifndef CTL_TABLE_H
#define CTL_TABLE_H

#include <jansson.h>
#include <stdio.h>

struct table;

/* `titles` are separated by "|"; a title that begins with ">" is a column of numbers, aligned to the right.
 * Release with table_free. */
struct table *table_create(const char *titles);
void table_free(struct table *table);

/* Adds the next cell, left to right, row by row. The text is copied; NULL gives "-". Control characters
 * become
 * "?": what comes from outside must not drive the terminal. */
void table_text(struct table *table, const char *text);
void table_number(struct table *table, long long number);

/* The member of an object as a cell: texts as they are, numbers, yes or no, lists joined by spaces, "-" for
 * null and absent ones. */
void table_member(struct table *table, const json_t *object, const char *name);

/* The same for a time of the API: "2026-01-31 12:00:00". All times are UTC. */
void table_time(struct table *table, const json_t *object, const char *name);

/* What the server's clock showed (a time of the API), for members with "~"; NULL: nobody knows. Borrowed. */
void table_now(struct table *table, const char *now);

/* Members as the next cells, separated by "|": "name|counts.pending|@created_at", where "counts.pending" is a
 * member of a member, and "@" begins a time. "~" begins a time with its age: "2026-01-31 12:00:00 (5 min
 * ago)". */
void table_row(struct table *table, const json_t *object, const char *members);

/* Only the titles when there is no row. */
void table_print(const struct table *table, FILE *out);

/* "NAME:   value" lines, for showing one object: the members, given as "Title=member|...", the
 * members as in table_row. The object's own "now" is the server's clock. */
void table_print_members(FILE *out, const json_t *object, const char *titles);

#endif
