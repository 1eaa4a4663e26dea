#include <stdio.h>
#include <string.h>

#include "fleet.h"

static struct fleet_device *of(struct device *device)
{
    return (struct fleet_device *)device;
}

static uint64_t later(const struct fleet_device *device, uint64_t milliseconds)
{
    return event_loop_now(device->fleet->loop) + milliseconds;
}

/* Whether the image that is about to run in `slot` is one that crashes: it is on trial and the fault strikes.
 */
static bool crashes(struct fleet_device *device, int slot)
{
    struct boot_journal journal;

    return boot_journal_load(&journal, &device->device.platform) == BOOT_LOADED &&
           journal.record.state == BOOT_TRIAL && slot == journal.record.trial_slot &&
           journal.words.confirmed != 0 &&
           fleet_fault_strikes(device, FAULT_CRASH_ON_BOOT, journal.record.images[slot - 1].version,
                               journal.record.attempt.is_rollback != 0);
}

void fleet_device_boot(struct fleet_device *device)
{
    int slot = device_choose_slot(&device->device);

    if (slot == 0) {
        device->bricked = true;
        fprintf(stderr, "fleetsim: %s: neither slot holds a whole image\n", device->device.link.device);
        return;
    }
    if (crashes(device, slot)) {
        device->reset_reason = RESET_EXCEPTION;
        device->fleet->counts.reboots++;
        event_loop_set_timer(device->fleet->loop, &device->boot_timer,
                             later(device, device->fleet->options.boot_milliseconds));
        return;
    }
    device_boot(&device->device, slot, device->reset_reason);
    if (device->device.agent.state == AGENT_TRIAL)
        device->trial_began = later(device, 0);
}

/* It is confirmed, or another image is about to run. */
static void end_unproven(struct fleet_device *device)
{
    struct fleet_counts *counts = &device->fleet->counts;
    uint64_t ran = later(device, 0) - device->trial_began;

    if (device->trial_began != 0 && ran > counts->unproven_most)
        counts->unproven_most = ran;
    device->trial_began = 0;
}

static void on_boot_time(void *context)
{
    fleet_device_boot(context);
}

static void restart(struct device *hooked)
{
    struct fleet_device *device = of(hooked);
    struct fleet *fleet = device->fleet;

    end_unproven(device);
    event_loop_set_timer(fleet->loop, &device->health_timer, UINT64_MAX);
    if (fleet->stopping) {
        if (fleet->closing > 0 && --fleet->closing == 0)
            event_loop_stop(fleet->loop);
        return;
    }
    fleet->counts.reboots++;
    device->reset_reason = RESET_SOFTWARE;
    event_loop_set_timer(fleet->loop, &device->boot_timer, later(device, fleet->options.boot_milliseconds));
}

static void check_health(struct device *hooked)
{
    struct fleet_device *device = of(hooked);
    event_loop_set_timer(device->fleet->loop, &device->health_timer,
                         later(device, device->fleet->options.health_milliseconds));
}

static void on_health_time(void *context)
{
    struct fleet_device *device = context;
    const struct fota_agent *agent = &device->device.agent;

    if (device->device.running)
        device_set_health(&device->device,
                          !fleet_fault_strikes(device, FAULT_FAIL_HEALTH, agent->running.version,
                                               agent->work.attempt.is_rollback));
}

static bool connects(struct device *hooked)
{
    const struct fleet_device *device = of(hooked);
    const struct fota_agent *agent = &hooked->agent;

    return agent->state != AGENT_TRIAL ||
           !fleet_fault_strikes(device, FAULT_FAIL_CONNECT, agent->running.version,
                                agent->work.attempt.is_rollback);
}

static void on_drop_time(void *context)
{
    struct fleet_device *device = context;
    device_drop(&device->device);
}

/* Somebody flashes it by hand. What is at work on an update does not wait any more. */
static void on_change_time(void *context)
{
    struct fleet_device *device = context;
    struct fleet *fleet = device->fleet;

    if (!device->device.running || device->device.agent.state != AGENT_IDLE)
        return;
    device_drop(&device->device);
    flash_close(&device->device.flash);
    flash_copy_ram(&device->device.flash, &fleet->other_flash);
    device->device.version = fleet->options.change_to;
    device->reset_reason = RESET_POWER_ON;
    fleet->counts.reboots++;
    event_loop_set_timer(fleet->loop, &device->boot_timer, later(device, fleet->options.boot_milliseconds));
}

