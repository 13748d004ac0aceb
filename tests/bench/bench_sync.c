/* How fast notes travel: real books, a real daybook-relay process, TLS on loopback. Prints a
 * table; never fails. bench_sync [--quick] [--notes N]; the relay's path comes from DAYBOOK_RELAY.
 * --quick leaves out the 100,000 notes for the memory figures.
 * Ratios are against limits measured in the same run, so that they mean the same elsewhere. */
#include <jansson.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/crypto/segment.h"
#include "core/seal/pack.h"
#include "core/store/store.h"
#include "sync/driver/driver.h"
#include "tests/lib/notegen.h"
#include "tests/lib/relayproc.h"

#define LIMIT_NOTES 4000u
#define FEW_NOTES 1000u
#define MANY_NOTES 100000u
#define SEED 7u

static void must(dbk_rc rc, const dbk_err *err, const char *what)
{
    if (rc == DBK_OK)
        return;
    fprintf(stderr, "bench_sync: %s: %s: %s\n", what, dbk_rc_name(rc), err->text);
    exit(0); /* a benchmark that can't run says so; it is no test */
}

static double now_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_s(void)
{
    struct rusage u;
    (void)getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* ---- devices ------------------------------------------------------------------------- */

typedef struct device {
    dbk_book *book;
    dbk_transport t;
    char dir[DBK_TEST_PATH_SIZE];
    const char *name;
} device;

static dbk_secret *passphrase(void)
{
    dbk_err err = { 0 };
    dbk_secret *p;
    must(dbk_secret_from(&p, dbk_span_str("bench"), &err), &err, "passphrase");
    return p;
}

static const dbk_book_opts book_opts = { .kdf = { DBK_KDF_OPS_FLOOR, DBK_KDF_MEM_FLOOR_BYTES } };

static void connect_to(device *d, const relayproc *relay)
{
    dbk_err err = { 0 };
    dbk_https_opts opts = { .url = relay->url };
    memcpy(opts.tls_pin, relay->card.tls_pin, sizeof(opts.tls_pin));
    must(dbk_transport_https(&d->t, &opts, &err), &err, "connect");
}

static void device_open(device *d, const char *name, const relayproc *relay)
{
    dbk_err err = { 0 };
    dbk_secret *pass = passphrase();
    memset(d, 0, sizeof(*d));
    d->name = name;
    dbk_test_dir_make(d->dir);
    must(dbk_book_create(&d->book, d->dir, pass, &book_opts, &err), &err, "new store");
    connect_to(d, relay);
    dbk_secret_free(pass);
}

static void device_close(device *d)
{
    dbk_transport_close(&d->t);
    dbk_book_close(d->book);
    dbk_test_dir_remove(d->dir);
}

static dbk_sync_report sync_now(device *d)
{
    dbk_sync_report r;
    dbk_err err = { 0 };
    must(dbk_driver_sync(d->book, &d->t, &r, NULL, &err), &err, d->name);
    return r;
}

static dbk_rc take_id(void *ctx, const dbk_invite_row *row, dbk_err *err)
{
    (void)err;
    if (row->arrived)
        *(dbk_id *)ctx = row->id;
    return DBK_OK;
}

static void enlist(device *admin, device *d, const dbk_id *space)
{
    dbk_id id = { { 0 } };
    dbk_err err = { 0 };
    dbk_bytes text = DBK_BYTES_INIT(DBK_INVITE_TEXT_BYTES_MAX);
    dbk_bytes request = DBK_BYTES_INIT(DBK_JOIN_BYTES_MAX);
    dbk_new_invite invite = { d->name, DBK_ROLE_OFFICER, space, 1, 86400000, 0, { { 0 } } };
    must(dbk_driver_invite(admin->book, &admin->t, &text, &invite, &err), &err, "invite");
    must(dbk_org_join(d->book, &request, dbk_bytes_span(&text), d->name, &err), &err, "join");
    must(dbk_driver_join_over(d->book, &d->t, &err), &err, "join");
    must(dbk_driver_requests(admin->book, &admin->t, &err), &err, "requests");
    must(dbk_org_invites(admin->book, take_id, &id, &err), &err, "invites");
    must(dbk_driver_approve(admin->book, &admin->t, &id, &err), &err, "approve");
    dbk_bytes_wipe(&text);
    dbk_bytes_wipe(&request);
}

static dbk_id space_new(device *admin, const char *name)
{
    dbk_id space;
    dbk_err err = { 0 };
    dbk_new_space opts = { .name = name, .creator_role = DBK_ROLE_HQ };
    must(dbk_driver_space_create(admin->book, &admin->t, &space, &opts, &err), &err, "space");
    return space;
}

/* ---- notes
 * --------------------------------------------------------------------------------------- */

/* With a batch: 64 notes to a segment, as an import does it; else one durable save each. */
static size_t write_notes(device *d, const dbk_id *space, uint64_t from, uint64_t count, bool batch)
{
    size_t bytes = 0;
    dbk_err err = { 0 };
    dbk_batch *b = NULL;
    if (batch)
        must(dbk_batch_begin(&b, d->book, &err), &err, "batch");
    for (uint64_t i = from; i < from + count; i++) {
        char json[NOTEGEN_BYTES_MAX];
        json_t *object = NULL;
        dbk_input *inputs = NULL;
        size_t inputs_count;
        dbk_id record;
        dbk_problems problems = { 0 };
        size_t len = notegen_contact(json, SEED, i);
        must(dbk_json_parse(&object, dbk_span_of(json, len), &err), &err, "note");
        must(dbk_inputs_from_json(&inputs, &inputs_count, object, &err), &err, "note");
        dbk_add add = {
            .space = *space, .form = "contact", .inputs = inputs, .inputs_count = inputs_count
        };
        dbk_rc rc = batch ? dbk_batch_add(b, &record, &problems, &add, &err)
                          : dbk_journal_add(d->book, &record, &problems, &add, &err);
        if (rc == DBK_INVALID && problems.count > 0)
            fprintf(stderr, "%s\n", problems.rows[0].text);
        must(rc, &err, "save");
        if (batch && i % 1024 == 1023)
            must(dbk_batch_flush(b, &err), &err, "flush");
        dbk_problems_wipe(&problems);
        dbk_free(inputs);
        dbk_json_free(object);
        bytes += len;
    }
    if (batch) {
        must(dbk_batch_flush(b, &err), &err, "flush");
        dbk_batch_end(b);
    }
    return bytes;
}

/* ---- limits
 * -------------------------------------------------------------------------------------- */

typedef struct limits {
    double append, read, pack, unpack, seal, open, hash, https; /* microseconds a note */
} limits;

static sqlite3 *plain_db(const char *path)
{
    sqlite3 *db = NULL;
    static const char setup[] =
        "PRAGMA key=\"x'00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'\";"
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "CREATE TABLE s(id INTEGER PRIMARY KEY, k BLOB NOT NULL, header BLOB, body BLOB);"
        "CREATE UNIQUE INDEX i ON s(k);";
    if (sqlite3_open(path, &db) != SQLITE_OK ||
        sqlite3_exec(db, setup, NULL, NULL, NULL) != SQLITE_OK)
        fprintf(stderr, "bench_sync: no database for the limits\n");
    return db;
}

static void measure_append(limits *l, size_t body_len)
{
    char dir[DBK_TEST_PATH_SIZE];
    static uint8_t body[65536], header[300];
    uint8_t key[16];
    sqlite3_stmt *put = NULL, *get = NULL;
    dbk_test_dir_make(dir);
    sqlite3 *db = plain_db(dbk_test_path(dir, "limit.db"));
    (void)sqlite3_prepare_v2(db, "INSERT INTO s(k,header,body) VALUES(?,?,?)", -1, &put, NULL);
    (void)sqlite3_prepare_v2(db, "SELECT header,body FROM s WHERE id=?", -1, &get, NULL);
    randombytes_buf(body, sizeof(body));
    double begin = now_s();
    for (unsigned i = 0; i < LIMIT_NOTES; i++) {
        if (i % 256 == 0)
            (void)sqlite3_exec(db, i > 0 ? "COMMIT; BEGIN" : "BEGIN", NULL, NULL, NULL);
        randombytes_buf(key, sizeof(key));
        (void)sqlite3_bind_blob(put, 1, key, sizeof(key), SQLITE_STATIC);
        (void)sqlite3_bind_blob(put, 2, header, sizeof(header), SQLITE_STATIC);
        (void)sqlite3_bind_blob(put, 3, body, (int)body_len, SQLITE_STATIC);
        (void)sqlite3_step(put);
        (void)sqlite3_reset(put);
    }
    (void)sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    l->append = (now_s() - begin) * 1e6 / LIMIT_NOTES;
    begin = now_s();
    for (unsigned i = 0; i < LIMIT_NOTES; i++) {
        (void)sqlite3_bind_int64(get, 1, (sqlite3_int64)i + 1);
        (void)sqlite3_step(get);
        memcpy(body, sqlite3_column_blob(get, 1), body_len);
        (void)sqlite3_reset(get);
    }
    l->read = (now_s() - begin) * 1e6 / LIMIT_NOTES;
    (void)sqlite3_finalize(put);
    (void)sqlite3_finalize(get);
    (void)sqlite3_close(db);
    dbk_test_dir_remove(dir);
}

/* One note's way through compression, AEAD and hash, LIMIT_NOTES times each; returns the sealed
 * size of a note. */
static size_t measure_seal(limits *l)
{
    static uint8_t packed[LIMIT_NOTES][2048], sealed[4096];
    static size_t lens[LIMIT_NOTES];
    static char json[LIMIT_NOTES][NOTEGEN_BYTES_MAX];
    uint8_t key[32] = { 1 }, nonce[24] = { 0 }, hash[32];
    size_t sum = 0;
    unsigned long long len;
    dbk_packer *p;
    dbk_err err = { 0 };
    dbk_bytes out = DBK_BYTES_INIT(65536);
    must(dbk_packer_new(&p, &err), &err, "packer");
    for (unsigned i = 0; i < LIMIT_NOTES; i++)
        lens[i] = notegen_contact(json[i], SEED, i);
    double begin = now_s();
    for (unsigned i = 0; i < LIMIT_NOTES; i++)
        lens[i] = dbk_pack(p, packed[i], dbk_span_of(json[i], lens[i]));
    l->pack = (now_s() - begin) * 1e6 / LIMIT_NOTES;
    begin = now_s();
    for (unsigned i = 0; i < LIMIT_NOTES; i++) {
        dbk_bytes_truncate(&out, 0);
        must(dbk_unpack(p, &out, dbk_span_of(packed[i], lens[i]), &err), &err, "unpack");
    }
    l->unpack = (now_s() - begin) * 1e6 / LIMIT_NOTES;
    begin = now_s();
    for (unsigned i = 0; i < LIMIT_NOTES; i++) {
        (void)crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, &len, packed[i], lens[i], NULL, 0,
                                                         NULL, nonce, key);
        sum += (size_t)len;
    }
    l->seal = (now_s() - begin) * 1e6 / LIMIT_NOTES;
    size_t last = (size_t)len;
    begin = now_s();
    for (unsigned i = 0; i < LIMIT_NOTES; i++)
        (void)!crypto_aead_xchacha20poly1305_ietf_decrypt(packed[0], &len, NULL, sealed, last, NULL,
                                                          0, nonce, key);
    l->open = (now_s() - begin) * 1e6 / LIMIT_NOTES;
    begin = now_s();
    for (unsigned i = 0; i < LIMIT_NOTES; i++)
        (void)crypto_generichash(hash, sizeof(hash), sealed, last, NULL, 0);
    l->hash = (now_s() - begin) * 1e6 / LIMIT_NOTES;
    dbk_packer_free(p);
    dbk_bytes_wipe(&out);
    return sum / LIMIT_NOTES;
}

