#include "core/crypto/checkpoint.h"

#include <string.h>

#include "core/base/text.h"
#include "core/base/wire.h"
#include "core/crypto/hash.h"
#include "core/crypto/entry_parts.h"
#include "core/crypto/tree.h"

#define SIGNER "relay"
#define DASH "\xe2\x80\x94 " /* U+2014 and a space open every signature line */
#define ORIGIN "daybook"
#define KEY_ID_BYTES 4u
#define ED25519_ALGORITHM 0x01u
#define COSIGNATURE_ALGORITHM 0x04u
#define LINE_SIGNATURES_MAX 16u
#define WITNESS "witness-"
#define WITNESS_BLOB_BYTES (KEY_ID_BYTES + 8u + DBK_SIG_BYTES)
/* "cosignature/v1", a time of 20 digits at most, and the three lines of a note */
#define COSIGNED_BYTES_MAX 512u

/* C2SP signed-note: SHA-256(name || 0x0A || algorithm || public key), its first 4 bytes. */
static void key_id(uint8_t out[KEY_ID_BYTES], const char *name, uint8_t algorithm,
                   const dbk_sign_pk *pk)
{
    uint8_t in[DBK_WITNESS_NAME_SIZE - 1 + 2 + DBK_SIGN_PK_BYTES];
    uint8_t hash[32];
    DBK_ASSERT(strlen(name) < DBK_WITNESS_NAME_SIZE);
    uint8_t *p = dbk_wire_put_copy(in, (const uint8_t *)name, strlen(name));
    *p++ = '\n';
    *p++ = algorithm;
    p = dbk_wire_put_copy(p, pk->b, sizeof(pk->b));
    dbk_sha256(hash, dbk_span_of(in, (size_t)(p - in)));
    memcpy(out, hash, KEY_ID_BYTES);
}

