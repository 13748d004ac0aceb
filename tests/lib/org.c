#include "tests/lib/org.h"

#include <stdio.h>
#include <string.h>

#include "core/journal/book_internal.h"
#include "core/journal/inbox.h"
#include "core/journal/outbox.h"
#include "core/store/sql.h"

/* A failure here is the test's: say what it was and stop. */
static void must(dbk_rc rc, const dbk_err *err, const char *what)
{
    if (rc == DBK_OK)
        return;
    (void)fprintf(stderr, "tests/lib/org: %s: %s (%s)\n", what, dbk_rc_name(rc), err->text);
    DBK_ASSERT(rc == DBK_OK);
}

static dbk_secret *passphrase(void)
{
    dbk_secret *secret = NULL;
    dbk_err err = { 0 };
    must(dbk_secret_from(&secret, dbk_span_str(DBK_TEST_PASSPHRASE), &err), &err, "passphrase");
    return secret;
}

/* The cheapest key derivation that is allowed. */
static dbk_book_opts opts_of(const dbk_test_book *b)
{
    return (dbk_book_opts){ .env = &b->env.env,
                            .forms = dbk_test_forms(),
                            .kdf = DBK_KDF_COST_FLOOR,
                            .anchors = b->anchors };
}

void dbk_test_book_make(dbk_test_book *b, uint64_t seed)
{
    dbk_err err = { 0 };
    dbk_test_env_init(&b->env, seed);
    b->anchors = NULL;
    dbk_test_dir_make(b->dir);
    must(dbk_crypto_init(&err), &err, "crypto");
    dbk_secret *secret = passphrase();
    const dbk_book_opts opts = opts_of(b);
    must(dbk_book_create(&b->book, b->dir, secret, &opts, &err), &err, "create");
    dbk_secret_free(secret);
}

void dbk_test_book_reopen(dbk_test_book *b)
{
    dbk_err err = { 0 };
    dbk_book_close(b->book);
    b->book = NULL;
    dbk_secret *secret = passphrase();
    const dbk_book_opts opts = opts_of(b);
    must(dbk_book_open(&b->book, b->dir, secret, &opts, &err), &err, "open");
    dbk_secret_free(secret);
}

void dbk_test_book_drop(dbk_test_book *b)
{
    dbk_book_close(b->book);
    b->book = NULL;
    dbk_test_dir_remove(b->dir);
}

/* ---- organisations ------------------------------------------------------------------------- */

void dbk_test_org_post(dbk_test_org *org, dbk_span entry)
{
    for (size_t i = 0; i < org->count; i++) {
        dbk_err err = { 0 };
        dbk_book *book = org->books[i].book;
        if (!dbk_key_is_zero(dbk_book_link(book)->root.b))
            must(dbk_inbox_member(book, entry, &err), &err, "membership entry");
    }
}

static dbk_rc replay(void *ctx, dbk_span entry, dbk_err *err)
{
    return dbk_inbox_member(ctx, entry, err);
}

/* What was said before this book knew whose words to believe. */
static void catch_up(dbk_test_org *org, dbk_test_book *b)
{
    dbk_err err = { 0 };
    must(dbk_outbox_members(org->books[0].book, 0, replay, b->book, &err), &err, "chain");
}

static void make_card(dbk_test_org *org)
{
    dbk_err err = { 0 };
    dbk_test_env env;
    dbk_test_env_init(&env, 4711);
    must(dbk_crypto_init(&err), &err, "crypto");
    must(dbk_sign_keypair(&org->card.relay, &org->relay, &env.env, &err), &err, "relay key");
    (void)snprintf(org->card.url, sizeof(org->card.url), "https://relay.example:8443");
    (void)snprintf(org->card.setup_code, sizeof(org->card.setup_code), "c2V0dXA");
    memset(org->card.tls_pin, 0x5a, sizeof(org->card.tls_pin));
}

