#include "image_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "digest.h"

static const char sha[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
static const unsigned char secret[IMAGE_SECRET_SIZE] = "thirty-two bytes of test secret";
static struct error error;

struct parts {
    char sha256[65], device[65], expires[24], signature[65];
};

/* For 600 seconds. */
static struct parts sign(int64_t expires)
{
    char url[IMAGE_URL_SIZE];
    struct parts parts;
    assert_int_equal(image_url_sign(secret, "http://h:1", sha, "device-1", expires - 600, 600, url, &error),
                     STATUS_OK);
    assert_int_equal(
        sscanf(url,
               "http://h:1/v1/images/%64[0-9a-f]?device=%64[^&]&expires=%23[0-9.-]&signature=%64[0-9a-f]",
               parts.sha256, parts.device, parts.expires, parts.signature),
        4);
    return parts;
}

static int64_t signed_at;

static enum status check(const struct parts *parts, int64_t now)
{
    return image_url_check(secret, parts->sha256, parts->device, parts->expires, parts->signature, now,
                           &signed_at, &error);
}

static void a_signed_url_holds_until_it_expires(void **state)
{
    (void)state;
    struct parts parts = sign(1000);
    assert_string_equal(parts.expires, "1000.600");
    assert_int_equal(check(&parts, 999), STATUS_OK);
    assert_int_equal(signed_at, 400);
    assert_int_equal(check(&parts, 1000), STATUS_DENIED);
    assert_string_equal(error.field, "expires");
}

static void each_part_is_protected(void **state)
{
    (void)state;
    struct parts good = sign(1000);
    struct parts bad = good;
    bad.sha256[63] = 'e';
    assert_int_equal(check(&bad, 1), STATUS_DENIED);
    bad = good;
    bad.device[7] = '2';
    assert_int_equal(check(&bad, 1), STATUS_DENIED);
    bad = good;
    bad.expires[0] = '9';
    assert_int_equal(check(&bad, 1), STATUS_DENIED);
    bad = good;
    snprintf(bad.expires, sizeof bad.expires, "1000.500");
    assert_int_equal(check(&bad, 1), STATUS_DENIED);
    snprintf(bad.expires, sizeof bad.expires, "01000.600");
    assert_int_equal(check(&bad, 1), STATUS_DENIED);
    for (size_t i = 0; i < 64; i++) {
        bad = good;
        bad.signature[i] = bad.signature[i] == '0' ? '1' : '0';
        assert_int_equal(check(&bad, 1), STATUS_DENIED);
    }
    bad = good;
    bad.signature[63] = '\0';
    assert_int_equal(check(&bad, 1), STATUS_DENIED);
    assert_int_equal(check(&good, 1), STATUS_OK);
}

static void another_secret_does_not_do(void **state)
{
    (void)state;
    unsigned char other[IMAGE_SECRET_SIZE];
    struct parts parts = sign(1000);
    memcpy(other, secret, sizeof other);
    other[31] ^= 1;
    assert_int_equal(image_url_check(other, parts.sha256, parts.device, parts.expires, parts.signature, 1,
                                     &signed_at, &error),
                     STATUS_DENIED);
}

static void a_line_break_cannot_shift_the_parts(void **state)
{
    (void)state;
    struct parts parts = sign(1000);
    char device[128];
    snprintf(device, sizeof device, "%s\n%s", parts.device, parts.expires);
    assert_int_equal(
        image_url_check(secret, parts.sha256, device, "", parts.signature, 1, &signed_at, &error),
        STATUS_DENIED);
}

static void missing_and_overlong_parts_are_denied(void **state)
{
    (void)state;
    struct parts parts = sign(1000);
    char device[400];
    assert_int_equal(
        image_url_check(secret, sha, NULL, parts.expires, parts.signature, 1, &signed_at, &error),
        STATUS_DENIED);
    assert_int_equal(image_url_check(secret, sha, parts.device, NULL, parts.signature, 1, &signed_at, &error),
                     STATUS_DENIED);
    assert_int_equal(image_url_check(secret, sha, parts.device, parts.expires, NULL, 1, &signed_at, &error),
                     STATUS_DENIED);
    memset(device, 'a', sizeof device - 1);
    device[sizeof device - 1] = '\0';
    assert_int_equal(
        image_url_check(secret, sha, device, parts.expires, parts.signature, 1, &signed_at, &error),
        STATUS_DENIED);
}

/* One that an orchestrator of before has signed does not say when. */
static void a_url_without_its_time_holds_until_it_expires(void **state)
{
    (void)state;
    char message[256], signature[SHA256_HEX_SIZE];
    int length = snprintf(message, sizeof message, "fota-image-v1\n%s\ndevice-1\n1000", sha);
    digest_hmac(secret, IMAGE_SECRET_SIZE, message, (size_t)length, signature);
    signed_at = 7;
    assert_int_equal(image_url_check(secret, sha, "device-1", "1000", signature, 999, &signed_at, &error),
                     STATUS_OK);
    assert_int_equal(signed_at, 0);
    assert_int_equal(image_url_check(secret, sha, "device-1", "1000", signature, 1000, &signed_at, &error),
                     STATUS_DENIED);
}

/* 150 characters of a public URL, the longest id, and the longest times that a policy takes. */
static void the_longest_url_fits(void **state)
{
    (void)state;
    char base[151], device[65], url[IMAGE_URL_SIZE];
    memset(base, 'a', sizeof base - 1);
    memset(device, 'd', sizeof device - 1);
    base[sizeof base - 1] = device[sizeof device - 1] = '\0';
    assert_int_equal(image_url_sign(secret, base, sha, device, 9999999999 - 9999999, 9999999, url, &error),
                     STATUS_OK);
}

static void a_url_longer_than_devices_take_is_refused(void **state)
{
    (void)state;
    char base[400];
    char url[IMAGE_URL_SIZE];
    memset(base, 'a', sizeof base - 1);
    base[sizeof base - 1] = '\0';
    assert_int_equal(image_url_sign(secret, base, sha, "d", 1, 1, url, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "400"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signed_url_holds_until_it_expires),
        cmocka_unit_test(each_part_is_protected),
        cmocka_unit_test(another_secret_does_not_do),
        cmocka_unit_test(a_line_break_cannot_shift_the_parts),
        cmocka_unit_test(missing_and_overlong_parts_are_denied),
        cmocka_unit_test(a_url_without_its_time_holds_until_it_expires),
        cmocka_unit_test(the_longest_url_fits),
        cmocka_unit_test(a_url_longer_than_devices_take_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
