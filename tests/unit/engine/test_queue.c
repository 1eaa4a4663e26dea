#include "queue.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static struct report report_of(int number)
{
    struct report report = {.kind = REPORT_HELLO};
    snprintf(report.device, sizeof report.device, "device-%d", number);
    return report;
}

static void put(struct queue *queue, int number)
{
    struct report report = report_of(number);
    assert_int_equal(queue_put(queue, &report), QUEUE_PUT);
}

static void take(struct queue *queue, int first, size_t room, size_t wanted)
{
    struct report reports[8];
    struct queue_taken taken;
    assert_int_equal(queue_take(queue, reports, room, 0, &taken), wanted > 0);
    assert_int_equal(taken.count, wanted);
    for (size_t i = 0; i < wanted; i++)
        assert_string_equal(reports[i].device, report_of(first + (int)i).device);
}

static void wait_milliseconds(long milliseconds)
{
    struct timespec time = {.tv_nsec = milliseconds * 1000000};
    nanosleep(&time, NULL);
}

static void reports_come_out_in_order_however_often_it_runs_full(void **state)
{
    (void)state;
    struct queue *queue = queue_create(3);
    for (int i = 0; i < 10; i++) {
        put(queue, 3 * i);
        put(queue, 3 * i + 1);
        take(queue, 3 * i, 1, 1);
        put(queue, 3 * i + 2);
        assert_int_equal(queue_depth(queue), 2);
        take(queue, 3 * i + 1, 8, 2);
    }
    queue_close(queue);
    take(queue, 0, 8, 0);
    queue_destroy(queue);
}

static void lag_is_the_age_of_the_oldest_report_until_it_is_stored(void **state)
{
    (void)state;
    struct queue *queue = queue_create(4);
    assert_int_equal(queue_lag(queue), 0);
    put(queue, 1);
    wait_milliseconds(30);
    put(queue, 2);
    assert_true(queue_lag(queue) >= 30);
    take(queue, 1, 1, 1); /* now it is being stored, and the second waits */
    wait_milliseconds(5);
    assert_true(queue_lag(queue) >= 35);
    take(queue, 2, 1, 1); /* the first is stored */
    long long of_second = queue_lag(queue);
    put(queue, 3);
    assert_true(of_second >= 5 && of_second <= queue_lag(queue));
    queue_close(queue);
    take(queue, 3, 1, 1);
    take(queue, 0, 1, 0);
    assert_int_equal(queue_lag(queue), 0);
    queue_destroy(queue);
}

static void *take_one(void *context)
{
    struct report report;
    struct queue_taken taken;
    while (queue_take(context, &report, 1, 0, &taken))
        continue;
    return NULL;
}

static void there_is_no_lag_while_the_worker_waits_for_reports(void **state)
{
    (void)state;
    struct queue *queue = queue_create(4);
    pthread_t worker;
    put(queue, 1);
    assert_int_equal(pthread_create(&worker, NULL, take_one, queue), 0);
    for (int i = 0; i < 100 && queue_lag(queue) > 0; i++)
        wait_milliseconds(10);
    wait_milliseconds(30);
    assert_int_equal(queue_lag(queue), 0);
    queue_close(queue);
    pthread_join(worker, NULL);
    queue_destroy(queue);
}

/* --- devices ------------------------------------------------------------------------------------------ */

enum { CAPACITY = 1000, ROOM = 1000 };

static struct report of_device(const char *device, enum report_kind kind)
{
    struct report report = {.kind = kind};
    snprintf(report.device, sizeof report.device, "%s", device);
    return report;
}

static struct report event(const char *device, enum target_event what, int attempt)
{
    struct report report = of_device(device, REPORT_TARGET);
    report.target = (struct target_report){.event = what, .campaign = 12, .attempt = attempt};
    return report;
}

static struct report progress(const char *device, int percent)
{
    struct report report = event(device, TARGET_EVENT_DOWNLOADING, 1);
    report.target.progress = percent;
    return report;
}

static struct report presence(const char *device, bool online)
{
    struct report report = of_device(device, REPORT_PRESENCE);
    report.online = online;
    return report;
}

/* Told apart by its reason for the reset. */
static struct report hello(const char *device, const char *reset_reason)
{
    struct report report = of_device(device, REPORT_HELLO);
    snprintf(report.reset_reason, sizeof report.reset_reason, "%s", reset_reason);
    return report;
}

