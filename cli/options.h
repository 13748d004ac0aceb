/* cli/options.h - the options of every command, a table for each: for cli/commands.c alone, whose
 * command table they belong to. A table ends with a NULL name. */
#ifndef DBK_CLI_OPTIONS_H
#define DBK_CLI_OPTIONS_H

#include "cli/cli.h"

#define ROLES "officer, supervisor, hq, auditor, guest, writer or admin"
#define UNTIL "when it ends: a date, or a date and time; a guest's must"

static const cli_option org_create_options[] = {
    { "--relay-card", "FILE", "the card that `daybook-relay init` wrote" },
    { "--relay", "URL", "the relay's address, if it differs from the card's" },
    { "--admin-name", "NAME", "the name of this first device (Administrator)" },
    { NULL, NULL, NULL },
};
static const cli_option invite_options[] = {
    { "--name", "NAME", "the officer's name, as colleagues will see it" },
    { "--role", "ROLE", ROLES },
    { "--until", "DATE", UNTIL },
    { "--space", "S", "a space to grant, by name or id; may be repeated" },
    { "--hours", "N", "how long the invite is good for (24)" },
    { "--person", "DEVICE", "for another device of the person who has this one" },
    { NULL, NULL, NULL },
};
static const cli_option approve_options[] = {
    { "--all", NULL, "everyone whose request has arrived" },
    { NULL, NULL, NULL },
};
static const cli_option recover_log_options[] = {
    { "--apply", NULL, "sign for it; without, only look" },
    { "--anyway", NULL, "also without administrators' devices that have not synced since" },
    { NULL, NULL, NULL },
};
static const cli_option forms_options[] = {
    { "--shipped", NULL, "only what came with the program; needs no store" },
    { NULL, NULL, NULL },
};
static const cli_option snapshot_options[] = {
    { "--space", "S", "the space, if there are several" },
    { NULL, NULL, NULL },
};
static const cli_option pack_options[] = {
    { "--name", "NAME", "what the pack is called: a-z, 0-9 and _" },
    { "--out", "FILE", "the file to make" },
    { NULL, NULL, NULL },
};
static const cli_option backup_options[] = {
    { "--whole", NULL, "with all that headquarters holds too: destroy it within 30 days" },
    { NULL, NULL, NULL },
};
static const cli_option join_options[] = {
    { "--device-name", "NAME", "what this device calls itself in the request" },
    { NULL, NULL, NULL },
};
static const cli_option create_options[] = {
    { "--restricted", NULL, "two administrators for each who is let in" },
    { "--member", "DEVICE[=ROLE]", "another device in it (officer); may be repeated" },
    { NULL, NULL, NULL },
};
static const cli_option policy_options[] = {
    { "--freshness-hours", "N", "after which a device says that its view is old" },
    { "--lease-hours", "N", "for which a device opens without a fresh view" },
    { "--rotate-days", "N", "after which a space gets a new key" },
    { "--protocol", "N", "the oldest protocol that devices may speak; never lowered" },
    { "--tls-pin", "HEX", "a TLS key that the relay may have; up to 4 times" },
    { "--witness", "HEX", "a key that cosigns the relay's checkpoints; up to 4 times" },
    { "--recovery", "HEX", "a key that a forgotten passphrase is recovered with; up to 4 times" },
    { NULL, NULL, NULL },
};
static const cli_option grant_options[] = {
    { "--role", "ROLE", ROLES " (officer)" },
    { "--until", "DATE", UNTIL },
    { NULL, NULL, NULL },
};
static const cli_option log_options[] = {
    { "--since", "N", "from change N on" },
    { NULL, NULL, NULL },
};
static const cli_option revoke_options[] = {
    { "--reason", "R", "lost, stolen or left" },
    { NULL, NULL, NULL },
};
static const cli_option check_options[] = {
    { "--root", "HEX", "the organisation's root key, got by another way (this store's)" },
    { NULL, NULL, NULL },
};
#define ASK                                                                                  \
    {                                                                                        \
        "--ask", NULL, "ask for what is still wanted, field by field; each is saved at once" \
    }
