#include "image_answers.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What some of the threads share. libmicrohttpd locks a response while a part of it goes to a socket, so that
 * threads that send the same one wait for each other. */
struct image_shelf {
    pthread_mutex_t lock;
    struct image_answer *kept[IMAGE_SHELF_SIZE]; /* the first `count`; each place is a holder */
    int count;
    uint64_t asked;     /* requests so far: the clock by which the one not asked for longest is found */
    uint64_t forgotten; /* calls of image_answers_forget */
};

struct image_answers {
    struct image_shelf shelves[IMAGE_SHELVES];
};

struct image_answers *image_answers_create(void)
{
    struct image_answers *answers = calloc(1, sizeof *answers);
    if (answers == NULL)
        abort();
    for (int i = 0; i < IMAGE_SHELVES; i++)
        pthread_mutex_init(&answers->shelves[i].lock, NULL);
    return answers;
}

/* With the shelf's lock held. The response is destroyed after its last reader, which libmicrohttpd counts
 * itself. */
static void release(struct image_answer *answer)
{
    if (--answer->holders > 0)
        return;
    MHD_destroy_response(answer->response);
    free(answer);
}

void image_answers_destroy(struct image_answers *answers)
{
    if (answers == NULL)
        return;
    for (int i = 0; i < IMAGE_SHELVES; i++) {
        struct image_shelf *shelf = &answers->shelves[i];
        while (shelf->count > 0)
            release(shelf->kept[--shelf->count]);
        pthread_mutex_destroy(&shelf->lock);
    }
    free(answers);
}

/* Threads are dealt out to the shelves one after the other. */
static struct image_shelf *shelf_of_thread(struct image_answers *answers)
{
    static atomic_uint threads;
    static _Thread_local unsigned number;
    if (number == 0)
        number = atomic_fetch_add(&threads, 1) + 1;
    return &answers->shelves[number % IMAGE_SHELVES];
}

/* The place of an image, or `count`. */
static int find(const struct image_shelf *shelf, const char *sha256)
{
    int place = 0;
    while (place < shelf->count && strcmp(shelf->kept[place]->sha256, sha256) != 0)
        place++;
    return place;
}

static void remove_place(struct image_shelf *shelf, int place)
{
    release(shelf->kept[place]);
    shelf->kept[place] = shelf->kept[--shelf->count];
}

static int least_recently_asked(const struct image_shelf *shelf)
{
    int found = 0;
    for (int i = 1; i < shelf->count; i++) {
        if (shelf->kept[i]->asked < shelf->kept[found]->asked)
            found = i;
    }
    return found;
}

struct image_answer *image_answers_take(struct image_answers *answers, const char *sha256)
{
    struct image_shelf *shelf = shelf_of_thread(answers);
    struct image_answer *answer = NULL;
    pthread_mutex_lock(&shelf->lock);
    int place = find(shelf, sha256);
    if (place < shelf->count) {
        answer = shelf->kept[place];
        answer->asked = ++shelf->asked;
        answer->holders++;
    }
    pthread_mutex_unlock(&shelf->lock);
    return answer;
}

uint64_t image_answers_moment(struct image_answers *answers)
{
    struct image_shelf *shelf = shelf_of_thread(answers);
    pthread_mutex_lock(&shelf->lock);
    uint64_t moment = shelf->forgotten;
    pthread_mutex_unlock(&shelf->lock);
    return moment;
}

static struct image_answer *make_answer(const char *sha256, int fd, uint64_t size)
{
    char etag[sizeof((struct image_answer *)NULL)->sha256 + 2];
    struct image_answer *answer = calloc(1, sizeof *answer);
    struct MHD_Response *response = MHD_create_response_from_fd64(size, fd);
    if (answer == NULL || response == NULL)
        abort();
    snprintf(answer->sha256, sizeof answer->sha256, "%s", sha256);
    snprintf(etag, sizeof etag, "\"%s\"", answer->sha256);
    MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, etag);
    MHD_add_response_header(response, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes");
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/octet-stream");
    answer->response = response;
    answer->fd = fd;
    answer->holders = 1;
    return answer;
}

struct image_answer *image_answers_add(struct image_answers *answers, const char *sha256, int fd,
                                       uint64_t size, uint64_t moment)
{
    struct image_shelf *shelf = shelf_of_thread(answers);
    struct image_answer *answer = make_answer(sha256, fd, size);
    answer->shelf = shelf;
    pthread_mutex_lock(&shelf->lock);
    /* Another thread may have been as fast. */
    if (shelf->forgotten == moment && find(shelf, sha256) == shelf->count) {
        if (shelf->count == IMAGE_SHELF_SIZE)
            remove_place(shelf, least_recently_asked(shelf));
        answer->asked = ++shelf->asked;
        answer->holders++;
        shelf->kept[shelf->count++] = answer;
    }
    pthread_mutex_unlock(&shelf->lock);
    return answer;
}

void image_answers_give_back(struct image_answer *answer)
{
    struct image_shelf *shelf = answer->shelf;
    pthread_mutex_lock(&shelf->lock);
    release(answer);
    pthread_mutex_unlock(&shelf->lock);
}

void image_answers_forget(struct image_answers *answers, const char *sha256)
{
    for (int i = 0; i < IMAGE_SHELVES; i++) {
        struct image_shelf *shelf = &answers->shelves[i];
        pthread_mutex_lock(&shelf->lock);
        shelf->forgotten++;
        int place = find(shelf, sha256);
        if (place < shelf->count)
            remove_place(shelf, place);
        pthread_mutex_unlock(&shelf->lock);
    }
}
