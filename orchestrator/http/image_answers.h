/* The answers that carry a whole image: each is made once, with its headers and the open file, and sent to
 * any number of clients at once. A few are kept, those that were asked for last, so that no more files stay
 * open. */
#ifndef HTTP_IMAGE_ANSWERS_H
#define HTTP_IMAGE_ANSWERS_H

#include <stdint.h>

/* So many files are kept open while nobody reads them: an image has one on the shelf of each thread that
 * sends it. */
enum { IMAGE_SHELVES = 4, IMAGE_SHELF_SIZE = 16, IMAGE_ANSWERS_MAX = IMAGE_SHELVES * IMAGE_SHELF_SIZE };

struct MHD_Response;
struct image_answers;
struct image_shelf;

struct image_answer {
    struct MHD_Response *response; /* status 200; HEAD may be answered with it too */
    int fd;                        /* of the file; closed with the response */
    int holders;                   /* the rest is for image_answers.c alone */
    struct image_shelf *shelf;
    uint64_t asked;
    char sha256[65];
};

struct image_answers *image_answers_create(void);

/* After the last answer was given back. NULL is fine. */
void image_answers_destroy(struct image_answers *answers);

/* The answer with the image of this SHA-256, or NULL when it is not kept for this thread. Release with
 * image_answers_give_back. */
struct image_answer *image_answers_take(struct image_answers *answers, const char *sha256);

/* For image_answers_add: to be asked for before the file is looked for. */
uint64_t image_answers_moment(struct image_answers *answers);

/* Makes the answer from a file of `size` bytes, which it closes, and keeps it, unless an image was forgotten
 * since `moment`: the file may be that image's. `sha256` is 64 digits. Release with image_answers_give_back.
 */
struct image_answer *image_answers_add(struct image_answers *answers, const char *sha256, int fd,
                                       uint64_t size, uint64_t moment);

void image_answers_give_back(struct image_answer *answer);

/* Keeps the image no more. Who reads it reads on. */
void image_answers_forget(struct image_answers *answers, const char *sha256);

#endif
