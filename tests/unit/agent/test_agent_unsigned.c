/* Images that nobody has signed: a device with keys boots none of them, whatever a server sends and a command
 * asks for. */
#include "roads.h"
#include "signed_world.h"

#define IT 1u /* seeds of images for slot 2, all of one length */
#define OTHER 2u
#define ANOTHER 3u

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

/* --- what the record knows of a slot, and what the slot holds --------------------------------------------
 */

/* Power fails at each operation with which a download into slot 2 begins: the record that notes the download
 * no longer knows the image, and the one that knows it notes no download. */
static void the_store_that_notes_a_download_forgets_the_image(void **state)
{
    enum { STORE = 3, CUTS = 5 }; /* erase, words, record; then two sectors are erased */
    char before[65];
    void *none = NULL;

    (void)state;
    for (uint32_t cut = 1; cut <= CUTS; cut++) {
        (void)setup_with_keys(&none);
        release(IT, 1, V1, 7); /* slot 2 */
        memcpy(before, world.sha256[1], sizeof before);
        release(ANOTHER, 2, V2, 7); /* slot 1 */
        assert_int_equal(world.agent.running_slot, 1);
        serve(OTHER);
        sign("v1.3.0t45772(a)", 7, "", 0);
        world.flash.cut_at = world.flash.operations + cut;
        offer(3, "v1.3.0t45772(a)");
        while (world.flash.operations < world.flash.cut_at) {
            if (world.http_wanted)
                answer_http();
            else
                step((struct fota_event){.type = FOTA_EVENT_TIME});
        }
        world.flash.cut_at = 0;
        boot(RESET_POWER_ON);
        const struct boot_record *record = &world.agent.journal.record;
        bool is_noted = cut > STORE;
        assert_int_equal(record->download.size != 0, is_noted);
        assert_int_equal(record->images[1].length == 0, is_noted);
        assert_int_equal(record->sequences[1], is_noted ? 0 : 7);
        roll_back(4, V1, before, false);
        assert_int_equal(world.agent.running_slot, is_noted ? 1 : 2);
        (void)teardown(&none);
    }
}

/* What came was right, and flash does not give it back: the slot holds no image any more. */
static void an_image_that_flash_does_not_give_back_is_spoiled(void **state)
{
    (void)state;
    uint32_t slot = world.platform.map->slot_address[1], first;

    sign(V1, 7, "", 0);
    offer(1, V1);
    while (!world.http_wanted || world.method != FOTA_HTTP_GET) {
        if (world.http_wanted)
            answer_http();
        else
            step((struct fota_event){.type = FOTA_EVENT_TIME});
    }
    world.http_wanted = false;
    step((struct fota_event){
        .type = FOTA_EVENT_HTTP_HEADERS,
        .http = {.status = 200, .content_length = world.length, .range_first = -1, .range_total = -1}});
    step((struct fota_event){
        .type = FOTA_EVENT_HTTP_DATA, .bytes = (const char *)world.image[1], .length = world.length});
    assert_true(flash_read(&world.flash, slot, &first, sizeof first));
    assert_int_equal(first & 0xFF, 0xEE); /* sealed */
    world.bad_reads.from = slot;
    world.bad_reads.to = slot + world.platform.map->slot_size;
    world.bad_reads.left = 1000;
    step((struct fota_event){.type = FOTA_EVENT_HTTP_END});
    world.bad_reads.left = 0;
    assert_int_equal(count("\n" RESULT("failed", 1) ",\"reason\":\"flash_error\""), 1);
    assert_true(flash_read(&world.flash, slot, &first, sizeof first));
    assert_int_equal(first, 0);
    offer(2, V1);
    run(1);
    assert_int_equal(world.agent.running_slot, 2);
}

/* --- the table of docs/signing.md ----------------------------------------------------------------------- */

static void put_into_slot_2(uint8_t first_byte)
{
    static _Alignas(4) uint8_t bytes[sizeof world.image[1]];
    uint32_t address = world.platform.map->slot_address[1];

    memcpy(bytes, world.image[1], world.length);
    bytes[0] |= first_byte;
    for (uint32_t at = 0; at < world.length; at += FOTA_SECTOR_SIZE)
        assert_true(flash_erase(&world.flash, address + at));
    assert_true(flash_program(&world.flash, address, bytes, world.length & ~3u));
}

/* What the server has now is what the record knows of slot 2. */
static void let_record_know(uint32_t sequence)
{
    struct boot_image *known = &world.agent.journal.record.images[1];
    struct image_scan scan;
    struct image_digest digest;

    image_scan_start(&scan, world.length);
    image_scan_add(&scan, world.image[1], world.length);
    assert_int_equal(image_scan_finish(&scan, 2, &digest), IMAGE_GOOD);
    *known = (struct boot_image){.length = world.length, .crc32 = digest.crc32, .version = V1};
    memcpy(known->sha256, digest.sha256, sizeof known->sha256);
    world.agent.journal.record.sequences[1] = sequence;
}

