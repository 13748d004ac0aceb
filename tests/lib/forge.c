#include "tests/lib/forge.h"

#include <string.h>

#include "core/base/cbor.h"
#include "core/base/wire.h"
#include "core/journal/book_internal.h"
#include "core/journal/record_id.h"

static void must(dbk_rc rc, const dbk_err *err)
{
    if (rc != DBK_OK)
        dbk_assert_failed(err->text, "forge", 0);
}

void forge_init(forge *f, dbk_book *writer, dbk_book *holder, const dbk_id *space)
{
    dbk_key_entry current = { 0 };
    memset(f, 0, sizeof(*f));
    f->writer = writer;
    f->key = dbk_keyring_current(holder->keyring, space, &current);
    DBK_ASSERT(f->key != NULL);
    f->key_id = current.key_id;
    f->space = *space;
    writer->env->random(writer->env->self, f->incarnation.b, sizeof(f->incarnation.b));
    f->feed = dbk_feed_id(&writer->own.device, space, &f->incarnation);
    f->members_seen = dbk_roster_head(holder->roster);
    f->next_seq = 1;
    dbk_bytes_init(&f->body, DBK_SEGMENT_BODY_BYTES_MAX);
}

void forge_wipe(forge *f)
{
    dbk_bytes_wipe(&f->body);
}

static void finish(forge *f)
{
    dbk_header_encode(f->header, &f->h);
    f->head = dbk_header_hash(&f->h);
    f->next_seq = dbk_header_last_seq(&f->h) + 1;
}

void forge_next(forge *f, const dbk_span *plain, size_t count)
{
    dbk_err err = { 0 };
    dbk_seal_keys keys = { f->key, f->key_id, f->writer->own.sign, NULL, f->writer->env };
    f->h = (dbk_header){ .count = (uint16_t)count,
                         .space = f->space,
                         .feed = f->feed,
                         .incarnation = f->incarnation,
                         .first_seq = f->next_seq,
                         .prev = f->head,
                         .members_seen = f->members_seen };
    f->writer->env->random(f->writer->env->self, f->h.salt, sizeof(f->h.salt));
    dbk_bytes_truncate(&f->body, 0);
    must(dbk_seal_segment(f->writer->sealer, &f->h, &f->body, plain, &keys, &err), &err);
    finish(f);
}

void forge_resign(forge *f)
{
    dbk_frame frames[DBK_SEGMENT_OPS_MAX];
    f->h.body_len = (uint32_t)f->body.len;
    if (dbk_body_split(frames, &f->h, dbk_bytes_span(&f->body), NULL) == DBK_OK)
        f->h.op_root = dbk_frames_root(frames, f->h.count);
    dbk_header_sign(&f->h, f->writer->own.sign);
    finish(f);
}

dbk_span forge_header(const forge *f)
{
    return dbk_span_of(f->header, sizeof(f->header));
}

dbk_span forge_body(const forge *f)
{
    return dbk_bytes_span(&f->body);
}

const dbk_sealed *forge_sealed(forge *f)
{
    f->sealed = (dbk_sealed){ forge_header(f), forge_body(f), false };
    return &f->sealed;
}

dbk_id forge_record(const forge *f, const char *form, uint64_t n)
{
    dbk_id name = { { 0 } };
    (void)dbk_wire_put_u64(name.b, n << 16 | 0x99); /* bytes 6 to 8 hold more than the number */
    return dbk_record_id_of(&f->space, form, &name);
}

void forge_op(const forge *f, dbk_bytes *out, const forge_edit *edit)
{
    dbk_err err = { 0 };
    dbk_bytes value = DBK_BYTES_INIT(4096);
    dbk_cbor_out o = dbk_cbor_to(&value, &err);
    dbk_cbor_put_map(&o, 1);
    dbk_cbor_put_str(&o, edit->field);
    dbk_cbor_put_str(&o, edit->text);
    must(o.rc, &err);
    dbk_write write = { .kind = DBK_WRITE_SET,
                        .group = dbk_span_str(edit->field),
                        .value = dbk_bytes_span(&value),
                        .pred = edit->pred,
                        .pred_count = edit->pred_count };
    dbk_op op = { .record = edit->record,
                  .form = dbk_span_str(edit->form),
                  .form_version = 1,
                  .time = edit->time,
                  .writes = &write,
                  .writes_count = 1 };
    must(dbk_op_encode(out, &op, &f->feed, &err), &err);
    dbk_bytes_wipe(&value);
}

void forge_note(forge *f, const forge_edit *edit)
{
    dbk_bytes plain = DBK_BYTES_INIT(DBK_OP_PLAIN_BYTES_MAX);
    forge_op(f, &plain, edit);
    dbk_span one = dbk_bytes_span(&plain);
    forge_next(f, &one, 1);
    dbk_bytes_wipe(&plain);
}
