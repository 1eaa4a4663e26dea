/* The network between test hosts, each a network namespace: what a host sends comes out here, packet by
 * packet, and goes on to where it is addressed, late, or never. TCP sees true loss, reordering and silence,
 * also where the kernel lacks netem.
 *
 *   network SEED HOST...    host N is the namespace HOST (of `ip netns`; "-" is this one), and has the
 * address 192.0.2.N
 *
 * Makes a device "net0" in each namespace, says "ready", and takes from standard input, for packets from host
 * A to host B:
 *
 *   A B MILLISECONDS JITTER PERMILLE    delay, what it may take longer by chance, and how many of a thousand
 * are lost A B cut                             all are lost, and neither side is told A B heal
 *
 * Ends with its standard input. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { HOSTS_MAX = 16, PACKET_MAX = 2048, WAITING_MAX = 100000, READS_MAX = 64, DESTINATION = 16 };

struct packet {
    int64_t due; /* microseconds */
    uint64_t number;
    size_t host, size;
    unsigned char bytes[];
};

static int host_count;
static int devices[HOSTS_MAX];
static struct {
    unsigned delay, jitter, permille; /* milliseconds; of a thousand packets */
    bool is_cut;
} links[HOSTS_MAX][HOSTS_MAX];

/* Packets on their way: a heap, the next that is due first, and what is due at once in order. */
static struct packet *waiting[WAITING_MAX];
static size_t waiting_count;
static uint64_t packets_sent;
static uint64_t random_state;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "network: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint32_t draw(uint32_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 32) % below;
}

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

static bool comes_before(const struct packet *a, const struct packet *b)
{
    return a->due < b->due || (a->due == b->due && a->number < b->number);
}

static void push(struct packet *packet)
{
    size_t at = waiting_count++;
    for (; at > 0 && comes_before(packet, waiting[(at - 1) / 2]); at = (at - 1) / 2)
        waiting[at] = waiting[(at - 1) / 2];
    waiting[at] = packet;
}

static struct packet *pop(void)
{
    struct packet *first = waiting[0], *last = waiting[--waiting_count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < waiting_count && comes_before(waiting[child + 1], waiting[child]))
            child++;
        if (child >= waiting_count || !comes_before(waiting[child], last))
            break;
        waiting[at] = waiting[child];
        at = child;
    }
    waiting[at] = last;
    return first;
}

/* What is not IPv4 to one of the hosts (the kernel also looks for routers and the like) is of no interest. */
static void send_on(size_t from, const unsigned char *bytes, size_t size)
{
    static const unsigned char net[3] = {192, 0, 2};
    if (size < 20 || bytes[0] >> 4 != 4 || memcmp(bytes + DESTINATION, net, sizeof net) != 0)
        return;
    size_t to = bytes[DESTINATION + 3] - 1u;
    if (to >= (size_t)host_count || links[from][to].is_cut || draw(1000) < links[from][to].permille ||
        waiting_count == WAITING_MAX)
        return;
    struct packet *packet = malloc(sizeof *packet + size);
    if (packet == NULL)
        die("packet");
    unsigned late = links[from][to].delay * 1000 + draw(links[from][to].jitter * 1000 + 1);
    *packet = (struct packet){now() + late, packets_sent++, to, size};
    memcpy(packet->bytes, bytes, size);
    push(packet);
}

static void deliver(void)
{
    while (waiting_count > 0 && waiting[0]->due <= now()) {
        struct packet *packet = pop();
        /* A host whose device is full, or down, loses it. */
        if (write(devices[packet->host], packet->bytes, packet->size) < 0 && errno == EBADF)
            die("write");
        free(packet);
    }
}

static void take_order(const char *line)
{
    unsigned from, to, delay, jitter, permille;
    char word[8] = "";
    if (sscanf(line, "%u %u %7s", &from, &to, word) != 3 || from - 1 >= (unsigned)host_count ||
        to - 1 >= (unsigned)host_count) {
        fprintf(stderr, "network: what is \"%s\"?\n", line);
        exit(2);
    }
    if (strcmp(word, "cut") == 0 || strcmp(word, "heal") == 0) {
        links[from - 1][to - 1].is_cut = strcmp(word, "cut") == 0;
    } else if (sscanf(line, "%u %u %u %u %u", &from, &to, &delay, &jitter, &permille) == 5) {
        links[from - 1][to - 1].delay = delay;
        links[from - 1][to - 1].jitter = jitter;
        links[from - 1][to - 1].permille = permille;
    } else {
        fprintf(stderr, "network: what is \"%s\"?\n", line);
        exit(2);
    }
}

/* False at the end of standard input. */
static bool take_orders(void)
{
    static char text[4096];
    static size_t length;
    ssize_t count = read(STDIN_FILENO, text + length, sizeof text - 1 - length);
    if (count <= 0)
        return false;
    length += (size_t)count;
    text[length] = '\0';
    char *line = text, *end;
    for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        take_order(line);
    }
    length -= (size_t)(line - text);
    memmove(text, line, length);
    return true;
}

static int make_device(const char *host)
{
    char path[256];
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    snprintf(path, sizeof path, "/run/netns/%s", host);
    int space = open(strcmp(host, "-") == 0 ? "/proc/self/ns/net" : path, O_RDONLY | O_CLOEXEC);
    int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (space < 0 || home < 0 || setns(space, CLONE_NEWNET) != 0)
        die(host);
    int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    snprintf(request.ifr_name, sizeof request.ifr_name, "net0");
    if (device < 0 || ioctl(device, TUNSETIFF, &request) < 0)
        die("/dev/net/tun");
    if (setns(home, CLONE_NEWNET) != 0)
        die("the own namespace");
    close(space);
    close(home);
    return device;
}

static void receive(size_t host)
{
    unsigned char bytes[PACKET_MAX];
    for (int i = 0; i < READS_MAX; i++) {
        ssize_t size = read(devices[host], bytes, sizeof bytes);
        if (size <= 0)
            return;
        send_on(host, bytes, (size_t)size);
    }
}

int main(int count, char **arguments)
{
    struct pollfd polled[HOSTS_MAX + 1];
    if (count < 3 || count - 2 > HOSTS_MAX) {
        fputs("usage: network SEED HOST...\n", stderr);
        return 2;
    }
    random_state = strtoull(arguments[1], NULL, 10) * 2654435761u + 1;
    host_count = count - 2;
    for (int i = 0; i < host_count; i++) {
        devices[i] = make_device(arguments[i + 2]);
        polled[i] = (struct pollfd){.fd = devices[i], .events = POLLIN};
    }
    polled[host_count] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    puts("ready");
    fflush(stdout);
    for (;;) {
        struct timespec rest = {0}, *limit = NULL;
        if (waiting_count > 0) {
            int64_t left = waiting[0]->due - now();
            rest = (struct timespec){left > 0 ? left / 1000000 : 0, left > 0 ? left % 1000000 * 1000 : 0};
            limit = &rest;
        }
        if (ppoll(polled, (nfds_t)host_count + 1, limit, NULL) < 0 && errno != EINTR)
            die("poll");
        deliver();
        for (int i = 0; i < host_count; i++) {
            if ((polled[i].revents & POLLIN) != 0)
                receive((size_t)i);
        }
        if ((polled[host_count].revents & (POLLIN | POLLHUP)) != 0 && !take_orders())
            return 0;
    }
}
