/* What every fuzz target shares. A target is one file: LLVMFuzzerTestOneInput, and the invariants that it
 * checks. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* An invariant of the code under test: a finding when it does not hold. */
#define HOLDS(condition) ((condition) ? (void)0 : fuzz_broken(#condition, __FILE__, __LINE__))

__attribute__((noreturn)) static inline void fuzz_broken(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}

/* The input as text, in a block of exactly its size, so that the sanitizer sees a read too far. Release with
 * free(). */
static inline char *fuzz_text(const uint8_t *bytes, size_t size)
{
    char *text = malloc(size + 1);
    if (text == NULL)
        abort();
    if (size > 0)
        memcpy(text, bytes, size);
    text[size] = '\0';
    return text;
}

/* Cuts a text at its first newline; returns what follows, "" when there is none. */
static inline char *fuzz_second_line(char *text)
{
    char *newline = strchr(text, '\n');
    if (newline == NULL)
        return text + strlen(text);
    *newline = '\0';
    return newline + 1;
}

#endif
