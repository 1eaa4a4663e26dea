#include <stdlib.h>

#include "device_key.h"
#include "key_file.h"
#include "show.h"

bool device_key_may_be_written(struct session *session, const char *path, enum exit_code *code)
{
    struct error error = {0};
    if (path == NULL || key_file_check(path, &error) == STATUS_OK)
        return true;
    *code = session_fail(session, &error);
    return false;
}

enum exit_code device_key_show(struct session *session, const char *id, const char *kind, const char *key,
                               const char *path)
{
    struct error error = {0};
    char *written;
    if (path == NULL) {
        if (!session->json)
            fprintf(session->out, "%s key: %s (shown this once)\n", kind, key);
        return EXIT_DONE;
    }
    enum status status = key_file_write(path, key, &written, &error);
    if (status == STATUS_OK && !session->json)
        fprintf(session->out, "%s key written to %s\n", kind, written);
    free(written);
    if (status == STATUS_OK)
        return EXIT_DONE;
    error_context(&error, "the key of %s is lost: issue another with device key %s", id, id);
    return session_fail(session, &error);
}

static const char *key_path(const struct arguments *arguments)
{
    return arguments_value(arguments, "owner") != NULL ? "/key?kind=owner" : "/key?kind=master";
}

enum exit_code run_device_key(struct session *session, const struct arguments *arguments)
{
    const char *id = arguments->positionals[0];
    const char *file = arguments_value(arguments, "key-bin");
    enum exit_code code = EXIT_DONE;
    struct error error = {0};
    json_t *answer;
    if (file != NULL && arguments_value(arguments, "owner") != NULL)
        return session_usage(session, "--key-bin is for master keys: an owner's key is in no device's flash");
    if (!device_key_may_be_written(session, file, &code))
        return code;
    json_t *body = NULL;
    if (!show_reason(session, arguments, &body))
        return EXIT_USAGE;
    char *path = show_path("/v1/devices/", id, key_path(arguments));
    enum status status = client_request(session->client, "POST", path, body, &answer, &error);
    free(path);
    json_decref(body);
    if (status != STATUS_OK)
        return session_fail(session, &error);
    if (session->json)
        show_json(session->out, answer);
    code = device_key_show(session, id, json_string_value(json_object_get(answer, "kind")),
                           json_string_value(json_object_get(answer, "key")), file);
    json_decref(answer);
    return code;
}

enum exit_code run_device_revoke_key(struct session *session, const struct arguments *arguments)
{
    json_t *answer;
    enum exit_code code = show_send_named(session, "DELETE", "/v1/devices/", arguments->positionals[0],
                                          key_path(arguments), NULL, &answer);
    if (answer != NULL)
        fprintf(session->out, "%s key of %s revoked\n", json_string_value(json_object_get(answer, "kind")),
                arguments->positionals[0]);
    json_decref(answer);
    return code;
}
