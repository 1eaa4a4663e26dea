/* 64-bit hashes of texts (FNV-1a), and sets of them: for whoever asks whether a text is one of very many, and
 * can bear that two texts have the same hash now and then. */
#ifndef BASE_HASH_SET_H
#define BASE_HASH_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_START 14695981039346656037u

/* The hash of what `hash` is of and `length` more bytes: HASH_START for the first. Its low bits say little.
 */
uint64_t hash_add(uint64_t hash, const char *text, size_t length);

/* Zeroed before its first use. */
struct hash_set {
    uint64_t *table; /* 0: a free place */
    size_t room, count;
};

/* Adds a hash that may be in it already. */
void hash_set_add(struct hash_set *set, uint64_t hash);

bool hash_set_has(const struct hash_set *set, uint64_t hash);

/* It is empty then, and can be used again. */
void hash_set_release(struct hash_set *set);

#endif
