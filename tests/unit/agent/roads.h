/* The roads to an image: every command that can lead a device to one, by what the boot record knows of it,
 * what the slot that does not run holds, and whether the device has keys. The table stands in
 * docs/signing.md, word for word; the agent is held to it here and on the emulated core
 * (tests/lx106/roads.c). */
#ifndef ROADS_H
#define ROADS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum road_command {
    ROAD_UPDATE,
    ROAD_PUSH, /* an update over the LAN */
    ROAD_ROLLBACK,
    ROAD_BOOT, /* none: the image that runs is not whole any more, and the device boots */
};

enum road_images {
    ROAD_NO_IMAGES, /* the command says only a SHA-256 */
    ROAD_UNSIGNED,
    ROAD_BY_ANOTHER_KEY,
    ROAD_SIGNED,
    ROAD_SIGNED_FOR_ANOTHER, /* a good signature, of another image than the rollback asks for */
};

enum road_known { ROAD_KNOWS_NOTHING, ROAD_KNOWS_IT, ROAD_KNOWS_ANOTHER };

enum road_slot {
    ROAD_EMPTY,
    ROAD_HOLDS_IT,
    ROAD_HOLDS_ANOTHER,
    ROAD_SEALED, /* all its bytes, under the seal of a download */
};

#define ROAD_RUNS "runs it"
#define ROAD_DOWNLOADS "downloads it, runs it"
#define ROAD_NOTHING "boots nothing"

struct road {
    enum road_command command;
    enum road_images images;
    uint32_t sequence; /* of the manifest, where there is one */
    bool sends_other;  /* the server has other bytes, which are an image of that length */
    enum road_known known;
    uint32_t known_sequence;
    enum road_slot slot;
    bool keys;
    uint32_t floor;
    const char *ends; /* one of the three above, or the reason of a rejection or a failure */
};

