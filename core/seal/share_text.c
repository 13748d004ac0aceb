/* A share as bytes and as text that can be printed and typed; both stand in core/seal/shares.h. */
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/base/wire.h"
#include "core/crypto/hash.h"
#include "core/seal/shares_internal.h"

#define MAGIC "DBKR"
#define MAGIC_BYTES 4u
#define VERSION 1u
#define FIXED_BYTES 42u
#define CHECK_BYTES 8u
#define BLOCK_BYTES_MAX                                                                 \
    (FIXED_BYTES + DBK_SHARES_MAX * DBK_ID_BYTES + DBK_SHARE_PART_BYTES + CHECK_BYTES + \
     DBK_SHARE_NAME_BYTES_MAX)
#define LINE_BYTES 20u /* of the block in a line: 32 characters */
#define LINE_CHECK 4u  /* characters: 20 bits */
#define LINE_SYMBOLS_MAX (LINE_BYTES * 8u / 5u + LINE_CHECK)
#define LINES_MAX ((BLOCK_BYTES_MAX + LINE_BYTES - 1u) / LINE_BYTES)
#define GROUP 4u

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* ---- bytes --------------------------------------------------------------------------------- */

static dbk_hash check_of(dbk_span before)
{
    return dbk_hash_of("daybook/share/1", before);
}

static size_t put_block(uint8_t out[BLOCK_BYTES_MAX], const dbk_share *s)
{
    size_t name_len = strlen(s->organisation);
    uint8_t *p = dbk_wire_put_copy(out, (const uint8_t *)MAGIC, MAGIC_BYTES);
    *p++ = VERSION;
    *p++ = DBK_SUITE_1;
    *p++ = s->need;
    *p++ = s->count;
    *p++ = s->number;
    *p++ = (uint8_t)name_len;
    p = dbk_wire_put_copy(p, s->key, sizeof(s->key));
    for (size_t i = 0; i < s->count; i++)
        p = dbk_wire_put_copy(p, s->parts[i].b, DBK_ID_BYTES);
    p = dbk_wire_put_copy(p, dbk_secret_bytes(s->part).p, DBK_SHARE_PART_BYTES);
    p = dbk_wire_put_copy(p, (const uint8_t *)s->organisation, name_len);
    dbk_hash check = check_of(dbk_span_of(out, (size_t)(p - out)));
    p = dbk_wire_put_copy(p, check.b, CHECK_BYTES);
    return (size_t)(p - out);
}

static dbk_rc damaged(dbk_err *err)
{
    return dbk_fail(err, DBK_FORMAT, "the share is damaged");
}

static dbk_rc get_fields(dbk_share *s, dbk_wire *w, dbk_err *err)
{
    s->need = dbk_wire_get_u8(w);
    s->count = dbk_wire_get_u8(w);
    s->number = dbk_wire_get_u8(w);
    size_t name_len = dbk_wire_get_u8(w);
    dbk_wire_get_copy(w, s->key, sizeof(s->key));
    if (w->failed || s->count > DBK_SHARES_MAX || name_len > DBK_SHARE_NAME_BYTES_MAX)
        return damaged(err);
    for (size_t i = 0; i < s->count; i++)
        s->parts[i] = dbk_wire_get_id(w);
    dbk_span part = dbk_wire_get_span(w, DBK_SHARE_PART_BYTES);
    dbk_wire_get_copy(w, (uint8_t *)s->organisation, name_len);
    if (w->failed || w->left.len != CHECK_BYTES || strlen(s->organisation) != name_len ||
        !dbk_share_proper(s))
        return damaged(err);
    dbk_id id = dbk_share_part_id(s, part);
    if (!dbk_id_equal(&id, &s->parts[s->number - 1]))
        return damaged(err);
    return dbk_secret_from(&s->part, part, err);
}

static dbk_rc get_block(dbk_share *s, dbk_span in, dbk_err *err)
{
    dbk_wire w = dbk_wire_from(in);
    uint8_t magic[MAGIC_BYTES];
    dbk_wire_get_copy(&w, magic, sizeof(magic));
    uint8_t version = dbk_wire_get_u8(&w), suite = dbk_wire_get_u8(&w);
    if (w.failed || in.len < FIXED_BYTES + CHECK_BYTES ||
        !dbk_span_equal(dbk_span_of(magic, sizeof(magic)), dbk_span_str(MAGIC)))
        return dbk_fail(err, DBK_FORMAT, "this is no recovery share");
    dbk_hash check = check_of(dbk_span_of(in.p, in.len - CHECK_BYTES));
    if (!dbk_span_equal(dbk_span_of(check.b, CHECK_BYTES),
                        dbk_span_of(in.p + in.len - CHECK_BYTES, CHECK_BYTES)))
        return damaged(err);
    if (version != VERSION || suite != DBK_SUITE_1)
        return dbk_fail(err, DBK_VERSION, "a share of version %u, suite %u", version, suite);
    return get_fields(s, &w, err);
}

