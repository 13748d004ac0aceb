/* daybook-open: for a service that gets referrals from the police. It makes a key, learns who the
 * members of an organisation are, opens what was sealed to the key, and signs answers.
 *   DIR/key.slots    the key, under a passphrase (core/seal/slots.h)
 *   DIR/members      the newest members' card, DIR/root: the root key that it is verified from */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/crypto/members_card.h"
#include "core/seal/reply.h"
#include "core/seal/package.h"
#include "core/seal/slots.h"

#define PATH_BYTES_MAX 4096u
#define WORDS_MAX 8u

typedef struct asked {
    const char *words[WORDS_MAX]; /* the command and what it is about */
    size_t count;
    const char *keys, *root, *why;
    cli c; /* of it only what asks for the passphrase, and the format */
} asked;

/* ---- files ----------------------------------------------------------------------------------- */

static dbk_rc path_of(char out[PATH_BYTES_MAX], const asked *a, const char *name, dbk_err *err)
{
    if (a->keys == NULL)
        return dbk_fail(err, DBK_USAGE, "--keys DIR is needed: the folder of your key");
    int n = snprintf(out, PATH_BYTES_MAX, "%s/%s", a->keys, name);
    return n > 0 && (size_t)n < PATH_BYTES_MAX
               ? DBK_OK
               : dbk_fail(err, DBK_USAGE, "the name of the folder is too long");
}

static dbk_rc read_own(dbk_bytes *out, const asked *a, const char *name, dbk_err *err)
{
    char path[PATH_BYTES_MAX];
    dbk_rc rc = path_of(path, a, name, err);
    return rc == DBK_OK ? cli_read_file(out, path, err) : rc;
}

/* In place of what was there, whole or not at all. */
static dbk_rc replace_own(const asked *a, const char *name, dbk_span bytes, dbk_err *err)
{
    char path[PATH_BYTES_MAX], fresh[PATH_BYTES_MAX];
    char fresh_name[64];
    (void)snprintf(fresh_name, sizeof(fresh_name), "%s.new", name);
    dbk_rc rc = path_of(path, a, name, err);
    if (rc == DBK_OK)
        rc = path_of(fresh, a, fresh_name, err);
    if (rc != DBK_OK)
        return rc;
    (void)unlink(fresh);
    rc = out_file(fresh, bytes, err);
    if (rc == DBK_OK && rename(fresh, path) != 0)
        rc = dbk_fail(err, DBK_IO, "%.100s can't be replaced: %s", path, strerror(errno));
    return rc;
}

static dbk_rc open_key(dbk_secret **key, const asked *a, dbk_err *err)
{
    dbk_bytes file = DBK_BYTES_INIT(0);
    dbk_unlock with = { NULL, NULL };
    dbk_secret *passphrase = NULL;
    *key = NULL;
    dbk_rc rc = read_own(&file, a, "key.slots", err);
    if (rc == DBK_OK)
        rc = cli_ask_passphrase(&passphrase, &a->c, CLI_ASK_PASSPHRASE, err);
    with.passphrase = passphrase;
    if (rc == DBK_OK)
        rc = dbk_slots_open(key, dbk_bytes_span(&file), &with, err);
    dbk_secret_free(passphrase);
    dbk_bytes_wipe(&file);
    return rc;
}

/* ---- keygen, key ----------------------------------------------------------------------------- */

