/* Persons who may be the same, and links between them: persons duplicates, link, unlink, cases. */
#include <jansson.h>
#include <string.h>

#include "cli/alike.h"
#include "cli/cmd.h"
#include "cli/input.h"
#include "cli/looks.h"
#include "cli/render.h"
#include "cli/words.h"
#include "core/base/alloc.h"
#include "core/base/text.h"

#define CASES_MAX 256u

/* ---- duplicates ------------------------------------------------------------------------------ */

typedef struct queue {
    cli *c;
    uint64_t pairs, limit; /* limit 0: none */
    bool full;
} queue;

static dbk_rc show_pair(void *ctx, const dbk_id *person, const dbk_match *match, dbk_err *err)
{
    queue *q = ctx;
    if (q->limit > 0 && q->pairs == q->limit) {
        q->full = true;
        return DBK_LIMIT; /* ends the walk */
    }
    if (!cli_alike_shows(q->c, person) || !cli_alike_shows(q->c, &match->record))
        return DBK_OK;
    q->pairs++;
    return cli_alike_say(q->c, person, match, err);
}

/* "ID:ID" */
static dbk_rc read_after(dbk_id out[2], cli *c, const char *text, dbk_err *err)
{
    char one[DBK_ID_UUID_SIZE] = "";
    const char *colon = strchr(text, ':');
    size_t len = colon == NULL ? sizeof(one) : (size_t)(colon - text);
    if (len >= sizeof(one))
        return dbk_fail(err, DBK_USAGE, "--after is two records of persons, as ID:ID");
    memcpy(one, text, len);
    dbk_rc rc = cli_record_find(&out[0], c, one, err);
    return rc == DBK_OK ? cli_record_find(&out[1], c, colon + 1, err) : rc;
}

static dbk_rc show_pairs(cli *c, const cli_args *a, dbk_err *err)
{
    queue q = { .c = c };
    dbk_id after[2];
    const char *from = cli_option_value(a, "--after");
    dbk_rc rc = cli_limit_read(&q.limit, a, err);
    if (rc == DBK_OK && from != NULL)
        rc = read_after(after, c, from, err);
    if (rc == DBK_OK)
        rc = dbk_match_pairs(c->book, from == NULL ? NULL : after, show_pair, &q, err);
    if (q.full)
        rc = DBK_OK;
    if (rc == DBK_OK && c->format == OUT_TEXT)
        out_text(q.pairs == 0 ? "No two persons look like one.\n"
                              : "\nTo decide: daybook persons link ID ID --reason TEXT, or persons "
                                "unlink\n");
    if (rc == DBK_OK && q.full && c->format == OUT_TEXT)
        out_note("There are more: --after ID:ID, with the two of the last pair");
    return rc;
}

static dbk_rc look_at_person(dbk_id *out, cli *c, const cli_args *a, const char *what, dbk_err *err)
{
    dbk_note *note = NULL;
    dbk_rc rc = cli_record_find(out, c, a->positional[0], err);
    if (rc == DBK_OK)
        rc = dbk_query_note(&note, c->book, out, err);
    if (rc == DBK_OK)
        rc = cli_look(c, note, what, err);
    dbk_note_free(note);
    return rc;
}

dbk_rc cmd_persons_duplicates(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_id person;
    if (a->count == 0)
        return show_pairs(c, a, err);
    dbk_rc rc = look_at_person(&person, c, a, "persons duplicates", err);
    return rc == DBK_OK ? cli_alike_of(c, &person, err) : rc;
}

/* ---- link, unlink ---------------------------------------------------------------------------- */

static dbk_rc check_persons(cli *c, dbk_id ids[2], const cli_args *a, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; rc == DBK_OK && i < 2; i++) {
        dbk_note *note = NULL;
        rc = cli_record_find(&ids[i], c, a->positional[i], err);
        if (rc == DBK_OK)
            rc = dbk_query_note(&note, c->book, &ids[i], err);
        if (rc == DBK_OK &&
            (note->form == NULL || strcmp(dbk_form_name(note->form), DBK_LIKENESS_FORM) != 0))
            rc = dbk_fail(err, DBK_INVALID, "%s is no person", out_safe_str(a->positional[i]));
        dbk_note_free(note);
    }
    if (rc == DBK_OK && dbk_id_equal(&ids[0], &ids[1]))
        rc = dbk_fail(err, DBK_INVALID, "this is one record already");
    return rc;
}