/* ---- lines --------------------------------------------------------------------------------- */

static void line_check(uint8_t out[LINE_CHECK], unsigned number, dbk_span bytes)
{
    const uint8_t n = (uint8_t)number;
    dbk_hasher h;
    dbk_hasher_init(&h, "daybook/share-line/1");
    dbk_hasher_add(&h, dbk_span_of(&n, 1));
    dbk_hasher_add(&h, bytes);
    dbk_hash hash = dbk_hasher_end(&h);
    uint32_t bits = (uint32_t)hash.b[0] << 16 | (uint32_t)hash.b[1] << 8 | hash.b[2];
    for (size_t i = 0; i < LINE_CHECK; i++)
        out[i] = bits >> (19 - 5 * i) & 31; /* the first 20 of these 24 */
}

/* The symbols of a line, 0..31 each: its bytes, most significant bit first, then the check. */
static size_t symbols_of(uint8_t out[LINE_SYMBOLS_MAX], unsigned number, dbk_span bytes)
{
    size_t n = 0, held = 0;
    uint32_t bits = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        bits = (bits << 8 | bytes.p[i]) & 0xfff;
        for (held += 8; held >= 5; held -= 5)
            out[n++] = bits >> (held - 5) & 31;
    }
    if (held > 0)
        out[n++] = bits << (5 - held) & 31;
    line_check(out + n, number, bytes);
    return n + LINE_CHECK;
}

static dbk_rc append_line(dbk_bytes *out, unsigned number, dbk_span bytes, dbk_err *err)
{
    uint8_t symbols[LINE_SYMBOLS_MAX];
    char text[LINE_SYMBOLS_MAX * 2];
    size_t count = symbols_of(symbols, number, bytes), n = 0;
    for (size_t i = 0; i < count; i++) {
        bool check = i == count - LINE_CHECK;
        if ((i % GROUP == 0 && i < count - LINE_CHECK) || check)
            text[n++] = ' ';
        text[n++] = alphabet[symbols[i]];
    }
    text[n++] = '\n';
    dbk_rc rc = dbk_bytes_append_fmt(out, err, "%u:", number);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(out, dbk_span_of(text, n), err);
    dbk_wipe(symbols, sizeof(symbols));
    dbk_wipe(text, sizeof(text));
    return rc;
}

static int symbol_of(uint8_t c)
{
    if (c >= 'a' && c <= 'z')
        c = (uint8_t)(c - 'a' + 'A');
    c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
    for (int i = 0; alphabet[i] != '\0'; i++)
        if ((uint8_t)alphabet[i] == c)
            return i;
    return -1;
}

/* Bytes of symbols without their check; false when the spare bits aren't zero, or there are more
 * than a last symbol needs. */
static bool bytes_of(uint8_t out[LINE_BYTES], size_t *len, const uint8_t *symbols, size_t count)
{
    size_t held = 0;
    uint32_t bits = 0;
    *len = 0;
    for (size_t i = 0; i < count; i++) {
        bits = (bits << 5 | symbols[i]) & 0xfff;
        held += 5;
        if (held >= 8) {
            held -= 8;
            out[(*len)++] = (uint8_t)(bits >> held);
        }
    }
    return held < 5 && (bits & ((1u << held) - 1)) == 0;
}

static dbk_rc mistyped(unsigned number, dbk_err *err)
{
    return dbk_fail(err, DBK_FORMAT, "line %u of the share is mistyped or damaged", number);
}

