#include "signature_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct arena arena;
static struct error error;

static enum status parse(const char *text, struct signature_document *document)
{
    return signature_json_parse(text, strlen(text), "signature", &arena, document, &error);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    struct signature_document document = {"fota-manifest-1\nptype 1\n", ID, ID ID}, again;
    char *text = signature_json_format(&document);
    assert_non_null(strstr(text, "\"ptype 1\""));
    assert_int_equal(parse(text, &again), STATUS_OK);
    assert_string_equal(again.manifest, document.manifest);
    assert_string_equal(again.key_id, document.key_id);
    assert_string_equal(again.signature, document.signature);
    free(text);
}

static void anything_else_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *field;
    } cases[] = {
        {"", "signature"},
        {"[]", "signature"},
        {"-----BEGIN PRIVATE KEY-----", "signature"},
        {"{\"manifest\":[],\"key_id\":\"" ID "\"}", "signature.signature"},
        {"{\"manifest\":\"x\",\"key_id\":\"" ID "\",\"signature\":\"" ID ID "\"}", "signature.manifest"},
        {"{\"manifest\":[1],\"key_id\":\"" ID "\",\"signature\":\"" ID ID "\"}", "signature.manifest[0]"},
        {"{\"manifest\":[\"a\",\"a\\nb\"],\"key_id\":\"" ID "\",\"signature\":\"" ID ID "\"}",
         "signature.manifest[1]"},
        {"{\"manifest\":[],\"key_id\":\"AB\",\"signature\":\"" ID ID "\"}", "signature.key_id"},
        {"{\"manifest\":[],\"key_id\":\"" ID "\",\"signature\":\"" ID "\"}", "signature.signature"},
        {"{\"manifest\":[],\"key_id\":\"" ID "\",\"signature\":\"" ID ID "\",\"private_key\":\"\"}",
         "signature.private_key"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct signature_document document;
        assert_int_equal(parse(cases[i].text, &document), STATUS_INVALID);
        assert_string_equal(error.field, cases[i].field);
    }
}

static int release(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(anything_else_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, release);
}
