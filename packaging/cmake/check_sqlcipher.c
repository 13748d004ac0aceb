/* Run by SQLCipher.cmake: is the system library SQLCipher >= 4.5 with what the store needs? */
#include <sqlite3.h>
#include <stdio.h>

int sqlite3_key(sqlite3 *db, const void *key, int key_len);

int main(void)
{
    sqlite3 *db;
    sqlite3_stmt *ask;
    int major = 0;
    int minor = 0;

    printf("SQLite %s", sqlite3_libversion());
    if (sqlite3_libversion_number() < 3043000)
        return 1;
    if (sqlite3_open(":memory:", &db) != SQLITE_OK ||
        sqlite3_prepare_v2(db, "PRAGMA cipher_version", -1, &ask, NULL) != SQLITE_OK ||
        sqlite3_step(ask) != SQLITE_ROW) {
        printf(", no SQLCipher in it");
        return 2;
    }
    const char *version = (const char *)sqlite3_column_text(ask, 0);
    printf(", SQLCipher %s", version);
    if (sscanf(version, "%d.%d", &major, &minor) != 2 || major * 100 + minor < 405)
        return 3;
    sqlite3_finalize(ask);
    if (sqlite3_key(db, "x", 1) == SQLITE_MISUSE ||
        sqlite3_exec(db, "CREATE VIRTUAL TABLE t USING fts5(x); CREATE TABLE u(a INT) STRICT", NULL,
                     NULL, NULL) != SQLITE_OK) {
        printf(", without FTS5 or STRICT tables");
        return 4;
    }
    return 0;
}
