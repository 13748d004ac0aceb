/* The control messages: JSON, written by hand so that equal values give equal bytes. */
#include "sync/engine/msg.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/base/wire.h"
#include "core/crypto/hash.h"
#include "sync/engine/json.h"

/* ---- hello --------------------------------------------------------------------------- */

dbk_id dbk_known_digest(const dbk_known *k)
{
    dbk_hasher h;
    dbk_id id;
    uint8_t n[8];
    dbk_hasher_init(&h, "daybook/hello/1");
    (void)dbk_wire_put_u64(n, k->members_count);
    dbk_hasher_add(&h, dbk_span_of(n, sizeof(n)));
    dbk_hasher_add(&h, dbk_span_of(k->members_head.b, DBK_HASH_BYTES));
    for (size_t i = 0; i < k->spaces_count; i++) {
        const dbk_known_space *s = &k->spaces[i];
        DBK_ASSERT(i == 0 || dbk_id_compare(&s[-1].space, &s->space) < 0);
        if (s->size == 0)
            continue;
        dbk_hasher_add(&h, dbk_span_of(s->space.b, DBK_ID_BYTES));
        dbk_hasher_add(&h, dbk_span_of(s->log.b, DBK_ID_BYTES));
        (void)dbk_wire_put_u64(n, s->size);
        dbk_hasher_add(&h, dbk_span_of(n, sizeof(n)));
        dbk_hasher_add(&h, dbk_span_of(s->root.b, DBK_HASH_BYTES));
        (void)dbk_wire_put_u64(n, s->cosigned.size);
        dbk_hasher_add(&h, dbk_span_of(n, sizeof(n)));
        (void)dbk_wire_put_u64(n, s->cosigned.time_s);
        dbk_hasher_add(&h, dbk_span_of(n, sizeof(n)));
    }
    dbk_hash whole = dbk_hasher_end(&h);
    memcpy(id.b, whole.b, DBK_ID_BYTES);
    return id;
}

dbk_rc dbk_hello_encode(dbk_bytes *out, const dbk_hello *h, dbk_err *err)
{
    dbk_json_out w = dbk_json_writer(out, err);
    dbk_json_put(&w, "{\"v\":1");
    if (h->has_known)
        dbk_json_put_base64(&w, ",\"known\":", dbk_span_of(h->known.b, DBK_ID_BYTES));
    dbk_json_put(&w, "}");
    return dbk_json_written(&w);
}

dbk_rc dbk_hello_decode(dbk_hello *out, dbk_span in, dbk_err *err)
{
    json_t *top;
    dbk_json_fields f;
    dbk_hello h = { 0 };
    memset(out, 0, sizeof(*out));
    dbk_rc rc = dbk_json_load(&top, &f, in, DBK_JSON_CONTROL("hello"), err);
    if (rc != DBK_OK)
        return rc;
    h.has_known = dbk_json_has(&f, "known");
    if (h.has_known)
        dbk_json_base64(&f, "known", dbk_json_take(&f, "known", JSON_STRING), h.known.b,
                        DBK_ID_BYTES);
    rc = dbk_json_end(&f);
    if (rc == DBK_OK)
        *out = h;
    json_decref(top);
    return rc;
}

/* ---- welcome ------------------------------------------------------------------------- */

static void put_space(dbk_json_out *w, const dbk_welcome_space *s)
{
    dbk_json_put_id(w, "{\"space\":", &s->space);
    dbk_json_put_id(w, ",\"log\":", &s->log);
    dbk_json_put_uint(w, ",\"size\":", s->size);
    dbk_json_put_text(w, ",\"checkpoint\":", s->checkpoint);
    DBK_ASSERT(s->cosigned_count <= DBK_WITNESSES_MAX);
    for (size_t i = 0; i < s->cosigned_count; i++)
        dbk_json_put_text(w, i > 0 ? "," : ",\"cosigned\":[", s->cosigned[i]);
    dbk_json_put(w, s->cosigned_count > 0 ? "]" : "");
    dbk_json_put(w, s->snapshot ? ",\"snapshot\":true" : "");
    dbk_json_put(w, s->confirm ? ",\"confirm\":true" : "");
    dbk_json_put(w, s->reach ? ",\"reach\":true" : "");
    if (s->wanted)
        dbk_json_put_uint(w, ",\"wanted\":", s->wanted_from);
    dbk_json_put(w, ",\"feeds\":[");
    for (size_t i = 0; i < s->feeds_count; i++) {
        const dbk_feed_head *feed = &s->feeds[i];
        DBK_ASSERT(i == 0 || dbk_id_compare(&feed[-1].feed, &feed->feed) < 0);
        dbk_json_put_id(w, i > 0 ? ",[" : "[", &feed->feed);
        dbk_json_put_uint(w, ",", feed->last_seq);
        dbk_json_put_base64(w, ",", dbk_span_of(feed->head.b, DBK_HASH_BYTES));
        dbk_json_put(w, "]");
    }
    dbk_json_put(w, "]}");
}

