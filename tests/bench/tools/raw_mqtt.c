#include "raw_mqtt.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECT = 0x10, CONNACK = 0x20, PUBLISH_1 = 0x32, PUBACK = 0x40, SUBSCRIBE = 0x82, SUBACK = 0x90 };

void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void reserve(unsigned char **bytes, size_t *capacity, size_t wanted)
{
    if (wanted <= *capacity)
        return;
    *capacity = 2 * wanted + 256;
    *bytes = realloc(*bytes, *capacity);
    if (*bytes == NULL)
        die("out of memory");
}

static void put(struct raw_mqtt *mqtt, const void *bytes, size_t length)
{
    reserve(&mqtt->out, &mqtt->out_capacity, mqtt->out_length + length);
    memcpy(mqtt->out + mqtt->out_length, bytes, length);
    mqtt->out_length += length;
}

static void put_u16(struct raw_mqtt *mqtt, unsigned value)
{
    put(mqtt, (unsigned char[]){(unsigned char)(value >> 8), (unsigned char)value}, 2);
}

static void put_text(struct raw_mqtt *mqtt, const char *text, size_t length)
{
    put_u16(mqtt, (unsigned)length);
    put(mqtt, text, length);
}

static void put_head(struct raw_mqtt *mqtt, unsigned char type, size_t length)
{
    unsigned char head[5] = {type};
    size_t count = 1;
    do {
        head[count] = (unsigned char)(length & 0x7F);
        length >>= 7;
        if (length > 0)
            head[count] |= 0x80;
        count++;
    } while (length > 0);
    put(mqtt, head, count);
}

static uint16_t next_id(struct raw_mqtt *mqtt)
{
    if (++mqtt->last_id == 0)
        mqtt->last_id = 1;
    return mqtt->last_id;
}

static void open_socket(struct raw_mqtt *mqtt, const char *address, int source)
{
    char host[64];
    const char *colon = strrchr(address, ':');
    if (colon == NULL || (size_t)(colon - address) >= sizeof host)
        die("\"%s\" is no HOST:PORT", address);
    memcpy(host, address, (size_t)(colon - address));
    host[colon - address] = '\0';
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(colon + 1))};
    struct sockaddr_in from = {.sin_family = AF_INET};
    if (inet_pton(AF_INET, host, &to.sin_addr) != 1)
        die("\"%s\" is no IPv4 address", host);
    int one = 1;
    mqtt->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (mqtt->fd < 0)
        die("socket: %m");
    setsockopt(mqtt->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (source > 0) {
        from.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + (uint32_t)source);
        setsockopt(mqtt->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
        if (bind(mqtt->fd, (struct sockaddr *)&from, sizeof from) != 0)
            die("bind: %m");
    }
    if (connect(mqtt->fd, (struct sockaddr *)&to, sizeof to) != 0)
        die("connect to %s: %m", address);
}

void raw_mqtt_connect(struct raw_mqtt *mqtt, const char *address, int source, const char *id,
                      const char *user)
{
    static const unsigned char protocol[] = {0,   4, 'M',  'Q', 'T',
                                             'T', 4, 0x82, 0,   0}; /* user, clean session */
    unsigned char answer[4];
    *mqtt = (struct raw_mqtt){0};
    open_socket(mqtt, address, source);
    put_head(mqtt, CONNECT, sizeof protocol + 2 + strlen(id) + 2 + strlen(user));
    put(mqtt, protocol, sizeof protocol);
    put_text(mqtt, id, strlen(id));
    put_text(mqtt, user, strlen(user));
    raw_mqtt_flush(mqtt);
    if (recv(mqtt->fd, answer, sizeof answer, MSG_WAITALL) != sizeof answer || answer[0] != CONNACK ||
        answer[3] != 0)
        die("%s: the broker does not take the connection", id);
    if (fcntl(mqtt->fd, F_SETFL, O_NONBLOCK) != 0)
        die("fcntl: %m");
}

void raw_mqtt_publish(struct raw_mqtt *mqtt, const char *topic, size_t topic_length, const char *payload,
                      size_t payload_length)
{
    put_head(mqtt, mqtt->retain ? PUBLISH_1 | 1 : PUBLISH_1, 2 + topic_length + 2 + payload_length);
    put_text(mqtt, topic, topic_length);
    put_u16(mqtt, next_id(mqtt));
    put(mqtt, payload, payload_length);
    mqtt->unanswered++;
}

void raw_mqtt_subscribe(struct raw_mqtt *mqtt, const char *topic)
{
    put_head(mqtt, SUBSCRIBE, 2 + 2 + strlen(topic) + 1);
    put_u16(mqtt, next_id(mqtt));
    put_text(mqtt, topic, strlen(topic));
    put(mqtt, (unsigned char[]){1}, 1);
}

bool raw_mqtt_flush(struct raw_mqtt *mqtt)
{
    while (mqtt->out_sent < mqtt->out_length) {
        ssize_t sent =
            send(mqtt->fd, mqtt->out + mqtt->out_sent, mqtt->out_length - mqtt->out_sent, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN)
            return true;
        if (sent < 0)
            die("the broker is gone: %m");
        mqtt->out_sent += (size_t)sent;
    }
    mqtt->out_sent = mqtt->out_length = 0;
    return false;
}

static unsigned handle(struct raw_mqtt *mqtt, const unsigned char *packet, size_t head, size_t length,
                       raw_mqtt_receive *receive, void *context)
{
    const unsigned char *body = packet + head;
    if (packet[0] == PUBACK) {
        mqtt->unanswered--;
    } else if (packet[0] == SUBACK) {
        if (body[length - 1] > 2)
            die("the broker refuses a subscription");
        return 1;
    } else if ((packet[0] & 0xF0) == (PUBLISH_1 & 0xF0)) {
        size_t topic = (size_t)(body[0] << 8 | body[1]), id = (packet[0] & 0x06) != 0 ? 2 : 0;
        struct raw_message message = {(const char *)body + 2, (const char *)body + 2 + topic + id, topic,
                                      length - 2 - topic - id};
        if (receive != NULL)
            receive(context, mqtt, &message);
        if (id != 0) {
            put_head(mqtt, PUBACK, 2);
            put(mqtt, body + 2 + topic, 2);
        }
    }
    return 0;
}

unsigned raw_mqtt_read(struct raw_mqtt *mqtt, raw_mqtt_receive *receive, void *context)
{
    unsigned granted = 0;
    reserve(&mqtt->in, &mqtt->in_capacity, mqtt->in_length + 4096);
    ssize_t count = recv(mqtt->fd, mqtt->in + mqtt->in_length, mqtt->in_capacity - mqtt->in_length, 0);
    if (count == 0 || (count < 0 && errno != EAGAIN))
        die("the broker has ended a connection");
    if (count > 0)
        mqtt->in_length += (size_t)count;
    size_t at = 0;
    for (;;) {
        size_t length = 0, head = 1;
        unsigned char byte = 0x80;
        for (unsigned shift = 0; (byte & 0x80) != 0 && at + head < mqtt->in_length; shift += 7) {
            byte = mqtt->in[at + head++];
            length |= (size_t)(byte & 0x7F) << shift;
        }
        if ((byte & 0x80) != 0 || mqtt->in_length - at < head + length)
            break;
        granted += handle(mqtt, mqtt->in + at, head, length, receive, context);
        at += head + length;
    }
    memmove(mqtt->in, mqtt->in + at, mqtt->in_length - at);
    mqtt->in_length -= at;
    return granted;
}
