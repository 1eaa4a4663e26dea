#include "rollback.h"

#include <stdio.h>
#include <stdlib.h>

#include "policy_json.h"
#include "store_sql.h"

enum status rollback_count(struct store *store, const struct campaign *campaign,
                           struct rollback_numbers *numbers, struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_integer(&parameters, campaign->number);
    if (store_run(store, &SQL_ROLLBACK_NUMBERS, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    snprintf(numbers->detail, sizeof numbers->detail, "%s", store_rows_text(rows, 0, 0));
    numbers->devices = store_rows_integer(rows, 0, 1);
    store_rows_free(rows);
    return STATUS_OK;
}

enum status rollback_make(struct store *store, const struct campaign *campaign, struct error *error)
{
    struct policy policy;
    policy_of_rollback(&campaign->policy, &policy);
    char *text = policy_json_format(&policy);
    struct store_parameters parameters = {0};
    store_put_integer(&parameters, campaign->number);
    store_put_text(&parameters, text);
    store_put_integer(&parameters, campaign->seed);
    struct store_rows *rows;
    enum status status = store_run(store, &SQL_ROLLBACK_CREATE, &parameters, &rows, error);
    free(text);
    if (status != STATUS_OK)
        return status;
    status = audit_add(store, ACTOR_ORCHESTRATOR, "create", store_rows_text(rows, 0, 1),
                       "takes the devices back", "{}", error);
    store_rows_free(rows);
    return status;
}

enum status rollback_to_targets(struct store *store, const struct campaign *rollback,
                                struct rollback_numbers *numbers, char *left_out, size_t size,
                                struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_integer(&parameters, rollback->number);
    store_put_integer(&parameters, rollback->parent);
    if (store_run(store, &SQL_PLAN_ROLLBACK, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    const char *words = store_rows_text(rows, 0, 2);
    snprintf(numbers->detail, sizeof numbers->detail, "%s", store_rows_text(rows, 0, 0));
    numbers->devices = store_rows_integer(rows, 0, 1);
    snprintf(left_out, size, "%s%s", words != NULL ? "; left out: " : "", words != NULL ? words : "");
    store_rows_free(rows);
    return STATUS_OK;
}
