/* Flash maps, and full flash images for a programmer; no server is needed. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "flash_map.h"
#include "local_file.h"
#include "show.h"

/* A table's cell, such as "0x7E000". */
static void table_address(struct table *table, uint32_t address)
{
    char text[16];
    snprintf(text, sizeof text, "0x%05" PRIX32, address);
    table_text(table, text);
}

/* --- list and show ---------------------------------------------------------------------------------- */

static json_t *binary_json(const struct flash_map *map, enum flash_binary binary)
{
    return json_pack("{ss sI sI ss}", "file", flash_binary_file(binary), "address",
                     (json_int_t)map->address[binary], "room", (json_int_t)flash_map_room(map, binary),
                     "what", flash_binary_purpose(binary));
}

static json_t *map_json(const struct flash_map *map)
{
    json_t *binaries = json_array();
    for (int binary = 0; binary < FLASH_BINARY_COUNT; binary++)
        json_array_append_new(binaries, binary_json(map, (enum flash_binary)binary));
    return json_pack("{si ss sI sI sI sI sI sI so}", "size_kb", map->size_kb, "map", map->name, "slot_1",
                     (json_int_t)map->address[FLASH_USER1], "slot_2", (json_int_t)map->address[FLASH_USER2],
                     "image_max", (json_int_t)map->image_max, "private_sector",
                     (json_int_t)map->private_sector, "platform_sector", (json_int_t)map->platform_sector,
                     "system_parameters", (json_int_t)map->system_parameters, "binaries", binaries);
}

static void list_row(struct table *table, const struct flash_map *map)
{
    static const enum flash_binary columns[] = {FLASH_USER1,    FLASH_USER2,     FLASH_KEY,
                                                FLASH_BLANK_RF, FLASH_INIT_DATA, FLASH_BLANK_SYSTEM};
    char sectors[16];
    table_number(table, map->size_kb);
    table_text(table, map->name);
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        table_address(table, map->address[columns[i]]);
    table_address(table, map->system_parameters);
    snprintf(sectors, sizeof sectors, "0x%02" PRIX32 " 0x%02" PRIX32, map->private_sector,
             map->platform_sector);
    table_text(table, sectors);
    table_address(table, map->image_max);
}

struct region {
    uint32_t address, size;
    const char *name, *what;
};

static int compare_regions(const void *a, const void *b)
{
    const struct region *first = a, *second = b;
    return (first->address > second->address) - (first->address < second->address);
}

/* One map in the order of addresses. The second blank is one of the system's three sectors. */
static void print_map(FILE *out, const struct flash_map *map)
{
    struct region regions[FLASH_BINARY_COUNT + 4] = {
        {map->private_sector * FLASH_SECTOR, FLASH_SECTOR, "(user parameters)",
         "PRIV_PARAM_START_SEC: the program's own"},
        {map->platform_sector * FLASH_SECTOR, FLASH_SECTOR, "(user parameters)",
         "ESP_PARAM_START_SEC: those of the program's cloud side"},
        {map->system_parameters, FLASH_SECTOR, "(system parameters)", "copy 0"},
        {map->system_parameters + 2 * FLASH_SECTOR, FLASH_SECTOR, "(system parameters)",
         "which copy holds: 0 when the first byte is 00, else 1"}};
    size_t count = 4;
    for (int i = 0; i < FLASH_BINARY_COUNT; i++) {
        enum flash_binary binary = (enum flash_binary)i;
        regions[count++] = (struct region){map->address[i], flash_map_room(map, binary),
                                           flash_binary_file(binary), flash_binary_purpose(binary)};
    }
    qsort(regions, count, sizeof *regions, compare_regions);
    struct table *table = table_create("ADDRESS|TO|>BYTES|FILE|WHAT IT IS");
    for (size_t i = 0; i < count; i++) {
        table_address(table, regions[i].address);
        table_address(table, regions[i].address + regions[i].size - 1);
        table_number(table, regions[i].size);
        table_text(table, regions[i].name);
        table_text(table, regions[i].what);
    }
    fprintf(out, "%d KB %s\n\n", map->size_kb, map->name);
    table_print(table, out);
    table_free(table);
}

