#include "stall.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "services.h"

enum { STALLED_MAX = 64, SECONDS = 1 };

static pid_t stalled[STALLED_MAX];
static volatile sig_atomic_t stalled_count;
static int of; /* an orchestrator, or STALL_ALL */

static void go_on(int number)
{
    (void)number;
    for (int i = 0; i < stalled_count; i++)
        kill(stalled[i], SIGCONT);
    stalled_count = 0;
}

void stall_begin(const char *database_url, int orchestrator)
{
    static const char query[] =
        "SELECT string_agg(pid::text, ' ') FROM pg_stat_activity WHERE application_name LIKE "
        "'orchestrator %s %%'";
    char sql[200], number[12];
    snprintf(number, sizeof number, "%d", orchestrator);
    snprintf(sql, sizeof sql, query, orchestrator == STALL_ALL ? "_" : number);
    stall_end();
    char *pids = services_query(database_url, sql), *rest = pids, *pid;
    const struct sigaction action = {.sa_handler = go_on, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {.tv_sec = SECONDS}}, NULL);
    of = orchestrator;
    while (rest != NULL && (pid = strsep(&rest, " ")) != NULL && stalled_count < STALLED_MAX) {
        pid_t backend = (pid_t)strtol(pid, NULL, 10);
        stalled[stalled_count++] = backend;
        kill(backend, SIGSTOP);
    }
    free(pids);
}

void stall_end(void)
{
    setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
    go_on(0);
}

bool stall_is_of(int orchestrator)
{
    return stalled_count > 0 && (of == STALL_ALL || of == orchestrator);
}
