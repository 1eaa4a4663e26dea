/* Releases that must be signed: what devices are told of them, and what happens when the key goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine_fixture.h"
#include "manifest.h"
#include "services.h"
#include "signing.h"
#include "signing_key.h"

static struct error error;

struct signer {
    struct signing_key *key;
    char id[SHA256_HEX_SIZE];
};

static struct signer given_key(struct fixture *fixture, const char *name)
{
    struct signer signer;
    struct arena arena = {0};
    char *pem;
    assert_int_equal(signing_key_generate(&signer.key, &error), STATUS_OK);
    signing_key_id(signer.key, signer.id);
    assert_int_equal(signing_key_write_public(signer.key, &arena, &pem, &error), STATUS_OK);
    assert_int_equal(operate_key_register(fixture->store, &fixture->actor, name, pem, &error), STATUS_OK);
    arena_release(&arena);
    return signer;
}

/* As firmware sign makes it: from what the release has. */
static void manifest_of(struct fixture *fixture, const char *version, char text[MANIFEST_SIZE])
{
    struct manifest manifest = {.ptype = 45772, .version = version, .file_count = 2};
    char *sha256[2];
    for (int i = 0; i < 2; i++) {
        char sql[200];
        snprintf(sql, sizeof sql,
                 "SELECT sha256 FROM images JOIN firmware USING (firmware_id) "
                 "WHERE version = '%s' AND slot = %d",
                 version, i + 1);
        sha256[i] = services_query(fixture->url, sql);
        snprintf(sql, sizeof sql, "SELECT size FROM image_bytes WHERE sha256 = '%s'", sha256[i]);
        manifest.files[i] = (struct manifest_file){i == 0 ? "user1.bin" : "user2.bin",
                                                   services_query_integer(fixture->url, sql), sha256[i]};
    }
    manifest_format(&manifest, text);
    free(sha256[0]);
    free(sha256[1]);
}

static enum status sign(struct fixture *fixture, const struct signer *signer, const char *version)
{
    char text[MANIFEST_SIZE], digits[SIGNATURE_HEX_SIZE];
    unsigned char signature[SIGNATURE_SIZE];
    bool changed;
    manifest_of(fixture, version, text);
    assert_int_equal(signing_key_sign(signer->key, text, strlen(text), signature, &error), STATUS_OK);
    hex_format(digits, signature, sizeof signature);
    struct signature_document document = {text, signer->id, digits};
    return operate_signature_add(fixture->store, &fixture->actor, version, &document, &changed, &error);
}

static void revoke(struct fixture *fixture, const char *name)
{
    bool changed;
    assert_int_equal(operate_key_revoke(fixture->store, &fixture->actor, name, "lost", &changed, &error),
                     STATUS_OK);
}

static void require_signatures(struct fixture *fixture)
{
    fixture_sql(fixture, "UPDATE products SET require_signature = true");
}