/* Reads --size and --map. `size_kb` is 0 when not given. False after it has said what is wrong. */
static bool read_selection(struct session *session, const struct arguments *arguments, int *size_kb,
                           const char **name)
{
    long long size = 0;
    *name = arguments_value(arguments, "map");
    if (!show_number(session, arguments, "size", 1, FLASH_SIZE_KB_MAX, &size))
        return false;
    *size_kb = (int)size;
    return true;
}

static bool is_selected(const struct flash_map *map, int size_kb, const char *name)
{
    return (size_kb == 0 || map->size_kb == size_kb) && (name == NULL || strcmp(map->name, name) == 0);
}

/* The selected maps; *count is 0 after it has said that there are none, or what is wrong. */
static size_t select_maps(struct session *session, const struct arguments *arguments,
                          const struct flash_map **maps)
{
    size_t count = 0;
    int size_kb;
    const char *name;
    if (!read_selection(session, arguments, &size_kb, &name))
        return 0;
    for (size_t i = 0; i < flash_map_count(); i++) {
        if (is_selected(flash_map_at(i), size_kb, name))
            maps[count++] = flash_map_at(i);
    }
    if (count == 0)
        session_usage(session, "no map is like that; see orchestratorctl flash-map list");
    return count;
}

static enum exit_code print_json(struct session *session, const struct flash_map *const *maps, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, map_json(maps[i]));
    show_json(session->out, list);
    json_decref(list);
    return EXIT_DONE;
}

enum { MAPS_MAX = 32 };

enum exit_code run_flash_map_list(struct session *session, const struct arguments *arguments)
{
    const struct flash_map *maps[MAPS_MAX];
    size_t count = select_maps(session, arguments, maps);
    if (count == 0)
        return EXIT_USAGE;
    if (session->json)
        return print_json(session, maps, count);
    struct table *table =
        table_create(">KB|MAP|USER1|USER2|KEY|BLANK 1|INIT DATA|BLANK 2|SYSTEM|USER SECTORS|LARGEST IMAGE");
    for (size_t i = 0; i < count; i++)
        list_row(table, maps[i]);
    table_print(table, session->out);
    table_free(table);
    return EXIT_DONE;
}

enum exit_code run_flash_map_show(struct session *session, const struct arguments *arguments)
{
    const struct flash_map *maps[MAPS_MAX];
    size_t count = select_maps(session, arguments, maps);
    if (count == 0)
        return EXIT_USAGE;
    if (session->json)
        return print_json(session, maps, count);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            fputc('\n', session->out);
        print_map(session->out, maps[i]);
    }
    return EXIT_DONE;
}

/* --- build ------------------------------------------------------------------------------------------ */

static const struct {
    const char *option;
    enum flash_binary binary;
} pieces[] = {
    {"boot", FLASH_BOOT}, {"user1", FLASH_USER1}, {"key", FLASH_KEY}, {"init-data", FLASH_INIT_DATA}};

/* Reads and checks one file, and puts it at its place. */
static enum status place(const struct flash_map *map, enum flash_binary binary, const char *path,
                         unsigned char *flash, json_t *written, struct error *error)
{
    unsigned char *bytes;
    size_t size;
    enum status status = local_file_read(path, flash_map_room(map, binary), &bytes, &size, error);
    if (status == STATUS_TOO_LARGE)
        error_context(error, "0x%05" PRIX32 " of %d KB %s", map->address[binary], map->size_kb, map->name);
    if (status != STATUS_OK)
        return status;
    status = flash_map_check(map, binary, bytes, size, error);
    if (status == STATUS_OK) {
        memcpy(flash + map->address[binary], bytes, size);
        json_array_append_new(written, json_pack("{ss sI sI}", "file", flash_binary_file(binary), "address",
                                                 (json_int_t)map->address[binary], "size", (json_int_t)size));
    } else {
        error_context(error, "%s is no %s for this flash", path, flash_binary_file(binary));
    }
    free(bytes);
    return status;
}

