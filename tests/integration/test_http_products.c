/* Products over HTTP: the seed's body, what is shown and changed, the scheme of versions, and ceilings. */
#include "release_form.h"

#include <pthread.h>

static struct reply patch(const char *product, const char *token, const char *body)
{
    char path[128];
    snprintf(path, sizeof path, "/v1/products/%s", product);
    return request("PATCH", path, token, "Content-Type: application/json\r\n", body, strlen(body));
}

static void expect_patch(const char *product, const char *body, bool changed)
{
    expect(patch(product, admin, body), 200, changed ? "\"changed\":true" : "\"changed\":false");
}

static void expect_product(const char *members)
{
    char body[512];
    snprintf(body, sizeof body, "{\"products\":[{%s}]}", members);
    expect(post("/v1/products/", admin, body), 201, "\"created\":1");
}

static void refuse_product(const char *members, int code, const char *word, const char *field)
{
    char body[512];
    snprintf(body, sizeof body, "{\"products\":[{%s}]}", members);
    expect_error(post("/v1/products/", admin, body), code, word, field);
}

static void expect_device(const char *id, const char *rest)
{
    char body[512];
    snprintf(body, sizeof body, "{\"devices\":[{\"id\":\"%s\",%s}]}", id, rest);
    expect(post("/v1/devices", operator_, body), 201, "1");
}

static void refuse_upload(const char *version, int code, const char *word, const char *part)
{
    begin(version);
    images(3);
    struct reply reply = upload();
    if (strstr(reply.body, part) == NULL)
        fail_msg("%s: %s", version, reply.body);
    expect_error(reply, code, word, "version");
}

static struct reply campaign(const char *name, const char *firmware, const char *from, bool start)
{
    char body[512];
    snprintf(body, sizeof body,
             "{\"name\":\"%s\",\"firmware\":\"%s\",\"from\":\"%s\",\"start\":%s,\"policy\":{\"name\":\"p\"}}",
             name, firmware, from, start ? "true" : "false");
    return post("/v1/campaigns", operator_, body);
}

/* --- what a product is --- */

