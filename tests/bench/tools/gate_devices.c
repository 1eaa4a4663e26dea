/* The devices of small waves on one connection, which measure how long the orchestrator takes to draw its
 * conclusion from the report that decides a wave. Prints "ready", then the seconds of each conclusion, one a
 * line. Two modes:
 *
 *   gate_devices HOST:PORT promote MEMBERS COUNT
 *       once all MEMBERS of a wave are offered, all confirm; until the first offer of the next one
 *
 *   gate_devices HOST:PORT halt 2 COUNT
 *       once both are offered, the second one fails; until the first is told to stop. One pair after the
 *       other: whoever makes the campaigns waits for the line of one before the next. */
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "raw_mqtt.h"

enum { MEMBERS_MAX = 100 };

struct offered {
    char device[65], nonce[17], version[64], sha256[65];
    long long campaign, attempt;
};

static struct {
    struct offered members[MEMBERS_MAX];
    size_t wanted, count, left; /* members of a wave; offered so far; conclusions to come */
    double decided;             /* when the report was sent, or 0 */
    bool halts;
} wave;

__attribute__((format(printf, 4, 5))) static void report(struct raw_mqtt *mqtt, const struct offered *device,
                                                         const char *kind, const char *more, ...)
{
    char topic[128], payload[512], members[256];
    va_list arguments;
    va_start(arguments, more);
    vsnprintf(members, sizeof members, more, arguments);
    va_end(arguments);
    int topic_length = snprintf(topic, sizeof topic, "fota/v1/%s/report", device->device);
    int length = snprintf(payload, sizeof payload, "{\"report\":\"%s\",\"campaign\":%lld,\"attempt\":%lld%s}",
                          kind, device->campaign, device->attempt, members);
    raw_mqtt_publish(mqtt, topic, (size_t)topic_length, payload, (size_t)length);
}

static void conclude(void)
{
    if (wave.decided == 0)
        return;
    printf("%.6f\n", seconds_now() - wave.decided);
    (void)fflush(stdout);
    wave.decided = 0;
    wave.left--;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    if (text == NULL)
        die("an offer without %s", name);
    return text;
}

static void note(const char *device, const json_t *command)
{
    struct offered *member = &wave.members[wave.count++];
    json_t *image = json_object_get(json_object_get(command, "images"), "2");
    snprintf(member->device, sizeof member->device, "%s", device);
    snprintf(member->nonce, sizeof member->nonce, "%s", text_of(command, "nonce"));
    snprintf(member->version, sizeof member->version, "%s", text_of(command, "version"));
    snprintf(member->sha256, sizeof member->sha256, "%s", text_of(image, "sha256"));
    member->campaign = json_integer_value(json_object_get(command, "campaign"));
    member->attempt = json_integer_value(json_object_get(command, "attempt"));
}

static void answer(struct raw_mqtt *mqtt)
{
    for (size_t i = 0; i < wave.count; i++) {
        const struct offered *member = &wave.members[i];
        report(mqtt, member, "accepted", "%s", "");
        if (wave.halts)
            continue;
        report(mqtt, member, "downloading", ",\"progress\":0");
        report(mqtt, member, "installed", "%s", "");
        report(mqtt, member, "trial", ",\"reset_reason\":\"software\"");
        report(mqtt, member, "confirmed", ",\"nonce\":\"%s\",\"version\":\"%s\",\"slot\":2,\"sha256\":\"%s\"",
               member->nonce, member->version, member->sha256);
    }
    if (wave.halts)
        report(mqtt, &wave.members[1], "failed", ",\"reason\":\"flash_error\"");
    wave.count = 0;
    if (wave.decided != 0)
        die("a wave is decided while the conclusion of the one before has not come");
    wave.decided = seconds_now();
}

static void receive(void *context, struct raw_mqtt *mqtt, const struct raw_message *message)
{
    char device[65];
    (void)context;
    json_t *command = json_loadb(message->payload, message->payload_length, 0, NULL);
    const char *name = json_string_value(json_object_get(command, "command"));
    size_t prefix = strlen("fota/v1/"), suffix = strlen("/command");
    if (name == NULL || message->topic_length <= prefix + suffix)
        die("no command");
    snprintf(device, sizeof device, "%.*s", (int)(message->topic_length - prefix - suffix),
             message->topic + prefix);
    if (strcmp(name, "update") == 0) {
        if (!wave.halts)
            conclude();
        if (wave.left > 0)
            note(device, command);
        if (wave.count == wave.wanted)
            answer(mqtt);
    } else if (strcmp(name, "cancel") == 0) {
        conclude();
        struct offered stopped = {.campaign = json_integer_value(json_object_get(command, "campaign")),
                                  .attempt = json_integer_value(json_object_get(command, "attempt"))};
        snprintf(stopped.device, sizeof stopped.device, "%s", device);
        report(mqtt, &stopped, "cancelled", "%s", "");
    }
    json_decref(command);
}

int main(int count, char **arguments)
{
    struct raw_mqtt mqtt;
    if (count != 5)
        die("gate_devices HOST:PORT promote|halt MEMBERS COUNT");
    wave.halts = strcmp(arguments[2], "halt") == 0;
    wave.wanted = strtoul(arguments[3], NULL, 10);
    wave.left = strtoul(arguments[4], NULL, 10);
    if (wave.wanted < 1 || wave.wanted > MEMBERS_MAX || (wave.halts && wave.wanted != 2))
        die("not so many members");
    raw_mqtt_connect(&mqtt, arguments[1], 0, "gate-devices", "orchestrator");
    raw_mqtt_subscribe(&mqtt, "fota/v1/+/command");
    while (wave.left > 0 || mqtt.unanswered > 0) {
        struct pollfd polled = {.fd = mqtt.fd, .events = POLLIN};
        if (raw_mqtt_flush(&mqtt))
            polled.events |= POLLOUT;
        if (poll(&polled, 1, -1) > 0 && (polled.revents & POLLIN) != 0 &&
            raw_mqtt_read(&mqtt, receive, NULL) > 0) {
            puts("ready");
            (void)fflush(stdout);
        }
    }
    return 0;
}
