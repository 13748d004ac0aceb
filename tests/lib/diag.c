#include "tests/lib/diag.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/cbor.h"
#include "core/base/text.h"
#include "tests/lib/opkit.h"

#define DEPTH_MAX 20u

static void skip_gaps(const char **at)
{
    while (**at == ' ' || **at == ',' || **at == ':' || **at == '\n')
        (*at)++;
}

static void put_bytes(dbk_cbor_out *o, const char **at)
{
    uint8_t raw[64];
    char hex[129];
    size_t len = strcspn(*at, "'");
    DBK_ASSERT(len % 2 == 0);
    DBK_ASSERT(len < sizeof(hex));
    memcpy(hex, *at, len);
    hex[len] = '\0';
    dbk_rc rc = dbk_hex_parse(raw, len / 2, hex, NULL);
    DBK_ASSERT(rc == DBK_OK);
    dbk_cbor_put_bytes(o, raw, len / 2);
    *at += len + 1;
}

static void put_scalar(dbk_cbor_out *o, const char **at)
{
    static const struct {
        const char *word;
        uint64_t simple;
    } words[] = { { "true", DBK_CBOR_TRUE },
                  { "false", DBK_CBOR_FALSE },
                  { "null", DBK_CBOR_NULL } };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t len = strlen(words[i].word);
        if (strncmp(*at, words[i].word, len) == 0) {
            dbk_cbor_put_simple(o, words[i].simple);
            *at += len;
            return;
        }
    }
    char *end;
    if (**at == '-')
        dbk_cbor_put_int(o, strtoll(*at, &end, 10));
    else
        dbk_cbor_put_uint(o, strtoull(*at, &end, 10));
    DBK_ASSERT(end != *at);
    *at = end;
}

/* One item of a list or map that has `items` so far. */
static void put_plain(dbk_cbor_out *o, const char **at)
{
    if (**at == '"') {
        size_t len = strcspn(*at + 1, "\"");
        dbk_cbor_put_text(o, dbk_span_of(*at + 1, len));
        *at += len + 2;
    } else if (**at == '@') {
        dbk_id id = kit_id((*at)[1]);
        dbk_cbor_put_bytes(o, id.b, DBK_ID_BYTES);
        *at += 2;
    } else if (strncmp(*at, "h'", 2) == 0) {
        *at += 2;
        put_bytes(o, at);
    } else {
        put_scalar(o, at);
    }
}

void kit_cbor(dbk_bytes *out, const char *text)
{
    /* An open list's items gather in a buffer of its own until their number is known. */
    dbk_bytes parts[DEPTH_MAX + 1];
    size_t items[DEPTH_MAX + 1], depth = 0;
    char closers[DEPTH_MAX + 1];
    dbk_bytes_init(&parts[0], out->max);
    items[0] = 0;
    for (skip_gaps(&text); *text != '\0'; skip_gaps(&text)) {
        dbk_cbor_out o = dbk_cbor_to(&parts[depth], NULL);
        if (*text == '[' || *text == '{') {
            DBK_ASSERT(depth < DEPTH_MAX);
            depth++;
            closers[depth] = *text++ == '[' ? ']' : '}';
            dbk_bytes_init(&parts[depth], out->max);
            items[depth] = 0;
            continue;
        }
        if (depth > 0 && *text == closers[depth]) {
            text++;
            depth--;
            o = dbk_cbor_to(&parts[depth], NULL);
            if (closers[depth + 1] == ']')
                dbk_cbor_put_array(&o, items[depth + 1]);
            else
                dbk_cbor_put_map(&o, items[depth + 1] / 2);
            dbk_cbor_put_item(&o, dbk_bytes_span(&parts[depth + 1]));
            dbk_bytes_wipe(&parts[depth + 1]);
        } else {
            put_plain(&o, &text);
        }
        DBK_ASSERT(o.rc == DBK_OK);
        items[depth]++;
    }
    DBK_ASSERT(depth == 0);
    dbk_rc rc = dbk_bytes_append(out, dbk_bytes_span(&parts[0]), NULL);
    DBK_ASSERT(rc == DBK_OK);
    dbk_bytes_wipe(&parts[0]);
}
