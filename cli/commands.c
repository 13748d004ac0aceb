/* The command table: dispatch, help and completion read it (style.md R33). */
#include "cli/cmd.h"

#define ONE_RECORD 1, 1

static const cli_option org_create_options[] = {
    { "--relay-card", "FILE", "the card that `daybook-relay init` wrote" },
    { "--relay", "URL", "the relay's address, if it differs from the card's" },
    { "--admin-name", "NAME", "the name of this first device (Administrator)" },
    { NULL, NULL, NULL },
};
static const cli_option invite_options[] = {
    { "--name", "NAME", "the officer's name, as colleagues will see it" },
    { "--role", "ROLE", "officer, hq or admin" },
    { "--space", "S", "a space to grant, by name or id; may be repeated" },
    { "--hours", "N", "how long the invite is good for (24)" },
    { NULL, NULL, NULL },
};
static const cli_option approve_options[] = {
    { "--all", NULL, "everyone whose request has arrived" },
    { NULL, NULL, NULL },
};
static const cli_option join_options[] = {
    { "--device-name", "NAME", "what this device calls itself in the request" },
    { NULL, NULL, NULL },
};
static const cli_option grant_options[] = {
    { "--role", "ROLE", "officer (default), hq or admin" },
    { NULL, NULL, NULL },
};
static const cli_option space_options[] = {
    { "--space", "S", "the space, by name or id; needed if this device holds several" },
    { NULL, NULL, NULL },
};
static const cli_option reason_options[] = {
    { "--reason", "TEXT", "why; kept in the record's history" },
    { NULL, NULL, NULL },
};
static const cli_option list_options[] = {
    { "--where", "F=V", "only records whose shown field F is V; may be repeated" },
    { "--since", "TIME", "only what happened since: 2026-11-24, or a full time, or 7d, 12h" },
    { "--space", "S", "only this space" },
    { "--limit", "N", "at most N rows, the newest" },
    { "--withdrawn", NULL, "withdrawn records too" },
    { NULL, NULL, NULL },
};
static const cli_option search_options[] = {
    { "--limit", "N", "at most N rows (20)" },
    { NULL, NULL, NULL },
};
static const cli_option sync_options[] = {
    { "--folder", "DIR", "with a folder (USB stick) instead of the relay" },
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
    { NULL, NULL, NULL },
};
static const cli_option passphrase_options[] = {
    { "--new-file", "F", "a file that holds the new passphrase" },
    { NULL, NULL, NULL },
};

