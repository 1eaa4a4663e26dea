/* How many log lines may be written of what outsiders cause. Memory is fixed; a line costs O(1). */
#ifndef BASE_LOG_LIMIT_H
#define BASE_LOG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

enum {
    LOG_LIMIT_KEY = 10,    /* lines a minute of one event and key */
    LOG_LIMIT_EVENT = 300, /* of one event, over all keys */
    LOG_LIMIT_EVENTS = 16, /* events beyond share the last one's limit */
    LOG_LIMIT_SETS = 256,  /* of keys; a minute's quietest key gives way to a fifth one of its set */
    LOG_LIMIT_WAYS = 4
};

/* A zeroed struct is ready. Not for sharing between threads. */
struct log_limit {
    struct {
        const char *name;
        int64_t minute;
        int lines;
        int64_t suppressed; /* since the last line that was written */
    } events[LOG_LIMIT_EVENTS];
    struct log_limit_key {
        uint64_t hash;
        int64_t minute;
        int lines;
    } keys[LOG_LIMIT_SETS][LOG_LIMIT_WAYS];
};

/* Whether a line may be written in `minute`, which only grows. `event` is a literal. *suppressed: lines of
 * the event, of any key, that were not since the last one that was. */
bool log_limit_pass(struct log_limit *limit, const char *event, const char *key, int64_t minute,
                    int64_t *suppressed);

#endif
