#include "orchestrator.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { NUMBERS_MAX = 2 };

static struct progress *progress; /* of each number, shared with the processes */

struct progress *orchestrator_progress(int number)
{
    return &progress[number];
}

/* --- messages --------------------------------------------------------------------------------------- */

bool message_send(int socket, const struct message *message, int flags)
{
    char text[sizeof *message + 24];
    int length = snprintf(text, sizeof text, "%lld %s\n%s", (long long)message->link, message->topic,
                          message->payload);
    return send(socket, text, (size_t)length, flags | MSG_NOSIGNAL) == length;
}

bool message_receive(int socket, struct message *message, int flags)
{
    char text[sizeof *message + 25], *rest;
    ssize_t length = recv(socket, text, sizeof text - 1, flags);
    if (length <= 0)
        return false;
    text[length] = '\0';
    message->link = strtoll(text, &rest, 10);
    char *payload = strchr(rest, '\n');
    *payload++ = '\0';
    snprintf(message->topic, sizeof message->topic, "%.95s", rest + 1);
    snprintf(message->payload, sizeof message->payload, "%.2048s", payload);
    return true;
}

bool orchestrator_deliver(const struct orchestrator *orchestrator, const struct message *message)
{
    return orchestrator->pid != 0 && message_send(orchestrator->reports, message, MSG_DONTWAIT);
}

void orchestrator_tell(const struct orchestrator *orchestrator, const struct message *message)
{
    if (orchestrator->pid != 0)
        (void)!message_send(orchestrator->control, message, MSG_DONTWAIT);
}

bool orchestrator_collect(const struct orchestrator *orchestrator, struct message *message)
{
    return orchestrator->pid != 0 && message_receive(orchestrator->control, message, MSG_DONTWAIT);
}

/* --- the process ------------------------------------------------------------------------------------ */

void orchestrator_start(struct orchestrator *orchestrator, const char *database_url, int number)
{
    int reports[2], control[2];
    if (progress == NULL)
        progress = mmap(NULL, NUMBERS_MAX * sizeof *progress, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(progress, MAP_FAILED);
    atomic_store(&progress[number].answered_at, 0);
    atomic_store(&progress[number].stored_at, 0);
    atomic_store(&progress[number].ticked_at, 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, reports), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control), 0);
    fflush(NULL);
    orchestrator->pid = fork();
    assert_true(orchestrator->pid >= 0);
    if (orchestrator->pid == 0) {
        close(reports[0]);
        close(control[0]);
        process_run(number, reports[1], control[1], database_url, &progress[number]);
    }
    close(reports[1]);
    close(control[1]);
    orchestrator->reports = reports[0];
    orchestrator->control = control[0];
    orchestrator->is_stopped = false;
}

void orchestrator_kill(struct orchestrator *orchestrator)
{
    if (orchestrator->pid == 0)
        return;
    kill(orchestrator->pid, SIGKILL);
    waitpid(orchestrator->pid, NULL, 0);
    close(orchestrator->reports);
    close(orchestrator->control);
    orchestrator->pid = 0;
    orchestrator->is_stopped = false;
}

void orchestrator_stop(struct orchestrator *orchestrator)
{
    if (orchestrator->pid != 0)
        kill(orchestrator->pid, SIGSTOP);
    orchestrator->is_stopped = orchestrator->pid != 0;
}

void orchestrator_continue(struct orchestrator *orchestrator)
{
    if (orchestrator->pid != 0 && orchestrator->is_stopped)
        kill(orchestrator->pid, SIGCONT);
    orchestrator->is_stopped = false;
}
