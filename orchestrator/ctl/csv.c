#include "csv.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "api_request.h"
#include "flash_map.h"
#include "report.h"
#include "utf8.h"
#include "version.h"

/* A file that is larger would not fit into one request. */
enum { FIELDS_MAX = 16, FILE_MAX = 64 * 1024 * 1024, BAD_LINES_SHOWN = 20, KEY_DIGITS = 40 };

#define COLUMN_LIST(X)                                                                                       \
    X(COLUMN_ID, "id")                                                                                       \
    X(COLUMN_PTYPE, "ptype")                                                                                 \
    X(COLUMN_VERSION, "version")                                                                             \
    X(COLUMN_PRODUCT, "product")                                                                             \
    X(COLUMN_TAGS, "tags")                                                                                   \
    X(COLUMN_KEY, "key")                                                                                     \
    X(COLUMN_FLASH_KB, "flash_kb")                                                                           \
    X(COLUMN_FLASH_MAP, "flash_map")

enum column {
#define X(name, text) name,
    COLUMN_LIST(X)
#undef X
        COLUMN_COUNT
};

static const char *const column_names[] = {
#define X(name, text) [name] = text,
    COLUMN_LIST(X)
#undef X
};

struct reader {
    const char *name;
    char *at, *end; /* *end is a zero byte */
    int line;       /* of the record read last */
    int next_line;
    char *fields[FIELDS_MAX];
    int field_count;             /* may be more than FIELDS_MAX: the rest is dropped */
    int positions[COLUMN_COUNT]; /* of each column, -1 when absent */
    FILE *errors;
    int bad;           /* lines complained about */
    int last_bad_line; /* 0: none yet */
};

