/* Log lines, read back from standard error. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "log.h"

static int saved_standard_error;
static FILE *captured;

static void capture(void)
{
    captured = tmpfile();
    assert_non_null(captured);
    saved_standard_error = dup(STDERR_FILENO);
    dup2(fileno(captured), STDERR_FILENO);
}

/* What was written since; release with free. */
static char *release(void)
{
    dup2(saved_standard_error, STDERR_FILENO);
    close(saved_standard_error);
    long length = lseek(fileno(captured), 0, SEEK_END);
    char *text = calloc(1, (size_t)length + 1);
    assert_non_null(text);
    assert_int_equal(pread(fileno(captured), text, (size_t)length, 0), length);
    fclose(captured);
    return text;
}

/* The line without its time, which must look like one. */
static const char *after_time(const char *line, const char *head)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:dd.dddZ";
    assert_int_equal(strncmp(line, head, strlen(head)), 0);
    line += strlen(head);
    for (size_t i = 0; i < sizeof shape - 1; i++) {
        if (shape[i] == 'd')
            assert_in_range(line[i], '0', '9');
        else
            assert_int_equal(line[i], shape[i]);
    }
    return line + sizeof shape - 1;
}

static void values_are_quoted_as_logfmt_asks(void **state)
{
    (void)state;
    log_configure(LOG_INFO, LOG_FORMAT_LOGFMT);
    capture();
    log_write(LOG_WARNING, "report_dropped", "device", "lamp-1", "empty", "", "null", NULL, "spaces", "a b",
              "quotes", "say \"hi\" \\", "line", "a\nb\tc", "utf8", "Grüße", "broken", "\xff\x80z", "pair",
              "a=b", NULL);
    char *text = release();
    assert_string_equal(
        after_time(text, "time="),
        " level=warning event=report_dropped device=lamp-1 empty=\"\" null=\"\" spaces=\"a b\""
        " quotes=\"say \\\"hi\\\" \\\\\" line=\"a\\nb\\x09c\" utf8=\"Grüße\""
        " broken=\"\\xff\\x80z\" pair=\"a=b\"\n");
    free(text);
}

static void values_are_escaped_as_json_asks(void **state)
{
    (void)state;
    log_configure(LOG_INFO, LOG_FORMAT_JSON);
    capture();
    log_write(LOG_ERROR, "stopped", "a", "x", "empty", NULL, "b", "\"\\\n\x01\x7f", "c",
              "\xff \xc3\xbc \xed\xa0\x80 \xf4\x90\x80\x80 \xe2\x82", NULL);
    char *text = release();
    assert_string_equal(after_time(text, "{\"time\":\""),
                        "\",\"level\":\"error\",\"event\":\"stopped\",\"a\":\"x\",\"empty\":\"\","
                        "\"b\":\"\\\"\\\\\\n\\u0001\\u007f\",\"c\":\"\\ufffd ü \\ufffd\\ufffd\\ufffd"
                        " \\ufffd\\ufffd\\ufffd\\ufffd \\ufffd\\ufffd\"}\n");
    free(text);
}

static void a_huge_value_is_cut(void **state)
{
    (void)state;
    char *value = malloc(1000001);
    assert_non_null(value);
    memset(value, 'v', 1000000);
    value[1000000] = '\0';
    log_configure(LOG_INFO, LOG_FORMAT_LOGFMT);
    capture();
    log_write(LOG_INFO, "event", "value", value, "next", "1", NULL);
    char *text = release();
    assert_in_range(strlen(text), 2048, 2200);
    assert_non_null(strstr(text, "vvv...\" next=1\n"));
    free(text);
    free(value);
}

static void lower_levels_are_left_out(void **state)
{
    (void)state;
    for (int set = LOG_DEBUG; set <= LOG_ERROR; set++) {
        log_configure((enum log_level)set, LOG_FORMAT_LOGFMT);
        capture();
        for (int level = LOG_DEBUG; level <= LOG_ERROR; level++)
            log_write((enum log_level)level, "event", NULL);
        char *text = release();
        int lines = 0;
        for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
            lines++;
        assert_int_equal(lines, LOG_ERROR - set + 1);
        free(text);
    }
}

