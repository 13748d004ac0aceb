#include "core/model/view_impl.h"

#include "core/base/cbor.h"

static const char *const life_names[] = { "live", "signed", "withdrawn", "disposed" };

const char *dbk_life_name(dbk_life life)
{
    DBK_ASSERT((size_t)life < sizeof(life_names) / sizeof(life_names[0]));
    return life_names[life];
}

uint64_t dbk_view_time(const dbk_sibling *v, const dbk_view_opts *opts)
{
    uint64_t claimed = dbk_hlc_ms(v->time);
    uint64_t receipt = opts->receipt == NULL ? 0 : opts->receipt(opts->receipt_ctx, &v->dot);
    return receipt != 0 && receipt < claimed ? receipt : claimed;
}

dbk_span dbk_view_member(dbk_span map, const char *key)
{
    dbk_cbor c = dbk_cbor_from(map);
    uint64_t pairs = dbk_cbor_get_map(&c);
    for (uint64_t i = 0; i < pairs && !c.failed; i++) {
        bool found = dbk_cbor_peek(&c) == DBK_CBOR_TEXT &&
                     dbk_span_equal(dbk_cbor_get_text(&c), dbk_span_str(key));
        dbk_span value = dbk_cbor_get_item(&c);
        if (found && !c.failed)
            return value;
    }
    return (dbk_span){ NULL, 0 };
}

static bool is_lifecycle(const dbk_state_group *group)
{
    return dbk_span_equal(group->name, dbk_span_str(DBK_GROUP_LIFECYCLE));
}

/* A group that the form doesn't know, or knows as no register, is for a person to decide. */
static dbk_rule rule_of(const dbk_state_group *group, const dbk_view_opts *opts,
                        const dbk_group **form_group)
{
    *form_group = NULL;
    if (opts->form == NULL || is_lifecycle(group))
        return DBK_RULE_ASK;
    *form_group = dbk_form_group(opts->form, group->name);
    if (*form_group == NULL || !dbk_rule_is_register((*form_group)->rule))
        return DBK_RULE_ASK;
    return (*form_group)->rule;
}

/* Of a lifecycle value. A state of a newer program ranks lowest and is shown as live. */
static dbk_life life_of(const dbk_sibling *v)
{
    dbk_cbor c = dbk_cbor_from(dbk_view_member(v->value, "state"));
    dbk_span state = dbk_cbor_get_text(&c);
    for (size_t i = 0; i < sizeof(life_names) / sizeof(life_names[0]); i++) {
        if (dbk_span_equal(state, dbk_span_str(life_names[i])))
            return (dbk_life)i;
    }
    return DBK_LIFE_LIVE;
}

/* What comes before the time when a winner is chosen: higher is shown. */
static int64_t rank_of(const dbk_state_group *group, const dbk_sibling *v,
                       const dbk_view_opts *opts)
{
    const dbk_group *form_group;
    dbk_rule rule = rule_of(group, opts, &form_group);
    if (is_lifecycle(group))
        return life_of(v);
    if (rule == DBK_RULE_CAUTIOUS)
        return dbk_form_rank(opts->form, form_group, v->value);
    return rule == DBK_RULE_HQ && v->hq;
}

/* Two values that a person need not choose between. Of a lifecycle only the state counts: two
 * officers who withdrew for reasons of their own agree. */
static bool is_same(const dbk_state_group *group, const dbk_sibling *a, const dbk_sibling *b)
{
    if (is_lifecycle(group))
        return dbk_span_equal(dbk_view_member(a->value, "state"),
                              dbk_view_member(b->value, "state"));
    return dbk_span_equal(a->value, b->value);
}

typedef enum which { WHICH_ALL, WHICH_HQ } which;

static size_t count_distinct(const dbk_state_group *group, which w)
{
    size_t distinct = 0;
    for (size_t i = 0; i < group->registers_count; i++) {
        const dbk_sibling *v = &group->registers[i];
        bool fresh = w == WHICH_ALL || v->hq;
        for (size_t k = 0; k < i && fresh; k++) {
            const dbk_sibling *old = &group->registers[k];
            if ((w == WHICH_ALL || old->hq) && is_same(group, old, v))
                fresh = false;
        }
        distinct += fresh;
    }
    return distinct;
}