/* clang-format off */
static const struct road roads[] = {
    {ROAD_UPDATE, ROAD_UNSIGNED, 0, false, ROAD_KNOWS_NOTHING, 0, ROAD_EMPTY, true, 0, "bad_signature"},
    {ROAD_UPDATE, ROAD_UNSIGNED, 0, false, ROAD_KNOWS_NOTHING, 0, ROAD_HOLDS_IT, true, 0, "bad_signature"},
    {ROAD_UPDATE, ROAD_UNSIGNED, 0, false, ROAD_KNOWS_IT, 7, ROAD_HOLDS_IT, true, 7, "bad_signature"},
    {ROAD_UPDATE, ROAD_BY_ANOTHER_KEY, 7, false, ROAD_KNOWS_NOTHING, 0, ROAD_EMPTY, true, 0, "bad_signature"},
    {ROAD_UPDATE, ROAD_SIGNED, 6, false, ROAD_KNOWS_NOTHING, 0, ROAD_EMPTY, true, 7, "below_floor"},
    {ROAD_UPDATE, ROAD_SIGNED, 6, false, ROAD_KNOWS_IT, 7, ROAD_HOLDS_IT, true, 7, "below_floor"},
    {ROAD_UPDATE, ROAD_SIGNED, 7, false, ROAD_KNOWS_NOTHING, 0, ROAD_EMPTY, true, 7, ROAD_DOWNLOADS},
    {ROAD_UPDATE, ROAD_SIGNED, 7, false, ROAD_KNOWS_NOTHING, 0, ROAD_HOLDS_IT, true, 7, ROAD_RUNS},
    {ROAD_UPDATE, ROAD_SIGNED, 7, false, ROAD_KNOWS_NOTHING, 0, ROAD_SEALED, true, 7, ROAD_DOWNLOADS},
    {ROAD_UPDATE, ROAD_SIGNED, 7, false, ROAD_KNOWS_ANOTHER, 7, ROAD_HOLDS_ANOTHER, true, 7, ROAD_DOWNLOADS},
    {ROAD_UPDATE, ROAD_SIGNED, 7, true, ROAD_KNOWS_NOTHING, 0, ROAD_EMPTY, true, 0, "hash_mismatch"},
    {ROAD_UPDATE, ROAD_SIGNED, 7, true, ROAD_KNOWS_ANOTHER, 7, ROAD_HOLDS_ANOTHER, true, 7, "hash_mismatch"},
    {ROAD_PUSH, ROAD_UNSIGNED, 0, false, ROAD_KNOWS_NOTHING, 0, ROAD_EMPTY, true, 0, "bad_signature"},
    {ROAD_PUSH, ROAD_UNSIGNED, 0, false, ROAD_KNOWS_IT, 7, ROAD_HOLDS_IT, true, 7, "bad_signature"},
    {ROAD_PUSH, ROAD_SIGNED, 6, false, ROAD_KNOWS_NOTHING, 0, ROAD_EMPTY, true, 7, "below_floor"},
    {ROAD_PUSH, ROAD_SIGNED, 7, false, ROAD_KNOWS_NOTHING, 0, ROAD_EMPTY, true, 7, ROAD_DOWNLOADS},
    {ROAD_PUSH, ROAD_SIGNED, 7, true, ROAD_KNOWS_NOTHING, 0, ROAD_EMPTY, true, 0, "hash_mismatch"},
    {ROAD_ROLLBACK, ROAD_NO_IMAGES, 0, false, ROAD_KNOWS_NOTHING, 0, ROAD_EMPTY, true, 0, "no_previous_image"},
    {ROAD_ROLLBACK, ROAD_NO_IMAGES, 0, false, ROAD_KNOWS_NOTHING, 0, ROAD_HOLDS_IT, true, 0, "bad_signature"},
    {ROAD_ROLLBACK, ROAD_NO_IMAGES, 0, false, ROAD_KNOWS_NOTHING, 0, ROAD_HOLDS_IT, true, 7, "bad_signature"},
    {ROAD_ROLLBACK, ROAD_NO_IMAGES, 0, false, ROAD_KNOWS_NOTHING, 0, ROAD_SEALED, true, 0, "no_previous_image"},
    {ROAD_ROLLBACK, ROAD_NO_IMAGES, 0, false, ROAD_KNOWS_ANOTHER, 7, ROAD_HOLDS_IT, true, 7, "bad_signature"},
    {ROAD_ROLLBACK, ROAD_NO_IMAGES, 0, false, ROAD_KNOWS_IT, 0, ROAD_HOLDS_IT, true, 0, ROAD_RUNS},
    {ROAD_ROLLBACK, ROAD_NO_IMAGES, 0, false, ROAD_KNOWS_IT, 7, ROAD_HOLDS_IT, true, 7, ROAD_RUNS},
    {ROAD_ROLLBACK, ROAD_NO_IMAGES, 0, false, ROAD_KNOWS_IT, 6, ROAD_HOLDS_IT, true, 7, "below_floor"},
    {ROAD_ROLLBACK, ROAD_NO_IMAGES, 0, false, ROAD_KNOWS_IT, 7, ROAD_EMPTY, true, 7, "no_previous_image"},
    {ROAD_ROLLBACK, ROAD_NO_IMAGES, 0, false, ROAD_KNOWS_IT, 7, ROAD_HOLDS_ANOTHER, true, 7, "no_previous_image"},
    {ROAD_ROLLBACK, ROAD_NO_IMAGES, 0, false, ROAD_KNOWS_IT, 7, ROAD_SEALED, true, 7, "no_previous_image"},
    {ROAD_ROLLBACK, ROAD_UNSIGNED, 0, false, ROAD_KNOWS_NOTHING, 0, ROAD_EMPTY, true, 0, "bad_signature"},
    {ROAD_ROLLBACK, ROAD_UNSIGNED, 0, false, ROAD_KNOWS_NOTHING, 0, ROAD_HOLDS_IT, true, 0, "bad_signature"},
    {ROAD_ROLLBACK, ROAD_UNSIGNED, 0, false, ROAD_KNOWS_IT, 7, ROAD_HOLDS_IT, true, 7, ROAD_RUNS},
    {ROAD_ROLLBACK, ROAD_UNSIGNED, 0, false, ROAD_KNOWS_IT, 6, ROAD_HOLDS_IT, true, 7, "below_floor"},
    {ROAD_ROLLBACK, ROAD_UNSIGNED, 0, false, ROAD_KNOWS_IT, 7, ROAD_SEALED, true, 7, "bad_signature"},
    {ROAD_ROLLBACK, ROAD_BY_ANOTHER_KEY, 7, false, ROAD_KNOWS_NOTHING, 0, ROAD_HOLDS_IT, true, 0, "bad_signature"},
    {ROAD_ROLLBACK, ROAD_SIGNED_FOR_ANOTHER, 7, false, ROAD_KNOWS_NOTHING, 0, ROAD_HOLDS_IT, true, 0, "bad_signature"},
    {ROAD_ROLLBACK, ROAD_SIGNED_FOR_ANOTHER, 7, false, ROAD_KNOWS_IT, 6, ROAD_HOLDS_IT, true, 7, "below_floor"},
    {ROAD_ROLLBACK, ROAD_SIGNED, 6, false, ROAD_KNOWS_NOTHING, 0, ROAD_EMPTY, true, 7, "below_floor"},
    {ROAD_ROLLBACK, ROAD_SIGNED, 6, false, ROAD_KNOWS_NOTHING, 0, ROAD_HOLDS_IT, true, 7, "below_floor"},
    {ROAD_ROLLBACK, ROAD_SIGNED, 6, false, ROAD_KNOWS_IT, 6, ROAD_HOLDS_IT, true, 7, "below_floor"},
    {ROAD_ROLLBACK, ROAD_SIGNED, 7, false, ROAD_KNOWS_IT, 6, ROAD_HOLDS_IT, true, 7, ROAD_RUNS},
    {ROAD_ROLLBACK, ROAD_SIGNED, 7, false, ROAD_KNOWS_NOTHING, 0, ROAD_HOLDS_IT, true, 7, ROAD_RUNS},
    {ROAD_ROLLBACK, ROAD_SIGNED, 7, false, ROAD_KNOWS_NOTHING, 0, ROAD_EMPTY, true, 7, ROAD_DOWNLOADS},
    {ROAD_ROLLBACK, ROAD_SIGNED, 7, false, ROAD_KNOWS_IT, 7, ROAD_SEALED, true, 7, ROAD_DOWNLOADS},
    {ROAD_ROLLBACK, ROAD_SIGNED, 7, true, ROAD_KNOWS_NOTHING, 0, ROAD_EMPTY, true, 7, "hash_mismatch"},
    {ROAD_BOOT, ROAD_NO_IMAGES, 0, false, ROAD_KNOWS_NOTHING, 0, ROAD_EMPTY, true, 0, ROAD_NOTHING},
    {ROAD_BOOT, ROAD_NO_IMAGES, 0, false, ROAD_KNOWS_NOTHING, 0, ROAD_SEALED, true, 0, ROAD_NOTHING},
    {ROAD_BOOT, ROAD_NO_IMAGES, 0, false, ROAD_KNOWS_IT, 7, ROAD_SEALED, true, 7, ROAD_NOTHING},
    {ROAD_BOOT, ROAD_NO_IMAGES, 0, false, ROAD_KNOWS_IT, 7, ROAD_HOLDS_ANOTHER, true, 7, ROAD_NOTHING},
    {ROAD_BOOT, ROAD_NO_IMAGES, 0, false, ROAD_KNOWS_IT, 6, ROAD_HOLDS_IT, true, 7, ROAD_RUNS},
    {ROAD_BOOT, ROAD_NO_IMAGES, 0, false, ROAD_KNOWS_NOTHING, 0, ROAD_HOLDS_IT, true, 7, ROAD_RUNS},
    {ROAD_UPDATE, ROAD_UNSIGNED, 0, false, ROAD_KNOWS_NOTHING, 0, ROAD_EMPTY, false, 7, ROAD_DOWNLOADS},
    {ROAD_UPDATE, ROAD_UNSIGNED, 0, false, ROAD_KNOWS_NOTHING, 0, ROAD_HOLDS_IT, false, 7, ROAD_RUNS},
    {ROAD_UPDATE, ROAD_UNSIGNED, 0, true, ROAD_KNOWS_NOTHING, 0, ROAD_EMPTY, false, 0, "hash_mismatch"},
    {ROAD_ROLLBACK, ROAD_NO_IMAGES, 0, false, ROAD_KNOWS_NOTHING, 0, ROAD_HOLDS_IT, false, 7, ROAD_RUNS},
    {ROAD_ROLLBACK, ROAD_NO_IMAGES, 0, false, ROAD_KNOWS_IT, 6, ROAD_HOLDS_IT, false, 7, ROAD_RUNS},
    {ROAD_ROLLBACK, ROAD_NO_IMAGES, 0, false, ROAD_KNOWS_NOTHING, 0, ROAD_SEALED, false, 0, "no_previous_image"},
    {ROAD_ROLLBACK, ROAD_UNSIGNED, 0, false, ROAD_KNOWS_NOTHING, 0, ROAD_EMPTY, false, 7, ROAD_DOWNLOADS},
};
/* clang-format on */
#define ROADS (sizeof roads / sizeof roads[0])

