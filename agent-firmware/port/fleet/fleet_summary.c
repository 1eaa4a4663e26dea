#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fleet.h"

static void count_version(struct fleet_summary *summary, const char *version, uint32_t devices)
{
    uint32_t i = 0;

    while (i < summary->version_count && strcmp(summary->versions[i].version, version) != 0)
        i++;
    if (i == FLEET_VERSIONS_MAX) {
        summary->other_versions += devices;
        return;
    }
    if (i == summary->version_count)
        (void)snprintf(summary->versions[summary->version_count++].version, BOOT_VERSION_SIZE, "%s", version);
    summary->versions[i].devices += devices;
}

/* A device that is offline by fault has not booted its agent: it runs what it was made with. */
static const char *version_of(const struct fleet_device *device)
{
    return device->device.agent.running_slot != 0 ? device->device.agent.running.version
                                                  : device->device.version;
}

static void count_device(struct fleet_summary *summary, const struct fleet_device *device)
{
    const struct boot_record *record = &device->device.agent.journal.record;

    count_version(summary, version_of(device), 1);
    summary->devices++;
    summary->bricked += device->bricked;
    summary->silenced += device->silenced;
    summary->trial += record->state == BOOT_TRIAL;
    summary->retrial += record->state == BOOT_REVERTED && record->attempt.undecided != 0;
    summary->reverting += record->state == BOOT_REVERTED && record->attempt.undecided == 0;
    summary->steady += record->state != BOOT_TRIAL && record->state != BOOT_REVERTED;
    summary->connected += device->up;
}

void fleet_summarise(const struct fleet *fleet, struct fleet_summary *summary)
{
    memset(summary, 0, sizeof *summary);
    for (uint32_t i = 0; i < fleet->count; i++)
        count_device(summary, &fleet->devices[i]);
    summary->counts = fleet->counts;
    summary->sectors_most = sector_store_most(fleet->store);
}

void fleet_summary_add(struct fleet_summary *summary, const struct fleet_summary *part)
{
    struct fleet_counts *counts = &summary->counts;

    for (uint32_t i = 0; i < part->version_count; i++)
        count_version(summary, part->versions[i].version, part->versions[i].devices);
    summary->other_versions += part->other_versions;
    summary->devices += part->devices;
    summary->connected += part->connected;
    summary->steady += part->steady;
    summary->trial += part->trial;
    summary->reverting += part->reverting;
    summary->retrial += part->retrial;
    summary->bricked += part->bricked;
    summary->silenced += part->silenced;
    summary->sectors_most += part->sectors_most;
    counts->images_written += part->counts.images_written;
    if (part->counts.images_written_max > counts->images_written_max)
        counts->images_written_max = part->counts.images_written_max;
    counts->reboots += part->counts.reboots;
    counts->confirmed += part->counts.confirmed;
    counts->reverted += part->counts.reverted;
    counts->undecided += part->counts.undecided;
    if (part->counts.unproven_most > counts->unproven_most)
        counts->unproven_most = part->counts.unproven_most;
    counts->duplicate_commands += part->counts.duplicate_commands;
    counts->bad_commands += part->counts.bad_commands;
}

static int by_version(const void *left, const void *right)
{
    return strcmp(left, right); /* the version is the first of it */
}

static uint64_t flash_of_a_device(const struct fleet_summary *summary)
{
    return summary->devices == 0 ? 0 : (uint64_t)summary->sectors_most * FOTA_SECTOR_SIZE / summary->devices;
}

