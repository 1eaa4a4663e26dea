/* Commands for a device on the emulated core that has the key of this build (release.pem): releases with a
 * manifest and its signature, and images that nobody signed. */
#ifndef LX106_SIGNED_H
#define LX106_SIGNED_H

#include <stdbool.h>
#include <stdint.h>

#include "world.h"

#define SIGNED_MANIFEST_SIZE 256u
#define SIGNED_COMMAND_SIZE 1536u

/* Reads the key from the build's directory. Ends the program with a message when it cannot. */
void signed_open(const char *directory);

/* Writes the member `manifest` of a command, with a comma before it, for the images of both slots. By another
 * key: by one that no device knows. */
void signed_manifest(char text[SIGNED_MANIFEST_SIZE], const char *version, uint32_t sequence,
                     const struct world_image images[2], bool by_another_key);

/* Writes an update of campaign 5, or with the SHA-256 of an image a rollback to it. Without images (NULL) the
 * command has none; `manifest` is empty or from signed_manifest. */
void signed_command(char text[SIGNED_COMMAND_SIZE], int attempt, const char *version,
                    const struct world_image *images, const char *sha256, const char *manifest);

/* Makes an image as long as `from`, another and whole: one byte of its mapped part, from 0 to 15, differs. */
void signed_alter(struct world_image *image, const struct world_image *from, uint32_t place);

#endif