dbk_rc dbk_welcome_encode(dbk_bytes *out, const dbk_welcome *msg, dbk_err *err)
{
    dbk_json_out w = dbk_json_writer(out, err);
    if (msg->idle) {
        dbk_json_put(&w, "{\"v\":1,\"idle\":true}");
        return dbk_json_written(&w);
    }
    dbk_json_put_uint(&w, "{\"v\":1,\"members\":{\"count\":", msg->members_count);
    dbk_json_put_base64(&w, ",\"head\":", dbk_span_of(msg->members_head.b, DBK_HASH_BYTES));
    dbk_json_put_uint(&w, "},\"limits\":{\"segments\":", msg->segments_max);
    dbk_json_put_uint(&w, ",\"push\":", msg->push_bytes_max);
    dbk_json_put_uint(&w, ",\"range\":", msg->range_bytes_max);
    dbk_json_put_uint(&w, "},\"time\":", msg->time_ms);
    if (msg->recovering)
        dbk_json_put(&w, ",\"recovering\":true");
    dbk_json_put(&w, ",\"spaces\":[");
    for (size_t i = 0; i < msg->spaces_count; i++) {
        const dbk_welcome_space *s = &msg->spaces[i];
        DBK_ASSERT(i == 0 || dbk_id_compare(&s[-1].space, &s->space) < 0);
        dbk_json_put(&w, i > 0 ? "," : "");
        put_space(&w, s);
    }
    dbk_json_put(&w, "]}");
    return dbk_json_written(&w);
}

/* What a decoded welcome points into: four blocks, each sized before it is filled. */
typedef struct owned {
    dbk_welcome_space *spaces;
    dbk_feed_head *feeds;
    const char **notes; /* cosigned ones */
    char *texts;
} owned;

static void owned_free(owned *o)
{
    if (o == NULL)
        return;
    dbk_free(o->spaces);
    dbk_free(o->feeds);
    dbk_free(o->notes);
    dbk_free(o->texts);
    dbk_free(o);
}

void dbk_welcome_wipe(dbk_welcome *w)
{
    owned_free(w->owned);
    memset(w, 0, sizeof(*w));
}

/* What all spaces together need of the blocks. */
typedef struct needs {
    size_t feeds, notes, text;
} needs;

/* Adds one space's; the counts are within their caps. */
static dbk_rc need_space(needs *n, const json_t *space, dbk_err *err)
{
    size_t i, feeds = json_array_size(json_object_get(space, "feeds"));
    size_t len = json_string_length(json_object_get(space, "checkpoint"));
    const json_t *note, *cosigned = json_object_get(space, "cosigned");
    bool fits = feeds <= DBK_FEEDS_PER_SPACE_MAX && len <= DBK_CHECKPOINT_BYTES_MAX &&
                json_array_size(cosigned) <= DBK_WITNESSES_MAX;
    n->feeds += feeds;
    n->notes += json_array_size(cosigned);
    n->text += len + 1;
    json_array_foreach(cosigned, i, note)
    {
        fits = fits && json_string_length(note) <= DBK_COSIGNED_NOTE_BYTES_MAX;
        n->text += json_string_length(note) + 1;
    }
    return fits ? DBK_OK : dbk_fail(err, DBK_LIMIT, "welcome: a space is over its limits");
}

