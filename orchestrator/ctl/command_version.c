/* What the rules say about versions, without a server. */
#include <stdlib.h>
#include <string.h>

#include "show.h"
#include "version_rule.h"

/* A version as it was given: a whole one, or a semantic version alone. */
struct any_version {
    enum version_scheme scheme;
    bool is_whole;                  /* with product type and class, in `version`; else in version.semver */
    char text[SEMVER_TEXT_MAX + 1]; /* canonical */
    struct version version;
};

/* Reads --scheme. False after it has said what is wrong. */
static bool read_scheme(struct session *session, const struct arguments *arguments,
                        enum version_scheme *scheme)
{
    const char *given = arguments_value(arguments, "scheme");
    *scheme = VERSION_SEED;
    if (given == NULL || version_scheme_parse(given, scheme))
        return true;
    session_usage(session, "--scheme is \"%s\"; allowed is seed or semver", given);
    return false;
}

/* A semantic version never ends in a parenthesis, which a whole version always does. */
static bool is_semver_alone(enum version_scheme scheme, const char *text)
{
    size_t length = strlen(text);
    return scheme == VERSION_SEMVER && (length == 0 || text[length - 1] != ')');
}

static enum status read_version(const char *text, enum version_scheme scheme, struct any_version *any,
                                struct error *error)
{
    *any = (struct any_version){.scheme = scheme, .is_whole = !is_semver_alone(scheme, text)};
    any->version.scheme = scheme;
    enum status status = any->is_whole ? version_parse_as(scheme, text, &any->version, error)
                                       : semver_parse(text, &any->version.semver, error);
    if (status != STATUS_OK)
        return status;
    if (any->is_whole)
        version_format(&any->version, any->text);
    else
        memcpy(any->text, any->version.semver.text, sizeof any->text);
    return STATUS_OK;
}

/* A version that the question cannot be asked without. False after it has said what is wrong. */
static bool need_version(struct session *session, const char *text, enum version_scheme scheme,
                         struct any_version *any)
{
    struct error error = {0};
    if (read_version(text, scheme, any, &error) == STATUS_OK)
        return true;
    session_fail(session, &error);
    return false;
}

static void print_answer(struct session *session, json_t *document)
{
    show_json(session->out, document);
    json_decref(document);
}

/* What came from outside, as JSON; what is not UTF-8 becomes null. */
static json_t *json_text(const char *text)
{
    json_t *string = json_string(text);
    return string != NULL ? string : json_null();
}

/* --- parse ------------------------------------------------------------------------------------------ */

static const char *class_name(char fota_class)
{
    switch (fota_class) {
    case 'o':
        return "online upgrade";
    case 'l':
        return "local upgrade";
    case 'a':
        return "online and local upgrade";
    default:
        return "no upgrade";
    }
}

static void print_semver(FILE *out, const struct semver *semver)
{
    fprintf(out, "value %.*s", semver->numbers[2].start + semver->numbers[2].length, semver->text);
    if (semver->prerelease.length > 0)
        fprintf(out, ", prerelease %.*s", semver->prerelease.length, semver->text + semver->prerelease.start);
    if (semver->build.length > 0)
        fprintf(out, ", build %.*s", semver->build.length, semver->text + semver->build.start);
}

static void print_version(FILE *out, const struct any_version *any)
{
    const struct version *version = &any->version;
    fprintf(out, "%s: ", any->text);
    if (any->scheme == VERSION_SEMVER)
        print_semver(out, &version->semver);
    else
        fprintf(out, "%s, value %d.%d.%d", version->type == 'v' ? "formal" : "beta", version->major,
                version->minor, version->revision);
    if (any->is_whole)
        fprintf(out, ", product type %d, %s", version->ptype, class_name(version->fota_class));
    fputc('\n', out);
}

/* null when there is none. */
static json_t *part_json(const struct semver *semver, struct semver_part part)
{
    return part.length > 0 ? json_stringn(semver->text + part.start, part.length) : json_null();
}