static void the_seeds_body_works_as_printed(void **state)
{
    (void)state;
    expect(
        post(
            "/v1/products/", admin,
            "{\n  \"products\": [\n    {\n      \"name\": \"name\",\n      \"description\": \"description\",\n"
            "      \"serial\": \"serial\",\n      \"is_private\": 1,\n      \"ptype\": 27388,\n"
            "      \"status\": 1\n    }\n  ]\n}"),
        201, "\"created\":1");
    struct reply reply = get("/v1/products/name");
    static const char *const parts[] = {"\"description\" : \"description\"",
                                        "\"serial\" : \"serial\"",
                                        "\"is_private\" : 1",
                                        "\"ptype\" : 27388",
                                        "\"status\" : 1",
                                        "\"version_scheme\" : \"seed\"",
                                        "\"max_version\" : null",
                                        "\"require_signature\" : false"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        assert_non_null(strstr(reply.body, parts[i]));
    expect(reply, 200, "\"progress\" : 0");
    /* all the parameters are optional */
    expect(post("/v1/products/", admin, "{\"products\":[{},{\"is_private\":0}]}"), 201, "\"created\":2");
    refuse_product("\"serial\":\"serial\"", 409, "conflict", "products[0].serial");
    refuse_product("\"name\":\"name\"", 409, "conflict", "products[0].name");
}

static void a_product_is_shown_by_name_number_and_serial(void **state)
{
    (void)state;
    char path[64];
    expect_product("\"name\":\"ESP-light\",\"serial\":\"604e2cb5\",\"ptype\":100");
    expect_product("\"name\":\"604e2cb6\",\"ptype\":100");
    char *number = services_query(database, "SELECT product_id FROM products WHERE name = 'ESP-light'");
    snprintf(path, sizeof path, "/v1/products/%s", number);
    free(number);
    expect(get(path), 200, "\"name\" : \"ESP-light\"");
    expect(get("/v1/products/604e2cb5"), 200, "\"name\" : \"ESP-light\"");
    expect(get("/v1/products/ESP-light"), 200, "\"serial\" : \"604e2cb5\"");
    expect_error(get("/v1/products/none"), 404, "not_found", "product");
    expect_error(request("GET", "/v1/products/none", NULL, "", NULL, 0), 401, "unauthenticated", "");
    /* a name goes before another's serial */
    expect_patch("ESP-light", "{\"serial\":\"604e2cb6\"}", true);
    expect(get("/v1/products/604e2cb6"), 200, "\"name\" : \"604e2cb6\"");
}

static void a_product_counts_its_devices(void **state)
{
    (void)state;
    expect_product("\"name\":\"counted\",\"ptype\":101");
    expect_product("\"name\":\"beside\",\"ptype\":101");
    expect(get("/v1/products/counted"), 200, "\"devices\" : 0, \"activated\" : 0, \"progress\" : 0");
    expect_device("c1", "\"ptype\":101,\"product\":\"counted\",\"version\":\"v1.0.0t101(a)\"");
    expect_device("c2", "\"ptype\":101,\"product\":\"counted\",\"version\":\"v1.1.0t101(a)\"");
    expect_device("c3", "\"ptype\":101,\"product\":\"counted\"");
    expect_device("c4", "\"ptype\":101,\"product\":\"beside\",\"version\":\"v1.0.0t101(a)\"");
    expect(get("/v1/products/counted"), 200, "\"devices\" : 3, \"activated\" : 0, \"progress\" : 0");
    free(services_query(database,
                        "UPDATE devices SET activated_at = now() WHERE device_id IN ('c1', 'c3', 'c4')"));
    expect(get("/v1/products/counted"), 200, "\"devices\" : 3, \"activated\" : 2, \"progress\" : 66");
    expect(get("/v1/products/beside"), 200, "\"devices\" : 1, \"activated\" : 1, \"progress\" : 100");
    expect(get("/v1/products?limit=1000"), 200, "\"devices\" : 3, \"activated\" : 2, \"progress\" : 66");
    expect(get("/v1/products/counted"), 200, "\"releases\" : 0, \"current\" : null");
    expect_upload("v1.1.0t101(a)", 11);
    expect_upload("v1.2.0t101(a)", 12);
    expect(set_current(operator_, "v1.1.0t101(a)", ""), 200, "changed");
    expect(get("/v1/products/counted"), 200, "\"releases\" : 2, \"current\" : \"v1.1.0t101(a)\"");
    expect(
        get("/v1/products/counted"), 200,
        "\"versions\" : [{\"version\" : \"v1.1.0t101(a)\", \"devices\" : 1}, {\"version\" : \"v1.0.0t101(a)\", "
        "\"devices\" : 1}, {\"version\" : null, \"devices\" : 1}]");
}

/* --- changes --- */

static void a_product_is_changed_once(void **state)
{
    (void)state;
    static const char change[] =
        "{\"description\":\"new\",\"serial\":\"s-102\",\"is_private\":1,\"status\":2,"
        "\"max_version\":\"1.4.0\",\"require_signature\":true}";
    expect_product("\"name\":\"changed\",\"ptype\":102");
    expect_patch("changed", change, true);
    struct reply reply = get("/v1/products/s-102");
    assert_non_null(strstr(reply.body, "\"description\" : \"new\""));
    assert_non_null(strstr(reply.body, "\"is_private\" : 1"));
    assert_non_null(strstr(reply.body, "\"status\" : 2"));
    assert_non_null(strstr(reply.body, "\"max_version\" : \"v1.4.0\""));
    expect(reply, 200, "\"require_signature\" : true");
    reply = get("/v1/audit?limit=1");
    assert_non_null(strstr(reply.body, "\"action\" : \"set_product\", \"object\" : \"changed\""));
    assert_non_null(strstr(reply.body, "\"max_version\": {\"to\": \"v1.4.0\", \"from\": null}"));
    expect(reply, 200, "\"status\": {\"to\": 2, \"from\": 1}");
    long long audited = count("SELECT count(*) FROM audit");
    expect_patch("changed", change, false);
    expect_patch("changed", "{}", false);
    expect_patch("changed", "{\"version_scheme\":\"seed\"}", false);
    assert_int_equal(count("SELECT count(*) FROM audit"), audited);
    expect_patch("changed", "{\"serial\":null,\"max_version\":null,\"is_private\":0,\"require_signature\":0}",
                 true);
    reply = get("/v1/products/changed");
    assert_non_null(strstr(reply.body, "\"max_version\" : null"));
    assert_non_null(strstr(reply.body, "\"description\" : \"new\""));
    expect(reply, 200, "\"serial\" : null");
}

static void bad_changes_change_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int code;
        const char *word, *field;
    } cases[] = {
        {"{\"colour\":1}", 400, "invalid", "colour"},
        {"{\"name\":\"other\"}", 400, "invalid", "name"},
        {"{\"ptype\":1}", 400, "invalid", "ptype"},
        {"{\"status\":3}", 400, "invalid", "status"},
        {"{\"status\":0}", 400, "invalid", "status"},
        {"{\"status\":null}", 400, "invalid", "status"},
        {"{\"is_private\":2}", 400, "invalid", "is_private"},
        {"{\"require_signature\":\"yes\"}", 400, "invalid", "require_signature"},
        {"{\"description\":null}", 400, "invalid", "description"},
        {"{\"serial\":\"\"}", 400, "invalid", "serial"},
        {"{\"serial\":\"taken\"}", 409, "conflict", "serial"},
        {"{\"version_scheme\":\"pep440\"}", 400, "invalid", "version_scheme"},
        {"{\"max_version\":\"\"}", 400, "invalid", "max_version"},
        {"{\"max_version\":\"v1.10.0\"}", 400, "invalid", "max_version"},
        {"{\"max_version\":\"v1.4.0t103(a)\"}", 400, "invalid", "max_version"},
        {"{\"max_version\":\"1.4.0-rc.1\"}", 400, "invalid", "max_version"},
        {"{\"version_scheme\":\"semver\",\"max_version\":\"v1.4.0\"}", 400, "invalid", "max_version"},
        {"[]", 400, "invalid", ""},
        {"", 400, "invalid", ""},
    };
    expect_product("\"name\":\"kept\",\"ptype\":103,\"description\":\"as it was\"");
    expect_product("\"serial\":\"taken\",\"ptype\":103");
    char *before = services_query(database, "SELECT to_jsonb(p) FROM products p WHERE name = 'kept'");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_error(patch("kept", admin, cases[i].body), cases[i].code, cases[i].word, cases[i].field);
    expect_error(patch("kept", operator_, "{\"status\":2}"), 403, "denied", "");
    expect_error(patch("none", admin, "{\"status\":2}"), 404, "not_found", "product");
    struct reply reply = request("PUT", "/v1/products/kept", admin, "", "{}", 2);
    assert_string_equal(header(&reply, "Allow"), "GET, HEAD, PATCH");
    expect_error(reply, 405, "invalid", "");
    char *after = services_query(database, "SELECT to_jsonb(p) FROM products p WHERE name = 'kept'");
    assert_string_equal(after, before);
    free(before);
    free(after);
    assert_int_equal(count("SELECT count(*) FROM audit WHERE object = 'kept' AND action = 'set_product'"), 0);
    refuse_product("\"max_version\":\"v1.10.0\"", 400, "invalid", "products[0].max_version");
    refuse_product("\"version_scheme\":\"none\"", 400, "invalid", "products[0].version_scheme");
}

