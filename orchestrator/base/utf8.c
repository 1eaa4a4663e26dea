#include "utf8.h"

#include <string.h>

size_t utf8_length(const unsigned char *text)
{
    unsigned char lowest = 0x80, highest = 0xBF;
    size_t length;
    if (text[0] < 0x80)
        return 1;
    if (text[0] < 0xC2 || text[0] > 0xF4)
        return 0;
    length = text[0] < 0xE0 ? 2 : text[0] < 0xF0 ? 3 : 4;
    if (text[0] == 0xE0)
        lowest = 0xA0;
    else if (text[0] == 0xED)
        highest = 0x9F;
    else if (text[0] == 0xF0)
        lowest = 0x90;
    else if (text[0] == 0xF4)
        highest = 0x8F;
    if (text[1] < lowest || text[1] > highest)
        return 0;
    for (size_t i = 2; i < length; i++) {
        if ((text[i] & 0xC0) != 0x80)
            return 0;
    }
    return length;
}

bool utf8_count(const char *text, size_t *characters)
{
    const unsigned char *at = (const unsigned char *)text;
    *characters = 0;
    while (*at != '\0') {
        size_t length = utf8_length(at);
        if (length == 0)
            return false;
        at += length;
        ++*characters;
    }
    return true;
}

size_t utf8_mark(const char *text, size_t length)
{
    static const char mark[] = "\xEF\xBB\xBF";
    size_t size = sizeof mark - 1;
    return length >= size && memcmp(text, mark, size) == 0 ? size : 0;
}