static dbk_rc say_key(const asked *a, const dbk_secret *key, dbk_err *err)
{
    char hex[DBK_ID_HEX_SIZE];
    dbk_bytes text = DBK_BYTES_INIT(DBK_RECIPIENT_TEXT_CHARS + 1);
    dbk_recipient own;
    dbk_rc rc = dbk_recipient_of(&own, NULL, key, err);
    if (rc == DBK_OK)
        rc = dbk_recipient_print(&text, &own, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_u8(&text, 0, err);
    if (rc != DBK_OK)
        return rc;
    dbk_id id = dbk_recipient_id(&own);
    dbk_id_hex(hex, &id);
    if (a->c.format == OUT_JSON)
        rc = out_json_take(json_pack("{s:s, s:s}", "key", (const char *)text.p, "id", hex), err);
    else
        out_text("%s\nIts number, to be compared on the telephone: %s\n", (const char *)text.p,
                 hex);
    dbk_bytes_wipe(&text);
    return rc;
}

static dbk_rc run_keygen(asked *a, dbk_err *err)
{
    char path[PATH_BYTES_MAX];
    dbk_secret *passphrase = NULL, *key = NULL;
    dbk_bytes file = DBK_BYTES_INIT(DBK_SLOTS_BYTES_MAX);
    dbk_kdf_cost cost = DBK_KDF_COST_FLOOR;
    dbk_rc rc = path_of(path, a, "key.slots", err);
    if (rc == DBK_OK && mkdir(a->keys, 0700) != 0 && errno != EEXIST)
        rc = dbk_fail(err, DBK_IO, "the folder can't be made: %s", strerror(errno));
    if (rc == DBK_OK && access(path, F_OK) == 0)
        rc = dbk_fail(err, DBK_CONFLICT, "there is a key in this folder already");
    if (rc == DBK_OK)
        rc = cli_ask_passphrase(&passphrase, &a->c, CLI_ASK_NEW_PASSPHRASE, err);
    if (rc == DBK_OK && !a->c.light_kdf)
        rc = dbk_kdf_measure(&cost, dbk_monotonic_ms, err);
    if (rc == DBK_OK)
        rc = dbk_slots_create(&file, &key, passphrase, &cost, dbk_env_system(), err);
    if (rc == DBK_OK)
        rc = out_file(path, dbk_bytes_span(&file), err);
    if (rc == DBK_OK)
        rc = say_key(a, key, err);
    dbk_secret_free(passphrase);
    dbk_secret_free(key);
    dbk_bytes_wipe(&file);
    return rc;
}

static dbk_rc run_key(asked *a, dbk_err *err)
{
    dbk_secret *key = NULL;
    dbk_rc rc = open_key(&key, a, err);
    if (rc == DBK_OK)
        rc = say_key(a, key, err);
    dbk_secret_free(key);
    return rc;
}

/* ---- trust ----------------------------------------------------------------------------------- */

static dbk_rc open_card(dbk_roster **out, const asked *a, dbk_err *err)
{
    dbk_bytes card = DBK_BYTES_INIT(0), root = DBK_BYTES_INIT(0);
    dbk_sign_pk pk;
    dbk_rc rc = read_own(&root, a, "root", err);
    if (rc == DBK_OK && root.len != sizeof(pk.b))
        rc = dbk_fail(err, DBK_DAMAGED, "the root key in this folder is damaged: `trust` again");
    if (rc == DBK_OK)
        rc = read_own(&card, a, "members", err);
    if (rc == DBK_OK) {
        memcpy(pk.b, root.p, sizeof(pk.b));
        rc = dbk_members_card_open(out, dbk_bytes_span(&card), &pk, err);
    }
    dbk_bytes_wipe(&card);
    dbk_bytes_wipe(&root);
    return rc;
}

/* The root key never changes; a card never grows shorter: it would forget who was revoked. */
static dbk_rc check_newer(const asked *a, dbk_span card, const dbk_sign_pk *root, bool *first,
                          dbk_err *err)
{
    dbk_bytes old_card = DBK_BYTES_INIT(0), old_root = DBK_BYTES_INIT(0);
    dbk_rc rc = read_own(&old_root, a, "root", NULL);
    *first = rc == DBK_NOT_FOUND;
    if (*first)
        return DBK_OK;
    if (rc == DBK_OK)
        rc = read_own(&old_card, a, "members", NULL);
    if (rc != DBK_OK)
        rc = dbk_fail(err, rc, "what this folder trusts can't be read");
    else if (!dbk_span_equal(dbk_bytes_span(&old_root), dbk_span_of(root->b, sizeof(root->b))))
        rc = dbk_fail(err, DBK_CONFLICT, "this folder trusts another root key: use another folder");
    else if (!dbk_members_card_extends(card, dbk_bytes_span(&old_card)))
        rc = dbk_fail(err, DBK_CONFLICT, "the card is older than the one that is here already");
    dbk_bytes_wipe(&old_card);
    dbk_bytes_wipe(&old_root);
    return rc;
}

static dbk_rc run_trust(asked *a, dbk_err *err)
{
    dbk_bytes card = DBK_BYTES_INIT(0);
    dbk_roster *roster = NULL;
    dbk_sign_pk root;
    bool first = false;
    size_t devices = 0;
    if (a->root == NULL || dbk_hex_parse(root.b, sizeof(root.b), a->root, NULL) != DBK_OK)
        return dbk_fail(err, DBK_USAGE,
                        "--root takes the 64 digits of the root key, which "
                        "headquarters tells by another way than the card");
    dbk_rc rc = cli_read_file(&card, a->words[1], err);
    if (rc == DBK_OK)
        rc = dbk_members_card_open(&roster, dbk_bytes_span(&card), &root, err);
    if (rc == DBK_OK)
        devices = dbk_roster_devices(roster);
    if (rc == DBK_OK)
        rc = check_newer(a, dbk_bytes_span(&card), &root, &first, err);
    if (rc == DBK_OK)
        rc = replace_own(a, "members", dbk_bytes_span(&card), err);
    if (rc == DBK_OK && first)
        rc = replace_own(a, "root", dbk_span_of(root.b, sizeof(root.b)), err);
    dbk_roster_free(roster);
    dbk_bytes_wipe(&card);
    if (rc == DBK_OK && a->c.format == OUT_JSON)
        return out_json_take(json_pack("{s:I}", "devices", (json_int_t)devices), err);
    if (rc == DBK_OK)
        out_text("Taken: %zu devices.\n", devices);
    return rc;
}

/* ---- open, answer ---------------------------------------------------------------------------- */

static dbk_rc open_package(dbk_package_opened *out, dbk_hash *hash, dbk_secret **key,
                           const asked *a, dbk_err *err)
{
    dbk_bytes file = DBK_BYTES_INIT(0);
    dbk_roster *roster = NULL;
    dbk_rc rc = cli_read_file(&file, a->words[1], err);
    if (rc == DBK_OK)
        rc = open_card(&roster, a, err);
    if (rc == DBK_NOT_FOUND)
        rc = dbk_fail(err, rc,
                      "nobody is trusted yet: `daybook-open trust` takes the members' "
                      "card");
    if (rc == DBK_OK)
        rc = open_key(key, a, err);
    if (rc == DBK_OK)
        rc = dbk_package_open(out, dbk_bytes_span(&file), *key, roster, err);
    *hash = dbk_package_hash(dbk_bytes_span(&file));
    dbk_roster_free(roster);
    dbk_bytes_wipe(&file);
    return rc;
}

static json_t *text_json(dbk_span text)
{
    return json_stringn(text.len == 0 ? "" : (const char *)text.p, text.len);
}

static dbk_rc say_json(const dbk_package *p, const char *referral, const char *device,
                       const char *time, dbk_err *err)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < p->fields_count; i++)
        (void)json_array_append_new(
            rows, json_pack("{s:o, s:o, s:o}", "name", text_json(p->fields[i].name), "label",
                            text_json(p->fields[i].label), "value", text_json(p->fields[i].value)));
    return out_json_take(json_pack("{s:s, s:I, s:s, s:s, s:o, s:o}", "referral", referral, "number",
                                   (json_int_t)p->number, "device", device, "at", time,
                                   "safe_contact", text_json(p->safe), "fields", rows),
                         err);
}