/* --- schemes --- */

static void a_ptype_has_one_scheme(void **state)
{
    (void)state;
    expect_product(
        "\"name\":\"semantic\",\"ptype\":110,\"version_scheme\":\"semver\",\"max_version\":\"9.0.0\"");
    refuse_product("\"ptype\":110", 409, "conflict", "products[0].version_scheme");
    expect_product("\"name\":\"semantic-2\",\"ptype\":110,\"version_scheme\":\"semver\"");
    expect_product("\"name\":\"of-the-seed\",\"ptype\":111");
    refuse_product("\"ptype\":111,\"version_scheme\":\"semver\"", 409, "conflict",
                   "products[0].version_scheme");
    /* all or nothing */
    expect_error(
        post(
            "/v1/products", admin,
            "{\"products\":[{\"name\":\"first\",\"ptype\":112},{\"ptype\":112,\"version_scheme\":\"semver\"}]}"),
        409, "conflict", "products[1].version_scheme");
    assert_int_equal(count("SELECT count(*) FROM ptypes WHERE ptype = 112"), 0);

    /* releases and devices are of the scheme of their products */
    refuse_upload("v1.0.0t110(a)", 400, "invalid", "scheme seed, the products of ptype 110 have semver");
    refuse_upload("1.0.0t111(a)", 400, "invalid", "scheme semver, the products of ptype 111 have seed");
    refuse_upload("1.0.0t119(a)", 400, "invalid", "no product has ptype 119");
    expect_error(post("/v1/devices", operator_,
                      "{\"devices\":[{\"id\":\"s1\",\"ptype\":111,\"version\":\"1.0.0t111(a)\"}]}"),
                 400, "invalid", "devices[0].version");
    expect_error(
        post(
            "/v1/devices", operator_,
            "{\"devices\":[{\"id\":\"s1\",\"ptype\":110,\"product\":\"semantic\",\"version\":\"1.0.0t111(a)\"}]}"),
        400, "invalid", "devices[0].version");

    /* the scheme changes for all products of the ptype, while nothing is written in it */
    expect_error(patch("semantic-2", admin, "{\"version_scheme\":\"seed\"}"), 409, "conflict",
                 "version_scheme");
    expect_patch("semantic", "{\"version_scheme\":\"seed\",\"max_version\":\"v9.0.0\"}", true);
    expect(get("/v1/products/semantic-2"), 200, "\"version_scheme\" : \"seed\"");
    expect_patch("semantic", "{\"max_version\":null}", true);
    expect_patch("semantic-2", "{\"version_scheme\":\"semver\"}", true);
    expect_device("s1", "\"ptype\":110,\"product\":\"semantic\"");
    expect_patch("semantic", "{\"version_scheme\":\"seed\"}", true); /* its version is not known yet */
    expect_patch("semantic", "{\"version_scheme\":\"semver\"}", true);
    expect_device("s2", "\"ptype\":110,\"product\":\"semantic\",\"version\":\"1.0.0-rc.1t110(a)\"");
    expect_error(patch("semantic", admin, "{\"version_scheme\":\"seed\"}"), 409, "conflict",
                 "version_scheme");
    expect_upload("v1.0.0t111(a)", 4);
    expect_error(patch("of-the-seed", admin, "{\"version_scheme\":\"semver\"}"), 409, "conflict",
                 "version_scheme");
}