static dbk_rc owned_new(owned **out, const json_t *spaces, dbk_err *err)
{
    size_t i;
    json_t *space;
    needs n = { 0, 0, 0 };
    json_array_foreach(spaces, i, space)
    {
        dbk_rc rc = need_space(&n, space, err);
        if (rc != DBK_OK)
            return rc;
    }
    if (json_array_size(spaces) > DBK_SPACES_MAX || n.feeds > DBK_WELCOME_FEEDS_MAX)
        return dbk_fail(err, DBK_LIMIT, "welcome: too many spaces or feeds");
    owned *o = dbk_alloc(sizeof(*o));
    if (o != NULL) {
        o->spaces = dbk_alloc_array(json_array_size(spaces), sizeof(*o->spaces));
        o->feeds = dbk_alloc_array(n.feeds, sizeof(*o->feeds));
        o->notes = dbk_alloc_array(n.notes, sizeof(*o->notes));
        o->texts = dbk_alloc(n.text);
    }
    if (o == NULL || o->spaces == NULL || o->feeds == NULL || o->notes == NULL ||
        o->texts == NULL) {
        owned_free(o);
        return dbk_fail(err, DBK_NOMEM, "out of memory");
    }
    *out = o;
    return DBK_OK;
}

static dbk_rc read_feed(dbk_feed_head *out, json_t *item, dbk_err *err)
{
    dbk_json_fields f = dbk_json_fields_of(item, "welcome: a feed", err);
    if (!json_is_array(item) || json_array_size(item) != 3)
        return dbk_fail(err, DBK_FORMAT, "welcome: a feed is no triple");
    out->feed = dbk_json_id(&f, "feed", json_array_get(item, 0));
    out->last_seq = dbk_json_uint(&f, "seq", json_array_get(item, 1), DBK_JSON_UINT_MAX);
    dbk_json_base64(&f, "head", json_array_get(item, 2), out->head.b, DBK_HASH_BYTES);
    if (f.rc == DBK_OK && out->last_seq == 0)
        dbk_json_refuse(&f, "seq", "is zero");
    return f.rc;
}

/* Copies a text into the block, zero-ended: the block was zeroed. */
static const char *keep_text(owned *rest, dbk_span text)
{
    char *at = rest->texts;
    memcpy(at, text.p, text.len);
    rest->texts += text.len + 1;
    return at;
}

static dbk_rc read_cosigned(dbk_welcome_space *out, const json_t *list, owned *rest, dbk_err *err)
{
    size_t i;
    json_t *note;
    out->cosigned = rest->notes;
    out->cosigned_count = json_array_size(list);
    if (list != NULL && out->cosigned_count == 0)
        return dbk_fail(err, DBK_FORMAT, "welcome: cosigned by nobody");
    json_array_foreach(list, i, note)
    {
        if (!json_is_string(note))
            return dbk_fail(err, DBK_FORMAT, "welcome: a cosigned note is no text");
        *rest->notes++ = keep_text(rest, dbk_json_text(note));
    }
    return DBK_OK;
}

/* rest: the blocks from where this space begins; it moves past what the space takes. */
static dbk_rc read_space(dbk_welcome_space *out, json_t *item, owned *rest, dbk_err *err)
{
    size_t i;
    json_t *feed;
    const json_t *cosigned = NULL;
    dbk_json_fields f = dbk_json_fields_of(item, "welcome: a space", err);
    out->space = dbk_json_take_id(&f, "space");
    out->log = dbk_json_take_id(&f, "log");
    out->size = dbk_json_take_uint(&f, "size", DBK_JSON_UINT_MAX);
    dbk_span note = dbk_json_text(dbk_json_take(&f, "checkpoint", JSON_STRING));
    if (dbk_json_has(&f, "cosigned"))
        cosigned = dbk_json_take(&f, "cosigned", JSON_ARRAY);
    out->snapshot = dbk_json_take_true(&f, "snapshot");
    out->confirm = dbk_json_take_true(&f, "confirm");
    out->reach = dbk_json_take_true(&f, "reach");
    out->wanted = dbk_json_has(&f, "wanted");
    if (out->wanted)
        out->wanted_from = dbk_json_take_uint(&f, "wanted", DBK_JSON_UINT_MAX);
    json_t *list = dbk_json_take(&f, "feeds", JSON_ARRAY);
    dbk_rc rc = dbk_json_end(&f);
    if (rc != DBK_OK)
        return rc;
    out->checkpoint = keep_text(rest, note);
    rc = read_cosigned(out, cosigned, rest, err);
    if (rc != DBK_OK)
        return rc;
    out->feeds = rest->feeds;
    out->feeds_count = json_array_size(list);
    json_array_foreach(list, i, feed)
    {
        dbk_feed_head *at = rest->feeds++;
        rc = read_feed(at, feed, err);
        if (rc != DBK_OK)
            return rc;
        if (i > 0 && dbk_id_compare(&at[-1].feed, &at->feed) >= 0)
            return dbk_fail(err, DBK_FORMAT, "welcome: feeds are not in order");
    }
    return DBK_OK;
}