static void given(const struct road *road)
{
    struct boot_record *record = &world.agent.journal.record;

    serve(road->slot == ROAD_HOLDS_ANOTHER ? ANOTHER : IT);
    if (road->slot != ROAD_EMPTY)
        put_into_slot_2(road->slot == ROAD_SEALED ? 0x04 : 0);
    serve(road->known == ROAD_KNOWS_ANOTHER ? ANOTHER : IT);
    if (road->known != ROAD_KNOWS_NOTHING)
        let_record_know(road->known_sequence);
    record->floor = road->floor;
    assert_true(boot_journal_store(&world.agent.journal));
    boot(RESET_POWER_ON);
}

/* The server of the test answers in place of the endpoint: the agent sees no difference. */
static void push(const char *version)
{
    char text[FOTA_MESSAGE_SIZE];

    write_offer(text, 1, version);
    memcpy(world.agent.download.url, "http://h/i", sizeof "http://h/i");
    step((struct fota_event){
        .type = FOTA_EVENT_LOCAL_COMMAND, .bytes = text, .length = (uint32_t)strlen(text)});
}

static void when(const struct road *road)
{
    static uint8_t other[sizeof world.image[1]];
    char it[65];

    serve(OTHER);
    memcpy(other, world.image[1], sizeof other);
    serve(IT);
    memcpy(it, world.sha256[1], sizeof it);
    if (road->images == ROAD_SIGNED_FOR_ANOTHER)
        serve(ANOTHER);
    if (road->images >= ROAD_BY_ANOTHER_KEY)
        sign(V1, road->sequence, "", road->images == ROAD_BY_ANOTHER_KEY);
    if (road->sends_other)
        memcpy(world.image[1], other, sizeof other);
    if (road->command == ROAD_ROLLBACK)
        roll_back(1, V1, it, road->images != ROAD_NO_IMAGES);
    else if (road->command == ROAD_PUSH)
        push(V1);
    else
        offer(1, V1);
    run(1);
}

static void then_it_ends(const struct road *road, const char *line)
{
    bool downloads = strcmp(road->ends, ROAD_DOWNLOADS) == 0;
    bool runs = downloads || strcmp(road->ends, ROAD_RUNS) == 0;
    char reason[64];

    (void)snprintf(reason, sizeof reason, "\"reason\":\"%s\"", road->ends);
    bool is_said = runs || count(reason) > 0;
    if (road->command == ROAD_PUSH && !runs)
        is_said = strcmp(fota_reason_name(world.agent.local_reason), road->ends) == 0;
    if (world.agent.running_slot != (runs ? 2 : 1) || world.agent.state != AGENT_IDLE || !is_said ||
        world.images_written != downloads)
        fail_msg("%s\nslot %d runs, %u images were written; it said:\n%s", line, world.agent.running_slot,
                 world.images_written, world.reports);
}

/* Whatever was sent and is not what was signed: neither its hash nor a good image that breaks leads to it. */
static void then_nothing_leads_to_what_was_sent(const char *line)
{
    const uint32_t zero = 0;

    serve(OTHER);
    roll_back(2, V1, world.sha256[1], false);
    then_rejected(2, "no_previous_image");
    assert_true(flash_program(&world.flash, world.platform.map->slot_address[0], &zero, sizeof zero));
    if (boot_loader_run(&world.platform) != 0)
        fail_msg("%s\nit boots what was sent", line);
}

static void walk(const struct road *road, const char *line)
{
    const uint32_t zero = 0;
    void *none = NULL;

    (void)(road->keys ? setup_with_keys : setup)(&none);
    given(road);
    if (road->command == ROAD_BOOT) {
        assert_true(flash_program(&world.flash, world.platform.map->slot_address[0], &zero, sizeof zero));
        if (boot_loader_run(&world.platform) != (strcmp(road->ends, ROAD_RUNS) == 0 ? 2 : 0))
            fail_msg("%s", line);
    } else {
        when(road);
        then_it_ends(road, line);
        if (road->sends_other)
            then_nothing_leads_to_what_was_sent(line);
    }
    (void)teardown(&none);
}

static void every_road_ends_as_documented(void **state)
{
    char line[ROAD_LINE_SIZE];

    (void)state;
    for (size_t i = 0; i < ROADS; i++) {
        road_line(&roads[i], line);
        walk(&roads[i], line);
    }
}

/* The rows of the table, in its order; then it ends. */
static void the_documented_roads_are_these(void **state)
{
    char line[ROAD_LINE_SIZE], found[400];
    FILE *file = fopen("docs/signing.md", "r");

    (void)state;
    assert_non_null(file);
    do
        assert_non_null(fgets(found, sizeof found, file));
    while (strncmp(found, "| command | ", 12) != 0);
    assert_non_null(fgets(found, sizeof found, file)); /* the line under the head */
    for (size_t i = 0; i < ROADS; i++) {
        road_line(&roads[i], line);
        assert_non_null(fgets(found, sizeof found, file));
        found[strcspn(found, "\n")] = '\0';
        assert_string_equal(found, line);
    }
    assert_non_null(fgets(found, sizeof found, file));
    assert_string_equal(found, "\n");
    (void)fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(wrong_bytes_are_not_run_by_their_hash, setup_with_keys, teardown),
        cmocka_unit_test(the_store_that_notes_a_download_forgets_the_image),
        cmocka_unit_test_setup_teardown(an_image_that_flash_does_not_give_back_is_spoiled, setup_with_keys,
                                        teardown),
        cmocka_unit_test(every_road_ends_as_documented),
        cmocka_unit_test(the_documented_roads_are_these),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
