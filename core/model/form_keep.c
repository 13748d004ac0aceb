#include "core/model/form_keep.h"

#include <string.h>

#include "core/model/form_impl.h"

/* What is compared, and where a failure goes. */
typedef struct keeping {
    const dbk_form *newer, *older;
    const char *field, *part; /* names for the sentence; part NULL: the field itself */
    dbk_err *err;
} keeping;

static dbk_rc lose(const keeping *k, const char *what)
{
    return dbk_fail(k->err, DBK_DENIED,
                    "%s version %u would protect less than version %u: %s%s%s %s",
                    dbk_form_name(k->newer), (unsigned)dbk_form_version(k->newer),
                    (unsigned)dbk_form_version(k->older), k->field, k->part == NULL ? "" : ".",
                    k->part == NULL ? "" : k->part, what);
}

static bool same_text(const char *a, const char *b)
{
    return (a == NULL) == (b == NULL) && (a == NULL || strcmp(a, b) == 0);
}

static bool same_test(const form_test *a, const form_test *b)
{
    if (!same_text(a->field, b->field) || a->codes_count != b->codes_count)
        return false;
    for (size_t i = 0; i < a->codes_count; i++)
        if (!same_text(a->codes[i], b->codes[i]))
            return false;
    return true;
}

static bool same_cond(const form_cond *a, const form_cond *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!same_test(&a->tests[i], &b->tests[i]))
            return false;
    return true;
}

/* ---- answers and their order --------------------------------------------------------------- */

static const dbk_code *code_of(const dbk_field *field, const char *name)
{
    for (size_t i = 0; i < field->codes_count; i++)
        if (strcmp(field->codes[i].name, name) == 0)
            return &field->codes[i];
    return NULL;
}

static int sign_of(int a, int b)
{
    return (a > b) - (a < b);
}

static dbk_rc keep_codes(const keeping *k, const dbk_field *a, const dbk_field *b)
{
    for (size_t i = 0; i < b->codes_count; i++)
        if (code_of(a, b->codes[i].name) == NULL)
            return lose(k, "lacks an answer");
    return DBK_OK;
}

/* Each two answers stand to one another as they did, and not_known to each. */
static bool same_order(const dbk_field *a, const form_more *am, const dbk_field *b,
                       const form_more *bm)
{
    for (size_t i = 0; i < b->codes_count; i++) {
        const dbk_code *one = code_of(a, b->codes[i].name);
        if (sign_of(one->rank, am->rank_not_known) != sign_of(b->codes[i].rank, bm->rank_not_known))
            return false;
        for (size_t j = 0; j < i; j++) {
            const dbk_code *two = code_of(a, b->codes[j].name);
            if (sign_of(one->rank, two->rank) != sign_of(b->codes[i].rank, b->codes[j].rank))
                return false;
        }
    }
    return true;
}

static dbk_rc keep_cautious(const keeping *k, const dbk_field *a, const form_more *am,
                            const dbk_field *b, const form_more *bm)
{
    if (am->order != bm->order)
        return lose(k, "has another order of what protects more");
    if (bm->order == FORM_ORDER_CODES && !same_order(a, am, b, bm))
        return lose(k, "has another order of what protects more");
    if (b->kind == DBK_FIELD_NUMBER && (a->min > b->min || a->max < b->max))
        return lose(k, "has a narrower scale");
    if (!dbk_span_equal(am->preset, bm->preset))
        return lose(k, "begins with another answer");
    return DBK_OK;
}

/* ---- fields -------------------------------------------------------------------------------- */

/* What holds for fields and sub-fields alike. */
static dbk_rc keep_plain(const keeping *k, const dbk_field *a, const form_more *am,
                         const dbk_field *b, const form_more *bm)
{
    if (a->kind != b->kind)
        return lose(k, "is of another kind");
    if (a->need < b->need)
        return lose(k, "is needed less");
    if (b->sensitive && !a->sensitive)
        return lose(k, "isn't marked as sensitive");
    if (!same_cond(&am->need_if, &bm->need_if) || !same_cond(&am->only_if, &bm->only_if) ||
        !same_text(am->need_or, bm->need_or))
        return lose(k, "has other conditions");
    return keep_codes(k, a, b);
}