static void semantic_releases_have_their_rivals(void **state)
{
    (void)state;
    expect_product("\"name\":\"rivalry\",\"ptype\":115,\"version_scheme\":\"semver\"");
    expect_upload("1.4.0-rc.1t115(a)", 30);
    expect_upload("1.4.0t115(a)", 31);
    refuse_upload("1.4.0t115(a)", 409, "conflict", "exists already");
    refuse_upload("1.4.0+b.2t115(o)", 409, "conflict", "cannot stand beside 1.4.0t115(a)");
    refuse_upload("1.4.0-01t115(a)", 400, "invalid", "without leading zeros");
    refuse_upload("1.4t115(a)", 400, "invalid", "MAJOR.MINOR.PATCH");
    refuse_upload("1.5.0-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaat115(a)", 400, "invalid",
                  "at most 63");
    refuse_upload("v1.10.0t115(a)", 400, "invalid", "one digit");
    begin("1.4.0+ft115(n)"); /* beside it one without FOTA */
    file("eagle.flash.bin", "whole", 5);
    expect(upload(), 201, "\"version\" : \"1.4.0+ft115(n)\"");
    begin("1.4.0+gt115(n)");
    file("eagle.flash.bin", "whole", 5);
    expect_error(upload(), 409, "conflict", "version");
    expect(get("/v1/firmware/1.4.0+ft115(n)"), 200, "\"ptype\" : 115");
    expect(get("/v1/firmware/1.4.0%2Bft115(n)"), 200, "\"ptype\" : 115");
    /* what a device could be upgraded to goes by precedence */
    expect_device("r1", "\"ptype\":115,\"version\":\"1.4.0-rc.1t115(a)\"");
    expect_device("r2", "\"ptype\":115,\"version\":\"1.10.0t115(a)\"");
    expect(set_current(operator_, "1.4.0t115(a)", ""), 200, "changed");
    expect(get("/v1/devices/r1"), 200, "\"upgrade_to\" : \"1.4.0t115(a)\"");
    expect(get("/v1/devices/r2"), 200, "\"upgrade_to\" : null");
    expect(get("/v1/devices?version=1.10.0t115(a)"), 200, "\"r2\"");
    /* rules are semver's */
    expect_error(campaign("bad-rule", "1.4.0t115(a)", ">=v1.0.0", false), 400, "invalid", "from");
    expect_error(campaign("bad-rule", "1.4.0t115(a)", ">=1.0", false), 400, "invalid", "from");
    expect_error(campaign("nobody", "1.4.0t115(a)", ">=1.4.0-rc.2", true), 409, "conflict", "campaign");
    expect(campaign("good-rule", "1.4.0t115(a)", ">=1.4.0-alpha <1.4.0", true), 201, "good-rule");
}

