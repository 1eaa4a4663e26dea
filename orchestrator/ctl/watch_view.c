#include "watch_view.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "target_fsm.h"
#include "watch_fold.h"

enum { BAR_MAX = 60, NAME_WIDTH_MAX = 20, LINES_BESIDE_WAVES = 4 };

static long long number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

void watch_view_counts(const json_t *campaign, char *text, size_t size)
{
    static const char *const states[] = {
#define X(name, word) word,
        TARGET_STATE_LIST(X)
#undef X
    };
    const json_t *counts = json_object_get(campaign, "counts");
    size_t used = 0;
    snprintf(text, size, "no devices yet");
    for (size_t i = 0; i < sizeof states / sizeof states[0] && used < size; i++) {
        long long count = number(counts, states[i]);
        if (count > 0)
            used += (size_t)snprintf(text + used, size - used, "%s%s %lld", used == 0 ? "" : ", ", states[i],
                                     count);
    }
}

/* Parts of a wave in the order of the bar. */
struct parts {
    long long of[5];
};
static const char bar_letters[] = "#x>-.";

static struct parts parts_of(const json_t *wave)
{
    const json_t *counts = json_object_get(wave, "counts");
    return (struct parts){{number(counts, "confirmed"), number(wave, "failures") + number(counts, "rejected"),
                           number(wave, "in_flight"), number(counts, "cancelled") + number(counts, "skipped"),
                           number(counts, "pending")}};
}

/* Each part ends at the rounded place of the sum so far, and one that has a device has a cell where it fits.
 */
void watch_view_bar(const json_t *wave, int width, char *bar)
{
    struct parts parts = parts_of(wave);
    long long total = 0;
    long long sum = 0;
    int at = 0;
    for (int i = 0; i < 5; i++)
        total += parts.of[i];
    memset(bar, ' ', (size_t)width);
    bar[width] = '\0';
    if (total == 0)
        return;
    for (int i = 0; i < 5; i++) {
        sum += parts.of[i];
        int end = (int)((sum * width + total / 2) / total);
        if (parts.of[i] > 0 && end <= at)
            end = at + 1;
        for (; at < end && at < width; at++)
            bar[at] = bar_letters[i];
    }
}

static void put_bar(FILE *out, const char *bar, bool colour)
{
    static const char *const colours[] = {"\033[32m", "\033[31m", "\033[33m", "\033[2m", "\033[2m"};
    char last = '\0';
    for (; *bar != '\0'; bar++) {
        const char *letter = strchr(bar_letters, *bar);
        if (colour && *bar != last && last != '\0')
            fputs("\033[0m", out);
        if (colour && *bar != last && letter != NULL)
            fputs(colours[letter - bar_letters], out);
        fputc(*bar, out);
        last = *bar;
    }
    if (colour)
        fputs("\033[0m", out);
}

/* One line, cut to the width; control characters do not get through. */
static void put_line(FILE *out, const char *text, int width)
{
    for (int i = 0; i < width && text[i] != '\0'; i++)
        fputc((unsigned char)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i], out);
    fputc('\n', out);
}

static int draw_header(FILE *out, const json_t *campaign, int width)
{
    char line[512];
    const char *reason = text_of(campaign, "state_reason");
    const char *firmware = text_of(campaign, "firmware");
    snprintf(line, sizeof line, "%s  %s  %s%s%s", text_of(campaign, "name"),
             firmware[0] == '\0' ? text_of(campaign, "kind") : firmware, text_of(campaign, "state"),
             reason[0] == '\0' ? "" : ": ", reason);
    put_line(out, line, width);
    return 1;
}

static int name_width(const json_t *campaign)
{
    size_t index;
    json_t *wave;
    int widest = 4;
    json_array_foreach(json_object_get(campaign, "waves"), index, wave)
    {
        int length = (int)strlen(text_of(wave, "name"));
        widest = length > widest ? length : widest;
    }
    return widest > NAME_WIDTH_MAX ? NAME_WIDTH_MAX : widest;
}

