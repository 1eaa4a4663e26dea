#include "machine_host.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fota_port.h"

#define FIRST_OWN_DESCRIPTOR 16 /* above all that QEMU gets */
#define WATCHDOG_MILLISECONDS 30000
#define END_MILLISECONDS 5000
#define BOOT_SIZE_MAX FOTA_SECTOR_SIZE
#define RANDOM_START 2463534242u

extern char **environ;

/* --- flash -------------------------------------------------------------------------------------------- */

/* The code in the upper half of boot.bin's fourth byte; -1: there is none for this. boot/boot.h reads it. */
static int size_code(const struct fota_flash_map *map, uint32_t kilobytes)
{
    static const struct {
        const struct fota_flash_map *map;
        uint32_t kilobytes;
        int code;
    } known[] = {{&fota_map_256, 512, 0},   {&fota_map_512, 1024, 2},  {&fota_map_512, 2048, 3},
                 {&fota_map_512, 4096, 4},  {&fota_map_1024, 2048, 5}, {&fota_map_1024, 4096, 6},
                 {&fota_map_1024, 8192, 8}, {&fota_map_1024, 16384, 9}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].map == map && known[i].kilobytes == kilobytes)
            return known[i].code;
    return -1;
}

static bool write_padded(struct flash *flash, uint32_t address, const uint8_t *bytes, uint32_t length)
{
    for (uint32_t done = 0; done < length; done += FOTA_SECTOR_SIZE) {
        uint8_t sector[FOTA_SECTOR_SIZE];
        uint32_t count = length - done < sizeof sector ? length - done : (uint32_t)sizeof sector;
        memset(sector, 0xFF, sizeof sector);
        memcpy(sector, bytes + done, count);
        if (!flash_program(flash, address + done, sector, sizeof sector))
            return false;
    }
    return true;
}

bool machine_provision(struct flash *flash, const struct fota_flash_map *map, uint32_t kilobytes,
                       const uint8_t *boot, uint32_t boot_length, const uint8_t *image, uint32_t image_length)
{
    uint8_t patched[BOOT_SIZE_MAX];
    int code = size_code(map, kilobytes);

    if (code < 0 || boot_length < 4 || boot_length > sizeof patched || image_length > map->slot_size ||
        flash->size != kilobytes * 1024)
        return false;
    memcpy(patched, boot, boot_length);
    patched[3] = (uint8_t)((patched[3] & 0x0F) | code << 4);
    return write_padded(flash, 0, patched, boot_length) &&
           write_padded(flash, map->slot_address[0], image, image_length);
}

/* --- QEMU --------------------------------------------------------------------------------------------- */

static int high_copy(int descriptor)
{
    int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, FIRST_OWN_DESCRIPTOR);
    (void)close(descriptor);
    return copy;
}

bool machine_open(struct machine *machine, const struct flash *flash)
{
    const struct machine_board board = {.random = RANDOM_START};
    int file = memfd_create("lx106-board", MFD_CLOEXEC);

    machine->process = 0;
    machine->board = file < 0 ? -1 : high_copy(file);
    machine->flash = fcntl(flash->file, F_DUPFD_CLOEXEC, FIRST_OWN_DESCRIPTOR);
    if (machine->board < 0 || machine->flash < 0 || access(machine->rom, R_OK) != 0)
        return false;
    (void)signal(SIGPIPE, SIG_IGN);
    machine_write_board(machine, &board);
    return true;
}

void machine_close(struct machine *machine)
{
    machine_stop(machine);
    (void)close(machine->board);
    (void)close(machine->flash);
}

void machine_read_board(const struct machine *machine, struct machine_board *board)
{
    if (pread(machine->board, board, sizeof *board, 0) != (ssize_t)sizeof *board)
        memset(board, 0, sizeof *board);
}

void machine_write_board(const struct machine *machine, const struct machine_board *board)
{
    (void)!pwrite(machine->board, board, sizeof *board, 0);
}