const cli_command cli_commands[] = {
    { "org create", "NAME --relay-card FILE",
      "begin an organisation; this device is its first admin", NULL, CLI_NET, 1, 1,
      org_create_options, cmd_org_create },
    { "org invite", "--name N --role R [--space S]...", "invite an officer's device",
      "Prints the invite alone on standard output. It holds a one-time secret that the relay "
      "never\n"
      "sees; whoever has it can ask to join, and an administrator still approves.",
      CLI_BOOK | CLI_NET, 0, 0, invite_options, cmd_org_invite },
    { "org approve", "[NAME]... [--all]", "see who asks to join, and approve",
      "Without a name it lists the requests that have arrived, with the number of each device to\n"
      "compare with the officer.",
      CLI_BOOK | CLI_NET, 0, 64, approve_options, cmd_org_approve },
    { "join", "FILE", "join an organisation with an invite (- reads standard input)", NULL, CLI_NET,
      1, 1, join_options, cmd_join },
    { "space create", "NAME", "a new compartment with its own key", NULL, CLI_BOOK | CLI_NET, 1, 1,
      NULL, cmd_space_create },
    { "space grant", "SPACE DEVICE", "give a device a space", NULL, CLI_BOOK | CLI_NET, 2, 2,
      grant_options, cmd_space_grant },
    { "space list", "", "the spaces that this device holds", NULL, CLI_BOOK, 0, 0, NULL,
      cmd_space_list },
    { "device list", "", "every device of the organisation", NULL, CLI_BOOK, 0, 0, NULL,
      cmd_device_list },
    { "forms", "", "what can be recorded", NULL, 0, 0, 0, NULL, cmd_forms },
    { "form show", "FORM", "the fields of a form and their answers", NULL, 0, 1, 1, NULL,
      cmd_form_show },
    { "add", "FORM [FIELD=VALUE | FIELD:=JSON]...", "write a new record; prints its id",
      "A draft may lack anything; a value that is wrong in itself is refused, all problems at "
      "once.\n"
      "Times without an offset get this machine's. \"not_known\" is an answer to every question.",
      CLI_BOOK, 1, CLI_POSITIONAL_MAX, space_options, cmd_add },
    { "edit", "ID FIELD=VALUE...", "change a record",
      "FIELD=VALUE replaces, FIELD+=VALUE adds to a set, list or count, FIELD-=VALUE takes an\n"
      "element away, FIELD-= makes a field blank. ID may be shortened to 6 digits or more.",
      CLI_BOOK, 2, CLI_POSITIONAL_MAX, reason_options, cmd_edit },
    { "sign", "ID", "sign a record: from then on only addenda", NULL, CLI_BOOK, ONE_RECORD, NULL,
      cmd_sign },
    { "addendum", "ID TEXT", "add to a signed record", NULL, CLI_BOOK, 2, 2, NULL, cmd_addendum },
    { "withdraw", "ID --reason TEXT", "take a record out of use; its history stays", NULL, CLI_BOOK,
      ONE_RECORD, reason_options, cmd_withdraw },
    { "show", "ID", "a record, whole", NULL, CLI_BOOK, ONE_RECORD, NULL, cmd_show },
    { "list", "[FORM]", "records, the newest first", NULL, CLI_BOOK, 0, 1, list_options, cmd_list },
    { "search", "WORD...", "records that hold all these words", NULL, CLI_BOOK, 1, 32,
      search_options, cmd_search },
    { "history", "ID", "who wrote what, when claimed and when received", NULL, CLI_BOOK, ONE_RECORD,
      NULL, cmd_history },
    { "sync", "[--folder DIR]", "exchange with headquarters",
      "Sends what this device wrote and fetches what it may read. It can be cut off at any moment\n"
      "and goes on from there the next time.",
      CLI_BOOK | CLI_NET, 0, 0, sync_options, cmd_sync },
    { "status", "", "what has arrived where, what hasn't and why", NULL, CLI_BOOK, 0, 0, NULL,
      cmd_status },
    { "conflicts", "[ID]", "what needs a person's decision", NULL, CLI_BOOK, 0, 1, NULL,
      cmd_conflicts },
    { "resolve", "ID GROUP=CHOICE --reason TEXT", "decide between values (headquarters)",
      "CHOICE is the number that `daybook conflicts ID` shows, from 1. A new value instead:\n"
      "resolve ID FIELD=VALUE... --reason TEXT. GROUP \"review\" with CHOICE \"ok\" says that the "
      "merged\n"
      "record was looked at and stands.",
      CLI_BOOK, 2, CLI_POSITIONAL_MAX, reason_options, cmd_resolve },
    { "verify", "", "prove every chain, seal, signature and row", NULL, CLI_BOOK, 0, 0, NULL,
      cmd_verify },
    { "import", "FILE", "records from a JSON Lines file; a trial run unless --apply",
      "Each line: {\"form\": F, \"ref\": HANDLE, \"fields\": {...}}. \"@HANDLE\" in a reference "
      "field names\n"
      "the record of an earlier line. A line may carry \"id\" instead, as exports do.",
      CLI_BOOK, 1, 1, import_options, cmd_import },
    { "export", "", "records as JSON Lines", NULL, CLI_BOOK, 0, 0, export_options, cmd_export },
    { "passphrase", "", "change the passphrase", NULL, CLI_BOOK, 0, 0, passphrase_options,
      cmd_passphrase },
    { NULL, NULL, NULL, NULL, 0, 0, 0, NULL, NULL },
};
