/* HTTP answers as the port for the chip reads them, in pieces of every size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../../agent-firmware/port/esp8266/http_answer.c"

static struct http_answer answer;

/* The head of it, in pieces of `size`; whether it ended, and `body` bytes were left. */
static void read_in(const char *text, uint32_t size, uint32_t body)
{
    uint32_t length = (uint32_t)strlen(text), taken = 0;

    http_answer_start(&answer);
    while (taken < length && !answer.in_body)
        taken += http_answer_take(&answer, text + taken, length - taken < size ? length - taken : size);
    assert_true(answer.in_body);
    assert_int_equal(length - taken, body);
}

static void heads_are_read_in_pieces_of_any_size(void **state)
{
    (void)state;
    for (uint32_t size = 1; size < 120; size++) {
        read_in("HTTP/1.1 206 Partial Content\r\ncontent-LENGTH: 1234\r\nETag: \"x\"\r\n"
                "Content-Range: bytes 4096-5329/5330\r\n\r\nbody",
                size, 4);
        assert_int_equal(answer.headers.status, 206);
        assert_int_equal(answer.headers.content_length, 1234);
        assert_int_equal(answer.headers.range_first, 4096);
        assert_int_equal(answer.headers.range_total, 5330);
    }
    read_in("HTTP/1.0 200 OK\n\n", 100, 0);
    assert_int_equal(answer.headers.status, 200);
    assert_int_equal(answer.headers.content_length, -1);
    assert_int_equal(answer.headers.range_first, -1);
}

static void what_is_no_answer_has_no_status(void **state)
{
    (void)state;
    static const char *const bad[] = {"SSH-2.0-x\r\n\r\n", "HTTP/1.1\r\n\r\n", "HTTP/1.1 abc\r\n\r\n",
                                      "HTTP/1.1 99999999999999 OK\r\n\r\n", "\r\n\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        read_in(bad[i], 100, 0);
        assert_int_equal(answer.headers.status, 0);
    }
    read_in("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\nContent-Range: bytes */7\r\n\r\n", 9,
            0);
    assert_int_equal(answer.headers.content_length, -1);
    assert_int_equal(answer.headers.range_first, -1);
    assert_int_equal(answer.headers.range_total, 7);
}

static void a_line_that_never_ends_fills_nothing(void **state)
{
    (void)state;
    http_answer_start(&answer);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(http_answer_take(&answer, "xxxxxxxxxx", 10), 10);
    assert_false(answer.in_body);
    assert_int_equal(answer.length, HTTP_LINE - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_are_read_in_pieces_of_any_size),
        cmocka_unit_test(what_is_no_answer_has_no_status),
        cmocka_unit_test(a_line_that_never_ends_fills_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
