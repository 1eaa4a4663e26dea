/* What the rules say about versions, without a server. */
#include <stdlib.h>
#include <string.h>

#include "semver.h"
#include "show.h"
#include "version_rule.h"

/* A version of either scheme. */
struct any_version {
    bool is_semver;
    char text[SEMVER_TEXT_MAX + 1]; /* canonical */
    struct version version;
    struct semver semver;
};

/* Reads --scheme. False after it has said what is wrong. */
static bool read_scheme(struct session *session, const struct arguments *arguments, bool *is_semver)
{
    const char *scheme = arguments_value(arguments, "scheme");
    *is_semver = scheme != NULL && strcmp(scheme, "semver") == 0;
    if (scheme == NULL || *is_semver || strcmp(scheme, "seed") == 0)
        return true;
    session_usage(session, "--scheme is \"%s\"; allowed is seed or semver", scheme);
    return false;
}

static enum status read_version(const char *text, bool is_semver, struct any_version *any,
                                struct error *error)
{
    *any = (struct any_version){.is_semver = is_semver};
    enum status status =
        is_semver ? semver_parse(text, &any->semver, error) : version_parse(text, &any->version, error);
    if (status != STATUS_OK)
        return status;
    if (is_semver)
        memcpy(any->text, any->semver.text, sizeof any->text);
    else
        version_format(&any->version, any->text);
    return STATUS_OK;
}

/* A version that the question cannot be asked without. False after it has said what is wrong. */
static bool need_version(struct session *session, const char *text, bool is_semver, struct any_version *any)
{
    struct error error = {0};
    if (read_version(text, is_semver, any, &error) == STATUS_OK)
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

static void print_version(FILE *out, const struct any_version *any)
{
    const struct version *version = &any->version;
    const struct semver *semver = &any->semver;
    if (!any->is_semver) {
        fprintf(out, "%s: %s, value %d.%d.%d, product type %d, %s\n", any->text,
                version->type == 'v' ? "formal" : "beta", version->major, version->minor, version->revision,
                version->ptype, class_name(version->fota_class));
        return;
    }
    fprintf(out, "%s: value %.*s", any->text, semver->numbers[2].start + semver->numbers[2].length,
            any->text);
    if (semver->prerelease.length > 0)
        fprintf(out, ", prerelease %.*s", semver->prerelease.length, any->text + semver->prerelease.start);
    if (semver->build.length > 0)
        fprintf(out, ", build %.*s", semver->build.length, any->text + semver->build.start);
    fputc('\n', out);
}

/* null when there is none. */
static json_t *part_json(const struct semver *semver, struct semver_part part)
{
    return part.length > 0 ? json_stringn(semver->text + part.start, part.length) : json_null();
}

static json_t *version_json(const char *given, const struct any_version *any)
{
    const struct version *version = &any->version;
    const struct semver *semver = &any->semver;
    if (any->is_semver) /* the numbers are texts: they may be of any size */
        return json_pack("{so sb ss so so so so so}", "given", json_text(given), "valid", 1, "version",
                         any->text, "major", part_json(semver, semver->numbers[0]), "minor",
                         part_json(semver, semver->numbers[1]), "patch",
                         part_json(semver, semver->numbers[2]), "prerelease",
                         part_json(semver, semver->prerelease), "build", part_json(semver, semver->build));
    return json_pack("{so sb ss ss# si si si si ss# sb sb}", "given", json_text(given), "valid", 1, "version",
                     any->text, "type", &version->type, 1, "major", version->major, "minor", version->minor,
                     "revision", version->revision, "ptype", version->ptype, "class", &version->fota_class, 1,
                     "online", (int)version_is_online(version), "fota", (int)version_is_fota(version));
}

enum exit_code run_version_parse(struct session *session, const struct arguments *arguments)
{
    enum exit_code code = EXIT_DONE;
    bool is_semver;
    if (!read_scheme(session, arguments, &is_semver))
        return EXIT_USAGE;
    json_t *list = json_array();
    for (int i = 0; i < arguments->positional_count; i++) {
        const char *given = arguments->positionals[i];
        struct error error = {0};
        struct any_version any;
        bool valid = read_version(given, is_semver, &any, &error) == STATUS_OK;
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
    bool is_semver;
    if (!read_scheme(session, arguments, &is_semver) ||
        !need_version(session, arguments->positionals[0], is_semver, &a) ||
        !need_version(session, arguments->positionals[1], is_semver, &b))
        return EXIT_USAGE;
    if (!is_semver && a.version.ptype != b.version.ptype) {
        struct error error = {0};
        error_set(&error, STATUS_INVALID, NULL,
                  "%s and %s are of different product types: they have no order", a.text, b.text);
        return session_fail(session, &error);
    }
    int difference =
        is_semver ? semver_compare(&a.semver, &b.semver) : version_compare(&a.version, &b.version);
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
    struct version_rule rule;
    struct semver_rule semver_rule;
    enum status status = any->is_semver ? semver_rule_parse(rule_text, &semver_rule, error)
                                        : version_rule_parse(rule_text, any->version.ptype, &rule, error);
    if (status == STATUS_OK)
        *takes = any->is_semver ? semver_rule_matches(&semver_rule, &any->semver)
                                : version_rule_matches(&rule, &any->version);
    return status;
}

enum exit_code run_version_match(struct session *session, const struct arguments *arguments)
{
    const char *rule = arguments->positionals[0];
    struct error error = {0};
    struct any_version any;
    bool is_semver;
    bool takes = false;
    if (!read_scheme(session, arguments, &is_semver) ||
        !need_version(session, arguments->positionals[1], is_semver, &any))
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

static char *rivalry(const struct any_version *any)
{
    const struct version *version = &any->version;
    char *text;
    if (asprintf(&text, "product type %d may have one %s version of value %d.%d.%d", version->ptype,
                 version_is_fota(version) ? "FOTA-capable (o, l or a)" : "non-FOTA (n)", version->major,
                 version->minor, version->revision) < 0)
        abort();
    return text;
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
    struct any_version *versions = calloc(count, sizeof *versions);
    if (versions == NULL)
        abort();
    for (size_t i = 0; i < count; i++) {
        if (!need_version(session, arguments->positionals[i], false, &versions[i])) {
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