static void enlist(dbk_test_org *org, size_t i, dbk_role role)
{
    dbk_err err = { 0 };
    dbk_test_book *admin = &org->books[0];
    dbk_test_book *b = &org->books[i];
    dbk_bytes text = DBK_BYTES_INIT(DBK_INVITE_TEXT_BYTES_MAX);
    dbk_bytes request = DBK_BYTES_INIT(DBK_JOIN_BYTES_MAX);
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_id invite;
    char name[32];
    (void)snprintf(name, sizeof(name), "Officer %zu", i);
    uint64_t until_ms = role == DBK_ROLE_GUEST ? DBK_TEST_GUEST_UNTIL_MS : 0;
    const dbk_new_invite opts = { name, role, &org->space, 1, 3600000, until_ms, { { 0 } } };
    dbk_test_book_make(b, 100 + i);
    must(dbk_org_invite(admin->book, &text, &invite, &opts, &err), &err, "invite");
    must(dbk_org_join(b->book, &request, dbk_bytes_span(&text), "phone", &err), &err, "join");
    org->count = i + 1;
    catch_up(org, b);
    must(dbk_org_request_arrived(admin->book, &invite, dbk_bytes_span(&request), &err), &err,
         "request");
    for (;;) {
        dbk_bytes_truncate(&entry, 0);
        dbk_err_clear(&err);
        dbk_rc rc = dbk_org_approve_next(admin->book, &entry, &invite, &err);
        if (rc == DBK_NOT_FOUND)
            break;
        must(rc, &err, "approve");
        dbk_test_org_post(org, dbk_bytes_span(&entry));
    }
    dbk_bytes_wipe(&text);
    dbk_bytes_wipe(&request);
    dbk_bytes_wipe(&entry);
}

void dbk_test_org_make(dbk_test_org *org, const dbk_role *roles, size_t roles_count)
{
    dbk_err err = { 0 };
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    DBK_ASSERT(roles_count < DBK_TEST_BOOKS_MAX);
    memset(org, 0, sizeof(*org));
    make_card(org);
    dbk_test_book_make(&org->books[0], 100);
    org->count = 1;
    must(dbk_org_create(org->books[0].book, &entry, "HQ desk", &org->card, &err), &err, "org");
    dbk_test_org_post(org, dbk_bytes_span(&entry));
    const dbk_new_space space = { .name = "Op Cedar", .creator_role = DBK_ROLE_HQ };
    dbk_bytes_truncate(&entry, 0);
    must(dbk_org_space(org->books[0].book, &entry, &org->space, &space, &err), &err, "space");
    dbk_test_org_post(org, dbk_bytes_span(&entry));
    for (size_t i = 0; i < roles_count; i++)
        enlist(org, i + 1, roles[i]);
    dbk_bytes_wipe(&entry);
}

void dbk_test_org_drop(dbk_test_org *org)
{
    for (size_t i = 0; i < org->count; i++)
        dbk_test_book_drop(&org->books[i]);
    dbk_secret_free(org->relay);
    memset(org, 0, sizeof(*org));
}

dbk_id dbk_test_org_space(dbk_test_org *org, const char *name)
{
    dbk_err err = { 0 };
    dbk_bytes entry = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_id id;
    dbk_book *admin = org->books[0].book;
    const dbk_new_space space = { .name = name, .creator_role = DBK_ROLE_HQ };
    must(dbk_org_space(admin, &entry, &id, &space, &err), &err, "space");
    dbk_test_org_post(org, dbk_bytes_span(&entry));
    for (size_t i = 1; i < org->count; i++) {
        dbk_id device = dbk_book_device(org->books[i].book);
        const dbk_standing now = dbk_book_standing_of(admin, &device, &org->space);
        const dbk_new_grant grant = { id, device, now.role, now.until_ms };
        dbk_bytes_truncate(&entry, 0);
        must(dbk_org_grant(admin, &entry, &grant, &err), &err, "grant");
        dbk_test_org_post(org, dbk_bytes_span(&entry));
    }
    dbk_bytes_wipe(&entry);
    return id;
}

/* ---- notes --------------------------------------------------------------------------------- */

#define INPUTS_MAX 64u
#define INPUT_NAME_SIZE 64u

