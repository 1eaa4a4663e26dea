/* The download path of stock firmware (the seed, section 3.2.3): who may fetch what, spoken to as IoT_Demo
 * does. */
#include "http_fixture.h"

#include <poll.h>

#define LAMP "00000000000000000000000000000000000000a1"   /* runs v1.0.0 */
#define NEWER "00000000000000000000000000000000000000a2"  /* runs v1.2.0 */
#define MUTE "00000000000000000000000000000000000000a3"   /* has said nothing */
#define OTHER "00000000000000000000000000000000000000a4"  /* of another product type */
#define LOCAL "00000000000000000000000000000000000000a5"  /* runs a version of class l */
#define CAPPED "00000000000000000000000000000000000000a6" /* its product ends below the current release */
#define ROM "/v1/device/rom/?action=download_rom&version="

static unsigned char image[256]; /* user2.bin of v1.1.0 */
static size_t image_size;

static int set_up_rom(void **state)
{
    set_up(state);
    make_catalogue();
    image_size = make_image(image, 2, 7);
    expect(upload_as(operator_, "v1.2.0t45772(a)", 8, 1), 201, "v1.2.0");
    expect(upload_as(operator_, "v1.3.0t45772(l)", 9, 1), 201, "v1.3.0");
    expect(post("/v1/products", admin,
                "{\"products\":[{\"name\":\"plug\",\"ptype\":7},{\"name\":\"old\",\"ptype\":45772}]}"),
           201, "created");
    expect(
        post(
            "/v1/devices", operator_,
            "{\"devices\":["
            "{\"id\":\"lamp\",\"ptype\":45772,\"product\":\"lamp\",\"version\":\"v1.0.0t45772(a)\",\"key\":\"" LAMP
            "\"},"
            "{\"id\":\"newer\",\"ptype\":45772,\"product\":\"lamp\",\"version\":\"v1.2.0t45772(a)\",\"key\":\"" NEWER
            "\"},"
            "{\"id\":\"mute\",\"ptype\":45772,\"product\":\"lamp\",\"key\":\"" MUTE "\"},"
            "{\"id\":\"local\",\"ptype\":45772,\"product\":\"lamp\",\"version\":\"v1.0.0t45772(l)\",\"key\":\"" LOCAL
            "\"},"
            "{\"id\":\"capped\",\"ptype\":45772,\"product\":\"old\",\"version\":\"v1.0.0t45772(a)\",\"key\":\"" CAPPED
            "\"},"
            "{\"id\":\"plug\",\"ptype\":7,\"key\":\"" OTHER "\"}]}"),
        201, "registered");
    expect(post("/v1/firmware/v1.1.0t45772(a)/current", operator_, ""), 200, "true");
    free(services_query(
        database,
        "UPDATE products SET max_version = 'v1.0.9', max_version_order = '109v' WHERE name = 'old'"));
    return 0;
}

static struct reply ask(const char *method, const char *path, const char *key, const char *headers)
{
    char lines[256];
    snprintf(lines, sizeof lines, "%s%s%s%s", key == NULL ? "" : "Authorization: token ",
             key == NULL ? "" : key, key == NULL ? "" : "\r\n", headers);
    return request(method, path, NULL, lines, NULL, 0);
}

static void expect_image(struct reply reply)
{
    assert_int_equal(reply.code, 200);
    assert_int_equal(reply.length, image_size);
    assert_memory_equal(reply.body, image, image_size);
    free(reply.body);
}

static void the_current_release_is_downloaded(void **state)
{
    (void)state;
    expect_image(ask("GET", ROM "v1.1.0t45772(a)&filename=user2.bin", LAMP, ""));
    expect_image(ask("GET", ROM "v1.1.0t45772%28a%29&filename=user2.bin", LAMP, ""));
    expect_image(ask("GET", "/v1/device/rom?filename=user2.bin&version=v1.1.0t45772(a)&action=download_rom",
                     LAMP, ""));
    struct reply reply = ask("GET", ROM "v1.1.0t45772(a)&filename=user1.bin", LAMP, "");
    assert_int_equal(reply.code, 200);
    assert_int_equal(reply.body[3], 1);
    free(reply.body);
    expect_image(ask("GET", ROM "v1.1.0t45772(a)&filename=user2.bin", MUTE, ""));
}

