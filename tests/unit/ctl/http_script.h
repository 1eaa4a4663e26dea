/* An HTTP server in a thread of the test, which answers what the test has written down. */
#ifndef TEST_HTTP_SCRIPT_H
#define TEST_HTTP_SCRIPT_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct script {
    int listener;
    const char *const *answers; /* "CODE BODY", NULL at the end; "" closes without an answer */
    char requests[16][4096];    /* what came, first 4095 bytes each */
    int count, extra;           /* answered; those for which no answer was left */
    pthread_t thread;
    char url[64];
};

static void answer(int fd, const char *text)
{
    char reply[8192];
    if (text[0] == '\0')
        return;
    int length = snprintf(reply, sizeof reply,
                          "HTTP/1.1 %.3s x\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                          "Connection: close\r\n\r\n%s",
                          text, strlen(text + 4), text + 4);
    (void)!write(fd, reply, (size_t)length);
}

static void *play(void *context)
{
    struct script *script = context;
    for (int fd; (fd = accept(script->listener, NULL, NULL)) >= 0; close(fd)) {
        char *request = script->requests[script->count];
        size_t used = 0;
        const char *body;
        size_t wanted = 0;
        if (script->answers[script->count] == NULL) {
            script->extra++;
            continue;
        }
        while ((body = strstr(request, "\r\n\r\n")) == NULL || strlen(body + 4) < wanted) {
            ssize_t got = read(fd, request + used, sizeof script->requests[0] - 1 - used);
            if (got <= 0)
                break;
            used += (size_t)got;
            const char *length = strstr(request, "Content-Length: ");
            wanted = length == NULL ? 0 : strtoul(length + 16, NULL, 10);
        }
        answer(fd, script->answers[script->count++]);
    }
    return NULL;
}

static void start(struct script *script, const char *const *answers)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    memset(script, 0, sizeof *script);
    script->answers = answers;
    script->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(script->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(script->listener, 8), 0);
    getsockname(script->listener, (struct sockaddr *)&address, &length);
    snprintf(script->url, sizeof script->url, "http://127.0.0.1:%d/", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&script->thread, NULL, play, script), 0);
}

/* Fails when less or more was asked than was written down. */
static void stop(struct script *script)
{
    (void)shutdown(script->listener, SHUT_RDWR); /* ends the wait there */
    pthread_join(script->thread, NULL);
    close(script->listener);
    if (script->answers[script->count] != NULL || script->extra > 0)
        fail_msg("%d requests were answered and %d were too many; the next answer is \"%s\"", script->count,
                 script->extra, script->answers[script->count] == NULL ? "" : script->answers[script->count]);
}

#endif