/* A body that the relay reads and drops, because nobody signed for it: the wire alone. */
static void measure_https(limits *l, device *d, size_t note_bytes)
{
    static uint8_t body[1024 * 1024];
    dbk_err err = { 0 };
    dbk_answer answer = { 0 };
    char target[96];
    (void)snprintf(target, sizeof(target), "/v1/spaces/%032d/segments", 0);
    dbk_exchange req = { .method = "POST",
                         .target = target,
                         .fields = { { "Content-Type", "application/octet-stream" } },
                         .fields_count = 1,
                         .body = dbk_span_of(body, sizeof(body)),
                         .has_body = true };
    dbk_bytes_init(&answer.body, 4096);
    uint64_t sent = 0;
    double begin = now_s();
    for (unsigned i = 0; i < 20; i++) {
        must(d->t.ops->exchange(d->t.self, &answer, &req, &err), &err, "bulk");
        sent += answer.sent_bytes;
    }
    l->https = (now_s() - begin) * 1e6 * (double)note_bytes / (double)sent;
    dbk_bytes_wipe(&answer.body);
}

/* ---- the journeys
 * -------------------------------------------------------------------------------- */

typedef struct journey {
    double wall_s, client_cpu_s, relay_cpu_s;
    dbk_sync_report report;
} journey;

