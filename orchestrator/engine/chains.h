/* Reports that wait, a chain (FIFO) for each device. The chains are served in turn, one report each, so that
 * no device waits for what another has sent. Every operation is O(1). All memory is allocated at once, and
 * touched as far as the chains were ever deep. Not for sharing between threads. */
#ifndef ENGINE_CHAINS_H
#define ENGINE_CHAINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report.h"

struct chains;

/* Number of a chain, or of a place in a chain; valid until the next chains_take. */
enum { CHAINS_NONE = INT32_MAX };

struct waiting {
    struct report report;
    int64_t since;  /* base/clock, milliseconds */
    unsigned epoch; /* engine/marks */
};

/* Room for `capacity` reports, 1 to 1,000,000. NULL when memory is exhausted. Release with chains_destroy. */
struct chains *chains_create(size_t capacity);
void chains_destroy(struct chains *chains);

/* Of a device id; 64 bits, evenly spread. */
uint64_t chains_hash(const char *device);

/* Reports in all chains. */
size_t chains_count(const struct chains *chains);

/* The device's chain; CHAINS_NONE when nothing of it waits. */
uint32_t chains_find(const struct chains *chains, const char *device, uint64_t hash);

/* Reports in the chain; 0 for CHAINS_NONE. */
size_t chains_length(const struct chains *chains, uint32_t chain);

/* From the end of a chain to its front; CHAINS_NONE ends it, and is the end of CHAINS_NONE. */
uint32_t chains_last(const struct chains *chains, uint32_t chain);
uint32_t chains_previous(const struct chains *chains, uint32_t place);

/* What waits at a place. Valid until the chains are destroyed; the device's id must stay as it is. */
struct waiting *chains_at(struct chains *chains, uint32_t place);

/* Puts a copy of the report at the end of its device's chain (as found by chains_find; CHAINS_NONE makes
 * one). There must be room. Returns its place. */
uint32_t chains_append(struct chains *chains, uint32_t chain, uint64_t hash, const struct report *report,
                       int64_t since, unsigned epoch);

/* Moves a place to the end of its chain, as if what waits there had come just now, at `since`. The chain
 * keeps its turn. */
void chains_renew(struct chains *chains, uint32_t chain, uint32_t place, int64_t since);

/* Takes the first report of the chain whose turn it is, and gives the turn to the next chain. At least one
 * report must wait. What is returned is valid until the next chains_append. */
const struct waiting *chains_take(struct chains *chains);

/* When the oldest report came that waits. At least one must. */
int64_t chains_oldest(const struct chains *chains);

#endif
