/* The path that stock firmware downloads from (the seed's section 3.2.3 and Espressif's IoT_Demo), by the key
 * of the device instead of a signed URL; and what it asks for the version that it should run. */
#include <microhttpd.h>
#include <string.h>

#include "handlers.h"
#include "image_server.h"
#include "names.h"
#include "request.h"
#include "store_sql.h"
#include "version.h"

static enum status authenticate(struct http_request *request, struct device_key *key, struct error *error)
{
    enum status status = http_request_device_key(request, key, error);
    if (status == STATUS_OK && key->kind != DEVICE_KEY_MASTER)
        status = error_set(error, STATUS_DENIED, "Authorization",
                           "this is for the device itself: it needs its master key");
    return status;
}

/* --- the version to run ----------------------------------------------------------------------------- */

/* AT firmware looks for `recommended_rom_version": "`, with that one space: as PostgreSQL writes jsonb. */
static enum status answer_recommended(struct http_request *request, const struct device_key *key,
                                      struct error *error)
{
    struct store_parameters parameters = {0};
    store_put_text(&parameters, key->device);
    return http_answer_query(request, &SQL_ROM_RECOMMENDED, &parameters, NULL, error);
}

/* --- the image -------------------------------------------------------------------------------------- */

/* What is asked for. */
struct rom {
    char version[VERSION_TEXT_SIZE];
    int slot;
};

static enum status read_rom(const struct http_request *request, struct rom *rom, struct error *error)
{
    static const char *const names[] = {"user1.bin", "user2.bin"};
    const char *action = http_request_query(request, "action");
    const char *version = http_request_query(request, "version");
    const char *filename = http_request_query(request, "filename");
    struct version parsed;
    struct error why;
    int slot;
    if (action == NULL || strcmp(action, "download_rom") != 0)
        return error_set(error, STATUS_INVALID, "action", "allowed is download_rom");
    if (filename == NULL || !name_find(names, NAME_COUNT(names), filename, &slot))
        return error_set(error, STATUS_INVALID, "filename", "allowed are user1.bin and user2.bin");
    if (version == NULL)
        return error_set(error, STATUS_INVALID, "version", "is missing; it is required here");
    if (version_parse(version, &parsed, &why) != STATUS_OK)
        return error_set(error, STATUS_INVALID, "version", "%s", why.message);
    version_format(&parsed, rom->version);
    rom->slot = slot + 1;
    return STATUS_OK;
}

/* Whether the device may have the release: row of rom_find.sql. */
static enum status check_right(const struct store_rows *rows, const struct rom *rom, struct error *error)
{
    if (store_rows_count(rows) == 0)
        return error_set(error, STATUS_NOT_FOUND, "version", "no such firmware");
    if (!store_rows_boolean(rows, 0, 0))
        return error_set(error, STATUS_DENIED, "version", "%s is for another product type than this device",
                         rom->version);
    if (!store_rows_boolean(rows, 0, 1))
        return error_set(error, STATUS_DENIED, "version",
                         "%s is not for upgrades online: those have class o or a", rom->version);
    if (!store_rows_boolean(rows, 0, 2) && !store_rows_boolean(rows, 0, 3))
        return error_set(
            error, STATUS_DENIED, "version",
            "%s is not offered to this device now, and is not the current release that its product takes",
            rom->version);
    return STATUS_OK;
}

static enum status find_image(struct http_request *request, const struct device_key *key,
                              const struct rom *rom, const char **sha256, struct error *error)
{
    struct store_parameters parameters = {0};
    struct store_rows *rows;
    store_put_text(&parameters, key->device);
    store_put_text(&parameters, rom->version);
    store_put_integer(&parameters, rom->slot);
    if (store_run(http_request_store(request), &SQL_ROM_FIND, &parameters, &rows, error) != STATUS_OK)
        return error->status;
    enum status status = check_right(rows, rom, error);
    if (status == STATUS_OK)
        *sha256 = arena_copy(&request->arena, store_rows_text(rows, 0, 4));
    store_rows_free(rows);
    return status;
}

/* Bytes of the answer's head as libmicrohttpd writes it: the status line, its Date and Content-Length, our
 * headers, and an empty line. */
static size_t head_length(const struct http_answer *answer, const char *content_length)
{
    static const char date[] = "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n";
    size_t length = strlen("HTTP/1.1 200 \r\n\r\n") +
                    strlen(MHD_get_reason_phrase_for((unsigned)answer->code)) + strlen(date) +
                    strlen("Content-Length: \r\n") + strlen(content_length);
    for (int i = 0; i < answer->header_count; i++)
        length += strlen(answer->headers[i].name) + strlen(answer->headers[i].value) + strlen(": \r\n");
    return length;
}

/* Stock firmware takes the image's CRC from the last TCP segment, which must not be 1 to 3 bytes long. The
 * usual segment sizes (1460, 1448, 1440, 1400, 536) are multiples of 4, and so are images made by the SDK's
 * tools: sent after its head, such an image never ends in a short segment. In one stream with its head it
 * does not either, since the head is made as long as to fill the whole to a multiple of 4. The connection is
 * closed, so that the head has no more than what is counted. */
static void align_answer(struct http_request *request)
{
    static const char filler[] = "4444";
    const struct http_answer *answer = &request->answer;
    const char *length = arena_format(&request->arena, "%llu", (unsigned long long)answer->length);
    http_answer_header(request, "Connection", "close");
    size_t total = head_length(answer, length) + strlen("X-Align: \r\n") + answer->length;
    http_answer_header(request, "X-Align", filler + total % 4);
}

enum status handle_rom(struct http_request *request, struct error *error)
{
    struct device_key key;
    struct rom rom;
    const char *sha256 = NULL;
    const char *simple = http_request_query(request, "is_format_simple");
    enum status status = authenticate(request, &key, error);
    if (status != STATUS_OK)
        return status;
    if (simple != NULL && strcmp(simple, "true") == 0)
        return answer_recommended(request, &key, error);
    if (simple != NULL)
        return error_set(error, STATUS_INVALID, "is_format_simple", "allowed is true");
    status = read_rom(request, &rom, error);
    if (status == STATUS_OK)
        status = find_image(request, &key, &rom, &sha256, error);
    if (status == STATUS_OK)
        status = http_answer_image(request, sha256, error);
    if (status == STATUS_OK && request->answer.fd >= 0)
        align_answer(request);
    return status;
}
