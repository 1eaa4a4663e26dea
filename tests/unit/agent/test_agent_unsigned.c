/* Images that nobody has signed: a device with keys boots none of them, whatever a server sends and a command
 * asks for. */
#include "signed_world.h"

/* A really signed offer, for which the server has other bytes of the same length. */
static void given_wrong_bytes(char sha256[65])
{
    serve(2);
    memcpy(sha256, world.sha256[1], 65);
    static uint8_t wrong[sizeof world.image[1]];
    memcpy(wrong, world.image[1], sizeof wrong);
    serve(1);
    sign(V1, 7, "", 0);
    memcpy(world.image[1], wrong, sizeof wrong);
    offer(1, V1);
    run(1);
    assert_int_equal(count("\n" RESULT("failed", 1) ",\"reason\":\"hash_mismatch\""), 1);
}

static void wrong_bytes_are_not_run_by_their_hash(void **state)
{
    (void)state;
    char sha256[65];

    given_wrong_bytes(sha256);
    roll_back(2, V1, sha256, false);
    assert_int_equal(world.agent.running_slot, 1);
    then_rejected(2, "no_previous_image");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(wrong_bytes_are_not_run_by_their_hash, setup_with_keys, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
