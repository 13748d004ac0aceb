/* Segments that look sealed, and pushes of them. As relaykit.c, fuzz targets include this. */
#include "tests/lib/relaykit.h"

#include <string.h>

#include "core/base/wire.h"

#define HOLDS(call) DBK_ASSERT((call) == DBK_OK)

static void random_into(relaykit *k, void *out, size_t len)
{
    k->env.env.random(&k->env, out, len);
}

relaykit_feed relaykit_feed_begin(relaykit *k, const relaykit_device *d, const dbk_id *space)
{
    relaykit_feed f = { .device = d, .space = *space };
    random_into(k, f.incarnation.b, sizeof(f.incarnation.b));
    f.feed = dbk_feed_id(&d->id, space, &f.incarnation);
    return f;
}

void relaykit_segment_sign(relaykit_segment *s, const relaykit_device *d)
{
    dbk_header_sign(&s->header, d->sign);
    dbk_header_encode(s->raw, &s->header);
    s->hash = dbk_header_hash(&s->header);
}

bool relaykit_receipt_ok(const relaykit *k, const relaykit_segment *s, const dbk_receipt *r)
{
    dbk_receipt_scope scope = { dbk_org_id(&k->root_pk), s->header.space, s->hash };
    return dbk_receipt_verify(r, &scope, &k->birth.relay);
}

void relaykit_segment_make(relaykit *k, relaykit_segment *s, relaykit_feed *feed, uint16_t ops,
                           size_t op_bytes)
{
    static const uint8_t no_frames[1];
    dbk_frame frames[DBK_SEGMENT_OPS_MAX];
    dbk_header *h = &s->header;
    memset(s, 0, sizeof(*s));
    dbk_bytes_init(&s->body, DBK_KEPT_BYTES_MAX + 4096);
    for (uint16_t i = 0; i < ops; i++) {
        uint8_t *p;
        HOLDS(dbk_bytes_extend(&s->body, &p, DBK_FRAME_HEAD_BYTES + op_bytes, NULL));
        *p = DBK_FRAME_TAG_OP;
        random_into(k, dbk_wire_put_u32(p + 1, (uint32_t)op_bytes), op_bytes);
    }
    h->count = ops;
    h->space = feed->space;
    h->feed = feed->feed;
    h->incarnation = feed->incarnation;
    h->first_seq = feed->last_seq + 1;
    h->prev = feed->head;
    random_into(k, h->key_id.b, sizeof(h->key_id.b));
    h->members_seen = dbk_roster_head(k->roster);
    random_into(k, h->salt, sizeof(h->salt));
    h->body_len = (uint32_t)s->body.len;
    if (s->body.len <= DBK_SEGMENT_BODY_BYTES_MAX) {
        HOLDS(dbk_body_split(frames, h, dbk_bytes_span(&s->body), NULL));
        h->op_root = dbk_frames_root(frames, ops);
    } else {
        h->op_root = dbk_hash_of("daybook/test/too-large", dbk_span_of(no_frames, 1));
    }
    relaykit_segment_sign(s, feed->device);
    feed->last_seq = dbk_header_last_seq(h);
    feed->head = s->hash;
}

void relaykit_segment_erase(relaykit_segment *s, uint64_t holes)
{
    dbk_kept kept;
    dbk_bytes body = DBK_BYTES_INIT(DBK_KEPT_BYTES_MAX + 4096);
    HOLDS(dbk_kept_read(&kept, &s->header, dbk_bytes_span(&s->body), s->kept, NULL));
    dbk_kept_erase(&kept, holes);
    HOLDS(dbk_kept_encode(&body, &kept, NULL));
    dbk_bytes_wipe(&s->body);
    s->body = body;
    s->kept = true;
}

void relaykit_segment_wipe(relaykit_segment *s)
{
    dbk_bytes_wipe(&s->body);
}

int relaykit_push(relaykit *k, relaykit_device *d, relaykit_pushed *out,
                  const relaykit_segment *segments, size_t count)
{
    char target[96];
    dbk_relay_answer answer;
    dbk_bytes push = DBK_BYTES_INIT(DBK_PUSH_BYTES_MAX);
    memset(out, 0, sizeof(*out));
    HOLDS(dbk_push_begin(&push, NULL));
    for (size_t i = 0; i < count; i++) {
        dbk_sealed item = { dbk_span_of(segments[i].raw, sizeof(segments[i].raw)),
                            dbk_bytes_span(&segments[i].body), segments[i].kept };
        HOLDS(dbk_push_add(&push, &item, NULL));
    }
    relaykit_request req = { "POST",
                             relaykit_space_target(target, &segments[0].header.space, "segments"),
                             dbk_bytes_span(&push), NULL };
    int status = relaykit_call(k, d, &answer, &req);
    if (status == 200)
        HOLDS(dbk_results_decode(out->results, &out->count, &out->checkpoint,
                                 dbk_bytes_span(&answer.body), NULL));
    out->body = answer.body;
    dbk_bytes_wipe(&push);
    return status;
}

void relaykit_pushed_wipe(relaykit_pushed *p)
{
    dbk_bytes_wipe(&p->body);
}