static void complain(struct reader *reader, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void complain(struct reader *reader, const char *format, ...)
{
    if (reader->line == reader->last_bad_line)
        return; /* what follows from the first complaint only puzzles */
    reader->last_bad_line = reader->line;
    if (reader->bad++ >= BAD_LINES_SHOWN)
        return;
    va_list arguments;
    fprintf(reader->errors, "%s:%d: ", reader->name, reader->line);
    va_start(arguments, format);
    vfprintf(reader->errors, format, arguments);
    va_end(arguments);
    fputc('\n', reader->errors);
}

enum status csv_read_stream(FILE *stream, const char *name, char **text, size_t *length, struct error *error)
{
    size_t capacity = 65536;
    *length = 0;
    *text = malloc(capacity);
    while (*text != NULL) {
        *length += fread(*text + *length, 1, capacity - *length - 1, stream);
        if (*length < capacity - 1)
            break;
        if (capacity > FILE_MAX) {
            free(*text);
            return error_set(error, STATUS_TOO_LARGE, NULL, "%s has more than %d MiB: divide it", name,
                             FILE_MAX / 1024 / 1024);
        }
        capacity *= 2;
        char *larger = realloc(*text, capacity);
        if (larger == NULL)
            free(*text);
        *text = larger;
    }
    if (*text == NULL)
        return error_set(error, STATUS_INTERNAL, NULL, "%s is too large for the memory", name);
    if (ferror(stream)) {
        free(*text);
        return error_set(error, STATUS_INVALID, NULL, "cannot read %s: %s", name, strerror(errno));
    }
    (*text)[*length] = '\0';
    return STATUS_OK;
}

enum status csv_read_file(const char *path, const char **name, char **text, size_t *length,
                          struct error *error)
{
    bool standard = strcmp(path, "-") == 0;
    *name = standard ? "standard input" : path;
    FILE *file = standard ? stdin : fopen(path, "rb");
    if (file == NULL)
        return error_set(error, STATUS_INVALID, NULL, "cannot open %s: %s", path, strerror(errno));
    enum status status = csv_read_stream(file, *name, text, length, error);
    if (!standard)
        fclose(file);
    return status;
}

/* Every "devices[N]" in the text as "line L". */
static void name_lines(const char *text, const int *lines, size_t count, char *named, size_t size)
{
    size_t used = 0;
    while (*text != '\0' && used + 1 < size) {
        size_t element = 0;
        int length = 0;
        if (sscanf(text, "devices[%zu]%n", &element, &length) == 1 && length > 0 && element < count) {
            int written = snprintf(named + used, size - used, "line %d", lines[element]);
            used += (size_t)written < size - used ? (size_t)written : size - used - 1;
            text += length;
        } else {
            named[used++] = *text++;
        }
    }
    named[used] = '\0';
}

void csv_name_line(struct error *error, const char *name, const int *lines, size_t count)
{
    struct error why = *error;
    size_t element = 0;
    int used = 0;
    if (sscanf(why.field, "devices[%zu]%n", &element, &used) != 1 || used == 0 || element >= count)
        return;
    const char *member = why.field + used;
    if (*member == '.')
        member++;
    char message[sizeof why.message];
    name_lines(why.message, lines, count, message, sizeof message);
    error_set(error, why.status, NULL, "%s:%d: %s%s%s", name, lines[element], member,
              *member == '\0' ? "" : ": ", message);
}

/* A quoted field, in place: "" is one quote. False when the quote does not end. */
static bool read_quoted(struct reader *reader, char **field)
{
    char *out = ++reader->at;
    *field = out;
    for (;; reader->at++) {
        if (reader->at == reader->end)
            return false;
        if (*reader->at == '"' && reader->at[1] == '"')
            reader->at++;
        else if (*reader->at == '"')
            break;
        if (*reader->at == '\n')
            reader->next_line++;
        *out++ = *reader->at;
    }
    reader->at++;
    *out = '\0';
    return true;
}

/* The next record, blank lines passed over; false at the end. Fields are ended with zero bytes in place. */
static bool read_record(struct reader *reader)
{
    while (reader->at < reader->end && (*reader->at == '\n' || *reader->at == '\r'))
        reader->next_line += *reader->at++ == '\n';
    if (reader->at == reader->end)
        return false;
    reader->line = reader->next_line;
    reader->field_count = 0;
    for (;;) {
        char *field = reader->at;
        bool quoted = *reader->at == '"';
        if (quoted && !read_quoted(reader, &field))
            complain(reader, "a quoted field does not end");
        char *stop = reader->at + strcspn(reader->at, ",\r\n");
        if (quoted && stop != reader->at)
            complain(reader, "a quoted field is followed by something else than a comma");
        char separator = *stop;
        *stop = '\0';
        if (reader->field_count < FIELDS_MAX)
            reader->fields[reader->field_count] = field;
        reader->field_count++;
        reader->at = stop < reader->end ? stop + 1 : reader->end;
        if (separator == ',')
            continue;
        if (separator == '\r' && reader->at < reader->end && *reader->at == '\n')
            reader->at++;
        reader->next_line++;
        return true;
    }
}

static enum status read_header(struct reader *reader, struct error *error)
{
    static const char allowed[] = "allowed are id, ptype, version, product, tags, key, flash_kb, flash_map";
    for (int i = 0; i < COLUMN_COUNT; i++)
        reader->positions[i] = -1;
    if (!read_record(reader))
        return error_set(error, STATUS_INVALID, NULL, "%s is empty; its first line must name the columns: %s",
                         reader->name, allowed);
    for (int i = 0; i < reader->field_count && i < FIELDS_MAX; i++) {
        size_t characters;
        int column = 0;
        if (!utf8_count(reader->fields[i], &characters))
            return error_set(error, STATUS_INVALID, NULL, "%s:%d: column %d is not UTF-8", reader->name,
                             reader->line, i + 1);
        while (column < COLUMN_COUNT && strcmp(reader->fields[i], column_names[column]) != 0)
            column++;
        if (column == COLUMN_COUNT)
            return error_set(error, STATUS_INVALID, NULL, "%s:%d: unknown column \"%.64s\"; %s", reader->name,
                             reader->line, reader->fields[i], allowed);
        if (reader->positions[column] >= 0)
            return error_set(error, STATUS_INVALID, NULL, "%s:%d: column %s is there twice", reader->name,
                             reader->line, column_names[column]);
        reader->positions[column] = i;
    }
    if (reader->positions[COLUMN_ID] < 0 || reader->positions[COLUMN_PTYPE] < 0)
        return error_set(error, STATUS_INVALID, NULL, "%s:%d: column %s is missing; it is required",
                         reader->name, reader->line, reader->positions[COLUMN_ID] < 0 ? "id" : "ptype");
    return STATUS_OK;
}

static const char *value_of(const struct reader *reader, enum column column)
{
    int position = reader->positions[column];
    return position < 0 ? "" : reader->fields[position];
}

static bool read_number(const char *text, long highest, int *number)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    *number = (int)value;
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && value <= highest;
}

