#include "core/base/alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"

/* Each block is preceded by its size, so that free can wipe all of it. 16 keeps the
 * alignment that malloc promises. */
#define HEAD_BYTES 16u

static dbk_alloc_hook alloc_hook;
static void *alloc_hook_ctx;

void dbk_alloc_set_hook(dbk_alloc_hook hook, void *ctx)
{
    alloc_hook = hook;
    alloc_hook_ctx = ctx;
}

static uint8_t *head_of(const void *block)
{
    return (uint8_t *)(uintptr_t)block - HEAD_BYTES;
}

size_t dbk_alloc_size(const void *block)
{
    size_t size;
    DBK_ASSERT(block != NULL);
    memcpy(&size, head_of(block), sizeof(size));
    return size;
}

void dbk_wipe(void *p, size_t len)
{
    if (len == 0)
        return;
    memset(p, 0, len);
    /* The compiler must assume that the memory is read here, so it keeps the memset. */
    __asm__ __volatile__("" : : "r"(p) : "memory");
}

/* What memcpy carried last may stand in vector registers: the dynamic linker puts them on the stack
 * when a library's function is called for the first time, also while the program ends. */
#if defined(__x86_64__)
__attribute__((target("avx"))) static void wipe_lower_registers(void)
{
    __asm__ __volatile__("vzeroall" : : : "memory");
}

__attribute__((target("avx512f"))) static void wipe_upper_registers(void)
{
#define ZERO(n) "vpxord %%zmm" #n ", %%zmm" #n ", %%zmm" #n "\n\t"
    __asm__ __volatile__(ZERO(16) ZERO(17) ZERO(18) ZERO(19) ZERO(20) ZERO(21) ZERO(22) ZERO(23)
                             ZERO(24) ZERO(25) ZERO(26) ZERO(27) ZERO(28) ZERO(29) ZERO(30) ZERO(31)
                         :
                         :
                         : "memory");
#undef ZERO
}

static void wipe_registers(void)
{
    if (__builtin_cpu_supports("avx512f"))
        wipe_upper_registers();
    if (__builtin_cpu_supports("avx"))
        wipe_lower_registers();
}
#else
static void wipe_registers(void)
{
}
#endif

/* Not inline: its frame must lie where those of earlier calls lay. */
__attribute__((noinline)) void dbk_wipe_stack(void)
{
    uint8_t below[1024u * 1024u];
    wipe_registers();
    dbk_wipe(below, sizeof(below));
}

void *dbk_alloc(size_t size)
{
    if (size > SIZE_MAX - HEAD_BYTES)
        return NULL;
    if (alloc_hook != NULL && !alloc_hook(alloc_hook_ctx, size))
        return NULL;
    uint8_t *head = calloc(1, size + HEAD_BYTES);
    if (head == NULL)
        return NULL;
    memcpy(head, &size, sizeof(size));
    return head + HEAD_BYTES;
}

void *dbk_alloc_array(size_t count, size_t item_size)
{
    size_t size;
    if (__builtin_mul_overflow(count, item_size, &size))
        return NULL;
    return dbk_alloc(size);
}

void *dbk_realloc(void *block, size_t size)
{
    if (block == NULL)
        return dbk_alloc(size);
    size_t old = dbk_alloc_size(block);
    void *grown = dbk_alloc(size);
    if (grown == NULL)
        return NULL;
    memcpy(grown, block, old < size ? old : size);
    dbk_free(block);
    return grown;
}

char *dbk_strdup(const char *text)
{
    size_t len = strlen(text) + 1;
    char *copy = dbk_alloc(len);
    if (copy != NULL)
        memcpy(copy, text, len);
    return copy;
}

void dbk_free(void *block)
{
    if (block == NULL)
        return;
    dbk_wipe(block, dbk_alloc_size(block));
    free(head_of(block));
}
