#include "selector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:/+-"
static const char terms_allowed[] =
    "allowed are tag:T, product:NAME, map:M, flash:KB, online, seen<7d, hash<10%, not and (";

enum { DEPTH_MAX = 32, SECONDS_MAX = 3660 * 86400 };

/* Groups of terms, any of which is enough. */
struct alternatives {
    uint32_t groups[SELECTOR_GROUPS_MAX];
    int count;
};

struct parser {
    const char *text, *at;
    struct selector *selector;
    struct error *error;
    int depth;
};

static enum status refuse(const struct parser *parser, const char *allowed)
{
    if (*parser->at == '\0')
        return error_set(parser->error, STATUS_INVALID, NULL, "ends at character %zu; %s",
                         (size_t)(parser->at - parser->text) + 1, allowed);
    return error_set(parser->error, STATUS_INVALID, NULL, "\"%.12s\" at character %zu: %s", parser->at,
                     (size_t)(parser->at - parser->text) + 1, allowed);
}

static void skip_spaces(struct parser *parser)
{
    parser->at += strspn(parser->at, " \t\n");
}

/* Takes a word when it stands here and does not go on. */
static bool take_word(struct parser *parser, const char *word)
{
    size_t length = strlen(word);
    skip_spaces(parser);
    if (strncmp(parser->at, word, length) != 0 || strspn(parser->at + length, WORD_CHARACTERS "<") > 0)
        return false;
    parser->at += length;
    return true;
}

static bool take_sign(struct parser *parser, const char *sign)
{
    size_t length = strlen(sign);
    skip_spaces(parser);
    if (strncmp(parser->at, sign, length) != 0)
        return false;
    parser->at += length;
    return true;
}

/* --- terms ------------------------------------------------------------------------------------------ */

static enum status read_word(struct parser *parser, struct selector_term *term)
{
    size_t length = strspn(parser->at, WORD_CHARACTERS);
    if (length < 1 || length > NAME_MAX_LENGTH)
        return refuse(parser, "allowed is a word of 1 to 64 characters of A-Z a-z 0-9 . _ : / + -");
    memcpy(term->text, parser->at, length);
    parser->at += length;
    return STATUS_OK;
}

static enum status read_number(struct parser *parser, int64_t highest, const char *allowed, int64_t *number)
{
    size_t digits = strspn(parser->at, "0123456789");
    int64_t value = digits >= 1 && digits <= 10 ? strtoll(parser->at, NULL, 10) : -1;
    if (value < 0 || value > highest)
        return refuse(parser, allowed);
    parser->at += digits;
    *number = value;
    return STATUS_OK;
}

static enum status read_duration(struct parser *parser, int64_t *seconds)
{
    static const char allowed[] = "allowed is a time such as 30s, 15m, 12h or 7d, up to ten years";
    static const char units[] = "smhd";
    static const int64_t seconds_of[] = {1, 60, 3600, 86400};
    if (read_number(parser, SECONDS_MAX, allowed, seconds) != STATUS_OK)
        return STATUS_INVALID;
    const char *unit = *parser->at == '\0' ? NULL : strchr(units, *parser->at);
    if (unit == NULL || *seconds * seconds_of[unit - units] > SECONDS_MAX)
        return refuse(parser, allowed);
    *seconds *= seconds_of[unit - units];
    parser->at++;
    return STATUS_OK;
}

/* "10%", "2.5%", "0.01%" as hundredths of a percent. */
static enum status read_percent(struct parser *parser, int64_t *hundredths)
{
    static const char allowed[] = "allowed is a part from 0% to 100%, with up to two digits after the point";
    if (read_number(parser, 100, allowed, hundredths) != STATUS_OK)
        return STATUS_INVALID;
    *hundredths *= 100;
    if (*parser->at == '.') {
        parser->at++;
        size_t digits = strspn(parser->at, "0123456789");
        if (digits < 1 || digits > 2)
            return refuse(parser, allowed);
        *hundredths += (parser->at[0] - '0') * 10 + (digits == 2 ? parser->at[1] - '0' : 0);
        parser->at += digits;
    }
    if (*hundredths > 10000 || *parser->at != '%')
        return refuse(parser, allowed);
    parser->at++;
    return STATUS_OK;
}

static enum status read_term(struct parser *parser, struct selector_term *term)
{
    if (take_sign(parser, "tag:")) {
        term->kind = SELECT_TAG;
        return read_word(parser, term);
    }
    if (take_sign(parser, "product:")) {
        term->kind = SELECT_PRODUCT;
        return read_word(parser, term);
    }
    if (take_sign(parser, "map:")) {
        term->kind = SELECT_MAP;
        return read_word(parser, term);
    }
    if (take_sign(parser, "flash:")) {
        term->kind = SELECT_FLASH;
        return read_number(parser, INT32_MAX, "allowed is a size in KB", &term->number);
    }
    if (take_sign(parser, "seen<")) {
        term->kind = SELECT_SEEN;
        return read_duration(parser, &term->number);
    }
    if (take_sign(parser, "hash<")) {
        term->kind = SELECT_HASH;
        return read_percent(parser, &term->number);
    }
    term->kind = SELECT_ONLINE;
    return take_word(parser, "online") ? STATUS_OK : refuse(parser, terms_allowed);
}

