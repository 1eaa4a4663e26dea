/* The image server: rights, ranges, HEAD, HTTP/1.0, and the cache behind it. */
#include "http_fixture.h"

#include <dirent.h>
#include <pthread.h>
#include <sys/stat.h>

#include "image_cache.h"

static char *image_sha(void)
{
    return services_query(database, "SELECT sha256 FROM images WHERE slot = 1 LIMIT 1");
}

static void expect_image(const char *url)
{
    struct reply reply = request("GET", url, NULL, "", NULL, 0);
    assert_int_equal(reply.code, 200);
    free(reply.body);
}

static void images_need_a_right(void **state)
{
    (void)state;
    char url[IMAGE_URL_SIZE];
    char path[128];
    struct error error;
    make_catalogue();
    char *sha = image_sha();
    snprintf(path, sizeof path, "/v1/images/%s", sha);
    expect_error(request("GET", path, NULL, "", NULL, 0), 401, "unauthenticated", "");
    struct reply reply = get(path);
    assert_int_equal(reply.code, 200);
    free(reply.body);
    assert_int_equal(image_url_sign(secret, "", sha, "d01", time(NULL), 60, url, &error), STATUS_OK);
    expect_image(url);
    url[strlen(url) - 1] ^= 1;
    expect_error(request("GET", url, NULL, "", NULL, 0), 403, "denied", "signature");
    assert_int_equal(image_url_sign(secret, "", sha, "d01", time(NULL) - 61, 60, url, &error), STATUS_OK);
    expect_error(request("GET", url, NULL, "", NULL, 0), 403, "denied", "expires");
    /* a broken signature is refused even beside a good token */
    expect_error(request("GET", url, viewer, "", NULL, 0), 403, "denied", "expires");
    path[strlen(path) - 1] ^= 1;
    expect_error(get(path), 404, "not_found", "sha256");
    expect_error(get("/v1/images/x"), 404, "not_found", "sha256");
    free(sha);
}

/* Signed by the database's clock, and checked by it: the host's may be hours away. */
static void a_right_ends_by_the_clock_of_the_database(void **state)
{
    (void)state;
    static const int hours[] = {3, -3};
    char url[IMAGE_URL_SIZE];
    struct error error;
    make_catalogue();
    char *sha = image_sha();
    for (size_t i = 0; i < sizeof hours / sizeof hours[0]; i++) {
        time_t database_time = time(NULL) - hours[i] * 3600;
        atomic_store(&host_is_ahead, hours[i] * 3600000LL);
        assert_int_equal(image_url_sign(secret, "", sha, "d01", database_time, 60, url, &error), STATUS_OK);
        expect_image(url);
        assert_int_equal(image_url_sign(secret, "", sha, "d01", database_time - 120, 60, url, &error),
                         STATUS_OK);
        expect_error(request("GET", url, NULL, "", NULL, 0), 403, "denied", "expires");
    }
    atomic_store(&host_is_ahead, 0);
    free(sha);
}

/* Until the database has been asked for its time nobody can say what has expired. */
static void no_right_is_judged_before_the_time_is_known(void **state)
{
    (void)state;
    char url[IMAGE_URL_SIZE];
    struct error error;
    make_catalogue();
    char *sha = image_sha();
    assert_int_equal(image_url_sign(secret, "", sha, "d01", time(NULL), 60, url, &error), STATUS_OK);
    atomic_store(&is_time_known, false);
    expect_error(request("GET", url, NULL, "", NULL, 0), 503, "unavailable", "");
    expect(request("GET", "/readyz", NULL, "", NULL, 0), 200, "{\"status\":\"ready\"}");
    atomic_store(&is_time_known, true);
    expect_image(url);
    free(sha);
}

