/* Arena: memory of one operation, released at once. Not for sharing between threads. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena_block;
struct arena {
    struct arena_block *first; /* NULL when empty; a zeroed struct arena is ready for use */
};

/* `size` zeroed bytes, aligned for any type, that live until arena_release. Aborts the process when memory is
 * exhausted: nothing this program does can go on then. */
void *arena_allocate(struct arena *arena, size_t size) __attribute__((returns_nonnull));

/* The same for `count` items of `size`; aborts when the product overflows. */
void *arena_allocate_array(struct arena *arena, size_t count, size_t size) __attribute__((returns_nonnull));

/* A copy of `text`, or of its first `length` bytes, ended with a zero byte. */
char *arena_copy(struct arena *arena, const char *text);
char *arena_copy_bytes(struct arena *arena, const void *bytes, size_t length);

/* printf into the arena. */
char *arena_format(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Releases everything; the arena is then empty and may be used again. */
void arena_release(struct arena *arena);

#endif
