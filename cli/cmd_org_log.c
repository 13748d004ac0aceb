/* Every change of the organisation's membership, in plain words. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/render.h"
#include "cli/words.h"
#include "core/base/text.h"

#define WORDS_BYTES_MAX (16u * 1024u)

/* Words about one change; the first failure sticks. */
typedef struct words {
    const cli *c;
    const dbk_orglog_row *change;
    dbk_bytes *out;
    dbk_rc rc;
    dbk_err *err;
} words;

static void say(words *w, const char *text)
{
    if (w->rc == DBK_OK)
        w->rc = dbk_bytes_append_str(w->out, text, w->err);
}

static void say_number(words *w, uint64_t n)
{
    if (w->rc == DBK_OK)
        w->rc = dbk_bytes_append_fmt(w->out, w->err, "%llu", (unsigned long long)n);
}

static void say_device(words *w, const dbk_id *device)
{
    say(w, cli_device_name(w->c, device));
}

/* What isn't held here has no name, and nothing else either. */
static void say_space(words *w)
{
    if (w->change->space_held)
        say(w, cli_space_name(w->c, &w->change->entry->space));
    else
        say(w, "another space");
}

/* A device of that person: the chain knows no other name for one. */
static void say_person(words *w, const dbk_id *person)
{
    const dbk_roster *roster = dbk_book_roster(w->c->book);
    for (size_t i = 0; i < dbk_roster_devices(roster); i++) {
        const dbk_member *m = dbk_roster_device_at(roster, i);
        if (dbk_id_equal(&m->person, person)) {
            say_device(w, &m->device);
            return;
        }
    }
    say(w, "someone");
}

/* ---- by kind ------------------------------------------------------------------------------- */

static void say_genesis(words *w)
{
    say(w, "founded the organisation, with ");
    say_device(w, &w->change->entry->device);
    say(w, " as its administrator");
}

static void say_enrol(words *w)
{
    say(w, "let in ");
    say_device(w, &w->change->entry->device);
    say(w, ", as ");
    say(w, dbk_role_name(w->change->entry->role));
}

static void say_new_space(words *w)
{
    const dbk_entry *e = w->change->entry;
    say(w, "made ");
    say_space(w);
    if (!w->change->space_held)
        return;
    if (e->restricted)
        say(w, " (restricted)");
    for (size_t i = 0; i < e->grants_count; i++) {
        say(w, i == 0 ? ", with " : ", ");
        say_device(w, &e->grants[i].device);
        say(w, " as ");
        say(w, dbk_role_name(e->grants[i].role));
    }
}

static void say_grant(words *w)
{
    const dbk_entry *e = w->change->entry;
    say(w, "let ");
    say_device(w, &e->device);
    say(w, " into ");
    say_space(w);
    if (!w->change->space_held)
        return;
    say(w, ", as ");
    say(w, dbk_role_name(e->role));
    if (e->expires_ms != 0) {
        say(w, " until ");
        say(w, cli_time((int64_t)e->expires_ms));
    }
}

/* Up to where its notes count, in the spaces that are held here. */
static void say_cuts(words *w)
{
    const dbk_entry *e = w->change->entry;
    for (size_t i = 0; i < e->cuts_count; i++) {
        if (!dbk_orglog_space_held(w->c->book, &e->cuts[i].space))
            continue;
        say(w, "; in ");
        say(w, cli_space_name(w->c, &e->cuts[i].space));
        say(w, " its notes count up to entry ");
        say_number(w, e->cuts[i].log_size);
        say(w, " of the log");
    }
}

static void say_revoke(words *w)
{
    say(w, "shut out ");
    say_device(w, &w->change->entry->device);
    say(w, ": ");
    say(w, out_safe(w->change->entry->reason));
    say_cuts(w);
}

static void say_remove(words *w)
{
    say(w, "took ");
    say_device(w, &w->change->entry->device);
    say(w, " out of ");
    say_space(w);
    say_cuts(w);
}

