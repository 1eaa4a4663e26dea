#include "bytes.h"

#include <stdlib.h>
#include <string.h>

void bytes_put(struct bytes *bytes, const char *text, size_t length)
{
    if (bytes->size - bytes->length < length + 1) {
        size_t size = (bytes->length + length + 1) * 2;
        char *larger = realloc(bytes->text, size);
        if (larger == NULL)
            abort();
        bytes->text = larger;
        bytes->size = size;
    }
    memcpy(bytes->text + bytes->length, text, length);
    bytes->length += length;
    bytes->text[bytes->length] = '\0';
}

void bytes_release(struct bytes *bytes)
{
    free(bytes->text);
    memset(bytes, 0, sizeof *bytes);
}
