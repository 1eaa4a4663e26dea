/* Bad flash: at every erase and program of a device's life, in every way in which flash goes bad, once and
 * for all reads that follow. The device always boots a whole image, runs what it says, and claims no success
 * that is none. Prints how many faults were tried, and what became of the updates. */
#include <stdio.h>
#include <stdlib.h>

#include "world.h"

static const char *const fault_names[FAULT_KINDS] = {
    [FAULT_ERASE_DOES_NOTHING] = "an erase that does nothing",
    [FAULT_PROGRAM_DROPS_BITS] = "a program that drops bits",
    [FAULT_PROGRAM_REFUSED] = "a program that is refused",
    [FAULT_ERASE_REFUSED] = "an erase that is refused",
    [FAULT_READ_REFUSED] = "a sector that cannot be read",
    [FAULT_READ_FLIPS_BIT] = "a sector that reads wrong",
    [FAULT_ROT] = "a bit that changes by itself in the other slot",
};

static void fail(const struct life *life, const struct nor *nor, const char *what)
{
    fprintf(stderr, "bad_flash: %s, %s at operation %llu%s: %s\n", life->name, fault_names[nor->fault],
            (unsigned long long)nor->fault_at, nor->fault_stays ? " and ever after in that sector" : "",
            what);
    exit(1);
}

static void try_fault(const struct life *life, enum nor_fault fault, uint64_t operation, bool stays,
                      const struct world *start, uint64_t ends[])
{
    struct world *world = malloc(sizeof *world);
    if (world == NULL)
        abort();
    *world = *start;
    world->nor.fault = fault;
    world->nor.fault_at = operation;
    world->nor.fault_stays = stays;
    world->nor.random = (uint32_t)operation;
    (void)world_run(world);
    const char *what = world_check_honest(world, fault == FAULT_ROT);
    if (what != NULL)
        fail(life, &world->nor, what);
    for (int i = 0; i < life->task_count; i++)
        ends[world->results[i]]++;
    free(world);
}

int main(void)
{
    uint64_t faults = 0, ends[16] = {0};
    struct world *start = malloc(sizeof *start), *whole = malloc(sizeof *whole);
    if (start == NULL || whole == NULL)
        abort();
    for (int i = 0; i < life_count; i++) {
        world_make(start, &lives[i], &world_codes[0], 1);
        *whole = *start;
        (void)world_run(whole);
        for (int fault = FAULT_NONE + 1; fault < FAULT_KINDS; fault++) {
            for (uint64_t operation = 1; operation <= whole->nor.operations; operation++, faults += 2) {
                try_fault(&lives[i], (enum nor_fault)fault, operation, false, start, ends);
                try_fault(&lives[i], (enum nor_fault)fault, operation, true, start, ends);
            }
        }
    }
    free(start);
    free(whole);
    if (ends[REPORT_CONFIRMED] == 0 || ends[REPORT_FAILED] == 0 || ends[REPORT_REVERTED] == 0) {
        fprintf(stderr, "bad_flash: no fault was ever seen\n");
        return 1;
    }
    printf(
        "%llu faults of flash: every device boots a whole image and runs what it says; of the attempts %llu were "
        "confirmed, %llu failed, %llu reverted\n",
        (unsigned long long)faults, (unsigned long long)ends[REPORT_CONFIRMED],
        (unsigned long long)ends[REPORT_FAILED], (unsigned long long)ends[REPORT_REVERTED]);
    return 0;
}