static journey travel(device *d, const relayproc *relay)
{
    journey j;
    double cpu = cpu_s(), relay_cpu = relayproc_cpu_s(relay), begin = now_s();
    j.report = sync_now(d);
    j.wall_s = now_s() - begin;
    j.client_cpu_s = cpu_s() - cpu;
    j.relay_cpu_s = relayproc_cpu_s(relay) - relay_cpu;
    return j;
}

static void print_journey(const char *what, const journey *j, uint64_t notes, double limit_us)
{
    double us = j->wall_s * 1e6 / (double)notes;
    printf("%-38s %8.1f %9.0f %8.1f %8.1f", what, us, 1e6 / us,
           j->client_cpu_s * 1e6 / (double)notes, j->relay_cpu_s * 1e6 / (double)notes);
    if (limit_us > 0)
        printf(" %8.1f %6.2fx", limit_us, us / limit_us);
    printf("\n");
}

/* A space, one who writes and one who reads; both have synced once. */
typedef struct route {
    dbk_id space;
    device writer, reader;
} route;

static void route_open(route *r, device *admin, const char *name, const relayproc *relay)
{
    r->space = space_new(admin, name);
    device_open(&r->writer, "writer", relay);
    device_open(&r->reader, "reader", relay);
    enlist(admin, &r->writer, &r->space);
    enlist(admin, &r->reader, &r->space);
    (void)sync_now(&r->writer);
    (void)sync_now(&r->reader);
    (void)sync_now(&r->writer);
}