static struct report hello_with(const char *device, const char *reset_reason, int failed_attempt)
{
    struct report report = hello(device, reset_reason);
    report.has_result = true;
    report.target = event(device, TARGET_EVENT_FAILED, failed_attempt).target;
    return report;
}

static enum queue_put_result put_report(struct queue *queue, struct report report)
{
    return queue_put(queue, &report);
}

/* The queue's content as words: device:word, in the order in which it comes out. */
static void content_is(struct queue *queue, const char *expected)
{
    static struct report reports[ROOM];
    static char text[64 * ROOM];
    struct queue_taken taken = {0};
    size_t length = 0;
    text[0] = '\0';
    if (queue_depth(queue) > 0)
        assert_true(queue_take(queue, reports, ROOM, 0, &taken));
    for (size_t i = 0; i < taken.count; i++) {
        const struct report *report = &reports[i];
        const struct target_report *target = &report->target;
        const char *gap = i > 0 ? " " : "";
        char *end = text + length;
        size_t room = sizeof text - length;
        if (report->kind == REPORT_PRESENCE)
            length += (size_t)snprintf(end, room, "%s%s:%s", gap, report->device,
                                       report->online ? "online" : "offline");
        else if (report->kind == REPORT_HELLO && report->has_result)
            length += (size_t)snprintf(end, room, "%s%s:%s+%s%d", gap, report->device, report->reset_reason,
                                       target_event_name(target->event), target->attempt);
        else if (report->kind == REPORT_HELLO)
            length += (size_t)snprintf(end, room, "%s%s:%s", gap, report->device, report->reset_reason);
        else
            length += (size_t)snprintf(end, room, "%s%s:%s%d", gap, report->device,
                                       target_event_name(target->event), target->attempt);
    }
    assert_string_equal(text, expected);
}

/* One whose reports are all above the limit, but for the first. */
static struct queue *queue_of_crowded_devices(void)
{
    struct queue *queue = queue_create(CAPACITY);
    queue_limit(queue, 1);
    return queue;
}

static void devices_are_served_in_turn_and_each_in_order(void **state)
{
    (void)state;
    struct queue *queue = queue_create(CAPACITY);
    for (int attempt = 1; attempt <= 3; attempt++)
        put_report(queue, event("flood", TARGET_EVENT_FAILED, attempt));
    put_report(queue, hello("a", "power_on"));
    put_report(queue, hello("b", "power_on"));
    put_report(queue, presence("a", true));
    content_is(queue, "flood:failed1 a:power_on b:power_on flood:failed2 a:online flood:failed3");
    queue_destroy(queue);
}

/* The turn goes on where the last batch ended. */
static void small_batches_are_as_fair(void **state)
{
    (void)state;
    struct queue *queue = queue_create(CAPACITY);
    struct report report;
    struct queue_taken taken;
    for (int attempt = 1; attempt <= 20; attempt++)
        put_report(queue, event("flood", TARGET_EVENT_FAILED, attempt));
    put_report(queue, hello("a", "power_on"));
    assert_true(queue_take(queue, &report, 1, 0, &taken));
    assert_string_equal(report.device, "flood");
    assert_true(queue_take(queue, &report, 1, 0, &taken));
    assert_string_equal(report.device, "a");
    assert_int_equal(queue_depth(queue), 19);
    queue_destroy(queue);
}

static void a_device_at_its_bound_loses_progress_and_keeps_how_it_is(void **state)
{
    (void)state;
    struct queue *queue = queue_create(CAPACITY);
    for (int i = 0; i < DEVICE_QUEUED_MAX; i++)
        assert_int_equal(put_report(queue, progress("flood", i)), QUEUE_PUT);
    assert_int_equal(put_report(queue, progress("flood", 99)), QUEUE_SETTLED);
    assert_int_equal(put_report(queue, event("flood", TARGET_EVENT_FAILED, 2)), QUEUE_SETTLED);
    assert_int_equal(put_report(queue, of_device("flood", REPORT_REJECTED)), QUEUE_SETTLED);
    assert_int_equal(put_report(queue, hello("flood", "watchdog")), QUEUE_PUT);
    assert_int_equal(put_report(queue, presence("flood", true)), QUEUE_PUT);
    assert_int_equal(put_report(queue, hello("flood", "exception")), QUEUE_SETTLED);
    assert_int_equal(put_report(queue, presence("flood", false)), QUEUE_SETTLED);
    assert_int_equal(queue_depth(queue), DEVICE_QUEUED_MAX + 2);
    assert_int_equal(put_report(queue, progress("other", 1)), QUEUE_PUT);
    struct report reports[ROOM];
    struct queue_taken taken;
    queue_close(queue);
    assert_true(queue_take(queue, reports, ROOM, 0, &taken));
    assert_int_equal(taken.count, DEVICE_QUEUED_MAX + 3);
    assert_string_equal(reports[taken.count - 2].reset_reason, "exception");
    assert_false(reports[taken.count - 1].online);
    assert_int_equal(taken.dropped, 3);
    assert_string_equal(taken.dropped_device, "flood");
    assert_false(queue_take(queue, reports, ROOM, 0, &taken));
    queue_destroy(queue);
}

