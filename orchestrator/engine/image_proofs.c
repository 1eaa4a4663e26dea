#include "image_proofs.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "hex.h"

enum { BUCKETS = 64, SUSPECT_SECONDS = 10 };

struct proof {
    struct proof *next;
    char sha256[SHA256_HEX_SIZE];
    bool holds;
    off_t size;
    struct timespec time;             /* of the last change of its bytes */
    int64_t suspected_at, damaged_at; /* base/clock, seconds; 0: never */
};

struct image_proofs {
    pthread_mutex_t lock;
    struct proof *buckets[BUCKETS];
};

struct image_proofs *image_proofs_create(void)
{
    struct image_proofs *proofs = calloc(1, sizeof *proofs);
    if (proofs == NULL)
        abort();
    pthread_mutex_init(&proofs->lock, NULL);
    return proofs;
}

void image_proofs_destroy(struct image_proofs *proofs)
{
    for (int i = 0; i < BUCKETS; i++) {
        while (proofs->buckets[i] != NULL) {
            struct proof *first = proofs->buckets[i];
            proofs->buckets[i] = first->next;
            free(first);
        }
    }
    pthread_mutex_destroy(&proofs->lock);
    free(proofs);
}

/* Where the pointer to it stands, or that at the end of its bucket. With the lock held. */
static struct proof **find(struct image_proofs *proofs, const char *sha256)
{
    struct proof **place = &proofs->buckets[(unsigned char)(sha256[0] * 16 + sha256[1]) % BUCKETS];
    while (*place != NULL && strcmp((*place)->sha256, sha256) != 0)
        place = &(*place)->next;
    return place;
}

static struct proof *find_or_make(struct image_proofs *proofs, const char *sha256)
{
    struct proof **place = find(proofs, sha256);
    if (*place == NULL) {
        *place = calloc(1, sizeof **place);
        if (*place == NULL)
            abort();
        memcpy((*place)->sha256, sha256, SHA256_HEX_SIZE);
    }
    return *place;
}

void image_proofs_note(struct image_proofs *proofs, const char *sha256, const struct stat *file)
{
    pthread_mutex_lock(&proofs->lock);
    struct proof *proof = find_or_make(proofs, sha256);
    proof->holds = true;
    proof->size = file->st_size;
    proof->time = file->st_mtim;
    pthread_mutex_unlock(&proofs->lock);
}

void image_proofs_note_damage(struct image_proofs *proofs, const char *sha256)
{
    pthread_mutex_lock(&proofs->lock);
    struct proof *proof = find_or_make(proofs, sha256);
    proof->holds = false;
    proof->damaged_at = clock_seconds();
    pthread_mutex_unlock(&proofs->lock);
}

bool image_proofs_hold(struct image_proofs *proofs, const char *sha256, const struct stat *file)
{
    pthread_mutex_lock(&proofs->lock);
    const struct proof *proof = *find(proofs, sha256);
    bool holds = proof != NULL && proof->holds && proof->size == file->st_size &&
                 proof->time.tv_sec == file->st_mtim.tv_sec && proof->time.tv_nsec == file->st_mtim.tv_nsec;
    pthread_mutex_unlock(&proofs->lock);
    return holds;
}

int64_t image_proofs_damaged_ago(struct image_proofs *proofs, const char *sha256)
{
    pthread_mutex_lock(&proofs->lock);
    const struct proof *proof = *find(proofs, sha256);
    int64_t ago = proof != NULL && proof->damaged_at > 0 ? clock_seconds() - proof->damaged_at : -1;
    pthread_mutex_unlock(&proofs->lock);
    return ago;
}

bool image_proofs_suspect(struct image_proofs *proofs, const char *sha256)
{
    pthread_mutex_lock(&proofs->lock);
    struct proof *proof = find_or_make(proofs, sha256);
    int64_t now = clock_seconds();
    bool is_due = proof->suspected_at == 0 || now - proof->suspected_at >= SUSPECT_SECONDS;
    if (is_due)
        proof->suspected_at = now;
    pthread_mutex_unlock(&proofs->lock);
    return is_due;
}

void image_proofs_forget(struct image_proofs *proofs, const char *sha256)
{
    pthread_mutex_lock(&proofs->lock);
    struct proof **place = find(proofs, sha256);
    struct proof *proof = *place;
    if (proof != NULL) {
        *place = proof->next;
        free(proof);
    }
    pthread_mutex_unlock(&proofs->lock);
}