/* What only versions of one scheme have. The numbers of semver's are texts: they may be of any size. */
static json_t *value_json(const struct any_version *any)
{
    const struct version *version = &any->version;
    const struct semver *semver = &version->semver;
    if (any->scheme == VERSION_SEMVER)
        return json_pack("{so so so so so}", "major", part_json(semver, semver->numbers[0]), "minor",
                         part_json(semver, semver->numbers[1]), "patch",
                         part_json(semver, semver->numbers[2]), "prerelease",
                         part_json(semver, semver->prerelease), "build", part_json(semver, semver->build));
    return json_pack("{ss# si si si}", "type", &version->type, 1, "major", version->major, "minor",
                     version->minor, "revision", version->revision);
}

static json_t *version_json(const char *given, const struct any_version *any)
{
    const struct version *version = &any->version;
    json_t *document = json_pack("{so sb ss}", "given", json_text(given), "valid", 1, "version", any->text);
    json_object_update_new(document, value_json(any));
    if (any->is_whole)
        json_object_update_new(document,
                               json_pack("{si ss# sb sb}", "ptype", version->ptype, "class",
                                         &version->fota_class, 1, "online", (int)version_is_online(version),
                                         "fota", (int)version_is_fota(version)));
    return document;
}

enum exit_code run_version_parse(struct session *session, const struct arguments *arguments)
{
    enum exit_code code = EXIT_DONE;
    enum version_scheme scheme;
    if (!read_scheme(session, arguments, &scheme))
        return EXIT_USAGE;
    json_t *list = json_array();
    for (int i = 0; i < arguments->positional_count; i++) {
        const char *given = arguments->positionals[i];
        struct error error = {0};
        struct any_version any;
        bool valid = read_version(given, scheme, &any, &error) == STATUS_OK;
        if (session->json)
            json_array_append_new(list, valid ? version_json(given, &any)
                                              : json_pack("{so sb so}", "given", json_text(given), "valid", 0,
                                                          "error", json_text(error.message)));
        else if (valid)
            print_version(session->out, &any);
        else
            session_fail(session, &error);
        code = valid ? code : EXIT_REFUSED;
    }
    if (session->json)
        show_json(session->out, list);
    json_decref(list);
    return code;
}

/* --- compare ---------------------------------------------------------------------------------------- */

enum exit_code run_version_compare(struct session *session, const struct arguments *arguments)
{
    struct any_version a, b;
    enum version_scheme scheme;
    if (!read_scheme(session, arguments, &scheme) ||
        !need_version(session, arguments->positionals[0], scheme, &a) ||
        !need_version(session, arguments->positionals[1], scheme, &b))
        return EXIT_USAGE;
    if (a.is_whole && b.is_whole && a.version.ptype != b.version.ptype) {
        struct error error = {0};
        error_set(&error, STATUS_INVALID, NULL,
                  "%s and %s are of different product types: they have no order", a.text, b.text);
        return session_fail(session, &error);
    }
    int difference = version_compare(&a.version, &b.version);
    int order = (difference > 0) - (difference < 0);
    const char *word = order < 0 ? "older" : order > 0 ? "newer" : "equal";
    if (session->json)
        print_answer(session,
                     json_pack("{ss ss si ss}", "a", a.text, "b", b.text, "order", order, "a_is", word));
    else
        fprintf(session->out, "%s is %s %s\n", a.text,
                order == 0  ? "neither older nor newer than"
                : order < 0 ? "older than"
                            : "newer than",
                b.text);
    return EXIT_DONE;
}

/* --- match ------------------------------------------------------------------------------------------ */

static enum status rule_takes(const char *rule_text, const struct any_version *any, bool *takes,
                              struct error *error)
{
    struct scheme_rule rule;
    enum status status = scheme_rule_parse(rule_text, any->scheme, any->version.ptype, &rule, error);
    if (status == STATUS_OK)
        *takes = scheme_rule_matches(&rule, &any->version);
    return status;
}

