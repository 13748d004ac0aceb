/* Organisation and enrolment: org create, org invite, org approve, join. */
#include <jansson.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/when.h"
#include "core/base/alloc.h"
#include "core/base/text.h"

#define INVITE_TTL_DEFAULT_HOURS 24u /* security.md R26: remote enrolment at most a day */
#define INVITE_TTL_MAX_HOURS 168u

/* The store is made first and left empty if the relay can't be reached: `org create` again picks
 * it up, so nothing is lost and nothing half-made is used. */
static dbk_rc make_book(cli *c, dbk_err *err)
{
    dbk_secret *passphrase = NULL;
    dbk_err tried = { 0 };
    const dbk_book_opts opts = cli_book_opts(c);
    dbk_rc rc = cli_ask_passphrase(&passphrase, c, CLI_ASK_NEW_PASSPHRASE, err);
    if (rc != DBK_OK)
        return rc;
    rc = dbk_book_create(&c->book, c->store, passphrase, &opts, &tried);
    if (rc == DBK_CONFLICT) {
        dbk_err_clear(&tried);
        rc = dbk_book_open(&c->book, c->store, passphrase, &opts, &tried);
        if (rc == DBK_OK && dbk_book_link(c->book)->stage != DBK_ORG_NONE)
            rc = dbk_fail(&tried, DBK_CONFLICT,
                          "the store at %.100s belongs to an organisation already",
                          out_safe_str(c->store));
    }
    if (rc != DBK_OK)
        rc = dbk_fail(err, rc, "%s", tried.text);
    dbk_secret_free(passphrase);
    return rc;
}

static dbk_rc read_card(dbk_relay_card *card, const cli_args *a, dbk_err *err)
{
    dbk_bytes text = { 0 };
    const char *file = cli_option_value(a, "--relay-card"), *url = cli_option_value(a, "--relay");
    if (file == NULL)
        return dbk_fail(err, DBK_USAGE,
                        "--relay-card FILE is needed: `daybook-relay init` wrote it as "
                        "relay-card.txt");
    dbk_rc rc = cli_read_file(&text, file, err);
    if (rc == DBK_OK)
        rc = dbk_relay_card_parse(card, dbk_bytes_span(&text), err);
    if (rc == DBK_OK && url != NULL) {
        if (strlen(url) > DBK_URL_BYTES_MAX)
            rc = dbk_fail(err, DBK_USAGE, "the relay's URL is too long");
        else
            memcpy(card->url, url, strlen(url) + 1);
    }
    dbk_bytes_wipe(&text);
    return rc;
}

dbk_rc cmd_org_create(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_relay_card card = { 0 };
    dbk_transport t = { 0 };
    dbk_id space = { 0 };
    char org_hex[DBK_ID_HEX_SIZE];
    const char *admin = cli_option_value(a, "--admin-name");
    dbk_rc rc = read_card(&card, a, err);
    if (rc == DBK_OK)
        rc = make_book(c, err);
    if (rc == DBK_OK)
        rc = dbk_driver_org_create(c->book, &card, admin == NULL ? "Administrator" : admin, err);
    if (rc == DBK_OK)
        rc = dbk_driver_connect(&t, c->book, err);
    if (rc != DBK_OK)
        goto out;
    dbk_new_space opts = { .name = a->positional[0], .creator_role = DBK_ROLE_HQ };
    rc = dbk_driver_space_create(c->book, &t, &space, &opts, err);
    if (rc != DBK_OK) {
        out_note("The organisation exists, but not yet its first space. To make that, once the "
                 "relay\ncan be reached: daybook space create NAME");
        goto out;
    }
    dbk_id org = dbk_roster_org(dbk_book_roster(c->book));
    dbk_id_hex(org_hex, &org);
    if (c->format == OUT_JSON) {
        char space_hex[DBK_ID_HEX_SIZE];
        dbk_id_hex(space_hex, &space);
        rc = out_json_take(json_pack("{s:s, s:s, s:s}", "org", org_hex, "space", space_hex, "name",
                                     a->positional[0]),
                           err);
        goto out;
    }
    out_text("The organisation \"%s\" exists, with one space of the same name.\n"
             "Its id is %s. This device is its first administrator.\n"
             "Invite the others: daybook org invite --help\n",
             out_safe_str(a->positional[0]), org_hex);
out:
    dbk_transport_close(&t);
    dbk_wipe(card.setup_code, sizeof(card.setup_code));
    return rc;
}

static dbk_rc collect_spaces(dbk_id *spaces, size_t *count, cli *c, const cli_values *names,
                             dbk_err *err)
{
    *count = 0;
    if (names->count == 0) {
        *count = 1;
        return dbk_book_space_find(c->book, &spaces[0], NULL, err);
    }
    for (size_t i = 0; i < names->count; i++) {
        dbk_rc rc = dbk_book_space_find(c->book, &spaces[(*count)++], names->rows[i], err);
        if (rc != DBK_OK)
            return rc;
    }
    return DBK_OK;
}

