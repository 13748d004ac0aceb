/* Referrals on their way: referral send, receipt, due, card. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/input.h"
#include "cli/looks.h"
#include "cli/render.h"
#include "cli/safe.h"
#include "core/base/alloc.h"
#include "core/base/text.h"

#define INPUTS_MAX 8u
#define NAMES_BYTES_MAX 8192u
#define SIGNED_REASON "The package that was sealed carries the safe-contact rule."

/* ---- one referral ---------------------------------------------------------------------------- */

typedef struct handing {
    cli *c;
    const cli_args *a;
    dbk_note *note;
    dbk_id person_space; /* zeros: the person's record isn't here */
    dbk_reading reading;
    dbk_disclosure told;
    dbk_problems problems;
    dbk_sent before; /* borrowed from kept */
    dbk_bytes kept;  /* the newest package's told and key */
} handing;

static dbk_rc begin(handing *h, cli *c, const cli_args *a, const dbk_id *id, dbk_err *err)
{
    *h = (handing){ .c = c, .a = a };
    dbk_bytes_init(&h->kept, NAMES_BYTES_MAX + 4096);
    dbk_reading_init(&h->reading, NULL);
    dbk_rc rc = dbk_query_note(&h->note, c->book, id, err);
    if (rc == DBK_OK &&
        (h->note->form == NULL || strcmp(dbk_form_name(h->note->form), "referral") != 0))
        rc = dbk_fail(err, DBK_INVALID, "this record is no referral that can be read here");
    if (rc == DBK_OK)
        dbk_reading_init(&h->reading, h->note);
    return rc;
}

static void end(handing *h)
{
    dbk_disclosure_wipe(&h->told);
    dbk_problems_wipe(&h->problems);
    dbk_reading_wipe(&h->reading);
    dbk_note_free(h->note);
    dbk_bytes_wipe(&h->kept);
}

/* Of the package with this hash, or of the newest; its texts outlive other readings. */
static dbk_rc find_sent(handing *h, const dbk_hash *hash, dbk_err *err)
{
    dbk_bytes_truncate(&h->kept, 0);
    dbk_rc rc = dbk_sent_find(&h->before, &h->reading, hash, err);
    size_t key_len = h->before.key.len, told_len = h->before.told.len;
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&h->kept, h->before.key, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&h->kept, h->before.told, err);
    h->before.key = dbk_span_of(h->kept.p, rc == DBK_OK ? key_len : 0);
    h->before.told = dbk_span_of(rc == DBK_OK && told_len > 0 ? h->kept.p + key_len : NULL,
                                 rc == DBK_OK ? told_len : 0);
    return rc;
}

static dbk_rc says(handing *h, bool *yes, const char *field, const char *code, dbk_err *err)
{
    return dbk_reading_says(&h->reading, yes, field, code, err);
}

/* ---- send ------------------------------------------------------------------------------------ */

static dbk_rc check_turn(handing *h, dbk_bytes *changed, dbk_err *err)
{
    bool correction = cli_option_given(h->a, "--correction");
    bool again = cli_option_given(h->a, "--again");
    if (!h->before.any)
        return !correction && !again
                   ? DBK_OK
                   : dbk_fail(err, DBK_CONFLICT, "this referral has not been sent yet");
    if (!correction && !again)
        return dbk_fail(err, DBK_CONFLICT,
                        "this referral was sent already: --correction tells "
                        "what changed, --again sends all of it once more");
    dbk_rc rc = dbk_disclosure_changed(changed, &h->told, h->before.told, err);
    if (rc == DBK_OK && correction && changed->len == 0)
        rc = dbk_fail(err, DBK_CONFLICT,
                      "nothing that was told has changed; --again sends all of "
                      "it once more");
    return rc;
}

/* The ways to reach somebody aren't handed on by one who hasn't read how (B107). */
static dbk_rc meet_safe_contact(handing *h, dbk_err *err)
{
    dbk_note *person = NULL;
    json_t *rule = NULL;
    if (!h->told.routes)
        return DBK_OK;
    dbk_rc rc = dbk_query_note(&person, h->c->book, &h->told.person, err);
    if (rc == DBK_OK)
        rc = cli_safe_meet(h->c->format == OUT_JSON ? &rule : NULL, h->c, h->a, person, err);
    if (rc == DBK_OK && !dbk_id_equal(&h->c->routes_of, &h->told.person))
        rc = dbk_fail(err, DBK_DENIED,
                      "numbers or addresses are part of it: read the safe-contact "
                      "rule first (" CLI_SAFE_OPTION ")");
    json_decref(rule);
    dbk_note_free(person);
    return rc;
}

