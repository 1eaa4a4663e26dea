/* Selectors as the database reads them. */
#ifndef WIRE_SELECTOR_JSON_H
#define WIRE_SELECTOR_JSON_H

#include "arena.h"
#include "selector.h"

/* The groups as judged_devices() of the database takes them, one object each; NULL when every device is
 * selected. */
char *selector_json_format(const struct selector *selector, struct arena *arena);

#endif
