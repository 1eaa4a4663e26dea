#include <stdlib.h>
#include <string.h>

#include "campaign_fsm.h"
#include "handlers.h"
#include "policy_json.h"
#include "request.h"
#include "store_sql.h"

/* Of a campaign that is to be shown how it would go back. */
static enum status read_state(const struct store_rows *rows, const char *name, struct policy *policy,
                              enum campaign_state *state, struct error *error)
{
    if (store_rows_count(rows) == 0)
        return error_set(error, STATUS_NOT_FOUND, NULL, "no campaign has the name %s", name);
    if (strcmp(store_rows_text(rows, 0, 1), "rollback") == 0)
        return error_set(error, STATUS_CONFLICT, "campaign", "%s is itself a rollback", name);
    const char *document = store_rows_text(rows, 0, 0);
    if (campaign_state_parse(store_rows_text(rows, 0, 2), state) &&
        policy_json_parse(document, strlen(document), policy, error) == STATUS_OK)
        return STATUS_OK;
    return error_set(error, STATUS_INTERNAL, NULL, "the stored state or policy of campaign %s", name);
}

static enum status find_campaign(struct http_request *request, struct policy *policy,
                                 enum campaign_state *state, struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_text(&parameters, request->parameter);
    enum status status =
        store_run(http_request_store(request), &SQL_FIND_CAMPAIGN_ROLLBACK, &parameters, &rows, error);
    if (status != STATUS_OK)
        return status;
    status = read_state(rows, request->parameter, policy, state, error);
    store_rows_free(rows);
    return status;
}

enum status handle_rollback_plan(struct http_request *request, struct error *error)
{
    struct store_parameters parameters = {0};
    struct policy policy, rollback;
    enum campaign_state state = CAMPAIGN_DRAFT;
    enum status status = find_campaign(request, &policy, &state, error);
    if (status != STATUS_OK)
        return status;
    policy_of_rollback(&policy, &rollback);
    char *effective = policy_json_format(&rollback);
    store_put_text(&parameters, request->parameter);
    store_put_text(&parameters, effective);
    store_put_boolean(&parameters, campaign_edge_find(state, CAMPAIGN_EVENT_ROLLBACK) != NULL);
    status = http_answer_query(request, &SQL_SHOW_ROLLBACK_PLAN, &parameters, "campaign has the name", error);
    free(effective);
    return status;
}

enum status handle_rollback_devices(struct http_request *request, struct error *error)
{
    static const char *const ways[] = {"flip", "download", "none"};
    struct store_parameters parameters = {0};
    struct policy policy;
    enum campaign_state state = CAMPAIGN_DRAFT;
    bool known = false;
    enum status status = find_campaign(request, &policy, &state, error);
    if (status != STATUS_OK)
        return status;
    const char *way = http_request_query(request, "way");
    for (size_t i = 0; way != NULL && i < sizeof ways / sizeof ways[0]; i++)
        known = known || strcmp(way, ways[i]) == 0;
    if (way != NULL && !known)
        return error_set(error, STATUS_INVALID, "way", "allowed are flip, download and none");
    store_put_text(&parameters, request->parameter);
    store_put_text(&parameters, way);
    return http_answer_page(request, &SQL_LIST_ROLLBACK_DEVICES, &parameters, error);
}
