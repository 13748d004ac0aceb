#include "cli/seen.h"

#include <string.h>

#define NOTE_SEEN "conflicts-shown"
#define SEEN_LABEL "daybook/cli-seen/1"
#define ROW_BYTES (2u * DBK_ID_BYTES)

static void add_dot(dbk_hasher *h, const dbk_dot *dot)
{
    dbk_hasher_add(h, dbk_span_of(dot->feed.b, DBK_ID_BYTES));
    dbk_hasher_add(h, dbk_span_of(&dot->seq, sizeof(dot->seq))); /* never leaves this machine */
}

/* Changes whenever a value joins or leaves those that stand, or a review pair does. */
static dbk_id mark_of(const dbk_note *note)
{
    const dbk_review_pair *pairs;
    size_t reviews = dbk_state_reviews(note->state, &pairs);
    dbk_hasher h;
    dbk_id mark;
    dbk_hasher_init(&h, SEEN_LABEL);
    for (size_t i = 0; i < dbk_state_groups(note->state); i++) {
        const dbk_state_group *g = dbk_state_group_at(note->state, i);
        dbk_hasher_add(&h, g->name);
        for (size_t k = 0; k < g->registers_count; k++)
            add_dot(&h, &g->registers[k].dot);
    }
    for (size_t i = 0; i < reviews; i++) {
        add_dot(&h, &pairs[i].a);
        add_dot(&h, &pairs[i].b);
    }
    dbk_hash hash = dbk_hasher_end(&h);
    memcpy(mark.b, hash.b, DBK_ID_BYTES);
    return mark;
}

void cli_seen_note(cli_seen *seen, const dbk_note *note)
{
    if (seen->count == CLI_SEEN_MAX)
        return;
    seen->rows[seen->count].record = note->record;
    seen->rows[seen->count].mark = mark_of(note);
    seen->count++;
}

static bool has(const cli_seen *seen, const uint8_t *record)
{
    for (size_t i = 0; i < seen->count; i++)
        if (memcmp(seen->rows[i].record.b, record, DBK_ID_BYTES) == 0)
            return true;
    return false;
}

dbk_rc cli_seen_keep(const cli *c, const cli_seen *seen, dbk_err *err)
{
    dbk_bytes before = DBK_BYTES_INIT(CLI_SEEN_MAX * ROW_BYTES);
    dbk_bytes now = DBK_BYTES_INIT(CLI_SEEN_MAX * ROW_BYTES);
    dbk_rc rc = DBK_OK;
    if (dbk_book_note_get(c->book, NOTE_SEEN, &before, NULL) != DBK_OK)
        dbk_bytes_truncate(&before, 0);
    for (size_t i = 0; rc == DBK_OK && i < seen->count; i++) {
        rc = dbk_bytes_append(&now, dbk_span_of(seen->rows[i].record.b, DBK_ID_BYTES), err);
        if (rc == DBK_OK)
            rc = dbk_bytes_append(&now, dbk_span_of(seen->rows[i].mark.b, DBK_ID_BYTES), err);
    }
    for (size_t at = 0; rc == DBK_OK && at + ROW_BYTES <= before.len; at += ROW_BYTES)
        if (!has(seen, before.p + at) && now.len + ROW_BYTES <= CLI_SEEN_MAX * ROW_BYTES)
            rc = dbk_bytes_append(&now, dbk_span_of(before.p + at, ROW_BYTES), err);
    if (rc == DBK_OK && !dbk_span_equal(dbk_bytes_span(&now), dbk_bytes_span(&before)))
        rc = dbk_book_note_put(c->book, NOTE_SEEN, dbk_bytes_span(&now), err);
    dbk_bytes_wipe(&before);
    dbk_bytes_wipe(&now);
    return rc;
}

dbk_rc cli_seen_check(const cli *c, const dbk_note *note, dbk_err *err)
{
    dbk_bytes kept = DBK_BYTES_INIT(CLI_SEEN_MAX * ROW_BYTES);
    dbk_id mark = mark_of(note);
    char uuid[DBK_ID_UUID_SIZE];
    bool shown = false, same = false;
    dbk_id_uuid(uuid, &note->record);
    if (dbk_book_note_get(c->book, NOTE_SEEN, &kept, NULL) != DBK_OK)
        dbk_bytes_truncate(&kept, 0);
    for (size_t at = 0; at + ROW_BYTES <= kept.len; at += ROW_BYTES) {
        if (memcmp(kept.p + at, note->record.b, DBK_ID_BYTES) != 0)
            continue;
        shown = true;
        same = memcmp(kept.p + at + DBK_ID_BYTES, mark.b, DBK_ID_BYTES) == 0;
    }
    dbk_bytes_wipe(&kept);
    if (shown && same)
        return DBK_OK;
    if (shown)
        return dbk_fail(err, DBK_CONFLICT,
                        "the record changed since you looked; see what stands now: daybook "
                        "conflicts %s",
                        uuid);
    return dbk_fail(err, DBK_CONFLICT, "first see what stands: daybook conflicts %s", uuid);
}
