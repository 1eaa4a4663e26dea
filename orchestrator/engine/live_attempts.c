#include "live_attempts.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "hash_set.h"
#include "store_sql.h"

struct live_attempts {
    pthread_mutex_t lock;
    struct hash_set pairs; /* of device and image */
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
    hash_set_release(&live->pairs);
    free(live);
}

/* Of a million pairs two meet once in 36 million loads; and then a URL holds until it expires. */
static uint64_t hash_pair(const char *device, size_t length, const char *sha256)
{
    return hash_add(hash_add(HASH_START, sha256, strlen(sha256)), device, length);
}

/* `devices`: ids with commas between, which no id has. */
static void add_devices(struct hash_set *pairs, const char *sha256, const char *devices)
{
    for (const char *at = devices; *at != '\0'; at += *at == ',') {
        size_t length = strcspn(at, ",");
        hash_set_add(pairs, hash_pair(at, length, sha256));
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
    struct hash_set pairs = {0};
    int64_t since = 0;
    if (read_since(store, &since, error) != STATUS_OK ||
        store_run(store, &SQL_LIVE_ATTEMPTS, NULL, &rows, error) != STATUS_OK)
        return error->status;
    for (int64_t i = 0; i < store_rows_count(rows); i++)
        add_devices(&pairs, store_rows_text(rows, i, 0), store_rows_text(rows, i, 1));
    store_rows_free(rows);
    pthread_mutex_lock(&live->lock);
    struct hash_set before = live->pairs;
    live->pairs = pairs;
    live->known_to = since;
    pthread_mutex_unlock(&live->lock);
    hash_set_release(&before);
    return STATUS_OK;
}

enum status live_attempts_check(struct live_attempts *live, const char *device, const char *sha256,
                                int64_t signed_at, struct error *error)
{
    uint64_t hash = hash_pair(device, strlen(device), sha256);
    pthread_mutex_lock(&live->lock);
    bool is_live = hash_set_has(&live->pairs, hash);
    int64_t known_to = live->known_to;
    pthread_mutex_unlock(&live->lock);
    if (known_to == 0)
        return error_set(error, STATUS_UNAVAILABLE, NULL, "which attempts go on is not known yet");
    bool is_young = (signed_at + 1) * 1000 > known_to; /* signed in the second that began then */
    if (is_live || is_young)
        return STATUS_OK;
    return error_set(error, STATUS_DENIED, NULL, "the attempt that this image URL was made for has ended");
}
