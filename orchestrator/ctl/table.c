#include "table.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "age.h"

enum { COLUMNS_MAX = 16 };

struct table {
    char *titles[COLUMNS_MAX];
    bool right[COLUMNS_MAX];
    int columns;
    char **cells;
    size_t cell_count, capacity;
    const char *now; /* NULL: not known */
};

static void *must(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

struct table *table_create(const char *titles)
{
    struct table *table = must(calloc(1, sizeof *table));
    for (const char *at = titles; table->columns < COLUMNS_MAX;) {
        size_t length = strcspn(at, "|");
        bool right = *at == '>';
        table->right[table->columns] = right;
        table->titles[table->columns++] = must(strndup(at + right, length - right));
        if (at[length] == '\0')
            break;
        at += length + 1;
    }
    return table;
}

void table_free(struct table *table)
{
    for (int i = 0; i < table->columns; i++)
        free(table->titles[i]);
    for (size_t i = 0; i < table->cell_count; i++)
        free(table->cells[i]);
    free(table->cells);
    free(table);
}

void table_text(struct table *table, const char *text)
{
    if (table->cell_count == table->capacity) {
        table->capacity = 2 * table->capacity + 64;
        table->cells = must(realloc(table->cells, table->capacity * sizeof(char *)));
    }
    char *cell = must(strdup(text == NULL || text[0] == '\0' ? "-" : text));
    for (unsigned char *at = (unsigned char *)cell; *at != '\0'; at++) {
        if (*at < 0x20 || *at == 0x7f)
            *at = '?';
    }
    table->cells[table->cell_count++] = cell;
}

void table_number(struct table *table, long long number)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", number);
    table_text(table, text);
}

static void joined(struct table *table, const json_t *list)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = must(open_memstream(&text, &size));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *word = json_string_value(json_array_get(list, i));
        fprintf(stream, "%s%s", i == 0 ? "" : " ", word == NULL ? "?" : word);
    }
    fclose(stream);
    table_text(table, text);
    free(text);
}

void table_member(struct table *table, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    char text[48];
    if (json_is_integer(value)) {
        table_number(table, json_integer_value(value));
    } else if (json_is_real(value)) {
        snprintf(text, sizeof text, "%.1f", json_real_value(value));
        table_text(table, text);
    } else if (json_is_boolean(value)) {
        table_text(table, json_is_true(value) ? "yes" : "no");
    } else if (json_is_array(value)) {
        joined(table, value);
    } else {
        table_text(table, json_string_value(value));
    }
}

void table_now(struct table *table, const char *now)
{
    table->now = now;
}

/* With its age, as "(5 min ago)" or "(in 2 h 3 min)", where `now` is given. */
static void put_time(struct table *table, const char *value, const char *now)
{
    char text[64], age[AGE_SIZE];
    bool is_future;
    if (value == NULL || strlen(value) < 19) {
        table_text(table, value);
        return;
    }
    int used = snprintf(text, sizeof text, "%.10s %.8s", value, value + 11);
    if (age_write(value, now, age, &is_future))
        snprintf(text + used, sizeof text - (size_t)used, is_future ? " (in %s)" : " (%s ago)", age);
    table_text(table, text);
}

void table_time(struct table *table, const json_t *object, const char *name)
{
    put_time(table, json_string_value(json_object_get(object, name)), NULL);
}

/* Columns on the screen: bytes that do not continue a UTF-8 character. */
static int width_of(const char *text)
{
    int width = 0;
    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}

static void print_row(FILE *out, const struct table *table, char *const *cells, const int *widths)
{
    for (int i = 0; i < table->columns; i++) {
        int padding = widths[i] - width_of(cells[i]);
        bool last = i == table->columns - 1;
        if (table->right[i])
            fprintf(out, "%*s%s", padding, "", cells[i]);
        else
            fprintf(out, "%s%*s", cells[i], last ? 0 : padding, "");
        fputs(last ? "\n" : "  ", out);
    }
}

void table_print(const struct table *table, FILE *out)
{
    int widths[COLUMNS_MAX] = {0};
    size_t columns = (size_t)table->columns;
    for (size_t i = 0; i < columns; i++) {
        widths[i] = width_of(table->titles[i]);
        for (size_t cell = i; cell < table->cell_count; cell += columns) {
            int width = width_of(table->cells[cell]);
            widths[i] = width > widths[i] ? width : widths[i];
        }
    }
    print_row(out, table, table->titles, widths);
    for (size_t row = 0; row + columns <= table->cell_count; row += columns)
        print_row(out, table, table->cells + row, widths);
}

/* The member whose name begins at `at` and ends before "|", as a cell. Returns where its name ends. */
static const char *put_named(struct table *table, const json_t *object, const char *at)
{
    char name[64];
    size_t length = strcspn(at, "|");
    snprintf(name, sizeof name, "%.*s", (int)length, at);
    char *member = name + (name[0] == '@' || name[0] == '~');
    char *dot = strchr(member, '.');
    if (dot != NULL) {
        *dot = '\0';
        object = json_object_get(object, member);
        member = dot + 1;
    }
    if (name[0] == '@')
        table_time(table, object, member);
    else if (name[0] == '~')
        put_time(table, json_string_value(json_object_get(object, member)), table->now);
    else
        table_member(table, object, member);
    return at + length;
}

void table_row(struct table *table, const json_t *object, const char *members)
{
    for (const char *at = members; *at != '\0'; at += *at == '|')
        at = put_named(table, object, at);
}

/* Room for the longest title and its colon, and no less than most lists need: so they look alike. */
static int width_of_titles(const char *titles)
{
    size_t width = 15;
    for (const char *at = titles; *at != '\0'; at += *at == '|') {
        size_t length = strcspn(at, "=") + 1;
        width = length > width ? length : width;
        at += strcspn(at, "|");
    }
    return (int)width;
}

void table_print_members(FILE *out, const json_t *object, const char *titles)
{
    int width = width_of_titles(titles);
    for (const char *at = titles; *at != '\0'; at += *at == '|') {
        char title[64];
        size_t length = strcspn(at, "=");
        snprintf(title, sizeof title, "%.*s:", (int)length, at);
        struct table *cell = table_create("");
        table_now(cell, json_string_value(json_object_get(object, "now")));
        at = put_named(cell, object, at + length + 1);
        fprintf(out, "%-*s %s\n", width, title, cell->cells[0]);
        table_free(cell);
    }
}
