/* Flash sectors for many simulated devices. Equal sectors are kept once; a sector that changes is copied
 * first. The same store remembers what image_scan_add answers: it is a pure function of scan and bytes, and
 * both are compared byte by byte, so that a remembered answer is always the true one. */
#ifndef SECTOR_STORE_H
#define SECTOR_STORE_H

#include <stdint.h>

#include "fota_port.h"
#include "image_scan.h"

struct sector_store;
struct sector; /* one sector's bytes, shared by whoever holds it */

/* Aborts the program when memory runs out, as all of this file does. Release with sector_store_free. */
struct sector_store *sector_store_new(void);
void sector_store_free(struct sector_store *store);

/* A held sector with these FOTA_SECTOR_SIZE bytes; release with sector_release. */
struct sector *sector_share(struct sector_store *store, const uint8_t *bytes);
/* Turns a held sector (NULL: an erased one) into one whose bytes may be changed by its only holder. */
struct sector *sector_make_private(struct sector_store *store, struct sector *sector);
struct sector *sector_hold(struct sector *sector);
void sector_release(struct sector_store *store, struct sector *sector);
uint8_t *sector_bytes(struct sector *sector);
/* How many sectors were allocated at the same time, at most. */
uint32_t sector_store_most(const struct sector_store *store);

/* image_scan_add with a memory. */
void sector_store_scan_add(struct sector_store *store, struct image_scan *scan, const uint8_t *bytes,
                           uint32_t length);

#endif
