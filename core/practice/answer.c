#include "core/practice/answer.h"

#include <stdio.h>
#include <string.h>

#define FORM "contact"

static const char *const fields[DBK_FAMILY_KINDS] = {
    [DBK_FAMILY_REQUEST] = "requests",
    [DBK_FAMILY_COMPLAINT] = "complaints",
    [DBK_FAMILY_VOICE] = "family_voice",
};

/* DBK_FAMILY_KINDS: it is none. */
static dbk_family_kind kind_of(dbk_span name)
{
    unsigned kind = 0;
    while (kind < DBK_FAMILY_KINDS &&
           !dbk_span_equal(name, dbk_span_str(dbk_family_kind_name((dbk_family_kind)kind))))
        kind++;
    return (dbk_family_kind)kind;
}

/* ---- which one ------------------------------------------------------------------------------- */

typedef struct finding {
    bool any; /* of any kind: then the open one */
    dbk_family_kind kind;
    unsigned number;
    size_t found, open;
    dbk_answered *out;
} finding;

static dbk_rc look(void *ctx, const dbk_family_item *item, dbk_err *err)
{
    finding *f = ctx;
    bool meant = f->any ? item->open : item->kind == f->kind && item->number == f->number;
    if (!meant)
        return DBK_OK;
    f->found++;
    f->open += item->open;
    f->out->kind = item->kind;
    f->out->number = item->number;
    dbk_bytes_truncate(&f->out->text, 0);
    return dbk_bytes_append(&f->out->text, item->text, err);
}

static dbk_rc judge_found(const finding *f, dbk_err *err)
{
    if (f->found == 0 && f->any)
        return dbk_fail(err, DBK_NOT_FOUND, "nothing in that entry waits for an answer");
    if (f->found == 0)
        return dbk_fail(err, DBK_NOT_FOUND, "that entry has no %s %u",
                        dbk_family_kind_name(f->kind), f->number);
    if (f->found > 1)
        return dbk_fail(err, DBK_INVALID,
                        "%zu things in that entry wait for an answer: say which, as \"request 1\"",
                        f->found);
    if (f->open == 0)
        return dbk_fail(err, DBK_CONFLICT, "%s %u of that entry has its answer already",
                        dbk_family_kind_name(f->kind), f->number);
    return DBK_OK;
}

dbk_rc dbk_answer_find(dbk_answered *out, const dbk_note *contact, const char *of, unsigned number,
                       dbk_err *err)
{
    finding f = { .any = of == NULL, .number = number == 0 ? 1 : number, .out = out };
    dbk_reading r;
    *out = (dbk_answered){ .number = 0 };
    dbk_bytes_init(&out->text, DBK_STATE_BYTES_MAX);
    if (contact->form == NULL || strcmp(dbk_form_name(contact->form), FORM) != 0)
        return dbk_fail(err, DBK_NOT_FOUND, "that is no family contact");
    f.kind = of == NULL ? DBK_FAMILY_REQUEST : kind_of(dbk_span_str(of));
    if (f.kind == DBK_FAMILY_KINDS)
        return dbk_fail(err, DBK_INVALID, "what is answered is a request, a complaint or a voice");
    dbk_reading_init(&r, contact);
    const dbk_family_entry entry = { .record = contact->record, .reading = &r };
    dbk_rc rc = dbk_family_items(&entry, look, &f, err);
    dbk_reading_wipe(&r);
    return rc == DBK_OK ? judge_found(&f, err) : rc;
}

void dbk_answered_wipe(dbk_answered *a)
{
    dbk_bytes_wipe(&a->text);
}

/* ---- before an entry is saved ---------------------------------------------------------------- */

static uint64_t count_of(const dbk_intent *p, dbk_family_kind kind)
{
    dbk_span value = p->value(p->ctx, fields[kind]), one;
    uint64_t count = 0;
    if (kind == DBK_FAMILY_VOICE)
        return dbk_cbor_text_of(value).len > 0;
    for (dbk_elements e = dbk_elements_of(value); dbk_elements_next(&e, &one);) {
        dbk_cbor c = dbk_cbor_from(one);
        count += dbk_cbor_peek(&c) == DBK_CBOR_MAP; /* not of "not known" */
    }
    return count;
}

static dbk_rc judge_one(dbk_problems *problems, unsigned place, dbk_span answer,
                        const uint64_t counts[DBK_FAMILY_KINDS], dbk_err *err)
{
    char field[32];
    dbk_family_kind kind = kind_of(dbk_cbor_text_of(dbk_view_member(answer, "of")));
    dbk_cbor c = dbk_cbor_from(dbk_view_member(answer, "number"));
    uint64_t number = dbk_cbor_peek(&c) == DBK_CBOR_UINT ? dbk_cbor_get_uint(&c) : 1;
    /* What a newer form lets a family bring up isn't known here. */
    if (kind == DBK_FAMILY_KINDS || (number > 0 && number <= counts[kind]))
        return DBK_OK;
    (void)snprintf(field, sizeof(field), "answers[%u].number", place);
    return dbk_problems_add(problems, DBK_PROBLEM, field, err,
                            "What came of it %u: this entry has no %s %llu to answer.", place + 1,
                            dbk_family_kind_name(kind), (unsigned long long)number);
}

dbk_rc dbk_answer_judge(dbk_problems *problems, const dbk_intent *proposed, dbk_err *err)
{
    uint64_t counts[DBK_FAMILY_KINDS];
    dbk_span one;
    dbk_rc rc = DBK_OK;
    if (strcmp(dbk_form_name(proposed->form), FORM) != 0 ||
        proposed->added(proposed->ctx, "answers").len == 0)
        return DBK_OK;
    for (unsigned kind = 0; kind < DBK_FAMILY_KINDS; kind++)
        counts[kind] = count_of(proposed, (dbk_family_kind)kind);
    dbk_elements e = dbk_elements_of(proposed->added(proposed->ctx, "answers"));
    for (unsigned place = 0; rc == DBK_OK && dbk_elements_next(&e, &one); place++)
        rc = judge_one(problems, place, one, counts, err);
    return rc;
}
