/* The configuration: file, environment, and a clear refusal of everything else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config.h"

#define MINIMUM "database_url = postgresql://o:secret@127.0.0.1/fleet\nmqtt_url = mqtt://127.0.0.1\n"

static char path[64];

static void write_bytes(const char *text, size_t size)
{
    snprintf(path, sizeof path, "/tmp/test_config.XXXXXX");
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, text, size), size);
    close(descriptor);
}

static enum status load_text(const char *text, struct config *config, struct error *error)
{
    *error = (struct error){0};
    write_bytes(text, strlen(text));
    enum status status = config_load(path, config, error);
    unlink(path);
    return status;
}

static void load_good(const char *text, struct config *config)
{
    struct error error;
    if (load_text(text, config, &error) != STATUS_OK)
        fail_msg("%s", error.message);
}

/* What comes after "FILE:" in the refusal. */
static void refused(const char *text, const char *message)
{
    struct config config;
    struct error error;
    assert_int_equal(load_text(text, &config, &error), STATUS_INVALID);
    if (strstr(error.message, message) == NULL)
        fail_msg("wanted \"%s\", got: %s", message, error.message);
    if (strstr(error.message, "secret") != NULL)
        fail_msg("a password in: %s", error.message);
    config_release(&config);
}

static void defaults_hold_for_what_is_not_given(void **state)
{
    (void)state;
    struct config config;
    load_good(MINIMUM, &config);
    assert_string_equal(config.database_url, "postgresql://o:secret@127.0.0.1/fleet");
    assert_string_equal(config.mqtt_host, "127.0.0.1");
    assert_int_equal(config.mqtt_port, 1883);
    assert_null(config.mqtt_user);
    assert_null(config.mqtt_password);
    assert_false(config.mqtt_tls);
    assert_string_equal(config.http_address, "127.0.0.1");
    assert_int_equal(config.http_port, 8080);
    assert_string_equal(config.public_url, "http://127.0.0.1:8080");
    assert_int_equal(config.log_level, LOG_INFO);
    assert_int_equal(config.log_format, LOG_FORMAT_LOGFMT);
    assert_int_equal(config.ingest_batch, 500);
    config_release(&config);
    config_release(&config);
}

static void every_form_of_a_line_is_read(void **state)
{
    (void)state;
    struct config config;
    load_good("# a comment\r\n\r\n   \t\n"
              "database_url=\"host=/tmp user=o password='a # \\\"b\\\\'\" # a comment\r\n"
              "  mqtt_url   =  mqtt://orchestrator:p%40ss%3aword@[::1]:1884/   # another\n"
              "http_port = 9000\t# and another\n"
              "public_url = http://fleet.example/base\n"
              "cache_directory = /var/cache/a#b",
              &config);
    assert_string_equal(config.database_url, "host=/tmp user=o password='a # \"b\\'");
    assert_string_equal(config.mqtt_host, "::1");
    assert_int_equal(config.http_port, 9000);
    assert_string_equal(config.public_url, "http://fleet.example/base");
    assert_string_equal(config.cache_directory, "/var/cache/a#b");
    config_release(&config);
}

static void urls_are_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *url, *user, *password, *host;
        int port;
    } cases[] = {
        {"mqtt://broker", NULL, NULL, "broker", 1883},
        {"mqtt://broker/", NULL, NULL, "broker", 1883},
        {"mqtt://broker:1884", NULL, NULL, "broker", 1884},
        {"mqtt://orchestrator@broker:65535", "orchestrator", NULL, "broker", 65535},
        {"mqtt://orchestrator:@broker", "orchestrator", "", "broker", 1883},
        {"mqtt://o:p%40ss%3Aw%2ford@[::1]:1884/", "o", "p@ss:w/ord", "::1", 1884},
        {"mqtt://o:a:b@c@broker", "o", "a:b@c", "broker", 1883},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256];
        struct config config;
        snprintf(text, sizeof text, "database_url = x\nmqtt_url = %s\n", cases[i].url);
        load_good(text, &config);
        assert_string_equal(config.mqtt_host, cases[i].host);
        assert_int_equal(config.mqtt_port, cases[i].port);
        assert_int_equal(config.mqtt_user == NULL, cases[i].user == NULL);
        assert_int_equal(config.mqtt_password == NULL, cases[i].password == NULL);
        if (cases[i].user != NULL)
            assert_string_equal(config.mqtt_user, cases[i].user);
        if (cases[i].password != NULL)
            assert_string_equal(config.mqtt_password, cases[i].password);
        config_release(&config);
    }
}