static void above_the_limit_progress_is_dropped_and_only_the_last_state_waits(void **state)
{
    (void)state;
    struct queue *queue = queue_create(CAPACITY);
    queue_limit(queue, 3);
    assert_int_equal(put_report(queue, hello("a", "first")), QUEUE_PUT);
    assert_int_equal(put_report(queue, presence("a", true)), QUEUE_PUT);
    assert_int_equal(put_report(queue, progress("a", 1)), QUEUE_PUT);
    assert_int_equal(put_report(queue, progress("a", 2)), QUEUE_SETTLED);
    assert_int_equal(put_report(queue, presence("a", false)), QUEUE_SETTLED);
    assert_int_equal(put_report(queue, hello("a", "second")), QUEUE_SETTLED);
    assert_int_equal(put_report(queue, progress("b", 1)), QUEUE_PUT);
    content_is(queue, "a:downloading1 b:downloading1 a:offline a:second");
    queue_limit(queue, 100);
    assert_int_equal(put_report(queue, progress("a", 3)), QUEUE_PUT);
    queue_destroy(queue);
}

static void the_newest_hello_stands_behind_what_came_before_it(void **state)
{
    (void)state;
    struct queue *queue = queue_of_crowded_devices();
    assert_int_equal(put_report(queue, hello("a", "first")), QUEUE_PUT);
    assert_int_equal(put_report(queue, event("a", TARGET_EVENT_CONFIRMED, 1)), QUEUE_PUT);
    assert_int_equal(put_report(queue, hello("b", "other")), QUEUE_PUT);
    assert_int_equal(put_report(queue, hello("a", "second")), QUEUE_SETTLED);
    content_is(queue, "a:confirmed1 b:other a:second");
    queue_destroy(queue);
}

static void a_result_in_a_replaced_hello_is_kept(void **state)
{
    (void)state;
    struct queue *queue = queue_of_crowded_devices();
    put_report(queue, hello_with("a", "first", 1));
    assert_int_equal(put_report(queue, hello("a", "second")), QUEUE_PUT);
    content_is(queue, "a:failed1 a:second");
    put_report(queue, hello_with("a", "first", 1));
    assert_int_equal(put_report(queue, hello_with("a", "second", 2)), QUEUE_PUT);
    assert_int_equal(put_report(queue, hello_with("a", "third", 1)), QUEUE_PUT);
    content_is(queue, "a:failed1 a:failed2 a:third");
    queue_destroy(queue);
}

static void a_stream_of_hellos_with_one_result_is_that_result_and_a_hello(void **state)
{
    (void)state;
    struct queue *queue = queue_of_crowded_devices();
    for (int i = 0; i < 5 * DEVICE_QUEUED_MAX; i++) {
        put_report(queue, hello_with("a", "same", 1));
        assert_in_range(queue_depth(queue), 1, 2);
    }
    content_is(queue, "a:failed1 a:same");
    queue_destroy(queue);
}

static void a_flash_map_that_only_the_older_hello_names_goes_over(void **state)
{
    (void)state;
    static const struct flash_map map = {.name = "512+512"};
    struct queue *queue = queue_of_crowded_devices();
    struct report older = hello("a", "first"), reports[ROOM];
    struct queue_taken taken;
    for (int has_result = 0; has_result < 2; has_result++) {
        older.flash = &map;
        older.has_result = has_result == 1;
        queue_put(queue, &older);
        put_report(queue, hello("a", "second"));
        assert_true(queue_take(queue, reports, ROOM, 0, &taken));
        assert_ptr_equal(reports[taken.count - 1].flash, &map);
    }
    queue_destroy(queue);
}

