/* Up to when everything that devices said is stored, and when nobody could hear them: docs/architecture.md,
 * "Evidence". What an orchestrator says of itself to the others, through the database. */
#ifndef ENGINE_EVIDENCE_H
#define ENGINE_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "store.h"

enum {
    EVIDENCE_LEASE_SECONDS = 15, /* without a beat; then another orchestrator takes its place */
    EVIDENCE_OUTAGE_SECONDS = 3, /* in which no orchestrator was served by database and broker */
    EVIDENCE_LAG_SECONDS = 60,   /* an orchestrator that is further behind leaves the broker */
    /* For so long the broker is asked to drop one that is gone. MQTT's keep-alive (30 s, and half as much)
     * has ended its connections by then, and it makes no other ones without its lease. */
    EVIDENCE_EVICTION_SECONDS = 120,
    ORCHESTRATOR_ID_SIZE = 17
};

/* Which part was away. A trial that fails while only the image server was away has no excuse, and the other
 * way round; an orchestrator that is away knows of none (docs/protocol.md, "Outages"). */
enum evidence_part { PART_ORCHESTRATOR, PART_BROKER, PART_DATABASE };

/* As in outages.part. */
const char *evidence_part_name(enum evidence_part part);

/* A new id: 16 hexadecimal digits. */
void evidence_make_id(char id[ORCHESTRATOR_ID_SIZE]);

/* Takes part from now on; also again, after evidence_leave, or where a beat found no row. Before it connects
 * to the broker. `client_ids` are `count` ids of its connections with the broker. Where no orchestrator was
 * served until now, that was an outage of `part`, of *outage_seconds; else 0. STATUS_UNAVAILABLE where the
 * database is another one than before, and has not been taken (continuity_check). */
enum status evidence_join(struct store *store, const char *id, const char *const *client_ids, int count,
                          enum evidence_part part, double *outage_seconds, struct error *error) MUST_CHECK;

/* Renews the lease and reads the database's time, *moment, in microseconds. *member is false when another
 * orchestrator has taken its place; *others_expired when the lease of another one has
 * run out. *served is the moment of its last answered beat as the database has it, 0 when it has none. *same
 * is false where a member finds another database than before: it is to be taken first (continuity_check). */
enum status evidence_beat(struct store *store, const char *id, int64_t *moment, bool *member,
                          bool *others_expired, int64_t *served, bool *same, struct error *error) MUST_CHECK;

/* Database and broker have answered the beat of `moment`. STATUS_UNAVAILABLE as for evidence_join. */
struct evidence_served {
    int64_t moment;
    double since_last; /* seconds from before the last answered beat's moment to after this one's, by a clock
                          that never jumps; below 0: there was none in this process */
    bool broken;       /* the connections with the broker broke since then, or are the first */
    enum evidence_part part; /* that was away, should there have been an outage */
};

/* Records it, and the outage that it ends: an interval in which no orchestrator was served, or one in which
 * this one may have lost reports. *outage_seconds is the length of an outage of the whole service, 0 when
 * there was none. */
enum status evidence_serve(struct store *store, const char *id, const struct evidence_served *served,
                           double *outage_seconds, struct error *error) MUST_CHECK;

/* All is stored that the broker gave it before the beat of `moment`. */
enum status evidence_stored(struct store *store, const char *id, int64_t moment,
                            struct error *error) MUST_CHECK;

/* Its connections with the broker are broken. */
enum status evidence_broken(struct store *store, const char *id, struct error *error) MUST_CHECK;

/* Takes no reports any more. `comes_back`: its lease goes on. What it had not stored may be lost, and the
 * devices in flight are asked. */
enum status evidence_leave(struct store *store, const char *id, bool comes_back,
                           struct error *error) MUST_CHECK;

/* Takes the place of one orchestrator whose lease has run out. `evict` has the broker drop the connection
 * with a client id; while it says false the place is left as it is, for EVIDENCE_EVICTION_SECONDS at most.
 * The dead or frozen one's id, "" when there was none to take, goes to `taken`. */
enum status evidence_take_over(struct store *store, const char *id,
                               bool (*evict)(void *context, const char *client_id), void *context,
                               char taken[ORCHESTRATOR_ID_SIZE], struct error *error) MUST_CHECK;

#endif