static void offers_carry_the_newest_signatures_in_force(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    struct signer keys[4];
    static const char *const names[] = {"first", "second", "third", "fourth"};
    fixture_sql(fixture, "UPDATE firmware SET sequence = 0, requires = NULL");
    for (int i = 0; i < 4; i++) {
        keys[i] = given_key(fixture, names[i]);
        assert_int_equal(sign(fixture, &keys[i], FIXTURE_VERSION), STATUS_OK);
        signing_key_free(keys[i].key);
    }
    revoke(fixture, "fourth");
    fixture_campaign(fixture, "signed", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    char expected[400];
    char *third = services_query(fixture->url, "SELECT encode(signature, 'hex') FROM firmware_signatures "
                                               "JOIN public_keys USING (key_id) WHERE name = 'third'");
    char *second = services_query(fixture->url, "SELECT encode(signature, 'hex') FROM firmware_signatures "
                                                "JOIN public_keys USING (key_id) WHERE name = 'second'");
    snprintf(expected, sizeof expected, "\"manifest\":{\"sequence\":0,\"signatures\":[\"%s\",\"%s\"]}", third,
             second);
    assert_non_null(strstr(fixture->last_payload, expected));
    free(third);
    free(second);
    fixture_release(fixture);
}

static void a_release_without_signature_is_not_rolled_out_where_one_is_required(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(3);
    struct signer key = given_key(fixture, "release");
    fixture_campaign(fixture, "before", FIXTURE_TWO_WAVES);
    require_signatures(fixture);
    assert_int_equal(fixture_try_campaign(fixture, "none", FIXTURE_TWO_WAVES, &error), STATUS_CONFLICT);
    assert_string_equal(error.field, "firmware");
    assert_non_null(strstr(error.message, "product lamp requires one"));
    fixture_tick(fixture);
    fixture_state_is(fixture, "before", "halted");
    assert_int_equal(fixture->updates, 0);
    bool changed;
    assert_int_equal(operate_campaign_command(fixture->store, &fixture->actor, "before", CAMPAIGN_RESUME,
                                              NULL, &changed, &error),
                     STATUS_CONFLICT);
    assert_int_equal(sign(fixture, &key, FIXTURE_VERSION), STATUS_OK);
    fixture_command(fixture, "before", CAMPAIGN_RESUME);
    fixture_tick(fixture);
    fixture_everybody_updates(fixture);
    fixture_state_is(fixture, "before", "completed");
    signing_key_free(key.key);
    fixture_release(fixture);
}

static void the_last_key_s_revocation_halts_the_campaign(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(10);
    struct signer first = given_key(fixture, "first"), second = given_key(fixture, "second");
    require_signatures(fixture);
    assert_int_equal(sign(fixture, &first, FIXTURE_VERSION), STATUS_OK);
    assert_int_equal(sign(fixture, &second, FIXTURE_VERSION), STATUS_OK);
    fixture_campaign(fixture, "signed", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    char one[65], two[65];
    fixture_canary_devices(fixture, one, two);
    fixture_reports(fixture, one, "accepted");
    revoke(fixture, "first");
    fixture_tick(fixture);
    fixture_state_is(fixture, "signed", "running");
    int64_t offers = fixture->updates;
    revoke(fixture, "second");
    fixture_tick(fixture);
    fixture_state_is(fixture, "signed", "halted");
    assert_int_equal(fixture->updates, offers);
    assert_int_equal(fixture->cancels, 2);
    assert_int_equal(fixture_integer(fixture,
                                     "SELECT count(*) FROM audit WHERE action = 'halt' AND object = 'signed' "
                                     "AND reason LIKE 'v1.1.0t45772(a) has no signature by a key in "
                                     "force, and product lamp requires one'"),
                     1);
    fixture_later(fixture, 5);
    assert_int_equal(fixture->updates, offers);
    signing_key_free(first.key);
    signing_key_free(second.key);
    fixture_release(fixture);
}

static void a_rollback_carries_the_previous_release_s_manifest(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    struct signer key = given_key(fixture, "release");
    assert_int_equal(sign(fixture, &key, FIXTURE_VERSION), STATUS_OK);
    /* what the devices run was uploaded once, with a place of its own */
    fixture_sql(fixture,
                "INSERT INTO firmware (version, ptype, version_order, fota_class, notes, created_by, "
                "sequence) VALUES ('v1.0.5t45772(a)', 45772, '105v', 'a', '', 'test', 41)");
    fixture_sql(fixture,
                "INSERT INTO images (firmware_id, slot, sha256) SELECT (SELECT firmware_id FROM firmware "
                "WHERE version = 'v1.0.5t45772(a)'), slot, sha256 FROM images");
    assert_int_equal(sign(fixture, &key, "v1.0.5t45772(a)"), STATUS_CONFLICT); /* its sequence is 41 */
    assert_non_null(strstr(error.message, "line 4"));
    fixture_campaign(fixture, "there", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    fixture_everybody_updates(fixture);
    fixture_command(fixture, "there", CAMPAIGN_ROLLBACK);
    fixture_tick(fixture);
    assert_int_equal(fixture->rollbacks, 1);
    assert_non_null(strstr(fixture->last_payload, "\"manifest\":{\"sequence\":41,\"signatures\":[]}"));
    signing_key_free(key.key);
    fixture_release(fixture);
}

/* A signature of another key under this one's id is none, wherever it comes from. */
static void only_a_good_signature_by_a_known_key_is_stored(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    struct signer known = given_key(fixture, "known"), stranger;
    assert_int_equal(signing_key_generate(&stranger.key, &error), STATUS_OK);
    signing_key_id(stranger.key, stranger.id);
    assert_int_equal(sign(fixture, &stranger, FIXTURE_VERSION), STATUS_CONFLICT);
    assert_string_equal(error.field, "key_id");
    memcpy(stranger.id, known.id, sizeof stranger.id);
    assert_int_equal(sign(fixture, &stranger, FIXTURE_VERSION), STATUS_INVALID);
    assert_string_equal(error.field, "signature");
    assert_int_equal(fixture_integer(fixture, "SELECT count(*) FROM firmware_signatures"), 0);
    assert_int_equal(sign(fixture, &known, FIXTURE_VERSION), STATUS_OK);
    revoke(fixture, "known");
    assert_int_equal(sign(fixture, &known, FIXTURE_VERSION), STATUS_CONFLICT);
    assert_non_null(strstr(error.message, "key known was revoked"));
    signing_key_free(known.key);
    signing_key_free(stranger.key);
    fixture_release(fixture);
}

static void only_public_keys_are_registered(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    struct signing_key *key;
    struct arena arena = {0};
    char *pem;
    assert_int_equal(signing_key_generate(&key, &error), STATUS_OK);
    assert_int_equal(signing_key_write_private(key, NULL, &arena, &pem, &error), STATUS_OK);
    assert_int_equal(operate_key_register(fixture->store, &fixture->actor, "k", pem, &error), STATUS_INVALID);
    assert_string_equal(error.field, "public_key");
    assert_non_null(strstr(error.message, "PRIVATE"));
    assert_int_equal(operate_key_register(fixture->store, &fixture->actor, "k", "", &error), STATUS_INVALID);
    assert_int_equal(signing_key_write_public(key, &arena, &pem, &error), STATUS_OK);
    assert_int_equal(operate_key_register(fixture->store, &fixture->actor, "a b", pem, &error),
                     STATUS_INVALID);
    assert_string_equal(error.field, "name");
    assert_int_equal(operate_key_register(fixture->store, &fixture->actor, "k", pem, &error), STATUS_OK);
    assert_int_equal(operate_key_register(fixture->store, &fixture->actor, "l", pem, &error),
                     STATUS_CONFLICT);
    assert_string_equal(error.field, "public_key");
    bool changed;
    revoke(fixture, "k");
    assert_int_equal(operate_key_revoke(fixture->store, &fixture->actor, "k", "", &changed, &error),
                     STATUS_OK);
    assert_false(changed);
    assert_int_equal(operate_key_register(fixture->store, &fixture->actor, "k", pem, &error),
                     STATUS_CONFLICT);
    assert_int_equal(operate_key_revoke(fixture->store, &fixture->actor, "none", "", &changed, &error),
                     STATUS_NOT_FOUND);
    signing_key_free(key);
    arena_release(&arena);
    fixture_release(fixture);
}

/* A stepping stone is a release like any other: its key counts too. */
static void a_stepping_stone_without_a_signature_halts_too(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_make(1);
    fixture_sql(fixture,
                "INSERT INTO firmware (version, ptype, version_order, fota_class, created_by) VALUES "
                "('v1.0.8t45772(a)', 45772, '108v', 'a', 'tester');"
                "INSERT INTO images SELECT 2, slot, sha256 FROM images WHERE firmware_id = 1");
    struct signer goal = given_key(fixture, "goal"), stone = given_key(fixture, "stone");
    assert_int_equal(sign(fixture, &goal, FIXTURE_VERSION), STATUS_OK);
    assert_int_equal(sign(fixture, &stone, "v1.0.8t45772(a)"), STATUS_OK);
    require_signatures(fixture);
    fixture_sql(fixture, "UPDATE firmware SET requires = 'v1.0.8t45772(a)' WHERE firmware_id = 1");
    fixture_campaign(fixture, "c", FIXTURE_TWO_WAVES);
    fixture_tick(fixture);
    assert_non_null(strstr(fixture->last_payload, "v1.0.8t45772(a)"));
    revoke(fixture, "stone");
    fixture_tick(fixture);
    fixture_state_is(fixture, "c", "halted");
    bool changed;
    assert_int_equal(
        operate_campaign_command(fixture->store, &fixture->actor, "c", CAMPAIGN_RESUME, "", &changed, &error),
        STATUS_CONFLICT);
    signing_key_free(goal.key);
    signing_key_free(stone.key);
    fixture_release(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offers_carry_the_newest_signatures_in_force),
        cmocka_unit_test(a_release_without_signature_is_not_rolled_out_where_one_is_required),
        cmocka_unit_test(the_last_key_s_revocation_halts_the_campaign),
        cmocka_unit_test(only_a_good_signature_by_a_known_key_is_stored),
        cmocka_unit_test(only_public_keys_are_registered),
        cmocka_unit_test(a_rollback_carries_the_previous_release_s_manifest),
        cmocka_unit_test(a_stepping_stone_without_a_signature_halts_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