/* In the log of each one's space: a restricted one shows in no other, nor does the reason. */
static dbk_rc log_in(handing *h, const dbk_id *space, const dbk_id *records, size_t count,
                     dbk_err *err)
{
    char recipient[DBK_ID_HEX_SIZE];
    dbk_id id = dbk_recipient_id(&h->told.to);
    dbk_id_hex(recipient, &id);
    const dbk_audit_entry entry = { .op = DBK_AUDIT_DISCLOSURE,
                                    .space = *space,
                                    .what = "referral send",
                                    .records = records,
                                    .records_count = count,
                                    .count = count,
                                    .recipient = recipient,
                                    .reason = dbk_book_is_restricted(h->c->book, space)
                                                  ? h->c->reason
                                                  : NULL };
    return dbk_audit_log(h->c->book, &entry, err);
}

static dbk_rc log_disclosure(handing *h, dbk_err *err)
{
    const dbk_id records[] = { h->told.referral, h->told.person };
    bool apart = !dbk_id_is_zero(&h->person_space) &&
                 !dbk_id_equal(&h->person_space, &h->note->space);
    dbk_rc rc = log_in(h, &h->note->space, records, apart ? 1 : 2, err);
    return rc == DBK_OK && apart ? log_in(h, &h->person_space, &records[1], 1, err) : rc;
}

/* Before anything of them is told, or written. */
static dbk_rc check_looks(handing *h, dbk_err *err)
{
    dbk_note *person = NULL;
    dbk_rc rc = cli_looks_allowed(h->c, &h->note->space, err);
    if (rc == DBK_OK && dbk_query_note(&person, h->c->book, &h->told.person, NULL) == DBK_OK) {
        h->person_space = person->space;
        rc = cli_looks_allowed(h->c, &person->space, err);
    }
    dbk_note_free(person);
    return rc;
}

typedef struct sealed {
    dbk_bytes file, told, key;
    dbk_hash hash;
    uint64_t number;
    char at[DBK_TIME_TEXT_SIZE], hex[2 * DBK_HASH_BYTES + 1];
} sealed;

static dbk_rc seal(handing *h, sealed *s, dbk_err *err)
{
    dbk_package p = { .referral = h->told.referral,
                      .safe = h->told.safe,
                      .fields = h->told.fields,
                      .fields_count = h->told.fields_count };
    if (h->before.any) {
        p.number = h->before.number + 1;
        p.before = h->before.hash;
    }
    dbk_rc rc = dbk_handover_seal(h->c->book, &s->file, &p, &h->told.to, err);
    if (rc == DBK_OK)
        rc = dbk_disclosure_told(&s->told, &h->told, err);
    if (rc == DBK_OK)
        rc = dbk_recipient_print(&s->key, &h->told.to, err);
    s->hash = dbk_package_hash(dbk_bytes_span(&s->file));
    s->number = p.number;
    dbk_time_print(s->at, (int64_t)p.time_ms);
    dbk_hex_print(s->hex, dbk_span_of(s->hash.b, sizeof(s->hash.b)));
    return rc;
}

static const char *text_in(const dbk_bytes *b, char *room, size_t size)
{
    (void)snprintf(room, size, "%.*s", (int)b->len, b->p == NULL ? "" : (const char *)b->p);
    return room;
}

