/* Names of an enum: an array in the order of its values, as the X-macro lists make it. */
#ifndef BASE_NAMES_H
#define BASE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* Finds `text` among `count` names. False, and *index untouched, when it is none of them. */
bool name_find(const char *const *names, size_t count, const char *text, int *index);

#define NAME_COUNT(names) (sizeof(names) / sizeof((names)[0]))

#endif
