/* Structured log lines on standard error: one line an event, logfmt or JSON. Safe from any thread. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };
enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };

/* Sets what is written from now on; may be called again while other threads log (SIGHUP). */
void log_configure(enum log_level level, enum log_format format);

/* Reads "debug", "info", "warning", "error" / "logfmt", "json"; false when `text` is none of them. */
bool log_level_parse(const char *text, enum log_level *level);
bool log_format_parse(const char *text, enum log_format *format);

/* Whether lines of the level are written at all: for values that take time to format. */
bool log_is_written(enum log_level level);

/* One line: time (UTC), level, event, then name=value pairs until NULL. All pairs are strings:
 *   log_write(LOG_INFO, "offer_sent", "device", device, "campaign", number, NULL);
 * Values are quoted as the format asks. `event` is a snake_case word. A NULL value is written as "". */
void log_write(enum log_level level, const char *event, ...) __attribute__((sentinel));

/* The same, for lines whose number a device or a client decides: at most 10 a minute with one `key` (the
 * device, the client), and 300 a minute with one event. The next line of the event that is written says in
 * `suppressed` how many of its lines, of any key, were not. `event` is a literal. Debug lines are not
 * limited: whoever turns them on wants to see each. */
void log_limited(enum log_level level, const char *event, const char *key, ...) __attribute__((sentinel));

#endif