static dbk_rc write_link(cli *c, const dbk_id ids[2], const char *link, const char *reason,
                         dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE];
    dbk_problems problems = { 0 };
    dbk_id holder = dbk_match_holder(&ids[0], &ids[1]);
    const dbk_id *other = dbk_id_equal(&holder, &ids[0]) ? &ids[1] : &ids[0];
    dbk_id_uuid(uuid, other);
    json_t *entry = json_pack("{s:s, s:s, s:s}", "person", uuid, "link", link, "evidence", reason);
    const dbk_input input = { DBK_INPUT_ADD, "linked_persons", NULL, entry };
    const dbk_edit edit = { holder, &input, 1, reason };
    dbk_rc rc = entry == NULL ? dbk_fail(err, DBK_INVALID, "the reason is no text")
                              : dbk_journal_edit(c->book, &problems, &edit, err);
    if (rc != DBK_OK)
        rc = cli_refuse(c, rc, "nothing was linked", &problems, err);
    json_decref(entry);
    dbk_problems_wipe(&problems);
    return rc;
}

static dbk_rc decide(cli *c, const cli_args *a, const char *link, dbk_err *err)
{
    dbk_id ids[2];
    char one[DBK_ID_UUID_SIZE], other[DBK_ID_UUID_SIZE];
    const char *reason = cli_option_value(a, "--reason");
    if (reason == NULL || reason[0] == '\0')
        return dbk_fail(err, DBK_USAGE, "--reason is needed: it stays with the record");
    dbk_rc rc = check_persons(c, ids, a, err);
    if (rc == DBK_OK)
        rc = write_link(c, ids, link, reason, err);
    if (rc != DBK_OK)
        return rc;
    dbk_id_uuid(one, &ids[0]);
    dbk_id_uuid(other, &ids[1]);
    if (c->format == OUT_JSON)
        return out_json_take(json_pack("{s:[s, s], s:s, s:s}", "persons", one, other, "link", link,
                                       "reason", out_safe_str(reason)),
                             err);
    out_text(strcmp(link, "confirmed") == 0
                 ? "Linked. Both records stay, and each tells of the other.\n"
                 : "Kept apart. Both records stay as they are, and won't be suggested again.\n");
    return DBK_OK;
}

dbk_rc cmd_persons_link(cli *c, const cli_args *a, dbk_err *err)
{
    return decide(c, a, "confirmed", err);
}

dbk_rc cmd_persons_unlink(cli *c, const cli_args *a, dbk_err *err)
{
    return decide(c, a, "rejected", err);
}

/* ---- cases ----------------------------------------------------------------------------------- */

dbk_rc cmd_persons_cases(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_id person, cases[CASES_MAX];
    char uuid[DBK_ID_UUID_SIZE];
    size_t count = 0;
    const char *day = cli_option_value(a, "--at");
    if (day == NULL)
        day = "9999-12-31";
    dbk_rc rc = dbk_date_valid(dbk_span_str(day))
                    ? look_at_person(&person, c, a, "persons cases", err)
                    : dbk_fail(err, DBK_USAGE, "--at is a day, as 2026-11-29");
    if (rc == DBK_OK)
        rc = dbk_match_cases(c->book, cases, &count, CASES_MAX, &person, day, err);
    if (rc != DBK_OK)
        return rc;
    if (c->format == OUT_TEXT)
        out_text("%zu case%s\n", count, cli_plural(count));
    json_t *rows = c->format == OUT_JSON ? json_array() : NULL;
    for (size_t i = 0; i < count; i++) {
        dbk_id_uuid(uuid, &cases[i]);
        if (rows == NULL)
            out_text("  %s\n", uuid);
        else
            (void)json_array_append_new(rows, json_string(uuid));
    }
    if (rows == NULL)
        return DBK_OK;
    dbk_id_uuid(uuid, &person);
    return out_json_take(
        json_pack("{s:s, s:I, s:o}", "id", uuid, "count", (json_int_t)count, "cases", rows), err);
}