static dbk_rc read_spaces(dbk_welcome *w, json_t *list, dbk_err *err)
{
    owned *o = NULL;
    size_t i;
    json_t *item;
    dbk_rc rc = owned_new(&o, list, err);
    if (rc != DBK_OK)
        return rc;
    w->owned = o;
    w->spaces = o->spaces;
    w->spaces_count = json_array_size(list);
    owned rest = *o;
    json_array_foreach(list, i, item)
    {
        rc = read_space(&o->spaces[i], item, &rest, err);
        if (rc != DBK_OK)
            return rc;
        if (i > 0 && dbk_id_compare(&o->spaces[i - 1].space, &o->spaces[i].space) >= 0)
            return dbk_fail(err, DBK_FORMAT, "welcome: spaces are not in order");
    }
    return DBK_OK;
}

static uint32_t take_limit(dbk_json_fields *f, const char *key, uint32_t max)
{
    uint64_t v = dbk_json_take_uint(f, key, max);
    if (f->rc == DBK_OK && v == 0)
        dbk_json_refuse(f, key, "is zero");
    return (uint32_t)v;
}

static dbk_rc read_welcome(dbk_welcome *w, dbk_json_fields *f, dbk_err *err)
{
    w->idle = dbk_json_take_true(f, "idle");
    if (w->idle || f->rc != DBK_OK)
        return dbk_json_end(f);
    dbk_json_fields members = dbk_json_fields_of(dbk_json_take(f, "members", JSON_OBJECT),
                                                 "welcome: members", err);
    dbk_json_fields limits = dbk_json_fields_of(dbk_json_take(f, "limits", JSON_OBJECT),
                                                "welcome: limits", err);
    w->time_ms = dbk_json_take_uint(f, "time", DBK_JSON_UINT_MAX);
    w->recovering = dbk_json_take_true(f, "recovering");
    json_t *spaces = dbk_json_take(f, "spaces", JSON_ARRAY);
    dbk_rc rc = dbk_json_end(f);
    if (rc != DBK_OK)
        return rc;
    w->members_count = dbk_json_take_uint(&members, "count", DBK_JSON_UINT_MAX);
    w->members_head = dbk_json_take_hash(&members, "head");
    rc = dbk_json_end(&members);
    if (rc != DBK_OK)
        return rc;
    w->segments_max = take_limit(&limits, "segments", DBK_PUSH_SEGMENTS_MAX);
    w->push_bytes_max = take_limit(&limits, "push", DBK_PUSH_BYTES_MAX);
    w->range_bytes_max = take_limit(&limits, "range", DBK_RANGE_BYTES_MAX);
    rc = dbk_json_end(&limits);
    return rc == DBK_OK ? read_spaces(w, spaces, err) : rc;
}

dbk_rc dbk_welcome_decode(dbk_welcome *out, dbk_span in, dbk_err *err)
{
    json_t *top;
    dbk_json_fields f;
    dbk_welcome w = { 0 };
    /* Of a space 14 parts, of a feed 4, of the rest 14: rounded up. */
    const dbk_json_load_opts opts = { "welcome", DBK_WELCOME_BYTES_MAX,
                                      16 + 15 * DBK_SPACES_MAX + 4 * DBK_WELCOME_FEEDS_MAX };
    memset(out, 0, sizeof(*out));
    dbk_rc rc = dbk_json_load(&top, &f, in, &opts, err);
    if (rc != DBK_OK)
        return rc;
    rc = read_welcome(&w, &f, err);
    if (rc == DBK_OK)
        *out = w;
    else
        dbk_welcome_wipe(&w);
    json_decref(top);
    return rc;
}

