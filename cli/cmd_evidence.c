/* What shows that somebody signed two histories: list, settle, export, check. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/render.h"
#include "cli/words.h"
#include "core/base/text.h"

#define WORDS_BYTES_MAX (4u * 1024u)

static const char *kind_code(dbk_exhibit_kind kind)
{
    static const char *const codes[] = { [DBK_EXHIBIT_FEED] = "author",
                                         [DBK_EXHIBIT_CHAIN] = "membership",
                                         [DBK_EXHIBIT_VIEWS] = "relay",
                                         [DBK_EXHIBIT_SAID] = "word",
                                         [DBK_EXHIBIT_BACK] = "rolled back" };
    return codes[kind];
}

/* The book may be NULL: an expert's, who knows nobody by name. */
static const char *device_words(const cli *c, const dbk_id *device)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_id_hex(hex, device);
    return c->book == NULL ? out_safe_str(hex) : cli_device_name(c, device);
}

static const char *space_words(const cli *c, const dbk_id *space, bool held)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_id_hex(hex, space);
    if (c->book == NULL)
        return out_safe_str(hex);
    return held ? cli_space_name(c, space) : "another space";
}

static dbk_rc what(dbk_bytes *out, const cli *c, const dbk_exhibit_shows *s, bool held,
                   dbk_err *err)
{
    const char *device = device_words(c, &s->device);
    const char *space = space_words(c, &s->space, held);
    unsigned long long at = (unsigned long long)s->at, size = (unsigned long long)s->size;
    switch (s->kind) {
    case DBK_EXHIBIT_FEED:
        return dbk_bytes_append_fmt(out, err,
                                    "%s signed two different histories in %s, from its change %llu "
                                    "on. Its store was copied or restored, or it is misused",
                                    device, space, at);
    case DBK_EXHIBIT_CHAIN:
        return dbk_bytes_append_fmt(out, err,
                                    "administrators signed two different changes %llu of the "
                                    "membership (daybook org log)",
                                    at);
    case DBK_EXHIBIT_VIEWS:
        return dbk_bytes_append_fmt(out, err,
                                    "the relay signed two different logs of %s for the first %llu "
                                    "entries: it showed two views",
                                    space, at);
    case DBK_EXHIBIT_SAID:
        return dbk_bytes_append_fmt(out, err,
                                    "two views of %s: %s signed that the relay's log had other "
                                    "first %llu entries than the %llu that it signed here. One of "
                                    "the two, that device or the relay, does not tell the truth",
                                    space, device, at, size);
    default:
        DBK_ASSERT(s->kind == DBK_EXHIBIT_BACK);
        if (s->other_log)
            return dbk_bytes_append_fmt(out, err,
                                        "the relay's log of %s, of %llu entries, was replaced by "
                                        "another one",
                                        space, size);
        return dbk_bytes_append_fmt(out, err,
                                    "the relay showed its log of %s with %llu entries, after it "
                                    "had signed for %llu",
                                    space, at, size);
    }
}

/* Who must hear of it, and what they do first. */
static const char *tell(const dbk_exhibit_shows *s)
{
    static const char *const whom[] = {
        [DBK_EXHIBIT_FEED] = "Tell headquarters: they ring that officer, and revoke the device if "
                             "it is not in that officer's hands.",
        [DBK_EXHIBIT_CHAIN] =
            "Ring every administrator, and whoever keeps the root key. Nothing is "
            "exchanged until it is settled here.",
        [DBK_EXHIBIT_VIEWS] = "Tell headquarters and every officer of that space: the relay is not "
                              "to be trusted. This proves it.",
        [DBK_EXHIBIT_SAID] = "Tell headquarters and that device's officer. That device holds what "
                             "the relay signed for it: `daybook evidence list` there.",
        [DBK_EXHIBIT_BACK] = "Tell headquarters and whoever runs the relay: was it restored from "
                             "a backup?",
    };
    return whom[s->kind];
}

static json_t *hex_of(const dbk_id *id)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_id_hex(hex, id);
    return json_string(hex);
}