static void images_are_served_whole_and_in_ranges(void **state)
{
    (void)state;
    unsigned char image[256];
    char path[128];
    char line[128];
    make_catalogue();
    size_t size = make_image(image, 1, 7);
    char *sha = image_sha();
    snprintf(path, sizeof path, "/v1/images/%s", sha);
    const struct {
        const char *headers;
        int code;
        size_t first, length;
    } cases[] = {
        {"", 200, 0, size},
        {"Range: bytes=0-9\r\n", 206, 0, 10},
        {"Range: bytes=100-\r\n", 206, 100, size - 100},
        {"Range: bytes=-5\r\n", 206, size - 5, 5},
        {"Range: bytes=10-9999\r\n", 206, 10, size - 10},
        {"Range: bytes=0-1,3-4\r\n", 200, 0, size},
        {"Range: rubbish\r\n", 200, 0, size},
        {"Range: bytes=0-9\r\nIf-Range: \"other\"\r\n", 200, 0, size},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reply reply = request("GET", path, viewer, cases[i].headers, NULL, 0);
        assert_int_equal(reply.code, cases[i].code);
        assert_int_equal(reply.length, cases[i].length);
        assert_memory_equal(reply.body, image + cases[i].first, cases[i].length);
        assert_string_equal(header(&reply, "Accept-Ranges"), "bytes");
        snprintf(line, sizeof line, "\"%s\"", sha);
        assert_string_equal(header(&reply, "ETag"), line);
        snprintf(line, sizeof line, "bytes %zu-%zu/%zu", cases[i].first, cases[i].first + cases[i].length - 1,
                 size);
        if (cases[i].code == 206)
            assert_string_equal(header(&reply, "Content-Range"), line);
        else
            assert_null(header(&reply, "Content-Range"));
        free(reply.body);
    }
    snprintf(line, sizeof line, "Range: bytes=0-9\r\nIf-Range: \"%s\"\r\n", sha);
    struct reply reply = request("GET", path, viewer, line, NULL, 0);
    assert_int_equal(reply.code, 206);
    free(reply.body);
    snprintf(line, sizeof line, "If-None-Match: \"%s\"\r\n", sha);
    reply = request("GET", path, viewer, line, NULL, 0);
    assert_int_equal(reply.code, 304);
    assert_null(header(&reply, "Content-Length")); /* it would be the image's */
    assert_null(header(&reply, "Transfer-Encoding"));
    assert_non_null(header(&reply, "ETag"));
    free(reply.body);
    reply = request("GET", path, viewer, "Range: bytes=5000-\r\n", NULL, 0);
    snprintf(line, sizeof line, "bytes */%zu", size);
    assert_string_equal(header(&reply, "Content-Range"), line);
    expect_error(reply, 416, "invalid", "Range");
    free(sha);
}

static void head_gives_the_length_and_no_body(void **state)
{
    (void)state;
    char path[128];
    char wanted[32];
    unsigned char image[256];
    make_catalogue();
    char *sha = image_sha();
    snprintf(path, sizeof path, "/v1/images/%s", sha);
    snprintf(wanted, sizeof wanted, "%zu", make_image(image, 1, 7));
    /* and the connection stays usable: a body that should not be there would be read as the next answer */
    char head[512];
    int fd = dial();
    for (int i = 0; i < 3; i++) {
        int used = snprintf(head, sizeof head,
                            "HEAD %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", path, viewer);
        send_all(fd, head, (size_t)used);
        struct reply reply = receive(fd, true);
        assert_int_equal(reply.code, 200);
        assert_string_equal(header(&reply, "Content-Length"), wanted);
        free(reply.body);
    }
    close(fd);
    free(sha);
}

/* Devices speak HTTP/1.0: without keep-alive the connection ends after the answer. */
static void http_1_0_is_spoken(void **state)
{
    (void)state;
    char head[512];
    char rest;
    make_catalogue();
    char *sha = image_sha();
    int fd = dial();
    int used = snprintf(head, sizeof head, "GET /v1/images/%s HTTP/1.0\r\nAuthorization: Bearer %s\r\n\r\n",
                        sha, viewer);
    send_all(fd, head, (size_t)used);
    struct reply reply = receive(fd, false);
    assert_int_equal(reply.code, 200);
    assert_int_equal(recv(fd, &rest, 1, 0), 0);
    free(reply.body);
    close(fd);
    fd = dial();
    for (int i = 0; i < 2; i++) {
        used = snprintf(
            head, sizeof head,
            "GET /v1/images/%s HTTP/1.0\r\nConnection: Keep-Alive\r\nAuthorization: Bearer %s\r\n\r\n", sha,
            viewer);
        send_all(fd, head, (size_t)used);
        reply = receive(fd, false);
        assert_int_equal(reply.code, 200);
        free(reply.body);
    }
    close(fd);
    free(sha);
}

static void the_cache_is_filled_once_and_then_enough(void **state)
{
    (void)state;
    char path[400];
    struct stat found;
    make_catalogue();
    char *sha = image_sha();
    snprintf(path, sizeof path, "/v1/images/%s", sha);
    struct reply reply = get(path);
    assert_int_equal(reply.code, 200);
    free(reply.body);
    snprintf(path, sizeof path, "%s/%s", cache, sha);
    assert_int_equal(stat(path, &found), 0);
    free(sha);
}

/* What is served is what the URL names, whatever becomes of the directory, and without a restart. */
static void expect_true_image(const char *sha)
{
    char url[128];
    unsigned char image[256];
    size_t size = make_image(image, 1, 7);
    snprintf(url, sizeof url, "/v1/images/%s", sha);
    struct reply reply = get(url);
    if (reply.code != 200 || reply.length != size || memcmp(reply.body, image, size) != 0)
        fail_msg("%d with %zu bytes: %s", reply.code, reply.length, reply.body);
    free(reply.body);
    reply = request("GET", url, viewer, "Range: bytes=16-31\r\n", NULL, 0);
    assert_int_equal(reply.code, 206);
    assert_memory_equal(reply.body, image + 16, 16);
    free(reply.body);
}

