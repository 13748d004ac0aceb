/* plain DB KEYFILE: every row of an SQLCipher file, deciphered, on standard output. With it
 * 80-secrets.sh looks at what a relay holds as the relay itself can: under its own key. */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#define KEY_BYTES 32

static int complain(const char *what)
{
    fprintf(stderr, "plain: %s\n", what);
    return 1;
}

static int read_key(char text[2 * KEY_BYTES + 4], const char *path)
{
    unsigned char key[KEY_BYTES];
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return complain("the key file can't be opened");
    size_t got = fread(key, 1, sizeof(key), file);
    fclose(file);
    if (got != sizeof(key))
        return complain("the key file is short");
    text[0] = 'x';
    text[1] = '\'';
    for (size_t i = 0; i < sizeof(key); i++)
        snprintf(text + 2 + 2 * i, 3, "%02x", key[i]);
    text[2 + 2 * KEY_BYTES] = '\'';
    return 0;
}

static int print_table(sqlite3 *db, const char *name)
{
    char *sql = sqlite3_mprintf("SELECT * FROM \"%w\"", name);
    sqlite3_stmt *rows = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &rows, NULL);
    sqlite3_free(sql);
    if (code != SQLITE_OK)
        return complain(sqlite3_errmsg(db));
    while ((code = sqlite3_step(rows)) == SQLITE_ROW) {
        printf("%s", name);
        for (int i = 0; i < sqlite3_column_count(rows); i++) {
            const void *cell = sqlite3_column_blob(rows, i);
            putchar('\t');
            if (cell != NULL)
                fwrite(cell, 1, (size_t)sqlite3_column_bytes(rows, i), stdout);
        }
        putchar('\n');
    }
    sqlite3_finalize(rows);
    return code == SQLITE_DONE ? 0 : complain(sqlite3_errmsg(db));
}

int main(int argc, char **argv)
{
    static const char names_sql[] = "SELECT name FROM sqlite_master WHERE type = 'table'";
    char key[2 * KEY_BYTES + 4];
    sqlite3 *db = NULL;
    sqlite3_stmt *names = NULL;
    int failed = 0;
    if (argc != 3 || read_key(key, argv[2]) != 0)
        return complain("usage: plain DB KEYFILE");
    if (sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        sqlite3_key(db, key, 3 + 2 * KEY_BYTES) != SQLITE_OK ||
        sqlite3_prepare_v2(db, names_sql, -1, &names, NULL) != SQLITE_OK)
        failed = complain(sqlite3_errmsg(db));
    while (!failed && sqlite3_step(names) == SQLITE_ROW)
        failed = print_table(db, (const char *)sqlite3_column_text(names, 0));
    sqlite3_finalize(names);
    sqlite3_close(db);
    return failed;
}