static bool fields_are_utf8(struct reader *reader)
{
    for (int column = 0; column < COLUMN_COUNT; column++) {
        size_t characters;
        if (utf8_count(value_of(reader, (enum column)column), &characters))
            continue;
        complain(reader, "%s is not UTF-8", column_names[column]);
        return false;
    }
    return true;
}

/* A key is a secret: what is wrong with it is said without repeating it. */
static bool add_key(struct reader *reader, json_t *device)
{
    char key[KEY_DIGITS + 1];
    const char *given = value_of(reader, COLUMN_KEY);
    if (given[0] == '\0')
        return true;
    if (strlen(given) != KEY_DIGITS || strspn(given, "0123456789abcdefABCDEF") != KEY_DIGITS) {
        complain(reader, "key: allowed are %d hexadecimal digits", KEY_DIGITS);
        return false;
    }
    for (int i = 0; i <= KEY_DIGITS; i++) /* one key, however it is written */
        key[i] = (char)tolower((unsigned char)given[i]);
    json_object_set_new(device, "key", json_string(key));
    return true;
}

static bool add_flash(struct reader *reader, json_t *device)
{
    const char *size = value_of(reader, COLUMN_FLASH_KB);
    const char *name = value_of(reader, COLUMN_FLASH_MAP);
    const struct flash_map *map;
    struct error error;
    int size_kb = 0;
    if (size[0] == '\0' && name[0] == '\0')
        return true;
    if (!read_number(size, FLASH_SIZE_KB_MAX, &size_kb))
        size_kb = 0; /* there is no such map either */
    if (flash_map_find(size_kb, name[0] == '\0' ? NULL : name, &map, &error) != STATUS_OK) {
        bool is_size = strcmp(error.field, "size") == 0;
        complain(reader, "%s \"%.20s\": %s", is_size ? "flash_kb" : "flash_map", is_size ? size : name,
                 error.message);
        return false;
    }
    json_object_set_new(device, "flash_kb", json_integer(map->size_kb));
    json_object_set_new(device, "flash_map", json_string(map->name));
    return true;
}

void csv_split_tags(const char *tags, json_t *list)
{
    for (const char *at = tags + strspn(tags, " ;"); *at != '\0'; at += strspn(at, " ;")) {
        size_t length = strcspn(at, " ;");
        json_t *tag = json_stringn(at, length);
        json_array_append_new(list, tag != NULL ? tag : json_string("?"));
        at += length;
    }
}

/* Checks the record and makes its JSON; NULL after a complaint. */
static json_t *read_device(struct reader *reader, int columns)
{
    struct version version;
    struct error error;
    int ptype;
    if (reader->field_count != columns) {
        complain(reader, "has %d fields; the first line has %d", reader->field_count, columns);
        return NULL;
    }
    if (!fields_are_utf8(reader))
        return NULL;
    const char *id = value_of(reader, COLUMN_ID);
    const char *version_text = value_of(reader, COLUMN_VERSION);
    const char *product = value_of(reader, COLUMN_PRODUCT);
    if (!device_id_is_valid(id)) {
        complain(reader, "id \"%.80s\": allowed are 1 to 64 characters of A-Z a-z 0-9 . _ -", id);
        return NULL;
    }
    if (!read_number(value_of(reader, COLUMN_PTYPE), PTYPE_MAX, &ptype)) {
        complain(reader, "ptype \"%.80s\": allowed is a whole number from 0 to 2147483647",
                 value_of(reader, COLUMN_PTYPE));
        return NULL;
    }
    if (version_text[0] != '\0' && version_parse(version_text, &version, &error) != STATUS_OK) {
        complain(reader, "version \"%.80s\": %s", version_text, error.message);
        return NULL;
    }
    if (version_text[0] != '\0' && version.ptype != ptype) {
        complain(reader, "version %s is of ptype %d, the device of %d", version_text, version.ptype, ptype);
        return NULL;
    }
    json_t *device = json_pack("{ss si}", "id", id, "ptype", ptype);
    json_t *tags = json_array();
    csv_split_tags(value_of(reader, COLUMN_TAGS), tags);
    if (version_text[0] != '\0')
        json_object_set_new(device, "version", json_string(version_text));
    if (product[0] != '\0')
        json_object_set_new(device, "product", json_string(product));
    if (json_array_size(tags) > 0)
        json_object_set(device, "tags", tags);
    json_decref(tags);
    if (add_key(reader, device) && add_flash(reader, device))
        return device;
    json_decref(device);
    return NULL;
}