/* The line behind its number and colon. */
static dbk_rc take_line(dbk_bytes *block, unsigned number, dbk_span line, dbk_err *err)
{
    uint8_t symbols[LINE_SYMBOLS_MAX], bytes[LINE_BYTES], check[LINE_CHECK];
    size_t count = 0, len = 0;
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < line.len && rc == DBK_OK; i++) {
        int symbol = symbol_of(line.p[i]);
        if (line.p[i] == ' ' || line.p[i] == '\t' || line.p[i] == '\r' || line.p[i] == '-')
            continue;
        if (symbol < 0 || count == LINE_SYMBOLS_MAX)
            rc = mistyped(number, err);
        else
            symbols[count++] = (uint8_t)symbol;
    }
    if (rc == DBK_OK &&
        (count <= LINE_CHECK || !bytes_of(bytes, &len, symbols, count - LINE_CHECK)))
        rc = mistyped(number, err);
    if (rc == DBK_OK) {
        line_check(check, number, dbk_span_of(bytes, len));
        if (!dbk_equal_ct(dbk_span_of(check, LINE_CHECK),
                          dbk_span_of(symbols + count - LINE_CHECK, LINE_CHECK)))
            rc = mistyped(number, err);
    }
    if (rc == DBK_OK)
        rc = dbk_bytes_append(block, dbk_span_of(bytes, len), err);
    dbk_wipe(symbols, sizeof(symbols));
    dbk_wipe(bytes, sizeof(bytes));
    return rc;
}

/* "12: ..." gives 12 and moves behind the colon; 0: a line for people. */
static unsigned number_of(dbk_span *line)
{
    unsigned n = 0;
    size_t i = 0;
    while (i < line->len && (line->p[i] == ' ' || line->p[i] == '\t'))
        i++;
    size_t first = i;
    while (i < line->len && i < first + 2 && line->p[i] >= '0' && line->p[i] <= '9')
        n = n * 10 + (line->p[i++] - '0');
    if (i == first || i == line->len || line->p[i] != ':')
        return 0;
    *line = dbk_span_of(line->p + i + 1, line->len - i - 1);
    return n;
}

static dbk_rc read_lines(dbk_bytes *block, dbk_span text, dbk_err *err)
{
    unsigned want = 1;
    bool full = true; /* every line so far was: only the last may be shorter */
    dbk_rc rc = DBK_OK;
    while (text.len > 0 && rc == DBK_OK) {
        const uint8_t *end = memchr(text.p, '\n', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.p);
        dbk_span line = { text.p, len };
        text = dbk_span_of(text.p + len, text.len - len);
        text = text.len > 0 ? dbk_span_of(text.p + 1, text.len - 1) : text;
        unsigned number = number_of(&line);
        size_t before = block->len;
        if (number == 0)
            continue;
        if (number != want || want > LINES_MAX || !full)
            return dbk_fail(err, DBK_FORMAT, "line %u of the share is missing", want);
        rc = take_line(block, number, line, err);
        full = block->len - before == LINE_BYTES;
        want++;
    }
    return rc;
}

dbk_rc dbk_share_print(dbk_bytes *out, const dbk_share *share, dbk_err *err)
{
    uint8_t block[BLOCK_BYTES_MAX];
    char print[DBK_ID_HEX_SIZE], set_hex[DBK_ID_HEX_SIZE];
    size_t len = put_block(block, share), start = out->len;
    dbk_id key_print = dbk_recovery_print(share->key), set = dbk_share_set(share);
    dbk_id_hex(print, &key_print);
    dbk_id_hex(set_hex, &set);
    dbk_rc rc = dbk_bytes_append_fmt(
        out, err,
        "Daybook recovery share %u of %u\n"
        "For: %s\n"
        "Recovery key: %s\n"
        "Set of shares: %s\n"
        "Any %u of the %u shares open an officer's store at headquarters; fewer open nothing.\n"
        "Keep this one apart from the others, and show nobody the lines with numbers.\n\n",
        share->number, share->count, share->organisation, print, set_hex, share->need,
        share->count);
    for (size_t at = 0; at < len && rc == DBK_OK; at += LINE_BYTES) {
        size_t n = len - at < LINE_BYTES ? len - at : LINE_BYTES;
        rc = append_line(out, (unsigned)(at / LINE_BYTES + 1), dbk_span_of(block + at, n), err);
    }
    dbk_wipe(block, sizeof(block));
    if (rc != DBK_OK)
        dbk_bytes_truncate(out, start);
    return rc;
}

dbk_rc dbk_share_parse(dbk_share *out, dbk_span text, dbk_err *err)
{
    dbk_bytes block = DBK_BYTES_INIT(BLOCK_BYTES_MAX);
    dbk_rc rc = DBK_OK;
    memset(out, 0, sizeof(*out));
    if (text.len > DBK_SHARE_TEXT_BYTES_MAX)
        return dbk_fail(err, DBK_FORMAT, "this is no recovery share");
    rc = read_lines(&block, text, err);
    if (rc == DBK_OK)
        rc = get_block(out, dbk_bytes_span(&block), err);
    if (rc != DBK_OK)
        dbk_share_wipe(out);
    dbk_bytes_wipe(&block);
    return rc;
}
