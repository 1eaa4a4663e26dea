/* The upload of releases over HTTP: their files and names, and every refusal. */
#include "release_form.h"

static void all_files_and_names_are_stored_and_shown(void **state)
{
    (void)state;
    make_catalogue();
    begin("v1.2.0" PTYPE "(a)");
    text("corename", "nonos-2.0.0");
    text("codename", "gr\xc3\xbcn");
    images(20);
    file("boot_v1.7.bin", "\x00\x01\r\n--BOUN\xff", 11);
    file("README", "read me", 7);
    struct reply reply = upload();
    assert_non_null(strstr(reply.body, "\"corename\" : \"nonos-2.0.0\""));
    assert_non_null(strstr(reply.body, "\"codename\" : \"gr\xc3\xbcn\""));
    assert_non_null(strstr(reply.body, "\"current\" : false"));
    const char *first = strstr(reply.body, "\"name\" : \"user1.bin\"");
    const char *second = strstr(reply.body, "\"name\" : \"user2.bin\"");
    const char *third = strstr(reply.body, "\"name\" : \"README\"");
    const char *fourth = strstr(reply.body, "\"name\" : \"boot_v1.7.bin\"");
    assert_true(first != NULL && first < second && second < third && third < fourth);
    expect(reply, 201, "\"size\" : 11");
    expect(get("/v1/firmware"), 200, "\"name\" : \"README\"");

    /* a further file is fetched as an image is */
    char path[128];
    char *sha = services_query(database, "SELECT sha256 FROM firmware_files WHERE name = 'boot_v1.7.bin'");
    snprintf(path, sizeof path, "/v1/images/%s", sha);
    expect_error(request("GET", path, NULL, "", NULL, 0), 401, "unauthenticated", "");
    reply = request("HEAD", path, viewer, "", NULL, 0);
    assert_int_equal(reply.code, 200);
    assert_string_equal(header(&reply, "Content-Length"), "11");
    free(reply.body);
    reply = request("GET", path, viewer, "Range: bytes=1-\r\n", NULL, 0);
    assert_int_equal(reply.code, 206);
    assert_memory_equal(reply.body, "\x01\r\n--BOUN\xff", 10);
    free(reply.body);
    free(sha);
}

static void ten_files_are_the_most(void **state)
{
    (void)state;
    make_catalogue();
    for (int files = 10; files <= 14; files++) {
        begin("v1.3.0" PTYPE "(o)");
        text("notes", "");
        text("corename", "c");
        text("codename", "d");
        text("current", "false");
        images(30);
        for (int i = 2; i < files; i++) {
            char name[32];
            snprintf(name, sizeof name, "file-%d", i);
            file(name, name, strlen(name));
        }
        if (files == 10)
            expect(upload(), 201, "\"name\" : \"file-9\"");
        else
            expect(upload(), 400,
                   files <= 13 ? "a release has at most 10 files; these are 1" : "more than 18 parts");
    }
    assert_int_equal(count("SELECT count(*) FROM firmware_files WHERE name = 'file-2'"), 1);
}

static void a_file_has_at_most_a_mebibyte(void **state)
{
    (void)state;
    enum { MEBIBYTE = 1 << 20 };
    make_catalogue();
    char *bytes = calloc(1, MEBIBYTE + 1);
    begin("v1.4.0" PTYPE "(a)");
    images(40);
    file("data.bin", bytes, MEBIBYTE + 1);
    expect_error(upload(), 413, "too_large", "data.bin");
    begin("v1.4.0" PTYPE "(a)");
    images(40);
    file("empty.bin", "", 0);
    expect_error(upload(), 400, "invalid", "empty.bin");
    assert_int_equal(count("SELECT count(*) FROM firmware WHERE version_order = '140v'"), 0);
    /* ten of the largest */
    begin("v1.4.0" PTYPE "(n)");
    file("eagle.flash.bin", bytes, MEBIBYTE);
    for (int i = 1; i < 10; i++) {
        char name[32];
        snprintf(name, sizeof name, "file-%d", i);
        bytes[0] = (char)i;
        file(name, bytes, MEBIBYTE);
    }
    expect(upload(), 201, "\"size\" : 1048576");
    free(bytes);
}

static void bad_names_are_refused(void **state)
{
    (void)state;
    static const char sixty_five[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    static const char *const names[] = {"..",     ".",   "../evil", "a/b",       "/etc/passwd",
                                        "a\\\\b", "a b", "",        "b\xc3\xbc", sixty_five};
    make_catalogue();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        begin("v1.5.0" PTYPE "(a)");
        images(50);
        file(names[i], "x", 1);
        expect(upload(), 400, "is no name for a file");
    }
    begin("v1.5.0" PTYPE "(a)");
    images(50);
    file("notes", "x", 1); /* a text's name */
    expect_error(upload(), 400, "invalid", "notes");
    begin("v1.5.0" PTYPE "(a)");
    images(50);
    file("user1.bin", "x", 1);
    expect_error(upload(), 400, "invalid", "user1.bin");
    begin("v1.5.0" PTYPE "(a)");
    images(50);
    text("colour", "red");
    expect_error(upload(), 400, "invalid", "colour");
    begin("v1.5.0" PTYPE "(a)");
    images(50);
    file(sixty_five + 1, "x", 1);
    expect(upload(), 201, sixty_five + 1);
}