static json_t *shows_json(const dbk_exhibit_shows *s, const char *text, bool held)
{
    json_t *row = json_pack("{s:s, s:b, s:I, s:I, s:s, s:s}", "kind", kind_code(s->kind), "proof",
                            (int)s->proof, "at", (json_int_t)s->at, "size", (json_int_t)s->size,
                            "text", text, "tell", tell(s));
    if (held && !dbk_id_is_zero(&s->space))
        (void)json_object_set_new(row, "space", hex_of(&s->space));
    if (!dbk_id_is_zero(&s->device))
        (void)json_object_set_new(row, "device", hex_of(&s->device));
    return row;
}

/* ---- list ---------------------------------------------------------------------------------- */

static dbk_rc print_item(const dbk_evidence *item, const char *text)
{
    out_text("%llu  %s, found %s\n", (unsigned long long)item->id,
             item->shows.proof ? "proof" : "two words against each other",
             cli_time((int64_t)item->found_ms));
    out_wrapped("   ", dbk_span_str(text));
    if (item->settled)
        out_text("   settled: %s\n", out_safe_str(item->reason));
    else
        out_wrapped("   ", dbk_span_str(tell(&item->shows)));
    return DBK_OK;
}

static dbk_rc show_item(void *ctx, const dbk_evidence *item, dbk_err *err)
{
    cli *c = ctx;
    dbk_bytes text = DBK_BYTES_INIT(WORDS_BYTES_MAX);
    dbk_rc rc = what(&text, c, &item->shows, item->space_held, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&text, dbk_span_of(".", 2), err);
    if (rc == DBK_OK && c->format == OUT_TEXT) {
        rc = print_item(item, (char *)text.p);
    } else if (rc == DBK_OK) {
        json_t *row = shows_json(&item->shows, (char *)text.p, item->space_held);
        (void)json_object_set_new(row, "id", json_integer((json_int_t)item->id));
        (void)json_object_set_new(row, "found", cli_time_json((int64_t)item->found_ms));
        (void)json_object_set_new(row, "settled",
                                  item->settled ? json_string(item->reason) : json_null());
        rc = out_json_take(row, err);
    }
    dbk_bytes_wipe(&text);
    return rc;
}

dbk_rc cmd_evidence(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_evidence_totals all = { 0 };
    (void)a;
    dbk_rc rc = dbk_evidence_count(c->book, &all, err);
    if (rc == DBK_OK && all.open + all.settled == 0 && c->format == OUT_TEXT)
        out_text("Nothing was found that contradicts itself.\n");
    return rc == DBK_OK ? dbk_evidence_each(c->book, show_item, c, err) : rc;
}

/* ---- one ----------------------------------------------------------------------------------- */

static dbk_rc item_id(uint64_t *id, const cli_args *a, dbk_err *err)
{
    if (dbk_u64_parse(id, dbk_span_str(a->positional[0]), NULL) != DBK_OK)
        return dbk_fail(err, DBK_USAGE, "ID is the number that `daybook evidence list` shows");
    return DBK_OK;
}

dbk_rc cmd_evidence_settle(cli *c, const cli_args *a, dbk_err *err)
{
    uint64_t id;
    const char *reason = cli_option_value(a, "--reason");
    dbk_rc rc = item_id(&id, a, err);
    if (rc == DBK_OK && reason == NULL)
        rc = dbk_fail(err, DBK_USAGE, "--reason is needed: who looked into it, and what it was");
    if (rc == DBK_OK)
        rc = dbk_evidence_settle(c->book, id, reason, err);
    if (rc == DBK_OK && c->format == OUT_JSON)
        return out_json_take(json_pack("{s:I, s:s}", "settled", (json_int_t)id, "reason", reason),
                             err);
    if (rc == DBK_OK)
        out_text("Settled. The evidence stays, and is told again if it goes on.\n");
    return rc;
}

static void root_hex(char out[2 * DBK_SIGN_PK_BYTES + 1], const dbk_sign_pk *root)
{
    for (size_t i = 0; i < sizeof(root->b); i++)
        (void)snprintf(out + 2 * i, 3, "%02x", root->b[i]);
}

