/* What the creation of a product and its changes share. */
#ifndef ENGINE_PRODUCT_H
#define ENGINE_PRODUCT_H

#include "store.h"
#include "version.h"

#define PRODUCT_TEXT_MAX 1000

/* NULL is fine. */
enum status product_check_text(const char *text, size_t low, size_t high, const char *field,
                               struct error *error) MUST_CHECK;

/* A product's max_version as it is stored: its canonical text, and its key. */
struct product_ceiling {
    char text[VERSION_TEXT_SIZE], order[VERSION_ORDER_SIZE];
    bool given; /* false: there is none */
};

enum status product_read_ceiling(const char *text, enum version_scheme scheme, const char *field,
                                 struct product_ceiling *ceiling, struct error *error) MUST_CHECK;

/* Puts text and key. */
void product_put_ceiling(struct store_parameters *parameters, const struct product_ceiling *ceiling);

/* NULL leaves *scheme as it is. */
enum status product_read_scheme(const char *text, const char *field, enum version_scheme *scheme,
                                struct error *error) MUST_CHECK;

#endif
