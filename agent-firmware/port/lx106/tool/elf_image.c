/* Turns a linked program for the chip into what stands in flash: boot.bin (E9 header, segments, checksum), or
 * an image for a slot (the part that runs from flash with its EA header before it, where there is one, and a
 * CRC trailer behind). docs/protocol.md, "Image check". */
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crc32.h"

#define FILE_MAX (4u << 20)
#define IMAGE_MAX 0xE0000u
#define SEGMENTS_MAX 16u
#define MAPPED_START 0x40200000u
#define MAPPED_END 0x40300000u
#define CHECKSUM_SEED 0xEF
#define SIZE_1024_KB                                                                                         \
    0x20u /* flash mode and size of the headers: 512+512 on 1 MB; programmers change it in boot.bin */

static const char usage[] = "Usage: elf_image boot|1|2 PROGRAM.elf OUTPUT.bin\n"
                            "Writes boot.bin, or the image of a program linked for slot 1 or 2.\n";

struct image {
    uint8_t bytes[IMAGE_MAX];
    uint32_t length;
};

struct parts {
    const Elf32_Phdr *mapped; /* runs from flash; NULL: none */
    const Elf32_Phdr *loaded[SEGMENTS_MAX];
    uint32_t count;
};

static uint8_t program[FILE_MAX];
static uint32_t program_length;

__attribute__((noreturn)) static void fail(const char *what, const char *why)
{
    fprintf(stderr, "elf_image: %s: %s\n", what, why);
    exit(1);
}

static void read_program(const char *path)
{
    FILE *file = fopen(path, "rb");

    if (file == NULL)
        fail(path, strerror(errno));
    program_length = (uint32_t)fread(program, 1, sizeof program, file);
    (void)fclose(file);
    if (program_length < sizeof(Elf32_Ehdr) || program_length == sizeof program ||
        memcmp(program, ELFMAG, SELFMAG) != 0 || program[EI_CLASS] != ELFCLASS32 ||
        program[EI_DATA] != ELFDATA2LSB)
        fail(path, "is not a little-endian 32-bit ELF file of less than 4 MB");
}

static void find_parts(const char *path, struct parts *parts)
{
    const Elf32_Ehdr *header = (const Elf32_Ehdr *)(const void *)program;
    const Elf32_Phdr *part = (const Elf32_Phdr *)(const void *)(program + header->e_phoff);

    if (header->e_phoff > program_length ||
        header->e_phnum > (program_length - header->e_phoff) / sizeof *part)
        fail(path, "has program headers past its end");
    memset(parts, 0, sizeof *parts);
    for (uint32_t i = 0; i < header->e_phnum; i++, part++) {
        if (part->p_type != PT_LOAD || part->p_filesz == 0)
            continue;
        if (part->p_offset > program_length || part->p_filesz > program_length - part->p_offset)
            fail(path, "has a part past its end");
        if (part->p_paddr >= MAPPED_START && part->p_paddr < MAPPED_END) {
            if (parts->mapped != NULL)
                fail(path, "has two parts that run from flash");
            parts->mapped = part;
        } else if (parts->count == SEGMENTS_MAX) {
            fail(path, "has more than 16 segments");
        } else {
            parts->loaded[parts->count++] = part;
        }
    }
    if (parts->count == 0)
        fail(path, "has no segment to load");
}

static void put(struct image *image, const void *bytes, uint32_t length)
{
    if (length > IMAGE_MAX - image->length)
        fail("the image", "is larger than any slot");
    memcpy(image->bytes + image->length, bytes, length);
    image->length += length;
}

static void put_word(struct image *image, uint32_t word)
{
    const uint8_t bytes[4] = {(uint8_t)word, (uint8_t)(word >> 8), (uint8_t)(word >> 16),
                              (uint8_t)(word >> 24)};
    put(image, bytes, sizeof bytes);
}

static void pad(struct image *image, uint32_t from, uint32_t multiple, uint32_t remainder)
{
    while ((image->length - from) % multiple != remainder)
        put(image, "", 1);
}

static void put_mapped(struct image *image, const Elf32_Phdr *part, uint32_t entry, uint32_t slot)
{
    uint32_t length = (part->p_filesz + 15) & ~15u;

    put_word(image, 0x000004EAu | slot << 24);
    put_word(image, entry);
    put_word(image, 0);
    put_word(image, length);
    put(image, program + part->p_offset, part->p_filesz);
    pad(image, 0, 16, 0);
}

static void put_loaded(struct image *image, const struct parts *parts, uint32_t entry)
{
    uint32_t line_start = image->length;
    uint8_t checksum = CHECKSUM_SEED;

    put_word(image, 0xE9u | parts->count << 8 | SIZE_1024_KB << 24);
    put_word(image, entry);
    for (uint32_t i = 0; i < parts->count; i++) {
        const Elf32_Phdr *part = parts->loaded[i];
        put_word(image, part->p_paddr);
        put_word(image, (part->p_filesz + 3) & ~3u);
        put(image, program + part->p_offset, part->p_filesz);
        pad(image, 0, 4, 0);
        for (uint32_t at = 0; at < part->p_filesz; at++)
            checksum ^= program[part->p_offset + at];
    }
    pad(image, line_start, 16, 15);
    put(image, &checksum, 1);
}

static void write_image(const struct image *image, const char *path)
{
    FILE *file = fopen(path, "wb");

    if (file == NULL)
        fail(path, strerror(errno));
    bool written = fwrite(image->bytes, 1, image->length, file) == image->length;
    if (fclose(file) != 0 || !written)
        fail(path, strerror(errno));
}

int main(int count, char **arguments)
{
    static struct image image;
    struct parts parts;
    uint32_t slot;

    if (count != 4) {
        fputs(usage, stderr);
        return 2;
    }
    slot = strcmp(arguments[1], "1") == 0 ? 1 : strcmp(arguments[1], "2") == 0 ? 2 : 0;
    if (slot == 0 && strcmp(arguments[1], "boot") != 0) {
        fputs(usage, stderr);
        return 2;
    }
    read_program(arguments[2]);
    find_parts(arguments[2], &parts);
    uint32_t entry = ((const Elf32_Ehdr *)(const void *)program)->e_entry;
    if (parts.mapped != NULL && slot == 0)
        fail(arguments[2], "has a part that runs from flash; boot.bin has none");
    if (parts.mapped != NULL)
        put_mapped(&image, parts.mapped, entry, slot);
    put_loaded(&image, &parts, entry);
    if (slot != 0) {
        uint32_t crc = crc32_add(0, image.bytes, image.length);
        put_word(&image, (crc & 0x80000000u) != 0 ? ~crc : crc + 1);
    }
    write_image(&image, arguments[3]);
    return 0;
}