static void a_repeated_result_or_answer_waits_once(void **state)
{
    (void)state;
    struct queue *queue = queue_of_crowded_devices();
    struct report cancelled = of_device("a", REPORT_CANCELLED), answered = of_device("a", REPORT_ANSWERED);
    cancelled.target = (struct target_report){.campaign = 12, .attempt = 1};
    snprintf(answered.target.nonce, sizeof answered.target.nonce, "0123456789abcdef");
    assert_int_equal(put_report(queue, event("a", TARGET_EVENT_FAILED, 1)), QUEUE_PUT);
    assert_int_equal(put_report(queue, event("a", TARGET_EVENT_FAILED, 1)), QUEUE_SETTLED);
    assert_int_equal(put_report(queue, event("a", TARGET_EVENT_FAILED, 2)), QUEUE_PUT);
    assert_int_equal(put_report(queue, event("a", TARGET_EVENT_REJECTED, 2)), QUEUE_PUT);
    assert_int_equal(queue_put(queue, &cancelled), QUEUE_PUT);
    assert_int_equal(queue_put(queue, &cancelled), QUEUE_SETTLED);
    assert_int_equal(queue_put(queue, &answered), QUEUE_PUT);
    assert_int_equal(queue_put(queue, &answered), QUEUE_SETTLED);
    answered.target.nonce[0] = 'f';
    assert_int_equal(queue_put(queue, &answered), QUEUE_PUT);
    assert_int_equal(queue_depth(queue), 6);
    /* What was taken is no reason to leave out a repeat: its acknowledgement may have been lost. */
    struct report reports[ROOM];
    struct queue_taken taken;
    assert_true(queue_take(queue, reports, ROOM, 0, &taken));
    assert_int_equal(put_report(queue, event("a", TARGET_EVENT_FAILED, 1)), QUEUE_PUT);
    queue_destroy(queue);
}

static void messages_of_no_device_are_one_device(void **state)
{
    (void)state;
    struct queue *queue = queue_create(CAPACITY);
    int put_count = 0;
    for (int i = 0; i < 10 * DEVICE_QUEUED_MAX; i++)
        put_count += put_report(queue, of_device("", REPORT_REJECTED)) == QUEUE_PUT;
    assert_int_equal(put_count, DEVICE_QUEUED_MAX);
    queue_destroy(queue);
}

/* It would block for ever: nobody takes. */
static void one_device_never_fills_the_queue(void **state)
{
    (void)state;
    for (size_t capacity = 16; capacity <= 4096; capacity *= 4) {
        struct queue *queue = queue_create(capacity);
        for (int i = 1; i < 5000; i++) {
            put_report(queue, event("flood", TARGET_EVENT_FAILED, i));
            put_report(queue, hello_with("flood", "hello", i));
            put_report(queue, presence("flood", i % 2 == 0));
            put_report(queue, progress("flood", i));
        }
        assert_in_range(queue_depth(queue), 1, capacity - 1);
        queue_destroy(queue);
    }
}

static void *put_one(void *context)
{
    struct queue *queue = context;
    struct report report = hello("late", "power_on");
    return queue_put(queue, &report) == QUEUE_PUT ? queue : NULL;
}

static void a_queue_full_of_devices_blocks_until_something_is_taken(void **state)
{
    (void)state;
    struct queue *queue = queue_create(8);
    struct report reports[8];
    struct queue_taken taken;
    pthread_t putter;
    void *result;
    for (int i = 0; i < 8; i++)
        put(queue, i);
    assert_int_equal(pthread_create(&putter, NULL, put_one, queue), 0);
    wait_milliseconds(50);
    assert_int_equal(queue_depth(queue), 8);
    assert_true(queue_take(queue, reports, 8, 0, &taken));
    pthread_join(putter, &result);
    assert_ptr_equal(result, queue);
    content_is(queue, "late:power_on");
    for (int i = 0; i < 8; i++)
        put(queue, i);
    assert_int_equal(pthread_create(&putter, NULL, put_one, queue), 0);
    wait_milliseconds(50);
    queue_close(queue);
    pthread_join(putter, &result);
    assert_null(result);
    queue_destroy(queue);
}

static void *take_until_dropped(void *context)
{
    struct report report;
    struct queue_taken taken = {0};
    while (taken.dropped == 0 && queue_take(context, &report, 1, 0, &taken))
        continue;
    return (void *)(intptr_t)taken.dropped;
}