static void *write_many(void *name)
{
    for (int i = 0; i < 2000; i++)
        log_write(LOG_INFO, "event", "thread", name, "text", "some words that must stay together", NULL);
    return NULL;
}

/* Through a pipe, where a short write can happen. */
static void lines_of_many_threads_stay_whole(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b", "c", "d"};
    pthread_t threads[4];
    log_configure(LOG_INFO, LOG_FORMAT_LOGFMT);
    capture();
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, (void *)(uintptr_t)names[i]), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    char *text = release(), *save = NULL;
    int lines = 0;
    for (char *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
        const char *rest = after_time(line, "time=");
        assert_int_equal(strncmp(rest, " level=info event=event thread=", 31), 0);
        assert_string_equal(rest + 32, " text=\"some words that must stay together\"");
        lines++;
    }
    assert_int_equal(lines, 8000);
    free(text);
}

static void levels_and_formats_are_read_by_name(void **state)
{
    (void)state;
    enum log_level level = LOG_INFO;
    enum log_format format = LOG_FORMAT_LOGFMT;
    assert_true(log_level_parse("debug", &level) && level == LOG_DEBUG);
    assert_true(log_level_parse("info", &level) && level == LOG_INFO);
    assert_true(log_level_parse("warning", &level) && level == LOG_WARNING);
    assert_true(log_level_parse("error", &level) && level == LOG_ERROR);
    assert_false(log_level_parse("Error", &level) || log_level_parse("", &level));
    assert_int_equal(level, LOG_ERROR);
    assert_true(log_format_parse("json", &format) && format == LOG_FORMAT_JSON);
    assert_true(log_format_parse("logfmt", &format) && format == LOG_FORMAT_LOGFMT);
    assert_false(log_format_parse("xml", &format));
}

static size_t lines_of(const char *text)
{
    size_t count = 0;
    for (; (text = strchr(text, '\n')) != NULL; text++)
        count++;
    return count;
}

/* A minute may begin in between: then up to ten more, and one of them says what was suppressed. */
static void lines_that_a_device_causes_are_limited_except_for_debugging(void **state)
{
    (void)state;
    log_configure(LOG_DEBUG, LOG_FORMAT_LOGFMT);
    capture();
    for (int i = 0; i < 100; i++)
        log_limited(LOG_WARNING, "report_rejected", "lamp-1", "device", "lamp-1", NULL);
    char *text = release();
    assert_in_range(lines_of(text), 10, 20);
    free(text);
    capture();
    log_limited(LOG_WARNING, "report_rejected", "lamp-2", "device", "lamp-2", NULL);
    text = release();
    const char *suppressed = strstr(text, " device=lamp-2 suppressed=");
    assert_non_null(suppressed);
    assert_in_range(atoi(strchr(strstr(suppressed, "suppressed="), '=') + 1), 1, 90);
    free(text);
    capture();
    for (int i = 0; i < 100; i++)
        log_limited(LOG_DEBUG, "report_rejected", "lamp-1", "device", "lamp-1", NULL);
    text = release();
    assert_int_equal(lines_of(text), 100);
    assert_null(strstr(text, "suppressed"));
    free(text);
    log_configure(LOG_INFO, LOG_FORMAT_LOGFMT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_quoted_as_logfmt_asks),
        cmocka_unit_test(values_are_escaped_as_json_asks),
        cmocka_unit_test(a_huge_value_is_cut),
        cmocka_unit_test(lower_levels_are_left_out),
        cmocka_unit_test(lines_of_many_threads_stay_whole),
        cmocka_unit_test(levels_and_formats_are_read_by_name),
        cmocka_unit_test(lines_that_a_device_causes_are_limited_except_for_debugging),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