static void what_is_no_key_in_force_is_refused(void **state)
{
    (void)state;
    static const char path[] = ROM "v1.1.0t45772(a)&filename=user2.bin";
    char lines[128];
    struct reply reply = ask("GET", path, NULL, "");
    assert_string_equal(header(&reply, "WWW-Authenticate"), "token");
    expect_error(reply, 401, "unauthenticated", "");
    expect_error(ask("GET", path, "0000000000000000000000000000000000000000", ""), 401, "unauthenticated",
                 "Authorization");
    expect_error(ask("GET", path, "x", ""), 401, "unauthenticated", "Authorization");
    snprintf(lines, sizeof lines, "Authorization: Bearer %s\r\n", admin);
    expect_error(ask("GET", path, NULL, lines), 401, "unauthenticated", "");
    expect_error(ask("GET", "/v1/devices", LAMP, ""), 401, "unauthenticated", "");
}

static void an_owner_is_not_the_device(void **state)
{
    (void)state;
    char key[64];
    struct reply reply = post("/v1/devices/d01/key?kind=owner", operator_, "");
    assert_int_equal(sscanf(strstr(reply.body, "\"key\":\""), "\"key\":\"%63[^\"]", key), 1);
    free(reply.body);
    expect_error(ask("GET", ROM "v1.1.0t45772(a)&filename=user2.bin", key, ""), 403, "denied",
                 "Authorization");
}

static void a_revoked_key_downloads_nothing(void **state)
{
    (void)state;
    char key[64];
    struct reply reply = post("/v1/devices/d02/key", operator_, "");
    assert_int_equal(sscanf(strstr(reply.body, "\"key\":\""), "\"key\":\"%63[^\"]", key), 1);
    free(reply.body);
    expect_image(ask("GET", ROM "v1.1.0t45772(a)&filename=user2.bin", key, ""));
    expect(request("DELETE", "/v1/devices/d02/key", operator_, "", NULL, 0), 200, "master");
    expect_error(ask("GET", ROM "v1.1.0t45772(a)&filename=user2.bin", key, ""), 401, "unauthenticated",
                 "Authorization");
}

