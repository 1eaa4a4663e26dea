#include "names.h"

#include <string.h>

bool name_find(const char *const *names, size_t count, const char *text, int *index)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, names[i]) == 0) {
            *index = (int)i;
            return true;
        }
    }
    return false;
}