static dbk_rc parse_hours(uint64_t *ttl_ms, const char *text, dbk_err *err)
{
    uint64_t hours = INVITE_TTL_DEFAULT_HOURS;
    if (text != NULL && (dbk_u64_parse(&hours, dbk_span_str(text), NULL) != DBK_OK || hours == 0 ||
                         hours > INVITE_TTL_MAX_HOURS))
        return dbk_fail(err, DBK_USAGE, "--hours is a number from 1 to %u", INVITE_TTL_MAX_HOURS);
    *ttl_ms = hours * 3600u * 1000u;
    return DBK_OK;
}

dbk_rc cmd_no_such_role(const char *word, dbk_err *err)
{
    return dbk_fail(
        err, DBK_USAGE,
        "no such role: %.40s (officer, supervisor, hq, auditor, guest, writer or admin)",
        out_safe_str(word));
}

static dbk_rc find_person(dbk_id *out, cli *c, const char *typed, dbk_err *err)
{
    dbk_id device;
    dbk_rc rc = cmd_find_device(&device, c, typed, err);
    if (rc == DBK_OK)
        *out = dbk_roster_device(dbk_book_roster(c->book), &device)->person;
    return rc;
}

dbk_rc cmd_org_invite(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_id spaces[CLI_REPEATS_MAX];
    dbk_bytes text = DBK_BYTES_INIT(DBK_INVITE_TEXT_BYTES_MAX);
    dbk_transport t = { 0 };
    const char *person = cli_option_value(a, "--person");
    const char *name = cli_option_value(a, "--name"), *role = cli_option_value(a, "--role");
    dbk_new_invite opts = { .name = name, .spaces = spaces };
    if (name == NULL || role == NULL)
        return dbk_fail(err, DBK_USAGE, "--name and --role are needed");
    opts.role = dbk_role_parse(role);
    if (opts.role == DBK_ROLE_NONE)
        return cmd_no_such_role(role, err);
    dbk_rc rc = parse_hours(&opts.ttl_ms, cli_option_value(a, "--hours"), err);
    if (rc == DBK_OK)
        rc = cli_when_until(&opts.until_ms, cli_option_value(a, "--until"), err);
    if (rc == DBK_OK && person != NULL)
        rc = find_person(&opts.person, c, person, err);
    if (rc == DBK_OK)
        rc = collect_spaces(spaces, &opts.spaces_count, c, cli_option_values(a, "--space"), err);
    if (rc == DBK_OK)
        rc = dbk_driver_connect(&t, c->book, err);
    if (rc == DBK_OK)
        rc = dbk_driver_invite(c->book, &t, &text, &opts, err);
    if (rc != DBK_OK)
        goto out;
    if (c->format == OUT_JSON) {
        rc = out_json_take(
            json_pack("{s:s, s:s%}", "name", name, "invite", (const char *)text.p, text.len), err);
    } else {
        /* The invite alone on standard output, so that it can be piped or saved. */
        out_note("An invite for %s. Hand it over in person or by a channel you trust: whoever\n"
                 "has it can ask to join. On the new device: daybook join FILE",
                 out_safe_str(name));
        out_text("%.*s\n", (int)text.len, (const char *)text.p);
    }
out:
    dbk_bytes_wipe(&text);
    dbk_transport_close(&t);
    return rc;
}

/* Who asks to join. */
#define APPROVE_ROWS_MAX 256u
#define NUMBER_DIGITS_LEAST 6u /* of a device's number, typed to mean it */
typedef struct arrivals {
    struct {
        dbk_id invite;
        char number[DBK_ID_HEX_SIZE]; /* of the device */
        char name[CLI_NAME_BYTES_MAX + 1], told[CLI_NAME_BYTES_MAX + 1];
        dbk_role role;
        bool chosen;
    } rows[APPROVE_ROWS_MAX];
    size_t count, unanswered;
} arrivals;

static void copy_name(char out[CLI_NAME_BYTES_MAX + 1], const char *name)
{
    size_t len = name == NULL ? 0 : strlen(name);
    len = len < CLI_NAME_BYTES_MAX ? len : CLI_NAME_BYTES_MAX;
    if (len > 0)
        memcpy(out, name, len);
    out[len] = '\0';
}

static dbk_rc take_arrival(void *ctx, const dbk_invite_row *row, dbk_err *err)
{
    arrivals *all = ctx;
    if (!row->arrived) {
        all->unanswered++;
        return DBK_OK;
    }
    if (all->count == APPROVE_ROWS_MAX)
        return dbk_fail(err, DBK_LIMIT, "more than %u requests wait", APPROVE_ROWS_MAX);
    all->rows[all->count].invite = row->id;
    all->rows[all->count].role = row->role;
    dbk_id_hex(all->rows[all->count].number, &row->device);
    copy_name(all->rows[all->count].name, row->name);
    copy_name(all->rows[all->count].told, row->told_name);
    all->count++;
    return DBK_OK;
}

/* Is the typed text the beginning of the number? Spaces don't count, as it is shown in two parts.
 */