static void bad_questions_are_refused(void **state)
{
    (void)state;
    const struct {
        const char *path;
        int code;
        const char *word, *field;
    } cases[] = {
        {"/v1/device/rom/", 400, "invalid", "action"},
        {"/v1/device/rom/?action=upload_rom", 400, "invalid", "action"},
        {ROM "v1.1.0t45772(a)", 400, "invalid", "filename"},
        {ROM "v1.1.0t45772(a)&filename=boot.bin", 400, "invalid", "filename"},
        {ROM "v1.1.0t45772(a)&filename=user3.bin", 400, "invalid", "filename"},
        {ROM "v1.1.0t45772(a)&filename=../user2.bin", 400, "invalid", "filename"},
        {ROM "v1.1.0t45772(a)&filename=..%2Fuser2.bin", 400, "invalid", "filename"},
        {ROM "v1.1.0t45772(a)&filename=user2.bin%00", 400, "invalid", "filename"},
        {ROM "v1.1.0t45772(a)&filename=USER2.BIN", 400, "invalid", "filename"},
        {ROM "../../etc/passwd&filename=user2.bin", 400, "invalid", "version"},
        {"/v1/device/rom/?action=download_rom&filename=user2.bin", 400, "invalid", "version"},
        {ROM "v9.9.9t45772(a)&filename=user2.bin", 404, "not_found", "version"},
        {ROM "v1.1.0t45772(a)&filename=user2.bin&x=1", 400, "invalid", "x"},
        {ROM "v1.1.0t45772(a)&filename=user2.bin&version=v1.2.0t45772(a)", 400, "invalid", "version"},
        {"/v1/device/rom/?is_format_simple=maybe", 400, "invalid", "is_format_simple"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_error(ask("GET", cases[i].path, LAMP, ""), cases[i].code, cases[i].word, cases[i].field);
    expect_error(ask("POST", "/v1/device/rom/", LAMP, "Content-Length: 0\r\n"), 405, "invalid", "");
}

/* One target, in flight as the text says: a state and whether it is withdrawn. */
static void offer(const char *version, const char *device, const char *state, const char *withdrawn)
{
    char query[1024];
    snprintf(
        query, sizeof query,
        "WITH c AS (INSERT INTO campaigns (name, firmware_id, ptype, policy, seed, state, members, created_by) "
        "SELECT 'c' || gen_random_uuid(), firmware_id, ptype, '{}', 1, 'running', 1, 'test' FROM firmware "
        "WHERE version = '%s' RETURNING campaign_id, firmware_id), "
        "w AS (INSERT INTO waves (campaign_id, wave, name, members, %s) SELECT campaign_id, 0, 'all', 1, 1 FROM c) "
        "INSERT INTO targets (campaign_id, device_id, wave, position, state, attempt, nonce, deadline, withdrawn, "
        "from_version, to_version, firmware_id) SELECT campaign_id, '%s', 0, 1, '%s', 1, '0123456789abcdef', "
        "CASE WHEN '%s' IN ('offered', 'accepted', 'downloading') THEN now() + interval '1 hour' END, %s, "
        "'v1.0.0t45772(a)', '%s', firmware_id FROM c",
        version, state, device, state, state, withdrawn, version);
    free(services_query(database, query));
}

static void no_offer_is_left(void)
{
    free(services_query(database, "TRUNCATE targets, campaigns CASCADE"));
}

static void what_is_offered_is_downloaded_and_nothing_else(void **state)
{
    (void)state;
    static const char path[] = ROM "v1.2.0t45772(a)&filename=user2.bin";
    const struct {
        const char *device, *state, *withdrawn;
        int code;
    } cases[] = {
        {"lamp", "offered", "false", 200}, {"lamp", "downloading", "false", 200},
        {"lamp", "offered", "true", 403},  {"lamp", "confirmed", "false", 403},
        {"lamp", "pending", "false", 403}, {"d03", "offered", "false", 403},
    };
    expect_error(ask("GET", path, LAMP, ""), 403, "denied", "version");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        offer("v1.2.0t45772(a)", cases[i].device, cases[i].state, cases[i].withdrawn);
        struct reply reply = ask("GET", path, LAMP, "");
        if (reply.code != cases[i].code)
            fail_msg("%s %s: %d %s", cases[i].device, cases[i].state, reply.code, reply.body);
        free(reply.body);
        no_offer_is_left();
    }
    expect(ask("GET", path, LAMP, ""), 403, "is not offered to this device now");
}

static void other_products_and_classes_are_denied(void **state)
{
    (void)state;
    expect(ask("GET", ROM "v1.1.0t45772(a)&filename=user2.bin", OTHER, ""), 403, "another product type");
    offer("v1.3.0t45772(l)", "lamp", "offered", "false");
    expect(ask("GET", ROM "v1.3.0t45772(l)&filename=user2.bin", LAMP, ""), 403, "not for upgrades online");
    no_offer_is_left();
    expect(ask("GET", ROM "v1.1.0t45772(a)&filename=user2.bin", CAPPED, ""), 403,
           "is not the current release");
}

static void the_version_to_run_is_recommended(void **state)
{
    (void)state;
    static const char path[] = "/v1/device/rom/?is_format_simple=true";
    const struct {
        const char *key, *version;
    } cases[] = {
        {LAMP, "v1.1.0t45772(a)"},   /* the current release is newer */
        {NEWER, "v1.2.0t45772(a)"},  /* it is not */
        {MUTE, "v1.1.0t45772(a)"},   /* nothing is known */
        {LOCAL, "v1.0.0t45772(l)"},  /* never upgraded online */
        {CAPPED, "v1.0.0t45772(a)"}, /* not above its product's ceiling */
        {OTHER, ""},                 /* no release, and nothing is known */
    };
    char wanted[128];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(wanted, sizeof wanted, "{\"recommended_rom_version\": \"%s\"}", cases[i].version);
        struct reply reply = ask("GET", path, cases[i].key, "");
        assert_string_equal(reply.body, wanted);
        expect(reply, 200, wanted);
    }
    expect_error(ask("GET", path, NULL, ""), 401, "unauthenticated", "");
}

static void a_download_is_a_sign_of_life_but_no_connection(void **state)
{
    (void)state;
    static const char seen[] =
        "SELECT count(*) FROM devices JOIN presence USING (device_id) WHERE device_id = 'newer' "
        "AND activated_at IS NOT NULL AND last_seen IS NOT NULL AND NOT online";
    free(services_query(database, "UPDATE devices SET activated_at = NULL WHERE device_id = 'newer'"));
    assert_int_equal(services_query_integer(database, seen), 0);
    expect_image(ask("GET", ROM "v1.1.0t45772(a)&filename=user2.bin", NEWER, ""));
    assert_int_equal(services_query_integer(database, seen), 1);
}

