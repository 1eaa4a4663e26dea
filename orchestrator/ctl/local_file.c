#include "local_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum status local_file_read(const char *path, size_t limit, unsigned char **bytes, size_t *size,
                            struct error *error)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return error_set(error, STATUS_INVALID, NULL, "cannot open %s: %s", path, strerror(errno));
    unsigned char *read = malloc(limit + 1);
    if (read == NULL)
        abort();
    errno = 0;
    *size = fread(read, 1, limit + 1, file);
    enum status status = STATUS_OK;
    if (ferror(file))
        status = error_set(error, STATUS_INVALID, NULL, "cannot read %s: %s", path, strerror(errno));
    else if (*size > limit)
        status = error_set(error, STATUS_TOO_LARGE, NULL, "%s has more than %zu bytes: at most so many fit",
                           path, limit);
    fclose(file);
    if (status != STATUS_OK)
        free(read);
    else
        *bytes = read;
    return status;
}

static bool write_all(int descriptor, const unsigned char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(descriptor, bytes, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes += written;
        size -= (size_t)written;
    }
    return true;
}

/* As open() would give to a new file. */
static mode_t mode_of_new_files(void)
{
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

/* Makes the new name durable. What cannot be synchronised (some file systems) is left to the system. */
static void synchronize_directory(const char *path)
{
    char *copy = strdup(path);
    int directory = copy != NULL ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (directory >= 0) {
        (void)fsync(directory);
        close(directory);
    }
    free(copy);
}

/* Leaves errno as it was at the first failure. Closes the descriptor. */
static bool fill(int descriptor, const unsigned char *bytes, size_t size, bool secret)
{
    bool good = (secret || fchmod(descriptor, mode_of_new_files()) == 0) &&
                write_all(descriptor, bytes, size) && fsync(descriptor) == 0;
    int why = errno;
    if (close(descriptor) != 0 && good) {
        why = errno;
        good = false;
    }
    errno = why;
    return good;
}

/* A new file of a name that nobody has; -1 with `error` set. Release *temporary with free() in any case. */
static int make_beside(const char *path, char **temporary, struct error *error)
{
    if (asprintf(temporary, "%s.XXXXXX", path) < 0)
        abort();
    int descriptor = mkostemp(*temporary, O_CLOEXEC);
    if (descriptor < 0)
        error_set(error, STATUS_INVALID, NULL, "cannot write beside %s: %s", path, strerror(errno));
    return descriptor;
}

enum status local_file_check_new(const char *path, struct error *error)
{
    struct stat found;
    char *temporary;
    enum status status = STATUS_OK;
    if (lstat(path, &found) == 0)
        return error_set(error, STATUS_CONFLICT, NULL, "%s exists already, and is not replaced", path);
    int descriptor = make_beside(path, &temporary, error);
    if (descriptor < 0) {
        status = error->status;
    } else {
        unlink(temporary);
        close(descriptor);
    }
    free(temporary);
    return status;
}

enum status local_file_write(const char *path, const unsigned char *bytes, size_t size, bool replace,
                             bool secret, struct error *error)
{
    char *temporary;
    int descriptor = make_beside(path, &temporary, error);
    if (descriptor < 0) {
        free(temporary);
        return error->status;
    }
    bool good = fill(descriptor, bytes, size, secret);
    if (good)
        good = renameat2(AT_FDCWD, temporary, AT_FDCWD, path, replace ? 0 : RENAME_NOREPLACE) == 0;
    enum status status = STATUS_OK;
    if (!good && errno == EEXIST)
        status = error_set(error, STATUS_CONFLICT, NULL, "%s exists already", path);
    else if (!good)
        status = error_set(error, STATUS_INVALID, NULL, "cannot write %s: %s", path, strerror(errno));
    if (good)
        synchronize_directory(path);
    else
        unlink(temporary);
    free(temporary);
    return status;
}
