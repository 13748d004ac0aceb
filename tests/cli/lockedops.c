/* lockedops BACKUP BOOK KEYFILE [EPOCHKEY...]: what somebody can read of a relay's backup who holds
 * relay.key, this copy of the opener book, and these epoch keys (hex, as epochkeys prints them). A
 * line for each op: "open INDEX OP TEXT" or "shut INDEX OP". What has no opener is tried with every
 * opener of the book. It reads copies: SQLite writes beside what it opens. */
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/seal/sealer.h"
#include "sync/relay/opener_book.h"

#define KEYS_MAX 16
#define OPENERS_MAX 4096
#define FRAME_BYTES_MAX (64u * 1024u)

static struct {
    dbk_log backup, book;
    dbk_sealer *sealer;
    dbk_secret *keys[KEYS_MAX];
    size_t keys_count;
    uint8_t openers[OPENERS_MAX][DBK_FRAME_OPENER_BYTES];
    size_t openers_count;
    dbk_id space;
} t;

static dbk_rc note_openers(void *ctx, const dbk_log_row *row, bool *stop, dbk_err *err)
{
    dbk_openers o;
    (void)ctx;
    (void)stop;
    dbk_rc rc = dbk_openers_decode(&o, row->value, err);
    for (size_t i = 0; i < o.count && rc == DBK_OK; i++) {
        if (o.of[i].len == DBK_FRAME_OPENER_BYTES && t.openers_count < OPENERS_MAX)
            memcpy(t.openers[t.openers_count++], o.of[i].p, DBK_FRAME_OPENER_BYTES);
    }
    return rc;
}

static bool opens(dbk_bytes *plain, const dbk_header *h, const dbk_locked *locked, uint32_t op,
                  dbk_span opener)
{
    uint8_t sealed[FRAME_BYTES_MAX];
    size_t len = opener.len + locked->rest[op].len;
    if (opener.len == 0 || len > sizeof(sealed))
        return false;
    memcpy(sealed, opener.p, opener.len);
    memcpy(sealed + opener.len, locked->rest[op].p, locked->rest[op].len);
    dbk_frame frame = { locked->key_tags[op], dbk_span_of(sealed, len), { NULL, 0 } };
    for (size_t i = 0; i < t.keys_count; i++) {
        dbk_bytes_truncate(plain, 0);
        if (dbk_open_frame(t.sealer, plain, h, &frame, op, t.keys[i], NULL) == DBK_OK)
            return true;
    }
    return false;
}

static void print_op(uint64_t index, uint32_t op, bool open, const dbk_bytes *plain)
{
    (void)printf("%s %llu %u ", open ? "open" : "shut", (unsigned long long)index, op);
    for (size_t i = 0; i < plain->len && open; i++)
        (void)putchar(plain->p[i] >= 0x20 && plain->p[i] < 0x7f ? plain->p[i] : '.');
    (void)putchar('\n');
}

static dbk_rc try_segment(void *ctx, const dbk_log_segment *segment, bool *stop, dbk_err *err)
{
    dbk_header h;
    dbk_locked locked;
    dbk_openers own;
    dbk_bytes store = DBK_BYTES_INIT(DBK_OPENERS_BYTES_MAX);
    dbk_bytes plain = DBK_BYTES_INIT(DBK_SEAL_PLAIN_BYTES_MAX);
    (void)ctx;
    (void)stop;
    dbk_rc rc = dbk_header_decode(&h, segment->header, err);
    if (rc == DBK_OK)
        rc = dbk_locked_read(&locked, &h, segment->body, err);
    if (rc == DBK_OK)
        rc = dbk_opener_book_find(&t.book, &h, &own, &store, err);
    for (uint32_t op = 0; op < h.count && rc == DBK_OK; op++) {
        bool open = op < own.count && opens(&plain, &h, &locked, op, own.of[op]);
        for (size_t i = 0; i < t.openers_count && !open; i++)
            open = opens(&plain, &h, &locked, op,
                         dbk_span_of(t.openers[i], DBK_FRAME_OPENER_BYTES));
        print_op(segment->index, op, open, &plain);
    }
    dbk_bytes_wipe(&store);
    dbk_bytes_wipe(&plain);
    return rc;
}

