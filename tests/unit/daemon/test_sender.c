/* What a tick has committed is published by another thread: in order, all of it, and the ticker waits when
 * two outboxes are on their way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <semaphore.h>

#include "command.h"
#include "sender.h"

struct published {
    sem_t may_publish; /* how many messages the broker takes */
    atomic_int count;
    char text[2000]; /* topics and payloads */
};

static void publish(void *context, const char *topic, const char *payload)
{
    struct published *published = context;
    while (sem_wait(&published->may_publish) != 0)
        continue;
    size_t used = strlen(published->text);
    snprintf(published->text + used, sizeof published->text - used, "%s %s\n", topic, payload);
    published->count++;
}

static struct sender sender;
static struct published published;
static atomic_bool third_is_sent;

static int begin(void **state)
{
    (void)state;
    struct error error;
    published = (struct published){.count = 0};
    sem_init(&published.may_publish, 0, 0);
    struct publisher publisher = {.publish = publish, .context = &published};
    assert_int_equal(sender_start(&sender, &publisher, &error), STATUS_OK);
    return 0;
}

static void let(int messages)
{
    for (int i = 0; i < messages; i++)
        sem_post(&published.may_publish);
}

static int end(void **state)
{
    (void)state;
    let(100); /* a test that failed may have let it wait */
    sender_stop(&sender);
    sem_destroy(&published.may_publish);
    return 0;
}

/* One message, as a tick would: the text lies in the arena that is handed over. */
static void send_text(const char *device, const char *text)
{
    struct arena arena = {0};
    struct outbox outbox = {0};
    outbox_put(&outbox, &arena, device, arena_copy(&arena, text));
    sender_send(&sender, &outbox, &arena);
    assert_null(arena.first);
}

static void what_was_handed_over_first_is_published_first(void **state)
{
    (void)state;
    let(4);
    struct arena arena = {0};
    struct outbox outbox = {0};
    struct offer *offer = arena_allocate(&arena, sizeof *offer);
    *offer = (struct offer){.campaign = 7,
                            .attempt = 1,
                            .nonce = arena_copy(&arena, "n"),
                            .version = arena_copy(&arena, "v1"),
                            .download_seconds = 400,
                            .confirm_seconds = 40};
    outbox_put_offer(&outbox, &arena, "lamp-1", offer);
    outbox_put(&outbox, &arena, "lamp-2", arena_copy(&arena, "second"));
    sender_send(&sender, &outbox, &arena);
    send_text("lamp-1", "third");
    send_text("lamp-3", "fourth");
    sender_stop(&sender);
    assert_string_equal(
        published.text,
        "fota/v1/lamp-1/command {\"command\":\"update\",\"campaign\":7,\"attempt\":1,\"nonce\":\"n\","
        "\"version\":\"v1\",\"download_seconds\":300,\"confirm_seconds\":30}\n"
        "fota/v1/lamp-2/command second\nfota/v1/lamp-1/command third\nfota/v1/lamp-3/command fourth\n");
}

static void *send_a_third(void *context)
{
    send_text("lamp-3", "third");
    (void)context;
    atomic_store(&third_is_sent, true);
    return NULL;
}

/* One is being published and one waits: the next tick has to. */
static void a_third_outbox_waits_for_the_first(void **state)
{
    (void)state;
    pthread_t thread;
    send_text("lamp-1", "first");
    send_text("lamp-2", "second"); /* returns when the first has been taken */
    assert_int_equal(pthread_create(&thread, NULL, send_a_third, NULL), 0);
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    assert_false(atomic_load(&third_is_sent));
    assert_int_equal(published.count, 0);
    let(1);
    pthread_join(thread, NULL);
    assert_true(atomic_load(&third_is_sent));
    let(2);
    sender_stop(&sender);
    assert_int_equal(published.count, 3);
}

static void the_stop_publishes_what_waits(void **state)
{
    (void)state;
    send_text("lamp-1", "first");
    send_text("lamp-2", "second");
    let(2);
    sender_stop(&sender);
    assert_int_equal(published.count, 2);
    sender_stop(&sender); /* once more does no harm */
}

static void nothing_to_send_is_no_outbox(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct outbox outbox = {0};
    const struct publisher none = {0}; /* would crash if it was asked */
    arena_copy(&arena, "of the tick");
    outbox_send(&outbox, &arena, &none);
    assert_non_null(arena.first);
    arena_release(&arena);
}

/* What the watch waits for before it takes a beat for answered. */
static void what_was_handed_over_is_published_when_the_broker_has_it(void **state)
{
    (void)state;
    assert_true(sender_has_published(&sender, sender_taken(&sender)));
    send_text("a", "one");
    int64_t first = sender_taken(&sender);
    send_text("a", "two");
    int64_t second = sender_taken(&sender);
    assert_false(sender_has_published(&sender, first));
    let(1);
    while (!sender_has_published(&sender, first))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    assert_false(sender_has_published(&sender, second));
    let(1);
    while (!sender_has_published(&sender, second))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    assert_int_equal(published.count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_handed_over_first_is_published_first, begin, end),
        cmocka_unit_test_setup_teardown(a_third_outbox_waits_for_the_first, begin, end),
        cmocka_unit_test_setup_teardown(the_stop_publishes_what_waits, begin, end),
        cmocka_unit_test(nothing_to_send_is_no_outbox),
        cmocka_unit_test_setup_teardown(what_was_handed_over_is_published_when_the_broker_has_it, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
