#include <stdlib.h>

#include "handlers.h"
#include "request.h"
#include "store_sql.h"

enum status handle_fleet_status(struct http_request *request, struct error *error)
{
    struct store_parameters parameters = {0};
    const struct http_options *options = &request->shared->options;
    char *gauges = options->gauges == NULL ? NULL : options->gauges(options->context);
    store_put_text(&parameters, gauges);
    enum status status = http_answer_query(request, &SQL_SHOW_FLEET_STATUS, &parameters, NULL, error);
    free(gauges);
    return status;
}

enum status handle_audit_list(struct http_request *request, struct error *error)
{
    struct store_parameters parameters = {0};
    return http_answer_page(request, &SQL_LIST_AUDIT, &parameters, error);
}
