#include <stdlib.h>

#include "show.h"

#ifndef ORCHESTRATOR_VERSION
#define ORCHESTRATOR_VERSION "0.1.0"
#endif

static void print_versions(struct session *session, const json_t *fleet)
{
    show_part(session, json_object_get(fleet, "versions"), ">PTYPE|VERSION|>SLOT|>DEVICES|>ONLINE|>ON TRIAL",
              "ptype|version|slot|devices|online|on_trial");
}

static void print_campaigns(struct session *session, const json_t *fleet)
{
    show_part(session, json_object_get(fleet, "campaigns"),
              "LIVE CAMPAIGN|KIND|FIRMWARE|STATE|>DEVICES|>CONFIRMED|>FAILED|>IN FLIGHT|>LEFT",
              "name|kind|firmware|state|members|confirmed|failures|in_flight|pending");
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
    table_row(table, item, "@at|actor|action|object|reason");
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