static void say_rotate(words *w)
{
    const dbk_id *space = &w->change->entry->space;
    const dbk_space *s = dbk_roster_space(dbk_book_roster(w->c->book), space);
    say(w, "gave ");
    if (s != NULL && s->is_roster)
        say(w, "the names of devices");
    else
        say_space(w);
    say(w, " a new key");
    if (w->change->space_held) {
        say(w, ", number ");
        say_number(w, w->change->entry->epoch.epoch);
    }
}

/* Who is barred from what isn't held here would tell that person of it. */
static void say_bar(words *w)
{
    if (!w->change->space_held) {
        say(w, "barred someone from another space");
        return;
    }
    say(w, "barred ");
    say_person(w, &w->change->entry->person);
    say(w, " from ");
    say_space(w);
}

static void say_recovery(words *w)
{
    const dbk_entry *e = w->change->entry;
    say(w, "let the relay begin new logs after it was restored");
    if (e->text.len > 0) {
        say(w, ": ");
        say(w, out_safe(e->text));
    }
    for (size_t i = 0; i < e->logs_count; i++) {
        if (!dbk_orglog_space_held(w->c->book, &e->logs[i].space))
            continue;
        say(w, "; ");
        say(w, cli_space_name(w->c, &e->logs[i].space));
        say(w, " had ");
        say_number(w, e->logs[i].old_size);
        say(w, " entries");
    }
}

static bool same_keys(const dbk_policy_keys *a, const dbk_policy_keys *b)
{
    return a->count == b->count && memcmp(a->b, b->b, a->count * sizeof(a->b[0])) == 0;
}

/* What differs from the rules before. */
static void say_policy(words *w)
{
    const dbk_policy *a = w->change->before, *b = &w->change->entry->policy;
    const struct {
        const char *name;
        uint64_t before, after;
    } numbers[] = {
        { "oldest protocol", a->protocol_floor, b->protocol_floor },
        { "hours until a view is stale", a->freshness_h, b->freshness_h },
        { "hours that a device opens without one", a->lease_h, b->lease_h },
        { "days that a key is used", a->rotate_days, b->rotate_days },
    };
    const struct {
        const char *name;
        const dbk_policy_keys *before, *after;
    } keys[] = {
        { "the relay's TLS keys", &a->tls_pins, &b->tls_pins },
        { "the witnesses", &a->witnesses, &b->witnesses },
        { "the recovery keys", &a->recovery, &b->recovery },
    };
    const char *sep = ": ";
    say(w, "set the rules");
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (numbers[i].before == numbers[i].after)
            continue;
        say(w, sep);
        sep = "; ";
        say(w, numbers[i].name);
        say(w, " ");
        say_number(w, numbers[i].before);
        say(w, " -> ");
        say_number(w, numbers[i].after);
    }
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (same_keys(keys[i].before, keys[i].after))
            continue;
        say(w, sep);
        sep = "; ";
        say(w, keys[i].name);
        say(w, " changed (");
        say_number(w, keys[i].before->count);
        say(w, " -> ");
        say_number(w, keys[i].after->count);
        say(w, ")");
    }
    if (strcmp(sep, ": ") == 0)
        say(w, " anew, as they were");
}

typedef struct kind_row {
    const char *code; /* in --json */
    void (*say)(words *w);
} kind_row;
static const kind_row kinds[] = {
    [DBK_ENTRY_GENESIS] = { "genesis", say_genesis },
    [DBK_ENTRY_ENROL] = { "enrol", say_enrol },
    [DBK_ENTRY_SPACE] = { "space", say_new_space },
    [DBK_ENTRY_GRANT] = { "grant", say_grant },
    [DBK_ENTRY_REVOKE] = { "revoke", say_revoke },
    [DBK_ENTRY_ROTATE] = { "rotate", say_rotate },
    [DBK_ENTRY_POLICY] = { "policy", say_policy },
    [DBK_ENTRY_RECOVERY] = { "recovery", say_recovery },
    [DBK_ENTRY_REMOVE] = { "remove", say_remove },
    [DBK_ENTRY_BAR] = { "bar", say_bar },
};

/* ---- rows ---------------------------------------------------------------------------------- */

typedef struct listing {
    cli *c;
    out_table *table; /* NULL: json */
} listing;

static json_t *hex_json(const dbk_id *id)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_id_hex(hex, id);
    return json_string(hex);
}