/* The whole contents of the chip. Blanks, and all that has no file, stay erased. */
static enum status compose(const struct arguments *arguments, const struct flash_map *map,
                           unsigned char *flash, json_t *written, struct error *error)
{
    memset(flash, FLASH_ERASED, (size_t)map->size_kb * 1024);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        const char *path = arguments_value(arguments, pieces[i].option);
        if (path == NULL)
            continue;
        enum status status = place(map, pieces[i].binary, path, flash, written, error);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static void print_built(struct session *session, const char *path, const struct flash_map *map,
                        const json_t *written)
{
    size_t index;
    const json_t *piece;
    if (session->json) {
        json_t *document = json_pack("{ss si ss si sO}", "output", path, "size_kb", map->size_kb, "map",
                                     map->name, "bytes", map->size_kb * 1024, "written", written);
        show_json(session->out, document);
        json_decref(document);
        return;
    }
    struct table *table = table_create("ADDRESS|>BYTES|FILE");
    json_array_foreach(written, index, piece)
    {
        table_address(table, (uint32_t)json_integer_value(json_object_get(piece, "address")));
        table_member(table, piece, "size");
        table_member(table, piece, "file");
    }
    table_print(table, session->out);
    table_free(table);
    fprintf(session->out, "%s: %d bytes for %d KB of flash, map %s; all else is erased (ff)\n", path,
            map->size_kb * 1024, map->size_kb, map->name);
}

/* The option whose file the output would replace, or NULL. */
static const char *overwritten_option(const struct arguments *arguments)
{
    struct stat output, input;
    if (stat(arguments_value(arguments, "output"), &output) != 0)
        return NULL;
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        const char *path = arguments_value(arguments, pieces[i].option);
        if (path != NULL && stat(path, &input) == 0 && input.st_dev == output.st_dev &&
            input.st_ino == output.st_ino)
            return pieces[i].option;
    }
    return NULL;
}

static const char *missing_option(const struct arguments *arguments)
{
    static const char *const required[] = {"size", "boot", "user1", "output"};
    for (size_t i = 0; i < sizeof required / sizeof required[0]; i++) {
        if (arguments_value(arguments, required[i]) == NULL)
            return required[i];
    }
    return NULL;
}

enum exit_code run_flash_map_build(struct session *session, const struct arguments *arguments)
{
    struct error error = {0};
    const struct flash_map *map;
    const char *name, *missing = missing_option(arguments), *path = arguments_value(arguments, "output");
    int size_kb;
    if (missing != NULL)
        return session_usage(session, "--%s is missing; it is required", missing);
    const char *overwritten = overwritten_option(arguments);
    if (overwritten != NULL)
        return session_usage(session, "--output names the same file as --%s", overwritten);
    if (!read_selection(session, arguments, &size_kb, &name))
        return EXIT_USAGE;
    if (flash_map_find(size_kb, name, &map, &error) != STATUS_OK)
        return session_usage(session, "--%s: %s", error.field, error.message);
    size_t size = (size_t)size_kb * 1024;
    unsigned char *flash = malloc(size);
    if (flash == NULL)
        abort();
    json_t *written = json_array();
    enum status status = compose(arguments, map, flash, written, &error);
    if (status == STATUS_OK) /* with its key the file is as secret as the key */
        status = local_file_write(path, flash, size, arguments_value(arguments, "force") != NULL,
                                  arguments_value(arguments, "key") != NULL, &error);
    if (status == STATUS_CONFLICT)
        error_set(&error, STATUS_CONFLICT, NULL, "%s exists; --force replaces it", path);
    if (status == STATUS_OK)
        print_built(session, path, map, written);
    json_decref(written);
    free(flash);
    return status == STATUS_OK ? EXIT_DONE : session_fail(session, &error);
}
