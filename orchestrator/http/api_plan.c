#include "api_new.h"
#include "handlers.h"
#include "request.h"
#include "store_sql.h"

static const char no_plan[] = "plan (or not any more) has the number";

struct campaign_new campaign_new_of(const struct api_campaign *given)
{
    return (struct campaign_new){.name = given->name,
                                 .firmware = given->firmware,
                                 .from = given->from,
                                 .tags = given->tags,
                                 .devices = given->devices,
                                 .device_count = given->device_count,
                                 .select = given->select,
                                 .plan = given->plan,
                                 .policy_json = given->policy,
                                 .start = given->start,
                                 .seed = given->seed,
                                 .priority = given->priority,
                                 .overlap = given->overlap,
                                 .schedule = {.start_at = given->start_at,
                                              .end_at = given->end_at,
                                              .pauses_at_end = given->pauses_at_end}};
}

static enum status answer_plan(struct http_request *request, const char *number, struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_text(&parameters, number);
    return http_answer_query(request, &SQL_SHOW_PLAN, &parameters, no_plan, error);
}

enum status handle_plan_create(struct http_request *request, struct error *error)
{
    struct api_campaign given;
    int64_t plan = 0;
    enum status status = http_request_content_type(request, "application/json", error);
    if (status == STATUS_OK)
        status = api_plan_parse(request->body == NULL ? "" : request->body, request->body_length,
                                &request->arena, &given, error);
    if (status != STATUS_OK)
        return status;
    struct campaign_new campaign = campaign_new_of(&given);
    status = operate_plan_create(http_request_store(request), &request->actor, &campaign, &plan, error);
    if (status == STATUS_OK)
        status = answer_plan(request, arena_format(&request->arena, "%lld", (long long)plan), error);
    if (status == STATUS_OK)
        request->answer.code = 201;
    return status;
}

enum status handle_plan_show(struct http_request *request, struct error *error)
{
    return answer_plan(request, request->parameter, error);
}

static enum status check_plan(struct http_request *request, struct store_parameters *parameters,
                              struct error *error)
{
    char *found;
    store_put_text(parameters, request->parameter);
    enum status status = store_run_text(http_request_store(request), &SQL_PLAN_EXISTS, parameters,
                                        &request->arena, &found, error);
    if (status == STATUS_OK && found == NULL)
        status = http_answer_absent(request, no_plan, error);
    return status;
}

enum status handle_plan_devices(struct http_request *request, struct error *error)
{
    struct store_parameters parameters = {0};
    enum status status = check_plan(request, &parameters, error);
    if (status == STATUS_OK)
        status = http_query_put_number(request, "wave", &parameters, error);
    return status == STATUS_OK ? http_answer_page(request, &SQL_LIST_PLAN_DEVICES, &parameters, error)
                               : status;
}

enum status handle_plan_left_out(struct http_request *request, struct error *error)
{
    struct store_parameters parameters = {0};
    enum status status = check_plan(request, &parameters, error);
    store_put_text(&parameters, http_request_query(request, "reason"));
    return status == STATUS_OK ? http_answer_page(request, &SQL_LIST_PLAN_LEFT_OUT, &parameters, error)
                               : status;
}
