#include "chains.h"

#include <stdlib.h>
#include <string.h>

#include "hash_set.h"

/* Links of a place: small, so that a walk along a chain touches little memory. */
struct place {
    uint32_t next, previous; /* in the chain; `next` of a free place is the next free one */
    uint32_t newer, older;   /* among all, in the order in which they came */
};

struct chain {
    uint64_t hash;
    uint32_t first, last; /* places */
    uint32_t length;
    uint32_t next_turn;   /* chain, or the next free one */
    uint32_t next_bucket; /* chain of the same bucket */
};

/* Numbers never used, and before them those that are free again. */
struct unused {
    uint32_t first; /* CHAINS_NONE: none is free again */
    uint32_t fresh;
};

struct chains {
    struct waiting *waiting; /* by place */
    struct place *places;
    struct chain *chains;
    uint32_t *buckets; /* chain + 1; 0: none */
    uint64_t bucket_mask;
    size_t count;
    struct unused unused_places, unused_chains;
    uint32_t first_turn, last_turn; /* chains */
    uint32_t oldest, newest;        /* places */
};

struct chains *chains_create(size_t capacity)
{
    struct chains *chains = calloc(1, sizeof *chains);
    if (chains == NULL)
        return NULL;
    size_t buckets = 1;
    while (buckets < capacity)
        buckets *= 2;
    chains->bucket_mask = buckets - 1;
    chains->waiting = calloc(capacity, sizeof *chains->waiting);
    chains->places = calloc(capacity, sizeof *chains->places);
    chains->chains = calloc(capacity, sizeof *chains->chains);
    chains->buckets = calloc(buckets, sizeof *chains->buckets);
    chains->unused_places.first = chains->unused_chains.first = CHAINS_NONE;
    chains->first_turn = chains->last_turn = CHAINS_NONE;
    chains->oldest = chains->newest = CHAINS_NONE;
    if (chains->waiting == NULL || chains->places == NULL || chains->chains == NULL ||
        chains->buckets == NULL) {
        chains_destroy(chains);
        return NULL;
    }
    return chains;
}

void chains_destroy(struct chains *chains)
{
    if (chains == NULL)
        return;
    free(chains->waiting);
    free(chains->places);
    free(chains->chains);
    free(chains->buckets);
    free(chains);
}

uint64_t chains_hash(const char *device)
{
    uint64_t hash = hash_add(HASH_START, device, strlen(device));
    hash = (hash ^ hash >> 32) * 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 32;
}

size_t chains_count(const struct chains *chains)
{
    return chains->count;
}

uint32_t chains_find(const struct chains *chains, const char *device, uint64_t hash)
{
    uint32_t found = chains->buckets[hash & chains->bucket_mask];
    for (; found != 0; found = chains->chains[found - 1].next_bucket) {
        const struct chain *chain = &chains->chains[found - 1];
        if (chain->hash == hash && strcmp(chains->waiting[chain->first].report.device, device) == 0)
            return found - 1;
    }
    return CHAINS_NONE;
}

size_t chains_length(const struct chains *chains, uint32_t chain)
{
    return chain == CHAINS_NONE ? 0 : chains->chains[chain].length;
}

uint32_t chains_last(const struct chains *chains, uint32_t chain)
{
    return chain == CHAINS_NONE ? CHAINS_NONE : chains->chains[chain].last;
}

uint32_t chains_previous(const struct chains *chains, uint32_t place)
{
    return chains->places[place].previous;
}

struct waiting *chains_at(struct chains *chains, uint32_t place)
{
    return &chains->waiting[place];
}

/* --- links ------------------------------------------------------------------------------------------ */

static void link_newest(struct chains *chains, uint32_t place)
{
    chains->places[place].older = chains->newest;
    chains->places[place].newer = CHAINS_NONE;
    if (chains->newest != CHAINS_NONE)
        chains->places[chains->newest].newer = place;
    else
        chains->oldest = place;
    chains->newest = place;
}