typedef struct inputs {
    dbk_input rows[INPUTS_MAX];
    char names[INPUTS_MAX][INPUT_NAME_SIZE];
    struct json_t *json[INPUTS_MAX]; /* NULL: a text */
    size_t count;
} inputs;

static void parse(inputs *in, const char *const *fields)
{
    in->count = 0;
    for (size_t i = 0; fields != NULL && fields[i] != NULL; i++) {
        const char *equals = strchr(fields[i], '=');
        DBK_ASSERT(equals != NULL);
        DBK_ASSERT(in->count < INPUTS_MAX);
        size_t len = (size_t)(equals - fields[i]);
        dbk_input_op op = DBK_INPUT_SET;
        struct json_t *json = NULL;
        if (len > 0 && equals[-1] == ':') {
            dbk_err err = { 0 };
            must(dbk_json_parse(&json, dbk_span_str(equals + 1), &err), &err, "JSON");
            len--;
        } else if (len > 0 && (equals[-1] == '+' || equals[-1] == '-')) {
            op = equals[-1] == '+' ? DBK_INPUT_ADD : DBK_INPUT_REMOVE;
            len--;
        }
        DBK_ASSERT(len < INPUT_NAME_SIZE);
        char *name = in->names[in->count];
        memcpy(name, fields[i], len);
        name[len] = '\0';
        in->json[in->count] = json;
        in->rows[in->count++] = (dbk_input){ op, name, json == NULL ? equals + 1 : NULL, json };
    }
}

static void drop(inputs *in)
{
    for (size_t i = 0; i < in->count; i++)
        dbk_json_free(in->json[i]);
}

static void show_problems(const dbk_problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        if (problems->rows[i].severity == DBK_PROBLEM)
            (void)fprintf(stderr, "tests/lib/org: %s: %s\n", problems->rows[i].field,
                          problems->rows[i].text);
}

void dbk_test_ref(char out[DBK_TEST_REF_SIZE], const char *field, const dbk_id *id)
{
    char uuid[DBK_ID_UUID_SIZE];
    dbk_id_uuid(uuid, id);
    (void)snprintf(out, DBK_TEST_REF_SIZE, "%s=%s", field, uuid);
}

bool dbk_test_told(const dbk_problems *problems, const char *field, const char *words)
{
    for (size_t i = 0; i < problems->count; i++) {
        if (strcmp(problems->rows[i].field, field) == 0 &&
            strstr(problems->rows[i].text, words) != NULL)
            return true;
    }
    return false;
}

dbk_rc dbk_test_try_add(dbk_book *book, dbk_id *record, dbk_problems *problems, const dbk_id *space,
                        const char *form, const char *const *fields)
{
    inputs in;
    parse(&in, fields);
    const dbk_add add = { *space, form, in.rows, in.count, NULL };
    dbk_rc rc = dbk_journal_add(book, record, problems, &add, NULL);
    drop(&in);
    return rc;
}

dbk_id dbk_test_add(dbk_book *book, const dbk_id *space, const char *form,
                    const char *const *fields)
{
    dbk_err err = { 0 };
    dbk_problems problems = { 0 };
    dbk_id id;
    dbk_rc rc = dbk_test_try_add(book, &id, &problems, space, form, fields);
    show_problems(&problems);
    must(rc, &err, "add");
    dbk_problems_wipe(&problems);
    return id;
}

dbk_rc dbk_test_try_edit(dbk_book *book, dbk_problems *problems, const dbk_id *record,
                         const char *const *fields, dbk_err *err)
{
    inputs in;
    parse(&in, fields);
    const dbk_edit edit = { *record, in.rows, in.count, "as the family told" };
    dbk_rc rc = dbk_journal_edit(book, problems, &edit, err);
    drop(&in);
    return rc;
}

void dbk_test_edit(dbk_book *book, const dbk_id *record, const char *const *fields)
{
    dbk_err err = { 0 };
    dbk_problems problems = { 0 };
    dbk_rc rc = dbk_test_try_edit(book, &problems, record, fields, &err);
    show_problems(&problems);
    must(rc, &err, "edit");
    dbk_problems_wipe(&problems);
}