static void what_was_dropped_is_told_though_nothing_else_comes(void **state)
{
    (void)state;
    struct queue *queue = queue_of_crowded_devices();
    pthread_t worker;
    void *dropped;
    put_report(queue, progress("flood", 0));
    assert_int_equal(pthread_create(&worker, NULL, take_until_dropped, queue), 0);
    for (int i = 0; i < 100 && queue_depth(queue) > 0; i++)
        wait_milliseconds(10);
    for (int i = 0; i < 7; i++)
        assert_int_equal(put_report(queue, progress("flood", i)), QUEUE_SETTLED);
    pthread_join(worker, &dropped);
    assert_int_equal((intptr_t)dropped, 7);
    queue_destroy(queue);
}

/* --- marks -------------------------------------------------------------------------------------------- */

static void a_mark_passes_when_what_was_put_before_it_is_stored(void **state)
{
    (void)state;
    struct queue *queue = queue_create(CAPACITY);
    struct report reports[8];
    struct queue_taken taken;
    assert_int_equal(queue_marked(queue), 0);
    queue_mark(queue, 5);
    assert_int_equal(queue_marked(queue), 5);
    put_report(queue, hello("a", "first"));
    put_report(queue, hello("a", "second"));
    queue_mark(queue, 6);
    put_report(queue, hello("b", "first"));
    assert_true(queue_take(queue, reports, 1, 0, &taken)); /* a's first */
    assert_true(queue_take(queue, reports, 1, 0, &taken)); /* b's, which came after the mark */
    assert_string_equal(reports[0].device, "b");
    assert_true(queue_take(queue, reports, 1, 0, &taken)); /* a's second: taken, and not stored */
    assert_int_equal(queue_marked(queue), 5);
    put_report(queue, hello("b", "second"));
    assert_true(queue_take(queue, reports, 1, 0, &taken));
    assert_int_equal(queue_marked(queue), 6);
    queue_mark(queue, 7);
    assert_int_equal(queue_marked(queue), 6);
    queue_close(queue);
    assert_false(queue_take(queue, reports, 1, 0, &taken));
    assert_int_equal(queue_marked(queue), 7);
    queue_destroy(queue);
}

static void a_mark_does_not_wait_for_what_was_dropped_or_replaced(void **state)
{
    (void)state;
    struct queue *queue = queue_of_crowded_devices();
    struct report report;
    struct queue_taken taken;
    put_report(queue, event("a", TARGET_EVENT_FAILED, 1));
    put_report(queue, progress("a", 1));
    put_report(queue, hello("a", "first"));
    queue_mark(queue, 5);
    put_report(queue, hello("a", "second"));
    assert_true(queue_take(queue, &report, 1, 0, &taken));
    assert_int_equal(queue_marked(queue), 0);
    assert_true(queue_take(queue, &report, 1, 0, &taken));
    assert_string_equal(report.reset_reason, "second");
    assert_int_equal(queue_marked(queue), 5);
    queue_destroy(queue);
}

/* It puts as much as it can between any two reports that are taken. */
static void a_flood_holds_a_mark_back_for_a_bounded_number_of_rounds(void **state)
{
    (void)state;
    struct queue *queue = queue_create(CAPACITY);
    struct report report;
    struct queue_taken taken;
    int number = 0, rounds = 0;
    for (int64_t mark = 1; mark <= 20; mark++) {
        for (rounds = 0; rounds == 0 || queue_marked(queue) < mark; rounds++) {
            for (int i = 0; i < 50; i++) {
                put_report(queue, event("flood", TARGET_EVENT_FAILED, ++number));
                put_report(queue, hello_with("flood", "hello", number % 3));
                put_report(queue, presence("flood", true));
            }
            if (rounds == 0)
                queue_mark(queue, mark);
            assert_true(queue_take(queue, &report, 1, 0, &taken));
            assert_in_range(rounds, 0, DEVICE_QUEUED_MAX + 3);
        }
    }
    queue_destroy(queue);
}

/* --- everything at once ------------------------------------------------------------------------------- */

/* Random reports of a few devices, and random batches. What each device has said in order is a list; of that
 * the queue may leave out only what it said was settled, and it must end with how the device is now. */
