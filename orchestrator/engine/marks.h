/* Which marks of a queue are passed: a mark stands behind all that was put before it, and is passed when all
 * of that is settled. Every operation is O(1).
 *
 * What is put belongs to the present epoch; a mark ends the epoch. At most MARKS_EPOCHS - 1 marks wait at
 * once. A mark made beyond that waits, merged with any other such mark, until an epoch is free; by then it
 * may also stand behind reports that were put after it. It is late then, never early. Not for sharing between
 * threads. */
#ifndef ENGINE_MARKS_H
#define ENGINE_MARKS_H

#include <stddef.h>
#include <stdint.h>

enum { MARKS_EPOCHS = 8 };

/* A zeroed struct is ready. */
struct marks {
    struct {
        int64_t mark;       /* that ended it */
        size_t outstanding; /* put and not settled */
    } epochs[MARKS_EPOCHS];
    unsigned first, present; /* epochs; the first is the oldest that is not passed */
    int64_t waiting;         /* a mark that found no free epoch; 0: none */
    int64_t passed;          /* the newest mark passed; 0: none */
};

/* Something is put. Returns its epoch, for marks_settle. */
unsigned marks_put(struct marks *marks);

/* `count` of what was put in `epoch` is settled. */
void marks_settle(struct marks *marks, unsigned epoch, size_t count);

/* `mark` is positive and not less than those before. */
void marks_add(struct marks *marks, int64_t mark);

#endif