static void broken_urls_are_refused_without_repeating_them(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "http://broker",
        "broker",
        "mqtt://",
        "mqtt://:1883",
        "mqtt://broker:0",
        "mqtt://broker:",
        "mqtt://broker:x",
        "mqtt://broker:65536",
        "mqtt://broker:1883/topic",
        "mqtt://@broker",
        "mqtt://o:secret%@h",
        "mqtt://o:secret%0@h",
        "mqtt://o:secret%zz@h",
        "mqtt://o:secret%00@h",
        "mqtt://[::1",
        "mqtt://[::1]x",
        "mqtt://broker:12345678901",
        "mqtt://broker:99999",
        "mqtt://[broker]",
        "mqtt://bro ker",
        "mqtt://br\xc3\xb6ker",
    };
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, "database_url = x\nmqtt_url = %s\n", urls[i]);
        refused(text, ":2: mqtt_url: mqtt://[USER:PASSWORD@]HOST[:PORT]");
    }
}

static void a_public_url_that_no_device_can_ask_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "http://fleet:99999", "http://fleet:0",    "http://fleet:",     "http://fleet:x",
        "http://fleet:80x",   "http://fleet:-1",   "http://:80",        "http:///images",
        "http://[::1",        "http://[fleet]:80", "http://::1:80",     "http://o@fleet:80",
        "http://fl eet",      "http://fleet/a b",  "http://fleet/?x=1", "http://fleet/#x",
        "http://fl\xc3\xa9",  "http://fleet/\xc3", "http://fleet,b",    "https://fleet",
    };
    static const char *const good[][2] = {
        {"http://fleet:65535", "http://fleet:65535"},
        {"http://fleet:1/x//", "http://fleet:1/x"},
        {"http://10.0.0.1", "http://10.0.0.1"},
        {"http://[fe80::1]:8080/", "http://[fe80::1]:8080"},
        {"http://my_fleet-1.example/a~b/%20", "http://my_fleet-1.example/a~b/%20"},
    };
    char text[256];
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        snprintf(text, sizeof text, MINIMUM "public_url = \"%s\"\n", wrong[i]);
        refused(text, ":3: public_url: \"http");
    }
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct config config;
        snprintf(text, sizeof text, MINIMUM "public_url = %s\n", good[i][0]);
        load_good(text, &config);
        assert_string_equal(config.public_url, good[i][1]);
        config_release(&config);
    }
}

/* As some editors write it at the beginning. */
static void a_byte_order_mark_is_no_part_of_the_file(void **state)
{
    (void)state;
    struct config config;
    load_good("\xEF\xBB\xBF" MINIMUM, &config);
    assert_string_equal(config.mqtt_host, "127.0.0.1");
    config_release(&config);
    refused(MINIMUM "\xEF\xBB\xBFhttp_port = 1\n", ":3: \"key = value\"");
}

static void tls_needs_a_readable_ca_file(void **state)
{
    (void)state;
    struct config config;
    refused("database_url = x\nmqtt_url = mqtts://broker\n", ":2: mqtt_ca_file: must be given");
    refused("database_url = x\nmqtt_url = mqtts://broker\nmqtt_ca_file = /nonexistent\n",
            ":3: mqtt_ca_file: cannot read /nonexistent: No such file");
    refused(MINIMUM "mqtt_ca_file = /dev/null\n", ":3: mqtt_ca_file: is only for mqtts://");
    load_good("database_url = x\nmqtt_url = mqtts://broker\nmqtt_ca_file = /dev/null\n", &config);
    assert_true(config.mqtt_tls);
    assert_int_equal(config.mqtt_port, 8883);
    config_release(&config);
}

static void bad_files_are_refused_with_their_line(void **state)
{
    (void)state;
    refused("", ": database_url: must be given, here or as ORCHESTRATORD_DATABASE_URL");
    refused("database_url = x\n", ": mqtt_url: must be given, here or as ORCHESTRATORD_MQTT_URL");
    refused(MINIMUM "htpp_port = 80\n", ":3: there is no key htpp_port; is http_port meant?");
    refused(MINIMUM "http-port = 80\n", ":3: there is no key http-port; is http_port meant?");
    refused(MINIMUM "favourite_colour = red\n", ":3: there is no key favourite_colour; orchestratord --help");
    refused(MINIMUM "\n\nhttp_port\n", ":5: \"key = value\" or a # comment is wanted");
    refused(MINIMUM "= 7\n", ":3: \"key = value\"");
    refused(MINIMUM "[http]\n", ":3: \"key = value\"");
    refused(MINIMUM "http_port = 80\nhttp_port = 81\n",
            ":4: http_port: is given already, at /tmp/test_config.");
    refused(MINIMUM "http_port = \"80\n", ":3: http_port: a closing quote is wanted");
    refused(MINIMUM "http_port = \"80\" 81\n", ":3: http_port: a closing quote is wanted");
    refused(MINIMUM "http_port =\n", ":3: http_port: \"\" is not allowed: a whole number from 1 to 65535");
    refused(MINIMUM "http_address =\n", ":3: http_address: must not be empty");
    refused("database_url = \"\"\nmqtt_url = mqtt://h", ":1: database_url: must not be empty");
}

