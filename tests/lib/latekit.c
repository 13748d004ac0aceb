#include "tests/lib/test.h"

#include "tests/lib/latekit.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/journal/inbox_internal.h"
#include "core/journal/quarantine_internal.h"

dbk_book *late_book(late *l, size_t who)
{
    return l->org.books[who].book;
}

void late_make(late *l, size_t in_time)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER, DBK_ROLE_SUPERVISOR, DBK_ROLE_SUPERVISOR,
                                      DBK_ROLE_OFFICER };
    memset(l, 0, sizeof(*l));
    dbk_test_org_make(&l->org, roles, ARRAY_LEN(roles));
    dbk_id org = dbk_roster_org(dbk_book_roster(late_book(l, LATE_HQ)));
    minilog_init(&l->log, &org, &l->org.space, l->org.relay);
    for (size_t i = 0; i < in_time; i++)
        (void)late_write(l, LATE_BEN, "in time");
    late_log(l, LATE_BEN);
    late_pull(l, LATE_HQ);
}

void late_drop(late *l)
{
    for (size_t i = 0; i < l->revoked_count; i++)
        dbk_bytes_wipe(&l->revoked[i]);
    minilog_wipe(&l->log);
    dbk_test_org_drop(&l->org);
}

static void tell(late *l, size_t who, const dbk_bytes *entry)
{
    dbk_err err = { 0 };
    assert_ok(dbk_inbox_member(late_book(l, who), dbk_bytes_span(entry), &err), &err);
}

void late_revoke(late *l, size_t who, unsigned told)
{
    const dbk_leaving leaving = { .device = dbk_book_device(late_book(l, who)),
                                  .reason = "stolen" };
    dbk_bytes *entry = &l->revoked[l->revoked_count++];
    dbk_err err = { 0 };
    dbk_bytes_init(entry, DBK_ENTRY_BYTES_MAX);
    late_pull(l, LATE_HQ);
    assert_ok(dbk_org_leave(late_book(l, LATE_HQ), entry, &leaving, &err), &err);
    for (size_t i = 0; i < LATE_BOOKS; i++)
        if (i == LATE_HQ || (told & (1u << i)) != 0)
            tell(l, i, entry);
}

void late_tell(late *l, size_t who)
{
    for (size_t i = 0; i < l->revoked_count; i++)
        tell(l, who, &l->revoked[i]);
}

dbk_id late_write(late *l, size_t who, const char *name)
{
    char field[64];
    const char *const fields[] = { field, NULL };
    (void)snprintf(field, sizeof(field), "name=%s", name);
    return dbk_test_add(late_book(l, who), &l->org.space, "person", fields);
}

void late_log(late *l, size_t who)
{
    (void)minilog_append_own(&l->log, late_book(l, who), LATE_NOON_MS);
}

void late_pull(late *l, size_t who)
{
    dbk_inbox_stats stats = { 0 };
    minilog_pull(&l->log, late_book(l, who), 1000, &stats);
}

void late_pull_all(late *l)
{
    for (size_t i = 0; i < LATE_BOOKS; i++)
        if (i != LATE_BEN)
            late_pull(l, i);
}

dbk_rc late_carry(late *l, size_t who, const minilog_item *item)
{
    dbk_inbox_stats stats;
    dbk_err err = { 0 };
    const dbk_sealed segment = minilog_sealed(item);
    return dbk_inbox_carried(late_book(l, who), &stats, &segment, &err);
}

/* ---- what stands aside --------------------------------------------------------------------- */

typedef struct look {
    size_t count, wanted;
    late_aside *out;
} look;

static dbk_rc look_aside(void *ctx, const dbk_aside *a, dbk_err *err)
{
    look *k = ctx;
    (void)err;
    if (k->count++ != k->wanted || k->out == NULL)
        return DBK_OK;
    k->out->row = *a;
    (void)snprintf(k->out->why, sizeof(k->out->why), "%s", a->why);
    (void)snprintf(k->out->summary, sizeof(k->out->summary), "%s", a->summary);
    (void)snprintf(k->out->form, sizeof(k->out->form), "%.*s", (int)a->form.len,
                   (const char *)a->form.p);
    return DBK_OK;
}

size_t late_asides(late *l, size_t who)
{
    look k = { .out = NULL };
    dbk_err err = { 0 };
    assert_ok(dbk_quarantine_each(late_book(l, who), look_aside, &k, &err), &err);
    return k.count;
}

late_aside late_aside_at(late *l, size_t who, size_t n)
{
    late_aside a = { .why = "" };
    look k = { .wanted = n, .out = &a };
    dbk_err err = { 0 };
    assert_ok(dbk_quarantine_each(late_book(l, who), look_aside, &k, &err), &err);
    assert_true(k.count > n);
    return a;
}

/* ---- deciding ------------------------------------------------------------------------------ */

dbk_rc late_try(late *l, size_t who, const dbk_id *id, bool admit)
{
    const dbk_decision d = { *id, admit, "as his sergeant confirms" };
    uint64_t merged;
    dbk_err err = { 0 };
    return dbk_quarantine_decide(late_book(l, who), &merged, &d, &err);
}

void late_decide(late *l, size_t who, const dbk_id *id, bool admit)
{
    const dbk_decision d = { *id, admit, "as his sergeant confirms" };
    uint64_t merged;
    dbk_err err = { 0 };
    assert_ok(dbk_quarantine_decide(late_book(l, who), &merged, &d, &err), &err);
}

dbk_id late_id(late *l, size_t item)
{
    return dbk_quarantine_id(&l->org.space, &l->log.items[item].header_hash);
}

void late_write_decision(late *l, size_t who, size_t item, const char *verdict)
{
    char hex[65];
    dbk_err err = { 0 };
    dbk_problems problems = { 0 };
    dbk_id id = late_id(l, item), out;
    const dbk_hash *hash = &l->log.items[item].header_hash;
    dbk_hex_print(hex, dbk_span_of(hash->b, sizeof(hash->b)));
    json_t *json = json_pack("{s:s, s:s, s:s}", "verdict", verdict, "reason", "because", "segment",
                             hex);
    const dbk_input input = { .op = DBK_INPUT_ADD, .field = "verdicts", .json = json };
    const dbk_add add = { l->org.space, "quarantine", &input, 1, &id };
    const dbk_edit edit = { id, &input, 1, NULL };
    dbk_rc rc = dbk_journal_add(late_book(l, who), &out, &problems, &add, &err);
    if (rc == DBK_CONFLICT) {
        dbk_err_clear(&err);
        rc = dbk_journal_edit(late_book(l, who), &problems, &edit, &err);
    }
    assert_ok(rc, &err);
    dbk_problems_wipe(&problems);
    json_decref(json);
}

proof late_all_equal(late *l)
{
    return late_equal_without(l, 1u << LATE_BEN);
}

proof late_equal_without(late *l, unsigned without)
{
    proof first = proof_clean(late_book(l, LATE_HQ), &l->org.space);
    for (size_t i = 1; i < LATE_BOOKS; i++) {
        if ((without & (1u << i)) != 0)
            continue;
        proof other = proof_clean(late_book(l, i), &l->org.space);
        if (!proof_equal(&first, &other))
            fail_msg("book %zu holds %llu ops in %llu records, headquarters %llu in %llu", i,
                     (unsigned long long)other.of.ops, (unsigned long long)other.of.records,
                     (unsigned long long)first.of.ops, (unsigned long long)first.of.records);
    }
    dbk_test_org_check(&l->org);
    return first;
}
