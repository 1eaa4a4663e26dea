/* Range and ETag headers. Input: the image's size (one byte, its bits shifted), then the header; an entity
 * tag's list is read from the same text. */
#include "range.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 1)
        return 0;
    uint64_t whole = (uint64_t)(bytes[0] & 0x0F) << (bytes[0] >> 4) * 4;
    char *header = fuzz_text(bytes + 1, size - 1);
    struct range range = range_parse(header, whole);
    switch (range.kind) {
    case RANGE_WHOLE:
        HOLDS(range.first == 0 && range.length == whole);
        break;
    case RANGE_PART: {
        char canonical[64];
        HOLDS(range.length >= 1 && range.first < whole && range.length <= whole - range.first);
        snprintf(canonical, sizeof canonical, "bytes=%llu-%llu", (unsigned long long)range.first,
                 (unsigned long long)(range.first + range.length - 1));
        struct range again = range_parse(canonical, whole);
        HOLDS(again.kind == RANGE_PART && again.first == range.first && again.length == range.length);
        break;
    }
    case RANGE_UNSATISFIABLE:
        HOLDS(range_parse(header, UINT64_MAX).kind != RANGE_WHOLE);
        break;
    }
    bool weak = etag_matches(header, "\"a\"", true);
    if (etag_matches(header, "\"a\"", false))
        HOLDS(weak); /* what matches strongly matches weakly */
    if (weak)
        HOLDS(strstr(header, "\"a\"") != NULL || strchr(header, '*') != NULL);
    free(header);
    return 0;
}
