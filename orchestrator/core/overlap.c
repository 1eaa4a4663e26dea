#include "overlap.h"

#include "names.h"

static const char *const overlap_names[] = {
#define X(name, text) [name] = text,
    OVERLAP_LIST(X)
#undef X
};

const char *overlap_name(enum overlap overlap)
{
    return overlap_names[overlap];
}

bool overlap_parse(const char *text, enum overlap *overlap)
{
    int found;
    if (!name_find(overlap_names, NAME_COUNT(overlap_names), text, &found))
        return false;
    *overlap = (enum overlap)found;
    return true;
}

bool overlap_waits(enum overlap overlap)
{
    return overlap == OVERLAP_QUEUE || overlap == OVERLAP_TAKE_OVER;
}
