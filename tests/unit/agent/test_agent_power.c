/* A power cut at every flash operation of an update, of a revert, and of a download that goes on afterwards.
 */
#include "agent_world.h"

/* The invariant: after a cut at any operation something whole boots, the offer sent again ends well, and what
 * is reported is what runs. */
static void sweep(bool healthy, uint32_t mapped)
{
    for (uint64_t cut = 1;; cut++) {
        void *none = NULL;
        (void)setup(&none);
        world.healthy = healthy;
        world.mapped = mapped;
        serve(1);
        uint64_t limit = world.flash.operations + cut;
        offer(1, "v1.1.0t45772(a)");
        world.flash.cut_at = 0;
        /* run() stops at a cut; so set it only for the flash. */
        while (world.flash.operations < limit &&
               !(world.agent.state == AGENT_IDLE && !world.http_wanted && !world.reboot_wanted &&
                 count(ATTEMPT("accepted", 1)) > 0 &&
                 (count("\n" ATTEMPT("confirmed", 1)) > 0 || count(ATTEMPT("reverted", 1)) > 0))) {
            world.flash.cut_at = limit;
            if (world.reboot_wanted)
                boot(RESET_SOFTWARE);
            else if (world.http_wanted)
                answer_http();
            else if (world.health_wanted) {
                world.health_wanted = false;
                step((struct fota_event){.type = FOTA_EVENT_HEALTH, .healthy = healthy});
            } else
                step((struct fota_event){.type = FOTA_EVENT_TIME});
        }
        bool was_cut = world.flash.operations >= limit;
        world.flash.cut_at = 0;
        boot(RESET_POWER_ON);
        offer(1, "v1.1.0t45772(a)");
        run(5);
        int slot = healthy ? 2 : 1;
        const char *end = healthy ? ATTEMPT("confirmed", 1) : ATTEMPT("reverted", 1);
        if (world.agent.running_slot != slot || count(end) == 0 || world.agent.state != AGENT_IDLE)
            fail_msg("cut at operation %llu: slot %d, reports:\n%s", (unsigned long long)cut,
                     world.agent.running_slot, world.reports);
        (void)teardown(&none);
        if (!was_cut) {
            assert_true(cut > 10);
            return;
        }
    }
}

static void power_may_fail_at_any_operation_of_an_update(void **state)
{
    (void)state;
    sweep(true, MAPPED);
}

static void power_may_fail_at_any_operation_of_a_revert(void **state)
{
    (void)state;
    sweep(false, MAPPED);
}

static void power_may_fail_at_any_operation_of_a_long_download(void **state)
{
    (void)state;
    sweep(true, 8 * FOTA_SECTOR_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(power_may_fail_at_any_operation_of_an_update),
        cmocka_unit_test(power_may_fail_at_any_operation_of_a_revert),
        cmocka_unit_test(power_may_fail_at_any_operation_of_a_long_download),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