/* origin, size and root: three lines, the text that is signed. */
static dbk_rc append_text(dbk_bytes *out, const dbk_checkpoint *c, dbk_err *err)
{
    char org[DBK_ID_HEX_SIZE], space[DBK_ID_HEX_SIZE], log[DBK_ID_HEX_SIZE];
    dbk_id_hex(org, &c->org);
    dbk_id_hex(space, &c->space);
    dbk_id_hex(log, &c->log);
    dbk_rc rc = dbk_bytes_append_fmt(out, err, ORIGIN "/%s/%s/%s\n%llu\n", org, space, log,
                                     (unsigned long long)c->size);
    if (rc == DBK_OK)
        rc = dbk_base64_append(out, dbk_span_of(c->root.b, sizeof(c->root.b)), err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_str(out, "\n", err);
    return rc;
}

static dbk_rc append_line(dbk_bytes *note, const char *name, dbk_span blob, dbk_err *err)
{
    dbk_rc rc = dbk_bytes_append_fmt(note, err, DASH "%s ", name);
    if (rc == DBK_OK)
        rc = dbk_base64_append(note, blob, err);
    return rc == DBK_OK ? dbk_bytes_append_str(note, "\n", err) : rc;
}

dbk_rc dbk_checkpoint_sign(dbk_bytes *note, const dbk_checkpoint *c, const dbk_secret *relay_sk,
                           dbk_err *err)
{
    uint8_t blob[KEY_ID_BYTES + DBK_SIG_BYTES];
    size_t start = note->len;
    dbk_sign_pk pk;
    dbk_sig sig;
    DBK_ASSERT(c->size <= DBK_TREE_SIZE_MAX);
    dbk_rc rc = append_text(note, c, err);
    if (rc != DBK_OK)
        goto out;
    dbk_sign_pk_of(&pk, relay_sk);
    dbk_sign_raw(&sig, dbk_span_of(note->p + start, note->len - start), relay_sk);
    key_id(blob, SIGNER, ED25519_ALGORITHM, &pk);
    memcpy(blob + KEY_ID_BYTES, sig.b, sizeof(sig.b));
    rc = dbk_bytes_append_str(note, "\n", err);
    if (rc == DBK_OK)
        rc = append_line(note, SIGNER, dbk_span_of(blob, sizeof(blob)), err);
out:
    if (rc != DBK_OK)
        dbk_bytes_truncate(note, start);
    return rc;
}

/* The next line without its newline; false when there is none, or it has no end. */
static bool take_line(dbk_span *in, dbk_span *line)
{
    const uint8_t *end = in->len == 0 ? NULL : memchr(in->p, '\n', in->len);
    *line = (dbk_span){ NULL, 0 };
    if (end == NULL)
        return false;
    *line = dbk_span_of(in->p, (size_t)(end - in->p));
    in->p += line->len + 1;
    in->len -= line->len + 1;
    return true;
}

/* Moves past a text that must stand here. */
static bool take_text(dbk_span *in, const char *text)
{
    dbk_span want = dbk_span_str(text);
    if (in->len < want.len || !dbk_span_equal(dbk_span_of(in->p, want.len), want))
        return false;
    in->p += want.len;
    in->len -= want.len;
    return true;
}

/* 32 digits of lower case: one text for one id. */
static bool take_id(dbk_span *in, dbk_id *out)
{
    char hex[DBK_ID_HEX_SIZE], again[DBK_ID_HEX_SIZE];
    if (in->len < sizeof(hex) - 1)
        return false;
    memcpy(hex, in->p, sizeof(hex) - 1);
    hex[sizeof(hex) - 1] = '\0';
    if (dbk_hex_parse(out->b, sizeof(out->b), hex, NULL) != DBK_OK)
        return false;
    dbk_id_hex(again, out);
    return take_text(in, again);
}

static bool parse_origin(dbk_checkpoint *c, dbk_span line)
{
    return take_text(&line, ORIGIN "/") && take_id(&line, &c->org) && take_text(&line, "/") &&
           take_id(&line, &c->space) && take_text(&line, "/") && take_id(&line, &c->log) &&
           line.len == 0;
}

static bool parse_text(dbk_checkpoint *c, dbk_span *in)
{
    dbk_span origin, size, root;
    return take_line(in, &origin) && take_line(in, &size) && take_line(in, &root) &&
           parse_origin(c, origin) && dbk_u64_parse(&c->size, size, NULL) == DBK_OK &&
           c->size <= DBK_TREE_SIZE_MAX && dbk_base64_read(c->root.b, sizeof(c->root.b), root);
}

/* One signature line: *name and *blob are borrowed. */
static bool parse_signature(dbk_span line, dbk_span *name, dbk_span *blob)
{
    if (!take_text(&line, DASH))
        return false;
    const uint8_t *space = line.len == 0 ? NULL : memchr(line.p, ' ', line.len);
    if (space == NULL || space == line.p)
        return false;
    *name = dbk_span_of(line.p, (size_t)(space - line.p));
    *blob = dbk_span_of(space + 1, line.len - name->len - 1);
    for (size_t i = 0; i < name->len; i++) {
        if (name->p[i] <= ' ' || name->p[i] == '+' || name->p[i] > '~')
            return false;
    }
    return blob->len > 0;
}

/* The relay's line must be there and hold; lines of others are passed by, if well formed. */
static dbk_rc check_signatures(dbk_span lines, dbk_span text, const dbk_sign_pk *relay,
                               dbk_err *err)
{
    uint8_t want_id[KEY_ID_BYTES], blob[KEY_ID_BYTES + DBK_SIG_BYTES];
    dbk_span line, name, base64;
    dbk_sig sig;
    bool verified = false;
    key_id(want_id, SIGNER, ED25519_ALGORITHM, relay);
    for (size_t i = 0; lines.len > 0; i++) {
        if (i == LINE_SIGNATURES_MAX || !take_line(&lines, &line) ||
            !parse_signature(line, &name, &base64))
            return dbk_fail(err, DBK_FORMAT, "a checkpoint's signature lines are malformed");
        if (!dbk_span_equal(name, dbk_span_str(SIGNER)))
            continue;
        if (verified || !dbk_base64_read(blob, sizeof(blob), base64))
            return dbk_fail(err, DBK_FORMAT, "a checkpoint's relay signature is malformed");
        memcpy(sig.b, blob + KEY_ID_BYTES, sizeof(sig.b));
        if (!dbk_span_equal(dbk_span_of(blob, KEY_ID_BYTES), dbk_span_of(want_id, KEY_ID_BYTES)) ||
            !dbk_verify_raw(&sig, text, relay))
            return dbk_fail(err, DBK_AUTH, "a checkpoint is not signed by the relay");
        verified = true;
    }
    if (!verified)
        return dbk_fail(err, DBK_AUTH, "a checkpoint is not signed by the relay");
    return DBK_OK;
}

/* What a note says, its text and its signature lines; what those say isn't looked at. */
static dbk_rc split(dbk_checkpoint *c, dbk_span *text, dbk_span *lines, dbk_span note, dbk_err *err)
{
    dbk_span left = note, blank;
    memset(c, 0, sizeof(*c));
    if (note.len > DBK_CHECKPOINT_BYTES_MAX)
        return dbk_fail(err, DBK_FORMAT, "a checkpoint of %zu bytes", note.len);
    if (!parse_text(c, &left))
        return dbk_fail(err, DBK_FORMAT, "a checkpoint's text is malformed");
    *text = dbk_span_of(note.p, note.len - left.len);
    if (!take_line(&left, &blank) || blank.len > 0 || left.len == 0)
        return dbk_fail(err, DBK_FORMAT, "a checkpoint has no signatures");
    *lines = left;
    return DBK_OK;
}

dbk_rc dbk_checkpoint_open(dbk_checkpoint *out, dbk_span note, const dbk_sign_pk *relay,
                           dbk_err *err)
{
    dbk_checkpoint c;
    dbk_span text, lines;
    memset(out, 0, sizeof(*out));
    dbk_rc rc = split(&c, &text, &lines, note, err);
    if (rc == DBK_OK)
        rc = check_signatures(lines, text, relay, err);
    if (rc == DBK_OK)
        *out = c;
    return rc;
}

/* ---- cosignatures -------------------------------------------------------------------------- */

bool dbk_cosigned_is_newer(const dbk_cosigned *a, const dbk_cosigned *b)
{
    return a->size != b->size ? a->size > b->size : a->time_s > b->time_s;
}

dbk_id dbk_witness_id(const dbk_sign_pk *witness)
{
    return dbk_signer_id(witness);
}

void dbk_witness_name(char out[DBK_WITNESS_NAME_SIZE], const dbk_sign_pk *witness)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_id id = dbk_witness_id(witness);
    dbk_id_hex(hex, &id);
    memcpy(out, WITNESS, sizeof(WITNESS) - 1);
    memcpy(out + sizeof(WITNESS) - 1, hex, sizeof(hex));
}