/* ---- small ones ---------------------------------------------------------------------- */

typedef struct one_uint {
    const char *what, *key;
} one_uint;
static const one_uint posted = { "the answer to a post", "count" };
static const one_uint mailbox = { "mailbox", "expires" };
static const one_uint decline = { "decline", "seq" };

static dbk_rc one_uint_encode(dbk_bytes *out, const one_uint *m, uint64_t v, dbk_err *err)
{
    dbk_json_out w = dbk_json_writer(out, err);
    dbk_json_put(&w, "{\"v\":1,\"");
    dbk_json_put(&w, m->key);
    dbk_json_put_uint(&w, "\":", v);
    dbk_json_put(&w, "}");
    return dbk_json_written(&w);
}

static dbk_rc one_uint_decode(uint64_t *out, const one_uint *m, dbk_span in, dbk_err *err)
{
    json_t *top;
    dbk_json_fields f;
    *out = 0;
    dbk_rc rc = dbk_json_load(&top, &f, in, DBK_JSON_CONTROL(m->what), err);
    if (rc != DBK_OK)
        return rc;
    uint64_t v = dbk_json_take_uint(&f, m->key, DBK_JSON_UINT_MAX);
    rc = dbk_json_end(&f);
    if (rc == DBK_OK)
        *out = v;
    json_decref(top);
    return rc;
}

dbk_rc dbk_posted_encode(dbk_bytes *out, uint64_t count, dbk_err *err)
{
    return one_uint_encode(out, &posted, count, err);
}

dbk_rc dbk_posted_decode(uint64_t *count, dbk_span in, dbk_err *err)
{
    return one_uint_decode(count, &posted, in, err);
}

dbk_rc dbk_mailbox_encode(dbk_bytes *out, uint64_t expires_ms, dbk_err *err)
{
    return one_uint_encode(out, &mailbox, expires_ms, err);
}

dbk_rc dbk_mailbox_decode(uint64_t *expires_ms, dbk_span in, dbk_err *err)
{
    return one_uint_decode(expires_ms, &mailbox, in, err);
}

dbk_rc dbk_decline_encode(dbk_bytes *out, uint64_t seq, dbk_err *err)
{
    return one_uint_encode(out, &decline, seq, err);
}

dbk_rc dbk_decline_decode(uint64_t *seq, dbk_span in, dbk_err *err)
{
    return one_uint_decode(seq, &decline, in, err);
}

static bool is_word(dbk_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] != '-' && (text.p[i] < 'a' || text.p[i] > 'z'))
            return false;
    }
    return text.len >= 1 && text.len <= DBK_ERROR_WORD_MAX;
}

dbk_rc dbk_error_encode(dbk_bytes *out, const char *word, dbk_err *err)
{
    dbk_json_out w = dbk_json_writer(out, err);
    DBK_ASSERT(is_word(dbk_span_str(word)));
    dbk_json_put_text(&w, "{\"v\":1,\"error\":", word);
    dbk_json_put(&w, "}");
    return dbk_json_written(&w);
}

dbk_rc dbk_error_decode(char word[DBK_ERROR_WORD_MAX + 1], dbk_span in, dbk_err *err)
{
    json_t *top;
    dbk_json_fields f;
    memset(word, 0, DBK_ERROR_WORD_MAX + 1);
    dbk_rc rc = dbk_json_load(&top, &f, in, DBK_JSON_CONTROL("an error answer"), err);
    if (rc != DBK_OK)
        return rc;
    dbk_span text = dbk_json_text(dbk_json_take(&f, "error", JSON_STRING));
    if (f.rc == DBK_OK && !is_word(text))
        dbk_json_refuse(&f, "error", "is no word");
    rc = dbk_json_end(&f);
    if (rc == DBK_OK)
        memcpy(word, text.p, text.len);
    json_decref(top);
    return rc;
}