/* ---- exchange ------------------------------------------------------------------------------ */

static dbk_rc hand_over(void *ctx, const dbk_sealed *segment, dbk_err *err)
{
    dbk_inbox_stats stats = { 0 };
    return dbk_inbox_carried(ctx, &stats, segment, err);
}

void dbk_test_org_exchange(dbk_test_org *org)
{
    for (size_t from = 0; from < org->count; from++) {
        for (size_t to = 0; to < org->count; to++) {
            dbk_err err = { 0 };
            dbk_book *source = org->books[from].book;
            if (from == to)
                continue;
            for (size_t i = 0; i < dbk_book_spaces(source); i++) {
                dbk_id space = dbk_book_space_at(source, i);
                must(dbk_outbox_carry(source, &(dbk_outbox_feed){ .space = space }, hand_over,
                                      org->books[to].book, &err),
                     &err, "exchange");
            }
        }
    }
}

/* ---- looking ------------------------------------------------------------------------------- */

static dbk_note *note_of(dbk_book *book, const dbk_id *record)
{
    dbk_err err = { 0 };
    dbk_note *note = NULL;
    must(dbk_query_note(&note, book, record, &err), &err, "read");
    return note;
}

const char *dbk_test_text(dbk_book *book, const dbk_id *record, const char *field)
{
    static char texts[4][4096];
    static size_t next;
    dbk_err err = { 0 };
    dbk_bytes scratch = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX),
              text = DBK_BYTES_INIT(sizeof(texts[0]));
    dbk_span value = { NULL, 0 };
    char *out = texts[next++ % 4];
    dbk_note *note = note_of(book, record);
    const dbk_field *f = dbk_form_field(note->form, field);
    DBK_ASSERT(f != NULL);
    must(dbk_view_field(&value, &scratch, note->state, f, &note->view, &err), &err, "view");
    if (value.len > 0)
        must(dbk_value_to_text(&text, f, value, &err), &err, "text");
    DBK_ASSERT(text.len < sizeof(texts[0]));
    if (text.len > 0)
        memcpy(out, text.p, text.len);
    out[text.len] = '\0';
    dbk_bytes_wipe(&scratch);
    dbk_bytes_wipe(&text);
    dbk_note_free(note);
    return out;
}

dbk_attention dbk_test_attention(dbk_book *book, const dbk_id *record)
{
    dbk_note *note = note_of(book, record);
    dbk_attention attention = dbk_view_attention(note->state, &note->view);
    dbk_note_free(note);
    return attention;
}

dbk_life dbk_test_life(dbk_book *book, const dbk_id *record)
{
    dbk_dispute dispute;
    dbk_note *note = note_of(book, record);
    dbk_life life = dbk_view_life(note->state, &note->view, &dispute);
    dbk_note_free(note);
    return life;
}

uint64_t dbk_test_own_ops(dbk_book *book, const dbk_id *space)
{
    const dbk_book_space *row = dbk_tables_space(&book->tables, space);
    const dbk_book_feed *own = row == NULL ? NULL : dbk_tables_own_feed(&book->tables, row);
    return own == NULL ? 0 : own->now.last_seq;
}

void dbk_test_spoil_signature(dbk_book *book, dbk_segment_status status)
{
    char text[192];
    dbk_err err = { 0 };
    /* It is the last of the header; no sound one ends with this byte, which is over the order. */
    (void)snprintf(
        text, sizeof(text),
        "UPDATE segment SET header=CAST(substr(header,1,length(header)-1)||x'ff' AS BLOB)"
        " WHERE id=(SELECT min(id) FROM segment WHERE status=%d)",
        (int)status);
    must(dbk_sql_exec(book->store, text, &err), &err, "spoiling a signature");
}

void dbk_test_org_check(dbk_test_org *org)
{
    for (size_t i = 0; i < org->count; i++) {
        dbk_err err = { 0 };
        must(dbk_book_check_deep(org->books[i].book, &err), &err, "check");
    }
}