static void describe_wave(const json_t *wave, char *text, size_t size)
{
    struct parts parts = parts_of(wave);
    snprintf(text, size, "%-7s %lld of %lld done, %lld failed, %lld in flight, %lld left",
             text_of(wave, "state"), parts.of[0], number(wave, "members"), parts.of[1], parts.of[2],
             parts.of[4]);
}

/* Cells for the bars: one width for all waves, what the longest description leaves. */
static int bar_width(const json_t *campaign, int width)
{
    size_t index;
    json_t *wave;
    int room = BAR_MAX;
    json_array_foreach(json_object_get(campaign, "waves"), index, wave)
    {
        char text[160];
        describe_wave(wave, text, sizeof text);
        int left = width - name_width(campaign) - 6 - (int)strlen(text);
        room = left < room ? left : room;
    }
    return room;
}

/* One look for all waves of a campaign. */
struct wave_look {
    int width, names, room; /* columns: of the line, of the names, of the bar */
    bool colour;
};

static void draw_wave(FILE *out, const json_t *wave, const struct wave_look *look)
{
    char bar[BAR_MAX + 1];
    char text[160];
    describe_wave(wave, text, sizeof text);
    if (look->room < 5) { /* too narrow for both: the numbers say it all */
        char line[256];
        snprintf(line, sizeof line, "%-*.*s %s", look->names, look->names, text_of(wave, "name"), text);
        put_line(out, line, look->width);
        return;
    }
    watch_view_bar(wave, look->room, bar);
    fprintf(out, "%-*.*s  [", look->names, look->names, text_of(wave, "name"));
    put_bar(out, bar, look->colour);
    fputs("] ", out);
    put_line(out, text, (int)strlen(text));
}

static int draw_folded(FILE *out, int count, const char *state, int width)
{
    char line[64];
    if (count == 0)
        return 0;
    snprintf(line, sizeof line, "%d waves %s", count, state);
    put_line(out, line, width);
    return 1;
}

/* Passed waves come before, pending ones after the others: so the line that tells of folded ones stands first
 * and last. */
static int draw_waves(FILE *out, const json_t *campaign, int width, bool colour, int most)
{
    size_t index;
    json_t *wave;
    struct wave_look look = {width, name_width(campaign), bar_width(campaign, width), colour};
    struct watch_fold fold = watch_fold_into(campaign, most);
    int passed = 0;
    int pending_left = 0;
    int lines = draw_folded(out, fold.passed, "passed", width);
    json_array_foreach(json_object_get(campaign, "waves"), index, wave)
    {
        pending_left += strcmp(text_of(wave, "state"), "pending") == 0;
    }
    json_array_foreach(json_object_get(campaign, "waves"), index, wave)
    {
        bool is_passed = strcmp(text_of(wave, "state"), "passed") == 0;
        bool is_pending = strcmp(text_of(wave, "state"), "pending") == 0;
        if ((is_passed && passed++ < fold.passed) || (is_pending && pending_left-- <= fold.pending))
            continue;
        draw_wave(out, wave, &look);
        lines++;
    }
    return lines + draw_folded(out, fold.pending, "pending", width);
}

/* The verdict of the last wave that has one. */
static int draw_verdict(FILE *out, const json_t *campaign, int width)
{
    size_t index;
    json_t *wave;
    char line[512] = "gate: nothing to decide yet";
    json_array_foreach(json_object_get(campaign, "waves"), index, wave)
    {
        if (text_of(wave, "verdict")[0] != '\0')
            snprintf(line, sizeof line, "gate %s: %s", text_of(wave, "name"), text_of(wave, "verdict"));
    }
    put_line(out, line, width);
    return 1;
}

static void duration(long long seconds, char *text, size_t size)
{
    if (seconds < 120)
        snprintf(text, size, "%lld s", seconds);
    else if (seconds < 7200)
        snprintf(text, size, "%lld min", (seconds + 30) / 60);
    else
        snprintf(text, size, "%lld h %lld min", seconds / 3600, seconds % 3600 / 60);
}