static int spawn(struct machine *machine, int input, int output)
{
    char *const arguments[] = {"qemu-system-xtensa",
                               "-cpu",
                               "lx106",
                               "-M",
                               "sim",
                               "-display",
                               "none",
                               "-monitor",
                               "none",
                               "-serial",
                               "none",
                               "-semihosting-config",
                               "enable=on",
                               "-kernel",
                               (char *)machine->rom,
                               NULL};
    const int given[] = {machine->flash, input, output,
                         machine->board}; /* MACHINE_FLASH and those after it */
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;

    (void)sigemptyset(&none);
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    for (int i = 0; i < 4; i++)
        (void)posix_spawn_file_actions_adddup2(&actions, given[i], MACHINE_FLASH + i);
    int result = posix_spawnp(&machine->process, arguments[0], &actions, &attributes, arguments, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)posix_spawnattr_destroy(&attributes);
    return result;
}

bool machine_start(struct machine *machine, uint32_t reset_reason)
{
    int input[2], output[2];
    struct machine_board board;

    machine_read_board(machine, &board);
    board.reset_reason = reset_reason;
    machine_write_board(machine, &board);
    if (pipe2(input, O_CLOEXEC) != 0)
        return false;
    if (pipe2(output, O_CLOEXEC) != 0) {
        (void)close(input[0]);
        (void)close(input[1]);
        return false;
    }
    for (int i = 0; i < 2; i++) {
        input[i] = high_copy(input[i]);
        output[i] = high_copy(output[i]);
    }
    int result = spawn(machine, input[0], output[1]);
    (void)close(input[0]);
    (void)close(output[1]);
    machine->to = input[1];
    machine->from = output[0];
    if (result == 0)
        return true;
    machine->process = 0;
    (void)close(machine->to);
    (void)close(machine->from);
    errno = result;
    return false;
}

/* Without its modem the chip ends, and leaves the board as it was last; one that does not is killed. */
static void collect(struct machine *machine)
{
    struct pollfd end = {.fd = machine->from, .events = POLLIN};
    uint8_t rest[512];
    int status = 0;

    (void)close(machine->to);
    while (poll(&end, 1, END_MILLISECONDS) > 0 && read(machine->from, rest, sizeof rest) > 0)
        ;
    if ((end.revents & POLLHUP) == 0)
        (void)kill(machine->process, SIGKILL);
    (void)close(machine->from);
    (void)waitpid(machine->process, &status, 0);
    machine->process = 0;
    machine->ended = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void machine_stop(struct machine *machine)
{
    if (machine->process == 0)
        return;
    collect(machine);
}

/* --- modem -------------------------------------------------------------------------------------------- */

static bool send_all(int file, const void *bytes, size_t length)
{
    const uint8_t *at = bytes;

    while (length > 0) {
        ssize_t done = write(file, at, length);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        at += done;
        length -= (size_t)done;
    }
    return true;
}

enum outcome { RECEIVED, GONE, SILENT };

static enum outcome receive(int file, void *bytes, size_t length)
{
    uint8_t *at = bytes;

    while (length > 0) {
        struct pollfd ready = {.fd = file, .events = POLLIN};
        int count = poll(&ready, 1, WATCHDOG_MILLISECONDS);
        if (count == 0)
            return SILENT;
        ssize_t done = count < 0 ? -1 : read(file, at, length);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return GONE;
        at += done;
        length -= (size_t)done;
    }
    return RECEIVED;
}

static bool end(struct machine *machine, enum outcome outcome)
{
    if (outcome == SILENT) {
        machine_stop(machine);
        machine->ended = MACHINE_CRASH;
    } else {
        collect(machine);
    }
    return false;
}

bool machine_event(struct machine *machine, enum modem_type type, uint64_t now, const void *bytes,
                   uint32_t length, uint64_t *wake_at)
{
    const struct modem_frame event = {.type = (uint32_t)type, .length = length, .now = now};

    if (machine->process == 0)
        return false;
    if (!send_all(machine->to, &event, sizeof event) || !send_all(machine->to, bytes, length))
        return end(machine, GONE);
    for (;;) {
        _Alignas(8) uint8_t answer[MODEM_FRAME_MAX + 1];
        struct modem_frame frame;
        enum outcome outcome = receive(machine->from, &frame, sizeof frame);

        if (outcome == RECEIVED && frame.length > MODEM_FRAME_MAX)
            outcome = SILENT; /* it has lost its senses */
        if (outcome == RECEIVED)
            outcome = receive(machine->from, answer, frame.length);
        if (outcome != RECEIVED)
            return end(machine, outcome);
        answer[frame.length] = '\0';
        if (frame.type == MODEM_WAIT) {
            memcpy(wake_at, answer, sizeof *wake_at);
            return true;
        }
        machine->request(machine->context, &frame, answer);
    }
}