#define ROAD_LINE_SIZE 200

/* The row of docs/signing.md. */
static inline void road_line(const struct road *road, char line[ROAD_LINE_SIZE])
{
    static const char *const commands[] = {"`update`", "push", "`rollback`",
                                           "none; the good image is broken"};
    static const char *const images[] = {"", ", unsigned", ", signed by another key, ", ", signed, ",
                                         ", signed for another image, "};
    static const char *const known[] = {"nothing", "it, ", "another, "};
    static const char *const slots[] = {"nothing", "it", "another image", "it, sealed"};
    char sequence[12] = "", known_sequence[12] = "";

    if (road->images >= ROAD_BY_ANOTHER_KEY)
        (void)snprintf(sequence, sizeof sequence, "%u", road->sequence);
    if (road->known != ROAD_KNOWS_NOTHING)
        (void)snprintf(known_sequence, sizeof known_sequence, "%u", road->known_sequence);
    (void)snprintf(line, ROAD_LINE_SIZE, "| %s%s%s%s | %s%s | %s | %s | %u | %s |", commands[road->command],
                   images[road->images], sequence, road->sends_other ? "; other bytes are sent" : "",
                   known[road->known], known_sequence, slots[road->slot], road->keys ? "yes" : "none",
                   road->floor, road->ends);
}

#endif
