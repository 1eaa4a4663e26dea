#include "json.h"

#include <string.h>

bool message_parse(struct json *json, const char *text, uint32_t length, jsmntok_t tokens[JSON_TOKENS])
{
    jsmn_parser parser;

    if (!message_is_json(text, length))
        return false;
    jsmn_init(&parser);
    json->text = text;
    json->tokens = tokens;
    json->count = jsmn_parse(&parser, text, length, tokens, JSON_TOKENS);
    return json->count > 0;
}

/* The token after `token` and everything inside it. */
static int after(const struct json *json, int token)
{
    int end = json->tokens[token].end;

    do
        token++;
    while (token < json->count && json->tokens[token].start < end);
    return token;
}

int message_member(const struct json *json, int object, const char *name)
{
    size_t length = strlen(name);
    int members = json->tokens[object].size;
    int token = object + 1;

    for (int i = 0; i < members; i++) {
        const jsmntok_t *key = &json->tokens[token];
        if ((size_t)(key->end - key->start) == length && memcmp(json->text + key->start, name, length) == 0)
            return token + 1;
        token = after(json, token + 1);
    }
    return -1;
}

int message_array_size(const struct json *json, int token)
{
    return token >= 0 && json->tokens[token].type == JSMN_ARRAY ? json->tokens[token].size : -1;
}

int message_element(const struct json *json, int token, int index)
{
    if (index >= message_array_size(json, token))
        return -1;
    for (token++; index > 0; index--)
        token = after(json, token);
    return token;
}

bool message_is_object(const struct json *json, int token)
{
    return token >= 0 && json->tokens[token].type == JSMN_OBJECT;
}

bool message_integer(const struct json *json, int token, uint64_t max, uint64_t *value)
{
    uint64_t sum = 0;

    if (token < 0 || json->tokens[token].type != JSMN_PRIMITIVE)
        return false;
    for (int i = json->tokens[token].start; i < json->tokens[token].end; i++) {
        unsigned digit = (unsigned)(json->text[i] - '0');
        if (digit > 9 || digit > max || sum > (max - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return true;
}

static unsigned hex_digit(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* The character an escape stands for; `at` is behind the backslash and moves to the escape's end. */
static unsigned unescape(const char **at)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    char c = *(*at)++;
    unsigned code = 0;

    if (c != 'u')
        return (unsigned char)to[strchr(from, c) - from];
    for (int i = 0; i < 4; i++)
        code = code << 4 | hex_digit(*(*at)++);
    return code;
}

bool message_string(const struct json *json, int token, char *text, uint32_t size)
{
    uint32_t length = 0;

    if (token < 0 || json->tokens[token].type != JSMN_STRING)
        return false;
    const char *end = json->text + json->tokens[token].end;
    for (const char *at = json->text + json->tokens[token].start; at < end;) {
        unsigned c = (unsigned char)*at++;
        if (c == '\\')
            c = unescape(&at);
        if (c == 0 || c > 0x7E || length + 1 >= size)
            return false;
        text[length++] = (char)c;
    }
    text[length] = '\0';
    return true;
}