/* What the record says of it from now on. */
static dbk_rc record_sent(handing *h, const sealed *s, dbk_err *err)
{
    static char told[DBK_TOLD_BYTES_MAX + 1], key[DBK_RECIPIENT_TEXT_CHARS + 1];
    dbk_input in[INPUTS_MAX];
    dbk_edit edit = { .record = h->told.referral, .inputs = in, .reason = SIGNED_REASON };
    bool copied = false;
    dbk_span state;
    json_t *package = json_pack("{s:I, s:s, s:s, s:s, s:s}", "number", (json_int_t)s->number, "at",
                                s->at, "key", text_in(&s->key, key, sizeof(key)), "hash", s->hex,
                                "told", text_in(&s->told, told, sizeof(told)));
    in[edit.inputs_count++] = (dbk_input){ DBK_INPUT_ADD, "packages", NULL, package };
    if (!h->before.any) {
        in[edit.inputs_count++] = (dbk_input){ DBK_INPUT_SET, "sent_at", s->at, NULL };
        in[edit.inputs_count++] = (dbk_input){ DBK_INPUT_SET, "recipient_key", key, NULL };
        in[edit.inputs_count++] = (dbk_input){ DBK_INPUT_SET, "package_hash", s->hex, NULL };
    }
    dbk_rc rc = says(h, &copied, "safe_contact_copied", "yes", err);
    if (rc == DBK_OK && !copied)
        in[edit.inputs_count++] = (dbk_input){ DBK_INPUT_SET, "safe_contact_copied", "yes", NULL };
    if (rc == DBK_OK)
        rc = dbk_reading_text(&h->reading, &state, "state", err);
    if (rc == DBK_OK && dbk_referral_moves(state, "sent"))
        in[edit.inputs_count++] = (dbk_input){ DBK_INPUT_SET, "state", "sent", NULL };
    dbk_problems_wipe(&h->problems);
    h->problems = (dbk_problems){ 0 };
    if (rc == DBK_OK)
        rc = dbk_journal_edit(h->c->book, &h->problems, &edit, err);
    json_decref(package);
    return rc;
}

static dbk_rc say_sent(handing *h, const sealed *s, const dbk_bytes *changed, dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE], recipient[DBK_ID_HEX_SIZE];
    dbk_id id = dbk_recipient_id(&h->told.to);
    dbk_id_uuid(uuid, &h->told.referral);
    dbk_id_hex(recipient, &id);
    if (h->c->format == OUT_JSON)
        return out_json_take(
            json_pack("{s:s, s:I, s:s, s:s, s:s, s:I, s:b, s:s%}", "id", uuid, "number",
                      (json_int_t)s->number, "file", h->a->positional[1], "recipient", recipient,
                      "hash", s->hex, "fields", (json_int_t)h->told.fields_count, "withdrawn",
                      (int)h->told.withdrawn, "changed",
                      changed->len == 0 ? "" : (const char *)changed->p, changed->len),
            err);
    cli_print_problems(&h->problems);
    out_text("Sealed for recipient %s: %s\n", recipient, out_safe_str(h->a->positional[1]));
    out_text("  %s %llu, %zu things told, safe contact among them%s\n",
             s->number == 0 ? "Package" : "Correction", (unsigned long long)s->number,
             h->told.fields_count, h->told.withdrawn ? "; it says that consent was withdrawn" : "");
    out_text("Only the recipient can open it. Send it to them, and take what they answer with "
             "`daybook referral receipt`.\n");
    return DBK_OK;
}

/* The file first: a record that says "sent" is never without what was sent. */
static dbk_rc hand_over(handing *h, const dbk_bytes *changed, dbk_err *err)
{
    const char *path = h->a->positional[1];
    sealed s = { .file = DBK_BYTES_INIT(DBK_PACKAGE_BYTES_MAX),
                 .told = DBK_BYTES_INIT(DBK_TOLD_BYTES_MAX),
                 .key = DBK_BYTES_INIT(DBK_RECIPIENT_TEXT_CHARS) };
    dbk_rc rc = seal(h, &s, err);
    if (rc == DBK_OK)
        rc = log_disclosure(h, err);
    if (rc == DBK_OK)
        rc = out_file(path, dbk_bytes_span(&s.file), err);
    if (rc == DBK_OK) {
        rc = record_sent(h, &s, err);
        if (rc != DBK_OK) {
            (void)unlink(path);
            rc = cli_refuse(h->c, rc, "nothing was sent", &h->problems, err);
        }
    }
    if (rc == DBK_OK)
        rc = say_sent(h, &s, changed, err);
    dbk_bytes_wipe(&s.file);
    dbk_bytes_wipe(&s.told);
    dbk_bytes_wipe(&s.key);
    return rc;
}

