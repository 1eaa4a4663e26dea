#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "known_ptypes.h"
#include "show.h"

/* Adds --NAME as the text `member`, if it was given. False after it has said what is wrong. */
static bool add_text(struct session *session, const struct arguments *arguments, const char *option,
                     const char *member, json_t *object)
{
    const char *value = arguments_value(arguments, option);
    if (value == NULL || json_object_set_new(object, member, json_string(value)) == 0)
        return true;
    session_usage(session, "--%s is not UTF-8", option);
    return false;
}

/* Options that are sent as they are, by the names of their members. */
static bool add_texts(struct session *session, const struct arguments *arguments, json_t *object)
{
    static const char *const texts[][2] = {{"description", "description"},
                                           {"serial", "serial"},
                                           {"version-scheme", "version_scheme"},
                                           {"max-version", "max_version"}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (!add_text(session, arguments, texts[i][0], texts[i][1], object))
            return false;
    }
    return true;
}

enum exit_code run_product_create(struct session *session, const struct arguments *arguments)
{
    long long ptype = 0;
    if (!show_number(session, arguments, "ptype", 0, INT_MAX, &ptype))
        return EXIT_USAGE;
    json_t *product = json_pack("{sI si si}", "ptype", (json_int_t)ptype, "is_private",
                                arguments_value(arguments, "private") != NULL ? 1 : 0, "status",
                                arguments_value(arguments, "deployed") != NULL ? 2 : 1);
    if (arguments_value(arguments, "require-signature") != NULL)
        json_object_set_new(product, "require_signature", json_true());
    if (!add_text(session, arguments, "name", "name", product) || !add_texts(session, arguments, product)) {
        json_decref(product);
        return EXIT_USAGE;
    }
    json_t *body = json_pack("{s[o]}", "products", product);
    const char *name = arguments_value(arguments, "name");
    enum exit_code code =
        name != NULL
            ? show_post(session, "/v1/products", body, "product %s created for ptype %lld", name, ptype)
            : show_post(session, "/v1/products", body,
                        "product created for ptype %lld; its name is in: orchestratorctl product list",
                        ptype);
    json_decref(body);
    return code;
}

/* --- what there is ---------------------------------------------------------------------------------- */

static const char *status_name(const json_t *product)
{
    return json_integer_value(json_object_get(product, "status")) == 2 ? "deployed" : "developing";
}

static bool is_private(const json_t *product)
{
    return json_integer_value(json_object_get(product, "is_private")) == 1;
}

static void product_row(struct table *table, const json_t *item)
{
    table_row(table, item, "name|ptype|version_scheme|max_version");
    table_text(table, status_name(item));
    table_text(table, is_private(item) ? "yes" : "no");
    table_row(table, item, "activated|devices|progress|serial|description");
}

enum exit_code run_product_list(struct session *session, const struct arguments *arguments)
{
    return show_list(session, arguments, "/v1/products", "products",
                     "NAME|>PTYPE|SCHEME|MAX VERSION|STATUS|PRIVATE|>ACTIVATED|>DEVICES|>PERCENT|SERIAL|"
                     "DESCRIPTION",
                     product_row);
}

static long long number_of(const json_t *product, const char *member)
{
    return json_integer_value(json_object_get(product, member));
}

/* The guide's page of a product (section 2.4), and what there is beside it. */
enum exit_code run_product_show(struct session *session, const struct arguments *arguments)
{
    json_t *product;
    enum exit_code code = show_fetch_named(session, "/v1/products/", arguments->positionals[0], &product);
    if (product == NULL)
        return code;
    char counts[64], progress[32];
    snprintf(counts, sizeof counts, "%lld / %lld", number_of(product, "activated"),
             number_of(product, "devices"));
    snprintf(progress, sizeof progress, "%lld%%", number_of(product, "progress"));
    json_object_set_new(product, "status", json_string(status_name(product)));
    json_object_set_new(product, "is_private", json_boolean(is_private(product)));
    json_object_set_new(product, "counts", json_string(counts));
    json_object_set_new(product, "progress", json_string(progress));
    table_print_members(session->out, product,
                        "Id=number|Name=name|Serial=serial|Description=description|Status=status|"
                        "Activated / Total=counts|Progress=progress|Private=is_private|Ptype=ptype|"
                        "Version scheme=version_scheme|Max version=max_version|"
                        "Require signature=require_signature|Releases=releases|Current release=current|"
                        "Created=@created_at");
    show_part(session, json_object_get(product, "versions"), "VERSION|>DEVICES", "version|devices");
    json_decref(product);
    return EXIT_DONE;
}

