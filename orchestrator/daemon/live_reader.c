/* The thread that keeps in memory which attempts are live, for the image server, and looks at this
 * orchestrator's copies of images when any orchestrator has heard of wrong bytes. */
#include <stdlib.h>

#include "clock.h"
#include "image_cache.h"
#include "live_attempts.h"
#include "store_sql.h"
#include "threads.h"

/* From one load to the next, so that an attempt that has ended is known within 2 s; longer where a load takes
 * long. */
enum { REST_MILLISECONDS = 500, REST_MILLISECONDS_MAX = 1000, REST_TIMES = 10, FIRST_MILLISECONDS = 50 };

static enum status look_at(struct shared *shared, struct store *store, const char *sha256,
                           struct error *error)
{
    struct store_parameters parameters = {0};
    image_cache_suspect(shared->engine.images, sha256);
    int64_t ago = image_cache_damaged_ago(shared->engine.images, sha256);
    if (ago < 0)
        return STATUS_OK;
    store_put_text(&parameters, sha256);
    store_put_integer(&parameters, ago);
    return store_run(store, &SQL_IMAGE_FOUND_DAMAGED, &parameters, NULL, error);
}

/* `since` is moved on, in microseconds of the database's clock. */
static enum status look_at_suspects(struct shared *shared, struct store *store, int64_t *since,
                                    struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_integer(&parameters, *since);
    enum status status = store_run(store, &SQL_IMAGE_SUSPECTS, &parameters, &rows, error);
    if (status != STATUS_OK)
        return status;
    for (int64_t i = 0; i < store_rows_count(rows) && status == STATUS_OK; i++) {
        status = look_at(shared, store, store_rows_text(rows, i, 0), error);
        *since = store_rows_integer(rows, i, 1);
    }
    store_rows_free(rows);
    return status;
}

static int rest_after(long long took)
{
    long long rest = took * REST_TIMES;
    return (int)(rest < REST_MILLISECONDS       ? REST_MILLISECONDS
                 : rest > REST_MILLISECONDS_MAX ? REST_MILLISECONDS_MAX
                                                : rest);
}

void *live_main(void *context)
{
    struct shared *shared = context;
    struct store *store = store_create(shared->config->database_url, "orchestratord live");
    int64_t since = 0;
    bool goes_on = true;
    while (goes_on && !atomic_load(&shared->secret_known)) /* the ticker waits for the database */
        goes_on = shared_pause(shared, FIRST_MILLISECONDS);
    while (goes_on) {
        struct error error;
        long long began = clock_milliseconds();
        if (live_attempts_load(shared->live, store, &error) == STATUS_OK &&
            look_at_suspects(shared, store, &since, &error) == STATUS_OK)
            shared_database_fine(shared);
        else
            shared_handle_failure(shared, "live_attempts_failed", &error);
        goes_on = shared_pause(shared, rest_after(clock_milliseconds() - began));
    }
    store_destroy(store);
    return NULL;
}
