#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "show.h"

enum exit_code run_product_create(struct session *session, const struct arguments *arguments)
{
    static const char *const texts[] = {"name", "description", "serial"};
    long long ptype = 0;
    if (!show_number(session, arguments, "ptype", 0, INT_MAX, &ptype))
        return EXIT_USAGE;
    json_t *product = json_pack("{sI si si}", "ptype", (json_int_t)ptype, "is_private",
                                arguments_value(arguments, "private") != NULL ? 1 : 0, "status",
                                arguments_value(arguments, "deployed") != NULL ? 2 : 1);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *value = arguments_value(arguments, texts[i]);
        if (value != NULL && json_object_set_new(product, texts[i], json_string(value)) != 0) {
            json_decref(product);
            return session_usage(session, "--%s is not UTF-8", texts[i]);
        }
    }
    json_t *body = json_pack("{s[o]}", "products", product);
    const char *name = arguments_value(arguments, "name");
    enum exit_code code =
        name != NULL
            ? show_post(session, "/v1/products", body, "product %s created for ptype %lld", name, ptype)
            : show_post(session, "/v1/products", body,
                        "product created for ptype %lld; its name is in: orchestratorctl product list",
                        ptype);
    json_decref(body);
    return code;
}

static void product_row(struct table *table, const json_t *item)
{
    table_row(table, item, "name|ptype");
    table_text(table, json_integer_value(json_object_get(item, "status")) == 2 ? "deployed" : "developing");
    table_text(table, json_integer_value(json_object_get(item, "is_private")) == 1 ? "yes" : "no");
    table_row(table, item, "devices|serial|description");
}

enum exit_code run_product_list(struct session *session, const struct arguments *arguments)
{
    return show_list(session, arguments, "/v1/products", "products",
                     "NAME|>PTYPE|STATUS|PRIVATE|>DEVICES|SERIAL|DESCRIPTION", product_row);
}