static void rules_of_semver_are_refused_for_the_seeds_versions(void **state)
{
    (void)state;
    expect_product("\"name\":\"seed-rules\",\"ptype\":116");
    expect_upload("v1.4.0t116(a)", 32);
    expect_error(campaign("bad-rule", "v1.4.0t116(a)", ">=1.0.0-rc.1", false), 400, "invalid", "from");
}

/* --- ceilings --- */

static void nothing_above_the_ceiling_is_stored_or_rolled_out(void **state)
{
    (void)state;
    expect_product("\"name\":\"capped\",\"ptype\":120,\"max_version\":\"v1.4.0\"");
    refuse_upload("v1.4.1t120(a)", 409, "conflict",
                  "above v1.4.0, the highest version that product capped takes");

    expect_upload("v1.4.0t120(a)", 40);
    expect_upload("b1.3.0t120(a)", 41);
    expect_device("k1", "\"ptype\":120,\"version\":\"v1.0.0t120(a)\"");
    expect(set_current(operator_, "v1.4.0t120(a)", ""), 200, "\"changed\":true");
    expect(get("/v1/devices/k1"), 200, "\"upgrade_to\" : \"v1.4.0t120(a)\"");
    /* set later, below what is there */
    expect_patch("capped", "{\"max_version\":\"b1.4.0\"}", true);
    expect(get("/v1/devices/k1"), 200, "\"upgrade_to\" : null");
    expect_error(campaign("above", "v1.4.0t120(a)", "", false), 409, "conflict", "firmware");
    expect(campaign("below", "b1.3.0t120(a)", "", false), 201, "below");
    expect(set_current(operator_, "v1.4.0t120(a)", ""), 200, "\"changed\":false"); /* as it is already */
    expect(set_current(operator_, "b1.3.0t120(a)", ""), 200, "\"changed\":true");
    expect_error(set_current(operator_, "v1.4.0t120(a)", ""), 409, "conflict", "version");
    expect_patch("capped", "{\"max_version\":null}", true);
    expect(set_current(operator_, "v1.4.0t120(a)", ""), 200, "\"changed\":true");
}

static void a_ceiling_of_semver_goes_by_precedence(void **state)
{
    (void)state;
    expect_product(
        "\"name\":\"semantic-cap\",\"ptype\":121,\"version_scheme\":\"semver\",\"max_version\":\"2.0.0-rc.2\"");
    refuse_upload("2.0.0t121(a)", 409, "conflict", "above 2.0.0-rc.2");
    refuse_upload("2.0.0-rc.10t121(a)", 409, "conflict", "above 2.0.0-rc.2");
    refuse_upload("10.0.0t121(a)", 409, "conflict", "above 2.0.0-rc.2");
    expect_upload("2.0.0-rc.2+b.9t121(a)", 42);
    expect_upload("1.99.0t121(a)", 43);
}

static void devices_of_the_capped_product_are_left_out(void **state)
{
    (void)state;
    expect_product("\"name\":\"free\",\"ptype\":122");
    expect_product("\"name\":\"held\",\"ptype\":122");
    expect_upload("v1.4.0t122(a)", 44);
    expect_upload("v1.5.0t122(a)", 45);
    expect_device("h1", "\"ptype\":122,\"product\":\"held\",\"version\":\"v1.0.0t122(a)\"");
    expect_device("f1", "\"ptype\":122,\"product\":\"free\",\"version\":\"v1.0.0t122(a)\"");
    expect_patch("held", "{\"max_version\":\"v1.4.0\"}", true);
    refuse_upload("v1.6.0t122(a)", 409, "conflict", "product held");
    static const char eligible[] =
        "SELECT string_agg(e.device_id, ' ' ORDER BY e.device_id) FROM firmware f, "
        "judged_devices(122, ARRAY['v1.0.0t122(a)'], '{}', '{}', NULL, f.firmware_id, '{}') e "
        "WHERE f.version = '%s' AND e.left_out IS NULL";
    char sql[400];
    snprintf(sql, sizeof sql, eligible, "v1.5.0t122(a)");
    char *devices = services_query(database, sql);
    assert_string_equal(devices, "f1");
    free(devices);
    snprintf(sql, sizeof sql, eligible, "v1.4.0t122(a)");
    devices = services_query(database, sql);
    assert_string_equal(devices, "f1 h1");
    free(devices);
    expect(campaign("some", "v1.5.0t122(a)", "", true), 201, "some");
    /* none of the products takes it */
    expect_patch("free", "{\"max_version\":\"v1.4.0\"}", true);
    expect_error(campaign("none", "v1.5.0t122(a)", "", false), 409, "conflict", "firmware");
}

