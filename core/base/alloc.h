/* core/base/alloc.h - the one hole to the heap.
 * Every allocation of the product goes through here, so that a test can fail the n-th one and
 * so that freed memory is always wiped (security.md F3: row text stays in freed memory). */
#ifndef DBK_BASE_ALLOC_H
#define DBK_BASE_ALLOC_H

#include <stddef.h>

/* NULL when memory is short. size 0 gives a valid pointer. Memory is zeroed. */
void *dbk_alloc(size_t size) __attribute__((malloc));
/* count * item_size with an overflow check; NULL on overflow. */
void *dbk_alloc_array(size_t count, size_t item_size) __attribute__((malloc));
/* Grows or shrinks; the old block is wiped when it moves. NULL: the old block still stands. */
void *dbk_realloc(void *block, size_t size);
char *dbk_strdup(const char *text) __attribute__((malloc));
/* Wipes, then frees. NULL is nothing. */
void dbk_free(void *block);
/* Usable bytes of a block that came from here. */
size_t dbk_alloc_size(const void *block);

/* Overwrites in a way that the compiler keeps. */
void dbk_wipe(void *p, size_t len);
/* Overwrites what functions that have returned left below the caller's frame, 1 MiB of it: their
 * buffers, and those of libraries that don't wipe theirs. Call it where nothing is pending. */
void dbk_wipe_stack(void);

/* Test hook: called before each allocation with its size; returning 0 makes it fail.
 * NULL removes the hook. Not for use while other threads allocate. */
typedef int (*dbk_alloc_hook)(void *ctx, size_t size);
void dbk_alloc_set_hook(dbk_alloc_hook hook, void *ctx);

#endif
