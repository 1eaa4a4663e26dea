/* Reports in: a batch is one transaction, and acknowledgements go out after its commit. */
#ifndef ENGINE_INGEST_H
#define ENGINE_INGEST_H

#include <stddef.h>

#include "engine.h"
#include "report.h"
#include "store.h"

struct ingest_summary {
    int64_t moved;    /* targets that changed state */
    int64_t rejected; /* reports that changed nothing */
};

/* Handles `count` reports in their order. Reports of one device must always come to the same caller, in
 * order. On failure nothing was changed and nothing acknowledged: call again with the same batch. */
enum status ingest_batch(const struct engine *engine, struct store *store, const struct report *reports,
                         size_t count, struct ingest_summary *summary, struct error *error) MUST_CHECK;

#endif