static void numbers_keep_to_their_ranges(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int low, high;
    } keys[] = {{"http_port", 1, 65535},           {"http_threads", 1, 64},
                {"ingest_workers", 1, 16},         {"ingest_batch", 1, 10000},
                {"queue_capacity", 1, 1000000},    {"tick_milliseconds", 10, 60000},
                {"offer_resend_seconds", 1, 3600}, {"event_retention_days", 1, 3650},
                {"reports_per_minute", 1, 100000}};
    static const char *const wrong[] = {"",    "x",  "1x", "1.5", "-1", "+1", "0x10", "99999999999999999999",
                                        "--1", "1 1"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char line[256], message[128];
        struct config config;
        snprintf(message, sizeof message, "a whole number from %d to %d is wanted", keys[i].low,
                 keys[i].high);
        for (size_t j = 0; j < sizeof wrong / sizeof wrong[0]; j++) {
            snprintf(line, sizeof line, MINIMUM "%s = %s\n", keys[i].name, wrong[j]);
            refused(line, message);
        }
        snprintf(line, sizeof line, MINIMUM "%s = %d\n", keys[i].name, keys[i].low - 1);
        refused(line, message);
        snprintf(line, sizeof line, MINIMUM "%s = %d\n", keys[i].name, keys[i].high + 1);
        refused(line, message);
        bool batch = strcmp(keys[i].name, "ingest_batch") == 0; /* must fit into the queue */
        bool queue = strcmp(keys[i].name, "queue_capacity") == 0;
        snprintf(line, sizeof line, MINIMUM "%s = %d\n%s", keys[i].name, keys[i].high,
                 batch ? "queue_capacity = 10000\n" : "");
        load_good(line, &config);
        config_release(&config);
        snprintf(line, sizeof line, MINIMUM "%s = %d\n%s", keys[i].name, keys[i].low,
                 queue ? "ingest_batch = 1\n" : "");
        load_good(line, &config);
        config_release(&config);
    }
}

static void values_must_fit_together(void **state)
{
    (void)state;
    struct config config;
    refused(MINIMUM "queue_capacity = 499\n",
            ":3: queue_capacity: 499 is not allowed: at least ingest_batch (500)");
    refused(MINIMUM "log_level = loud\n",
            ":3: log_level: \"loud\" is not allowed: debug, info, warning or error");
    refused(MINIMUM "log_format = xml\n", ":3: log_format: \"xml\" is not allowed: logfmt or json");
    refused(MINIMUM "http_address = localhost\n",
            ":3: http_address: \"localhost\" is not allowed: a numeric");
    refused(MINIMUM "http_address = 0.0.0.0\n", "public_url: must be given when http_address is 0.0.0.0");
    refused(MINIMUM "public_url = ftp://fleet\n",
            ":3: public_url: \"ftp://fleet\" is not allowed: http://HOST");
    refused(MINIMUM "public_url = http://\n", ":3: public_url:");
    refused(MINIMUM "public_url = \"http://a b\"\n", ":3: public_url:");
    load_good(MINIMUM "http_address = ::1\nhttp_port = 81\n", &config);
    assert_string_equal(config.public_url, "http://[::1]:81");
    config_release(&config);
    load_good(MINIMUM "http_address = 0.0.0.0\npublic_url = http://fleet.example/x/\n", &config);
    assert_string_equal(config.public_url, "http://fleet.example/x");
    config_release(&config);
}

static void files_that_cannot_be_read_say_why(void **state)
{
    (void)state;
    struct config config;
    struct error error;
    assert_int_equal(config_load("/nonexistent/orchestratord.conf", &config, &error), STATUS_NOT_FOUND);
    assert_string_equal(error.message,
                        "configuration file /nonexistent/orchestratord.conf: No such file or directory");
    config_release(&config);
    assert_int_equal(config_load("/tmp", &config, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, "Is a directory"));
    config_release(&config);
    write_bytes("http_port = 80\0 81\n", 19);
    assert_int_equal(config_load(path, &config, &error), STATUS_INVALID);
    assert_non_null(strstr(error.message, ":1: a zero byte"));
    config_release(&config);
    unlink(path);
}

