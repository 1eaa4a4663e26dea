#include "marks.h"

static unsigned after(unsigned epoch)
{
    return (epoch + 1) % MARKS_EPOCHS;
}

static void end_epoch(struct marks *marks, int64_t mark)
{
    marks->epochs[marks->present].mark = mark;
    marks->present = after(marks->present);
    marks->epochs[marks->present].outstanding = 0;
}

static void pass_marks(struct marks *marks)
{
    for (;;) {
        while (marks->first != marks->present && marks->epochs[marks->first].outstanding == 0) {
            marks->passed = marks->epochs[marks->first].mark;
            marks->first = after(marks->first);
        }
        if (marks->waiting == 0 || after(marks->present) == marks->first)
            return;
        end_epoch(marks, marks->waiting);
        marks->waiting = 0;
    }
}

unsigned marks_put(struct marks *marks)
{
    marks->epochs[marks->present].outstanding++;
    return marks->present;
}

void marks_settle(struct marks *marks, unsigned epoch, size_t count)
{
    marks->epochs[epoch].outstanding -= count;
    pass_marks(marks);
}

void marks_add(struct marks *marks, int64_t mark)
{
    marks->waiting = mark;
    pass_marks(marks);
}
