#include "queue.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
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
    assert_true(queue_put(queue, &report));
}

static void take(struct queue *queue, int first, size_t room, size_t wanted)
{
    struct report taken[8];
    assert_int_equal(queue_take(queue, taken, room, 0), wanted);
    for (size_t i = 0; i < wanted; i++)
        assert_string_equal(taken[i].device, report_of(first + (int)i).device);
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
    struct report taken;
    while (queue_take(context, &taken, 1, 0) == 1)
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_come_out_in_order_however_often_it_runs_full),
        cmocka_unit_test(lag_is_the_age_of_the_oldest_report_until_it_is_stored),
        cmocka_unit_test(there_is_no_lag_while_the_worker_waits_for_reports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
