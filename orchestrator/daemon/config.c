#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config_values.h"
#include "utf8.h"

extern char **environ;

/* What one load holds while it goes on. */
struct loading {
    struct config *config;
    struct config_places places;
    struct error *error;
};

static enum status set(struct loading *loading, const struct config_key *key, const char *text,
                       const char *place)
{
    enum status status = config_set(loading->config, key, text, place, loading->error);
    char **name = &loading->places.names[key - config_keys];
    free(*name);
    *name = strdup(place);
    return status;
}

static enum status unknown_key(struct loading *loading, const char *place, const char *name,
                               const char *key_name)
{
    const struct config_key *nearest = config_key_nearest(key_name);
    char variable[CONFIG_VARIABLE_SIZE] = "";
    if (nearest == NULL)
        return error_set(loading->error, STATUS_INVALID, key_name,
                         "%s: there is no key %.60s; orchestratord --help lists them", place, name);
    config_key_variable(nearest, variable);
    return error_set(loading->error, STATUS_INVALID, key_name, "%s: there is no key %.60s; is %s meant?",
                     place, name, name == key_name ? nearest->name : variable);
}

/* --- the file --------------------------------------------------------------------------------------- */

static char *skip_spaces(char *text)
{
    return text + strspn(text, " \t\r\n");
}

/* "text" with \" and \\, at `text`; ends it in place. NULL when the closing quote is missing or something but
 * a comment follows it. */
static char *unquote(char *text)
{
    char *out = text, *at = text + 1;
    for (; *at != '"'; at++) {
        if (*at == '\\' && (at[1] == '"' || at[1] == '\\'))
            at++;
        if (*at == '\0')
            return NULL;
        *out++ = *at;
    }
    char *rest = skip_spaces(at + 1);
    if (*rest != '\0' && *rest != '#')
        return NULL;
    *out = '\0';
    return text;
}

/* Up to a comment (a # with a space before it, so that URLs may hold one) or the end. */
static char *bare_value(char *text)
{
    for (char *at = text; *at != '\0'; at++) {
        if (*at == '#' && (at == text || at[-1] == ' ' || at[-1] == '\t')) {
            *at = '\0';
            break;
        }
    }
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL)
        text[--length] = '\0';
    return text;
}

static enum status read_line(struct loading *loading, char *line, const char *place)
{
    char *name = skip_spaces(line);
    if (*name == '\0' || *name == '#')
        return STATUS_OK;
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");
    char *equals = skip_spaces(name + length);
    if (length == 0 || *equals != '=')
        return error_set(loading->error, STATUS_INVALID, NULL, "%s: \"key = value\" or a # comment is wanted",
                         place);
    name[length] = '\0';
    const struct config_key *key = config_key_find(name);
    if (key == NULL)
        return unknown_key(loading, place, name, name);
    if (loading->places.names[key - config_keys] != NULL)
        return error_set(loading->error, STATUS_INVALID, key->name, "%s: %s: is given already, at %s", place,
                         key->name, loading->places.names[key - config_keys]);
    char *value = skip_spaces(equals + 1);
    value = *value == '"' ? unquote(value) : bare_value(value);
    if (value == NULL)
        return error_set(loading->error, STATUS_INVALID, key->name,
                         "%s: %s: a closing quote is wanted at the end of the line", place, key->name);
    return set(loading, key, value, place);
}

static enum status read_lines(struct loading *loading, FILE *file, const char *path)
{
    enum status status = STATUS_OK;
    char *line = NULL, place[512];
    size_t size = 0;
    ssize_t length;
    for (int number = 1; status == STATUS_OK && (length = getline(&line, &size, file)) >= 0; number++) {
        snprintf(place, sizeof place, "%.480s:%d", path, number);
        if (strlen(line) != (size_t)length)
            status =
                error_set(loading->error, STATUS_INVALID, NULL, "%s: a zero byte: text is wanted", place);
        else
            status = read_line(loading, line + (number == 1 ? utf8_mark(line, (size_t)length) : 0), place);
    }
    free(line);
    if (status == STATUS_OK && ferror(file))
        status =
            error_set(loading->error, STATUS_INVALID, NULL, "%s: cannot be read: %s", path, strerror(errno));
    return status;
}

static enum status read_file(struct loading *loading, const char *path)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return error_set(loading->error, errno == EACCES ? STATUS_DENIED : STATUS_NOT_FOUND, NULL,
                         "configuration file %s: %s", path, strerror(errno));
    enum status status = read_lines(loading, file, path);
    fclose(file);
    return status;
}

/* --- the environment -------------------------------------------------------------------------------- */

