/* An HTTP server that lies, for tests of devices: hostile_server IMAGE. Listens on a free port of 127.0.0.1,
 * which it prints, until it is ended. The first part of the path says how it lies about the image: /whole
 * (not at all), /shorter, /longer, /endless, /wrong-end, /redirect, /drip, /broken, /silent. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { IMAGE_SIZE_MAX = 1 << 20, WRONG_BYTES = 16, DRIP_SECONDS = 1 };

static unsigned char image[IMAGE_SIZE_MAX];
static size_t image_size;

static void refuse(const char *what)
{
    fprintf(stderr, "hostile_server: %s\n", what);
    exit(1);
}

/* False when the other side has gone. */
static bool say(int socket, const void *bytes, size_t length)
{
    for (const char *at = bytes; length > 0;) {
        ssize_t sent = send(socket, at, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        at += sent;
        length -= (size_t)sent;
    }
    return true;
}

/* Reads the request's head into `text`; false when there is none. */
static bool hear(int socket, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    while (strstr(text, "\r\n\r\n") == NULL) {
        ssize_t got = recv(socket, text + used, size - 1 - used, 0);
        if (got <= 0)
            return false;
        used += (size_t)got;
        text[used] = '\0';
        if (used == size - 1)
            return false;
    }
    return true;
}

static void drip(int socket)
{
    for (size_t i = 0; i < image_size && say(socket, image + i, 1); i++)
        sleep(DRIP_SECONDS);
}

static void say_body(int socket, const char *mode)
{
    unsigned char wrong[WRONG_BYTES] = {0};
    if (strcmp(mode, "drip") == 0) {
        drip(socket);
    } else if (strcmp(mode, "broken") == 0) {
        (void)say(socket, image, image_size / 3);
    } else if (strcmp(mode, "wrong-end") == 0) {
        (void)(say(socket, image, image_size - sizeof wrong) && say(socket, wrong, sizeof wrong));
    } else if (strcmp(mode, "endless") == 0) {
        while (say(socket, image, image_size))
            continue;
    } else {
        (void)say(socket, image, image_size);
        if (strcmp(mode, "longer") == 0)
            (void)say(socket, wrong, sizeof wrong);
    }
}

static void answer(int socket)
{
    char request[4096], method[8] = "", mode[32] = "", head[300];
    if (!hear(socket, request, sizeof request) || sscanf(request, "%7s /%31[a-z-]", method, mode) != 2)
        return;
    if (strcmp(mode, "silent") == 0) {
        (void)hear(socket, request, sizeof request); /* until the other side goes */
        return;
    }
    if (strcmp(mode, "redirect") == 0)
        snprintf(head, sizeof head, "HTTP/1.1 302 Found\r\nLocation: /whole\r\nContent-Length: 0\r\n\r\n");
    else if (strcmp(mode, "endless") == 0 && strcmp(method, "GET") == 0)
        snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    else
        snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
                 image_size - (strcmp(mode, "shorter") == 0) +
                     (strcmp(mode, "longer") == 0 && strcmp(method, "GET") == 0 ? WRONG_BYTES : 0));
    if (say(socket, head, strlen(head)) && strcmp(method, "GET") == 0 && strcmp(mode, "redirect") != 0)
        say_body(socket, mode);
}

static void read_image(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        refuse("the image cannot be read");
    image_size = fread(image, 1, sizeof image, file);
    fclose(file);
    if (image_size <= WRONG_BYTES || image_size == sizeof image)
        refuse("the image is too short or too long");
}

static int listen_somewhere(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 16) != 0 || getsockname(listener, (struct sockaddr *)&address, &length) != 0)
        refuse("cannot listen");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

/* A process for each request: one that is slow holds up no other. */
int main(int argc, char **argv)
{
    if (argc != 2)
        refuse("usage: hostile_server IMAGE");
    read_image(argv[1]);
    int listener = listen_somewhere();
    signal(SIGCHLD, SIG_IGN);
    for (int client; (client = accept(listener, NULL, NULL)) >= 0; close(client)) {
        if (fork() != 0)
            continue;
        close(listener);
        answer(client);
        close(client);
        _exit(0);
    }
    return 1;
}
