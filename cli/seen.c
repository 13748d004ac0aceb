#include "cli/seen.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define NOTE_SEEN "conflicts-shown"
#define SEEN_LABEL "daybook/cli-seen/1"
#define ROW_BYTES (2u * DBK_ID_BYTES)
#define GROUP_LABEL "daybook/cli-seen-group/1"
#define GROUP_MARK_SIZE 17u /* 16 digits: only told apart from what stood there before */

static void add_dot(dbk_hasher *h, const dbk_dot *dot)
{
    dbk_hasher_add(h, dbk_span_of(dot->feed.b, DBK_ID_BYTES));
    dbk_hasher_add(h, dbk_span_of(&dot->seq, sizeof(dot->seq))); /* never leaves this machine */
}

/* Changes whenever a value joins or leaves those that stand, or a review pair does. */
static dbk_id mark_of(const dbk_note *note)
{
    const dbk_review_pair *pairs;
    size_t reviews = dbk_state_reviews(note->state, &pairs);
    dbk_hasher h;
    dbk_id mark;
    dbk_hasher_init(&h, SEEN_LABEL);
    for (size_t i = 0; i < dbk_state_groups(note->state); i++) {
        const dbk_state_group *g = dbk_state_group_at(note->state, i);
        dbk_hasher_add(&h, g->name);
        for (size_t k = 0; k < g->registers_count; k++)
            add_dot(&h, &g->registers[k].dot);
    }
    for (size_t i = 0; i < reviews; i++) {
        add_dot(&h, &pairs[i].a);
        add_dot(&h, &pairs[i].b);
    }
    dbk_hash hash = dbk_hasher_end(&h);
    memcpy(mark.b, hash.b, DBK_ID_BYTES);
    return mark;
}

void cli_seen_note(cli_seen *seen, const dbk_note *note)
{
    if (seen->count == CLI_SEEN_MAX)
        return;
    seen->rows[seen->count].record = note->record;
    seen->rows[seen->count].mark = mark_of(note);
    seen->count++;
}

static bool has(const cli_seen *seen, const uint8_t *record)
{
    for (size_t i = 0; i < seen->count; i++)
        if (memcmp(seen->rows[i].record.b, record, DBK_ID_BYTES) == 0)
            return true;
    return false;
}

dbk_rc cli_seen_keep(const cli *c, const cli_seen *seen, dbk_err *err)
{
    dbk_bytes before = DBK_BYTES_INIT(CLI_SEEN_MAX * ROW_BYTES);
    dbk_bytes now = DBK_BYTES_INIT(CLI_SEEN_MAX * ROW_BYTES);
    dbk_rc rc = DBK_OK;
    if (dbk_book_note_get(c->book, NOTE_SEEN, &before, NULL) != DBK_OK)
        dbk_bytes_truncate(&before, 0);
    for (size_t i = 0; rc == DBK_OK && i < seen->count; i++) {
        rc = dbk_bytes_append(&now, dbk_span_of(seen->rows[i].record.b, DBK_ID_BYTES), err);
        if (rc == DBK_OK)
            rc = dbk_bytes_append(&now, dbk_span_of(seen->rows[i].mark.b, DBK_ID_BYTES), err);
    }
    for (size_t at = 0; rc == DBK_OK && at + ROW_BYTES <= before.len; at += ROW_BYTES)
        if (!has(seen, before.p + at) && now.len + ROW_BYTES <= CLI_SEEN_MAX * ROW_BYTES)
            rc = dbk_bytes_append(&now, dbk_span_of(before.p + at, ROW_BYTES), err);
    if (rc == DBK_OK && !dbk_span_equal(dbk_bytes_span(&now), dbk_bytes_span(&before)))
        rc = dbk_book_note_put(c->book, NOTE_SEEN, dbk_bytes_span(&now), err);
    dbk_bytes_wipe(&before);
    dbk_bytes_wipe(&now);
    return rc;
}

