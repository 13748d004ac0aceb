#include "tests/lib/cells.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "core/journal/book_internal.h"
#include "core/store/sql.h"
#include "tests/lib/test.h"

static bool holds(const uint8_t *cell, size_t len, dbk_span bytes)
{
    for (size_t at = 0; at + bytes.len <= len; at++)
        if (memcmp(cell + at, bytes.p, bytes.len) == 0)
            return true;
    return false;
}

size_t cells_with(dbk_book *of, dbk_span bytes)
{
    sqlite3 *db = of->store->db;
    sqlite3_stmt *names = NULL;
    size_t count = 0;
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT name FROM sqlite_master WHERE type='table'"
                                        " AND name<>'words'",
                                        -1, &names, NULL),
                     SQLITE_OK);
    while (sqlite3_step(names) == SQLITE_ROW) {
        char text[128];
        sqlite3_stmt *rows = NULL;
        (void)snprintf(text, sizeof(text), "SELECT * FROM \"%s\"", sqlite3_column_text(names, 0));
        assert_int_equal(sqlite3_prepare_v2(db, text, -1, &rows, NULL), SQLITE_OK);
        while (sqlite3_step(rows) == SQLITE_ROW) {
            for (int i = 0; i < sqlite3_column_count(rows); i++) {
                const void *cell = sqlite3_column_blob(rows, i);
                size_t len = (size_t)sqlite3_column_bytes(rows, i);
                count += holds(cell, len, bytes) ? 1 : 0;
            }
        }
        sqlite3_finalize(rows);
    }
    sqlite3_finalize(names);
    return count;
}
