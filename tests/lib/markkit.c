#include "tests/lib/markkit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/lib/test.h"

#define FILE_BYTES_MAX (4u * 1024u * 1024u)

static const char *const store_files[] = { "store.db", "store.db-wal", "keys.slots", "tries" };

dbk_bytes mark_read_file(const char *path)
{
    dbk_bytes out = DBK_BYTES_INIT(FILE_BYTES_MAX);
    uint8_t part[4096];
    ssize_t got = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && (got = read(fd, part, sizeof(part))) > 0)
        assert_int_equal(dbk_bytes_append(&out, dbk_span_of(part, (size_t)got), NULL), DBK_OK);
    assert_true(fd < 0 || got == 0);
    if (fd >= 0)
        (void)close(fd);
    return out;
}

void mark_write_file(const char *path, dbk_span in)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, in.p, in.len), (ssize_t)in.len);
    (void)close(fd);
}

void mark_copy_file(const char *to, const char *from)
{
    dbk_bytes in = mark_read_file(from);
    if (in.len > 0 || access(from, F_OK) == 0)
        mark_write_file(to, dbk_bytes_span(&in));
    else
        (void)unlink(to);
    dbk_bytes_wipe(&in);
}

void mark_shut(markkit *s)
{
    dbk_book_close(s->anne->book);
    s->anne->book = NULL;
}

void mark_back_up(markkit *s)
{
    mark_shut(s);
    for (size_t i = 0; i < ARRAY_LEN(store_files); i++)
        mark_copy_file(dbk_test_path(s->kept, store_files[i]),
                       dbk_test_path(s->anne->dir, store_files[i]));
    dbk_test_book_reopen(s->anne);
}

void mark_put_back(markkit *s)
{
    for (size_t i = 0; i < ARRAY_LEN(store_files); i++)
        mark_copy_file(dbk_test_path(s->anne->dir, store_files[i]),
                       dbk_test_path(s->kept, store_files[i]));
}

const char *mark_path(markkit *s, unsigned which)
{
    uint8_t salt[DBK_STORE_SALT_BYTES];
    char name[2 * sizeof(salt) + 4];
    dbk_err err = { 0 };
    assert_ok(dbk_store_salt(salt, dbk_test_path(s->anne->dir, "store.db"), &err), &err);
    for (size_t i = 0; i < sizeof(salt); i++)
        (void)snprintf(name + 2 * i, 3, "%02x", salt[i]);
    (void)snprintf(name + 2 * sizeof(salt), 4, "-%u", which);
    return dbk_test_path(s->marks, name);
}

void mark_begin(markkit *s)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER };
    memset(s, 0, sizeof(*s));
    dbk_test_org_make(&s->org, roles, 1);
    s->anne = &s->org.books[1];
    dbk_test_dir_make(s->marks);
    dbk_test_dir_make(s->kept);
    s->anne->anchors = s->marks;
    dbk_test_book_reopen(s->anne);
}

void mark_end(markkit *s)
{
    dbk_test_org_check(&s->org);
    dbk_test_dir_remove(s->marks);
    dbk_test_dir_remove(s->kept);
    dbk_test_org_drop(&s->org);
}

void mark_note(markkit *s)
{
    static const char *const fields[] = { "name=Ruth", NULL };
    (void)dbk_test_add(s->anne->book, &s->org.space, "person", fields);
}

dbk_mark_found mark_found(const markkit *s)
{
    return dbk_book_mark_found(s->anne->book).found;
}

const dbk_book_feed *mark_open_feed(const markkit *s)
{
    const dbk_tables *t = &s->anne->book->tables;
    return dbk_tables_own_feed(t, dbk_tables_space(t, &s->org.space));
}

void mark_expect_renewed(markkit *s, const dbk_id *old)
{
    assert_false(dbk_id_equal(&mark_open_feed(s)->feed, old));
    mark_note(s);
    assert_false(dbk_id_equal(&mark_open_feed(s)->feed, old));
    assert_int_equal(mark_open_feed(s)->now.last_seq, 1);
}

void mark_limit_files(uint64_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    limit.rlim_cur = bytes == 0 ? limit.rlim_max : bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}
