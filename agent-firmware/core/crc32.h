/* zlib's CRC-32 (polynomial 0xEDB88320, reflected), with a table of 16 words: small enough for a boot loader.
 */
#ifndef CRC32_H
#define CRC32_H

#include <stdint.h>

/* The CRC-32 of what `crc` stands for followed by `bytes`. Start with 0. */
uint32_t crc32_add(uint32_t crc, const uint8_t *bytes, uint32_t length);

#endif