static void route_close(route *r)
{
    device_close(&r->writer);
    device_close(&r->reader);
}

static void first_sync(device *admin, const relayproc *relay, uint64_t notes, bool batch,
                       const limits *l)
{
    route r;
    route_open(&r, admin, batch ? "imported" : "saved", relay);
    double begin = now_s();
    size_t json = write_notes(&r.writer, &r.space, 0, notes, batch);
    double save_us = (now_s() - begin) * 1e6 / (double)notes;
    journey push = travel(&r.writer, relay), pull = travel(&r.reader, relay);
    double sent = l->read + l->https + l->append + l->hash;
    double fetched = l->read + l->https + l->hash + l->open + l->unpack + 2 * l->append;
    printf("%s, %.1f us to save a note, JSON of %.0f B\n",
           batch ? "imported, 64 notes a segment" : "saved one by one, one note a segment", save_us,
           (double)json / (double)notes);
    print_journey("  first push", &push, notes, sent);
    print_journey("  first pull", &pull, notes, fetched);
    printf("  %-36s %8.2f out, %.2f in (of the JSON)\n", "wire bytes",
           (double)push.report.sent_bytes / (double)json,
           (double)pull.report.received_bytes / (double)json);
    (void)sync_now(&r.writer);
    (void)sync_now(&r.reader);
    journey idle = travel(&r.writer, relay);
    printf("  %-36s %llu B out, %llu B in, %u round trip%s, %.1f ms\n", "idle sync",
           (unsigned long long)idle.report.sent_bytes,
           (unsigned long long)idle.report.received_bytes, (unsigned)idle.report.round_trips,
           idle.report.round_trips == 1 ? "" : "s", idle.wall_s * 1e3);
    (void)write_notes(&r.writer, &r.space, notes, 100, false);
    push = travel(&r.writer, relay);
    pull = travel(&r.reader, relay);
    printf("  %-36s %.1f ms to send, %.1f ms to fetch\n", "100 new notes after that",
           push.wall_s * 1e3, pull.wall_s * 1e3);
    route_close(&r);
}

/* ---- memory
 * -------------------------------------------------------------------------------------- */

static unsigned long status_kib(const char *field)
{
    char line[256];
    unsigned long kib = 0;
    size_t len = strlen(field);
    FILE *f = fopen("/proc/self/status", "r");
    while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
        if (strncmp(line, field, len) == 0)
            (void)sscanf(line + len, ": %lu", &kib);
    }
    if (f != NULL)
        (void)fclose(f);
    return kib;
}

/* The passphrase has taken 64 MiB for a moment: the kernel is asked to forget that peak. */
static void forget_peak(void)
{
    FILE *f = fopen("/proc/self/clear_refs", "w");
    if (f != NULL) {
        (void)fputs("5", f);
        (void)fclose(f);
    }
}