static void bad_texts_are_refused(void **state)
{
    (void)state;
    static char long_notes[4002];
    static const char sixty_five[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    static const struct {
        const char *name, *value;
    } cases[] = {{"corename", sixty_five}, {"codename", sixty_five}, {"corename", "a\nb"},
                 {"codename", "\x7f"},     {"corename", "\xff"},     {"codename", "\xc3"},
                 {"notes", "\xff"},        {"notes", long_notes},    {"current", "yes"},
                 {"current", ""}};
    make_catalogue();
    memset(long_notes, 'n', 4001);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin("v1.6.0" PTYPE "(a)");
        images(60);
        text(cases[i].name, cases[i].value);
        expect_error(upload(), 400, "invalid", cases[i].name);
    }
    begin("v1.6.0" PTYPE "(a)");
    images(60);
    file("corename", "x", 1);
    expect_error(upload(), 400, "invalid", "corename");
    assert_int_equal(count("SELECT count(*) FROM firmware WHERE version_order = '160v'"), 0);
    begin("v1.6.0" PTYPE "(a)");
    images(60);
    text("corename", sixty_five + 1);
    for (size_t i = 0; i < 4000; i += 2)
        memcpy(long_notes + i, "\xc3\xbc", 2); /* 2000 characters and an n */
    text("notes", long_notes);
    expect(upload(), 201, sixty_five + 1);
}

static void fota_classes_need_both_images(void **state)
{
    (void)state;
    unsigned char image[256];
    static const char *const classes[] = {"o", "l", "a"};
    make_catalogue();
    for (size_t i = 0; i < 3; i++) {
        for (int slot = 1; slot <= 2; slot++) {
            char version[32];
            snprintf(version, sizeof version, "v1.7.0" PTYPE "(%s)", classes[i]);
            begin(version);
            file(slot == 1 ? "user1.bin" : "user2.bin", image, make_image(image, slot, 70));
            file("eagle.flash.bin", "x", 1);
            expect_error(upload(), 400, "invalid", slot == 1 ? "user2.bin" : "user1.bin");
        }
    }
    begin("v1.7.0" PTYPE "(l)");
    file("user1.bin", image, make_image(image, 1, 70));
    file("user2.bin", image, make_image(image, 1, 70)); /* of the other slot */
    expect_error(upload(), 400, "invalid", "user2.bin");
    assert_int_equal(count("SELECT count(*) FROM firmware WHERE version_order = '170v'"), 0);
}

static void class_n_is_recorded_and_never_offered(void **state)
{
    (void)state;
    static const char version[] = "v1.1.0" PTYPE "(n)"; /* beside v1.1.0t45772(a) */
    make_catalogue();
    begin(version);
    expect_error(upload(), 400, "invalid", "eagle.flash.bin");
    begin(version);
    file("boot.bin", "x", 1);
    expect_error(upload(), 400, "invalid", "eagle.flash.bin");
    begin(version);
    file("eagle.flash.bin", "x", 1);
    images(11);
    expect_error(upload(), 400, "invalid", "user1.bin");
    begin(version);
    file("eagle.irom0text.bin", "text", 4);
    struct reply reply = upload();
    assert_non_null(strstr(reply.body, "\"images\" : []"));
    expect(reply, 201, "\"name\" : \"eagle.irom0text.bin\"");
    expect_error(post("/v1/campaigns", operator_,
                      "{\"name\":\"n\",\"firmware\":\"v1.1.0t45772(n)\",\"policy\":{\"name\":\"p\"}}"),
                 400, "invalid", "firmware");
    assert_int_equal(count("SELECT count(*) FROM campaigns"), 0);
    /* even as the current release it is no upgrade */
    expect(set_current(operator_, version, ""), 200, "\"changed\":true");
    expect(get("/v1/devices/d00"), 200, "\"upgrade_to\" : null");
    begin("v1.1.1" PTYPE "(n)");
    file("eagle.flash.bin", "flash", 5);
    file("eagle.irom0text.bin", "text", 4);
    expect(upload(), 201, "\"size\" : 5");
}

