#include "image_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "digest.h"
#include "hex.h"
#include "image_proofs.h"
#include "log.h"
#include "store_sql.h"

enum { PATH_SIZE = 4096 };

/* One image that a thread is hashing or fetching now. Lives on that thread's stack. */
struct fetch {
    const char *sha256;
    struct fetch *next;
};

struct image_cache {
    char directory[PATH_SIZE - SHA256_HEX_SIZE - 16];
    pthread_mutex_t lock;
    pthread_cond_t fetched;
    struct fetch *fetches;
    struct image_proofs *proofs;
};

enum status image_cache_open(const char *directory, struct image_cache **cache, struct error *error)
{
    struct stat found;
    *cache = NULL;
    if (strlen(directory) >= sizeof(*cache)->directory)
        return error_set(error, STATUS_INVALID, NULL, "the cache directory's name is too long");
    if (mkdir(directory, 0750) != 0 && errno != EEXIST)
        return error_set(error, STATUS_INVALID, NULL, "cannot make the cache directory %s: %s", directory,
                         strerror(errno));
    if (stat(directory, &found) != 0 || !S_ISDIR(found.st_mode) || access(directory, W_OK | X_OK) != 0)
        return error_set(error, STATUS_INVALID, NULL, "the cache directory %s is not a directory to write to",
                         directory);
    struct image_cache *made = calloc(1, sizeof *made);
    if (made == NULL)
        return error_set(error, STATUS_INTERNAL, NULL, "out of memory");
    snprintf(made->directory, sizeof made->directory, "%s", directory);
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->fetched, NULL);
    made->proofs = image_proofs_create();
    *cache = made;
    return STATUS_OK;
}

void image_cache_close(struct image_cache *cache)
{
    if (cache == NULL)
        return;
    image_proofs_destroy(cache->proofs);
    pthread_cond_destroy(&cache->fetched);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

static bool being_fetched(const struct image_cache *cache, const char *sha256)
{
    for (const struct fetch *fetch = cache->fetches; fetch != NULL; fetch = fetch->next) {
        if (strcmp(fetch->sha256, sha256) == 0)
            return true;
    }
    return false;
}

/* Waits until no other thread hashes or fetches this image, and keeps others from it. */
static void begin_fetch(struct image_cache *cache, struct fetch *fetch)
{
    pthread_mutex_lock(&cache->lock);
    while (being_fetched(cache, fetch->sha256))
        pthread_cond_wait(&cache->fetched, &cache->lock);
    fetch->next = cache->fetches;
    cache->fetches = fetch; /* cppcheck-suppress autoVariables ; taken out again by end_fetch */
    pthread_mutex_unlock(&cache->lock);
}

static void end_fetch(struct image_cache *cache, const struct fetch *done)
{
    pthread_mutex_lock(&cache->lock);
    struct fetch **place = &cache->fetches;
    while (*place != done)
        place = &(*place)->next;
    *place = done->next;
    pthread_cond_broadcast(&cache->fetched);
    pthread_mutex_unlock(&cache->lock);
}

static void put_path(const struct image_cache *cache, const char *sha256, char path[PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "%s/%s", cache->directory, sha256);
}

/* Opens the file, whatever is in it. */
static enum status open_file(const struct image_cache *cache, const char *sha256, int *fd, struct stat *found,
                             struct error *error)
{
    char path[PATH_SIZE];
    *fd = -1;
    if (!hex_is_sha256(sha256))
        return error_set(error, STATUS_NOT_FOUND, "sha256",
                         "an image is named by 64 lower-case hexadecimal digits");
    put_path(cache, sha256, path);
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0 && errno == ENOENT)
        return error_set(error, STATUS_NOT_FOUND, "sha256", "no such image");
    if (*fd < 0 || fstat(*fd, found) != 0) {
        error_set(error, STATUS_INTERNAL, NULL, "cannot open %s: %s", path, strerror(errno));
        if (*fd >= 0)
            close(*fd);
        *fd = -1;
        return STATUS_INTERNAL;
    }
    return STATUS_OK;
}

