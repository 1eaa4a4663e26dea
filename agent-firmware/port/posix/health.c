#include "health.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void forget(struct health *health)
{
    event_loop_forget(health->loop, health->descriptor);
    (void)close(health->descriptor);
    health->process = 0;
}

static void on_exit_seen(void *context, int descriptor, uint32_t events)
{
    struct health *health = context;
    int status = 0;

    (void)descriptor;
    (void)events;
    if (waitpid(health->process, &status, WNOHANG) != health->process)
        return;
    forget(health);
    health->known(health->context, WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* In a process group of its own, and with no signal blocked. */
static int spawn(pid_t *process, const char *command)
{
    char *const arguments[] = {"sh", "-c", (char *)command, NULL};
    posix_spawnattr_t attributes;
    sigset_t none;

    (void)sigemptyset(&none);
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    (void)posix_spawnattr_setpgroup(&attributes, 0);
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    int result = posix_spawn(process, "/bin/sh", NULL, &attributes, arguments, environ);
    (void)posix_spawnattr_destroy(&attributes);
    return result;
}

void health_start(struct health *health, struct event_loop *loop, const char *command,
                  void (*known)(void *context, bool healthy), void *context)
{
    health_stop(health);
    *health = (struct health){.loop = loop, .known = known, .context = context};
    int result = spawn(&health->process, command);
    if (result != 0) {
        health->process = 0;
        fprintf(stderr, "level=error the health command cannot be started: %s\n", strerror(result));
        known(context, false);
        return;
    }
    health->descriptor = (int)syscall(SYS_pidfd_open, health->process, 0);
    if (health->descriptor < 0) {
        fprintf(stderr, "level=error the health command cannot be watched: %s\n", strerror(errno));
        (void)kill(-health->process, SIGKILL);
        (void)waitpid(health->process, NULL, 0);
        health->process = 0;
        known(context, false);
        return;
    }
    event_loop_watch(loop, health->descriptor, EPOLLIN, on_exit_seen, health);
}

void health_stop(struct health *health)
{
    if (health->process == 0)
        return;
    (void)kill(-health->process, SIGKILL);
    (void)waitpid(health->process, NULL, 0);
    forget(health);
}
