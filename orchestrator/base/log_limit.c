#include "log_limit.h"

#include <stddef.h>
#include <string.h>

#include "hash_set.h"

static int find_event(struct log_limit *limit, const char *name)
{
    int i = 0;
    while (i < LOG_LIMIT_EVENTS - 1 && limit->events[i].name != NULL &&
           strcmp(limit->events[i].name, name) != 0)
        i++;
    if (limit->events[i].name == NULL)
        limit->events[i].name = name;
    return i;
}

static uint64_t hash_key(int event, const char *key)
{
    return hash_add(HASH_START + (uint64_t)event, key, strlen(key));
}

static struct log_limit_key *find_key(struct log_limit *limit, uint64_t hash, int64_t minute)
{
    struct log_limit_key *set = limit->keys[(hash ^ hash >> 32) % LOG_LIMIT_SETS];
    struct log_limit_key *quietest = &set[0];
    for (int i = 0; i < LOG_LIMIT_WAYS; i++) {
        if (set[i].minute != minute)
            set[i] = (struct log_limit_key){.minute = minute};
        if (set[i].hash == hash && set[i].lines > 0)
            return &set[i];
        if (set[i].lines < quietest->lines)
            quietest = &set[i];
    }
    *quietest = (struct log_limit_key){hash, minute, 0};
    return quietest;
}

bool log_limit_pass(struct log_limit *limit, const char *event, const char *key, int64_t minute,
                    int64_t *suppressed)
{
    int number = find_event(limit, event);
    if (limit->events[number].minute != minute) {
        limit->events[number].minute = minute;
        limit->events[number].lines = 0;
    }
    struct log_limit_key *of_key = find_key(limit, hash_key(number, key), minute);
    if (of_key->lines >= LOG_LIMIT_KEY || limit->events[number].lines >= LOG_LIMIT_EVENT) {
        limit->events[number].suppressed++;
        return false;
    }
    of_key->lines++;
    limit->events[number].lines++;
    *suppressed = limit->events[number].suppressed;
    limit->events[number].suppressed = 0;
    return true;
}
