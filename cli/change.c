/* One change of the membership in plain words. */
#include "cli/change.h"

#include <string.h>

#include "cli/render.h"
#include "cli/words.h"
#include "core/base/text.h"

/* Words about one change; the first failure sticks. */
typedef struct words {
    const cli *c;
    const dbk_orglog_row *change;
    bool asked; /* whoever reads it is to sign it, and must see all of it */
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

/* The number tells it from another of the same name. */
static void say_hex(words *w, const dbk_id *id)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_id_hex(hex, id);
    if (w->rc == DBK_OK)
        w->rc = dbk_bytes_append_fmt(w->out, w->err, " (number %.8s %.8s)", hex, hex + 8);
}

static void say_device(words *w, const dbk_id *device)
{
    bool brought = w->change->name != NULL && w->change->entry->kind == DBK_ENTRY_ENROL;
    say(w, brought ? out_safe_str(w->change->name) : cli_device_name(w->c, device));
    if (w->asked)
        say_hex(w, device);
}

/* What isn't held here has no name, and nothing else either, but for whoever is to sign it. */
static bool is_hidden(const words *w)
{
    return !w->change->space_held && !w->asked;
}

static void say_space(words *w)
{
    const dbk_entry *e = w->change->entry;
    if (w->change->name != NULL && e->kind == DBK_ENTRY_SPACE)
        say(w, out_safe_str(w->change->name));
    else if (w->change->space_held)
        say(w, cli_space_name(w->c, &e->space));
    else if (w->asked)
        say(w, "a space whose name this device can't read");
    else
        say(w, "another space");
    if (w->asked)
        say_hex(w, &e->space);
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
    if (!dbk_id_is_zero(&w->change->entry->person)) {
        say(w, ", another device of whoever has ");
        say_person(w, &w->change->entry->person);
    }
}

static void say_new_space(words *w)
{
    const dbk_entry *e = w->change->entry;
    say(w, w->asked ? "make " : "made ");
    say_space(w);
    if (is_hidden(w))
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
    if (is_hidden(w))
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
    if (is_hidden(w)) {
        say(w, "barred someone from another space");
        return;
    }
    say(w, w->asked ? "for ever bar " : "barred ");
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

static bool holds_key(const dbk_policy_keys *keys, const uint8_t key[32])
{
    for (size_t i = 0; i < keys->count; i++) {
        if (memcmp(keys->b[i], key, sizeof(keys->b[i])) == 0)
            return true;
    }
    return false;
}

/* Each key of one list that the other lacks, whole: who signs must be able to compare it. */
static void say_keys(words *w, const char *lead, const dbk_policy_keys *of,
                     const dbk_policy_keys *but)
{
    char hex[2 * 32 + 1];
    for (size_t i = 0; i < of->count; i++) {
        if (holds_key(but, of->b[i]))
            continue;
        dbk_hex_print(hex, dbk_span_of(of->b[i], sizeof(of->b[i])));
        say(w, lead);
        say(w, hex);
    }
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
        if (w->asked) {
            say_keys(w, ", with ", keys[i].after, keys[i].before);
            say_keys(w, ", without ", keys[i].before, keys[i].after);
        }
    }
    if (strcmp(sep, ": ") == 0)
        say(w, " anew, as they were");
}

/* What it is of, `org proposals` says beside this: cli/dispose.h. */
static void say_dispose(words *w)
{
    const dbk_entry *e = w->change->entry;
    char hex[2 * DBK_HASH_BYTES + 1];
    say(w, "dispose of ");
    say_number(w, e->dots_count);
    say(w, e->dots_count == 1 ? " change in " : " changes in ");
    say_space(w);
    dbk_hex_print(hex, dbk_span_of(e->review.b, sizeof(e->review.b)));
    if (w->asked) {
        say(w, ", erased everywhere and for ever, by the decision ");
        say(w, hex);
    }
}

static void say_floor(words *w)
{
    say(w, "let relays forget the notes below ");
    say_number(w, w->change->entry->floor.size);
    say(w, " of the log of ");
    say_space(w);
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
    [DBK_ENTRY_DISPOSE] = { "dispose", say_dispose },
    [DBK_ENTRY_FLOOR] = { "floor", say_floor },
};

const char *cli_change_code(dbk_entry_kind kind)
{
    return kinds[kind].code;
}

dbk_rc cli_change_words(dbk_bytes *out, const cli *c, const dbk_orglog_row *change,
                        cli_change_kind kind, dbk_err *err)
{
    words w = { c, change, kind == CLI_CHANGE_ASKED, out, DBK_OK, err };
    kinds[change->entry->kind].say(&w);
    return w.rc;
}

dbk_rc cli_change_signers(dbk_bytes *out, const cli *c, const dbk_orglog_row *change, dbk_err *err)
{
    words w = { c, change, false, out, DBK_OK, err };
    for (size_t i = 0; i < change->signers_count; i++) {
        say(&w, i > 0 ? ", " : "");
        say(&w, cli_device_name(c, &change->signers[i]->device));
    }
    if (change->by_root)
        say(&w, change->signers_count > 0 ? ", the root key" : "the root key");
    return w.rc;
}

dbk_rc cli_change_check_admin(const cli *c, const char *what, dbk_err *err)
{
    const dbk_roster *roster = dbk_book_roster(c->book);
    dbk_id own = dbk_book_device(c->book);
    const dbk_member *m = roster == NULL ? NULL : dbk_roster_device(roster, &own);
    if (m == NULL || m->role != DBK_ROLE_ADMIN)
        return dbk_fail(err, DBK_DENIED, "two administrators %s", what);
    return DBK_OK;
}