static void print_json(const struct fleet_summary *summary, FILE *to)
{
    const struct fleet_counts *counts = &summary->counts;

    fprintf(to, "{\"devices\":%u,\"connected\":%u,\"versions\":{", summary->devices, summary->connected);
    for (uint32_t i = 0; i < summary->version_count; i++)
        fprintf(to, "%s\"%s\":%u", i == 0 ? "" : ",", summary->versions[i].version,
                summary->versions[i].devices);
    fprintf(
        to,
        "},\"boot\":{\"confirmed\":%u,\"trial\":%u,\"reverting\":%u,\"retrial\":%u},\"bricked\":%u,\"silenced\":%u,"
        "\"images_written\":%" PRIu64 ",\"images_written_max_per_attempt\":%u,\"reboots\":%" PRIu64
        ",\"confirmed\":%" PRIu64 ",\"reverted\":%" PRIu64 ",\"undecided\":%" PRIu64
        ",\"unproven_seconds_max\":%.1f"
        ",\"duplicate_commands\":%" PRIu64 ",\"bad_commands\":%" PRIu64 ",\"flash_bytes_per_device\":%" PRIu64
        "}\n",
        summary->steady, summary->trial, summary->reverting, summary->retrial, summary->bricked,
        summary->silenced, counts->images_written, counts->images_written_max, counts->reboots,
        counts->confirmed, counts->reverted, counts->undecided, (double)counts->unproven_most / 1000,
        counts->duplicate_commands, counts->bad_commands, flash_of_a_device(summary));
}

static void print_text(const struct fleet_summary *summary, FILE *to)
{
    const struct fleet_counts *counts = &summary->counts;

    fprintf(to, "%u devices, %u of them were connected\n", summary->devices, summary->connected);
    for (uint32_t i = 0; i < summary->version_count; i++)
        fprintf(to, "  running %-24s %u\n", summary->versions[i].version, summary->versions[i].devices);
    if (summary->other_versions > 0)
        fprintf(to, "  running something else        %u\n", summary->other_versions);
    fprintf(
        to,
        "boot state: %u confirmed, %u on trial, %u reverting, %u before another trial; %u bricked, %u silenced\n",
        summary->steady, summary->trial, summary->reverting, summary->retrial, summary->bricked,
        summary->silenced);
    fprintf(to, "images written: %" PRIu64 ", at most %u by one device for one attempt\n",
            counts->images_written, counts->images_written_max);
    fprintf(to,
            "reboots: %" PRIu64 ", confirmed: %" PRIu64 ", reverted: %" PRIu64
            ", trials without a verdict: %" PRIu64
            "; an image that was not confirmed ran for %.1f s at most\n",
            counts->reboots, counts->confirmed, counts->reverted, counts->undecided,
            (double)counts->unproven_most / 1000);
    fprintf(to, "duplicate commands: %" PRIu64 ", bad commands: %" PRIu64 "\n", counts->duplicate_commands,
            counts->bad_commands);
    fprintf(to, "flash: %" PRIu64 " bytes of memory a device at most\n", flash_of_a_device(summary));
}

void fleet_summary_print(struct fleet_summary *summary, bool json, FILE *to)
{
    qsort(summary->versions, summary->version_count, sizeof summary->versions[0], by_version);
    if (json)
        print_json(summary, to);
    else
        print_text(summary, to);
    (void)fflush(to);
}

bool fleet_flashes_begin(const char *path)
{
    FILE *to = fopen(path, "w");

    if (to == NULL)
        return false;
    fputs("device,version,slot,bricked,silenced,campaign,attempt,images\n", to);
    bool whole = ferror(to) == 0;
    return fclose(to) == 0 && whole;
}

bool fleet_flashes_write(const struct fleet *fleet, const char *path)
{
    FILE *to = fopen(path, "a");

    if (to == NULL)
        return false;
    bool whole = lockf(fileno(to), F_LOCK, 0) == 0; /* what another process writes is not mixed with this */
    for (uint32_t i = 0; i < fleet->count; i++) {
        const struct fleet_device *device = &fleet->devices[i];
        char id[DEVICE_ID_MAX + 1], start[DEVICE_ID_MAX + 100];
        fleet_device_id(&fleet->options, fleet->begin + i, id);
        (void)snprintf(start, sizeof start, "%s,%s,%d,%d,%d", id, version_of(device),
                       device->device.agent.running_slot, device->bricked, device->silenced);
        if (device->written[0].count == 0)
            fprintf(to, "%s,,,\n", start);
        for (uint32_t j = 0; j < FLEET_ATTEMPTS && device->written[j].count > 0; j++)
            fprintf(to, "%s,%" PRIu64 ",%u,%u\n", start, device->written[j].campaign,
                    device->written[j].attempt, device->written[j].count);
    }
    whole = ferror(to) == 0 && whole;
    return fclose(to) == 0 && whole;
}
