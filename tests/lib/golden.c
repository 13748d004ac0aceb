#include "tests/lib/test.h"
#include "tests/lib/golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"

#define FILE_BYTES_MAX (1u << 20)
#define PATH_SIZE 512u

static void append(golden *g, const char *text)
{
    dbk_err err = { 0 };
    assert_ok(dbk_bytes_append_str(&g->text, text, &err), &err);
}

void golden_begin(golden *g, const char *path)
{
    g->path = path;
    dbk_bytes_init(&g->text, FILE_BYTES_MAX);
    append(g, "{");
}

void golden_text(golden *g, const char *name, const char *text)
{
    dbk_err err = { 0 };
    const char *comma = g->text.len > 1 ? "," : "";
    assert_ok(dbk_bytes_append_fmt(&g->text, &err, "%s\n  \"%s\": \"%s\"", comma, name, text),
              &err);
}

void golden_hex(golden *g, const char *name, dbk_span bytes)
{
    char *hex = dbk_alloc(2 * bytes.len + 1);
    assert_non_null(hex);
    dbk_hex_print(hex, bytes);
    golden_text(g, name, hex);
    dbk_free(hex);
}

static int writing(void)
{
    const char *wanted = getenv("DAYBOOK_VECTORS");
    return wanted != NULL && strcmp(wanted, "write") == 0;
}

static FILE *open_file(const char *path, const char *mode)
{
    char whole[PATH_SIZE];
    const char *root = getenv("SRC");
    int n = snprintf(whole, sizeof(whole), "%s/%s", root != NULL ? root : ".", path);
    assert_true(n > 0 && (size_t)n < sizeof(whole));
    FILE *file = fopen(whole, mode);
    if (file == NULL)
        fail_msg("%s: cannot open; the header of tests/lib/golden.h says how to write it", path);
    return file;
}

static void write_file(const char *path, dbk_span bytes)
{
    FILE *file = open_file(path, "wb");
    assert_int_equal(fwrite(bytes.p, 1, bytes.len, file), bytes.len);
    assert_int_equal(fclose(file), 0);
}

static void read_file(dbk_bytes *out, const char *path)
{
    FILE *file = open_file(path, "rb");
    uint8_t *room;
    dbk_err err = { 0 };
    dbk_bytes_init(out, FILE_BYTES_MAX);
    assert_ok(dbk_bytes_extend(out, &room, FILE_BYTES_MAX, &err), &err);
    dbk_bytes_truncate(out, fread(room, 1, FILE_BYTES_MAX, file));
    assert_int_equal(fclose(file), 0);
}

static void compare(const char *path, dbk_span got, dbk_span want)
{
    size_t at = 0, line = 1;
    while (at < got.len && at < want.len && got.p[at] == want.p[at])
        line += got.p[at++] == '\n' ? 1 : 0;
    if (at == got.len && at == want.len)
        return;
    fail_msg("%s: line %zu, byte %zu is not what this build makes", path, line, at);
}

void golden_file(const char *path, dbk_span bytes)
{
    dbk_bytes want;
    if (writing()) {
        write_file(path, bytes);
        return;
    }
    read_file(&want, path);
    compare(path, bytes, dbk_bytes_span(&want));
    dbk_bytes_wipe(&want);
}

void golden_end(golden *g)
{
    append(g, "\n}\n");
    golden_file(g->path, dbk_bytes_span(&g->text));
    dbk_bytes_wipe(&g->text);
}