static int draw_pace(FILE *out, const json_t *campaign, int width)
{
    char line[256];
    char rate[48] = "no limit";
    char left[64] = "";
    if (number(campaign, "rate_per_minute") > 0)
        snprintf(rate, sizeof rate, "at most %lld", number(campaign, "rate_per_minute"));
    if (json_is_integer(json_object_get(campaign, "seconds_left")))
        duration(number(campaign, "seconds_left"), left, sizeof left);
    snprintf(line, sizeof line, "%lld offers a minute (%s); in flight %lld of %lld%s%s",
             number(campaign, "offers_last_minute"), rate, number(campaign, "in_flight"),
             number(campaign, "in_flight_cap"), left[0] == '\0' ? "" : "; time left about ", left);
    put_line(out, line, width);
    return 1;
}

/* `most`: lines for the waves. */
static int draw_campaign(FILE *out, const json_t *campaign, int width, bool colour, int most)
{
    char counts[512];
    int lines = draw_header(out, campaign, width);
    lines += draw_waves(out, campaign, width, colour, most);
    watch_view_counts(campaign, counts, sizeof counts);
    put_line(out, counts, width);
    return lines + 1 + draw_verdict(out, campaign, width) + draw_pace(out, campaign, width);
}

int watch_view_draw(FILE *out, const json_t *campaign, const json_t *rollback, int width, int rows,
                    bool colour)
{
    if (rollback == NULL)
        return draw_campaign(out, campaign, width, colour, rows - LINES_BESIDE_WAVES);
    /* The rollback is what goes on: its waves come first, but for the little that the campaign needs. */
    int most = rows - 2 * LINES_BESIDE_WAVES;
    int of_rollback = most - watch_fold_least(campaign);
    if (of_rollback > watch_fold_most(rollback))
        of_rollback = watch_fold_most(rollback);
    int lines = draw_campaign(out, campaign, width, colour, most - of_rollback);
    return lines + draw_campaign(out, rollback, width, colour, of_rollback);
}

static bool member_differs(const json_t *before, const json_t *after, const char *name)
{
    return json_equal(json_object_get(before, name), json_object_get(after, name)) != 1;
}

static void wave_changes(FILE *out, const char *campaign, const json_t *before, const json_t *wave)
{
    const char *verdict = text_of(wave, "verdict");
    if (!member_differs(before, wave, "state") && !member_differs(before, wave, "verdict"))
        return;
    fprintf(out, "%s: wave %s %s%s%s\n", campaign, text_of(wave, "name"), text_of(wave, "state"),
            verdict[0] == '\0' ? "" : ": ", verdict);
}

void watch_view_changes(FILE *out, const json_t *before, const json_t *campaign)
{
    size_t index;
    json_t *wave;
    const char *name = text_of(campaign, "name");
    const char *reason = text_of(campaign, "state_reason");
    if (before == NULL || member_differs(before, campaign, "state") ||
        member_differs(before, campaign, "state_reason"))
        fprintf(out, "%s: %s%s%s\n", name, text_of(campaign, "state"), reason[0] == '\0' ? "" : ": ", reason);
    json_array_foreach(json_object_get(campaign, "waves"), index, wave)
    {
        wave_changes(out, name, json_array_get(json_object_get(before, "waves"), index), wave);
    }
    if (before == NULL || member_differs(before, campaign, "counts")) {
        char counts[512];
        watch_view_counts(campaign, counts, sizeof counts);
        fprintf(out, "%s: %s\n", name, counts);
    }
}

bool watch_view_differs(const json_t *before, const json_t *campaign)
{
    static const char *const pace[] = {"offers_last_minute", "seconds_left"};
    if (before == NULL)
        return true;
    json_t *old = json_copy((json_t *)(uintptr_t)before);
    json_t *new = json_copy((json_t *)(uintptr_t)campaign);
    for (size_t i = 0; i < 2; i++) {
        json_object_del(old, pace[i]);
        json_object_del(new, pace[i]);
    }
    bool differs = json_equal(old, new) != 1;
    json_decref(old);
    json_decref(new);
    return differs;
}
