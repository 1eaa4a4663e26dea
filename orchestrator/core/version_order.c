/* The order of versions as a text whose bytes sort as the versions do.
 *
 *   seed    three digits and the type: v1.0.5 is 105v, b1.0.5 is 105b
 *   semver  three numbers, then "~" for a release, or "-" and the identifiers of the prerelease
 *             number: how many digits it has (two digits), and the digits: 10 is 0210. So a longer number is
 *                     larger, and numbers of any size fit
 *             numeric identifier: "#" and a number
 *             any other identifier: "@", the text, ","
 *           1.4.0 is 011014010~, 1.4.0-rc.1 is 011014010-@rc,#011
 *
 * Why that is precedence (semver.org, section 11): "-" sorts before "~", so prereleases come before their
 * release; "#" before "@", so numbers before words; "," before every character of an identifier, so a word
 * comes before a longer one that begins with it; and where all identifiers are equal, the key with fewer of
 * them is the beginning of the other, and so comes first. Build metadata is not in the key.
 *
 * No key of semver's ends in v or b. So rtrim(key, 'bv') in SQL is what may be taken once (version_coexists):
 * the value in the seed's scheme, the precedence in the other. */
#include <stdio.h>
#include <string.h>

#include "version.h"

struct writer {
    char *key;
    size_t used;
};

static void put(struct writer *writer, const char *text, size_t length)
{
    size_t room = VERSION_ORDER_SIZE - 1 - writer->used;
    if (length > room)
        length = room; /* no version is so long */
    memcpy(writer->key + writer->used, text, length);
    writer->used += length;
    writer->key[writer->used] = '\0';
}

static void put_number(struct writer *writer, const char *digits, size_t length)
{
    put(writer, (const char[]){(char)('0' + length / 10 % 10), (char)('0' + length % 10)}, 2);
    put(writer, digits, length);
}

static void put_identifier(struct writer *writer, const char *identifier, size_t length)
{
    bool numeric = strspn(identifier, "0123456789") >= length;
    put(writer, numeric ? "#" : "@", 1);
    if (numeric) {
        put_number(writer, identifier, length);
    } else {
        put(writer, identifier, length);
        put(writer, ",", 1);
    }
}

static void put_semver(struct writer *writer, const struct semver *semver)
{
    for (int i = 0; i < 3; i++)
        put_number(writer, semver->text + semver->numbers[i].start, semver->numbers[i].length);
    put(writer, semver->prerelease.length == 0 ? "~" : "-", 1);
    const char *at = semver->text + semver->prerelease.start;
    const char *end = at + semver->prerelease.length;
    while (at < end) {
        const char *dot = memchr(at, '.', (size_t)(end - at));
        const char *stop = dot != NULL ? dot : end;
        put_identifier(writer, at, (size_t)(stop - at));
        at = stop + 1;
    }
}

void version_order(const struct version *version, char key[VERSION_ORDER_SIZE])
{
    struct writer writer = {.key = key};
    if (version->scheme == VERSION_SEMVER)
        put_semver(&writer, &version->semver);
    else
        snprintf(key, VERSION_ORDER_SIZE, "%03d%c", version_value(version), version->type);
}