/* Where signatures are required, a release whose last key was revoked is handed out no more. */
static void the_current_release_must_be_signed_where_that_is_required(void **state)
{
    (void)state;
    static const char path[] = ROM "v1.1.0t45772(a)&filename=user2.bin";
    free(services_query(database, "UPDATE products SET require_signature = true WHERE name = 'old'"));
    expect_error(ask("GET", path, LAMP, ""), 403, "denied", "version");
    expect(ask("GET", "/v1/device/rom/?is_format_simple=true", LAMP, ""), 200, "\"v1.0.0t45772(a)\"");
    expect(get("/v1/devices/lamp"), 200, "\"upgrade_to\" : null");
    expect_error(post("/v1/firmware/v1.2.0t45772(a)/current", operator_, ""), 409, "conflict", "version");
    free(services_query(database, "INSERT INTO public_keys (key_id, name, public_key, created_by) VALUES "
                                  "(repeat('a', 64), 'release', 'x', 'root')"));
    free(services_query(database,
                        "INSERT INTO firmware_signatures (firmware_id, key_id, signature, created_by) "
                        "SELECT firmware_id, repeat('a', 64), decode(repeat('00', 64), 'hex'), 'root' "
                        "FROM firmware WHERE version = 'v1.1.0t45772(a)'"));
    expect_image(ask("GET", path, LAMP, ""));
    expect(get("/v1/devices/lamp"), 200, "\"upgrade_to\" : \"v1.1.0t45772(a)\"");
    free(services_query(database, "UPDATE public_keys SET revoked_at = now()"));
    expect_error(ask("GET", path, LAMP, ""), 403, "denied", "version");
    free(services_query(database, "UPDATE products SET require_signature = false"));
    expect_image(ask("GET", path, LAMP, ""));
}

static void ranges_are_served_as_for_images(void **state)
{
    (void)state;
    static const char path[] = ROM "v1.1.0t45772(a)&filename=user2.bin";
    struct reply reply = ask("GET", path, LAMP, "Range: bytes=5-20\r\n");
    assert_int_equal(reply.code, 206);
    assert_int_equal(reply.length, 16);
    assert_memory_equal(reply.body, image + 5, 16);
    free(reply.body);
    expect_error(ask("GET", path, LAMP, "Range: bytes=5000-\r\n"), 416, "invalid", "Range");
}

/* All that the server sends until it closes. */
static size_t exchange(const char *text, char *answer, size_t size)
{
    size_t used = 0;
    int fd = dial();
    send_all(fd, text, strlen(text));
    for (ssize_t got; (got = recv(fd, answer + used, size - 1 - used, 0)) > 0;)
        used += (size_t)got;
    close(fd);
    answer[used] = '\0';
    return used;
}

static const char *const versions[] = {"1.0", "1.1"};
static const char *const ranges[] = {"", "Range: bytes=0-0\r\n", "Range: bytes=1-9\r\n",
                                     "Range: bytes=7-\r\n", "Range: bytes=16-\r\n"};

/* Stock firmware reads the CRC from the last segment, which must not be 1 to 3 bytes long: head and body
 * together are a multiple of 4, as the usual segment sizes are. */
static void an_answer_is_a_multiple_of_four_bytes(void **state)
{
    (void)state;
    char text[512], answer[2048];
    for (size_t v = 0; v < 2; v++) {
        for (size_t r = 0; r < sizeof ranges / sizeof ranges[0]; r++) {
            snprintf(text, sizeof text,
                     "GET " ROM
                     "v1.1.0t45772(a)&filename=user2.bin HTTP/%s\r\nHost: x\r\n%sConnection: close\r\n"
                     "Authorization: token " LAMP "\r\n\r\n",
                     versions[v], ranges[r]);
            size_t length = exchange(text, answer, sizeof answer);
            assert_non_null(strstr(answer, "\r\n\r\n"));
            assert_true(length > image_size - 20);
            if (length % 4 != 0)
                fail_msg("%zu bytes for %s: %s", length, ranges[r], answer);
        }
    }
}

/* The head with its empty line comes in one piece, and then the connection is closed. */
static void a_head_is_spelt_as_stock_firmware_reads_it(void **state)
{
    (void)state;
    char answer[2048], wanted[64];
    for (size_t v = 0; v < 2; v++) {
        char text[512];
        int fd = dial();
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        snprintf(text, sizeof text,
                 "HEAD " ROM "v1.1.0t45772(a)&filename=user2.bin HTTP/%s\r\nHost: x\r\nConnection: close\r\n"
                 "Authorization: token " LAMP "\r\n\r\n",
                 versions[v]);
        send_all(fd, text, strlen(text));
        assert_int_equal(poll(&wait, 1, 15000), 1);
        ssize_t got = recv(fd, answer, sizeof answer - 1, 0);
        assert_true(got > 4);
        answer[got] = '\0';
        assert_non_null(strstr(answer, " 200 OK\r\n"));
        snprintf(wanted, sizeof wanted, "\r\nContent-Length: %zu\r\n", image_size);
        assert_non_null(strstr(answer, wanted));
        assert_string_equal(answer + got - 4, "\r\n\r\n");
        assert_int_equal(((size_t)got + image_size) % 4, 0);
        assert_int_equal(recv(fd, answer, sizeof answer, 0), 0);
        close(fd);
    }
}

