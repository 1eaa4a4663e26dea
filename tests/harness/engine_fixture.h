/* A campaign on a real database whose devices are the test itself: commands are caught at the publisher port,
 * reports go straight to ingest. */
#ifndef ENGINE_FIXTURE_H
#define ENGINE_FIXTURE_H

#include <stdint.h>

#include "engine.h"
#include "operate.h"
#include "store.h"

#define FIXTURE_VERSION "v1.1.0t45772(a)"

/* A canary of 2, then the rest; at most 4 in flight; offer 30 s, download 60 s, confirm 40 s, offline 100 s.
 */
#define FIXTURE_GATE                                                                                         \
    "'gate':{'type':'threshold','success_percent':90,'finished_percent':100,'failure_percent':20,'min_"      \
    "sample':1}"
#define FIXTURE_TWO_WAVES                                                                                    \
    "{'name':'p','waves':[{'name':'canary','size':{'count':2}," FIXTURE_GATE                                 \
    "},{'name':'wide','size':{'rest':true}," FIXTURE_GATE                                                    \
    "}],'rate':{'per_minute':600000},'in_flight':4,'timeouts':{'offer_seconds':30,'download_seconds':60,"    \
    "'confirm_seconds':40},'offline':{'wait_seconds':100,'then':'skip'}}"

struct fixture {
    char url[256];
    struct store *store;
    struct engine engine;
    struct actor actor;
    char last_topic[128];
    char last_payload[2200];
    int64_t updates, rollbacks, cancels, acks, asks; /* commands seen */
    long long report_age; /* of the reports to come: milliseconds for which they have waited; 0: none */
    bool broker_is_down;  /* then published messages are lost */
};

/* Fresh database, product lamp (45772), `devices` devices lamp-1.. online on v1.0.5, firmware v1.1.0
 * uploaded. */
struct fixture *fixture_make(int devices);
void fixture_release(struct fixture *fixture);

/* Creates and starts a campaign; `policy` is JSON with ' for ". */
void fixture_campaign(struct fixture *fixture, const char *name, const char *policy);
/* The same, and what the engine answered. */
enum status fixture_try_campaign(struct fixture *fixture, const char *name, const char *policy,
                                 struct error *error);

/* Creates it only. */
void fixture_draft(struct fixture *fixture, const char *name, const char *policy);

/* Ticks until nothing is left to do at once. */
void fixture_tick(struct fixture *fixture);
/* Ticks as if `seconds` had passed: deadlines, sendings, openings and the rate's ledger are moved back by so
 * much first. */
void fixture_later(struct fixture *fixture, int seconds);
/* The same, and nobody looks. */
void fixture_passes(struct fixture *fixture, int seconds);

void fixture_command(struct fixture *fixture, const char *campaign, enum campaign_command command);

/* One report of one device, as JSON with ' for "; %NONCE, %VERSION and %SHA stand for nonce and version of
 * the device's latest offer and the SHA-256 of the firmware's image for slot 2. */
void fixture_report(struct fixture *fixture, const char *device, const char *json);
/* The device takes the latest campaign's offer all the way, or up to a report's name. */
void fixture_updates_itself(struct fixture *fixture, const char *device);
void fixture_reports(struct fixture *fixture, const char *device, const char *report);

/* The first and the last device of the canary. */
void fixture_canary_devices(struct fixture *fixture, char first[65], char second[65]);
/* Every device that is offered something does it, until nothing moves any more. */
void fixture_everybody_updates(struct fixture *fixture);

/* Any statement. */
void fixture_sql(struct fixture *fixture, const char *sql);

/* Values from the database. */
int64_t fixture_integer(struct fixture *fixture, const char *sql);
void fixture_state_is(struct fixture *fixture, const char *campaign, const char *state);
int64_t fixture_targets(struct fixture *fixture, const char *state); /* over all campaigns */
/* Of one campaign, in the order of the devices' ids: "confirmed pending/queued ...". */
void fixture_targets_are(struct fixture *fixture, const char *campaign, const char *expected);
int64_t fixture_rejected(struct fixture *fixture, const char *kind);

#endif
