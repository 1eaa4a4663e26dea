/* Product types that Espressif gave out: a hint for whoever names a product. Any other number may be used. */
#ifndef CORE_KNOWN_PTYPES_H
#define CORE_KNOWN_PTYPES_H

#include <stddef.h>

struct known_ptype {
    int ptype;
    const char *name;
    const char *source; /* where the number stands: docs/products.md says more of each */
};

extern const struct known_ptype known_ptypes[]; /* by number */
extern const size_t known_ptype_count;

#endif