static size_t choose_winner(const dbk_state_group *group, const dbk_view_opts *opts)
{
    size_t winner = 0;
    int64_t best_rank = 0;
    uint64_t best_time = 0;
    for (size_t i = 0; i < group->registers_count; i++) {
        const dbk_sibling *v = &group->registers[i];
        int64_t rank = rank_of(group, v, opts);
        uint64_t time = dbk_view_time(v, opts);
        /* Registers are in dot order, so at equal rank and time the later row has the tie. */
        if (i == 0 || rank > best_rank || (rank == best_rank && time >= best_time)) {
            winner = i;
            best_rank = rank;
            best_time = time;
        }
    }
    return winner;
}

dbk_shown dbk_view_group(const dbk_state_group *group, const dbk_view_opts *opts)
{
    const dbk_group *form_group;
    DBK_ASSERT(group->registers_count > 0);
    dbk_rule rule = rule_of(group, opts, &form_group);
    dbk_shown shown = { 0, DBK_DISPUTE_NONE, 1 };
    if (group->registers_count == 1)
        return shown;
    shown.winner = choose_winner(group, opts);
    shown.distinct = count_distinct(group, WHICH_ALL);
    if (shown.distinct < 2 || rule == DBK_RULE_LATEST)
        return shown;
    shown.dispute = DBK_DISPUTE_ASK;
    if (rule == DBK_RULE_CAUTIOUS)
        shown.dispute = DBK_DISPUTE_CAUTIOUS;
    /* Without an HQ value, or with two that differ, there is nothing that a field edit could be
     * a proposal against. */
    if (rule == DBK_RULE_HQ && count_distinct(group, WHICH_HQ) == 1)
        shown.dispute = DBK_DISPUTE_PROPOSAL;
    return shown;
}

size_t dbk_view_pred(const dbk_state_group *group, const dbk_view_opts *opts,
                     const dbk_author *author, dbk_dot *out, size_t max)
{
    const dbk_group *form_group;
    size_t count = 0;
    if (group->registers_count == 0)
        return 0;
    bool hq_decides = rule_of(group, opts, &form_group) == DBK_RULE_HQ && !author->hq;
    size_t winner = dbk_view_group(group, opts).winner;
    for (size_t i = 0; i < group->registers_count && count < max; i++) {
        const dbk_sibling *v = &group->registers[i];
        bool own = dbk_id_equal(&v->dot.feed, &author->feed);
        if (own || (i == winner && !(hq_decides && v->hq)))
            out[count++] = v->dot;
    }
    return count;
}

dbk_life dbk_view_life(const dbk_state *s, const dbk_view_opts *opts, dbk_dispute *dispute)
{
    const dbk_state_group *group = dbk_state_group_find(s, dbk_span_str(DBK_GROUP_LIFECYCLE));
    *dispute = DBK_DISPUTE_NONE;
    if (group == NULL || group->registers_count == 0)
        return DBK_LIFE_LIVE;
    dbk_shown shown = dbk_view_group(group, opts);
    *dispute = shown.dispute;
    return life_of(&group->registers[shown.winner]);
}

dbk_attention dbk_view_attention(const dbk_state *s, const dbk_view_opts *opts)
{
    dbk_attention need = { 0, 0, 0, 0 };
    const dbk_review_pair *pairs;
    for (size_t i = 0; i < dbk_state_groups(s); i++) {
        const dbk_state_group *group = dbk_state_group_at(s, i);
        if (group->registers_count == 0)
            continue;
        dbk_dispute dispute = dbk_view_group(group, opts).dispute;
        need.asks += dispute == DBK_DISPUTE_ASK;
        need.cautious += dispute == DBK_DISPUTE_CAUTIOUS;
        need.proposals += dispute == DBK_DISPUTE_PROPOSAL;
    }
    need.reviews = dbk_state_reviews(s, &pairs);
    return need;
}