static dbk_rc send(handing *h, dbk_err *err)
{
    dbk_bytes changed = DBK_BYTES_INIT(NAMES_BYTES_MAX);
    dbk_rc rc = dbk_book_check_write(h->c->book, &h->note->space, err);
    if (rc == DBK_OK)
        rc = find_sent(h, NULL, err);
    dbk_telling telling = h->before.any ? DBK_TELL_CORRECTION : DBK_TELL_FIRST;
    if (rc == DBK_OK)
        rc = dbk_disclosure_make(&h->told, h->c->book, h->note, telling, &h->problems, err);
    if (rc == DBK_OK)
        rc = check_looks(h, err);
    if (rc == DBK_OK && h->problems.faults > 0)
        rc = cli_refuse(h->c, dbk_fail(err, DBK_INVALID, "it may not be sent so"),
                        "nothing was sent", &h->problems, err);
    if (rc == DBK_OK)
        rc = check_turn(h, &changed, err);
    if (rc == DBK_OK)
        rc = meet_safe_contact(h, err);
    if (rc == DBK_OK)
        rc = hand_over(h, &changed, err);
    dbk_bytes_wipe(&changed);
    return rc;
}

dbk_rc cmd_referral_send(cli *c, const cli_args *a, dbk_err *err)
{
    static handing h; /* large */
    dbk_id id;
    dbk_rc rc = cli_record_find(&id, c, a->positional[0], err);
    if (rc != DBK_OK)
        return rc;
    rc = begin(&h, c, a, &id, err);
    if (rc == DBK_OK)
        rc = send(&h, err);
    end(&h);
    return rc;
}

/* ---- receipt --------------------------------------------------------------------------------- */

static dbk_span trimmed(dbk_span text)
{
    while (text.len > 0 && text.p[text.len - 1] <= ' ')
        text.len--;
    while (text.len > 0 && text.p[0] <= ' ')
        text = dbk_span_of(text.p + 1, text.len - 1);
    return text;
}

/* Signed by the key that this very package was sealed to. */
static dbk_rc check_answer(handing *h, const dbk_reply *answer, dbk_err *err)
{
    dbk_recipient from;
    dbk_rc rc = find_sent(h, &answer->package, err);
    if (rc == DBK_OK && !h->before.any)
        rc = dbk_fail(err, DBK_NOT_FOUND,
                      "the answer is to a package that this record doesn't "
                      "know: sync first, if another device sent it");
    if (rc == DBK_OK)
        rc = dbk_recipient_parse(&from, h->before.key, err);
    return rc == DBK_OK ? dbk_reply_check(answer, &from, err) : rc;
}

static dbk_rc is_known(handing *h, bool *yes, dbk_span text, dbk_err *err)
{
    dbk_span entries, one;
    dbk_rc rc = dbk_reading_value(&h->reading, &entries, "receipts", err);
    *yes = false;
    dbk_elements e = dbk_elements_of(rc == DBK_OK ? entries : dbk_span_of(NULL, 0));
    while (dbk_elements_next(&e, &one))
        *yes = *yes || dbk_span_equal(dbk_cbor_text_of(dbk_view_member(one, "signed")), text);
    return rc;
}

static dbk_rc record_answer(handing *h, const dbk_reply *answer, dbk_span text, bool *moved,
                            dbk_err *err)
{
    char at[DBK_TIME_TEXT_SIZE], by[DBK_ID_HEX_SIZE];
    const char *state = dbk_reply_name(answer->kind), *why = dbk_refusal_name(answer->why);
    dbk_span now;
    dbk_input in[2];
    dbk_edit edit = { .record = h->note->record, .inputs = in };
    dbk_time_print(at, (int64_t)answer->time_ms);
    dbk_id_hex(by, &answer->recipient);
    json_t *entry = json_pack("{s:s, s:s, s:s, s:s%}", "state", state, "at", at, "by", by, "signed",
                              (const char *)text.p, text.len);
    if (why[0] != '\0')
        (void)json_object_set_new(entry, "why", json_string(why));
    in[edit.inputs_count++] = (dbk_input){ DBK_INPUT_ADD, "receipts", NULL, entry };
    dbk_rc rc = dbk_reading_text(&h->reading, &now, "state", err);
    *moved = rc == DBK_OK && dbk_referral_moves(now, state);
    if (*moved)
        in[edit.inputs_count++] = (dbk_input){ DBK_INPUT_SET, "state", state, NULL };
    if (rc == DBK_OK)
        rc = dbk_journal_edit(h->c->book, &h->problems, &edit, err);
    json_decref(entry);
    return rc == DBK_OK ? rc : cli_refuse(h->c, rc, "nothing was saved", &h->problems, err);
}