#define SCRATCH                                                                              \
    {                                                                                        \
        "--scratch", "NAME", "take away what `scratch keep` has under that name, once saved" \
    }
static const cli_option add_options[] = {
    { "--space", "S", "the space, by name or id; needed if this device holds several" },
    ASK,
    SCRATCH,
    { NULL, NULL, NULL },
};
static const cli_option edit_options[] = {
    { "--reason", "TEXT", "why; kept in the record's history" },
    { "--seen", "MARKS", "what you saw: GROUP:MARK,... of `show --json`; else nothing is saved" },
    ASK,
    SCRATCH,
    { NULL, NULL, NULL },
};
static const cli_option reason_options[] = {
    { "--reason", "TEXT", "why; kept in the record's history" },
    { NULL, NULL, NULL },
};
static const cli_option addendum_options[] = {
    { "--reason", "TEXT", "why; kept in the record's history" },
    SCRATCH,
    { NULL, NULL, NULL },
};
static const cli_option resolve_options[] = {
    { "--reason", "TEXT", "why; kept in the record's history" },
    { "--undo", NULL, "take the decision that stands back, for what it decided between" },
    { NULL, NULL, NULL },
};
#define LOOK_OPTION                                                                     \
    {                                                                                   \
        "--reason", "TEXT", "why; needed for restricted spaces, and kept in their logs" \
    }
static const cli_option look_options[] = {
    LOOK_OPTION,
    { NULL, NULL, NULL },
};
static const cli_option duplicates_options[] = {
    { "--limit", "N", "at most N pairs; 0: all" },
    { "--after", "ID:ID", "go on after this pair, the last one of the page before" },
    LOOK_OPTION,
    { NULL, NULL, NULL },
};
static const cli_option families_options[] = {
    { "--limit", "N", "the families of at most N cases, the newest; 0: all" },
    { "--after", "CASE", "go on after this case, the last one of the page before" },
    LOOK_OPTION,
    { NULL, NULL, NULL },
};
static const cli_option cases_options[] = {
    { "--at", "DAY", "those up to that day: 2026-11-29" },
    LOOK_OPTION,
    { NULL, NULL, NULL },
};
#define SAFE_OPTION                                                                       \
    {                                                                                     \
        "--safe-contact-read", NULL, "you have read how the person can be reached safely" \
    }
static const cli_option show_options[] = {
    SAFE_OPTION,
    LOOK_OPTION,
    { NULL, NULL, NULL },
};
static const cli_option decide_options[] = {
    { "--reason", "TEXT", "why; every member sees it, with your name" },
    { NULL, NULL, NULL },
};
static const cli_option devices_options[] = {
    { "--limit", "N", "at most N devices; 0: all" },
    { "--after", "DEVICE", "go on after this device, the last one of the page before" },
    { NULL, NULL, NULL },
};
static const cli_option list_options[] = {
    { "--where", "F=V", "only records whose shown field F is V; may be repeated" },
    { "--since", "TIME", "only what happened since: 2026-11-24, or a full time, or 7d, 12h" },
    { "--space", "S", "only this space" },
    { "--limit", "N", "at most N rows, the newest (100, or all with --json); 0: all" },
    { "--after", "ID", "go on after this record, the last one of the page before" },
    { "--withdrawn", NULL, "withdrawn records too" },
    LOOK_OPTION,
    { NULL, NULL, NULL },
};
static const cli_option today_options[] = {
    { "--days", "N", "how far ahead (7); what is overdue is always told" },
    { "--limit", "N", "at most so many that are overdue, so many for today and so many soon" },
    LOOK_OPTION,
    { NULL, NULL, NULL },
};
static const cli_option report_options[] = {
    { "--op", "REF", "only this operation" },
    { "--flight", "ID", "only this flight" },
    { "--on", "DAY", "only this day: 2026-11-29" },
    { "--outside", NULL, "for outside of the force: small numbers are hidden" },
    { "--csv", NULL, "for a spreadsheet; --json is for programs, a line for each" },
    { "--output", "FILE", "a new file instead of standard output" },
    LOOK_OPTION,
    { NULL, NULL, NULL },
};
static const cli_option dmm_options[] = {
    { "--la", "AREA", "only this local authority area, and what has none recorded" },
    LOOK_OPTION,
    { NULL, NULL, NULL },
};
#define PERIOD_OPTIONS                                \
    { "--from", "DAY", "the first day: 2026-07-01" }, \
    {                                                 \
        "--to", "DAY", "the last day: 2026-09-30"     \
    }
