#include "tests/faults/memory.h"

#include <stdlib.h>
#include <time.h>

static bool counting, keeps_refusing;
static uint64_t refuse_at, seen;
static int64_t live;

void memory_refuse(uint64_t at, bool lasting)
{
    refuse_at = at;
    keeps_refusing = lasting;
    seen = 0;
    counting = true;
}

uint64_t memory_grant(void)
{
    counting = false;
    return seen;
}

int64_t memory_live(void)
{
    return live;
}

static bool granted(void)
{
    if (!counting)
        return true;
    seen++;
    return refuse_at == 0 || (keeps_refusing ? seen < refuse_at : seen != refuse_at);
}

static void *taken(void *block)
{
    live += block != NULL;
    return block;
}

/* The names are the linker's. NOLINTBEGIN(*-reserved-identifier,cert-dcl*) */
void *__real_calloc(size_t count, size_t size);
void __real_free(void *block);
void *__real_sodium_malloc(size_t size);
void __real_sodium_free(void *block);
void *__wrap_calloc(size_t count, size_t size);
void __wrap_free(void *block);
void *__wrap_sodium_malloc(size_t size);
void __wrap_sodium_free(void *block);
int __wrap_nanosleep(const struct timespec *wanted, struct timespec *left);

void *__wrap_calloc(size_t count, size_t size)
{
    return granted() ? taken(__real_calloc(count, size)) : NULL;
}

void __wrap_free(void *block)
{
    live -= block != NULL;
    __real_free(block);
}

void *__wrap_sodium_malloc(size_t size)
{
    return granted() ? taken(__real_sodium_malloc(size)) : NULL;
}

void __wrap_sodium_free(void *block)
{
    live -= block != NULL;
    __real_sodium_free(block);
}

/* Who is told to come again later comes at once: some points ended with seconds of it. */
int __wrap_nanosleep(const struct timespec *wanted, struct timespec *left)
{
    (void)wanted;
    (void)left;
    return 0;
}
/* NOLINTEND(*-reserved-identifier,cert-dcl*) */
