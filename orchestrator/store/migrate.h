/* Migrations: numbered SQL files, forward only, each in a transaction, recorded with its SHA-256. */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include "store.h"

struct migration {
    const char *name; /* "0001_catalogue.sql" */
    const char *text;
};

/* Those compiled in, in order. */
extern const struct migration migrations_embedded[];
extern const int migrations_embedded_count;

/* Reads the *.sql files of a directory instead, in order of their names, into `arena`. Numbers must run from
 * 0001 without a gap. */
enum status migrations_read(const char *directory, struct arena *arena, const struct migration **migrations,
                            int *count, struct error *error) MUST_CHECK;

/* Applies what the database lacks. STATUS_CONFLICT when one it has was changed or is missing here. Two
 * callers at once do not collide: the second waits, and finds everything done. *applied counts those applied
 * now. */
enum status migrate(struct store *store, const struct migration *migrations, int count, int *applied,
                    struct error *error) MUST_CHECK;

/* STATUS_OK when the database has exactly the migrations compiled in; else says what to do. */
enum status migrate_check(struct store *store, struct error *error) MUST_CHECK;

#endif
