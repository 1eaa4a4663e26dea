#include "migrate.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "store_sql.h"

enum { MIGRATIONS_MAX = 9999, MIGRATION_BYTES_MAX = 1 << 20 };

static enum status read_file(const char *directory, const char *name, struct arena *arena, const char **text,
                             struct error *error)
{
    char *path = arena_format(arena, "%s/%s", directory, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return error_set(error, STATUS_INVALID, path, "cannot be read: %m");
    char *bytes = arena_allocate(arena, MIGRATION_BYTES_MAX + 1);
    size_t length = fread(bytes, 1, MIGRATION_BYTES_MAX + 1, file);
    int failed = ferror(file);
    fclose(file);
    if (failed || length > MIGRATION_BYTES_MAX)
        return error_set(error, STATUS_INVALID, path, "cannot be read, or is larger than 1 MiB");
    bytes[length] = '\0';
    *text = bytes;
    return STATUS_OK;
}

static int is_sql(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length > 4 && strcmp(entry->d_name + length - 4, ".sql") == 0;
}

enum status migrations_read(const char *directory, struct arena *arena, const struct migration **migrations,
                            int *count, struct error *error)
{
    struct dirent **entries;
    int found = scandir(directory, &entries, is_sql, alphasort);
    if (found < 0)
        return error_set(error, STATUS_INVALID, directory, "is not a directory that can be read: %m");
    struct migration *list = arena_allocate_array(arena, (size_t)found + 1, sizeof *list);
    enum status status = STATUS_OK;
    for (int i = 0; i < found; i++) {
        char expected[6];
        snprintf(expected, sizeof expected, "%04d_", (i + 1) % (MIGRATIONS_MAX + 1));
        list[i].name = arena_copy(arena, entries[i]->d_name);
        if (status == STATUS_OK && strncmp(list[i].name, expected, 5) != 0)
            status = error_set(error, STATUS_INVALID, list[i].name,
                               "is not the next migration: its name must begin with %s", expected);
        if (status == STATUS_OK)
            status = read_file(directory, list[i].name, arena, &list[i].text, error);
        free(entries[i]);
    }
    free(entries);
    if (status == STATUS_OK && found == 0)
        status = error_set(error, STATUS_INVALID, directory, "holds no migration (NNNN_name.sql)");
    *migrations = list;
    *count = found;
    return status;
}

/* Compares what the database has with what is given; *have says how many it has. */
static enum status compare(struct store *store, const struct migration *migrations, int count, int *have,
                           struct error *error)
{
    struct store_rows *rows;
    if (store_run(store, &SQL_MIGRATION_LIST, NULL, &rows, error) != STATUS_OK)
        return error->status;
    enum status status = STATUS_OK;
    *have = (int)store_rows_count(rows);
    for (int i = 0; i < *have && status == STATUS_OK; i++) {
        const char *name = store_rows_text(rows, i, 0);
        char sum[SHA256_HEX_SIZE];
        if (i >= count || strcmp(name, migrations[i].name) != 0) {
            status =
                error_set(error, STATUS_CONFLICT, name,
                          "the database has this migration, but this program does not: it is older than the "
                          "database, or the file was removed");
            break;
        }
        digest_sha256(migrations[i].text, strlen(migrations[i].text), sum);
        if (strcmp(sum, store_rows_text(rows, i, 1)) != 0)
            status = error_set(
                error, STATUS_CONFLICT, name,
                "was changed after it had been applied; restore it, and put the change into a new one");
    }
    store_rows_free(rows);
    return status;
}

struct migrate_work {
    const struct migration *migrations;
    int count;
    int have;
};

/* One migration, in the transaction of the caller: the lock, the comparison, the script, its record. */
static enum status apply_next(struct store *store, void *context, struct error *error)
{
    struct migrate_work *work = context;
    if (store_run(store, &SQL_MIGRATION_LOCK, NULL, NULL, error) != STATUS_OK ||
        compare(store, work->migrations, work->count, &work->have, error) != STATUS_OK)
        return error->status;
    if (work->have == work->count)
        return STATUS_OK;
    const struct migration *next = &work->migrations[work->have];
    if (store_run_script(store, next->text, error) != STATUS_OK)
        return error_context(error, "%s", next->name);
    char sum[SHA256_HEX_SIZE];
    digest_sha256(next->text, strlen(next->text), sum);
    struct store_parameters parameters = {0};
    store_put_text(&parameters, next->name);
    store_put_text(&parameters, sum);
    return store_run(store, &SQL_MIGRATION_RECORD, &parameters, NULL, error);
}

static enum status make_table(struct store *store, void *context, struct error *error)
{
    (void)context;
    return store_run_script(
        store,
        "SELECT pg_advisory_xact_lock(706583);"
        "CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, sha256 text NOT NULL,"
        " applied_at timestamptz NOT NULL DEFAULT now())",
        error);
}

enum status migrate(struct store *store, const struct migration *migrations, int count, int *applied,
                    struct error *error)
{
    *applied = 0;
    if (store_transaction(store, make_table, NULL, error) != STATUS_OK)
        return error->status;
    struct migrate_work work = {.migrations = migrations, .count = count};
    do {
        if (store_transaction(store, apply_next, &work, error) != STATUS_OK)
            return error->status;
        if (work.have < count)
            (*applied)++;
    } while (work.have < count);
    return STATUS_OK;
}

enum status migrate_check(struct store *store, struct error *error)
{
    int have = 0;
    enum status status = compare(store, migrations_embedded, migrations_embedded_count, &have, error);
    if (status != STATUS_OK && strcmp(error->sqlstate, "42P01") == 0) /* no such table */
        return error_set(error, STATUS_UNAVAILABLE, NULL,
                         "the database is empty: run `orchestratord migrate`");
    if (status != STATUS_OK)
        return status;
    if (have < migrations_embedded_count)
        return error_set(error, STATUS_UNAVAILABLE, migrations_embedded[have].name,
                         "is not applied yet: run `orchestratord migrate`");
    return STATUS_OK;
}
