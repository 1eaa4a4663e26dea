#include "key_file.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "local_file.h"

static bool is_directory(const char *path)
{
    struct stat found;
    size_t length = strlen(path);
    return (length > 0 && path[length - 1] == '/') || (stat(path, &found) == 0 && S_ISDIR(found.st_mode));
}

static char *path_in(const char *directory, const char *name)
{
    char *path;
    size_t length = strlen(directory);
    const char *slash = length > 0 && directory[length - 1] == '/' ? "" : "/";
    if (asprintf(&path, "%s%s%s.bin", directory, slash, name) < 0)
        abort();
    return path;
}

enum status key_file_check(const char *path, struct error *error)
{
    if (!is_directory(path))
        return local_file_check_new(path, error);
    char *inside = path_in(path, "KEY");
    enum status status = local_file_check_new(inside, error);
    free(inside);
    return status;
}

enum status key_file_write(const char *path, const char *key, char **written, struct error *error)
{
    *written = is_directory(path) ? path_in(path, key) : strdup(path);
    if (*written == NULL)
        abort();
    return local_file_write(*written, (const unsigned char *)key, strlen(key), false, true, error);
}

enum status key_list_write(const char *path, const json_t *devices, struct error *error)
{
    char *text = NULL;
    size_t size = 0;
    size_t index;
    const json_t *device;
    FILE *stream = open_memstream(&text, &size);
    if (stream == NULL)
        abort();
    fputs("id,key\n", stream);
    json_array_foreach(devices, index, device)
    {
        fprintf(stream, "%s,%s\n", json_string_value(json_object_get(device, "id")),
                json_string_value(json_object_get(device, "key")));
    }
    if (fclose(stream) != 0)
        abort(); /* memory is exhausted */
    enum status status = local_file_write(path, (const unsigned char *)text, size, false, true, error);
    free(text);
    return status;
}