static dbk_rc try_space(dbk_err *err)
{
    const dbk_log_scan scan = { dbk_span_of("K", 1), { NULL, 0 }, note_openers, NULL };
    const dbk_log_read read = { 0, try_segment, NULL, 0 };
    t.openers_count = 0;
    dbk_rc rc = t.book.ops->scan(t.book.self, &t.space, &scan, err);
    return rc == DBK_OK ? t.backup.ops->segments_read(t.backup.self, &t.space, &read, err) : rc;
}

static dbk_rc try_all(dbk_err *err)
{
    dbk_roll *roll = NULL;
    dbk_bytes spaces = DBK_BYTES_INIT(1u << 20);
    dbk_rc rc = dbk_roll_new(&roll, &t.backup, dbk_env_system(), err);
    if (rc == DBK_OK)
        rc = dbk_roll_logs(roll, &spaces, err);
    for (size_t at = 0; at < spaces.len && rc == DBK_OK; at += sizeof(dbk_log_move)) {
        dbk_log_move move;
        memcpy(&move, spaces.p + at, sizeof(move));
        t.space = move.space;
        rc = try_space(err);
    }
    dbk_bytes_wipe(&spaces);
    dbk_roll_free(roll);
    return rc;
}

static dbk_rc open_both(char **argv, const dbk_secret *key, dbk_err *err)
{
    const dbk_log_embedded backup = { argv[1], key }, book = { argv[2], key };
    dbk_rc rc = dbk_log_embedded_open(&backup, &t.backup, DBK_LOG_WRITES, err);
    return rc == DBK_OK ? dbk_log_embedded_open(&book, &t.book, DBK_LOG_WRITES, err) : rc;
}

static dbk_rc read_keys(int argc, char **argv, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (int i = 4; i < argc && rc == DBK_OK && t.keys_count < KEYS_MAX; i++) {
        uint8_t raw[32];
        rc = dbk_hex_parse(raw, sizeof(raw), argv[i], err);
        if (rc == DBK_OK)
            rc = dbk_secret_from(&t.keys[t.keys_count++], dbk_span_of(raw, sizeof(raw)), err);
    }
    return rc;
}

int main(int argc, char **argv)
{
    uint8_t raw[DBK_LOG_KEY_BYTES];
    dbk_secret *key = NULL;
    dbk_err err = { 0 };
    FILE *file = argc >= 4 ? fopen(argv[3], "rb") : NULL;
    if (file == NULL || fread(raw, 1, sizeof(raw), file) != sizeof(raw)) {
        (void)fprintf(stderr, "usage: lockedops BACKUP BOOK KEYFILE [EPOCHKEY...]\n");
        return 2;
    }
    (void)fclose(file);
    dbk_rc rc = dbk_crypto_init(&err);
    if (rc == DBK_OK)
        rc = dbk_secret_from(&key, dbk_span_of(raw, sizeof(raw)), &err);
    if (rc == DBK_OK)
        rc = dbk_sealer_new(&t.sealer, &err);
    if (rc == DBK_OK)
        rc = read_keys(argc, argv, &err);
    if (rc == DBK_OK)
        rc = open_both(argv, key, &err);
    if (rc == DBK_OK)
        rc = try_all(&err);
    if (rc != DBK_OK)
        (void)fprintf(stderr, "lockedops: %s\n", err.text);
    dbk_log_close(&t.backup);
    dbk_log_close(&t.book);
    for (size_t i = 0; i < t.keys_count; i++)
        dbk_secret_free(t.keys[i]);
    dbk_sealer_free(t.sealer);
    dbk_secret_free(key);
    return rc == DBK_OK ? 0 : 1;
}