/* Stock firmware erases as many bytes of its other slot as the answer to HEAD says, whatever its status. */
static void expect_no_length(const char *path, const char *key, int code)
{
    struct reply reply = ask("HEAD", path, key, "");
    const char *length = header(&reply, "Content-Length");
    if (reply.code != code || length == NULL || strcmp(length, "0") != 0)
        fail_msg("%s: wanted %d with Content-Length: 0, got %s", path, code, reply.head);
    free(reply.body);
}

static void a_refused_head_says_no_length(void **state)
{
    (void)state;
    static const struct {
        const char *path, *key;
        int code;
    } cases[] = {
        {ROM "v1.1.0t45772(a)&filename=user2.bin", NULL, 401},
        {ROM "v1.1.0t45772(a)&filename=user2.bin", "0000000000000000000000000000000000000000", 401},
        {ROM "v1.1.0t45772(a)&filename=user2.bin", OTHER, 403},
        {ROM "v1.2.0t45772(a)&filename=user2.bin", LAMP, 403},
        {ROM "v9.9.9t45772(a)&filename=user2.bin", LAMP, 404},
        {ROM "v1.1.0t45772(a)&filename=user3.bin", LAMP, 400},
        {ROM "v1.1.0t45772(a)&filename=user2.bin&x=1", LAMP, 400},
        {"/v1/device/rom", LAMP, 400},
        {"/v1/device/rom/?is_format_simple=maybe", LAMP, 400},
        {"/v1/device/rpc/?deliver_to_device=true&action=sys_upgrade", LAMP, 405},
        {"/v1/device/rpc/", NULL, 405},
        /* what a wrong path of the firmware's author may lead to */
        {"/v1/device/ROM/?action=download_rom", LAMP, 404},
        {"/v1/images/x", NULL, 401},
        {"/v1/images/x?device=lamp&expires=1&signature=x", NULL, 403},
        {"/v1/devices", NULL, 401},
        {"/", LAMP, 404},
        {"/v1/firmware/v1.1.0t45772(a)/current", LAMP, 405},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_no_length(cases[i].path, cases[i].key, cases[i].code);
}

/* Not the image server's only: what else a device may ask is no image either. */
static void a_head_for_what_is_no_image_says_no_length(void **state)
{
    (void)state;
    expect_no_length("/v1/device/rom/?is_format_simple=true", LAMP, 200);
}

static void a_head_while_the_database_is_away_says_no_length(void **state)
{
    (void)state;
    static const char path[] = ROM "v1.1.0t45772(a)&filename=user2.bin";
    services_kill("postgres");
    for (int i = 0; i < 100; i++) { /* its backends outlive the postmaster for a moment */
        struct reply reply = ask("HEAD", path, LAMP, "");
        free(reply.body);
        if (reply.code != 200)
            break;
        usleep(50000);
    }
    expect_no_length(path, LAMP, 503);
    services_revive();
    expect_image(ask("GET", ROM "v1.1.0t45772(a)&filename=user2.bin", LAMP, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_current_release_is_downloaded),
        cmocka_unit_test(what_is_no_key_in_force_is_refused),
        cmocka_unit_test(an_owner_is_not_the_device),
        cmocka_unit_test(a_revoked_key_downloads_nothing),
        cmocka_unit_test(bad_questions_are_refused),
        cmocka_unit_test(what_is_offered_is_downloaded_and_nothing_else),
        cmocka_unit_test(other_products_and_classes_are_denied),
        cmocka_unit_test(the_version_to_run_is_recommended),
        cmocka_unit_test(a_download_is_a_sign_of_life_but_no_connection),
        cmocka_unit_test(the_current_release_must_be_signed_where_that_is_required),
        cmocka_unit_test(ranges_are_served_as_for_images),
        cmocka_unit_test(an_answer_is_a_multiple_of_four_bytes),
        cmocka_unit_test(a_head_is_spelt_as_stock_firmware_reads_it),
        cmocka_unit_test(a_refused_head_says_no_length),
        cmocka_unit_test(a_head_for_what_is_no_image_says_no_length),
        cmocka_unit_test(a_head_while_the_database_is_away_says_no_length),
    };
    return cmocka_run_group_tests(tests, set_up_rom, tear_down);
}
