/* The touched fields as writes: one per register group, one or two per set, one per log or count.
 */
#include <string.h>

#include "core/base/alloc.h"
#include "core/model/record_impl.h"

/* An op holds more than its writes: record, form, preds, context. */
#define CHANGE_BYTES_MAX (DBK_OP_PLAIN_BYTES_MAX - 8u * 1024u)

void dbk_change_init(dbk_change *c)
{
    *c = (dbk_change){ .writes = NULL, .writes_count = 0, .buf = DBK_BYTES_INIT(CHANGE_BYTES_MAX) };
}

void dbk_change_wipe(dbk_change *c)
{
    dbk_free(c->writes);
    dbk_bytes_wipe(&c->buf);
    c->writes = NULL;
    c->writes_count = 0;
}

/* The buffer moves while it grows, so places are kept as offsets until all is written. */
typedef struct row {
    uint64_t kind;
    size_t group_at, group_len, value_at, value_len;
} row;

typedef struct writer {
    record_work *work;
    dbk_bytes *buf;
    row rows[DBK_OP_WRITES_MAX];
    size_t count;
} writer;

/* Opens a row: its group's name is written, its value comes next. */
static dbk_cbor_out begin_row(writer *w, dbk_write_kind kind, const dbk_group *group)
{
    record_work *c = w->work;
    if (c->rc == DBK_OK && w->count == DBK_OP_WRITES_MAX)
        c->rc = DBK_LIMIT;
    size_t at = w->buf->len;
    if (c->rc == DBK_OK)
        c->rc = dbk_bytes_append_str(w->buf, group->name, NULL);
    if (c->rc == DBK_OK)
        w->rows[w->count] = (row){ kind, at, w->buf->len - at, w->buf->len, 0 };
    dbk_cbor_out out = dbk_cbor_to(w->buf, NULL);
    out.rc = c->rc;
    return out;
}

static void end_row(writer *w, const dbk_cbor_out *out)
{
    w->work->rc = out->rc;
    if (out->rc != DBK_OK)
        return;
    w->rows[w->count].value_len = w->buf->len - w->rows[w->count].value_at;
    w->count++;
}

static void write_items(writer *w, dbk_write_kind kind, const dbk_group *group,
                        const value_items *items)
{
    if (items->count == 0)
        return;
    dbk_cbor_out out = begin_row(w, kind, group);
    dbk_items_put(&out, items);
    end_row(w, &out);
}

static void write_count(writer *w, const dbk_group *group, uint64_t count)
{
    if (count == 0)
        return;
    dbk_cbor_out out = begin_row(w, DBK_WRITE_COUNT, group);
    dbk_cbor_put_uint(&out, count);
    end_row(w, &out);
}

/* The whole group: what wasn't touched stays as it is shown. */
static void write_register(writer *w, size_t group)
{
    const dbk_form *form = w->work->form;
    const dbk_field *field = form->firsts[group];
    uint64_t count = 0;
    for (; field != NULL; field = dbk_form_more(form, field)->next)
        count += dbk_work_shows(w->work, field).len > 0;
    dbk_cbor_out out = begin_row(w, DBK_WRITE_SET, &form->groups[group]);
    dbk_cbor_put_map(&out, count);
    for (field = form->firsts[group]; field != NULL; field = dbk_form_more(form, field)->next) {
        dbk_span value = dbk_work_shows(w->work, field);
        if (value.len == 0)
            continue;
        dbk_cbor_put_str(&out, field->name);
        dbk_cbor_put_item(&out, value);
    }
    end_row(w, &out);
}

static bool group_touched(record_work *c, size_t group)
{
    const dbk_field *field = c->form->firsts[group];
    while (field != NULL && !dbk_work_slot(c, field)->touched)
        field = dbk_form_more(c->form, field)->next;
    return field != NULL;
}

static void write_group(writer *w, size_t g)
{
    record_work *c = w->work;
    const dbk_group *group = &c->form->groups[g];
    if (dbk_rule_is_register(group->rule)) {
        write_register(w, g);
        return;
    }
    record_slot *s = dbk_work_slot(c, c->form->firsts[g]);
    if (group->rule == DBK_RULE_SET) {
        dbk_items_sort(&s->add);
        dbk_items_sort(&s->remove);
        write_items(w, DBK_WRITE_ADD, group, &s->add);
        write_items(w, DBK_WRITE_REMOVE, group, &s->remove);
    } else if (group->rule == DBK_RULE_LOG) {
        write_items(w, DBK_WRITE_APPEND, group, &s->add);
    } else {
        write_count(w, group, s->count);
    }
}

static dbk_rc hand_over(dbk_change *out, const writer *w, dbk_err *err)
{
    dbk_write *writes = dbk_alloc_array(w->count, sizeof(writes[0]));
    if (writes == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for a record");
    for (size_t i = 0; i < w->count; i++) {
        const row *r = &w->rows[i];
        writes[i].kind = r->kind;
        writes[i].group = dbk_span_of(out->buf.p + r->group_at, r->group_len);
        writes[i].value = dbk_span_of(out->buf.p + r->value_at, r->value_len);
    }
    out->writes = writes;
    out->writes_count = w->count;
    return DBK_OK;
}

dbk_rc dbk_work_write(dbk_change *out, record_work *c)
{
    writer w = { .work = c, .buf = &out->buf };
    for (size_t g = 0; g < c->form->groups_count && c->rc == DBK_OK; g++)
        if (group_touched(c, g))
            write_group(&w, g);
    if (c->rc == DBK_LIMIT) {
        c->rc = DBK_OK;
        return dbk_problems_add(c->problems, DBK_PROBLEM, "", c->err,
                                "The entry as a whole is too long to be kept in one piece. "
                                "Put a part of it into a second entry.");
    }
    if (c->rc != DBK_OK)
        return dbk_fail(c->err, c->rc, "the record could not be written");
    if (w.count == 0)
        return dbk_problems_add(c->problems, DBK_PROBLEM, "", c->err,
                                c->opts->is_new ? "Nothing is filled in."
                                                : "This changes nothing.");
    return hand_over(out, &w, c->err);
}