dbk_rc cmd_evidence_export(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_bytes file = DBK_BYTES_INIT(DBK_EXHIBIT_FILE_BYTES_MAX);
    char root[2 * DBK_SIGN_PK_BYTES + 1];
    uint64_t id;
    root_hex(root, &dbk_book_link(c->book)->root);
    dbk_rc rc = item_id(&id, a, err);
    if (rc == DBK_OK)
        rc = dbk_evidence_export(c->book, &file, id, err);
    if (rc == DBK_OK)
        rc = out_file(a->positional[1], dbk_bytes_span(&file), err);
    if (rc == DBK_OK && c->format == OUT_JSON)
        rc = out_json_take(json_pack("{s:s, s:I, s:s}", "file", a->positional[1], "bytes",
                                     (json_int_t)file.len, "root", root),
                           err);
    else if (rc == DBK_OK)
        out_text("Written. Whoever checks it needs the organisation's root key, by another way:\n"
                 "  daybook evidence check FILE --root %s\n"
                 "It holds no note and no name; it shows who are members of what, by numbers.\n",
                 root);
    dbk_bytes_wipe(&file);
    return rc;
}

/* ---- check --------------------------------------------------------------------------------- */

static dbk_rc parse_root(dbk_sign_pk *root, const char *text, dbk_err *err)
{
    dbk_id half[2];
    char digits[DBK_ID_HEX_SIZE];
    bool ok = strlen(text) == 2 * sizeof(root->b);
    for (size_t i = 0; i < 2 && ok; i++) {
        (void)snprintf(digits, sizeof(digits), "%.32s", text + 32 * i);
        ok = dbk_id_parse(&half[i], digits, NULL) == DBK_OK;
        memcpy(root->b + 16 * i, half[i].b, sizeof(half[i].b));
    }
    return ok ? DBK_OK : dbk_fail(err, DBK_USAGE, "--root takes the 64 digits of a root key");
}

/* Without --root the store says whose root key counts. */
static dbk_rc find_root(dbk_sign_pk *root, cli *c, const cli_args *a, dbk_err *err)
{
    const char *text = cli_option_value(a, "--root");
    if (text != NULL)
        return parse_root(root, text, err);
    dbk_rc rc = cli_open_book(c, NULL, err);
    if (rc == DBK_OK && dbk_book_roster(c->book) == NULL)
        rc = dbk_fail(err, DBK_USAGE, "this device is in no organisation: --root is needed");
    if (rc == DBK_OK)
        *root = dbk_book_link(c->book)->root;
    return rc;
}

dbk_rc cmd_evidence_check(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_bytes file = DBK_BYTES_INIT(DBK_EXHIBIT_FILE_BYTES_MAX);
    dbk_bytes text = DBK_BYTES_INIT(WORDS_BYTES_MAX);
    dbk_exhibit_shows shows;
    dbk_sign_pk root;
    bool held = true;
    dbk_rc rc = find_root(&root, c, a, err);
    if (rc == DBK_OK)
        rc = cli_read_file(&file, a->positional[0], err);
    if (rc == DBK_OK)
        rc = dbk_exhibit_file_check(&shows, dbk_bytes_span(&file), &root, err);
    if (rc == DBK_OK) {
        held = c->book == NULL || dbk_orglog_space_held(c->book, &shows.space);
        rc = what(&text, c, &shows, held, err);
    }
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&text, dbk_span_of(".", 2), err);
    if (rc == DBK_OK && c->format == OUT_JSON) {
        rc = out_json_take(shows_json(&shows, (char *)text.p, held), err);
    } else if (rc == DBK_OK) {
        out_text("%s\n", shows.proof ? "It holds, and it is a proof: one key signed both."
                                     : "It holds. It is one word against another, not a proof:");
        out_wrapped("  ", dbk_span_str((char *)text.p));
    }
    dbk_bytes_wipe(&file);
    dbk_bytes_wipe(&text);
    return rc;
}
