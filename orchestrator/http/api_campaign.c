#include <stdlib.h>
#include <string.h>

#include "api_answer.h"
#include "api_new.h"
#include "api_request.h"
#include "handlers.h"
#include "policy_json.h"
#include "request.h"
#include "routes.h"
#include "store_sql.h"
#include "target_fsm.h"

static const char no_campaign[] = "campaign has the name";

enum status handle_campaign_list(struct http_request *request, struct error *error)
{
    struct store_parameters parameters = {0};
    return http_answer_page(request, &SQL_LIST_CAMPAIGNS, &parameters, error);
}

/* The policy as the engine reads it, defaults filled in, is a parameter of the query that shows the campaign:
 * so the defaults stand in one place. A stored policy that the engine cannot read is answered as null: the
 * campaign's tick_error says what is wrong with it, and must stay readable. */
static enum status answer_campaign(struct http_request *request, const char *name, struct error *error)
{
    struct store_parameters parameters = {0};
    struct policy policy;
    char *document;
    store_put_text(&parameters, name);
    enum status status = store_run_text(http_request_store(request), &SQL_FIND_CAMPAIGN_POLICY, &parameters,
                                        &request->arena, &document, error);
    if (status != STATUS_OK)
        return status;
    if (document == NULL)
        return http_answer_absent(request, no_campaign, error);
    bool is_valid = policy_json_parse(document, strlen(document), &policy, error) == STATUS_OK;
    char *effective = is_valid ? policy_json_format(&policy) : NULL;
    store_put_text(&parameters, effective);
    status = http_answer_query(request, &SQL_SHOW_CAMPAIGN, &parameters, no_campaign, error);
    free(effective);
    return status;
}

enum status handle_campaign_show(struct http_request *request, struct error *error)
{
    return answer_campaign(request, request->parameter, error);
}

enum status handle_campaign_create(struct http_request *request, struct error *error)
{
    struct api_campaign given;
    enum status status = http_request_content_type(request, "application/json", error);
    if (status == STATUS_OK)
        status = api_campaign_parse(request->body == NULL ? "" : request->body, request->body_length,
                                    &request->arena, &given, error);
    if (status != STATUS_OK)
        return status;
    struct campaign_new campaign = campaign_new_of(&given);
    status = operate_campaign_create(http_request_store(request), &request->actor, &campaign, error);
    if (status != STATUS_OK)
        return status;
    const struct http_options *options = &request->shared->options;
    if (options->wake != NULL)
        options->wake(options->context);
    status = answer_campaign(request, given.name, error);
    if (status == STATUS_OK)
        request->answer.code = 201;
    return status;
}

enum status handle_campaign_targets(struct http_request *request, struct error *error)
{
    struct store_parameters parameters = {0};
    char *policy;
    store_put_text(&parameters, request->parameter);
    enum status status = store_run_text(http_request_store(request), &SQL_FIND_CAMPAIGN_POLICY, &parameters,
                                        &request->arena, &policy, error);
    if (status == STATUS_OK && policy == NULL)
        status = http_answer_absent(request, no_campaign, error);
    if (status != STATUS_OK)
        return status;
    const char *state = http_request_query(request, "state");
    enum target_state known;
    if (state != NULL && !target_state_parse(state, &known))
        return error_set(error, STATUS_INVALID, "state", "is no state of a target; see docs/openapi.yaml");
    store_put_text(&parameters, state);
    status = http_query_put_number(request, "wave", &parameters, error);
    if (status != STATUS_OK)
        return status;
    return http_answer_page(request, &SQL_LIST_TARGETS, &parameters, error);
}

/* What the campaign is now, after a command; the ticker looks at it at once. */
static enum status read_done(struct http_request *request, struct api_command_done *done, struct error *error)
{
    const struct http_options *options = &request->shared->options;
    if (options->wake != NULL)
        options->wake(options->context);
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    char why[256] = "";
    store_put_text(&parameters, request->parameter);
    if (store_run(http_request_store(request), &SQL_FIND_CAMPAIGN_STATE, &parameters, &rows, error) !=
        STATUS_OK)
        return error->status;
    bool found = store_rows_count(rows) > 0;
    done->state = found ? arena_copy(&request->arena, store_rows_text(rows, 0, 0)) : "unknown";
    done->in_flight = found ? store_rows_integer(rows, 0, 1) : 0;
    store_rows_free(rows);
    http_request_ready(request, why, sizeof why, &done->broker);
    return STATUS_OK;
}

/* What pause and resume may be told; of other commands the engine refuses it. */
static enum status read_order(struct http_request *request, struct campaign_order *order, struct error *error)
{
    struct api_order given = {0};
    enum status status = STATUS_OK;
    if (request->body_length > 0)
        status = http_request_content_type(request, "application/json", error);
    if (status == STATUS_OK)
        status = api_order_parse(request->body, request->body_length, &request->arena, &given, error);
    order->reason = given.reason;
    order->only_plan = given.plan_only;
    order->accepts_no_success = given.accept_no_success;
    if (given.has_stop_downloads)
        order->downloads = given.stop_downloads ? DOWNLOADS_STOPPED : DOWNLOADS_KEPT;
    return status;
}

enum status handle_campaign_command(struct http_request *request, struct error *error)
{
    struct campaign_order order = {.command = (enum campaign_command)request->route->detail};
    struct campaign_done result;
    struct api_command_done done = {0};
    enum status status = read_order(request, &order, error);
    if (status == STATUS_OK)
        status = operate_campaign_order(http_request_store(request), &request->actor, request->parameter,
                                        &order, &result, error);
    if (status == STATUS_OK)
        status = read_done(request, &done, error);
    if (status == STATUS_OK) {
        done.changed = result.changed;
        done.plan = result.plan;
    }
    if (status == STATUS_OK)
        http_answer_json(request, 200, api_command_format(&request->arena, &done));
    return status;
}

enum status handle_campaign_approve(struct http_request *request, struct error *error)
{
    struct api_approval given = {0};
    struct api_command_done done = {0};
    int64_t missing = 0;
    enum status status = STATUS_OK;
    if (request->body_length > 0)
        status = http_request_content_type(request, "application/json", error);
    if (status == STATUS_OK)
        status = api_approval_parse(request->body, request->body_length, &request->arena, &given, error);
    if (status == STATUS_OK)
        status = operate_campaign_approve(http_request_store(request), &request->actor, request->parameter,
                                          given.wave, given.reason, &done.changed, &missing, error);
    if (status == STATUS_OK)
        status = read_done(request, &done, error);
    if (status == STATUS_OK)
        http_answer_json(request, 200,
                         api_approved_format(&request->arena, done.changed, done.state, missing));
    return status;
}