static dbk_rc take_answer(handing *h, const dbk_reply *answer, dbk_span text, dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE];
    bool known = false, moved = false;
    dbk_rc rc = check_answer(h, answer, err);
    if (rc == DBK_OK)
        rc = is_known(h, &known, text, err);
    if (rc == DBK_OK && !known)
        rc = record_answer(h, answer, text, &moved, err);
    if (rc != DBK_OK)
        return rc;
    dbk_id_uuid(uuid, &h->note->record);
    if (h->c->format == OUT_JSON)
        return out_json_take(json_pack("{s:s, s:s, s:s, s:o, s:b, s:b}", "id", uuid, "answer",
                                       dbk_reply_name(answer->kind), "why",
                                       dbk_refusal_name(answer->why), "at",
                                       cli_time_json((int64_t)answer->time_ms), "known", (int)known,
                                       "moved", (int)moved),
                             err);
    out_text("%s: %s%s%s%s\n", uuid, dbk_reply_name(answer->kind),
             answer->why != DBK_REFUSAL_NONE ? ", " : "", dbk_refusal_name(answer->why),
             known ? " (known already)" : "");
    if (!known && !moved)
        out_text("The referral's state stays as it is: it is further on, or was rejected.\n");
    if (answer->kind == DBK_REPLY_REJECTED)
        out_text("It was rejected: decide what is to be done instead.\n");
    return DBK_OK;
}

dbk_rc cmd_referral_receipt(cli *c, const cli_args *a, dbk_err *err)
{
    static handing h; /* large */
    dbk_bytes file = DBK_BYTES_INIT(0);
    dbk_reply answer;
    dbk_rc rc = cli_read_file(&file, a->positional[0], err);
    dbk_span text = trimmed(dbk_bytes_span(&file));
    if (rc == DBK_OK)
        rc = dbk_reply_parse(&answer, text, err);
    if (rc == DBK_OK) {
        rc = begin(&h, c, a, &answer.referral, err);
        if (rc == DBK_OK)
            rc = take_answer(&h, &answer, text, err);
        end(&h);
    }
    dbk_bytes_wipe(&file);
    return rc;
}

/* ---- due ------------------------------------------------------------------------------------- */

typedef struct dues {
    cli *c;
    const cli_args *a;
    json_t *rows; /* NULL: text */
    uint64_t count;
} dues;

static dbk_rc tell_due(dues *d, const dbk_row *row, const char *kind, const dbk_bytes *changed,
                       dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE];
    json_t *names = json_array();
    dbk_rc rc = DBK_OK;
    dbk_id_uuid(uuid, &row->record);
    d->count++;
    if (d->rows == NULL)
        out_text("%s  %-10s  %s\n", uuid, kind, out_safe_str(row->summary));
    for (dbk_span left = dbk_bytes_span(changed); left.len > 0;) {
        const uint8_t *line_end = memchr(left.p, '\n', left.len);
        size_t len = line_end == NULL ? left.len : (size_t)(line_end - left.p);
        if (d->rows == NULL)
            out_text("    changed: %s\n", out_safe(dbk_span_of(left.p, len)));
        (void)json_array_append_new(names, json_stringn((const char *)left.p, len));
        len += line_end == NULL ? 0 : 1;
        left = dbk_span_of(left.p + len, left.len - len);
    }
    if (d->rows != NULL &&
        json_array_append_new(d->rows,
                              json_pack("{s:s, s:s, s:O, s:s}", "id", uuid, "kind", kind, "changed",
                                        names, "summary", out_safe_str(row->summary))) != 0)
        rc = dbk_fail(err, DBK_NOMEM, "no memory for the JSON answer");
    json_decref(names);
    return rc;
}

/* correct: something told has changed. unknown: that can't be seen here. send: made, and not sent.
 * answer: sent, and nobody answered. Else NULL. */
