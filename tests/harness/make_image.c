/* Writes an ESP8266 FOTA image: correct headers, checksum and CRC trailer, contents from a seed.
 * For the demo, tests and benchmarks. Format: docs/protocol.md, "Image check". */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"

enum {
    FIRST_HEADER = 16,
    SEGMENTS = 3,
    SEGMENT_SIZE = 1024, /* text, data and rodata: small beside the irom part, as in real firmware */
    SECOND_PART = 3120,  /* headers and segments in whole lines of 16 bytes, checksum included */
    TRAILER = 4,
    SIZE_MIN = FIRST_HEADER + SECOND_PART + TRAILER,
    SIZE_DEFAULT = 409600
};

static const char usage[] =
    "Usage: make_image --slot 1|2 --output FILE [--size BYTES] [--seed N] [--version TEXT]\n"
    "Writes an ESP8266 FOTA image with correct headers, checksum and CRC trailer.\n"
    "  --slot 1|2      the slot it runs in: 1 for user1.bin, 2 for user2.bin\n"
    "  --output FILE   where to write it\n"
    "  --size BYTES    a multiple of 4 from 3140 to 917504 (default 409600)\n"
    "  --seed N        another number gives other contents (default 1)\n"
    "  --version TEXT  mixed into the contents, and found in them as text\n";

struct options {
    long slot, size;
    unsigned long long seed;
    const char *version, *output;
};

__attribute__((format(printf, 1, 2), noreturn)) static void refuse(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("make_image: ", stderr);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputs("\nTry --help.\n", stderr);
    exit(2);
}

static long read_number(const char *option, const char *text, long low, long high)
{
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || number < low || number > high)
        refuse("%s \"%s\": a number from %ld to %ld is allowed", option, text, low, high);
    return number;
}

static struct options read_options(int count, char **arguments)
{
    static const struct option known[] = {{"slot", required_argument, NULL, 's'},
                                          {"size", required_argument, NULL, 'b'},
                                          {"seed", required_argument, NULL, 'n'},
                                          {"version", required_argument, NULL, 'v'},
                                          {"output", required_argument, NULL, 'o'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    struct options options = {.size = SIZE_DEFAULT, .seed = 1, .version = ""};
    for (int option; (option = getopt_long(count, arguments, "", known, NULL)) != -1;) {
        switch (option) {
        case 's':
            options.slot = read_number("--slot", optarg, 1, 2);
            break;
        case 'b':
            options.size = read_number("--size", optarg, SIZE_MIN, IMAGE_SIZE_MAX);
            break;
        case 'n':
            options.seed = (unsigned long long)read_number("--seed", optarg, 0, INT32_MAX);
            break;
        case 'v':
            options.version = optarg;
            break;
        case 'o':
            options.output = optarg;
            break;
        case 'h':
            fputs(usage, stdout);
            exit(0);
        default:
            fputs(usage, stderr);
            exit(2);
        }
    }
    if (optind < count)
        refuse("unexpected argument \"%s\"", arguments[optind]);
    if (options.slot == 0 || options.output == NULL)
        refuse("--slot and --output must be given");
    if (options.size % 4 != 0)
        refuse("--size %ld: a multiple of 4 is allowed; the nearest are %ld and %ld", options.size,
               options.size / 4 * 4, options.size / 4 * 4 + 4);
    if (strlen(options.version) >= SEGMENT_SIZE)
        refuse("--version: at most %d characters are allowed", SEGMENT_SIZE - 1);
    return options;
}

struct image {
    unsigned char *bytes;
    size_t at;
    uint64_t random;
    unsigned char checksum;
};

static void put_u32(struct image *image, uint32_t value)
{
    for (int shift = 0; shift < 32; shift += 8)
        image->bytes[image->at++] = (unsigned char)(value >> shift);
}

/* splitmix64 (Steele, Lea, Flood, 2014) */
static uint64_t next_random(struct image *image)
{
    uint64_t mixed = image->random += 0x9E3779B97F4A7C15;
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB;
    return mixed ^ mixed >> 31;
}

static void put_contents(struct image *image, size_t size)
{
    for (size_t i = 0; i < size; i++)
        image->bytes[image->at++] = (unsigned char)next_random(image);
}

static void put_segment(struct image *image, uint32_t address, const char *text)
{
    put_u32(image, address);
    put_u32(image, SEGMENT_SIZE);
    size_t start = image->at;
    put_contents(image, SEGMENT_SIZE);
    memcpy(image->bytes + start, text, strlen(text));
    for (size_t at = start; at < image->at; at++)
        image->checksum ^= image->bytes[at];
}

static uint64_t mix_seed(const struct options *options)
{
    uint64_t seed = options->seed * 2 + (uint64_t)options->slot;
    for (const char *at = options->version; *at != '\0'; at++)
        seed = (seed ^ (unsigned char)*at) * 0x100000001B3;
    return seed;
}

static void build(struct image *image, const struct options *options)
{
    size_t irom = (size_t)options->size - FIRST_HEADER - SECOND_PART - TRAILER;
    put_u32(image, 0x000004EA | (uint32_t)options->slot << 24);
    put_u32(image, 0x40100004);
    put_u32(image, 0);
    put_u32(image, (uint32_t)irom);
    put_contents(image, irom);
    size_t start = image->at;
    put_u32(image, 0x200000E9 | SEGMENTS << 8); /* mode QIO, 1 MB map, 40 MHz */
    put_u32(image, 0x40100004);
    put_segment(image, 0x40100000, "");
    put_segment(image, 0x3FFE8000, options->version);
    put_segment(image, 0x3FFE8000 + SEGMENT_SIZE, "");
    image->at = start + SECOND_PART - 1; /* the padding is zero already */
    image->bytes[image->at++] = image->checksum;
    uint32_t crc = image_crc32(image->bytes, image->at);
    put_u32(image, (crc & 0x80000000) != 0 ? ~crc : crc + 1);
}

static bool write_file(const char *path, const unsigned char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL)
        return false;
    bool written = fwrite(bytes, 1, size, file) == size;
    return fclose(file) == 0 && written;
}

int main(int count, char **arguments)
{
    struct options options = read_options(count, arguments);
    static unsigned char bytes[IMAGE_SIZE_MAX];
    struct image image = {.bytes = bytes, .random = mix_seed(&options), .checksum = 0xEF};
    struct image_info info;
    struct error error = {0};
    build(&image, &options);
    if (image.at != (size_t)options.size ||
        image_check(bytes, image.at, (int)options.slot, &info, &error) != STATUS_OK) {
        fprintf(stderr, "make_image: the image made does not pass the check: %s\n", error.message);
        return 1;
    }
    if (!write_file(options.output, bytes, image.at)) {
        fprintf(stderr, "make_image: cannot write %s: %s\n", options.output, strerror(errno));
        return 1;
    }
    return 0;
}