/* How the person may be reached stands before everything else (B107). */
static void say_text(const dbk_package *p, const char *referral, const char *device,
                     const char *time)
{
    out_text("SAFE CONTACT: read this before you reach this person.\n%s\n",
             out_safe_lines(p->safe));
    out_text("%s of referral %s, sent %s by device %s\n\n",
             p->number == 0 ? "First package" : "CORRECTION", referral, time, device);
    for (size_t i = 0; i < p->fields_count; i++) {
        out_text("%s:\n", out_safe(p->fields[i].label));
        out_wrapped("  ", p->fields[i].value);
    }
}

static dbk_rc run_open(asked *a, dbk_err *err)
{
    static dbk_package_opened opened; /* large */
    char referral[DBK_ID_UUID_SIZE], device[DBK_ID_HEX_SIZE], time[DBK_TIME_TEXT_SIZE];
    dbk_secret *key = NULL;
    dbk_hash hash;
    dbk_rc rc = open_package(&opened, &hash, &key, a, err);
    if (rc == DBK_OK) {
        dbk_id_uuid(referral, &opened.package.referral);
        dbk_id_hex(device, &opened.package.device);
        dbk_time_print(time, (int64_t)opened.package.time_ms);
        if (a->c.format == OUT_JSON)
            rc = say_json(&opened.package, referral, device, time, err);
        else
            say_text(&opened.package, referral, device, time);
    }
    dbk_package_opened_wipe(&opened);
    dbk_secret_free(key);
    return rc;
}

