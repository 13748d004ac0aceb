#include "sync/engine/carrier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/crypto/hash.h"

#define SEQ_DIGITS 16u
#define SEQ_MAX UINT64_C(9999999999999999)
#define FEED_DIGITS (DBK_ID_HEX_SIZE - 1)
#define PACK_NAME_LEN (FEED_DIGITS + 1 + SEQ_DIGITS + 1 + SEQ_DIGITS + 4)
#define ENTRY_NAME_LEN (SEQ_DIGITS + 6)
#define SNAP_NAME_LEN (SEQ_DIGITS + 1 + FEED_DIGITS + 5)
#define WORD_NAME_LEN (SEQ_DIGITS + 1 + FEED_DIGITS + 1 + FEED_DIGITS + 5)
#define NOTE_NAME_LEN (SEQ_DIGITS + 1 + FEED_DIGITS + 5)

/* ---- names
 * --------------------------------------------------------------------------------------- */

/* Exactly 16 decimal digits. */
static bool parse_seq(uint64_t *out, const uint8_t *p)
{
    uint64_t v = 0;
    for (size_t i = 0; i < SEQ_DIGITS; i++) {
        if (p[i] < '0' || p[i] > '9')
            return false;
        v = 10 * v + (uint64_t)(p[i] - '0');
    }
    *out = v;
    return true;
}

void dbk_pack_name(char out[DBK_CARRIER_NAME_SIZE], const dbk_pack *pack)
{
    char hex[DBK_ID_HEX_SIZE];
    DBK_ASSERT(pack->first >= 1);
    DBK_ASSERT(pack->first <= pack->last && pack->last <= SEQ_MAX);
    dbk_id_hex(hex, &pack->feed);
    (void)snprintf(out, DBK_CARRIER_NAME_SIZE, "%s-%016llu-%016llu.seg", hex,
                   (unsigned long long)pack->first, (unsigned long long)pack->last);
}

bool dbk_pack_parse(dbk_pack *out, dbk_span name)
{
    char again[DBK_CARRIER_NAME_SIZE], hex[DBK_ID_HEX_SIZE] = "";
    dbk_pack p;
    memset(out, 0, sizeof(*out));
    if (name.len != PACK_NAME_LEN || !parse_seq(&p.first, name.p + FEED_DIGITS + 1) ||
        !parse_seq(&p.last, name.p + FEED_DIGITS + 1 + SEQ_DIGITS + 1))
        return false;
    memcpy(hex, name.p, FEED_DIGITS);
    if (strlen(hex) != FEED_DIGITS || dbk_id_parse(&p.feed, hex, NULL) != DBK_OK)
        return false;
    if (p.first < 1 || p.first > p.last)
        return false;
    dbk_pack_name(again, &p); /* one pack has one name: lower case, the right separators */
    if (memcmp(again, name.p, name.len) != 0)
        return false;
    *out = p;
    return true;
}

void dbk_entry_name(char out[DBK_CARRIER_NAME_SIZE], uint64_t seq)
{
    DBK_ASSERT(seq <= SEQ_MAX);
    (void)snprintf(out, DBK_CARRIER_NAME_SIZE, "%016llu.entry", (unsigned long long)seq);
}

bool dbk_entry_parse(uint64_t *seq, dbk_span name)
{
    *seq = 0;
    return name.len == ENTRY_NAME_LEN && memcmp(name.p + SEQ_DIGITS, ".entry", 6) == 0 &&
           parse_seq(seq, name.p);
}

dbk_rc dbk_note_name(char out[DBK_CARRIER_NAME_SIZE], uint64_t size, dbk_span note, dbk_err *err)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_id id = dbk_hash_id("daybook/note-name/1", note);
    if (size > SEQ_MAX)
        return dbk_fail(err, DBK_LIMIT, "a log of that size has no name on a folder");
    dbk_id_hex(hex, &id);
    (void)snprintf(out, DBK_CARRIER_NAME_SIZE, "%016llu-%s.note", (unsigned long long)size, hex);
    return DBK_OK;
}

bool dbk_note_name_is(dbk_span name)
{
    uint64_t size;
    return name.len == NOTE_NAME_LEN && parse_seq(&size, name.p) && name.p[SEQ_DIGITS] == '-' &&
           memcmp(name.p + NOTE_NAME_LEN - 5, ".note", 5) == 0;
}

