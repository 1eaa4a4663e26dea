#include "api_answer.h"
#include "api_request.h"
#include "handlers.h"
#include "request.h"
#include "store_sql.h"

enum status handle_product_list(struct http_request *request, struct error *error)
{
    struct store_parameters parameters = {0};
    return http_answer_page(request, &SQL_LIST_PRODUCTS, &parameters, error);
}

enum status handle_product_create(struct http_request *request, struct error *error)
{
    struct api_products given;
    enum status status = http_request_content_type(request, "application/json", error);
    if (status == STATUS_OK)
        status = api_products_parse(request->body == NULL ? "" : request->body, request->body_length,
                                    &request->arena, &given, error);
    if (status != STATUS_OK)
        return status;
    struct product_new *products = arena_allocate_array(&request->arena, given.count, sizeof *products);
    for (size_t i = 0; i < given.count; i++) {
        const struct api_product *item = &given.items[i];
        products[i] = (struct product_new){.name = item->name,
                                           .description = item->description,
                                           .serial = item->serial,
                                           .is_private = item->is_private,
                                           .ptype = item->ptype,
                                           .status = item->status,
                                           .version_scheme = item->version_scheme,
                                           .max_version = item->max_version,
                                           .require_signature = item->require_signature};
    }
    status =
        operate_products_create(http_request_store(request), &request->actor, products, given.count, error);
    if (status == STATUS_OK)
        http_answer_json(request, 201, api_count_format(&request->arena, "created", (int64_t)given.count));
    return status;
}

enum status handle_product_show(struct http_request *request, struct error *error)
{
    struct store_parameters parameters = {0};
    int64_t number;
    enum status status =
        operate_product_find(http_request_store(request), request->parameter, &number, error);
    if (status != STATUS_OK)
        return status;
    store_put_integer(&parameters, number);
    return http_answer_query(request, &SQL_SHOW_PRODUCT, &parameters, "product has the name or number",
                             error);
}

static enum product_choice choice(bool given, bool value)
{
    if (!given)
        return PRODUCT_AS_IT_IS;
    return value ? PRODUCT_YES : PRODUCT_NO;
}

enum status handle_product_change(struct http_request *request, struct error *error)
{
    struct api_product_change given;
    int64_t number = 0;
    bool changed = false;
    enum status status = http_request_content_type(request, "application/json", error);
    if (status == STATUS_OK)
        status = api_product_change_parse(request->body == NULL ? "" : request->body, request->body_length,
                                          &request->arena, &given, error);
    if (status == STATUS_OK)
        status = operate_product_find(http_request_store(request), request->parameter, &number, error);
    if (status != STATUS_OK)
        return status;
    struct product_change change = {.description = given.description,
                                    .has_serial = given.has_serial,
                                    .serial = given.serial,
                                    .is_private = choice(given.has_is_private, given.is_private),
                                    .status = given.status,
                                    .version_scheme = given.version_scheme,
                                    .has_max_version = given.has_max_version,
                                    .max_version = given.max_version,
                                    .require_signature =
                                        choice(given.has_require_signature, given.require_signature)};
    status = operate_product_change(http_request_store(request), &request->actor, number, &change, &changed,
                                    error);
    if (status == STATUS_OK)
        http_answer_json(request, 200, api_product_format(&request->arena, changed, number));
    return status;
}
