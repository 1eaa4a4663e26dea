#include <stdlib.h>

#include "show.h"

#ifndef ORCHESTRATOR_VERSION
#define ORCHESTRATOR_VERSION "0.1.0"
#endif

static void print_versions(struct session *session, const json_t *fleet)
{
    size_t index;
    json_t *item;
    struct table *table = table_create(">PTYPE|VERSION|>SLOT|>DEVICES|>ONLINE|>ON TRIAL");
    json_array_foreach(json_object_get(fleet, "versions"), index, item)
    {
        table_member(table, item, "ptype");
        table_member(table, item, "version");
        table_member(table, item, "slot");
        table_member(table, item, "devices");
        table_member(table, item, "online");
        table_member(table, item, "on_trial");
    }
    fputc('\n', session->out);
    table_print(table, session->out);
    table_free(table);
}

static void print_campaigns(struct session *session, const json_t *fleet)
{
    size_t index;
    json_t *item;
    struct table *table =
        table_create("LIVE CAMPAIGN|KIND|FIRMWARE|STATE|>DEVICES|>CONFIRMED|>FAILED|>IN FLIGHT|>LEFT");
    json_array_foreach(json_object_get(fleet, "campaigns"), index, item)
    {
        table_member(table, item, "name");
        table_member(table, item, "kind");
        table_member(table, item, "firmware");
        table_member(table, item, "state");
        table_member(table, item, "members");
        table_member(table, item, "confirmed");
        table_member(table, item, "failures");
        table_member(table, item, "in_flight");
        table_member(table, item, "pending");
    }
    if (index > 0) {
        fputc('\n', session->out);
        table_print(table, session->out);
    }
    table_free(table);
}

static void print_rejected(struct session *session, const json_t *fleet)
{
    const char *kind;
    json_t *count;
    struct table *table = table_create("REFUSED REPORTS|>COUNT");
    json_object_foreach(json_object_get(fleet, "rejected_reports"), kind, count)
    {
        if (json_integer_value(count) == 0)
            continue;
        table_text(table, kind);
        table_number(table, json_integer_value(count));
    }
    fputc('\n', session->out);
    table_print(table, session->out);
    table_free(table);
}

enum exit_code run_fleet_status(struct session *session, const struct arguments *arguments)
{
    json_t *fleet;
    (void)arguments;
    enum exit_code code = show_fetch(session, "/v1/fleet/status", &fleet);
    if (fleet == NULL)
        return code;
    table_print_members(session->out, fleet, "Devices=devices|Online=online");
    print_versions(session, fleet);
    print_campaigns(session, fleet);
    print_rejected(session, fleet);
    json_decref(fleet);
    return EXIT_DONE;
}

static void audit_row(struct table *table, const json_t *item)
{
    table_time(table, item, "at");
    table_member(table, item, "actor");
    table_member(table, item, "action");
    table_member(table, item, "object");
    table_member(table, item, "reason");
}

enum exit_code run_audit_list(struct session *session, const struct arguments *arguments)
{
    return show_list(session, arguments, "/v1/audit", "audit", "AT (UTC)|WHO|ACTION|OBJECT|REASON",
                     audit_row);
}

enum exit_code run_version(struct session *session, const struct arguments *arguments)
{
    (void)arguments;
    if (session->json)
        fprintf(session->out, "{\"version\": \"%s\"}\n", ORCHESTRATOR_VERSION);
    else
        fprintf(session->out, "orchestratorctl %s\n", ORCHESTRATOR_VERSION);
    return EXIT_DONE;
}