/* "SIZE-NAME", how all files of a snapshot begin. */
static void put_snap(char out[DBK_CARRIER_NAME_SIZE], const dbk_snap_files *f, const char *rest)
{
    char hex[DBK_ID_HEX_SIZE];
    DBK_ASSERT(f->size <= SEQ_MAX);
    dbk_id_hex(hex, &f->name);
    (void)snprintf(out, DBK_CARRIER_NAME_SIZE, "%016llu-%s%s", (unsigned long long)f->size, hex,
                   rest);
}

void dbk_snap_name(char out[DBK_CARRIER_NAME_SIZE], const dbk_snap_files *f)
{
    put_snap(out, f, ".snap");
}

void dbk_snap_part_name(char out[DBK_CARRIER_NAME_SIZE], const dbk_snap_files *f, uint32_t part)
{
    char rest[24];
    DBK_ASSERT(part < 100000000);
    (void)snprintf(rest, sizeof(rest), "-%08u.part", part);
    put_snap(out, f, rest);
}

void dbk_snap_word_name(char out[DBK_CARRIER_NAME_SIZE], const dbk_snap_files *f,
                        const dbk_id *device)
{
    char rest[DBK_ID_HEX_SIZE + 8], hex[DBK_ID_HEX_SIZE];
    dbk_id_hex(hex, device);
    (void)snprintf(rest, sizeof(rest), "-%s.word", hex);
    put_snap(out, f, rest);
}

bool dbk_snap_parse(dbk_snap_files *out, dbk_span name)
{
    char again[DBK_CARRIER_NAME_SIZE], hex[DBK_ID_HEX_SIZE] = "";
    dbk_snap_files f;
    memset(out, 0, sizeof(*out));
    if (name.len != SNAP_NAME_LEN || !parse_seq(&f.size, name.p))
        return false;
    memcpy(hex, name.p + SEQ_DIGITS + 1, FEED_DIGITS);
    if (strlen(hex) != FEED_DIGITS || dbk_id_parse(&f.name, hex, NULL) != DBK_OK)
        return false;
    dbk_snap_name(again, &f);
    if (memcmp(again, name.p, name.len) != 0)
        return false;
    *out = f;
    return true;
}

bool dbk_snap_word_is(const dbk_snap_files *f, dbk_span name)
{
    char begin[DBK_CARRIER_NAME_SIZE];
    put_snap(begin, f, "-");
    return name.len == WORD_NAME_LEN && memcmp(begin, name.p, strlen(begin)) == 0 &&
           memcmp(name.p + WORD_NAME_LEN - 5, ".word", 5) == 0;
}

dbk_rc dbk_listing_next(dbk_span *left, dbk_span *name, uint64_t *size, dbk_err *err)
{
    *name = (dbk_span){ NULL, 0 };
    *size = 0;
    if (left->len == 0)
        return dbk_fail(err, DBK_NOT_FOUND, "no more names");
    const uint8_t *end = memchr(left->p, '\n', left->len);
    size_t len = end != NULL ? (size_t)(end - left->p) : left->len;
    const uint8_t *blank = memchr(left->p, ' ', len);
    size_t name_len = blank != NULL ? (size_t)(blank - left->p) : len;
    if (end == NULL || blank == NULL || name_len == 0 ||
        dbk_u64_parse(size, dbk_span_of(blank + 1, len - name_len - 1), NULL) != DBK_OK)
        return dbk_fail(err, DBK_FORMAT, "a folder's listing is malformed");
    *name = dbk_span_of(left->p, name_len);
    left->p += len + 1;
    left->len -= len + 1;
    return DBK_OK;
}

/* ---- shelf
 * --------------------------------------------------------------------------------------- */

struct dbk_shelf {
    dbk_pack *packs;
    size_t count;
};

static int by_feed(const void *a, const void *b)
{
    const dbk_pack *x = a, *y = b;
    int order = dbk_id_compare(&x->feed, &y->feed);
    if (order != 0)
        return order;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return (x->last > y->last) - (x->last < y->last);
}

static size_t lines_of(dbk_span listing)
{
    size_t lines = 0;
    for (size_t i = 0; i < listing.len; i++)
        lines += listing.p[i] == '\n';
    return lines;
}

