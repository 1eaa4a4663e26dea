#include "version.h"

#include <stdio.h>
#include <string.h>

#include "names.h"
#include "version_scanner.h"

enum { VALUE_TEXT_MAX = 40 };

static const char *const scheme_names[] = {
#define X(name, text) [name] = text,
    VERSION_SCHEME_LIST(X)
#undef X
};

const char *version_scheme_name(enum version_scheme scheme)
{
    return scheme_names[scheme];
}

bool version_scheme_parse(const char *text, enum version_scheme *scheme)
{
    int found;
    if (!name_find(scheme_names, NAME_COUNT(scheme_names), text, &found))
        return false;
    *scheme = (enum version_scheme)found;
    return true;
}

/* --- reading ---------------------------------------------------------------------------------------- */

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

enum version_scheme version_scheme_of(const char *text)
{
    return is_digit(text[0]) ? VERSION_SEMVER : VERSION_SEED;
}

static void put_numbers(struct version *version, const int numbers[3])
{
    version->major = numbers[0];
    version->minor = numbers[1];
    version->revision = numbers[2];
}

static enum status parse_seed(const char *text, const char *first, struct version *version,
                              struct error *error)
{
    struct version_scanner scanner = {.what = "version", .text = text};
    struct version read = {.type = text[0]};
    int numbers[3];
    if (read.type != 'v' && read.type != 'b')
        return version_scan_fault(&scanner, first, error);
    scanner.at = 1;
    if (version_scan_value(&scanner, numbers, error) != STATUS_OK ||
        version_scan_tail(&scanner, &read.ptype, &read.fota_class, error) != STATUS_OK)
        return STATUS_INVALID;
    if (text[scanner.at] != '\0')
        return version_scan_fault(&scanner, "nothing more", error);
    put_numbers(&read, numbers);
    *version = read;
    return STATUS_OK;
}

/* Where the tail begins: the last `t` before the class. A text without any ends where it ends. */
static size_t find_tail(const char *text)
{
    const char *class = strrchr(text, '(');
    size_t at = class != NULL ? (size_t)(class - text) : strlen(text);
    for (size_t back = at; class != NULL && back > 0; back--) {
        if (text[back - 1] == 't')
            return back - 1;
    }
    return at;
}

static enum status check_length(const char *text, size_t most, struct error *error)
{
    if (strlen(text) <= most)
        return STATUS_OK;
    return error_set(error, STATUS_INVALID, NULL,
                     "version \"%.48s...\", character %zu: it has %zu characters; at most %zu are allowed",
                     text, most + 1, strlen(text), most);
}

static enum status parse_semver(const char *text, struct version *version, struct error *error)
{
    struct version_scanner scanner = {.what = "version", .text = text};
    struct version read = {.scheme = VERSION_SEMVER};
    char semver[VERSION_TEXT_SIZE];
    if (check_length(text, VERSION_TEXT_SIZE - 1, error) != STATUS_OK)
        return STATUS_INVALID;
    scanner.at = find_tail(text);
    if (text[scanner.at] != 't')
        return version_scan_fault(&scanner, "'t', the product type and the FOTA class, as in 1.4.0t45772(a)",
                                  error);
    snprintf(semver, sizeof semver, "%.*s", (int)scanner.at, text);
    if (semver_parse(semver, &read.semver, error) != STATUS_OK ||
        version_scan_tail(&scanner, &read.ptype, &read.fota_class, error) != STATUS_OK)
        return STATUS_INVALID;
    if (text[scanner.at] != '\0')
        return version_scan_fault(&scanner, "nothing more", error);
    *version = read;
    return STATUS_OK;
}

enum status version_parse(const char *text, struct version *version, struct error *error)
{
    return version_scheme_of(text) == VERSION_SEMVER
               ? parse_semver(text, version, error)
               : parse_seed(text, "'v' (formal) or 'b' (beta), or a digit (a semantic version)", version,
                            error);
}

enum status version_parse_as(enum version_scheme scheme, const char *text, struct version *version,
                             struct error *error)
{
    return scheme == VERSION_SEMVER ? parse_semver(text, version, error)
                                    : parse_seed(text, "'v' (formal) or 'b' (beta)", version, error);
}

static enum status parse_seed_value(const char *text, struct version *version, struct error *error)
{
    struct version_scanner scanner = {.what = "version", .text = text};
    struct version read = {.type = 'v', .fota_class = 'a'};
    int numbers[3];
    if (text[0] == 'v' || text[0] == 'b')
        read.type = text[scanner.at++];
    else if (!is_digit(text[0]))
        return version_scan_fault(&scanner, "'v' (formal), 'b' (beta) or a digit", error);
    if (version_scan_value(&scanner, numbers, error) != STATUS_OK)
        return STATUS_INVALID;
    if (text[scanner.at] != '\0')
        return version_scan_fault(&scanner, "nothing more: no product type and no class", error);
    put_numbers(&read, numbers);
    *version = read;
    return STATUS_OK;
}

enum status version_parse_value(enum version_scheme scheme, const char *text, struct version *version,
                                struct error *error)
{
    struct version read = {.scheme = VERSION_SEMVER, .fota_class = 'a'};
    if (scheme == VERSION_SEED)
        return parse_seed_value(text, version, error);
    if (check_length(text, VALUE_TEXT_MAX, error) != STATUS_OK ||
        semver_parse(text, &read.semver, error) != STATUS_OK)
        return STATUS_INVALID;
    *version = read;
    return STATUS_OK;
}

/* --- writing ---------------------------------------------------------------------------------------- */

void version_format_value(const struct version *version, char text[VERSION_TEXT_SIZE])
{
    if (version->scheme == VERSION_SEMVER)
        snprintf(text, VERSION_TEXT_SIZE, "%.63s", version->semver.text);
    else
        snprintf(text, VERSION_TEXT_SIZE, "%c%d.%d.%d", version->type, version->major, version->minor,
                 version->revision);
}

void version_format(const struct version *version, char text[VERSION_TEXT_SIZE])
{
    version_format_value(version, text);
    size_t used = strlen(text);
    snprintf(text + used, VERSION_TEXT_SIZE - used, "t%d(%c)", version->ptype, version->fota_class);
}

/* --- meaning ---------------------------------------------------------------------------------------- */

int version_value(const struct version *version)
{
    return version->major * 100 + version->minor * 10 + version->revision;
}

int version_compare(const struct version *a, const struct version *b)
{
    if (a->scheme == VERSION_SEMVER)
        return semver_compare(&a->semver, &b->semver);
    int difference = version_value(a) - version_value(b);
    if (difference != 0)
        return difference;
    return (a->type == 'v') - (b->type == 'v');
}

bool version_is_online(const struct version *version)
{
    return version->fota_class == 'o' || version->fota_class == 'a';
}

bool version_is_local(const struct version *version)
{
    return version->fota_class == 'l' || version->fota_class == 'a';
}

bool version_is_fota(const struct version *version)
{
    return version->fota_class != 'n';
}

static bool share_place(const struct version *a, const struct version *b)
{
    if (a->scheme == VERSION_SEMVER)
        return semver_compare(&a->semver, &b->semver) == 0;
    return version_value(a) == version_value(b);
}

bool version_coexists(const struct version *a, const struct version *b)
{
    if (a->ptype != b->ptype)
        return true;
    if (a->scheme != b->scheme)
        return false;
    return !share_place(a, b) || version_is_fota(a) != version_is_fota(b);
}
