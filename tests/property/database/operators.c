/* What operators decide: policies, and what becomes of campaigns. */
#include <stdio.h>

#include "policy_json.h"
#include "random_policy.h"
#include "shifted_clock.h"
#include "sql.h"
#include "world.h"

enum { OFFER_MIN = 15, OFFER_MORE = 50, TIMEOUT_MORE = 30, OFFLINE_MIN = 200 }; /* seconds */

char *world_make_policy(uint64_t *random, bool is_lossless)
{
    struct policy policy;
    struct error error;
    do {
        random_policy(&policy, random);
        snprintf(policy.name, sizeof policy.name, "random");
        for (int i = 0; i < policy.wave_count; i++)
            snprintf(policy.waves[i].name, sizeof policy.waves[i].name, "w%d", i);
        if (policy.rate.per_minute > 0) { /* so low that it binds */
            policy.rate.per_minute = 1 + random_below(random, 10);
            policy.rate.ceiling_per_minute = policy.rate.growth_every > 0 ? 12 : 0;
        }
        policy.offline_wait_seconds = random_below(random, 300);
        if (is_lossless) { /* a device that connects again within a minute is in time */
            policy.offline_wait_seconds += OFFLINE_MIN;
            policy.offer_seconds = OFFER_MIN + random_below(random, OFFER_MORE);
            policy.download_seconds += TIMEOUT_MORE;
            policy.confirm_seconds += TIMEOUT_MORE;
        }
        policy.offline_then = (enum offline_then)random_below(random, 2);
        policy.on_halt = (enum on_halt)random_below(random, 2);
        if (random_below(random, 3) == 0)
            policy.flapping = (struct flapping_policy){2 + random_below(random, 2), 600, 100};
        if (random_below(random, 4) == 0)
            policy.approval = (struct approval_policy){1, random_below(random, 2) == 0, 1};
    } while (policy_validate(&policy, &error) != STATUS_OK);
    return policy_json_format(&policy);
}

static const char *const campaign_names[] = {"a", "b", "a.rollback", "b.rollback"};

static void note_refusal(struct world *world, enum status status, const struct error *error)
{
    bool usual = status == STATUS_OK || status == STATUS_CONFLICT || status == STATUS_NOT_FOUND ||
                 status == STATUS_INVALID; /* such as an approval that the policy does not want */
    if (!usual)
        world_break(world, error->message);
    world->counts->commands += status == STATUS_OK;
}

void world_create(struct world *world, int campaign)
{
    static const struct actor creator = {"creator", ROLE_ADMIN};
    const struct campaign_new new = {.name = campaign_names[campaign],
                                     .firmware = campaign == 0 ? FIRST_RELEASE : SECOND_RELEASE,
                                     .tags = campaign == 0 ? "a" : "b",
                                     .policy_json = world->policies[campaign],
                                     .priority = world->priorities[campaign],
                                     .overlap = world->overlaps[campaign],
                                     .start = true};
    struct error error = {0};
    world_let_go_on(world);
    enum status status = operate_campaign_create(world->operator, & creator, &new, &error);
    world->created[campaign] = status == STATUS_OK;
    world->counts->campaigns += status == STATUS_OK;
    note_refusal(world, status, &error);
}

void world_command(struct world *world, const char *campaign, enum campaign_command command)
{
    static const struct actor actor = {"somebody", ROLE_ADMIN};
    struct error error = {0};
    bool changed;
    shifted_trace("command %d to %s", (int)command, campaign);
    world_let_go_on(world);
    enum status status =
        operate_campaign_command(world->operator, & actor, campaign, command, "", &changed, &error);
    world->counts->pauses += changed && command == CAMPAIGN_PAUSE;
    note_refusal(world, status, &error);
}

void world_approve(struct world *world, const char *campaign)
{
    static const struct actor actor = {"approver", ROLE_ADMIN};
    static const char *const waves[] = {NULL, "w0"};
    struct error error = {0};
    bool changed;
    int64_t missing;
    world_let_go_on(world);
    for (int i = 0; i < 2; i++)
        note_refusal(world,
                     operate_campaign_approve(world->operator, & actor, campaign, waves[i], "", &changed,
                                              &missing, &error),
                     &error);
}

void world_operate(struct world *world)
{
    static const enum campaign_command commands[] = {CAMPAIGN_PAUSE,  CAMPAIGN_PAUSE,   CAMPAIGN_PAUSE,
                                                     CAMPAIGN_RESUME, CAMPAIGN_RESUME,  CAMPAIGN_RESUME,
                                                     CAMPAIGN_CANCEL, CAMPAIGN_ROLLBACK};
    uint64_t *random = &world->random;
    int choice = random_below(random, 10);
    const char *campaign = campaign_names[random_below(random, random_below(random, 4) == 0 ? 4 : 2)];
    bool seldom = choice == 6 || choice == 7; /* they end it */
    if (!world_has(world, PART_COMMANDS) || (seldom && random_below(random, 6) != 0))
        return;
    if (choice >= 8)
        world_approve(world, campaign);
    else
        world_command(world, campaign, commands[choice]);
}