static dbk_rc read_words(dbk_reply *answer, const asked *a, dbk_err *err)
{
    if (!dbk_reply_named(&answer->kind, a->words[2]))
        return dbk_fail(err, DBK_USAGE,
                        "an answer is received, accepted, in_progress, done, "
                        "closed_no_contact or rejected");
    if (answer->kind != DBK_REPLY_REJECTED && a->why == NULL)
        return DBK_OK;
    if (answer->kind != DBK_REPLY_REJECTED || a->why == NULL ||
        !dbk_refusal_named(&answer->why, a->why))
        return dbk_fail(err, DBK_USAGE,
                        "rejected, and nothing else, needs --why: not_eligible, "
                        "no_room, other_area, other_service, no_consent or other");
    return DBK_OK;
}

static dbk_rc print_answer(const asked *a, dbk_reply *answer, const dbk_secret *key, dbk_err *err)
{
    dbk_bytes text = DBK_BYTES_INIT(DBK_REPLY_TEXT_CHARS + 1);
    dbk_secret *signer = NULL;
    dbk_recipient own;
    dbk_rc rc = dbk_recipient_of(&own, &signer, key, err);
    if (rc == DBK_OK) {
        answer->recipient = dbk_recipient_id(&own);
        answer->time_ms = dbk_env_system()->now_ms(NULL);
        rc = dbk_reply_print(&text, answer, signer, err);
    }
    if (rc == DBK_OK)
        rc = dbk_bytes_append_u8(&text, 0, err);
    if (rc == DBK_OK && a->c.format == OUT_JSON)
        rc = out_json_take(json_pack("{s:s}", "answer", (const char *)text.p), err);
    else if (rc == DBK_OK)
        out_text("%s\n", (const char *)text.p);
    dbk_secret_free(signer);
    dbk_bytes_wipe(&text);
    return rc;
}

/* Only what opens can be answered: nobody signs for a package that they haven't seen. */
static dbk_rc run_receipt(asked *a, dbk_err *err)
{
    static dbk_package_opened opened; /* large */
    dbk_secret *key = NULL;
    dbk_reply answer = { .why = DBK_REFUSAL_NONE };
    dbk_rc rc = read_words(&answer, a, err);
    if (rc == DBK_OK)
        rc = open_package(&opened, &answer.package, &key, a, err);
    answer.referral = opened.package.referral;
    if (rc == DBK_OK)
        rc = print_answer(a, &answer, key, err);
    dbk_package_opened_wipe(&opened);
    dbk_secret_free(key);
    return rc;
}

/* ---- which command --------------------------------------------------------------------------- */

