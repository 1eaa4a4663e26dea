/* How a campaign looks while it is watched: text made from the server's document, no terminal and no clock.
 */
#ifndef CTL_WATCH_VIEW_H
#define CTL_WATCH_VIEW_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* "pending 90, offered 5, confirmed 105": the states that have devices; "no devices yet" when none has. */
void watch_view_counts(const json_t *campaign, char *text, size_t size);

/* The live view as lines of at most `width` columns, each ended with a newline: a header with the state, a
 * bar a wave, counts, the gate's verdict, rate and time left. Where these are more than `rows`, waves that
 * have passed or are pending are folded (watch_fold.h); all other lines stay, so there may still be more.
 * `colour` puts colour into the bars (not counted in the width). Returns the number of lines. */
int watch_view_draw(FILE *out, const json_t *campaign, const json_t *rollback, int width, int rows,
                    bool colour);

/* What is different from `before` (NULL: everything) as plain lines; none when nothing is. */
void watch_view_changes(FILE *out, const json_t *before, const json_t *campaign);

/* Whether two documents differ in more than pace (rate of the last minute, time left). */
bool watch_view_differs(const json_t *before, const json_t *campaign);

/* One bar of exactly `width` cells: # confirmed, x failed, > in flight, - cancelled or skipped, . left. */
void watch_view_bar(const json_t *wave, int width, char *bar);

#endif