static json_t *signers_json(const cli *c, const dbk_orglog_row *change)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < change->signers_count; i++)
        (void)json_array_append_new(
            rows, json_pack("{s:s, s:o}", "name", cli_device_name(c, &change->signers[i]->device),
                            "device", hex_json(&change->signers[i]->device)));
    if (change->by_root)
        (void)json_array_append_new(rows, json_pack("{s:s, s:n}", "name", "root", "device"));
    return rows;
}

static bool is_about_device(dbk_entry_kind kind)
{
    return kind == DBK_ENTRY_GENESIS || kind == DBK_ENTRY_ENROL || kind == DBK_ENTRY_GRANT ||
           kind == DBK_ENTRY_REVOKE || kind == DBK_ENTRY_REMOVE;
}

static dbk_rc row_json(const cli *c, const dbk_orglog_row *change, const char *text, dbk_err *err)
{
    const dbk_entry *e = change->entry;
    json_t *row = json_pack("{s:I, s:s, s:o, s:o, s:s}", "change", (json_int_t)e->seq, "kind",
                            kinds[e->kind].code, "claimed", cli_time_json((int64_t)e->time_ms),
                            "signed_by", signers_json(c, change), "text", text);
    if (is_about_device(e->kind))
        (void)json_object_set_new(row, "device", hex_json(&e->device));
    if (change->space_held && !dbk_id_is_zero(&e->space))
        (void)json_object_set_new(row, "space", hex_json(&e->space));
    return out_json_take(row, err);
}

static dbk_rc row_text(const listing *l, const dbk_orglog_row *change, const char *text,
                       dbk_err *err)
{
    dbk_bytes who = DBK_BYTES_INIT(WORDS_BYTES_MAX);
    char seq[24];
    words w = { l->c, change, &who, DBK_OK, err };
    (void)snprintf(seq, sizeof(seq), "%llu", (unsigned long long)change->entry->seq);
    for (size_t i = 0; i < change->signers_count; i++) {
        say(&w, i > 0 ? ", " : "");
        say_device(&w, &change->signers[i]->device);
    }
    if (change->by_root)
        say(&w, change->signers_count > 0 ? ", the root key" : "the root key");
    if (w.rc == DBK_OK)
        w.rc = dbk_bytes_append_u8(&who, 0, err);
    if (w.rc == DBK_OK)
        w.rc = out_table_row(
            l->table,
            (const char *[]){ seq, cli_time((int64_t)change->entry->time_ms), (char *)who.p, text },
            err);
    dbk_bytes_wipe(&who);
    return w.rc;
}

static dbk_rc show_change(void *ctx, const dbk_orglog_row *change, dbk_err *err)
{
    const listing *l = ctx;
    dbk_bytes text = DBK_BYTES_INIT(WORDS_BYTES_MAX);
    words w = { l->c, change, &text, DBK_OK, err };
    kinds[change->entry->kind].say(&w);
    if (w.rc == DBK_OK)
        w.rc = dbk_bytes_append_u8(&text, 0, err);
    if (w.rc == DBK_OK && l->table == NULL)
        w.rc = row_json(l->c, change, (char *)text.p, err);
    else if (w.rc == DBK_OK)
        w.rc = row_text(l, change, (char *)text.p, err);
    dbk_bytes_wipe(&text);
    return w.rc;
}

dbk_rc cmd_org_log(cli *c, const cli_args *a, dbk_err *err)
{
    static const char *const heads[] = { "CHANGE", "CLAIMED", "SIGNED BY", "WHAT" };
    listing l = { c, NULL };
    const char *since = cli_option_value(a, "--since");
    uint64_t from = 0;
    dbk_rc rc = DBK_OK;
    if (since != NULL && dbk_u64_parse(&from, dbk_span_str(since), NULL) != DBK_OK)
        return dbk_fail(err, DBK_USAGE, "--since takes the number of a change");
    if (c->format == OUT_TEXT)
        rc = out_table_new(&l.table, heads, 4, err);
    if (rc == DBK_OK)
        rc = dbk_orglog_each(c->book, from, show_change, &l, err);
    if (rc == DBK_OK && l.table != NULL)
        out_table_print(l.table);
    out_table_free(l.table);
    return rc;
}