enum exit_code run_version_match(struct session *session, const struct arguments *arguments)
{
    const char *rule = arguments->positionals[0];
    struct error error = {0};
    struct any_version any;
    enum version_scheme scheme;
    bool takes = false;
    if (!read_scheme(session, arguments, &scheme) ||
        !need_version(session, arguments->positionals[1], scheme, &any))
        return EXIT_USAGE;
    if (rule_takes(rule, &any, &takes, &error) != STATUS_OK) {
        session_fail(session, &error);
        return EXIT_USAGE;
    }
    if (session->json)
        print_answer(session, json_pack("{so ss sb}", "rule", json_text(rule), "version", any.text, "matches",
                                        (int)takes));
    else
        fprintf(session->out, "%s %s \"%s\"\n", any.text, takes ? "matches" : "does not match", rule);
    return takes ? EXIT_DONE : EXIT_REFUSED;
}

/* --- coexist ---------------------------------------------------------------------------------------- */

/* What the two rivals have in common. */
static char *rivalry(const struct any_version *any)
{
    const struct version *version = &any->version;
    char value[VERSION_TEXT_SIZE];
    char *text;
    version_format_value(version, value);
    const char *first = version->scheme == VERSION_SEMVER ? value : value + 1; /* without v or b */
    if (asprintf(&text, "product type %d may have one %s version of %s %.*s", version->ptype,
                 version_is_fota(version) ? "FOTA-capable (o, l or a)" : "non-FOTA (n)",
                 version->scheme == VERSION_SEMVER ? "precedence" : "value", (int)strcspn(first, "+"),
                 first) < 0)
        abort();
    return text;
}

/* Only whole versions are stored. */
static bool need_whole(struct session *session, const char *text, enum version_scheme scheme,
                       struct any_version *any)
{
    if (!need_version(session, text, scheme, any))
        return false;
    if (any->is_whole)
        return true;
    session_usage(session, "\"%s\" has no product type and no class; needed is such as %st45772(a)", text,
                  text);
    return false;
}

/* Adds the two to `rivals` and says it to people, if they are. */
static void check_pair(struct session *session, const struct any_version *a, const struct any_version *b,
                       json_t *rivals)
{
    if (version_coexists(&a->version, &b->version))
        return;
    char *reason = rivalry(a);
    json_array_append_new(rivals, json_pack("{ss ss ss}", "a", a->text, "b", b->text, "reason", reason));
    if (!session->json)
        fprintf(session->out, "%s and %s cannot co-exist: %s\n", a->text, b->text, reason);
    free(reason);
}

enum exit_code run_version_coexist(struct session *session, const struct arguments *arguments)
{
    size_t count = (size_t)arguments->positional_count;
    enum version_scheme scheme;
    if (!read_scheme(session, arguments, &scheme))
        return EXIT_USAGE;
    struct any_version *versions = calloc(count, sizeof *versions);
    if (versions == NULL)
        abort();
    for (size_t i = 0; i < count; i++) {
        if (!need_whole(session, arguments->positionals[i], scheme, &versions[i])) {
            free(versions);
            return EXIT_USAGE;
        }
    }
    json_t *rivals = json_array();
    for (size_t i = 0; i < count; i++) {
        for (size_t j = i + 1; j < count; j++)
            check_pair(session, &versions[i], &versions[j], rivals);
    }
    free(versions);
    bool coexist = json_array_size(rivals) == 0;
    if (session->json)
        print_answer(session, json_pack("{sb sO}", "coexist", (int)coexist, "rivals", rivals));
    else if (coexist)
        fprintf(session->out, "%zu versions may co-exist\n", count);
    json_decref(rivals);
    return coexist ? EXIT_DONE : EXIT_REFUSED;
}
