/* Policies: what is read is written, and read again as the same. */
#include "policy_json.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = fuzz_text(bytes, size);
    struct policy policy, again;
    struct error error = {0};
    if (policy_json_parse(text, size, &policy, &error) != STATUS_OK) {
        HOLDS(error.message[0] != '\0');
        free(text);
        return 0;
    }
    HOLDS(strlen(text) == size);
    HOLDS(policy_validate(&policy, &error) == STATUS_OK);
    HOLDS(policy.wave_count >= 1 && policy.wave_count <= POLICY_WAVES_MAX);
    char *written = policy_json_format(&policy);
    if (policy_json_parse(written, strlen(written), &again, &error) != STATUS_OK) {
        fprintf(stderr, "%s: %s\n%s\n", error.field, error.message, written);
        fuzz_broken("what was written is read", __FILE__, __LINE__);
    }
    char *rewritten = policy_json_format(&again);
    HOLDS(strcmp(written, rewritten) == 0);
    free(rewritten);
    free(written);
    free(text);
    return 0;
}