dbk_rc dbk_shelf_new(dbk_shelf **out, dbk_span listing, dbk_err *err)
{
    dbk_err end = { 0 };
    dbk_span name;
    uint64_t size;
    dbk_rc rc;
    *out = NULL;
    dbk_shelf *s = dbk_alloc(sizeof(*s));
    if (s != NULL)
        s->packs = dbk_alloc_array(lines_of(listing), sizeof(*s->packs));
    if (s == NULL || s->packs == NULL) {
        dbk_shelf_free(s);
        return dbk_fail(err, DBK_NOMEM, "out of memory");
    }
    while ((rc = dbk_listing_next(&listing, &name, &size, &end)) == DBK_OK) {
        /* A file that can't hold one segment is a copy cut short: it is written again. */
        if (size >= DBK_PUSH_HEAD_BYTES + DBK_SEGMENT_HEADER_BYTES &&
            dbk_pack_parse(&s->packs[s->count], name))
            s->count++;
    }
    if (rc != DBK_NOT_FOUND) {
        dbk_shelf_free(s);
        return dbk_fail(err, rc, "%s", end.text);
    }
    if (s->count > 0)
        qsort(s->packs, s->count, sizeof(*s->packs), by_feed);
    *out = s;
    return DBK_OK;
}

void dbk_shelf_free(dbk_shelf *s)
{
    if (s == NULL)
        return;
    dbk_free(s->packs);
    dbk_free(s);
}

uint64_t dbk_shelf_reach(const dbk_shelf *s, const dbk_id *feed)
{
    uint64_t reach = 0;
    for (size_t i = 0; i < s->count; i++) {
        const dbk_pack *p = &s->packs[i];
        if (dbk_id_equal(&p->feed, feed) && p->first <= reach + 1 && p->last > reach)
            reach = p->last;
    }
    return reach;
}

size_t dbk_shelf_packs(const dbk_shelf *s)
{
    return s->count;
}

const dbk_pack *dbk_shelf_pack_at(const dbk_shelf *s, size_t i)
{
    DBK_ASSERT(i < s->count);
    return &s->packs[i];
}

/* ---- vector
 * --------------------------------------------------------------------------------------- */

typedef struct row {
    dbk_id feed;
    uint64_t last_seq;
} row;
struct dbk_vector {
    row *rows; /* sorted by feed */
    size_t count, cap;
};

dbk_rc dbk_vector_new(dbk_vector **out, dbk_err *err)
{
    *out = dbk_alloc(sizeof(**out));
    return *out != NULL ? DBK_OK : dbk_fail(err, DBK_NOMEM, "out of memory");
}

void dbk_vector_free(dbk_vector *v)
{
    if (v == NULL)
        return;
    dbk_free(v->rows);
    dbk_free(v);
}

/* Where the feed stands, or would stand. */
static size_t place_of(const dbk_vector *v, const dbk_id *feed)
{
    size_t from = 0, to = v->count;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        if (dbk_id_compare(&v->rows[mid].feed, feed) < 0)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

static bool stands_at(const dbk_vector *v, size_t at, const dbk_id *feed)
{
    return at < v->count && dbk_id_equal(&v->rows[at].feed, feed);
}

dbk_rc dbk_vector_raise(dbk_vector *v, const dbk_id *feed, uint64_t last_seq, dbk_err *err)
{
    size_t at = place_of(v, feed);
    if (stands_at(v, at, feed)) {
        if (last_seq > v->rows[at].last_seq)
            v->rows[at].last_seq = last_seq;
        return DBK_OK;
    }
    if (v->count == DBK_VECTOR_FEEDS_MAX)
        return dbk_fail(err, DBK_LIMIT, "a space has too many feeds");
    if (v->count == v->cap) {
        size_t cap = v->cap > 0 ? 2 * v->cap : 16;
        row *grown = dbk_realloc(v->rows, cap * sizeof(*grown));
        if (grown == NULL)
            return dbk_fail(err, DBK_NOMEM, "out of memory");
        v->rows = grown;
        v->cap = cap;
    }
    memmove(&v->rows[at + 1], &v->rows[at], (v->count - at) * sizeof(*v->rows));
    v->rows[at] = (row){ *feed, last_seq };
    v->count++;
    return DBK_OK;
}

uint64_t dbk_vector_last(const dbk_vector *v, const dbk_id *feed)
{
    size_t at = place_of(v, feed);
    return stands_at(v, at, feed) ? v->rows[at].last_seq : 0;
}

size_t dbk_vector_feeds(const dbk_vector *v)
{
    return v->count;
}

dbk_id dbk_vector_feed_at(const dbk_vector *v, size_t i)
{
    DBK_ASSERT(i < v->count);
    return v->rows[i].feed;
}