static void an_upload_that_stops_half_way_leaves_nothing(void **state)
{
    (void)state;
    char head[512];
    make_catalogue();
    begin("v1.8.0" PTYPE "(a)");
    images(80);
    int length = snprintf(head, sizeof head,
                          "POST /v1/firmware HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer %s\r\n" FORM
                          "Content-Length: %zu\r\n\r\n",
                          operator_, form_used + 11);
    int fd = dial();
    send_all(fd, head, (size_t)length);
    send_all(fd, form, form_used - 100);
    close(fd);
    /* the same bytes, ended by their announced length */
    expect(request("POST", "/v1/firmware", operator_, FORM, form, form_used - 100), 400,
           "in the middle of a part");
    assert_int_equal(count("SELECT count(*) FROM firmware WHERE version_order = '180v'"), 0);
    assert_int_equal(
        count("SELECT count(*) FROM image_bytes b WHERE NOT EXISTS (SELECT FROM firmware_contents c "
              "WHERE c.sha256 = b.sha256)"),
        0);
}

static void a_release_says_its_place_among_others(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
    } cases[] = {{"sequence", "-1"},
                 {"sequence", "4294967296"},
                 {"sequence", "7x"},
                 {"sequence", ""},
                 {"requires", "1"},
                 {"requires", "v3.2.0" PTYPE "(a)"},
                 {"requires", "v3.1.0" PTYPE "(n)"},
                 {"requires", "v1.0.0t1(a)"},
                 {"signature", "{}"},
                 {"signature", "-----BEGIN PRIVATE KEY-----"}};
    make_catalogue();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin("v3.1.0" PTYPE "(a)");
        images(70);
        text(cases[i].name, cases[i].value);
        struct reply reply = upload();
        assert_non_null(strstr(reply.body, cases[i].name));
        expect(reply, 400, "\"field\":");
    }
    begin("v3.1.0" PTYPE "(a)");
    images(70);
    text("sequence", "4294967295");
    text("requires", "v1.1.0." PTYPE "(a)"); /* in the template's form */
    struct reply reply = upload();
    assert_non_null(strstr(reply.body, "\"sequence\" : 4294967295"));
    expect(reply, 201, "\"requires\" : \"v1.1.0" PTYPE "(a)\"");
    begin("v3.3.0" PTYPE "(a)");
    images(90);
    reply = upload();
    assert_non_null(strstr(reply.body, "\"sequence\" : 0"));
    expect(reply, 201, "\"requires\" : null");
}

/* user1.bin of one build, user2.bin of another: stored with a warning, or refused. */
static void images_that_do_not_belong_together_are_warned_of(void **state)
{
    (void)state;
    unsigned char image[1024];
    begin("v4.0.0" PTYPE "(a)");
    file("user1.bin", image, make_image_of(image, 1, 150, 64));
    file("user2.bin", image, make_image_of(image, 2, 150, 128));
    text("strict", "true");
    expect_error(upload(), 400, "invalid", "strict");
    expect_error(get("/v1/firmware/v4.0.0" PTYPE "(a)"), 404, "not_found", "");
    begin("v4.0.0" PTYPE "(a)");
    file("user1.bin", image, make_image_of(image, 1, 150, 64));
    file("user2.bin", image, make_image_of(image, 2, 150, 128));
    expect(upload(), 201, "{\"warnings\":[\"user1.bin has 116 bytes, user2.bin has 180: ");
    assert_int_equal(
        count(
            "SELECT count(*) FROM audit WHERE action = 'upload_firmware' AND reason LIKE 'user1.bin has 116 %'"),
        1);
    expect(get("/v1/firmware/v4.0.0" PTYPE "(a)"), 200, "v4.0.0");

    /* of two releases */
    begin("v4.1.0" PTYPE "(a)");
    images(151);
    text("strict", "true");
    expect(upload(), 201, "{\"warnings\":[],");
    begin("v4.2.0" PTYPE "(a)");
    file("user1.bin", image, make_image(image, 1, 151));
    file("user2.bin", image, make_image(image, 2, 152));
    expect(upload(), 201,
           "{\"warnings\":[\"user1.bin is the one of v4.1.0" PTYPE "(a), the other image is not\"]");
    begin("v4.3.0" PTYPE "(a)");
    images(151); /* both of them: they are known to belong together */
    text("strict", "true");
    expect(upload(), 201, "{\"warnings\":[],");
    begin("v4.4.0" PTYPE "(a)");
    images(153);
    text("strict", "maybe");
    expect_error(upload(), 400, "invalid", "strict");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_files_and_names_are_stored_and_shown),
        cmocka_unit_test(ten_files_are_the_most),
        cmocka_unit_test(a_file_has_at_most_a_mebibyte),
        cmocka_unit_test(bad_names_are_refused),
        cmocka_unit_test(bad_texts_are_refused),
        cmocka_unit_test(a_release_says_its_place_among_others),
        cmocka_unit_test(fota_classes_need_both_images),
        cmocka_unit_test(class_n_is_recorded_and_never_offered),
        cmocka_unit_test(images_that_do_not_belong_together_are_warned_of),
        cmocka_unit_test(an_upload_that_stops_half_way_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
