#include "live_attempts.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "store_sql.h"

enum { ROOM_FIRST = 1024 };

/* Hashes of device and image, in a table with free places (0). */
struct pairs {
    uint64_t *table;
    size_t room, count;
};

struct live_attempts {
    pthread_mutex_t lock;
    struct pairs pairs;
    int64_t
        known_to; /* all that was offered before is in it; the database's clock, milliseconds; 0: nothing */
};

struct live_attempts *live_attempts_create(void)
{
    struct live_attempts *live = calloc(1, sizeof *live);
    if (live == NULL)
        abort();
    pthread_mutex_init(&live->lock, NULL);
    return live;
}

void live_attempts_destroy(struct live_attempts *live)
{
    if (live == NULL)
        return;
    pthread_mutex_destroy(&live->lock);
    free(live->pairs.table);
    free(live);
}

static uint64_t add_to_hash(uint64_t hash, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * 1099511628211u; /* FNV-1a */
    return hash;
}

/* Of a million pairs two meet once in 36 million loads; and then a URL holds until it expires. Never 0. */
static uint64_t hash_pair(const char *device, size_t length, const char *sha256)
{
    uint64_t hash = add_to_hash(14695981039346656037u, sha256, strlen(sha256));
    hash = add_to_hash(hash, device, length);
    return hash != 0 ? hash : 1;
}

static size_t find_place(const struct pairs *pairs, uint64_t hash)
{
    size_t place = (size_t)(hash ^ hash >> 32) & (pairs->room - 1);
    while (pairs->table[place] != 0 && pairs->table[place] != hash)
        place = (place + 1) & (pairs->room - 1);
    return place;
}

static void grow(struct pairs *pairs)
{
    struct pairs larger = {.room = pairs->room == 0 ? ROOM_FIRST : 2 * pairs->room, .count = pairs->count};
    larger.table = calloc(larger.room, sizeof *larger.table);
    if (larger.table == NULL)
        abort();
    for (size_t i = 0; i < pairs->room; i++) {
        if (pairs->table[i] != 0)
            larger.table[find_place(&larger, pairs->table[i])] = pairs->table[i];
    }
    free(pairs->table);
    *pairs = larger;
}

static void add(struct pairs *pairs, uint64_t hash)
{
    if (2 * pairs->count >= pairs->room)
        grow(pairs);
    size_t place = find_place(pairs, hash);
    pairs->count += pairs->table[place] == 0;
    pairs->table[place] = hash;
}

/* `devices`: ids with commas between, which no id has. */
static void add_devices(struct pairs *pairs, const char *sha256, const char *devices)
{
    for (const char *at = devices; *at != '\0'; at += *at == ',') {
        size_t length = strcspn(at, ",");
        add(pairs, hash_pair(at, length, sha256));
        at += length;
    }
}

static enum status read_since(struct store *store, int64_t *since, struct error *error)
{
    struct store_rows *rows;
    if (store_run(store, &SQL_LIVE_SINCE, NULL, &rows, error) != STATUS_OK)
        return error->status;
    *since = store_rows_integer(rows, 0, 0);
    store_rows_free(rows);
    return STATUS_OK;
}

enum status live_attempts_load(struct live_attempts *live, struct store *store, struct error *error)
{
    struct store_rows *rows;
    struct pairs pairs = {0};
    int64_t since = 0;
    if (read_since(store, &since, error) != STATUS_OK ||
        store_run(store, &SQL_LIVE_ATTEMPTS, NULL, &rows, error) != STATUS_OK)
        return error->status;
    for (int64_t i = 0; i < store_rows_count(rows); i++)
        add_devices(&pairs, store_rows_text(rows, i, 0), store_rows_text(rows, i, 1));
    store_rows_free(rows);
    pthread_mutex_lock(&live->lock);
    struct pairs before = live->pairs;
    live->pairs = pairs;
    live->known_to = since;
    pthread_mutex_unlock(&live->lock);
    free(before.table);
    return STATUS_OK;
}

enum status live_attempts_check(struct live_attempts *live, const char *device, const char *sha256,
                                int64_t signed_at, struct error *error)
{
    uint64_t hash = hash_pair(device, strlen(device), sha256);
    pthread_mutex_lock(&live->lock);
    bool is_live = live->pairs.room > 0 && live->pairs.table[find_place(&live->pairs, hash)] == hash;
    int64_t known_to = live->known_to;
    pthread_mutex_unlock(&live->lock);
    if (known_to == 0)
        return error_set(error, STATUS_UNAVAILABLE, NULL, "which attempts go on is not known yet");
    bool is_young = (signed_at + 1) * 1000 > known_to; /* signed in the second that began then */
    if (is_live || is_young)
        return STATUS_OK;
    return error_set(error, STATUS_DENIED, NULL, "the attempt that this image URL was made for has ended");
}