static void every_report_is_taken_or_settled_and_none_overtakes(void **state)
{
    (void)state;
    enum { DEVICES = 12, STEPS = 200000 };
    struct queue *queue = queue_create(200);
    static struct report reports[ROOM];
    struct queue_taken taken;
    int64_t put_count = 0, settled = 0, taken_count = 0, dropped = 0;
    long long last_number[DEVICES] = {0}, last_hello[DEVICES] = {0}, taken_hello[DEVICES] = {0};
    srandom(7);
    queue_limit(queue, 5000);
    for (long long step = 1; step <= STEPS; step++) {
        if (random() % 8 != 0 && queue_depth(queue) < 190) {
            int device = random() % 2 == 0 ? 0 : (int)(random() % DEVICES);
            char name[32];
            snprintf(name, sizeof name, "device-%d", device);
            struct report report;
            switch (random() % 5) {
            case 0:
                report = hello(name, "reset");
                break;
            case 1:
                report = hello_with(name, "reset", (int)(random() % 4));
                break;
            case 2:
                report = presence(name, random() % 2 == 0);
                break;
            case 3:
                report = event(name, TARGET_EVENT_FAILED, (int)(random() % 50));
                break;
            default:
                report = progress(name, 50);
                break;
            }
            report.received_at = step; /* its number */
            enum queue_put_result result = queue_put(queue, &report);
            assert_int_not_equal(result, QUEUE_CLOSED);
            put_count++;
            settled += result == QUEUE_SETTLED;
            if (report.kind == REPORT_HELLO && !report.has_result)
                last_hello[device] = step;
            if (report.kind == REPORT_HELLO && report.has_result)
                last_hello[device] = 0; /* it may have been dropped */
        } else if (queue_depth(queue) > 0) {
            assert_true(queue_take(queue, reports, 1 + (size_t)random() % 40, 0, &taken));
            taken_count += (int64_t)taken.count;
            dropped += taken.dropped;
            for (size_t i = 0; i < taken.count; i++) {
                int device = atoi(reports[i].device + strlen("device-"));
                assert_true(reports[i].received_at > last_number[device]);
                last_number[device] = reports[i].received_at;
                if (reports[i].kind == REPORT_HELLO)
                    taken_hello[device] = reports[i].received_at;
            }
        }
        assert_int_equal(put_count, taken_count + settled + (int64_t)queue_depth(queue));
    }
    queue_close(queue);
    while (queue_take(queue, reports, ROOM, 0, &taken)) {
        dropped += taken.dropped;
        for (size_t i = 0; i < taken.count; i++) {
            if (reports[i].kind == REPORT_HELLO)
                taken_hello[atoi(reports[i].device + strlen("device-"))] = reports[i].received_at;
        }
    }
    for (int device = 0; device < DEVICES; device++)
        assert_true(last_hello[device] == 0 || taken_hello[device] == last_hello[device]);
    assert_true(settled > STEPS / 100 && dropped > STEPS / 1000 && taken_count > STEPS / 10);
    queue_destroy(queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_come_out_in_order_however_often_it_runs_full),
        cmocka_unit_test(lag_is_the_age_of_the_oldest_report_until_it_is_stored),
        cmocka_unit_test(there_is_no_lag_while_the_worker_waits_for_reports),
        cmocka_unit_test(devices_are_served_in_turn_and_each_in_order),
        cmocka_unit_test(small_batches_are_as_fair),
        cmocka_unit_test(a_device_at_its_bound_loses_progress_and_keeps_how_it_is),
        cmocka_unit_test(above_the_limit_progress_is_dropped_and_only_the_last_state_waits),
        cmocka_unit_test(the_newest_hello_stands_behind_what_came_before_it),
        cmocka_unit_test(a_result_in_a_replaced_hello_is_kept),
        cmocka_unit_test(a_stream_of_hellos_with_one_result_is_that_result_and_a_hello),
        cmocka_unit_test(a_flash_map_that_only_the_older_hello_names_goes_over),
        cmocka_unit_test(a_repeated_result_or_answer_waits_once),
        cmocka_unit_test(messages_of_no_device_are_one_device),
        cmocka_unit_test(one_device_never_fills_the_queue),
        cmocka_unit_test(a_queue_full_of_devices_blocks_until_something_is_taken),
        cmocka_unit_test(what_was_dropped_is_told_though_nothing_else_comes),
        cmocka_unit_test(a_mark_passes_when_what_was_put_before_it_is_stored),
        cmocka_unit_test(a_mark_does_not_wait_for_what_was_dropped_or_replaced),
        cmocka_unit_test(a_flood_holds_a_mark_back_for_a_bounded_number_of_rounds),
        cmocka_unit_test(every_report_is_taken_or_settled_and_none_overtakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