static dbk_rc cosigned_text(dbk_bytes *out, uint64_t time_s, dbk_span text, dbk_err *err)
{
    dbk_rc rc = dbk_bytes_append_fmt(out, err, "cosignature/v1\ntime %llu\n",
                                     (unsigned long long)time_s);
    return rc == DBK_OK ? dbk_bytes_append(out, text, err) : rc;
}

/* The base64 of the only line with this name. DBK_NOT_FOUND. */
static dbk_rc find_line(dbk_span *base64, dbk_span lines, const char *want, dbk_err *err)
{
    dbk_span line, name, found;
    size_t count = 0;
    *base64 = (dbk_span){ NULL, 0 };
    for (size_t i = 0; lines.len > 0; i++) {
        if (i == LINE_SIGNATURES_MAX || !take_line(&lines, &line) ||
            !parse_signature(line, &name, &found))
            return dbk_fail(err, DBK_FORMAT, "a checkpoint's signature lines are malformed");
        if (!dbk_span_equal(name, dbk_span_str(want)))
            continue;
        *base64 = found;
        count++;
    }
    if (count > 1)
        return dbk_fail(err, DBK_FORMAT, "a checkpoint has two lines of one witness");
    return count == 1 ? DBK_OK : dbk_fail(err, DBK_NOT_FOUND, "no line of this witness");
}

