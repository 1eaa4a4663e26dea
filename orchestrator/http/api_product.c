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
