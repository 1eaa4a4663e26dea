#include "hash_set.h"

#include <stdlib.h>

enum { ROOM_FIRST = 1024 };

uint64_t hash_add(uint64_t hash, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * 1099511628211u;
    return hash;
}

/* 0 is a free place, and stands for no hash. */
static uint64_t key_of(uint64_t hash)
{
    return hash != 0 ? hash : 1;
}

static size_t find_place(const struct hash_set *set, uint64_t key)
{
    size_t place = (size_t)(key ^ key >> 32) & (set->room - 1);
    while (set->table[place] != 0 && set->table[place] != key)
        place = (place + 1) & (set->room - 1);
    return place;
}

static void grow(struct hash_set *set)
{
    struct hash_set larger = {.room = set->room == 0 ? ROOM_FIRST : 2 * set->room, .count = set->count};
    larger.table = calloc(larger.room, sizeof *larger.table);
    if (larger.table == NULL)
        abort();
    for (size_t i = 0; i < set->room; i++) {
        if (set->table[i] != 0)
            larger.table[find_place(&larger, set->table[i])] = set->table[i];
    }
    free(set->table);
    *set = larger;
}

void hash_set_add(struct hash_set *set, uint64_t hash)
{
    uint64_t key = key_of(hash);
    if (2 * set->count >= set->room)
        grow(set);
    size_t place = find_place(set, key);
    set->count += set->table[place] == 0;
    set->table[place] = key;
}

bool hash_set_has(const struct hash_set *set, uint64_t hash)
{
    uint64_t key = key_of(hash);
    return set->room > 0 && set->table[find_place(set, key)] == key;
}

void hash_set_release(struct hash_set *set)
{
    free(set->table);
    *set = (struct hash_set){0};
}