static enum status add_term(struct parser *parser, bool negated, struct alternatives *result)
{
    struct selector_term term = {.negated = negated};
    if (read_term(parser, &term) != STATUS_OK)
        return STATUS_INVALID;
    int index = parser->selector->term_count;
    if (index == SELECTOR_TERMS_MAX)
        return error_set(parser->error, STATUS_INVALID, NULL, "has too many terms; allowed are %d",
                         SELECTOR_TERMS_MAX);
    parser->selector->terms[parser->selector->term_count++] = term;
    result->groups[0] = UINT32_C(1) << index;
    result->count = 1;
    return STATUS_OK;
}

/* --- combinations ----------------------------------------------------------------------------------- */

static enum status too_large(const struct parser *parser)
{
    return error_set(parser->error, STATUS_INVALID, NULL,
                     "is too large: written as alternatives it has more than %d", SELECTOR_GROUPS_MAX);
}

static enum status any_of(const struct parser *parser, struct alternatives *left,
                          const struct alternatives *right)
{
    if (left->count + right->count > SELECTOR_GROUPS_MAX)
        return too_large(parser);
    memcpy(left->groups + left->count, right->groups, (size_t)right->count * sizeof right->groups[0]);
    left->count += right->count;
    return STATUS_OK;
}

static enum status both_of(const struct parser *parser, struct alternatives *left,
                           const struct alternatives *right)
{
    struct alternatives both = {.count = 0};
    if (left->count * right->count > SELECTOR_GROUPS_MAX)
        return too_large(parser);
    for (int i = 0; i < left->count; i++) {
        for (int j = 0; j < right->count; j++)
            both.groups[both.count++] = left->groups[i] | right->groups[j];
    }
    *left = both;
    return STATUS_OK;
}

static enum status read_any(struct parser *parser, bool negated, struct alternatives *result);

/* `negated` is pushed down to the terms: not (a or b) is (not a) and (not b). */
static enum status read_one(struct parser *parser, bool negated, struct alternatives *result)
{
    if (++parser->depth > DEPTH_MAX)
        return error_set(parser->error, STATUS_INVALID, NULL, "is nested too deep; allowed are %d levels",
                         DEPTH_MAX);
    enum status status;
    if (take_word(parser, "not") || take_sign(parser, "!")) {
        status = read_one(parser, !negated, result);
    } else if (take_sign(parser, "(")) {
        status = read_any(parser, negated, result);
        if (status == STATUS_OK && !take_sign(parser, ")"))
            status = refuse(parser, "allowed are and, or and )");
    } else {
        status = add_term(parser, negated, result);
    }
    parser->depth--;
    return status;
}

static enum status read_both(struct parser *parser, bool negated, struct alternatives *result)
{
    struct alternatives next;
    enum status status = read_one(parser, negated, result);
    while (status == STATUS_OK && (take_word(parser, "and") || take_sign(parser, "&&"))) {
        status = read_one(parser, negated, &next);
        if (status == STATUS_OK)
            status = negated ? any_of(parser, result, &next) : both_of(parser, result, &next);
    }
    return status;
}

static enum status read_any(struct parser *parser, bool negated, struct alternatives *result)
{
    struct alternatives next;
    enum status status = read_both(parser, negated, result);
    while (status == STATUS_OK && (take_word(parser, "or") || take_sign(parser, "||"))) {
        status = read_both(parser, negated, &next);
        if (status == STATUS_OK)
            status = negated ? both_of(parser, result, &next) : any_of(parser, result, &next);
    }
    return status;
}

enum status selector_parse(const char *text, struct selector *selector, struct error *error)
{
    struct parser parser = {.text = text, .at = text, .selector = selector, .error = error};
    struct alternatives result = {.count = 0};
    memset(selector, 0, sizeof *selector);
    if (strlen(text) > SELECTOR_TEXT_MAX)
        return error_set(error, STATUS_INVALID, NULL, "is too long; allowed are %d characters",
                         SELECTOR_TEXT_MAX);
    skip_spaces(&parser);
    if (*parser.at == '\0')
        return STATUS_OK;
    if (read_any(&parser, false, &result) != STATUS_OK)
        return STATUS_INVALID;
    skip_spaces(&parser);
    if (*parser.at != '\0')
        return refuse(&parser, "allowed are and, or and the end");
    memcpy(selector->groups, result.groups, sizeof selector->groups);
    selector->group_count = result.count;
    return STATUS_OK;
}