static void connected(struct device *hooked)
{
    struct fleet_device *device = of(hooked);
    struct fleet *fleet = device->fleet;

    if (device->up)
        return;
    device->up = true;
    if (device->fault == FAULT_CHANGE)
        event_loop_set_timer(fleet->loop, &device->change_timer,
                             later(device, fleet->options.change_milliseconds));
    if (++fleet->connected_once == fleet->to_connect)
        fleet_ready(fleet);
}

/* Counts an image written whole for (device, attempt). */
static void count_image(struct fleet_device *device, uint64_t campaign, uint32_t attempt)
{
    struct fleet_counts *counts = &device->fleet->counts;
    uint32_t i = 0;

    while (i < FLEET_ATTEMPTS &&
           (device->written[i].campaign != campaign || device->written[i].attempt != attempt))
        i++;
    if (i == FLEET_ATTEMPTS) {
        memmove(&device->written[1], &device->written[0], sizeof device->written - sizeof device->written[0]);
        i = 0;
        device->written[0].campaign = campaign;
        device->written[0].attempt = attempt;
        device->written[0].count = 0;
    }
    device->written[i].count++;
    counts->images_written++;
    if (device->written[i].count > counts->images_written_max)
        counts->images_written_max = device->written[i].count;
}

static void happened(struct device *hooked, enum fota_happening what, uint64_t campaign, uint32_t attempt)
{
    struct fleet_device *device = of(hooked);
    struct fleet_counts *counts = &device->fleet->counts;

    switch (what) {
    case FOTA_IMAGE_WRITTEN:
        count_image(device, campaign, attempt);
        break;
    case FOTA_DUPLICATE_COMMAND:
        counts->duplicate_commands++;
        break;
    case FOTA_BAD_COMMAND:
        counts->bad_commands++;
        break;
    case FOTA_CONFIRMED:
        end_unproven(device);
        counts->confirmed++;
        break;
    case FOTA_REVERTED:
        counts->reverted++;
        break;
    case FOTA_UNDECIDED:
        counts->undecided++;
        break;
    }
}

/* Image bytes on their way in: the place for faults of the download. */
static void data(struct device *hooked, char *bytes, uint32_t length)
{
    struct fleet_device *device = of(hooked);
    const struct fota_work *work = &device->device.agent.work;

    if (device->device.agent.download.received == 0)
        device->damaged = false;
    if (fleet_fault_strikes(device, FAULT_FAIL_DOWNLOAD, work->image.version, work->attempt.is_rollback) &&
        !device->damaged && length > 0) {
        bytes[length / 2] = (char)(bytes[length / 2] ^ 0x10);
        device->damaged = true;
    }
    if (fleet_fault_strikes(device, FAULT_SILENT, work->image.version, work->attempt.is_rollback) &&
        !device->silenced) {
        device->silenced = true;
        hooked->running = false; /* not one byte more reaches the agent */
        /* libcurl is on the stack: pull the plug from the loop. */
        event_loop_set_timer(device->fleet->loop, &device->drop_timer, event_loop_now(device->fleet->loop));
    }
}

static void log_line(struct device *hooked, enum fota_log_level level, const char *text)
{
    const struct fleet_device *device = of(hooked);

    if (device->fleet->options.device.verbose || level >= FOTA_LOG_ERROR)
        fprintf(stderr, "device=%s %s\n", hooked->link.device, text);
}

static const struct device_hooks hooks = {
    .check_health = check_health,
    .connects = connects,
    .restart = restart,
    .connected = connected,
    .happened = happened,
    .data = data,
    .log = log_line,
};

bool fleet_device_open(struct fleet_device *device, struct fleet *fleet, uint32_t index,
                       const struct flash *flash)
{
    char id[DEVICE_ID_MAX + 1];

    fleet_device_id(&fleet->options, index, id);
    device->fleet = fleet;
    device->boot_timer = (struct loop_timer){.callback = on_boot_time, .context = device};
    device->health_timer = (struct loop_timer){.callback = on_health_time, .context = device};
    device->drop_timer = (struct loop_timer){.callback = on_drop_time, .context = device};
    device->change_timer = (struct loop_timer){.callback = on_change_time, .context = device};
    device->reset_reason = RESET_POWER_ON;
    device->device.hooks = &hooks;
    device->device.loop = fleet->loop;
    device->device.http = fleet->http;
    device->device.version = fleet->options.device.version;
    device->device.public_keys = &fleet->options.device.public_keys;
    device->device.platform =
        (struct fota_platform){fleet->options.hashes_each ? &device_port : &device_port_remembering, device,
                               fleet->options.device.map};
    flash_copy_ram(&device->device.flash, flash);
    return device_open(&device->device, &fleet->options.device.connector, id);
}
