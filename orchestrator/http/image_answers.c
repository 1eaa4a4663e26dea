#include "image_answers.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct image_answers {
    pthread_mutex_t lock;
    struct image_answer *kept[IMAGE_ANSWERS_MAX]; /* the first `count`; each place is a holder */
    int count;
    uint64_t asked;     /* requests so far: the clock by which the one not asked for longest is found */
    uint64_t forgotten; /* calls of image_answers_forget */
};

struct image_answers *image_answers_create(void)
{
    struct image_answers *answers = calloc(1, sizeof *answers);
    if (answers == NULL)
        abort();
    pthread_mutex_init(&answers->lock, NULL);
    return answers;
}

/* With the lock held. The response is destroyed after its last reader, which libmicrohttpd counts itself. */
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
    for (int i = 0; i < answers->count; i++)
        release(answers->kept[i]);
    pthread_mutex_destroy(&answers->lock);
    free(answers);
}

/* The place of an image, or `count`. */
static int find(const struct image_answers *answers, const char *sha256)
{
    int place = 0;
    while (place < answers->count && strcmp(answers->kept[place]->sha256, sha256) != 0)
        place++;
    return place;
}

static void remove_place(struct image_answers *answers, int place)
{
    release(answers->kept[place]);
    answers->kept[place] = answers->kept[--answers->count];
}

static int least_recently_asked(const struct image_answers *answers)
{
    int found = 0;
    for (int i = 1; i < answers->count; i++) {
        if (answers->kept[i]->asked < answers->kept[found]->asked)
            found = i;
    }
    return found;
}

struct image_answer *image_answers_take(struct image_answers *answers, const char *sha256)
{
    struct image_answer *answer = NULL;
    pthread_mutex_lock(&answers->lock);
    int place = find(answers, sha256);
    if (place < answers->count) {
        answer = answers->kept[place];
        answer->asked = ++answers->asked;
        answer->holders++;
    }
    pthread_mutex_unlock(&answers->lock);
    return answer;
}

uint64_t image_answers_moment(struct image_answers *answers)
{
    pthread_mutex_lock(&answers->lock);
    uint64_t moment = answers->forgotten;
    pthread_mutex_unlock(&answers->lock);
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
    answer->holders = 1;
    return answer;
}

struct image_answer *image_answers_add(struct image_answers *answers, const char *sha256, int fd,
                                       uint64_t size, uint64_t moment)
{
    struct image_answer *answer = make_answer(sha256, fd, size);
    pthread_mutex_lock(&answers->lock);
    /* Another request may have been as fast. */
    if (answers->forgotten == moment && find(answers, sha256) == answers->count) {
        if (answers->count == IMAGE_ANSWERS_MAX)
            remove_place(answers, least_recently_asked(answers));
        answer->asked = ++answers->asked;
        answer->holders++;
        answers->kept[answers->count++] = answer;
    }
    pthread_mutex_unlock(&answers->lock);
    return answer;
}

void image_answers_give_back(struct image_answers *answers, struct image_answer *answer)
{
    pthread_mutex_lock(&answers->lock);
    release(answer);
    pthread_mutex_unlock(&answers->lock);
}

void image_answers_forget(struct image_answers *answers, const char *sha256)
{
    pthread_mutex_lock(&answers->lock);
    answers->forgotten++;
    int place = find(answers, sha256);
    if (place < answers->count)
        remove_place(answers, place);
    pthread_mutex_unlock(&answers->lock);
}
