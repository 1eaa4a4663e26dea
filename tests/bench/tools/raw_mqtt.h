/* As little of MQTT 3.1.1 as a load generator needs: one descriptor and two buffers a connection, so that
 * tens of thousands fit into one process and cost next to nothing beside the broker they load. */
#ifndef BENCH_RAW_MQTT_H
#define BENCH_RAW_MQTT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct raw_mqtt {
    int fd;
    unsigned char *in, *out;
    size_t in_length, in_capacity, out_length, out_capacity, out_sent;
    uint16_t last_id;
    unsigned unanswered; /* QoS 1 publishes without their PUBACK */
    bool retain;         /* what it publishes is retained */
};

struct raw_message { /* of a PUBLISH: neither is terminated */
    const char *topic, *payload;
    size_t topic_length, payload_length;
};
typedef void raw_mqtt_receive(void *context, struct raw_mqtt *mqtt, const struct raw_message *message);

/* "HOST:PORT" to a number for the port; ends the program with a message when it is no such thing, as
 * everything here does: a benchmark goes well or not at all. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
double seconds_now(void); /* since 1970 */
void raise_descriptors(void);

/* Connects (clean session, no keep-alive) and waits for the CONNACK; the socket does not block from then on.
 * `source` above 0 is the last number of the loopback address to come from. */
void raw_mqtt_connect(struct raw_mqtt *mqtt, const char *address, int source, const char *id,
                      const char *user);
/* Into the output buffer, with QoS 1. */
void raw_mqtt_publish(struct raw_mqtt *mqtt, const char *topic, size_t topic_length, const char *payload,
                      size_t payload_length);
void raw_mqtt_subscribe(struct raw_mqtt *mqtt, const char *topic);
/* Sends what the socket takes. Whether something is left. */
bool raw_mqtt_flush(struct raw_mqtt *mqtt);
/* Reads what is there; answers each PUBLISH with a PUBACK (in the output buffer) after `receive`, which may
 * be NULL. Returns how many SUBACKs came. */
unsigned raw_mqtt_read(struct raw_mqtt *mqtt, raw_mqtt_receive *receive, void *context);

#endif