static dbk_rc keep_parts(keeping *k, const dbk_field *a, const form_more *am, const dbk_field *b,
                         const form_more *bm)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < b->fields_count; i++) {
        size_t at = 0;
        while (at < a->fields_count && strcmp(a->fields[at].name, b->fields[i].name) != 0)
            at++;
        k->part = b->fields[i].name;
        rc = at == a->fields_count
                 ? lose(k, "is gone")
                 : keep_plain(k, &a->fields[at], &am->parts[at], &b->fields[i], &bm->parts[i]);
    }
    k->part = NULL;
    return rc;
}

static dbk_rc keep_group(const keeping *k, const dbk_group *a, const dbk_group *b)
{
    if (strcmp(a->name, b->name) != 0)
        return lose(k, "is in another group");
    if (a->rule != b->rule)
        return lose(k, "merges by another rule");
    if (a->own != b->own)
        return lose(k, "may be written by others");
    if (b->lower_needs != NULL && !same_text(a->lower_needs, b->lower_needs))
        return lose(k, "could be lowered without a reason");
    return DBK_OK;
}

static dbk_rc keep_field(keeping *k, const dbk_field *a, const dbk_field *b)
{
    const form_more *am = dbk_form_more(k->newer, a), *bm = dbk_form_more(k->older, b);
    const dbk_group *group = &k->older->groups[b->group];
    dbk_rc rc = keep_group(k, &k->newer->groups[a->group], group);
    if (rc == DBK_OK)
        rc = keep_plain(k, a, am, b, bm);
    if (rc == DBK_OK && b->route && !a->route)
        rc = lose(k, "isn't marked as a route");
    if (rc == DBK_OK && a->after_sign && !b->after_sign)
        rc = lose(k, "could be written after the signature");
    if (rc == DBK_OK && group->rule == DBK_RULE_CAUTIOUS)
        rc = keep_cautious(k, a, am, b, bm);
    return rc == DBK_OK ? keep_parts(k, a, am, b, bm) : rc;
}

static bool is_way(dbk_field_kind kind)
{
    return kind == DBK_FIELD_PHONE || kind == DBK_FIELD_EMAIL || kind == DBK_FIELD_ADDRESS;
}

/* Itself, or by one of its sub-fields. */
static bool reaches(const dbk_field *field)
{
    bool yes = is_way(field->kind);
    for (size_t i = 0; i < field->fields_count; i++)
        yes = yes || is_way(field->fields[i].kind);
    return yes;
}

dbk_rc dbk_form_keeps(const dbk_form *newer, const dbk_form *older, dbk_err *err)
{
    keeping k = { .newer = newer, .older = older, .err = err };
    dbk_rc rc = DBK_OK;
    DBK_ASSERT(strcmp(dbk_form_name(newer), dbk_form_name(older)) == 0);
    if (older->signs && !newer->signs)
        return dbk_fail(err, DBK_DENIED, "%s version %u could not be signed any more",
                        dbk_form_name(newer), (unsigned)dbk_form_version(newer));
    for (size_t i = 0; rc == DBK_OK && i < older->fields_count; i++) {
        const dbk_field *a = dbk_form_field(newer, older->fields[i].name);
        k.field = older->fields[i].name;
        rc = a == NULL ? lose(&k, "is gone") : keep_field(&k, a, &older->fields[i]);
    }
    for (size_t i = 0; rc == DBK_OK && i < newer->fields_count; i++) {
        const dbk_field *a = &newer->fields[i];
        k.field = a->name;
        if (dbk_form_field(older, a->name) == NULL && reaches(a) && !a->route)
            rc = lose(&k, "reaches a person and isn't marked as a route");
    }
    return rc;
}