#define OUTSIDE_OPTIONS                                                                  \
    { "--outside", NULL, "for outside of the force: small numbers are hidden" },         \
        { "--csv", NULL, "for a spreadsheet; --json is for programs, a line for each" }, \
    {                                                                                    \
        "--output", "FILE", "a new file instead of standard output"                      \
    }
static const cli_option trends_options[] = {
    PERIOD_OPTIONS,
    { "--by", "FIELD", "instead of hidden crimes: la_area, kind, record_class or another code" },
    { "--category", "CODE", "only cases of this hidden crime" },
    { "--la", "AREA", "only cases of this local authority area" },
    OUTSIDE_OPTIONS,
    LOOK_OPTION,
    { NULL, NULL, NULL },
};
static const cli_option months_options[] = {
    PERIOD_OPTIONS,
    { "--csv", NULL, "for a spreadsheet; --json is for programs, a line for each" },
    { "--output", "FILE", "a new file instead of standard output" },
    LOOK_OPTION,
    { NULL, NULL, NULL },
};
static const cli_option period_options[] = {
    PERIOD_OPTIONS,
    OUTSIDE_OPTIONS,
    LOOK_OPTION,
    { NULL, NULL, NULL },
};
static const cli_option referrals_options[] = {
    PERIOD_OPTIONS,
    { "--by", "service", "by service instead of by type" },
    { "--la", "AREA", "only referrals of this local authority area" },
    OUTSIDE_OPTIONS,
    LOOK_OPTION,
    { NULL, NULL, NULL },
};
static const cli_option priorities_options[] = {
    { "--since", "TIME", "only cases since then: 2026-11-24, or a full time, or 7d, 12h" },
    { "--until", "TIME", "only cases before then" },
    { "--outside", NULL, "for outside of the force: small numbers are hidden" },
    LOOK_OPTION,
    { NULL, NULL, NULL },
};
static const cli_option clocks_options[] = {
    { "--since", "TIME", "only what began since then: 2026-11-24, or a full time, or 7d, 12h" },
    { "--until", "TIME", "only what began before then" },
    LOOK_OPTION,
    { NULL, NULL, NULL },
};
static const cli_option schedule_options[] = {
    { "--kind", "KIND", "mg6c (not sensitive), mg6d (sensitive) or mg6e (the officer's report)" },
    { "--space", "S", "material of this space (that of the case's record)" },
    { "--csv", NULL, "for a spreadsheet; --json is for programs, a line for each" },
    { "--to", "WHOM", "who gets it; kept in the log" },
    { "--output", "FILE", "a new file instead of standard output" },
    LOOK_OPTION,
    { NULL, NULL, NULL },
};
static const cli_option number_options[] = {
    { "--space", "S", "material of this space (that of the case's record)" },
    LOOK_OPTION,
    { NULL, NULL, NULL },
};
static const cli_option audit_options[] = {
    { "--record", "ID", "only what was done to this record" },
    { "--op", "OP", "only this: consultation, disclosure, login, ...; a wrong word lists all" },
    { "--actor", "WHO", "only what was done on this device: its name, or 6 digits of it" },
    { "--since", "TIME", "only since then: 2026-11-24, or a full time, or 7d, 12h" },
    { "--until", "TIME", "only before then" },
    { "--limit", "N", "only the newest N of them, at most 10000; 0: all" },
    { "--before", "ENTRY", "with --limit: those before this one, the first of the page before" },
    { "--csv", NULL, "for a spreadsheet; --json is for programs, a line for each" },
    { "--output", "FILE", "a new file instead of standard output" },
    { NULL, NULL, NULL },
};
static const cli_option held_options[] = {
    { "--to", "NAME", "who gets it: it goes into the log of use" },
    { "--space", "NAME", "only this space; a restricted one only so" },
    { "--output", "FILE", "a new file instead of standard output" },
    LOOK_OPTION,
    { NULL, NULL, NULL },
};
#define DIRECTORY_OPTIONS                                                                  \
    { "--category", "CODE", "a kind of support or a hidden crime" },                       \
        { "--area", "CODE", "a local authority area" }, { "--age", "N", "of the person" }, \
    {                                                                                      \
        "--on", "DAY", "as it is on that day (today): 2026-11-29"                          \
    }