static bool is_number(const char *typed, const char *number)
{
    size_t digits = 0;
    for (; *typed != '\0'; typed++)
        if (*typed != ' ' && (number[digits] == '\0' || *typed != number[digits++]))
            return false;
    return digits >= NUMBER_DIGITS_LEAST;
}

/* Marks the one request that a name or a device's number means. */
static dbk_rc choose(arrivals *all, const char *typed, dbk_err *err)
{
    size_t found = 0;
    for (size_t i = 0; i < all->count; i++) {
        if (strcmp(typed, all->rows[i].name) == 0 || is_number(typed, all->rows[i].number)) {
            all->rows[i].chosen = true;
            found++;
        }
    }
    if (found == 0)
        return dbk_fail(err, DBK_NOT_FOUND,
                        "no request from \"%.60s\" has arrived; invites not answered yet: %zu",
                        out_safe_str(typed), all->unanswered);
    if (found > 1)
        return dbk_fail(err, DBK_CONFLICT,
                        "%zu devices ask as \"%.60s\"; give the device's number instead", found,
                        out_safe_str(typed));
    return DBK_OK;
}

static dbk_rc print_arrivals(cli *c, const arrivals *all, bool approved, dbk_err *err)
{
    json_t *rows = json_array();
    size_t shown = 0;
    for (size_t i = 0; i < all->count; i++) {
        if (approved && !all->rows[i].chosen)
            continue;
        shown++;
        if (c->format == OUT_JSON)
            (void)json_array_append_new(
                rows,
                json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", out_safe_str(all->rows[i].name),
                          "device_name", out_safe_str(all->rows[i].told), "role",
                          dbk_role_name(all->rows[i].role), "device", all->rows[i].number, "state",
                          approved ? "approved" : "waits"));
        else
            out_text("%s: %s (%s), device number %.8s %.8s, calls itself \"%s\"\n",
                     approved ? "Approved" : "Waits", out_safe_str(all->rows[i].name),
                     dbk_role_name(all->rows[i].role), all->rows[i].number, all->rows[i].number + 8,
                     out_safe_str(all->rows[i].told));
    }
    if (c->format == OUT_JSON)
        return out_json_take(
            json_pack("{s:o, s:I}", "requests", rows, "unanswered", (json_int_t)all->unanswered),
            err);
    json_decref(rows);
    if (shown == 0)
        out_text("Nobody waits for approval. Invites not answered yet: %zu\n", all->unanswered);
    else if (!approved)
        out_text("Compare each device number with the officer, then: daybook org approve NAME\n");
    return DBK_OK;
}

dbk_rc cmd_org_approve(cli *c, const cli_args *a, dbk_err *err)
{
    static arrivals all; /* large; one command a process */
    dbk_transport t = { 0 };
    bool everyone = cli_option_given(a, "--all");
    dbk_rc rc = dbk_driver_connect(&t, c->book, err);
    if (rc == DBK_OK)
        rc = dbk_driver_requests(c->book, &t, err);
    if (rc == DBK_OK)
        rc = dbk_org_invites(c->book, take_arrival, &all, err);
    for (size_t i = 0; rc == DBK_OK && i < a->count; i++)
        rc = choose(&all, a->positional[i], err);
    for (size_t i = 0; rc == DBK_OK && i < all.count; i++) {
        all.rows[i].chosen = all.rows[i].chosen || everyone;
        if (all.rows[i].chosen)
            rc = dbk_driver_approve(c->book, &t, &all.rows[i].invite, err);
    }
    if (rc == DBK_OK)
        rc = print_arrivals(c, &all, everyone || a->count > 0, err);
    dbk_transport_close(&t);
    return rc;
}

dbk_rc cmd_join(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_bytes text = { 0 };
    const char *name = cli_option_value(a, "--device-name");
    dbk_rc rc = cli_read_file(&text, a->positional[0], err);
    if (rc != DBK_OK)
        return rc;
    while (text.len > 0 && (text.p[text.len - 1] == '\n' || text.p[text.len - 1] == '\r' ||
                            text.p[text.len - 1] == ' '))
        dbk_bytes_truncate(&text, text.len - 1);
    rc = make_book(c, err);
    if (rc == DBK_OK)
        rc = dbk_driver_join(c->book, dbk_bytes_span(&text), name == NULL ? "device" : name, err);
    dbk_bytes_wipe(&text);
    if (rc == DBK_UNREACHABLE && dbk_book_link(c->book)->stage == DBK_ORG_JOINING)
        out_note("The invite is kept. `daybook sync` sends the request when there is a network.");
    if (rc != DBK_OK)
        return rc;
    char hex[DBK_ID_HEX_SIZE];
    dbk_id device = dbk_book_device(c->book);
    dbk_id_hex(hex, &device);
    if (c->format == OUT_JSON)
        return out_json_take(json_pack("{s:s, s:s}", "device", hex, "state", "waiting"), err);
    out_text("Asked to join. This device's number is %.8s %.8s: tell it to your administrator,\n"
             "who compares it and approves. Then run: daybook sync\n",
             hex, hex + 8);
    return DBK_OK;
}