static void the_environment_comes_after_the_file(void **state)
{
    (void)state;
    struct config config;
    struct error error;
    setenv("ORCHESTRATORD_HTTP_PORT", "9001", 1);
    load_good(MINIMUM "http_port = 9000\n", &config);
    assert_int_equal(config.http_port, 9001);
    config_release(&config);
    setenv("ORCHESTRATORD_HTTP_PORT", "many", 1);
    refused(MINIMUM, "ORCHESTRATORD_HTTP_PORT: http_port: \"many\" is not allowed");
    unsetenv("ORCHESTRATORD_HTTP_PORT");
    setenv("ORCHESTRATORD_HTPP_PORT", "1", 1);
    refused(MINIMUM, "there is no key ORCHESTRATORD_HTPP_PORT; is ORCHESTRATORD_HTTP_PORT meant?");
    unsetenv("ORCHESTRATORD_HTPP_PORT");
    setenv("ORCHESTRATORD_MQTT_URL", "mqtt://o:secret@h:x", 1);
    refused(MINIMUM, "ORCHESTRATORD_MQTT_URL: mqtt_url:");
    setenv("ORCHESTRATORD_MQTT_URL", "mqtt://other", 1);
    setenv("ORCHESTRATORD_DATABASE_URL", "postgresql://other", 1);
    assert_int_equal(config_load(NULL, &config, &error), STATUS_OK);
    assert_string_equal(config.mqtt_host, "other");
    assert_string_equal(config.database_url, "postgresql://other");
    config_release(&config);
    unsetenv("ORCHESTRATORD_MQTT_URL");
    unsetenv("ORCHESTRATORD_DATABASE_URL");
}

static void a_reload_takes_what_it_can_and_names_the_rest(void **state)
{
    (void)state;
    struct config running, fresh;
    char restart[256];
    load_good(MINIMUM, &running);
    load_good(MINIMUM "log_level = debug\ntick_milliseconds = 50\nevent_retention_days = 7\n"
                      "reports_per_minute = 60\n",
              &fresh);
    config_adopt(&running, &fresh, restart, sizeof restart);
    assert_string_equal(restart, "");
    assert_int_equal(running.log_level, LOG_DEBUG);
    assert_int_equal(running.tick_milliseconds, 50);
    assert_int_equal(running.event_retention_days, 7);
    assert_int_equal(running.reports_per_minute, 60);
    config_release(&fresh);
    load_good(MINIMUM "http_port = 81\nhttp_threads = 8\nlog_format = json\n", &fresh);
    config_adopt(&running, &fresh, restart, sizeof restart);
    assert_string_equal(restart, "http_port,public_url,http_threads");
    assert_int_equal(running.http_port, 8080);
    assert_int_equal(running.log_format, LOG_FORMAT_JSON);
    assert_int_equal(running.log_level, LOG_INFO);
    config_release(&fresh);
    config_release(&running);
}

/* What print writes; release with free. */
static char *printed(void (*print)(FILE *))
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    print(file);
    fclose(file);
    return text;
}

static char *read_whole(const char *name)
{
    FILE *file = fopen(name, "r");
    if (file == NULL)
        fail_msg("%s is not there", name);
    char *text = calloc(1, 1 << 20);
    assert_non_null(text);
    assert_in_range(fread(text, 1, (1 << 20) - 1, file), 1, (1 << 20) - 2);
    fclose(file);
    return text;
}

static void the_documentation_has_exactly_this_table(void **state)
{
    (void)state;
    static const char *const files[] = {"docs/configuration.md", "README.md"};
    char *table = printed(config_print_markdown);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char *text = read_whole(files[i]);
        if (strstr(text, table) == NULL)
            fail_msg("%s must have this table:\n%s", files[i], table);
        free(text);
    }
    free(table);
}

static void help_names_every_key(void **state)
{
    (void)state;
    char *help = printed(config_print_help);
    assert_non_null(strstr(help, "  database_url           PostgreSQL"));
    assert_non_null(strstr(help, "(text; required)"));
    assert_non_null(strstr(help, "  tick_milliseconds    * "));
    assert_non_null(strstr(help, "(a whole number from 10 to 60000; default: 500)"));
    free(help);
}

int main(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], "--print-table") == 0) {
        config_print_markdown(stdout);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_hold_for_what_is_not_given),
        cmocka_unit_test(every_form_of_a_line_is_read),
        cmocka_unit_test(urls_are_taken_apart),
        cmocka_unit_test(broken_urls_are_refused_without_repeating_them),
        cmocka_unit_test(a_public_url_that_no_device_can_ask_is_refused),
        cmocka_unit_test(a_byte_order_mark_is_no_part_of_the_file),
        cmocka_unit_test(tls_needs_a_readable_ca_file),
        cmocka_unit_test(bad_files_are_refused_with_their_line),
        cmocka_unit_test(numbers_keep_to_their_ranges),
        cmocka_unit_test(values_must_fit_together),
        cmocka_unit_test(files_that_cannot_be_read_say_why),
        cmocka_unit_test(the_environment_comes_after_the_file),
        cmocka_unit_test(a_reload_takes_what_it_can_and_names_the_rest),
        cmocka_unit_test(the_documentation_has_exactly_this_table),
        cmocka_unit_test(help_names_every_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
