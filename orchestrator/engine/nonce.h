/* The secret of an attempt, which only its offer has told the device: 64 bits that the orchestrator makes
 * again from the attempt's identity whenever a device names one. So a result proves which offer it answers,
 * however many attempts have been made since, and after a backup of the database was restored. */
#ifndef ENGINE_NONCE_H
#define ENGINE_NONCE_H

#include <stdbool.h>
#include <stdint.h>

#include "image_url.h"
#include "report.h"

/* `wire_number` is that of the campaign on the wire. */
void nonce_make(const unsigned char secret[IMAGE_SECRET_SIZE], int64_t wire_number, const char *device,
                int attempt, char nonce[NONCE_SIZE]);

/* Whether it is the nonce of that attempt. */
bool nonce_is(const unsigned char secret[IMAGE_SECRET_SIZE], int64_t wire_number, const char *device,
              int attempt, const char *nonce);

#endif
