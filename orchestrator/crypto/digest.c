#include "digest.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { SHA256_SIZE = 32, RANDOM_MAX = 256 };

void digest_sha256(const void *bytes, size_t size, char text[SHA256_HEX_SIZE])
{
    unsigned char digest[SHA256_SIZE];
    if (EVP_Digest(bytes, size, digest, NULL, EVP_sha256(), NULL) != 1)
        abort();
    hex_format(text, digest, sizeof digest);
}

bool digest_sha256_file(int fd, char text[SHA256_HEX_SIZE])
{
    unsigned char bytes[65536], digest[SHA256_SIZE];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
        abort();
    off_t at = 0;
    ssize_t got;
    while ((got = pread(fd, bytes, sizeof bytes, at)) > 0 || (got < 0 && errno == EINTR)) {
        if (got > 0 && EVP_DigestUpdate(context, bytes, (size_t)got) != 1)
            abort();
        at += got > 0 ? got : 0;
    }
    if (EVP_DigestFinal_ex(context, digest, NULL) != 1)
        abort();
    EVP_MD_CTX_free(context);
    hex_format(text, digest, sizeof digest);
    return got == 0;
}

/* A context for each thread: to find the algorithm takes libcrypto four times as long as a short message. */
static pthread_key_t hmac_context;
static pthread_once_t hmac_once = PTHREAD_ONCE_INIT;

static void free_hmac(void *context)
{
    EVP_MAC_CTX_free(context);
}

static void make_hmac_key(void)
{
    if (pthread_key_create(&hmac_context, free_hmac) != 0)
        abort();
}

static EVP_MAC_CTX *new_hmac(void)
{
    EVP_MAC *algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = algorithm == NULL ? NULL : EVP_MAC_CTX_new(algorithm);
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                     OSSL_PARAM_construct_end()};
    if (context == NULL || EVP_MAC_CTX_set_params(context, parameters) != 1)
        abort();
    EVP_MAC_free(algorithm);
    return context;
}

static EVP_MAC_CTX *hmac_of_thread(void)
{
    pthread_once(&hmac_once, make_hmac_key);
    EVP_MAC_CTX *context = pthread_getspecific(hmac_context);
    if (context != NULL)
        return context;
    context = new_hmac();
    if (pthread_setspecific(hmac_context, context) != 0)
        abort();
    return context;
}

void digest_hmac(const void *key, size_t key_size, const void *bytes, size_t size, char text[SHA256_HEX_SIZE])
{
    unsigned char mac[SHA256_SIZE];
    size_t length = 0;
    EVP_MAC_CTX *context = hmac_of_thread();
    if (EVP_MAC_init(context, key, key_size, NULL) != 1 || EVP_MAC_update(context, bytes, size) != 1 ||
        EVP_MAC_final(context, mac, &length, sizeof mac) != 1 || length != sizeof mac)
        abort();
    hex_format(text, mac, sizeof mac);
}

bool digest_equal(const char *left, const char *right)
{
    size_t length = strlen(left);
    return length == strlen(right) && CRYPTO_memcmp(left, right, length) == 0;
}

void random_bytes(void *bytes, size_t size)
{
    /* Up to 256 bytes are never cut short once the pool is ready (getrandom(2)). */
    if (size > RANDOM_MAX || getrandom(bytes, size, 0) != (ssize_t)size)
        abort();
}

void random_hex(char *text, size_t size)
{
    unsigned char bytes[RANDOM_MAX];
    random_bytes(bytes, size);
    hex_format(text, bytes, size);
}
