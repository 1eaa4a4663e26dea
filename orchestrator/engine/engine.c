#include "engine.h"

#include <string.h>

#include "command.h"
#include "store_sql.h"

enum status engine_load_secret(struct store *store, unsigned char secret[IMAGE_SECRET_SIZE],
                               struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    struct arena arena = {0};
    store_put_text(&parameters, "image_secret");
    if (store_run(store, &SQL_SETTING_GET, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    size_t length = 0;
    unsigned char *bytes = NULL;
    if (store_rows_count(rows) == 1)
        bytes = store_rows_bytes(rows, 0, 0, &arena, &length);
    if (length == IMAGE_SECRET_SIZE)
        memcpy(secret, bytes, IMAGE_SECRET_SIZE);
    store_rows_free(rows);
    arena_release(&arena);
    if (length != IMAGE_SECRET_SIZE)
        return error_set(error, STATUS_INTERNAL, "settings.image_secret", "must hold %d bytes",
                         IMAGE_SECRET_SIZE);
    return STATUS_OK;
}

static struct outbox_message *append(struct outbox *outbox, struct arena *arena, const char *device)
{
    char topic[COMMAND_TOPIC_SIZE];
    command_topic(device, topic);
    struct outbox_message *message = arena_allocate(arena, sizeof *message);
    message->topic = arena_copy(arena, topic);
    if (outbox->first == NULL)
        outbox->last = &outbox->first;
    *outbox->last = message;
    outbox->last = &message->next;
    outbox->count++;
    return message;
}

void outbox_put(struct outbox *outbox, struct arena *arena, const char *device, const char *payload)
{
    append(outbox, arena, device)->payload = payload;
}

void outbox_put_asks(struct outbox *outbox, struct arena *arena, const struct store_rows *rows)
{
    const char *payload = command_report(arena);
    for (int64_t i = 0; i < store_rows_count(rows); i++)
        outbox_put(outbox, arena, store_rows_text(rows, i, 0), payload);
}

void outbox_put_offer(struct outbox *outbox, struct arena *arena, const char *device,
                      const struct offer *offer)
{
    append(outbox, arena, device)->offer = offer;
}

void outbox_publish(const struct outbox *outbox, const struct publisher *publisher)
{
    for (const struct outbox_message *message = outbox->first; message != NULL; message = message->next) {
        struct arena arena = {0};
        publisher->publish(publisher->context, message->topic,
                           message->payload != NULL ? message->payload
                                                    : command_offer(message->offer, &arena));
        arena_release(&arena);
    }
}

void outbox_send(const struct outbox *outbox, struct arena *arena, const struct publisher *publisher)
{
    if (publisher->send == NULL)
        outbox_publish(outbox, publisher);
    else if (outbox->first != NULL)
        publisher->send(publisher->context, outbox, arena);
}