static const struct {
    const char *name, *help;
    size_t words;
    dbk_rc (*run)(asked *a, dbk_err *err);
} commands[] = {
    { "keygen", "keygen                 a new key in DIR; give its text to headquarters", 1,
      run_keygen },
    { "key", "key                    the text of the key, once more", 1, run_key },
    { "trust", "trust CARD --root HEX  whose referrals are taken: the members' card", 2,
      run_trust },
    { "open", "open FILE              what a referral says", 2, run_open },
    { "receipt",
      "receipt FILE ANSWER [--why REASON]\n"
      "                         a signed line for headquarters: received, accepted,\n"
      "                         in_progress, done, closed_no_contact, rejected",
      3, run_receipt },
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static dbk_rc help(void)
{
    out_text("usage: daybook-open --keys DIR COMMAND\n\n"
             "Opens referrals that were sealed to your key, and signs answers.\n\n");
    for (size_t i = 0; i < COMMANDS; i++)
        out_text("  %s\n", commands[i].help);
    out_text("\n  --passphrase-file FILE  the passphrase of the key from a file\n"
             "  --json                  answers for programs\n"
             "  --light-kdf             with keygen: as cheap a passphrase as is allowed\n");
    return DBK_OK;
}

static dbk_rc take_option(asked *a, char **argv, int *i, int argc, dbk_err *err)
{
    const struct {
        const char *name, **value;
    } options[] = { { "--keys", &a->keys },
                    { "--root", &a->root },
                    { "--why", &a->why },
                    { "--passphrase-file", &a->c.passphrase_file } };
    if (strcmp(argv[*i], "--json") == 0)
        a->c.format = OUT_JSON;
    else if (strcmp(argv[*i], "--light-kdf") == 0)
        a->c.light_kdf = true;
    else {
        for (size_t k = 0; k < sizeof(options) / sizeof(options[0]); k++) {
            if (strcmp(argv[*i], options[k].name) == 0 && *i + 1 < argc) {
                *options[k].value = argv[++*i];
                return DBK_OK;
            }
        }
        return dbk_fail(err, DBK_USAGE, "%.40s: no such option, or it lacks its value", argv[*i]);
    }
    return DBK_OK;
}

static dbk_rc run(asked *a, int argc, char **argv, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (int i = 1; rc == DBK_OK && i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0)
            return help();
        if (argv[i][0] == '-' && argv[i][1] != '\0')
            rc = take_option(a, argv, &i, argc, err);
        else if (a->count < WORDS_MAX)
            a->words[a->count++] = argv[i];
    }
    if (rc != DBK_OK || a->count == 0)
        return rc == DBK_OK ? help() : rc;
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, a->words[0]) == 0 && a->count == commands[i].words)
            return commands[i].run(a, err);
    }
    return dbk_fail(err, DBK_USAGE,
                    "no such command, or it needs other words: daybook-open --help");
}

/* Nothing of this process may end in a core file, or be read by another process of the user. */
static void harden(void)
{
    struct rlimit none = { 0, 0 };
    (void)umask(077);
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)signal(SIGPIPE, SIG_IGN);
    json_set_alloc_funcs(dbk_alloc, dbk_free);
    out_start();
}

int main(int argc, char **argv)
{
    dbk_err err = { 0 }, late = { 0 };
    asked a = { .c = { .passphrase_fd = -1 } };
    harden();
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    dbk_rc rc = dbk_crypto_init(&err);
    if (rc == DBK_OK)
        rc = run(&a, argc, argv, &err);
    if (rc != DBK_OK)
        out_failure(rc, err.text[0] == '\0' ? dbk_rc_text(rc) : err.text, (out_details){ 0 },
                    a.c.format);
    dbk_rc flushed = out_finish(&late);
    if (rc == DBK_OK && flushed != DBK_OK) {
        rc = flushed;
        out_failure(rc, late.text, (out_details){ 0 }, OUT_TEXT);
    }
    dbk_wipe_stack();
    return dbk_rc_exit_status(rc);
}