static void unlink_age(struct chains *chains, uint32_t place)
{
    const struct place *links = &chains->places[place];
    if (links->older != CHAINS_NONE)
        chains->places[links->older].newer = links->newer;
    else
        chains->oldest = links->newer;
    if (links->newer != CHAINS_NONE)
        chains->places[links->newer].older = links->older;
    else
        chains->newest = links->older;
}

static void link_last(struct chains *chains, struct chain *chain, uint32_t place)
{
    chains->places[place].previous = chain->last;
    chains->places[place].next = CHAINS_NONE;
    if (chain->last != CHAINS_NONE)
        chains->places[chain->last].next = place;
    else
        chain->first = place;
    chain->last = place;
}

static void unlink_place(struct chains *chains, struct chain *chain, uint32_t place)
{
    const struct place *links = &chains->places[place];
    if (links->previous != CHAINS_NONE)
        chains->places[links->previous].next = links->next;
    else
        chain->first = links->next;
    if (links->next != CHAINS_NONE)
        chains->places[links->next].previous = links->previous;
    else
        chain->last = links->previous;
}

static void give_turn(struct chains *chains, uint32_t chain)
{
    chains->chains[chain].next_turn = CHAINS_NONE;
    if (chains->last_turn != CHAINS_NONE)
        chains->chains[chains->last_turn].next_turn = chain;
    else
        chains->first_turn = chain;
    chains->last_turn = chain;
}

/* --- chains ----------------------------------------------------------------------------------------- */

static uint32_t make_chain(struct chains *chains, uint64_t hash)
{
    uint32_t made = chains->unused_chains.first;
    if (made == CHAINS_NONE)
        made = chains->unused_chains.fresh++;
    else
        chains->unused_chains.first = chains->chains[made].next_turn;
    uint32_t *bucket = &chains->buckets[hash & chains->bucket_mask];
    chains->chains[made] =
        (struct chain){.hash = hash, .first = CHAINS_NONE, .last = CHAINS_NONE, .next_bucket = *bucket};
    *bucket = made + 1;
    give_turn(chains, made);
    return made;
}

static void end_chain(struct chains *chains, uint32_t ended)
{
    struct chain *chain = &chains->chains[ended];
    uint32_t *link = &chains->buckets[chain->hash & chains->bucket_mask];
    while (*link != ended + 1)
        link = &chains->chains[*link - 1].next_bucket;
    *link = chain->next_bucket;
    chain->next_turn = chains->unused_chains.first;
    chains->unused_chains.first = ended;
}

uint32_t chains_append(struct chains *chains, uint32_t chain, uint64_t hash, const struct report *report,
                       int64_t since, unsigned epoch)
{
    uint32_t place = chains->unused_places.first;
    if (place == CHAINS_NONE)
        place = chains->unused_places.fresh++;
    else
        chains->unused_places.first = chains->places[place].next;
    if (chain == CHAINS_NONE)
        chain = make_chain(chains, hash);
    chains->waiting[place] = (struct waiting){*report, since, epoch};
    link_last(chains, &chains->chains[chain], place);
    link_newest(chains, place);
    chains->chains[chain].length++;
    chains->count++;
    return place;
}

void chains_renew(struct chains *chains, uint32_t chain, uint32_t place, int64_t since)
{
    unlink_place(chains, &chains->chains[chain], place);
    link_last(chains, &chains->chains[chain], place);
    unlink_age(chains, place);
    link_newest(chains, place);
    chains->waiting[place].since = since;
}

const struct waiting *chains_take(struct chains *chains)
{
    uint32_t turn = chains->first_turn;
    struct chain *chain = &chains->chains[turn];
    uint32_t place = chain->first;
    chains->first_turn = chain->next_turn;
    if (chains->first_turn == CHAINS_NONE)
        chains->last_turn = CHAINS_NONE;
    unlink_place(chains, chain, place);
    unlink_age(chains, place);
    chains->count--;
    if (--chain->length > 0)
        give_turn(chains, turn);
    else
        end_chain(chains, turn);
    chains->places[place].next = chains->unused_places.first;
    chains->unused_places.first = place;
    return &chains->waiting[place];
}

int64_t chains_oldest(const struct chains *chains)
{
    return chains->waiting[chains->oldest].since;
}
