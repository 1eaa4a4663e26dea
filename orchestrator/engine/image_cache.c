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
#include "log.h"
#include "store_sql.h"

enum { PATH_SIZE = 4096 };

/* One image that a thread is fetching now. Lives on that thread's stack. */
struct fetch {
    const char *sha256;
    struct fetch *next;
};

struct image_cache {
    char directory[PATH_SIZE - SHA256_HEX_SIZE - 16];
    pthread_mutex_t lock;
    pthread_cond_t fetched;
    struct fetch *fetches;
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
    *cache = made;
    return STATUS_OK;
}

void image_cache_close(struct image_cache *cache)
{
    if (cache == NULL)
        return;
    pthread_cond_destroy(&cache->fetched);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

enum status image_cache_find(struct image_cache *cache, const char *sha256, int *fd, int64_t *size,
                             struct error *error)
{
    char path[PATH_SIZE];
    struct stat found;
    *fd = -1;
    if (!hex_is_sha256(sha256))
        return error_set(error, STATUS_NOT_FOUND, "sha256",
                         "an image is named by 64 lower-case hexadecimal digits");
    snprintf(path, sizeof path, "%s/%s", cache->directory, sha256);
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0 && errno == ENOENT)
        return error_set(error, STATUS_NOT_FOUND, "sha256", "no such image");
    if (*fd < 0)
        return error_set(error, STATUS_INTERNAL, NULL, "cannot open %s: %s", path, strerror(errno));
    if (fstat(*fd, &found) != 0) {
        close(*fd);
        *fd = -1;
        return error_set(error, STATUS_INTERNAL, NULL, "cannot examine %s: %s", path, strerror(errno));
    }
    *size = found.st_size;
    return STATUS_OK;
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

/* Synced before the rename: a file under its final name is whole even after a power cut. */
static enum status write_file(struct image_cache *cache, const char *sha256, const unsigned char *bytes,
                              size_t size, struct error *error)
{
    char path[PATH_SIZE];
    char temporary[PATH_SIZE];
    snprintf(path, sizeof path, "%s/%s", cache->directory, sha256);
    snprintf(temporary, sizeof temporary, "%s/.new-XXXXXX", cache->directory);
    int fd = mkostemp(temporary, O_CLOEXEC);
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

static bool being_fetched(const struct image_cache *cache, const char *sha256)
{
    for (const struct fetch *fetch = cache->fetches; fetch != NULL; fetch = fetch->next) {
        if (strcmp(fetch->sha256, sha256) == 0)
            return true;
    }
    return false;
}

static void remove_fetch(struct image_cache *cache, const struct fetch *done)
{
    struct fetch **place = &cache->fetches;
    while (*place != done)
        place = &(*place)->next;
    *place = done->next;
}

enum status image_cache_fetch(struct image_cache *cache, struct store *store, const char *sha256, int *fd,
                              int64_t *size, struct error *error)
{
    enum status status = image_cache_find(cache, sha256, fd, size, error);
    if (status != STATUS_NOT_FOUND || !hex_is_sha256(sha256))
        return status;
    struct fetch fetch = {.sha256 = sha256};
    pthread_mutex_lock(&cache->lock);
    while (being_fetched(cache, sha256))
        pthread_cond_wait(&cache->fetched, &cache->lock);
    fetch.next = cache->fetches;
    cache->fetches = &fetch; /* cppcheck-suppress autoVariables ; taken out again below */
    pthread_mutex_unlock(&cache->lock);

    /* Whoever waited finds the file now. */
    status = image_cache_find(cache, sha256, fd, size, error);
    if (status == STATUS_NOT_FOUND) {
        status = fetch_file(cache, store, sha256, error);
        if (status == STATUS_OK)
            status = image_cache_find(cache, sha256, fd, size, error);
    }

    pthread_mutex_lock(&cache->lock);
    remove_fetch(cache, &fetch);
    pthread_cond_broadcast(&cache->fetched);
    pthread_mutex_unlock(&cache->lock);
    return status;
}

void image_cache_forget(struct image_cache *cache, const char *sha256)
{
    char path[PATH_SIZE];
    if (!hex_is_sha256(sha256))
        return;
    snprintf(path, sizeof path, "%s/%s", cache->directory, sha256);
    if (unlink(path) != 0 && errno != ENOENT)
        log_write(LOG_WARNING, "image_not_removed", "path", path, "message", strerror(errno), NULL);
}