enum exit_code run_product_types(struct session *session, const struct arguments *arguments)
{
    (void)arguments;
    json_t *list = json_array();
    struct table *table = table_create(">PTYPE|NAME|SOURCE");
    for (size_t i = 0; i < known_ptype_count; i++) {
        json_t *item = json_pack("{si ss ss}", "ptype", known_ptypes[i].ptype, "name", known_ptypes[i].name,
                                 "source", known_ptypes[i].source);
        table_row(table, item, "ptype|name|source");
        json_array_append_new(list, item);
    }
    if (session->json)
        show_json(session->out, list);
    else
        table_print(table, session->out);
    table_free(table);
    json_decref(list);
    return EXIT_DONE;
}

/* --- changes ---------------------------------------------------------------------------------------- */

/* Two flags of which at most one may be given; what each sets. */
struct either {
    const char *first, *second, *member;
    json_t *of_first, *of_second; /* borrowed; NULL: another option's value */
};

static bool add_either(struct session *session, const struct arguments *arguments,
                       const struct either *either, json_t *object)
{
    bool first = arguments_value(arguments, either->first) != NULL;
    bool second = arguments_value(arguments, either->second) != NULL;
    if (first && second) {
        session_usage(session, "--%s and --%s exclude each other", either->first, either->second);
        return false;
    }
    json_t *value = first ? either->of_first : second ? either->of_second : NULL;
    if (value != NULL)
        json_object_set(object, either->member, value);
    return true;
}

static bool add_status(struct session *session, const struct arguments *arguments, json_t *object)
{
    const char *status = arguments_value(arguments, "status");
    if (status == NULL)
        return true;
    bool deployed = strcmp(status, "deployed") == 0;
    if (!deployed && strcmp(status, "developing") != 0) {
        session_usage(session, "--status is \"%s\"; allowed is developing or deployed", status);
        return false;
    }
    json_object_set_new(object, "status", json_integer(deployed ? 2 : 1));
    return true;
}

static bool read_changes(struct session *session, const struct arguments *arguments, json_t *object)
{
    const struct either choices[] = {
        {"private", "public", "is_private", json_true(), json_false()},
        {"require-signature", "no-require-signature", "require_signature", json_true(), json_false()},
        {"max-version", "no-max-version", "max_version", NULL, json_null()},
        {"serial", "no-serial", "serial", NULL, json_null()}};
    if (!add_texts(session, arguments, object) || !add_status(session, arguments, object))
        return false;
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
        if (!add_either(session, arguments, &choices[i], object))
            return false;
    }
    if (json_object_size(object) == 0) {
        session_usage(session, "nothing to change was given; see product set --help");
        return false;
    }
    return true;
}

enum exit_code run_product_set(struct session *session, const struct arguments *arguments)
{
    const char *name = arguments->positionals[0];
    json_t *body = json_object(), *answer = NULL;
    enum exit_code code = EXIT_USAGE;
    if (read_changes(session, arguments, body))
        code = show_send_named(session, "PATCH", "/v1/products/", name, "", body, &answer);
    json_decref(body);
    if (answer != NULL)
        fprintf(session->out, "product %s %s\n", name,
                json_is_true(json_object_get(answer, "changed")) ? "changed"
                                                                 : "was so already; nothing changed");
    json_decref(answer);
    return code;
}