dbk_rc dbk_checkpoint_cosigned(uint64_t *time_s, dbk_span note, const dbk_sign_pk *witness,
                               dbk_err *err)
{
    char want[DBK_WITNESS_NAME_SIZE];
    uint8_t blob[WITNESS_BLOB_BYTES], want_id[KEY_ID_BYTES];
    dbk_checkpoint c;
    dbk_span text, lines, base64;
    dbk_sig sig;
    dbk_bytes message = DBK_BYTES_INIT(COSIGNED_BYTES_MAX);
    *time_s = 0;
    dbk_witness_name(want, witness);
    dbk_rc rc = split(&c, &text, &lines, note, err);
    if (rc == DBK_OK)
        rc = find_line(&base64, lines, want, err);
    if (rc == DBK_OK && !dbk_base64_read(blob, sizeof(blob), base64))
        rc = dbk_fail(err, DBK_FORMAT, "a cosignature is malformed");
    if (rc != DBK_OK)
        return rc;
    dbk_wire w = dbk_wire_from(dbk_span_of(blob + KEY_ID_BYTES, 8));
    uint64_t stated_s = dbk_wire_get_u64(&w);
    rc = cosigned_text(&message, stated_s, text, err);
    if (rc == DBK_OK) {
        memcpy(sig.b, blob + KEY_ID_BYTES + 8, sizeof(sig.b));
        key_id(want_id, want, COSIGNATURE_ALGORITHM, witness);
        if (!dbk_span_equal(dbk_span_of(blob, KEY_ID_BYTES), dbk_span_of(want_id, KEY_ID_BYTES)) ||
            !dbk_verify_raw(&sig, dbk_bytes_span(&message), witness))
            rc = dbk_fail(err, DBK_AUTH, "a checkpoint is not cosigned by its witness");
    }
    if (rc == DBK_OK)
        *time_s = stated_s;
    dbk_bytes_wipe(&message);
    return rc;
}

dbk_rc dbk_checkpoint_cosign(dbk_bytes *note, uint64_t time_s, const dbk_secret *witness_sk,
                             dbk_err *err)
{
    char name[DBK_WITNESS_NAME_SIZE];
    uint8_t blob[WITNESS_BLOB_BYTES];
    dbk_checkpoint c;
    dbk_span text, lines, base64;
    dbk_sign_pk pk;
    dbk_sig sig;
    dbk_err absent = { 0 };
    size_t start = note->len;
    dbk_bytes message = DBK_BYTES_INIT(COSIGNED_BYTES_MAX);
    dbk_sign_pk_of(&pk, witness_sk);
    dbk_witness_name(name, &pk);
    dbk_rc rc = split(&c, &text, &lines, dbk_bytes_span(note), err);
    if (rc == DBK_OK) {
        rc = find_line(&base64, lines, name, &absent);
        if (rc == DBK_OK)
            rc = dbk_fail(err, DBK_CONFLICT, "this witness has cosigned the note already");
        else
            rc = rc == DBK_NOT_FOUND ? DBK_OK : dbk_fail(err, rc, "%s", absent.text);
    }
    if (rc == DBK_OK)
        rc = cosigned_text(&message, time_s, text, err);
    if (rc == DBK_OK) {
        dbk_sign_raw(&sig, dbk_bytes_span(&message), witness_sk);
        key_id(blob, name, COSIGNATURE_ALGORITHM, &pk);
        (void)dbk_wire_put_copy(dbk_wire_put_u64(blob + KEY_ID_BYTES, time_s), sig.b,
                                sizeof(sig.b));
        rc = append_line(note, name, dbk_span_of(blob, sizeof(blob)), err);
    }
    if (rc == DBK_OK && note->len > DBK_CHECKPOINT_BYTES_MAX)
        rc = dbk_fail(err, DBK_LIMIT, "a checkpoint has no room for another line");
    if (rc != DBK_OK)
        dbk_bytes_truncate(note, start);
    dbk_bytes_wipe(&message);
    return rc;
}