/* Ids or keys, for finding those that are there twice. */
struct seen {
    const char *text;
    int line;
};

static int compare_seen(const void *a, const void *b)
{
    const struct seen *first = a;
    const struct seen *second = b;
    int order = strcmp(first->text, second->text);
    return order != 0 ? order : first->line - second->line;
}

/* Complains of devices that have the same `member`. */
static void check_twice(struct reader *reader, const json_t *list, const int *lines, const char *member)
{
    size_t count = 0;
    size_t index;
    const json_t *device;
    struct seen *seen = calloc(json_array_size(list) + 1, sizeof *seen);
    if (seen == NULL)
        abort();
    json_array_foreach(list, index, device)
    {
        const char *text = json_string_value(json_object_get(device, member));
        if (text != NULL)
            seen[count++] = (struct seen){text, lines[index]};
    }
    qsort(seen, count, sizeof *seen, compare_seen);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(seen[i - 1].text, seen[i].text) != 0)
            continue;
        reader->line = seen[i].line;
        if (strcmp(member, "key") == 0)
            complain(reader, "its key is in line %d already", seen[i - 1].line);
        else
            complain(reader, "id %s is in line %d already", seen[i].text, seen[i - 1].line);
    }
    free(seen);
}

/* Returns the line of each device in the list. */
static int *read_all(struct reader *reader, json_t *list)
{
    int *lines = NULL;
    size_t count = 0;
    size_t capacity = 0;
    int columns = reader->field_count;
    while (json_array_size(list) <= API_DEVICES_MAX && read_record(reader)) {
        json_t *device = read_device(reader, columns);
        if (device == NULL)
            continue;
        json_array_append_new(list, device);
        if (count == capacity) {
            capacity = 2 * capacity + 1024;
            lines = realloc(lines, capacity * sizeof *lines);
            if (lines == NULL)
                abort();
        }
        lines[count++] = reader->line;
    }
    check_twice(reader, list, lines, "id");
    check_twice(reader, list, lines, "key");
    return lines;
}

enum status csv_read_devices(const char *name, char *text, size_t length, FILE *errors, json_t **devices,
                             int **lines, struct error *error)
{
    struct reader reader = {.name = name, .at = text, .end = text + length, .next_line = 1, .errors = errors};
    *devices = NULL;
    *lines = NULL;
    if (memchr(text, 0, length) != NULL)
        return error_set(error, STATUS_INVALID, NULL, "%s holds a zero byte; allowed is text", name);
    reader.at += utf8_mark(text, length);
    enum status status = read_header(&reader, error);
    if (status != STATUS_OK)
        return status;
    json_t *list = json_array();
    *lines = read_all(&reader, list);
    size_t count = json_array_size(list);
    if (count > API_DEVICES_MAX) {
        json_decref(list);
        free(*lines);
        *lines = NULL;
        return error_set(error, STATUS_TOO_LARGE, NULL, "%s names more than %d devices: divide it", name,
                         API_DEVICES_MAX);
    }
    if (reader.bad > BAD_LINES_SHOWN)
        fprintf(errors, "%s: and %d more\n", name, reader.bad - BAD_LINES_SHOWN);
    *devices = json_pack("{so}", "devices", list);
    if (reader.bad == 0 && count > 0)
        return STATUS_OK;
    json_decref(*devices);
    free(*lines);
    *devices = NULL;
    *lines = NULL;
    if (reader.bad == 0)
        return error_set(error, STATUS_INVALID, NULL, "%s names no device", name);
    return error_set(error, STATUS_INVALID, NULL, "%s has %d bad line%s; nothing was sent", name, reader.bad,
                     reader.bad == 1 ? "" : "s");
}