/* --- two at once --- */

struct contender {
    char version[64];
    char body[4096];
    size_t length;
    struct reply reply;
    pthread_t thread;
};

static void *contend(void *context)
{
    struct contender *contender = context;
    contender->reply = request("POST", "/v1/firmware", operator_, FORM, contender->body, contender->length);
    return NULL;
}

static void prepare(struct contender *contender, const char *version)
{
    unsigned char image[256];
    snprintf(contender->version, sizeof contender->version, "%s", version);
    size_t used = add_part(contender->body, 0, "version", "", version, strlen(version));
    used = add_part(contender->body, used, "user1.bin", "; filename=\"a\"", image, make_image(image, 1, 9));
    used = add_part(contender->body, used, "user2.bin", "; filename=\"b\"", image, make_image(image, 2, 9));
    memcpy(contender->body + used, "--BOUND--\r\n", 11);
    contender->length = used + 11;
}

/* All at once: exactly one is taken, and the others are refused for `field`. */
static void race(struct contender *contenders, int number, void *(*run)(void *), const char *field)
{
    int taken = 0;
    for (int i = 0; i < number; i++)
        assert_int_equal(pthread_create(&contenders[i].thread, NULL, run, &contenders[i]), 0);
    for (int i = 0; i < number; i++) {
        pthread_join(contenders[i].thread, NULL);
        taken += contenders[i].reply.code == 201;
        if (contenders[i].reply.code != 201)
            expect_error(contenders[i].reply, 409, "conflict", field);
        else
            free(contenders[i].reply.body);
    }
    assert_int_equal(taken, 1);
}

static void of_two_rivals_exactly_one_is_stored(void **state)
{
    (void)state;
    enum { ROUNDS = 60 };
    static struct contender contenders[3];
    expect_product("\"name\":\"race\",\"ptype\":130");
    expect_product("\"name\":\"semantic-race\",\"ptype\":131,\"version_scheme\":\"semver\"");
    for (int round = 0; round < ROUNDS; round++) {
        char version[64];
        bool semver = round % 2 == 1;
        for (int i = 0; i < 3; i++) {
            if (semver)
                snprintf(version, sizeof version, "1.%d.0+%c%st131(a)", round, "xyz"[i], i == 2 ? ".7" : "");
            else
                snprintf(version, sizeof version, "%c1.%d.%dt130(%c)", "vbv"[i], round / 10, round % 10,
                         "aol"[i]);
            prepare(&contenders[i], version);
        }
        race(contenders, 3, contend, "version");
    }
    assert_int_equal(count("SELECT count(*) FROM firmware WHERE ptype IN (130, 131)"), ROUNDS);
    assert_int_equal(
        count("SELECT count(*) FROM audit WHERE action = 'upload_firmware' AND object ~ 't13[01]'"), ROUNDS);
}

static void *create_a_product(void *context)
{
    struct contender *contender = context;
    contender->reply = post("/v1/products", admin, contender->body);
    return NULL;
}

/* Two products of a new ptype at once, one of each scheme. */
static void of_two_schemes_exactly_one_is_taken(void **state)
{
    (void)state;
    enum { ROUNDS = 30 };
    static struct contender contenders[2];
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < 2; i++)
            snprintf(contenders[i].body, sizeof contenders[i].body,
                     "{\"products\":[{\"ptype\":%d,\"version_scheme\":\"%s\"}]}", 1000 + round,
                     i == 0 ? "seed" : "semver");
        race(contenders, 2, create_a_product, "products[0].version_scheme");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_seeds_body_works_as_printed),
        cmocka_unit_test(a_product_is_shown_by_name_number_and_serial),
        cmocka_unit_test(a_product_counts_its_devices),
        cmocka_unit_test(a_product_is_changed_once),
        cmocka_unit_test(bad_changes_change_nothing),
        cmocka_unit_test(a_ptype_has_one_scheme),
        cmocka_unit_test(semantic_releases_have_their_rivals),
        cmocka_unit_test(rules_of_semver_are_refused_for_the_seeds_versions),
        cmocka_unit_test(nothing_above_the_ceiling_is_stored_or_rolled_out),
        cmocka_unit_test(a_ceiling_of_semver_goes_by_precedence),
        cmocka_unit_test(devices_of_the_capped_product_are_left_out),
        cmocka_unit_test(of_two_rivals_exactly_one_is_stored),
        cmocka_unit_test(of_two_schemes_exactly_one_is_taken),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
