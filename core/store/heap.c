/* The store's start: SQLite takes its memory through core/base/alloc.h, so that row text and keys
 * are wiped when SQLite frees them (security.md F3), and so that tests can fail any allocation. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/store/sql.h"

static atomic_bool refused; /* an allocation, ever in this process */

bool dbk_heap_was_short(void)
{
    return atomic_load(&refused);
}

static void *heap_take(int size)
{
    void *block = size > 0 ? dbk_alloc((size_t)size) : NULL;
    if (size > 0 && block == NULL)
        atomic_store(&refused, true);
    return block;
}

static void *heap_resize(void *block, int size)
{
    DBK_ASSERT(size > 0); /* SQLite's contract: both not zero */
    void *moved = dbk_realloc(block, (size_t)size);
    if (moved == NULL)
        atomic_store(&refused, true);
    return moved;
}

static int heap_size(void *block)
{
    return block != NULL ? (int)dbk_alloc_size(block) : 0;
}

static int heap_round(int size)
{
    return (size + 7) & ~7;
}

static int heap_init(void *ctx)
{
    (void)ctx;
    return SQLITE_OK;
}

static void heap_shutdown(void *ctx)
{
    (void)ctx;
}

static int config_code = SQLITE_ERROR;

static void configure(void)
{
    static const sqlite3_mem_methods heap = { heap_take,  dbk_free,  heap_resize,   heap_size,
                                              heap_round, heap_init, heap_shutdown, NULL };
    config_code = sqlite3_config(SQLITE_CONFIG_MALLOC, &heap);
    /* Keeping count of its memory costs SQLite a lock for each allocation. */
    if (config_code == SQLITE_OK)
        config_code = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

dbk_rc dbk_store_start(dbk_err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, configure);
    if (config_code != SQLITE_OK)
        return dbk_fail(err, DBK_IO, "SQLite runs already, with memory that isn't wiped");
    return dbk_sql_rc(NULL, sqlite3_initialize(), err);
}