static void remove_file(const struct image_cache *cache, const char *sha256)
{
    char path[PATH_SIZE];
    put_path(cache, sha256, path);
    if (unlink(path) != 0 && errno != ENOENT)
        log_write(LOG_WARNING, "image_not_removed", "path", path, "message", strerror(errno), NULL);
}

/* Hashes the file. One that is not this image is removed, and the log says so. */
static bool prove(struct image_cache *cache, const char *sha256, int fd, const struct stat *found)
{
    char digest[SHA256_HEX_SIZE], size[32];
    bool is_read = digest_sha256_file(fd, digest);
    if (is_read && strcmp(digest, sha256) == 0) {
        image_proofs_note(cache->proofs, sha256, found);
        return true;
    }
    snprintf(size, sizeof size, "%lld", (long long)found->st_size);
    log_limited(LOG_WARNING, "image_damaged", sha256, "sha256", sha256, "directory", cache->directory, "size",
                size, "is", is_read ? digest : "not readable", "next", "it is removed and fetched anew",
                NULL);
    image_proofs_note_damage(cache->proofs, sha256);
    remove_file(cache, sha256);
    return false;
}

/* As image_cache_find, with others kept from the image, or where it is proved. */
static enum status find_proved(struct image_cache *cache, const char *sha256, bool may_prove, int *fd,
                               int64_t *size, bool *is_proved, struct error *error)
{
    struct stat found;
    *is_proved = true;
    enum status status = open_file(cache, sha256, fd, &found, error);
    if (status != STATUS_OK)
        return status;
    *size = found.st_size;
    if (image_proofs_hold(cache->proofs, sha256, &found) || (may_prove && prove(cache, sha256, *fd, &found)))
        return STATUS_OK;
    *is_proved = may_prove;
    close(*fd);
    *fd = -1;
    return error_set(error, STATUS_NOT_FOUND, "sha256", "no such image");
}

enum status image_cache_find(struct image_cache *cache, const char *sha256, int *fd, int64_t *size,
                             struct error *error)
{
    bool is_proved;
    enum status status = find_proved(cache, sha256, false, fd, size, &is_proved, error);
    if (is_proved)
        return status;
    struct fetch fetch = {.sha256 = sha256};
    begin_fetch(cache, &fetch);
    status = find_proved(cache, sha256, true, fd, size, &is_proved, error);
    end_fetch(cache, &fetch);
    return status;
}

bool image_cache_is_unchanged(struct image_cache *cache, const char *sha256, int fd)
{
    struct stat found;
    return fstat(fd, &found) == 0 && image_proofs_hold(cache->proofs, sha256, &found);
}

int64_t image_cache_damaged_ago(struct image_cache *cache, const char *sha256)
{
    return image_proofs_damaged_ago(cache->proofs, sha256);
}

void image_cache_suspect(struct image_cache *cache, const char *sha256)
{
    struct stat found;
    struct error error;
    int fd;
    if (!hex_is_sha256(sha256) || !image_proofs_suspect(cache->proofs, sha256))
        return;
    struct fetch fetch = {.sha256 = sha256};
    begin_fetch(cache, &fetch);
    if (open_file(cache, sha256, &fd, &found, &error) == STATUS_OK) {
        if (prove(cache, sha256, fd, &found))
            log_write(LOG_INFO, "image_intact", "sha256", sha256, "reason", "a device was sent other bytes",
                      NULL);
        close(fd);
    }
    end_fetch(cache, &fetch);
}

static enum status write_all(int fd, const unsigned char *bytes, size_t size, struct error *error)
{
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return error_set(error, STATUS_UNAVAILABLE, NULL, "cannot write an image to the cache: %s",
                             strerror(errno));
        bytes += written;
        size -= (size_t)written;
    }
    return STATUS_OK;
}

