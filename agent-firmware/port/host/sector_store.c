#include "sector_store.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 16384u
#define REMEMBERED_SCANS 32768u /* then all are forgotten: a bound on memory, not on what works */

struct sector {
    struct sector *next; /* in its bucket */
    uint64_t hash;
    uint32_t holders;
    bool shared;
    uint8_t bytes[FOTA_SECTOR_SIZE];
};

struct remembered_scan {
    struct remembered_scan *next;
    uint64_t hash;
    struct image_scan before;
    struct image_scan after;
    struct sector *sector; /* the bytes, filled up with 0xFF */
    uint32_t length;
};

struct sector_store {
    struct sector *sectors[BUCKETS];
    struct remembered_scan *scans[BUCKETS];
    uint32_t scan_count;
    uint32_t sector_count, sector_most;
};

static void *allocate(size_t size)
{
    void *memory = calloc(1, size);

    if (memory == NULL) {
        fputs("out of memory\n", stderr);
        abort();
    }
    return memory;
}

/* Fast and well spread; equality is always decided by memcmp. `length` is a multiple of 8. */
static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t length)
{
    const uint8_t *at = bytes;

    for (size_t i = 0; i + 8 <= length; i += 8) {
        uint64_t word;
        memcpy(&word, at + i, sizeof word);
        hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
        hash ^= hash >> 32;
    }
    return hash;
}

struct sector_store *sector_store_new(void)
{
    return allocate(sizeof(struct sector_store));
}

static void forget_scans(struct sector_store *store)
{
    for (uint32_t i = 0; i < BUCKETS; i++) {
        while (store->scans[i] != NULL) {
            struct remembered_scan *scan = store->scans[i];
            store->scans[i] = scan->next;
            sector_release(store, scan->sector);
            free(scan);
        }
    }
    store->scan_count = 0;
}

void sector_store_free(struct sector_store *store)
{
    forget_scans(store);
    free(store);
}

static struct sector *new_sector(struct sector_store *store)
{
    struct sector *sector = allocate(sizeof *sector);

    sector->holders = 1;
    if (++store->sector_count > store->sector_most)
        store->sector_most = store->sector_count;
    return sector;
}

uint32_t sector_store_most(const struct sector_store *store)
{
    return store->sector_most;
}

struct sector *sector_share(struct sector_store *store, const uint8_t *bytes)
{
    uint64_t hash = hash_bytes(0, bytes, FOTA_SECTOR_SIZE);
    struct sector **bucket = &store->sectors[hash % BUCKETS];

    for (struct sector *sector = *bucket; sector != NULL; sector = sector->next)
        if (sector->hash == hash && memcmp(sector->bytes, bytes, FOTA_SECTOR_SIZE) == 0)
            return sector_hold(sector);
    struct sector *sector = new_sector(store);
    sector->next = *bucket;
    sector->hash = hash;
    sector->shared = true;
    memcpy(sector->bytes, bytes, FOTA_SECTOR_SIZE);
    *bucket = sector;
    return sector;
}

struct sector *sector_make_private(struct sector_store *store, struct sector *sector)
{
    if (sector != NULL && !sector->shared)
        return sector;
    struct sector *copy = new_sector(store);
    if (sector == NULL)
        memset(copy->bytes, 0xFF, sizeof copy->bytes);
    else
        memcpy(copy->bytes, sector->bytes, sizeof copy->bytes);
    sector_release(store, sector);
    return copy;
}

struct sector *sector_hold(struct sector *sector)
{
    sector->holders++;
    return sector;
}

void sector_release(struct sector_store *store, struct sector *sector)
{
    if (sector == NULL || --sector->holders > 0)
        return;
    if (sector->shared) {
        struct sector **at = &store->sectors[sector->hash % BUCKETS];
        while (*at != sector)
            at = &(*at)->next;
        *at = sector->next;
    }
    store->sector_count--;
    free(sector);
}

uint8_t *sector_bytes(struct sector *sector)
{
    return sector->bytes;
}

void sector_store_scan_add(struct sector_store *store, struct image_scan *scan, const uint8_t *bytes,
                           uint32_t length)
{
    uint8_t whole[FOTA_SECTOR_SIZE];

    if (length > FOTA_SECTOR_SIZE || length == 0) {
        image_scan_add(scan, bytes, length);
        return;
    }
    memcpy(whole, bytes, length);
    memset(whole + length, 0xFF, sizeof whole - length);
    uint64_t hash = hash_bytes(hash_bytes(length, scan, sizeof *scan), whole, sizeof whole);
    struct remembered_scan **bucket = &store->scans[hash % BUCKETS];
    for (struct remembered_scan *known = *bucket; known != NULL; known = known->next) {
        if (known->hash == hash && known->length == length &&
            memcmp(&known->before, scan, sizeof *scan) == 0 &&
            memcmp(known->sector->bytes, whole, sizeof whole) == 0) {
            memcpy(scan, &known->after, sizeof *scan);
            return;
        }
    }
    if (store->scan_count >= REMEMBERED_SCANS)
        forget_scans(store);
    struct remembered_scan *added = allocate(sizeof *added);
    added->hash = hash;
    added->length = length;
    memcpy(&added->before, scan, sizeof *scan);
    image_scan_add(scan, bytes, length);
    memcpy(&added->after, scan, sizeof *scan);
    added->sector = sector_share(store, whole);
    added->next = *bucket;
    *bucket = added;
    store->scan_count++;
}