static void a_damaged_or_removed_file_is_fetched_anew(void **state)
{
    (void)state;
    char path[400], command[500];
    make_catalogue();
    char *sha = image_sha();
    snprintf(path, sizeof path, "%s/%s", cache, sha);
    for (int i = 0; i < 4; i++) { /* each thread keeps the file open */
        expect_true_image(sha);
        const char *const damages[] = {": > %s", "truncate -s 50 %s",
                                       "printf X | dd of=%s bs=1 seek=20 conv=notrunc status=none",
                                       "echo more >> %s"};
        snprintf(command, sizeof command, damages[i], path);
        assert_int_equal(system(command), 0);
        for (int again = 0; again < 4; again++)
            expect_true_image(sha);
    }
    assert_int_equal(unlink(path), 0);
    expect_true_image(sha);
    snprintf(command, sizeof command, "rm -r %s", cache);
    assert_int_equal(system(command), 0);
    struct reply reply = get("/v1/firmware");
    free(reply.body);
    char *other = services_query(database, "SELECT sha256 FROM images WHERE slot = 2 LIMIT 1");
    snprintf(path, sizeof path, "/v1/images/%s", other);
    reply = get(path);
    assert_int_equal(reply.code, 200);
    free(reply.body);
    expect_true_image(sha);
    free(other);
    free(sha);
}

struct fetcher {
    pthread_t thread;
    struct image_cache *cache;
    const char *sha;
    int64_t size;
    bool fetched;
};

static void *fetch_image(void *context)
{
    struct fetcher *fetcher = context;
    struct error error;
    int fd = -1;
    struct store *store = store_create(database, "test");
    fetcher->fetched =
        image_cache_fetch(fetcher->cache, store, fetcher->sha, &fd, &fetcher->size, &error) == STATUS_OK;
    if (fd >= 0)
        close(fd);
    store_destroy(store);
    return NULL;
}

static int count_files(const char *path)
{
    int count = 0;
    DIR *directory = opendir(path);
    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(directory);
    return count;
}

/* From now on a sequence counts the images that are read: the table is a view that draws a number for each.
 */
static void count_reads(void)
{
    free(services_query(database, "CREATE SEQUENCE image_reads"));
    free(services_query(database, "ALTER TABLE image_bytes RENAME TO stored_image_bytes"));
    free(services_query(database, "CREATE VIEW image_bytes AS SELECT b.* FROM stored_image_bytes b "
                                  "WHERE nextval('image_reads') > 0"));
}

static long long reads(void)
{
    return services_query_integer(database,
                                  "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM image_reads");
}

static void count_reads_no_more(void)
{
    free(services_query(database, "DROP VIEW image_bytes"));
    free(services_query(database, "ALTER TABLE stored_image_bytes RENAME TO image_bytes"));
    free(services_query(database, "DROP SEQUENCE image_reads"));
}

static void many_at_once_fill_the_cache_with_one_read_and_one_file(void **state)
{
    (void)state;
    char directory[256];
    struct fetcher fetchers[32] = {0};
    const int count = (int)(sizeof fetchers / sizeof fetchers[0]);
    struct image_cache *images;
    struct error error;
    unsigned char image[256];
    make_catalogue();
    char *sha = image_sha();
    snprintf(directory, sizeof directory, "%s/another-cache", services_start()->directory);
    assert_int_equal(image_cache_open(directory, &images, &error), STATUS_OK);
    count_reads();
    for (int i = 0; i < count; i++) {
        fetchers[i].cache = images;
        fetchers[i].sha = sha;
        assert_int_equal(pthread_create(&fetchers[i].thread, NULL, fetch_image, &fetchers[i]), 0);
    }
    for (int i = 0; i < count; i++) {
        pthread_join(fetchers[i].thread, NULL);
        assert_true(fetchers[i].fetched);
        assert_int_equal(fetchers[i].size, make_image(image, 1, 7));
    }
    assert_int_equal(count_files(directory), 1);
    assert_int_equal(reads(), 1);
    count_reads_no_more();
    image_cache_close(images);
    free(sha);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images_need_a_right),
        cmocka_unit_test(a_right_ends_by_the_clock_of_the_database),
        cmocka_unit_test(no_right_is_judged_before_the_time_is_known),
        cmocka_unit_test(images_are_served_whole_and_in_ranges),
        cmocka_unit_test(head_gives_the_length_and_no_body),
        cmocka_unit_test(http_1_0_is_spoken),
        cmocka_unit_test(the_cache_is_filled_once_and_then_enough),
        cmocka_unit_test(a_damaged_or_removed_file_is_fetched_anew),
        cmocka_unit_test(many_at_once_fill_the_cache_with_one_read_and_one_file),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
