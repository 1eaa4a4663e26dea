#include "watch_fold.h"

#include <string.h>

/* Waves by what may be done with them. */
struct kinds {
    int passed, pending;
    int others; /* open, soaking, failed: always shown */
};

static struct kinds count_kinds(const json_t *campaign)
{
    size_t index;
    json_t *wave;
    struct kinds kinds = {0};
    json_array_foreach(json_object_get(campaign, "waves"), index, wave)
    {
        const char *state = json_string_value(json_object_get(wave, "state"));
        if (state != NULL && strcmp(state, "passed") == 0)
            kinds.passed++;
        else if (state != NULL && strcmp(state, "pending") == 0)
            kinds.pending++;
        else
            kinds.others++;
    }
    return kinds;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

static int greatest(int a, int b)
{
    return a > b ? a : b;
}

int watch_fold_most(const json_t *campaign)
{
    struct kinds kinds = count_kinds(campaign);
    return kinds.passed + kinds.pending + kinds.others;
}

int watch_fold_least(const json_t *campaign)
{
    struct kinds kinds = count_kinds(campaign);
    return least(kinds.passed, 1) + least(kinds.pending, 1) + kinds.others;
}

/* How many of `waves` are folded so that they stand on `lines`, the line that tells of them included. */
static int folded(int waves, int lines)
{
    lines = greatest(lines, 1);
    return lines >= waves ? 0 : waves - lines + 1;
}

struct watch_fold watch_fold_into(const json_t *campaign, int lines)
{
    struct kinds kinds = count_kinds(campaign);
    int space = lines - kinds.others;
    /* A half for each kind, and what the one does not need for the other. */
    int pending = least(kinds.pending, greatest(greatest(space / 2, space - kinds.passed), 1));
    return (struct watch_fold){.passed = folded(kinds.passed, space - pending),
                               .pending = folded(kinds.pending, pending)};
}
