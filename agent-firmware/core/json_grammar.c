/* The grammar of RFC 8259, without recursion: a bit per open level says whether it is an object. */
#include "json.h"

struct scanner {
    const char *at;
    const char *end;
    uint32_t depth;
    uint32_t objects; /* bit i: level i is an object */
};

static void skip_space(struct scanner *scanner)
{
    while (scanner->at < scanner->end &&
           (*scanner->at == ' ' || *scanner->at == '\t' || *scanner->at == '\n' || *scanner->at == '\r'))
        scanner->at++;
}

static bool accept(struct scanner *scanner, char wanted)
{
    if (scanner->at == scanner->end || *scanner->at != wanted)
        return false;
    scanner->at++;
    return true;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool escape(struct scanner *scanner)
{
    static const char simple[] = "\"\\/bfnrt";

    if (accept(scanner, 'u')) {
        for (int i = 0; i < 4; i++, scanner->at++)
            if (scanner->at == scanner->end || !is_hex(*scanner->at))
                return false;
        return true;
    }
    for (int i = 0; simple[i] != '\0'; i++)
        if (accept(scanner, simple[i]))
            return true;
    return false;
}

static bool string(struct scanner *scanner)
{
    if (!accept(scanner, '"'))
        return false;
    while (scanner->at < scanner->end && *scanner->at != '"') {
        unsigned char c = (unsigned char)*scanner->at++;
        if (c < 0x20 || (c == '\\' && !escape(scanner)))
            return false;
    }
    return accept(scanner, '"');
}

static bool digits(struct scanner *scanner)
{
    const char *start = scanner->at;

    while (scanner->at < scanner->end && *scanner->at >= '0' && *scanner->at <= '9')
        scanner->at++;
    return scanner->at > start;
}

static bool number(struct scanner *scanner)
{
    (void)accept(scanner, '-');
    if (!accept(scanner, '0') && !digits(scanner))
        return false;
    if (accept(scanner, '.') && !digits(scanner))
        return false;
    if (accept(scanner, 'e') || accept(scanner, 'E')) {
        if (!accept(scanner, '+'))
            (void)accept(scanner, '-');
        return digits(scanner);
    }
    return true;
}

static bool word(struct scanner *scanner, const char *wanted)
{
    for (; *wanted != '\0'; wanted++)
        if (!accept(scanner, *wanted))
            return false;
    return true;
}

static bool scalar(struct scanner *scanner)
{
    if (scanner->at == scanner->end)
        return false;
    switch (*scanner->at) {
    case '"':
        return string(scanner);
    case 't':
        return word(scanner, "true");
    case 'f':
        return word(scanner, "false");
    case 'n':
        return word(scanner, "null");
    default:
        return number(scanner);
    }
}

static bool member_name(struct scanner *scanner)
{
    skip_space(scanner);
    if (!string(scanner))
        return false;
    skip_space(scanner);
    return accept(scanner, ':');
}

static bool in_object(const struct scanner *scanner)
{
    return (scanner->objects >> scanner->depth & 1u) != 0;
}

/* A value begins here. `opened`: it was a bracket, and its first value follows. */
static bool begin_value(struct scanner *scanner, bool *opened)
{
    bool object = accept(scanner, '{');

    *opened = object || accept(scanner, '[');
    if (!*opened)
        return scalar(scanner);
    if (++scanner->depth > JSON_DEPTH)
        return false;
    scanner->objects &= ~(1u << scanner->depth);
    if (object)
        scanner->objects |= 1u << scanner->depth;
    skip_space(scanner);
    if (accept(scanner, object ? '}' : ']')) {
        scanner->depth--;
        *opened = false;
        return true;
    }
    return !object || member_name(scanner);
}

/* A value has ended: closes the levels that end with it. `more`: another value follows. */
static bool end_value(struct scanner *scanner, bool *more)
{
    *more = false;
    while (scanner->depth > 0) {
        skip_space(scanner);
        if (accept(scanner, ',')) {
            *more = true;
            return !in_object(scanner) || member_name(scanner);
        }
        if (!accept(scanner, in_object(scanner) ? '}' : ']'))
            return false;
        scanner->depth--;
    }
    return true;
}

bool message_is_json(const char *text, uint32_t length)
{
    struct scanner scanner = {text, text + length, 0, 0};
    bool more = true;

    skip_space(&scanner);
    if (scanner.at == scanner.end || *scanner.at != '{')
        return false;
    while (more) {
        bool opened;
        skip_space(&scanner);
        if (!begin_value(&scanner, &opened))
            return false;
        if (!opened && !end_value(&scanner, &more))
            return false;
    }
    skip_space(&scanner);
    return scanner.at == scanner.end;
}