dbk_rc cli_seen_check(const cli *c, const dbk_note *note, dbk_err *err)
{
    dbk_bytes kept = DBK_BYTES_INIT(CLI_SEEN_MAX * ROW_BYTES);
    dbk_id mark = mark_of(note);
    char uuid[DBK_ID_UUID_SIZE];
    bool shown = false, same = false;
    dbk_id_uuid(uuid, &note->record);
    if (dbk_book_note_get(c->book, NOTE_SEEN, &kept, NULL) != DBK_OK)
        dbk_bytes_truncate(&kept, 0);
    for (size_t at = 0; at + ROW_BYTES <= kept.len; at += ROW_BYTES) {
        if (memcmp(kept.p + at, note->record.b, DBK_ID_BYTES) != 0)
            continue;
        shown = true;
        same = memcmp(kept.p + at + DBK_ID_BYTES, mark.b, DBK_ID_BYTES) == 0;
    }
    dbk_bytes_wipe(&kept);
    if (shown && same)
        return DBK_OK;
    if (shown)
        return dbk_fail(err, DBK_CONFLICT,
                        "the record changed since you looked; see what stands now: daybook "
                        "conflicts %s",
                        uuid);
    return dbk_fail(err, DBK_CONFLICT, "first see what stands: daybook conflicts %s", uuid);
}

/* ---- groups -------------------------------------------------------------------------------- */

/* "": nothing stands there that could be replaced. Logs and counts only grow. */
static void group_mark(char out[GROUP_MARK_SIZE], const dbk_state_group *g)
{
    dbk_hasher h;
    out[0] = '\0';
    if (g == NULL || g->registers_count + g->elements_count == 0)
        return;
    dbk_hasher_init(&h, GROUP_LABEL);
    for (size_t i = 0; i < g->registers_count; i++)
        add_dot(&h, &g->registers[i].dot);
    for (size_t i = 0; i < g->elements_count; i++)
        add_dot(&h, &g->elements[i].dot);
    dbk_hash hash = dbk_hasher_end(&h);
    for (size_t i = 0; i < GROUP_MARK_SIZE / 2; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", hash.b[i]);
}

json_t *cli_seen_json(const dbk_note *note)
{
    json_t *out = json_object();
    for (size_t i = 0; i < dbk_state_groups(note->state); i++) {
        const dbk_state_group *g = dbk_state_group_at(note->state, i);
        char mark[GROUP_MARK_SIZE], name[DBK_NAME_BYTES_MAX + 1] = "";
        group_mark(mark, g);
        if (mark[0] == '\0' || g->name.len > DBK_NAME_BYTES_MAX)
            continue;
        memcpy(name, g->name.p, g->name.len);
        (void)json_object_set_new(out, name, json_string(mark));
    }
    return out;
}

/* The mark that was seen of a group; empty: it isn't named, as nothing stood there. */
static dbk_span mark_in(const char *seen, const char *group)
{
    size_t len = strlen(group);
    for (size_t row; *seen != '\0'; seen += row + (seen[row] == ',')) {
        row = strcspn(seen, ",");
        if (row > len && strncmp(seen, group, len) == 0 && seen[len] == ':')
            return dbk_span_of(seen + len + 1, row - len - 1);
    }
    return dbk_span_str("");
}

/* "next_contact.when" is of next_contact. */
static const dbk_field *field_of(const dbk_form *form, const char *path)
{
    char name[DBK_NAME_BYTES_MAX + 1] = "";
    size_t len = strcspn(path, ".");
    if (len < sizeof(name))
        memcpy(name, path, len);
    return dbk_form_field(form, name);
}

/* What stands in a set stays beside what is added to it, or taken out by name. */
static bool only_adds(const dbk_group *group, const dbk_input *in)
{
    return group->rule == DBK_RULE_LOG || group->rule == DBK_RULE_COUNT ||
           (group->rule == DBK_RULE_SET && in->op != DBK_INPUT_SET);
}

dbk_rc cli_seen_match(dbk_problems *out, const dbk_note *note, const cli_seen_edit *edit,
                      dbk_err *err)
{
    const dbk_group *groups;
    dbk_rc rc = DBK_OK;
    (void)dbk_form_groups(note->form, &groups);
    for (size_t i = 0; rc == DBK_OK && i < edit->inputs_count; i++) {
        const dbk_field *field = field_of(note->form, edit->inputs[i].field);
        if (field == NULL)
            continue; /* the edit itself says that there is no such field */
        const char *name = groups[field->group].name;
        char mark[GROUP_MARK_SIZE];
        if (only_adds(&groups[field->group], &edit->inputs[i]))
            continue;
        group_mark(mark, dbk_state_group_find(note->state, dbk_span_str(name)));
        if (!dbk_span_equal(mark_in(edit->seen, name), dbk_span_str(mark)))
            rc = dbk_problems_add(out, DBK_PROBLEM, edit->inputs[i].field, err,
                                  "%s: another value came in since you looked", field->label);
    }
    if (rc == DBK_OK && out->faults > 0)
        rc = dbk_fail(err, DBK_CONFLICT, "the record changed since you looked");
    return rc;
}