static const cli_option directory_find_options[] = {
    DIRECTORY_OPTIONS,
    { "--language", "L", "one that is spoken there: Urdu" },
    { "--closed", NULL, "closed services too" },
    { "--limit", "N", "at most N services (20)" },
    LOOK_OPTION,
    { NULL, NULL, NULL },
};
static const cli_option directory_export_options[] = {
    { "--format", "F", "hsds (as it is without), geojson for maps, csv for spreadsheets" },
    { NULL, NULL, NULL },
};
static const cli_option directory_gaps_options[] = {
    DIRECTORY_OPTIONS,
    { NULL, NULL, NULL },
};
static const cli_option directory_stale_options[] = {
    { "--on", "DAY", "as it is on that day (today): 2026-11-29" },
    { "--limit", "N", "at most N services (all)" },
    LOOK_OPTION,
    { NULL, NULL, NULL },
};
static const cli_option liaison_options[] = {
    { "--group", "NAME", "the side of a split family" },
    { "--last", "N", "at most N entries (5)" },
    LOOK_OPTION,
    { NULL, NULL, NULL },
};
static const cli_option answer_options[] = {
    { "--outcome", "TEXT", "what came of it, as the family heard it" },
    { "--progress", NULL, "it is still open: only say how far it is" },
    { "--told-by", "NAME", "whom the family heard it from" },
    { "--reason", "TEXT", "why you look at it, in a restricted space" },
    { NULL, NULL, NULL },
};
static const cli_option approve_strategy_options[] = {
    { "--by", "OFFICER", "the lead, as the register has them" },
    { "--reason", "TEXT", "why you look at it, in a restricted space" },
    { NULL, NULL, NULL },
};
static const cli_option officers_options[] = {
    { "--welfare-days", "N", "after which a welfare check is overdue (90)" },
    LOOK_OPTION,
    { NULL, NULL, NULL },
};
static const cli_option retention_due_options[] = {
    { "--within", "N", "also what is due within N days" },
    { "--all", NULL, "also what isn't due" },
    LOOK_OPTION,
    { NULL, NULL, NULL },
};
static const cli_option journey_options[] = {
    { "--for", "PERSON", "the record of the person who gets it" },
    { "--by", "WAY", "hand, post or message (hand)" },
    { "--group", "NAME", "the side of a split family" },
    { "--output", "FILE", "a new file instead of standard output" },
    SAFE_OPTION,
    LOOK_OPTION,
    { NULL, NULL, NULL },
};
static const cli_option search_options[] = {
    { "--limit", "N", "at most N rows (20)" },
    LOOK_OPTION,
    { NULL, NULL, NULL },
};
static const cli_option suggest_options[] = {
    { "--type", "T", "only what is said of this type; `form show referral` names them" },
    { "--risk", "R", "high, medium or standard; a graver assessment that is held counts" },
    { "--area", "A", "the local authority area, in place of the case's" },
    { "--on", "DATE", "the day of the referral (today)" },
    LOOK_OPTION,
    { NULL, NULL, NULL },
};
static const cli_option send_options[] = {
    { "--correction", NULL, "to a recipient who was told: what has changed since" },
    { "--again", NULL, "all of it once more, as when the file was lost" },
    { "--safe-contact-read", NULL, "you have read it; numbers and addresses may be told" },
    LOOK_OPTION,
    { NULL, NULL, NULL },
};
static const cli_option due_options[] = {
    { "--corrections", NULL, "only recipients who have to be told of a change" },
    { "--raise", NULL, "an action for each of those, unless it has one" },
    LOOK_OPTION,
    { NULL, NULL, NULL },
};
static const cli_option sync_options[] = {
    { "--folder", "DIR", "with a folder (USB stick) instead of the relay" },
    { "--begin-with", "DIR", "a new device: with the snapshot in a folder, then the relay" },
    { "--watch", NULL, "again every 10 to 20 seconds, until Ctrl-C" },
    { NULL, NULL, NULL },
};
static const cli_option import_options[] = {
    { "--space", "S", "the space, by name or id; needed if this device holds several" },
    { "--apply", NULL, "write; without it the import is only tried" },
    { NULL, NULL, NULL },
};
static const cli_option export_options[] = {
    { "--form", "FORM", "only records of this form" },
    { "--space", "S", "only this space" },
    { "--output", "FILE", "a new file instead of standard output" },
    SAFE_OPTION,
    { "--reason", "TEXT", "why; needed with the option before" },
    { "--to", "WHOM", "who gets it, kept in the log: a device of the organisation, or outside" },
    { "--outside", NULL, "for outside of the force, whoever gets it" },
    { "--leave-out", NULL, "without intelligence that its handling conditions don't let go there" },
    { NULL, NULL, NULL },
};
#define LIMIT_OPTIONS                                                                 \
    { "--for", "TIME", "lock after this long in any case: 90s, 15m, 8h (10h)" },      \
        { "--idle", "TIME", "lock when no command has used it for this long (15m)" }, \
    {                                                                                 \
        "--strict", NULL, "refuse if the key's memory can't be kept out of the swap"  \
    }
