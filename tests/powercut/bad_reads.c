/* Bad reads: at every read of a device's life, so many in a row are refused, or have one bit wrong. The
 * device always boots a whole image, confirms nothing that does not work, keeps its record, and what it
 * reports is what the flash says at the end. Prints how many were tried. bad_reads [STEP]   at every STEP-th
 * read only (1) */
#include <stdio.h>
#include <stdlib.h>

#include "boot_record.h"
#include "world.h"

/* What is promised: reads that are refused do no harm, however many there are. Reads that are wrong do none
 * as long as there are fewer in a row than what is read before something is taken for broken; from BOOT_READS
 * on a record may be taken for one that is not there. */
static const struct {
    bool flips;
    uint64_t count;
} faults[] = {{false, 1},  {false, 2},    {false, 3}, {false, 8},
              {false, 32}, {false, 1000}, {true, 1},  {true, BOOT_READS - 1}};

static void fail(const struct life *life, const struct nor *nor, const char *what)
{
    fprintf(stderr, "bad_reads: %s, %llu reads from read %llu on are %s: %s\n", life->name,
            (unsigned long long)nor->bad_reads, (unsigned long long)nor->bad_read_at,
            nor->bad_reads_flip ? "wrong in one bit" : "refused", what);
    exit(1);
}

int main(int argc, char **argv)
{
    uint64_t step = argc > 1 ? strtoull(argv[1], NULL, 10) : 1, tried = 0, ends[16] = {0};
    struct world *start = malloc(sizeof *start), *world = malloc(sizeof *world);
    if (step < 1) {
        fprintf(stderr, "usage: bad_reads [STEP]; allowed is 1 or more\n");
        return 2;
    }
    if (start == NULL || world == NULL)
        abort();
    for (int i = 0; i < life_count; i++) {
        world_make(start, &lives[i], &world_codes[0], 1);
        *world = *start;
        (void)world_run(world);
        uint64_t reads = world->nor.reads;
        for (size_t kind = 0; kind < sizeof faults / sizeof faults[0]; kind++) {
            for (uint64_t read = 1; read <= reads; read += step, tried++) {
                *world = *start;
                world->nor.bad_read_at = read;
                world->nor.bad_reads = faults[kind].count;
                world->nor.bad_reads_flip = faults[kind].flips;
                world->nor.random = (uint32_t)(read * 7919);
                (void)world_run(world);
                const char *what = world_check_flash(world);
                if (what != NULL)
                    fail(&lives[i], &world->nor, what);
                for (int task = 0; task < lives[i].task_count; task++)
                    ends[world->results[task]]++;
            }
        }
    }
    free(start);
    free(world);
    if (ends[REPORT_CONFIRMED] == 0 || ends[REPORT_FAILED] == 0 || ends[REPORT_REVERTED] == 0) {
        fprintf(stderr, "bad_reads: no bad read was ever seen\n");
        return 1;
    }
    printf(
        "%llu runs of bad reads: every device boots a whole image, keeps its record and runs what it says; of the attempts "
        "%llu were confirmed, %llu failed, %llu rejected, %llu reverted\n",
        (unsigned long long)tried, (unsigned long long)ends[REPORT_CONFIRMED],
        (unsigned long long)ends[REPORT_FAILED], (unsigned long long)ends[REPORT_REJECTED],
        (unsigned long long)ends[REPORT_REVERTED]);
    return 0;
}
