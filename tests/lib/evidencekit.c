#include "tests/lib/test.h"

#include "tests/lib/evidencekit.h"

#include <string.h>

#include "core/journal/book_internal.h"

static dbk_rc take_item(void *ctx, const dbk_evidence *item, dbk_err *err)
{
    evidencekit_items *all = ctx;
    (void)err;
    assert_in_range(all->count, 0, 7);
    all->rows[all->count++] = *item;
    return DBK_OK;
}

evidencekit_items evidencekit_of(dbk_book *book)
{
    evidencekit_items all = { 0 };
    dbk_err err = { 0 };
    assert_ok(dbk_evidence_each(book, take_item, &all, &err), &err);
    return all;
}

void evidencekit_nothing(world *w)
{
    for (size_t i = 0; i <= AUDITOR; i++)
        assert_int_equal(evidencekit_of(world_book(w, i)).count, 0);
}

void evidencekit_note(world *w, forge *f)
{
    forge_note(f, &(forge_edit){ w->joan, "person", "name", "Jo", KIT_NOON, NULL, 0 });
}

void evidencekit_log(world *w, const forge *f)
{
    (void)minilog_append(&w->log, forge_header(f), forge_body(f), KIT_NOON_MS);
}

void evidencekit_pull(world *w, size_t who, uint32_t run)
{
    dbk_inbox_stats stats;
    minilog_pull(&w->log, world_book(w, who), run, &stats);
}

dbk_bytes evidencekit_export(dbk_book *book, uint64_t id)
{
    dbk_bytes file = DBK_BYTES_INIT(DBK_EXHIBIT_FILE_BYTES_MAX);
    dbk_err err = { 0 };
    assert_ok(dbk_evidence_export(book, &file, id, &err), &err);
    return file;
}

void evidencekit_checks(dbk_book *book, const dbk_evidence *item)
{
    dbk_exhibit_shows shows;
    dbk_err err = { 0 };
    dbk_sign_pk other = dbk_book_link(book)->relay;
    dbk_bytes file = evidencekit_export(book, item->id);
    assert_ok(
        dbk_exhibit_file_check(&shows, dbk_bytes_span(&file), &dbk_book_link(book)->root, &err),
        &err);
    assert_memory_equal(&shows.subject, &item->shows.subject, sizeof(shows.subject));
    assert_int_equal(shows.kind, item->shows.kind);
    assert_int_equal(shows.at, item->shows.at);
    assert_true(dbk_exhibit_file_check(&shows, dbk_bytes_span(&file), &other, NULL) != DBK_OK);
    dbk_bytes_wipe(&file);
}

void evidencekit_other_view(world *w, uint64_t from)
{
    for (size_t i = from; i < w->log.count; i++)
        w->log.items[i].receipt_ms += 1000;
    minilog_rebuild(&w->log);
}

void evidencekit_show_note(world *w, size_t who, uint64_t size)
{
    dbk_bytes note = DBK_BYTES_INIT(DBK_CHECKPOINT_BYTES_MAX);
    dbk_err err = { 0 };
    minilog_checkpoint(&w->log, &note, size);
    assert_ok(dbk_evidence_note(world_book(w, who), &w->org.space, dbk_bytes_span(&note), &err),
              &err);
    dbk_bytes_wipe(&note);
}

void evidencekit_fill(world *w, size_t count)
{
    forge f;
    forge_init(&f, world_book(w, BEN), world_book(w, BEN), &w->org.space);
    for (size_t i = 0; i < count; i++) {
        evidencekit_note(w, &f);
        evidencekit_log(w, &f);
    }
    forge_wipe(&f);
}