static const cli_option unlock_options[] = {
    LIMIT_OPTIONS,
    { NULL, NULL, NULL },
};
static const cli_option console_options[] = {
    { "--port", "N", "the port to listen on (one that is free)" },
    LIMIT_OPTIONS,
    { NULL, NULL, NULL },
};
static const cli_option agent_options[] = {
    LIMIT_OPTIONS,
    { "--key-fd", "3", "how `daybook unlock` hands the key over" },
    { NULL, NULL, NULL },
};
static const cli_option passphrase_options[] = {
    { "--new-file", "F", "a file that holds the new passphrase" },
    { "--tpm", NULL, "from now on the store also needs the TPM of this machine" },
    { "--no-tpm", NULL, "from now on it doesn't" },
    { NULL, NULL, NULL },
};

static const cli_option recovery_options[] = {
    { "--share", "FILE", "a new file for a share; once for each keeper" },
    { "--need", "N", "how many shares open a store (2)" },
    { NULL, NULL, NULL },
};
static const cli_option recover_options[] = {
    { "--share", "FILE", "a keeper's share; once for each" },
    { "--new-file", "F", "a file that holds the new passphrase" },
    { NULL, NULL, NULL },
};

static const cli_option wipe_options[] = {
    { "--yes", NULL, "do it" },
    { "--unseen", NULL, "without the passphrase, and without saying what is lost" },
    { NULL, NULL, NULL },
};

#endif