/* In a process of its own: one sync, and what it took at its peak. */
static int child(char **argv)
{
    dbk_err err = { 0 };
    device d = { .name = "child" };
    dbk_secret *pass = passphrase();
    relayproc relay = { 0 };
    (void)snprintf(relay.url, sizeof(relay.url), "%s", argv[1]);
    must(dbk_hex_parse(relay.card.tls_pin, 32, argv[2], &err), &err, "pin");
    must(dbk_book_open(&d.book, argv[0], pass, &book_opts, &err), &err, "open");
    connect_to(&d, &relay);
    forget_peak();
    unsigned long before = status_kib("VmRSS");
    dbk_sync_report r = sync_now(&d);
    printf("  %-36s %8.1f MiB over %.1f MiB before; %llu notes\n", argv[3],
           (double)(status_kib("VmHWM") - before) / 1024, (double)before / 1024,
           (unsigned long long)(r.pushed_ops + r.pulled_ops));
    dbk_transport_close(&d.t);
    dbk_book_close(d.book);
    dbk_secret_free(pass);
    return 0;
}

static void run_child(const char *self, device *d, const relayproc *relay, const char *what)
{
    char pin[65];
    int status;
    dbk_hex_print(pin, dbk_span_of(relay->card.tls_pin, 32));
    dbk_book_close(d->book); /* one program at a time */
    d->book = NULL;
    (void)fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        (void)execl(self, self, "--child", d->dir, relay->url, pin, what, (char *)NULL);
        _exit(127);
    }
    (void)waitpid(pid, &status, 0);
}

static void memory(const char *self, device *admin, const relayproc *relay, uint64_t notes)
{
    route r;
    char what[64];
    route_open(&r, admin, "memory", relay);
    (void)write_notes(&r.writer, &r.space, 0, notes, true);
    (void)snprintf(what, sizeof(what), "peak to push %llu", (unsigned long long)notes);
    run_child(self, &r.writer, relay, what);
    (void)snprintf(what, sizeof(what), "peak to fetch %llu", (unsigned long long)notes);
    run_child(self, &r.reader, relay, what);
    route_close(&r);
}

/* ---- main
 * ---------------------------------------------------------------------------------------- */

static const char *relay_program(const char *self)
{
    static char path[512];
    const char *given = getenv("DAYBOOK_RELAY");
    const char *slash = strrchr(self, '/');
    if (given != NULL)
        return given;
    (void)snprintf(path, sizeof(path), "%.*s../daybook-relay",
                   slash != NULL ? (int)(slash - self + 1) : 0, self);
    return path;
}

static void found(device *admin, const relayproc *relay)
{
    dbk_err err = { 0 };
    device_open(admin, "admin", relay);
    must(dbk_driver_org_create_over(admin->book, &admin->t, &relay->card, admin->name, &err), &err,
         "organisation");
}

static void bench(const char *self, const relayproc *relay, uint64_t notes, bool quick)
{
    device admin;
    limits l = { 0 };
    found(&admin, relay);
    size_t sealed = measure_seal(&l);
    measure_append(&l, sealed);
    measure_https(&l, &admin, sealed + DBK_SEGMENT_HEADER_BYTES);
    printf("%llu notes of %u sealed bytes, TLS 1.3 on loopback, a relay process of its own\n",
           (unsigned long long)notes, (unsigned)sealed);
    printf("limits here, us a note: append %.1f, read %.1f, zstd %.1f/%.1f, AEAD %.1f/%.1f, "
           "BLAKE2b %.1f, HTTPS in bulk %.1f\n",
           l.append, l.read, l.pack, l.unpack, l.seal, l.open, l.hash, l.https);
    printf("%-38s %8s %9s %8s %8s %8s %7s\n", "", "us/note", "notes/s", "cpu here", "cpu rel.",
           "limits", "ratio");
    first_sync(&admin, relay, notes, false, &l);
    first_sync(&admin, relay, notes, true, &l);
    printf("memory of the client\n");
    memory(self, &admin, relay, FEW_NOTES);
    if (!quick)
        memory(self, &admin, relay, MANY_NOTES);
    printf("  %-36s %8.1f MiB\n", "peak of the relay", (double)relayproc_peak_kib(relay) / 1024);
    device_close(&admin);
}

int main(int argc, char **argv)
{
    relayproc relay;
    dbk_err err = { 0 };
    uint64_t notes = 10000;
    bool quick = false;
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    json_set_alloc_funcs(dbk_alloc, dbk_free);
    must(dbk_crypto_init(&err), &err, "libsodium");
    must(dbk_store_start(&err), &err, "SQLite");
    if (argc == 6 && strcmp(argv[1], "--child") == 0)
        return child(argv + 2);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0)
            quick = true;
        else if (strcmp(argv[i], "--notes") == 0 && i + 1 < argc)
            notes = strtoull(argv[++i], NULL, 10);
    }
    if (!relayproc_start(&relay, relay_program(argv[0])))
        return 0;
    bench(argv[0], &relay, notes, quick);
    relayproc_stop(&relay);
    return 0;
}
