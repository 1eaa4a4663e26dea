/* Starting a campaign in the transaction that makes it. */
#ifndef ENGINE_START_H
#define ENGINE_START_H

#include "operate.h"

/* As the command start; inside a transaction. */
enum status campaign_start_now(struct store *store, const struct actor *actor, const char *name,
                               struct error *error) MUST_CHECK;

#endif
