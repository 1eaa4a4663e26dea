#include "paths.h"

#include "api_answer.h"
#include "array.h"
#include "store_sql.h"

static enum status read_release(const struct store_rows *rows, int64_t row, struct path_release *release,
                                int64_t *number, struct error *error)
{
    const char *requires = store_rows_text(rows, row, 2);
    *number = store_rows_integer(rows, row, 0);
    release->has_requires = requires != NULL;
    if (version_parse(store_rows_text(rows, row, 1), &release->version, error) != STATUS_OK ||
        (requires != NULL && version_parse(requires, &release->requires, error) != STATUS_OK))
        return error_context(error, "stored release %s", store_rows_text(rows, row, 1));
    return STATUS_OK;
}

enum status paths_load(struct store *store, const struct campaign *campaign, struct arena *arena,
                       struct paths *paths, struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_integer(&parameters, campaign->firmware);
    if (store_run(store, &SQL_PATH_RELEASES, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    enum status status = STATUS_OK;
    paths->count = (size_t)store_rows_count(rows);
    paths->releases = arena_allocate_array(arena, paths->count, sizeof *paths->releases);
    paths->numbers = arena_allocate_array(arena, paths->count, sizeof *paths->numbers);
    for (size_t i = 0; i < paths->count && status == STATUS_OK; i++)
        status = read_release(rows, (int64_t)i, &paths->releases[i], &paths->numbers[i], error);
    store_rows_free(rows);
    if (status == STATUS_OK)
        path_plan(paths->releases, paths->count);
    return status;
}

bool paths_reach(const struct paths *paths, const struct version *from)
{
    return path_next(paths->releases, paths->count, from) >= 0;
}

/* The way from `text`: the releases' indexes, in the arena. Returns how many hops it has. */
static size_t walk(const struct paths *paths, const char *text, struct arena *arena, size_t **way)
{
    struct version at;
    size_t hops = 0;
    *way = arena_allocate_array(arena, paths->count, sizeof **way);
    if (version_parse(text, &at, NULL) != STATUS_OK)
        return 0;
    for (int next; (next = path_next(paths->releases, paths->count, &at)) >= 0;
         at = paths->releases[next].version)
        (*way)[hops++] = (size_t)next;
    return hops;
}

enum status paths_note(struct store *store, const struct campaign *campaign, const struct paths *paths,
                       char **versions, size_t count, struct error *error)
{
    struct array columns[4] = {0}; /* from, hop, firmware_id, version */
    struct arena arena = {0};
    for (size_t i = 0; i < count; i++) {
        size_t *way, hops = walk(paths, versions[i], &arena, &way);
        for (size_t hop = 0; hop < hops && hops > 1; hop++) {
            char text[VERSION_TEXT_SIZE];
            version_format(&paths->releases[way[hop]].version, text);
            array_put_text(&columns[0], versions[i]);
            array_put_integer(&columns[1], (int64_t)hop + 1);
            array_put_integer(&columns[2], paths->numbers[way[hop]]);
            array_put_text(&columns[3], text);
        }
    }
    arena_release(&arena);
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->number);
    for (int i = 0; i < 4; i++)
        store_put_text(&parameters, array_text(&columns[i]));
    enum status status = store_run(store, &SQL_PATH_NOTE, &parameters, NULL, error);
    for (int i = 0; i < 4; i++)
        array_release(&columns[i]);
    return status;
}

enum status paths_begin(struct store *store, const struct campaign *campaign, const char *devices,
                        struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->number);
    store_put_text(&parameters, devices);
    return store_run(store, &SQL_PATH_BEGIN, &parameters, NULL, error);
}

char *paths_format(const struct paths *paths, char **versions, size_t count, struct arena *arena)
{
    struct api_path *list = arena_allocate_array(arena, count + 1, sizeof *list);
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        size_t *way, hops = walk(paths, versions[i], arena, &way);
        if (hops < 2)
            continue;
        const char **texts = arena_allocate_array(arena, hops, sizeof *texts);
        for (size_t hop = 0; hop < hops; hop++) {
            char text[VERSION_TEXT_SIZE];
            version_format(&paths->releases[way[hop]].version, text);
            texts[hop] = arena_copy(arena, text);
        }
        list[used++] = (struct api_path){versions[i], texts, hops};
    }
    return api_paths_format(arena, list, used);
}