/* Somebody may have cleaned up the directory itself. */
static int make_temporary(const struct image_cache *cache, char path[PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "%s/.new-XXXXXX", cache->directory);
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0 || errno != ENOENT || (mkdir(cache->directory, 0750) != 0 && errno != EEXIST))
        return fd;
    log_write(LOG_WARNING, "cache_directory_made", "directory", cache->directory, "reason", "it was gone",
              NULL);
    snprintf(path, PATH_SIZE, "%s/.new-XXXXXX", cache->directory);
    return mkostemp(path, O_CLOEXEC);
}

/* Synced before the rename: a file under its final name is whole even after a power cut. */
static enum status write_file(struct image_cache *cache, const char *sha256, const unsigned char *bytes,
                              size_t size, struct error *error)
{
    char path[PATH_SIZE];
    char temporary[PATH_SIZE];
    put_path(cache, sha256, path);
    int fd = make_temporary(cache, temporary);
    if (fd < 0)
        return error_set(error, STATUS_UNAVAILABLE, NULL, "cannot make a file in %s: %s", cache->directory,
                         strerror(errno));
    enum status status = write_all(fd, bytes, size, error);
    if (status == STATUS_OK && (fsync(fd) != 0 || rename(temporary, path) != 0))
        status = error_set(error, STATUS_UNAVAILABLE, NULL, "cannot store %s: %s", path, strerror(errno));
    if (status != STATUS_OK)
        unlink(temporary);
    close(fd);
    return status;
}

static enum status check_sha256(const unsigned char *bytes, size_t size, const char *sha256,
                                struct error *error)
{
    char text[SHA256_HEX_SIZE];
    digest_sha256(bytes, size, text);
    if (strcmp(text, sha256) != 0)
        return error_set(error, STATUS_INTERNAL, NULL, "image %s from the database has SHA-256 %s", sha256,
                         text);
    return STATUS_OK;
}

static enum status fetch_file(struct image_cache *cache, struct store *store, const char *sha256,
                              struct error *error)
{
    struct store_parameters parameters = {0};
    struct arena arena = {0};
    char *digits;
    store_put_text(&parameters, sha256);
    enum status status = store_run_text(store, &SQL_FIND_IMAGE_BYTES, &parameters, &arena, &digits, error);
    if (status == STATUS_OK && digits == NULL)
        status = error_set(error, STATUS_NOT_FOUND, "sha256", "no such image");
    if (status == STATUS_OK) {
        size_t size = strlen(digits) / 2;
        unsigned char *bytes = arena_allocate(&arena, size + 1);
        if (!hex_parse(digits, bytes, size))
            status =
                error_set(error, STATUS_INTERNAL, NULL, "image %s came damaged from the database", sha256);
        if (status == STATUS_OK)
            status = check_sha256(bytes, size, sha256, error);
        if (status == STATUS_OK)
            status = write_file(cache, sha256, bytes, size, error);
    }
    arena_release(&arena);
    return status;
}

enum status image_cache_fetch(struct image_cache *cache, struct store *store, const char *sha256, int *fd,
                              int64_t *size, struct error *error)
{
    bool is_proved;
    enum status status = image_cache_find(cache, sha256, fd, size, error);
    if (status == STATUS_OK || !hex_is_sha256(sha256))
        return status;
    struct fetch fetch = {.sha256 = sha256};
    begin_fetch(cache, &fetch);
    /* Whoever waited finds the file now. */
    status = find_proved(cache, sha256, true, fd, size, &is_proved, error);
    if (status != STATUS_OK) {
        status = fetch_file(cache, store, sha256, error);
        if (status == STATUS_OK)
            status = find_proved(cache, sha256, true, fd, size, &is_proved, error);
    }
    end_fetch(cache, &fetch);
    return status;
}

void image_cache_forget(struct image_cache *cache, const char *sha256)
{
    if (!hex_is_sha256(sha256))
        return;
    image_proofs_forget(cache->proofs, sha256);
    remove_file(cache, sha256);
}