static dbk_rc kind_of(handing *h, const char **kind, dbk_bytes *changed, dbk_err *err)
{
    bool made = false, override = false, waits = false;
    *kind = NULL;
    dbk_rc rc = find_sent(h, NULL, err);
    if (rc == DBK_OK)
        rc = says(h, &made, "decision", "referred", err);
    if (rc == DBK_OK)
        rc = says(h, &override, "decision", "override", err);
    if (rc == DBK_OK)
        rc = says(h, &waits, "state", "sent", err);
    if (rc != DBK_OK)
        return rc;
    if (!h->before.any) {
        *kind = made || override ? "send" : NULL;
        return DBK_OK;
    }
    rc = dbk_disclosure_make(&h->told, h->c->book, h->note, DBK_TELL_CORRECTION, &h->problems, err);
    if (rc == DBK_OK && h->told.person_read)
        rc = dbk_disclosure_changed(changed, &h->told, h->before.told, err);
    *kind = !h->told.person_read ? "unknown"
            : changed->len > 0   ? "correct"
            : waits              ? "answer"
                                 : NULL;
    return rc;
}

static dbk_rc look_at(void *ctx, const dbk_row *row, dbk_err *err)
{
    static handing h; /* large */
    dues *d = ctx;
    const char *kind = NULL;
    dbk_bytes changed = DBK_BYTES_INIT(NAMES_BYTES_MAX);
    if (row->life == DBK_LIFE_WITHDRAWN)
        return DBK_OK;
    dbk_rc rc = begin(&h, d->c, d->a, &row->record, err);
    if (rc == DBK_OK)
        rc = kind_of(&h, &kind, &changed, err);
    bool wanted = kind != NULL && (!cli_option_given(d->a, "--corrections") ||
                                   strcmp(kind, "correct") == 0 || strcmp(kind, "unknown") == 0);
    if (rc == DBK_OK && wanted && cli_shows(d->c, &row->space))
        rc = tell_due(d, row, kind, &changed, err);
    bool raise = cli_option_given(d->a, "--raise") && wanted && strcmp(kind, "correct") == 0;
    dbk_sent sent;
    if (rc == DBK_OK && raise)
        rc = dbk_sent_find(&sent, &h.reading, NULL, err);
    if (rc == DBK_OK && raise)
        rc = cmd_raise_correction(d->c, h.note, &sent, err);
    end(&h);
    dbk_bytes_wipe(&changed);
    return rc;
}

dbk_rc cmd_referral_due(cli *c, const cli_args *a, dbk_err *err)
{
    const dbk_list_opts opts = { .form = "referral", .since_ms = INT64_MIN };
    dues d = { .c = c, .a = a, .rows = c->format == OUT_JSON ? json_array() : NULL };
    dbk_rc rc = dbk_query_list(c->book, &opts, look_at, &d, err);
    if (rc == DBK_OK && d.rows != NULL)
        rc = out_json_take(json_incref(d.rows), err);
    else if (rc == DBK_OK && d.count == 0)
        out_text("No referral waits for anything.\n");
    json_decref(d.rows);
    return rc;
}

/* ---- card ------------------------------------------------------------------------------------ */

dbk_rc cmd_referral_card(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_bytes file = DBK_BYTES_INIT(DBK_MEMBERS_CARD_BYTES_MAX);
    char root[2 * DBK_SIGN_PK_BYTES + 1];
    const dbk_sign_pk *key = &dbk_book_link(c->book)->root;
    dbk_rc rc = dbk_handover_card(c->book, &file, err);
    if (rc == DBK_OK)
        rc = out_file(a->positional[0], dbk_bytes_span(&file), err);
    dbk_hex_print(root, dbk_span_of(key->b, sizeof(key->b)));
    if (rc == DBK_OK && c->format == OUT_JSON)
        rc = out_json_take(json_pack("{s:s, s:I, s:s}", "file", a->positional[0], "bytes",
                                     (json_int_t)file.len, "root", root),
                           err);
    else if (rc == DBK_OK)
        out_text(
            "Written. A recipient takes it once, and again when officers have joined or left:\n"
            "  daybook-open trust %s --root %s\n"
            "Tell them the root key by another way than the card.\n",
            out_safe_str(a->positional[0]), root);
    dbk_bytes_wipe(&file);
    return rc;
}
