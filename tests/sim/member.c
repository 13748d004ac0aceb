/* A member whose program writes what no honest one would. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "core/journal/query.h"
#include "sync/driver/line.h"
#include "sync/engine/msg.h"
#include "tests/lib/forge.h"
#include "tests/sim/disk.h"
#include "tests/sim/faults.h"

#define FAR_MS INT64_C(4000000000000) /* 2096 */

static dbk_rc push(sim_device *d, const dbk_id *space, const dbk_sealed *item)
{
    char hex[DBK_ID_HEX_SIZE], target[96];
    dbk_line line;
    dbk_err err = { 0 };
    dbk_bytes body = DBK_BYTES_INIT(DBK_PUSH_BYTES_MAX);
    dbk_id_hex(hex, space);
    (void)snprintf(target, sizeof(target), "/v1/spaces/%s/segments", hex);
    assert_ok(dbk_push_begin(&body, &err), &err);
    assert_ok(dbk_push_add(&body, item, &err), &err);
    dbk_call call = { .method = "POST",
                      .target = target,
                      .content_type = "application/octet-stream",
                      .body = dbk_bytes_span(&body),
                      .has_body = true,
                      .answer_max = DBK_RESPONSE_BYTES_MAX };
    dbk_rc rc = dbk_line_open(&line, d->d.book, &d->d.t, &err);
    if (rc == DBK_OK)
        rc = dbk_line_ask(&line, &call, &err);
    dbk_line_close(&line);
    dbk_bytes_wipe(&body);
    return rc;
}

typedef enum wrong {
    WRONG_TIME,      /* far in the future */
    WRONG_BYTES,     /* no op */
    WRONG_PRED,      /* names what never was */
    WRONG_ERASE,     /* names what others wrote, unseen */
    WRONG_TWICE,     /* two histories of one feed */
    WRONG_SIGNATURE, /* nobody's */
    WRONG_COUNT
} wrong;

static const dbk_id *some_record(sim *s)
{
    for (unsigned i = 0; i < 20; i++) {
        const sim_record *r = &s->ledger.records[sim_dice(s, s->ledger.records_count)];
        if (r->space == SPACE_LIMELIGHT && r->kind == KIND_PERSON && !dbk_id_is_zero(&r->id))
            return &r->id;
    }
    return NULL;
}

/* The values of its name that stand, to be named as seen. */
static size_t standing(sim_device *d, const dbk_id *record, dbk_dot *out, size_t max)
{
    dbk_note *note = NULL;
    dbk_err err = { 0 };
    size_t count = 0;
    if (dbk_query_note(&note, d->d.book, record, &err) != DBK_OK)
        return 0;
    const dbk_state_group *g = dbk_state_group_find(note->state, dbk_span_str("name"));
    for (size_t i = 0; g != NULL && i < g->registers_count && count < max; i++)
        out[count++] = g->registers[i].dot;
    dbk_note_free(note);
    return count;
}

static void write_wrong(sim_device *d)
{
    sim *s = d->sim;
    static const uint8_t garbage[] = { 0xa1, 0x01, 0xff, 0x00 };
    dbk_dot dots[16];
    forge f;
    const dbk_id *record = some_record(s);
    wrong what = (wrong)sim_dice(s, WRONG_COUNT);
    if (record == NULL)
        return;
    forge_init(&f, d->d.book, d->d.book, &s->spaces[SPACE_LIMELIGHT]);
    forge_edit edit = { .record = *record,
                        .form = "person",
                        .field = "name",
                        .text = SIM_CANARY " forged",
                        .time = (uint64_t)s->now_ms << 16 };
    if (what == WRONG_TIME)
        edit.time = (uint64_t)FAR_MS << 16;
    if (what == WRONG_PRED) {
        dots[0] = (dbk_dot){ s->spaces[1], 77 };
        edit.pred = dots;
        edit.pred_count = 1;
    }
    if (what == WRONG_ERASE) {
        edit.pred = dots;
        edit.pred_count = standing(d, record, dots, ARRAY_LEN(dots));
    }
    if (what == WRONG_BYTES) {
        dbk_span one = dbk_span_of(garbage, sizeof(garbage));
        forge_next(&f, &one, 1);
    } else {
        forge_note(&f, &edit);
    }
    if (what == WRONG_SIGNATURE)
        f.header[DBK_SEGMENT_HEADER_BYTES - 1] ^= 1;
    dbk_rc rc = push(d, &s->spaces[SPACE_LIMELIGHT], forge_sealed(&f));
    sim_note(s, "%s pushes what is wrong (%d): %s", d->d.name, (int)what, dbk_rc_name(rc));
    if (what == WRONG_TWICE) {
        f.next_seq = 1;
        memset(&f.head, 0, sizeof(f.head));
        edit.text = SIM_CANARY " forged otherwise";
        forge_note(&f, &edit);
        rc = push(d, &s->spaces[SPACE_LIMELIGHT], forge_sealed(&f));
        sim_note(s, "%s pushes another history: %s", d->d.name, dbk_rc_name(rc));
        sim_mark(s, MARK_EQUIVOCATES);
    }
    sim_mark(s, MARK_FORGED);
    s->forged = true;
    forge_wipe(&f);
}

/* Everything that it may withdraw. */
static void withdraw_all(sim_device *d)
{
    sim *s = d->sim;
    unsigned done = 0;
    for (size_t i = 0; i < s->ledger.records_count && done < 30; i++) {
        char text[64];
        dbk_err err = { 0 };
        if (s->ledger.records[i].kind != KIND_PERSON || disk_is_dead((unsigned)d->index))
            continue;
        size_t number = ledger_open(s, d, i, text);
        dbk_rc rc = dbk_journal_withdraw(d->d.book, &s->ledger.records[i].id, text, &err);
        ledger_close(s, number, rc);
        done += rc == DBK_OK ? 1 : 0;
    }
    sim_note(s, "%s withdraws %u records", d->d.name, done);
    sim_mark(s, MARK_MASS);
}

void member_does_wrong(sim_device *d)
{
    if (sim_dice(d->sim, 8) == 0)
        withdraw_all(d);
    else if (d->sim->ledger.records_count > 0)
        write_wrong(d);
}
