#include "path.h"

static bool leads_to(const struct version *from, const struct path_release *to)
{
    return version_compare(from, &to->version) < 0 &&
           (!to->has_requires || version_compare(from, &to->requires) >= 0);
}

int path_next(const struct path_release *releases, size_t count, const struct version *from)
{
    int best = -1;
    for (size_t i = 0; i < count; i++) {
        const struct path_release *release = &releases[i];
        if (release->hops >= 0 && leads_to(from, release) &&
            (best < 0 || release->hops <= releases[best].hops))
            best = (int)i;
    }
    return best;
}

void path_plan(struct path_release *releases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        releases[i].hops = -1;
    if (count == 0)
        return;
    releases[count - 1].hops = 0;
    for (size_t i = count - 1; i-- > 0;) {
        int next = path_next(releases, count, &releases[i].version);
        if (next >= 0)
            releases[i].hops = releases[next].hops + 1;
    }
}
