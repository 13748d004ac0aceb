/* A log's floor: org floor; and what a proposal of one means, for whoever is to sign it. */
#include <jansson.h>

#include "cli/change.h"
#include "cli/cmd.h"
#include "cli/floor.h"
#include "cli/render.h"

/* ---- who holds it back ----------------------------------------------------------------------- */

typedef struct looking {
    cli *c;
    json_t *readers;
} looking;

static dbk_rc keep_reader(void *ctx, const dbk_reached *r, dbk_err *err)
{
    looking *l = ctx;
    char hex[DBK_ID_HEX_SIZE];
    (void)err;
    dbk_id_hex(hex, &r->device);
    (void)json_array_append_new(l->readers, json_pack("{s:s, s:s, s:I, s:b}", "device", hex, "name",
                                                      cli_device_name(l->c, &r->device), "size",
                                                      (json_int_t)(r->ahead ? r->here : r->size),
                                                      "whole", (int)r->whole));
    return DBK_OK;
}

/* Those who have less than the snapshot; where there is none, than this device. */
static json_t *holding(const looking *l, const dbk_floor_place *p)
{
    size_t i;
    json_t *reader, *out = json_array();
    uint64_t want = p->snapshot > 0 ? p->snapshot : p->here;
    json_array_foreach(l->readers, i, reader)
    {
        if ((uint64_t)json_integer_value(json_object_get(reader, "size")) < want)
            (void)json_array_append(out, reader);
    }
    return out;
}

static void say_holding(const json_t *holders)
{
    size_t i;
    json_t *reader;
    json_array_foreach(holders, i, reader)
    {
        const char *name = json_string_value(json_object_get(reader, "name"));
        long long size = json_integer_value(json_object_get(reader, "size"));
        if (size == 0)
            out_text("! %s has said nothing of this log yet: it must sync, or be taken out.\n",
                     name);
        else
            out_text("! %s has %lld of it: it must sync, or be taken out.\n", name, size);
    }
}

static void say_place(const cli *c, const dbk_id *space, const dbk_floor_place *p,
                      const json_t *holders)
{
    out_text("The log of %s: %llu here, a snapshot for new devices at %llu, the floor at %llu.\n",
             cli_space_name(c, space), (unsigned long long)p->here, (unsigned long long)p->snapshot,
             (unsigned long long)p->now);
    if (p->snapshot == 0)
        out_text("! No confirmed snapshot stands at the relay: daybook snapshot make\n");
    say_holding(holders);
    if (p->whole < DBK_FLOOR_WHOLE_LEAST)
        out_text("! %zu of headquarters' devices hold%s each note itself; it takes %u.\n", p->whole,
                 p->whole == 1 ? "s" : "", DBK_FLOOR_WHOLE_LEAST);
    if (p->floor.size > 0)
        out_text("To be let go of by relays, when another administrator agrees: the notes below "
                 "%llu.\nWho wrote each, when, and that it stood there can be proved as before.\n",
                 (unsigned long long)p->floor.size);
}

static dbk_rc tell(looking *l, const dbk_id *space, const dbk_floor_place *p, dbk_err *err)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_rc rc = DBK_OK;
    json_t *holders = holding(l, p);
    dbk_id_hex(hex, space);
    if (l->c->format == OUT_JSON)
        rc = out_json_take(
            json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:O}", "space", hex, "name",
                      cli_space_name(l->c, space), "log_size", (json_int_t)p->here, "snapshot",
                      (json_int_t)p->snapshot, "floor", (json_int_t)p->now, "proposed",
                      (json_int_t)p->floor.size, "whole", (json_int_t)p->whole, "holding", holders),
            err);
    else
        say_place(l->c, space, p, holders);
    json_decref(holders);
    return rc;
}

/* ---- org floor ------------------------------------------------------------------------------- */

static dbk_rc propose(cli *c, dbk_transport *t, const dbk_id *space, const dbk_floor_place *p,
                      dbk_err *err)
{
    const dbk_new_floor floor = { *space, p->floor };
    if (p->floor.size == 0)
        return dbk_fail(err, DBK_PENDING, "nothing more may be let go of yet");
    return dbk_driver_floor(c->book, t, &floor, err);
}

dbk_rc cmd_org_floor(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_id space;
    dbk_transport t = { 0 };
    dbk_floor_place place;
    looking l = { c, json_array() };
    dbk_rc rc = cli_change_check_admin(c, "decide what relays let go of", err);
    if (rc == DBK_OK)
        rc = dbk_book_space_find(c->book, &space, a->positional[0], err);
    if (rc == DBK_OK)
        rc = dbk_driver_connect(&t, c->book, err);
    if (rc == DBK_OK)
        rc = dbk_driver_floor_find(c->book, &t, &place, &space, keep_reader, &l, err);
    if (rc == DBK_OK)
        rc = tell(&l, &space, &place, err);
    if (rc == DBK_OK)
        rc = propose(c, &t, &space, &place, err);
    dbk_transport_close(&t);
    json_decref(l.readers);
    return rc;
}

/* ---- who leaves ------------------------------------------------------------------------------ */

static void warn_of(cli *c, const dbk_transport *t, const dbk_id *space)
{
    dbk_floor_place place;
    if (dbk_floor_now(c->book, space) == 0 ||
        dbk_driver_floor_find(c->book, t, &place, space, NULL, NULL, NULL) != DBK_OK ||
        place.whole >= DBK_FLOOR_WHOLE_LEAST)
        return;
    out_note("! %zu of headquarters' devices hold%s each note of %s itself, and the relay has let "
             "go of the old ones: let another sync until daybook device reach says that it has "
             "all.",
             place.whole, place.whole == 1 ? "s" : "", cli_space_name(c, space));
}

void cli_floor_warn(cli *c, const dbk_transport *t, const dbk_id *space)
{
    if (space != NULL) {
        warn_of(c, t, space);
        return;
    }
    for (size_t i = 0; i < dbk_book_spaces(c->book); i++) {
        const dbk_id each = dbk_book_space_at(c->book, i);
        warn_of(c, t, &each);
    }
}

/* ---- org proposals, org agree ---------------------------------------------------------------- */

dbk_rc cli_floor_say(cli *c, const dbk_proposal *p, dbk_err *err)
{
    dbk_err why = { 0 };
    const dbk_entry *e = &p->decoded.entry;
    dbk_rc rc = dbk_floor_check(c->book, &e->space, &e->floor, &why);
    if (rc != DBK_OK && rc != DBK_CONFLICT && rc != DBK_PENDING)
        return dbk_fail(err, rc, "%s", why.text);
    if (rc == DBK_OK)
        out_text("          Relays let go of them then, for good. Two desks of headquarters keep "
                 "them.\n");
    else
        out_text("          It can't be agreed to here: %s.\n", out_safe_str(why.text));
    return DBK_OK;
}

dbk_rc cli_floor_check(cli *c, const dbk_transport *t, const dbk_proposal *p, dbk_err *err)
{
    dbk_floor_place place;
    const dbk_entry *e = &p->decoded.entry;
    dbk_rc rc = dbk_floor_check(c->book, &e->space, &e->floor, err);
    if (rc == DBK_OK)
        rc = dbk_driver_floor_find(c->book, t, &place, &e->space, NULL, NULL, err);
    if (rc == DBK_OK && e->floor.size > place.floor.size)
        rc = dbk_fail(err, DBK_PENDING,
                      "somebody lacks what would go, by now: daybook device reach");
    return rc;
}