static const struct config_key *find_variable(const char *text, size_t length)
{
    for (size_t i = 0; i < config_key_count; i++) {
        char variable[CONFIG_VARIABLE_SIZE];
        config_key_variable(&config_keys[i], variable);
        if (strlen(variable) == length && strncmp(variable, text, length) == 0)
            return &config_keys[i];
    }
    return NULL;
}

static enum status unknown_variable(struct loading *loading, const char *text, size_t length)
{
    size_t prefix = strlen(CONFIG_ENVIRONMENT_PREFIX);
    char variable[CONFIG_VARIABLE_SIZE], name[CONFIG_VARIABLE_SIZE];
    snprintf(variable, sizeof variable, "%.*s", (int)length, text);
    snprintf(name, sizeof name, "%.*s", (int)(length - prefix), text + prefix);
    for (char *at = name; *at != '\0'; at++)
        *at = (char)(*at >= 'A' && *at <= 'Z' ? *at + ('a' - 'A') : *at);
    return unknown_key(loading, "environment", variable, name);
}

static enum status read_environment(struct loading *loading)
{
    for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
        if (strncmp(*entry, CONFIG_ENVIRONMENT_PREFIX, strlen(CONFIG_ENVIRONMENT_PREFIX)) != 0)
            continue;
        size_t length = strcspn(*entry, "=");
        const struct config_key *key = find_variable(*entry, length);
        if (key == NULL)
            return unknown_variable(loading, *entry, length);
        char place[CONFIG_VARIABLE_SIZE];
        config_key_variable(key, place);
        const char *value = (*entry)[length] == '=' ? *entry + length + 1 : "";
        if (set(loading, key, value, place) != STATUS_OK)
            return STATUS_INVALID;
    }
    return STATUS_OK;
}

/* --- all of it -------------------------------------------------------------------------------------- */

static enum status set_defaults(struct config *config, struct error *error)
{
    for (size_t i = 0; i < config_key_count; i++) {
        const struct config_key *key = &config_keys[i];
        if (key->fallback == NULL)
            continue;
        enum status status = config_set(config, key, key->fallback, "default", error);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status check_required(struct loading *loading, const char *path)
{
    for (size_t i = 0; i < config_key_count; i++) {
        const struct config_key *key = &config_keys[i];
        char variable[CONFIG_VARIABLE_SIZE];
        if ((key->flags & CONFIG_REQUIRED) == 0 || loading->places.names[i] != NULL)
            continue;
        config_key_variable(key, variable);
        return error_set(loading->error, STATUS_INVALID, key->name,
                         "%s: %s: must be given, here or as %s (%s)", path == NULL ? "configuration" : path,
                         key->name, variable, key->help);
    }
    return STATUS_OK;
}

enum status config_load(const char *path, struct config *config, struct error *error)
{
    struct loading loading = {.config = config, .error = error};
    *config = (struct config){0};
    enum status status = set_defaults(config, error);
    if (status == STATUS_OK && path != NULL)
        status = read_file(&loading, path);
    if (status == STATUS_OK)
        status = read_environment(&loading);
    if (status == STATUS_OK)
        status = check_required(&loading, path);
    if (status == STATUS_OK)
        status = config_complete(config, &loading.places, error);
    for (size_t i = 0; i < config_key_count; i++)
        free(loading.places.names[i]);
    return status;
}

void config_release(struct config *config)
{
    for (size_t i = 0; i < config_key_count; i++) {
        if (config_keys[i].type == CONFIG_TEXT)
            free(*(char **)(void *)((char *)config + config_keys[i].offset));
    }
    free(config->mqtt_host);
    free(config->mqtt_user);
    free(config->mqtt_password);
    *config = (struct config){0};
}

static bool differs(const struct config_key *key, const void *a, const void *b)
{
    if (key->type == CONFIG_TEXT)
        return strcmp(*(char *const *)a, *(char *const *)b) != 0;
    return *(const int *)a != *(const int *)b; /* an integer, or an enum */
}

void config_adopt(struct config *running, const struct config *fresh, char *restart, size_t restart_size)
{
    size_t used = 0;
    restart[0] = '\0';
    for (size_t i = 0; i < config_key_count; i++) {
        const struct config_key *key = &config_keys[i];
        char *member = (char *)running + key->offset;
        const char *other = (const char *)fresh + key->offset;
        if (!differs(key, member, other))
            continue;
        if ((key->flags & CONFIG_RELOADABLE) != 0) {
            memcpy(member, other, sizeof(int)); /* texts are never reloadable */
        } else if (used + strlen(key->name) + 2 < restart_size) {
            int written = snprintf(restart + used, restart_size - used, used == 0 ? "%s" : ",%s", key->name);
            used += (size_t)written;
        }
    }
}
_Static_assert(sizeof(enum log_level) == sizeof(int) && sizeof(enum log_format) == sizeof(int),
               "config_adopt copies integers and enums alike");
