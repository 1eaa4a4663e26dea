#include "selector_json.h"

#include <jansson.h>
#include <stdlib.h>

/* The lists of a group: of terms as they are, and of negated ones. */
static const char *const lists[][2] = {[SELECT_TAG] = {"tags", "no_tags"},
                                       [SELECT_PRODUCT] = {"products", "no_products"},
                                       [SELECT_MAP] = {"maps", "no_maps"},
                                       [SELECT_FLASH] = {"flash_kb", "no_flash_kb"}};

/* Of several the one that asks for most. */
static void keep_bound(json_t *group, const char *name, int64_t number, bool lowest)
{
    json_t *before = json_object_get(group, name);
    if (before != NULL && (json_integer_value(before) < number) == lowest)
        return;
    json_object_set_new(group, name, json_integer((json_int_t)number));
}

static void add_term(json_t *group, const struct selector_term *term)
{
    switch (term->kind) {
    case SELECT_TAG:
    case SELECT_PRODUCT:
    case SELECT_MAP:
        json_array_append_new(json_object_get(group, lists[term->kind][term->negated]),
                              json_string(term->text));
        break;
    case SELECT_FLASH:
        json_array_append_new(json_object_get(group, lists[term->kind][term->negated]),
                              json_integer((json_int_t)term->number));
        break;
    case SELECT_ONLINE:
        json_array_append_new(json_object_get(group, "online"), json_boolean(!term->negated));
        break;
    case SELECT_SEEN:
        keep_bound(group, term->negated ? "not_seen_within" : "seen_within", term->number, !term->negated);
        break;
    case SELECT_HASH:
        keep_bound(group, term->negated ? "hash_from" : "hash_below", term->number, !term->negated);
        break;
    }
}

static json_t *format_group(const struct selector *selector, uint32_t terms)
{
    json_t *group = json_pack("{s[]}", "online");
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        json_object_set_new(group, lists[i][0], json_array());
        json_object_set_new(group, lists[i][1], json_array());
    }
    for (int i = 0; i < selector->term_count; i++) {
        if ((terms >> i & 1) != 0)
            add_term(group, &selector->terms[i]);
    }
    return group;
}

char *selector_json_format(const struct selector *selector, struct arena *arena)
{
    if (selector->group_count == 0)
        return NULL;
    json_t *groups = json_array();
    for (int i = 0; i < selector->group_count; i++)
        json_array_append_new(groups, format_group(selector, selector->groups[i]));
    char *text = json_dumps(groups, JSON_COMPACT);
    json_decref(groups);
    if (text == NULL)
        abort();
    char *kept = arena_copy(arena, text);
    free(text);
    return kept;
}
