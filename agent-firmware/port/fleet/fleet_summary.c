#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fleet.h"

#define VERSIONS_MAX 64u

struct tally {
    struct {
        const char *version;
        uint32_t devices;
    } versions[VERSIONS_MAX];
    uint32_t version_count;
    uint32_t other_versions;
    uint32_t steady, trial, reverting, bricked, silenced, connected;
};

static void count_version(struct tally *tally, const char *version)
{
    uint32_t i = 0;

    while (i < tally->version_count && strcmp(tally->versions[i].version, version) != 0)
        i++;
    if (i == VERSIONS_MAX) {
        tally->other_versions++;
        return;
    }
    if (i == tally->version_count)
        tally->versions[tally->version_count++].version = version;
    tally->versions[i].devices++;
}

/* A device that is offline by fault has not booted its agent: it runs what it was made with. */
static const char *version_of(const struct fleet_device *device)
{
    return device->device.agent.running_slot != 0 ? device->device.agent.running.version
                                                  : device->device.version;
}

static void count_device(struct tally *tally, const struct fleet_device *device)
{
    const struct boot_record *record = &device->device.agent.journal.record;

    count_version(tally, version_of(device));
    tally->bricked += device->bricked;
    tally->silenced += device->silenced;
    tally->trial += record->state == BOOT_TRIAL;
    tally->reverting += record->state == BOOT_REVERTED;
    tally->steady += record->state != BOOT_TRIAL && record->state != BOOT_REVERTED;
    tally->connected += device->up;
}

static int by_version(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void print_json(const struct fleet *fleet, const struct tally *tally, FILE *to)
{
    const struct fleet_counts *counts = &fleet->counts;

    fprintf(to, "{\"devices\":%u,\"connected\":%u,\"versions\":{", fleet->options.devices, tally->connected);
    for (uint32_t i = 0; i < tally->version_count; i++)
        fprintf(to, "%s\"%s\":%u", i == 0 ? "" : ",", tally->versions[i].version, tally->versions[i].devices);
    fprintf(to,
            "},\"boot\":{\"confirmed\":%u,\"trial\":%u,\"reverting\":%u},\"bricked\":%u,\"silenced\":%u,"
            "\"images_written\":%" PRIu64 ",\"images_written_max_per_attempt\":%u,\"reboots\":%" PRIu64
            ",\"confirmed\":%" PRIu64 ",\"reverted\":%" PRIu64 ",\"duplicate_commands\":%" PRIu64
            ",\"bad_commands\":%" PRIu64 "}\n",
            tally->steady, tally->trial, tally->reverting, tally->bricked, tally->silenced,
            counts->images_written, counts->images_written_max, counts->reboots, counts->confirmed,
            counts->reverted, counts->duplicate_commands, counts->bad_commands);
}

static void print_text(const struct fleet *fleet, const struct tally *tally, FILE *to)
{
    const struct fleet_counts *counts = &fleet->counts;

    fprintf(to, "%u devices, %u of them were connected\n", fleet->options.devices, tally->connected);
    for (uint32_t i = 0; i < tally->version_count; i++)
        fprintf(to, "  running %-24s %u\n", tally->versions[i].version, tally->versions[i].devices);
    if (tally->other_versions > 0)
        fprintf(to, "  running something else        %u\n", tally->other_versions);
    fprintf(to, "boot state: %u confirmed, %u on trial, %u reverting; %u bricked, %u silenced\n",
            tally->steady, tally->trial, tally->reverting, tally->bricked, tally->silenced);
    fprintf(to, "images written: %" PRIu64 ", at most %u by one device for one attempt\n",
            counts->images_written, counts->images_written_max);
    fprintf(to, "reboots: %" PRIu64 ", confirmed: %" PRIu64 ", reverted: %" PRIu64 "\n", counts->reboots,
            counts->confirmed, counts->reverted);
    fprintf(to, "duplicate commands: %" PRIu64 ", bad commands: %" PRIu64 "\n", counts->duplicate_commands,
            counts->bad_commands);
}

void fleet_summary_print(const struct fleet *fleet, FILE *to)
{
    struct tally tally;

    memset(&tally, 0, sizeof tally);
    for (uint32_t i = 0; i < fleet->options.devices; i++)
        count_device(&tally, &fleet->devices[i]);
    qsort(tally.versions, tally.version_count, sizeof tally.versions[0], by_version);
    if (fleet->options.json)
        print_json(fleet, &tally, to);
    else
        print_text(fleet, &tally, to);
    (void)fflush(to);
}

bool fleet_flashes_write(const struct fleet *fleet, const char *path)
{
    FILE *to = fopen(path, "w");

    if (to == NULL)
        return false;
    fputs("device,version,slot,bricked,silenced,campaign,attempt,images\n", to);
    for (uint32_t i = 0; i < fleet->options.devices; i++) {
        const struct fleet_device *device = &fleet->devices[i];
        char id[DEVICE_ID_MAX + 1], start[DEVICE_ID_MAX + 100];
        fleet_device_id(&fleet->options, i, id);
        (void)snprintf(start, sizeof start, "%s,%s,%d,%d,%d", id, version_of(device),
                       device->device.agent.running_slot, device->bricked, device->silenced);
        if (device->written[0].count == 0)
            fprintf(to, "%s,,,\n", start);
        for (uint32_t j = 0; j < FLEET_ATTEMPTS && device->written[j].count > 0; j++)
            fprintf(to, "%s,%" PRIu64 ",%u,%u\n", start, device->written[j].campaign,
                    device->written[j].attempt, device->written[j].count);
    }
    bool whole = ferror(to) == 0;
    return fclose(to) == 0 && whole;
}
