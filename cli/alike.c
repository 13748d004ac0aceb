#include "cli/alike.h"

#include <jansson.h>
#include <string.h>

#include "cli/looks.h"
#include "cli/names.h"
#include "cli/render.h"
#include "cli/words.h"

#define HINTS_MAX 3u
#define LINKED_MAX 64u

static const char *const about_codes[DBK_MATCH_PARTS] = { "name", "birth", "phone", "email",
                                                          "postcode" };
static const char *const about_words[DBK_MATCH_PARTS] = { "name", "date of birth", "phone",
                                                          "email address", "postcode" };

static const char *how_code(dbk_match_how how)
{
    switch (how) {
    case DBK_MATCH_SAME:
        return "same";
    case DBK_MATCH_NEAR:
        return "near";
    case DBK_MATCH_DIFFERENT:
        return "different";
    case DBK_MATCH_BLANK:
        break;
    }
    return "blank";
}

/* "name same (+40), date of birth near (+15)" */
static void print_parts(const dbk_match *m)
{
    const char *comma = "";
    for (size_t i = 0; i < DBK_MATCH_PARTS; i++) {
        if (m->parts[i].how == DBK_MATCH_BLANK)
            continue;
        out_text("%s%s %s (%+d)", comma, about_words[i], how_code(m->parts[i].how),
                 m->parts[i].points);
        comma = ", ";
    }
}

static void print_match(const dbk_id *person, const dbk_match *m)
{
    char one[DBK_ID_UUID_SIZE], other[DBK_ID_UUID_SIZE];
    dbk_id_uuid(one, person);
    dbk_id_uuid(other, &m->record);
    out_text("%s  %s  %u of 100\n  ", one, other, m->score);
    print_parts(m);
    out_text("\n");
}

static json_t *match_json(const dbk_id *person, const dbk_match *m)
{
    char one[DBK_ID_UUID_SIZE], other[DBK_ID_UUID_SIZE];
    json_t *parts = json_object();
    dbk_id_uuid(one, person);
    dbk_id_uuid(other, &m->record);
    for (size_t i = 0; i < DBK_MATCH_PARTS; i++)
        if (m->parts[i].how != DBK_MATCH_BLANK)
            (void)json_object_set_new(parts, about_codes[i],
                                      json_pack("{s:s, s:i}", "how", how_code(m->parts[i].how),
                                                "points", m->parts[i].points));
    return json_pack("{s:s, s:s, s:i, s:o}", "id", one, "other", other, "score", (int)m->score,
                     "parts", parts);
}

dbk_rc cli_alike_say(const cli *c, const dbk_id *person, const dbk_match *m, dbk_err *err)
{
    if (c->format == OUT_JSON)
        return out_json_take(cli_names_add(c, match_json(person, m)), err);
    print_match(person, m);
    return DBK_OK;
}

/* Of what isn't here there is nothing to show. */
static dbk_id space_of(const cli *c, const dbk_id *person)
{
    dbk_note *note = NULL;
    dbk_id space = { { 0 } };
    if (dbk_query_note(&note, c->book, person, NULL) == DBK_OK)
        space = note->space;
    dbk_note_free(note);
    return space;
}

bool cli_alike_shows(cli *c, const dbk_id *person)
{
    dbk_id space = space_of(c, person);
    return !dbk_id_is_zero(&space) && cli_shows(c, &space);
}

dbk_rc cli_alike_of(cli *c, const dbk_id *person, dbk_err *err)
{
    dbk_match found[DBK_MATCH_FOUND_MAX];
    size_t count = 0, said = 0;
    dbk_rc rc = dbk_match_find(c->book, found, &count, person, err);
    for (size_t i = 0; rc == DBK_OK && i < count; i++) {
        if (!cli_alike_shows(c, &found[i].record))
            continue;
        said++;
        rc = cli_alike_say(c, person, &found[i], err);
    }
    if (rc == DBK_OK && said == 0 && c->format == OUT_TEXT)
        out_text("Nobody here looks like this person.\n");
    return rc;
}

void cli_alike_hint(cli *c, const dbk_id *person)
{
    dbk_match found[DBK_MATCH_FOUND_MAX];
    char uuid[DBK_ID_UUID_SIZE];
    size_t count = 0;
    if (dbk_match_find(c->book, found, &count, person, NULL) != DBK_OK)
        return;
    for (size_t i = 0; i < count && i < HINTS_MAX; i++) {
        dbk_id space = space_of(c, &found[i].record);
        if (dbk_book_is_restricted(c->book, &space)) /* nobody gave a reason to look there */
            continue;
        dbk_id_uuid(uuid, &found[i].record);
        out_note("perhaps the same person as %s (%u of 100): daybook persons duplicates", uuid,
                 found[i].score);
    }
}

/* ---- links ----------------------------------------------------------------------------------- */

static dbk_rc linked(cli *c, dbk_id out[LINKED_MAX], size_t *count, const dbk_note *note,
                     dbk_err *err)
{
    *count = 0;
    if (note->form == NULL || strcmp(dbk_form_name(note->form), DBK_LIKENESS_FORM) != 0)
        return DBK_OK;
    return dbk_match_linked(c->book, out, count, LINKED_MAX, &note->record, err);
}

dbk_rc cli_linked_print(cli *c, const dbk_note *note, dbk_err *err)
{
    dbk_id ids[LINKED_MAX];
    char uuid[DBK_ID_UUID_SIZE];
    size_t count;
    dbk_rc rc = linked(c, ids, &count, note, err);
    for (size_t i = 0; rc == DBK_OK && i < count; i++) {
        dbk_id_uuid(uuid, &ids[i]);
        out_text("! the same person as %s\n", uuid);
    }
    return rc;
}

json_t *cli_linked_json(cli *c, const dbk_note *note)
{
    dbk_id ids[LINKED_MAX];
    char uuid[DBK_ID_UUID_SIZE];
    size_t count;
    if (linked(c, ids, &count, note, NULL) != DBK_OK)
        return NULL;
    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++) {
        dbk_id_uuid(uuid, &ids[i]);
        (void)json_array_append_new(rows, json_string(uuid));
    }
    return rows;
}
