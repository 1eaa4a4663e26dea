/* Several processes share the devices. Each tells this one through a pipe how many devices are connected,
 * once all are, and at its end its summary. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fleet.h"

struct news {
    uint64_t connected; /* as long as the summary's numbers: nothing is between the two */
    struct fleet_summary summary;
};

static struct shard {
    pid_t process;
    int report; /* -1: it has ended */
    struct news news;
    size_t received; /* bytes of it */
} shards[FLEET_SHARDS_MAX];
static volatile sig_atomic_t shard_count;

static void pass_on(int signal_number)
{
    int kept = errno;
    (void)signal_number;
    for (sig_atomic_t i = 0; i < shard_count; i++)
        (void)kill(shards[i].process, SIGTERM);
    errno = kept;
}

static _Noreturn void be_shard(const struct fleet_options *options, fleet_run *run, uint32_t number,
                               int report)
{
    static struct fleet_summary summary;
    uint64_t devices = fleet_device_count(options);
    uint32_t begin = (uint32_t)(devices * number / options->shards);
    uint32_t end = (uint32_t)(devices * (number + 1) / options->shards);

    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    int code = run(begin, end - begin, report, &summary);
    if (write(report, &summary, sizeof summary) != (ssize_t)sizeof summary && code == 0)
        code = 1;
    exit(code);
}

static bool begin_shard(const struct fleet_options *options, fleet_run *run, uint32_t number)
{
    int ends[2];

    if (pipe(ends) != 0)
        return false;
    pid_t process = fork();
    if (process < 0)
        return false;
    if (process == 0) {
        (void)close(ends[0]);
        for (uint32_t i = 0; i < number; i++)
            (void)close(shards[i].report);
        be_shard(options, run, number, ends[1]);
    }
    (void)close(ends[1]);
    shards[number] = (struct shard){.process = process, .report = ends[0]};
    shard_count = (sig_atomic_t)number + 1;
    return true;
}

/* True when this was the shard's message that its devices are connected. */
static bool hear(struct shard *shard)
{
    char *to = (char *)&shard->news;
    size_t before = shard->received, first = sizeof shard->news.connected;
    ssize_t count = read(shard->report, to + before, (before < first ? first : sizeof shard->news) - before);

    if (count <= 0) {
        (void)close(shard->report);
        shard->report = -1;
        return false;
    }
    shard->received += (size_t)count;
    return before < first && shard->received >= first;
}

static void hear_all(uint32_t count)
{
    uint32_t ready = 0, connected = 0, open = count;

    while (open > 0) {
        struct pollfd polled[FLEET_SHARDS_MAX];
        for (uint32_t i = 0; i < count; i++)
            polled[i] = (struct pollfd){.fd = shards[i].report, .events = POLLIN};
        if (poll(polled, count, -1) < 0)
            continue; /* a signal, which was passed on */
        for (uint32_t i = 0; i < count; i++) {
            if (polled[i].revents == 0)
                continue;
            if (hear(&shards[i])) {
                connected += (uint32_t)shards[i].news.connected;
                if (++ready == count) {
                    printf("ready: %u devices connected\n", connected);
                    (void)fflush(stdout);
                }
            }
            open -= shards[i].report < 0;
        }
    }
}

static int end_of(const struct shard *shard, uint32_t number, struct fleet_summary *summary)
{
    int status = 0;

    while (waitpid(shard->process, &status, 0) < 0 && errno == EINTR)
        continue;
    if (shard->received == sizeof shard->news)
        fleet_summary_add(summary, &shard->news.summary);
    if (WIFEXITED(status) && (WEXITSTATUS(status) != 0 || shard->received == sizeof shard->news))
        return WEXITSTATUS(status);
    fprintf(stderr, "fleetsim: shard %u has ended without a summary\n", number + 1);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : 1;
}

/* The signals stay blocked in the shards, which read them when they are ready to: none is lost. */
int fleet_shards_run(const struct fleet_options *options, fleet_run *run, struct fleet_summary *summary)
{
    struct sigaction passing = {.sa_handler = pass_on};
    sigset_t signals;
    int worst = 0;

    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    for (uint32_t i = 0; i < options->shards && worst == 0; i++) {
        if (!begin_shard(options, run, i)) {
            fprintf(stderr, "fleetsim: cannot begin a process: %s\n", strerror(errno));
            pass_on(SIGTERM);
            worst = 1;
        }
    }
    (void)sigaction(SIGTERM, &passing, NULL);
    (void)sigaction(SIGINT, &passing, NULL);
    (void)sigprocmask(SIG_UNBLOCK, &signals, NULL);
    hear_all((uint32_t)shard_count);
    for (uint32_t i = 0; i < (uint32_t)shard_count; i++) {
        int code = end_of(&shards[i], i, summary);
        if (code > worst)
            worst = code;
    }
    return worst;
}
