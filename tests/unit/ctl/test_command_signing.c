/* Commands that have to do with keys, against a server of this test that writes down all it gets. */
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
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "commands.h"

#define VERSION "v1.1.0t45772(n)"

static struct {
    int listener;
    pthread_t thread;
    char url[64];
    char seen[1 << 20]; /* every byte that came */
    size_t used;
} server;

static char directory[] = "/tmp/fota-signing.XXXXXX";
static char key_path[64], public_path[64], file_path[64], signature_path[64];

static void *record(void *context)
{
    static const char reply[] = "HTTP/1.1 201 x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
                                "Connection: close\r\n\r\n{}";
    (void)context;
    for (;;) {
        int fd = accept(server.listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        const char *request = server.seen + server.used, *body;
        size_t wanted = 0;
        while ((body = strstr(request, "\r\n\r\n")) == NULL ||
               (size_t)(server.seen + server.used - body - 4) < wanted) {
            ssize_t got = read(fd, server.seen + server.used, sizeof server.seen - 1 - server.used);
            if (got <= 0)
                break;
            server.used += (size_t)got;
            const char *length = strstr(request, "Content-Length: ");
            wanted = length == NULL ? 0 : strtoul(length + 16, NULL, 10);
        }
        (void)!write(fd, reply, sizeof reply - 1);
        close(fd);
    }
}

static int set_up(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(key_path, sizeof key_path, "%s/release.pem", directory);
    snprintf(public_path, sizeof public_path, "%s/release.pub.pem", directory);
    snprintf(file_path, sizeof file_path, "%s/eagle.flash.bin", directory);
    snprintf(signature_path, sizeof signature_path, "%s/release.json", directory);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server.listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(server.listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(server.listener, 8), 0);
    getsockname(server.listener, (struct sockaddr *)&address, &length);
    snprintf(server.url, sizeof server.url, "http://127.0.0.1:%d", ntohs(address.sin_port));
    return pthread_create(&server.thread, NULL, record, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    shutdown(server.listener, SHUT_RDWR);
    pthread_join(server.thread, NULL);
    close(server.listener);
    unlink(key_path);
    unlink(public_path);
    unlink(file_path);
    unlink(signature_path);
    return rmdir(directory);
}

/* Runs a command line as main does; what it prints is thrown away. */
static enum exit_code run(const char *const *words)
{
    static struct arguments arguments;
    struct error error;
    char *line[32] = {(char *)(uintptr_t) "orchestratorctl"};
    int count = 1;
    for (; words[count - 1] != NULL; count++)
        line[count] = (char *)(uintptr_t)words[count - 1];
    assert_int_equal(arguments_parse(count, line, &arguments, &error), STATUS_OK);
    struct session session = {.client = client_create(server.url, "token"), .out = fopen("/dev/null", "w")};
    session.errors = session.out;
    enum exit_code code = arguments.command->run(&session, &arguments);
    client_destroy(session.client);
    fclose(session.out);
    return code;
}
#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

static void read_file(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

static bool was_sent(const char *bytes)
{
    return memmem(server.seen, server.used, bytes, strlen(bytes)) != NULL;
}

static void a_private_key_is_never_sent(void **state)
{
    (void)state;
    char private_key[2048] = "", public_key[2048] = "", signature[8192] = "";
    FILE *file = fopen(file_path, "w");
    fputs("a program", file);
    fclose(file);
    assert_int_equal(RUN("key", "generate", key_path), EXIT_DONE);
    struct stat found;
    assert_int_equal(stat(key_path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
    assert_int_equal(RUN("firmware", "sign", VERSION, file_path, "--key", key_path, "--output",
                         signature_path, "--sequence", "7"),
                     EXIT_DONE);
    assert_int_equal(server.used, 0); /* neither needs a server */

    assert_int_equal(RUN("key", "register", "release", public_path), EXIT_DONE);
    assert_int_equal(RUN("firmware", "upload", VERSION, file_path, "--signature", signature_path), EXIT_DONE);
    assert_int_equal(RUN("firmware", "add-signature", VERSION, signature_path), EXIT_DONE);
    read_file(signature_path, signature, sizeof signature);
    char *digits = strstr(signature, "\"signature\": \"");
    assert_non_null(digits);
    digits[14 + 128] = '\0';
    assert_true(was_sent(digits + 14));
    assert_true(was_sent("name=\"sequence\"\r\n\r\n7\r\n"));
    read_file(public_path, public_key, sizeof public_key);
    assert_true(was_sent("BEGIN PUBLIC KEY"));

    /* Where a public key or a signature belongs, the private key is refused before anything is sent. */
    size_t before = server.used;
    assert_int_equal(RUN("key", "register", "mistake", key_path), EXIT_REFUSED);
    assert_int_equal(RUN("firmware", "upload", VERSION, file_path, "--signature", key_path), EXIT_REFUSED);
    assert_int_equal(RUN("firmware", "add-signature", VERSION, key_path), EXIT_REFUSED);
    assert_int_equal(RUN("firmware", "verify", VERSION, "--key", key_path), EXIT_REFUSED);
    assert_int_equal(server.used, before);

    read_file(key_path, private_key, sizeof private_key);
    int lines = 0;
    for (char *line = strtok_r(private_key, "\n", &digits); line != NULL;
         line = strtok_r(NULL, "\n", &digits)) {
        assert_false(was_sent(line));
        lines++;
    }
    assert_true(lines >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_private_key_is_never_sent, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
