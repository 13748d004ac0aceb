/* The command table: dispatch, help and completion read it (style.md R33). */
#include "cli/cmd.h"
#include "cli/options.h"

#define ONE_RECORD 1, 1

#define FIRST_STEPS "First steps:"
#define WRITING "Writing (no network needed):"
#define READING "Reading:"
#define EXCHANGE "Exchange with headquarters:"
#define DECIDING "Deciding, at headquarters:"
#define PEOPLE "People, devices and spaces (administrators):"
#define FILES "Proof, files and keys:"

const cli_command cli_commands[] = {
    { FIRST_STEPS, "org create", "NAME --relay-card FILE",
      "begin an organisation; this device is its first administrator",
      "NAME is also the name of the organisation's first space. The card comes from whoever runs "
      "the relay: `daybook-relay init` wrote it.",
      CLI_NET, 1, 1, org_create_options, cmd_org_create },
    { NULL, "join", "FILE", "join an organisation with an invite",
      "FILE is the invite that your administrator gave you; - reads it from standard input. The "
      "store is made here, under a new passphrase. Tell your administrator the device number that "
      "this command prints: it is the proof that nobody else joined in your name.",
      CLI_NET, 1, 1, join_options, cmd_join },
    { NULL, "forms", "", "what can be recorded",
      "With a store, also the forms of packs that were installed in it, and who signed them.", 0, 0,
      0, forms_options, cmd_forms },
    { NULL, "form show", "FORM", "the fields of a form and their answers", NULL, 0, 1, 1,
      forms_options, cmd_form_show },
    { NULL, "form install", "PACK", "take a pack of forms that your force has signed",
      "All of it or nothing. It counts if a device of an administrator or of headquarters signed "
      "it that has not been revoked. A form of a pack may ask for more than a shipped one, and "
      "never protect less; one version has one text for ever.",
      CLI_BOOK, 1, 1, NULL, cmd_form_install },

    { WRITING, "add", "FORM [FIELD=VALUE | FIELD:=JSON]...", "write a new record; prints its id",
      "FIELD=VALUE is text, FIELD:=JSON is JSON. A draft may lack anything; a value that is wrong "
      "in itself is refused, with all problems at once. Times: 2026-11-24 14:30, or 14:30 for "
      "today; without an offset they get this machine's. \"not_known\" answers every question.",
      CLI_BOOK, 1, CLI_POSITIONAL_MAX, add_options, cmd_add },
    { NULL, "edit", "ID FIELD=VALUE...", "change a record",
      "FIELD=VALUE replaces, FIELD+=VALUE adds to a set, list or count, FIELD-=VALUE takes an "
      "element away, FIELD-= makes a field blank. ID may be shortened to its first 6 digits or "
      "more.",
      CLI_BOOK, 1, CLI_POSITIONAL_MAX, edit_options, cmd_edit },
    { NULL, "sign", "ID", "sign a record: from then on only addenda", NULL, CLI_BOOK, ONE_RECORD,
      NULL, cmd_sign },
    { NULL, "addendum", "ID TEXT --reason TEXT", "add to a signed record",
      "What was signed stays as it is. The reason is kept in the record's history.", CLI_BOOK, 2, 2,
      addendum_options, cmd_addendum },
    { NULL, "withdraw", "ID --reason TEXT", "take a record out of use; its history stays", NULL,
      CLI_BOOK, ONE_RECORD, reason_options, cmd_withdraw },

    { NULL, "tally", "ID", "count on a flight sheet: one key, or one word, for each",
      "At a terminal each counter has a key. Otherwise words are read from standard input: keys, "
      "or counters' names as far as needed. u takes the last one back, -NAME one of that "
      "counter: the count stays, and an entry beside it says that it was one too many. Each is "
      "saved before the next is read.",
      CLI_BOOK, ONE_RECORD, NULL, cmd_tally },

    { NULL, "scratch keep", "NAME TEXT", "keep words that aren't ready to be saved in a record",
      "What the console's pages do with each pause in typing. They are in this device's store "
      "alone and are never synced. An empty TEXT takes them away.",
      CLI_BOOK, 2, 2, NULL, cmd_scratch_keep },
    { NULL, "scratch list", "", "what is kept so", NULL, CLI_BOOK | CLI_MARKED, 0, 0, NULL,
      cmd_scratch_list },
    { NULL, "scratch drop", "NAME", "take one of them away, with all beneath it (NAME/...)", NULL,
      CLI_BOOK, 1, 1, NULL, cmd_scratch_drop },

    { READING, "today", "", "what waits: due and overdue, the worst first",
      "Actions, reviews, expiries, contacts that were agreed with a family, time limits of the "
      "law, "
      "cases graded standard or not at all with three or more contacts since, and what is not at "
      "headquarters yet.",
      CLI_BOOK | CLI_LOOKS, 0, 0, today_options, cmd_today },
    { NULL, "report dmm", "[--la AREA]", "one page for the daily management meeting",
      "High risk that is new or changed in the last 24 hours, actions that are overdue, and "
      "devices "
      "that the relay hasn't heard from for as long. What has no area recorded is on every area's "
      "page.",
      CLI_BOOK | CLI_LOOKS, 0, 0, dmm_options, cmd_report_dmm },
    { NULL, "report trends", "--from DAY --to DAY", "cases of a period, beside the one before",
      "By hidden crime, or by another code of the case. The period before is of equal length: "
      "whole "
      "months are compared with as many months, else days with days. A case may count under "
      "several hidden crimes; one under none has a row. Each figure stands beside what it is of, "
      "with its monthly mean.",
      CLI_BOOK | CLI_LOOKS, 0, 0, trends_options, cmd_report_trends },
    { NULL, "report indicators", "--from DAY --to DAY", "how each FGM indicator was answered",
      "Of the interventions of a period, and of the one before: yes, no, not known, not recorded. "
      "They are never added up.",
      CLI_BOOK | CLI_LOOKS, 0, 0, period_options, cmd_report_indicators },
    { NULL, "report children", "--from DAY --to DAY",
      "children who were there, and were they heard",
      "Of the contacts with families, attempts apart. The entries themselves: list contact --where "
      "child_present=yes --where child_voice=",
      CLI_BOOK | CLI_LOOKS, 0, 0, period_options, cmd_report_children },
    { NULL, "report referrals", "--from DAY --to DAY",
      "by provider: decisions, and what came of it",
      "For a quarter's return. Each provider's decisions add up to its referrals; an outcome "
      "counts "
      "wherever it is named. With --outside numbers below 5 are a star, and others by which they "
      "could be worked out.",
      CLI_BOOK | CLI_LOOKS, 0, 0, referrals_options, cmd_report_referrals },
    { NULL, "report months", "--from DAY --to DAY", "interventions and referrals, month by month",
      "Interventions by airport, referrals by the area of the local authority. The month is the "
      "one "
      "on the clock of who wrote it. For use inside of the force: small numbers aren't hidden.",
      CLI_BOOK | CLI_LOOKS, 0, 0, months_options, cmd_report_months },
    { NULL, "report outcome", "", "what came of an airport operation, with denominators",
      "Of the flight sheets what was counted; of the interventions how many there were, and each "
      "outcome twice: as the furthest on the ladder, so that the rows add up, and however often it "
      "was named. Nobody is named, and indicators are not added up.",
      CLI_BOOK | CLI_LOOKS, 0, 0, report_options, cmd_report_outcome },
    { NULL, "report fairness", "", "on whom an airport operation fell, and what was done",
      "By why the family was chosen, direction, agency, and ethnicity as they define it: how many "
      "were spoken to and, of those, searched, with a power, refusing, and with an outcome past "
      "advice. With --outside numbers below 5 are a star, and others by which they could be "
      "worked out.",
      CLI_BOOK | CLI_LOOKS, 0, 0, report_options, cmd_report_fairness },
    { NULL, "report priorities", "", "cases by the Victims Commission's priorities",
      "A case counts where it says so, and where its kind or a hidden crime means it by the table "
      "of the case's day. It may count under several; none is left out: those under no priority "
      "have a row.",
      CLI_BOOK | CLI_LOOKS, 0, 0, priorities_options, cmd_report_priorities },
    { NULL, "report clocks", "", "time limits of the law: met, missed and why",
      "A report of FGM by the next working day; victims referred to support and told of key "
      "decisions as the Victims' Code says. Working days are those of England and Wales. Each "
      "limit "
      "has how many there were; what was missed is named, with the reason that was given.",
      CLI_BOOK | CLI_LOOKS, 0, 0, clocks_options, cmd_report_clocks },
    { NULL, "report schedule", "CASE", "unused material, as CPIA has it listed: MG6C, MG6D, MG6E",
      "Items are records of the form disclosure_item. Each schedule counts its own from 1, those "
      "of "
      "each space by themselves, so that no number tells of what stands elsewhere. A number is "
      "given "
      "once: what was withdrawn, or has become sensitive, keeps its line without its words. What "
      "nobody has considered is on none, and then there is no nil schedule.",
      CLI_BOOK, ONE_RECORD, schedule_options, cmd_report_schedule },
    { NULL, "schedule number", "CASE", "at headquarters: give new items their numbers",
      "Items of which somebody has said whether they are sensitive, in the order in which they "
      "were "
      "listed. Numbers are for good.",
      CLI_BOOK, ONE_RECORD, number_options, cmd_schedule_number },
    { NULL, "show", "ID", "a record, whole",
      "Of a person, how they can be reached safely comes first. Until you say that you have read "
      "it, numbers, addresses and accounts are hidden.",
      CLI_BOOK, ONE_RECORD, show_options, cmd_show },
    { NULL, "list", "[FORM]", "records, the newest first", NULL, CLI_BOOK | CLI_LOOKS, 0, 1,
      list_options, cmd_list },
    { NULL, "search", "WORD...", "records that hold all these words",
      "The last word may be the beginning of one.", CLI_BOOK | CLI_LOOKS, 1, 32, search_options,
      cmd_search },
    { NULL, "liaison show", "CASE", "a family, for whoever covers it",
      "What the strategy holds back, the last entries, what the family brought up and has no "
      "answer "
      "to (`liaison answer`), and their requests that became actions.",
      CLI_BOOK | CLI_LOOKS, ONE_RECORD, liaison_options, cmd_liaison_show },
    { NULL, "liaison answer", "ID [KIND [NUMBER]] --outcome TEXT",
      "say what came of what a family asked",
      "ID is the contact; KIND is request, complaint or voice, and NUMBER which of them, as "
      "`liaison show` tells. Without KIND it is the only one that waits. What has its answer "
      "already isn't closed twice; signed entries take answers too.",
      CLI_BOOK, 1, 3, answer_options, cmd_liaison_answer },
    { NULL, "liaison approve", "CASE --by OFFICER",
      "at headquarters: put the newest strategy in force",
      "As it stands in the case, with the lead's approval. What an officer writes as approved is a "
      "proposal: it can hold back more, and lets nothing go.",
      CLI_BOOK, ONE_RECORD, approve_strategy_options, cmd_liaison_approve },
    { NULL, "liaison families", "", "how often each family is met, and what lacks",
      "GAP is the longest time between two contacts, in days; attempts are no contacts. Told "
      "besides: no risk assessment before the first visit, no literature by the day after it.",
      CLI_BOOK | CLI_LOOKS, 0, 0, families_options, cmd_liaison_families },
    { NULL, "liaison officers", "", "the register: caseload and welfare checks", NULL,
      CLI_BOOK | CLI_LOOKS, 0, 0, officers_options, cmd_liaison_officers },
    { NULL, "journey", "CASE --for PERSON", "the sheet that a family takes away",
      "What happened and when, what they were told about, what they asked and what came of it, the "
      "next dates, whom to ring. Nothing else goes in: no assessment, no intelligence, nobody's "
      "number but those of officers, nothing of a compartment, and no line that speaks of what the "
      "strategy holds back. The safe-contact rule of the person who gets it comes first.",
      CLI_BOOK, ONE_RECORD, journey_options, cmd_journey },
    { NULL, "history", "ID", "who wrote what, when claimed and when received", NULL, CLI_BOOK,
      ONE_RECORD, show_options, cmd_history },
    { NULL, "audit", "", "who recorded, changed, looked at, gave out or took away what",
      "The log that section 62 of the Data Protection Act 2018 asks for, over all that this device "
      "holds, the oldest first. Looking and giving out are written down where it happens, also "
      "without a network, and reach headquarters with the next sync; so is what happens to a "
      "device: unlocked, guessed at, given another key, wiped. The rest is read from the signed "
      "changes themselves. What nobody may see without a reason (restricted spaces) has the "
      "reason with it.",
      CLI_BOOK | CLI_MARKED, 0, 0, audit_options, cmd_audit },

    { NULL, "referral suggest", "PERSON|CASE", "where a referral goes, by which rule and why",
      "By the rules of headquarters and those that came with the program. `add referral` checks "
      "the same: against a rule that stops, it needs override_reason. \"Perhaps\": it depends on "
      "something that is not recorded yet.",
      CLI_BOOK | CLI_MARKED, 1, 1, suggest_options, cmd_referral_suggest },
    { NULL, "referral send", "ID FILE", "seal a referral to its service's key",
      "What consent_scope names is told, and always how the person may be reached safely; numbers "
      "and addresses only if they are known to be safe. The service needs a recipient's key that "
      "headquarters has written. What was told is noted, so that `referral due` can say whom to "
      "correct.",
      CLI_BOOK, 2, 2, send_options, cmd_referral_send },
    { NULL, "referral receipt", "FILE", "take what a recipient answered",
      "A line that begins with daybook-answer-1; \"-\" reads it from standard input. It counts if "
      "it is signed by the key that the package was sealed to. The state only goes forward.",
      CLI_BOOK, 1, 1, NULL, cmd_referral_receipt },
    { NULL, "referral due", "", "referrals to send, to correct, or without an answer", NULL,
      CLI_BOOK | CLI_LOOKS, 0, 0, due_options, cmd_referral_due },
    { NULL, "referral card", "FILE", "the members' card, by which a recipient knows who sends",
      "It holds the membership chain: no note, no name.", CLI_BOOK, 1, 1, NULL, cmd_referral_card },

    { NULL, "directory find", "", "services that help, those checked lately first",
      "By what a service does, where, in which language and for what age; without a network. A "
      "closed service is never shown, a paused one comes last, and one whose check is overdue "
      "says so: ring before you send anybody. What a service doesn't say of its area or ages "
      "doesn't hide it. Codes: daybook form show service.",
      CLI_BOOK | CLI_LOOKS, 0, 0, directory_find_options, cmd_directory_find },
    { NULL, "directory stale", "", "services whose check is overdue, the longest first", NULL,
      CLI_BOOK | CLI_LOOKS, 0, 0, directory_stale_options, cmd_directory_stale },
    { NULL, "directory gaps", "", "support that nobody offers for an age (17) in an area",
      "What nobody offers anywhere is one line. A service that names no area, is paused or closed "
      "counts for none, and one that doesn't say for which ages it is is told apart. Nothing in a "
      "restricted space counts.",
      CLI_BOOK, 0, 0, directory_gaps_options, cmd_directory_gaps },
    { NULL, "directory correct", "ID FIELD=VALUE...", "propose what is right about a service",
      "With --reason: how you know. Headquarters decides; what protects more counts at once.",
      CLI_BOOK, 2, CLI_POSITIONAL_MAX, reason_options, cmd_directory_correct },
    { NULL, "directory import", "FILE [--apply]", "services that others publish (HSDS 3.0)",
      "At headquarters; a trial run unless --apply. FILE is a service, an array of them or a page "
      "of Open Referral UK's API. The same file again changes nothing. What it doesn't say stays, "
      "what protects is never lowered, and what has no place here is named.",
      CLI_BOOK, 1, 1, import_options, cmd_directory_import },
    { NULL, "directory export", "[FILE]", "all services as HSDS 3.0, as others read them",
      "Without restricted spaces, recipients' keys, and places that are confidential.", CLI_BOOK, 0,
      1, directory_export_options, cmd_directory_export },

    { EXCHANGE, "sync", "[--folder DIR | --begin-with DIR] [--watch]", "exchange with headquarters",
      "Sends what this device wrote and fetches what it may read. It can be cut off at any moment "
      "and goes on from there the next time. A folder (a USB stick) carries the same sealed notes; "
      "what went by folder still goes to the relay at the next sync.",
      CLI_NET, 0, 0, sync_options, cmd_sync },
    { NULL, "snapshot make", "[FOLDER]", "headquarters: a space as it stands, for new devices",
      "To the relay, or into a folder. A new device begins with it, instead of years of notes, and "
      "then fetches what came since. It is sealed: only who may read all that is in it can open "
      "it. It is taken only when another device of headquarters has confirmed it; at the relay "
      "the next sync of one does that.",
      CLI_NET | CLI_BOOK, 0, 1, snapshot_options, cmd_snapshot_make },
    { NULL, "snapshot confirm", "[FOLDER]", "headquarters: a second device makes the same",
      "Of what waits at the relay, or in a folder; from its own sealed notes. If it comes to "
      "something else, it says so and signs nothing: then run `daybook verify` on both.",
      CLI_NET | CLI_BOOK, 0, 1, snapshot_options, cmd_snapshot_confirm },
    { NULL, "snapshot fetch", "", "the notes behind what this device began with",
      "From the relay. Until then this device shows every record as it stands, and not its earlier "
      "changes.",
      CLI_NET | CLI_BOOK, 0, 0, snapshot_options, cmd_snapshot_fetch },
    { NULL, "status", "", "what has arrived where, what hasn't and why", NULL, CLI_BOOK, 0, 0, NULL,
      cmd_status },

    { NULL, "whoami", "", "whose device this is, its role, and its spaces", NULL, CLI_BOOK, 0, 0,
      NULL, cmd_whoami },

    { DECIDING, "desk", "", "all that waits for headquarters, in one place",
      "How many records need a decision, hold a proposal or are to be looked over, and what "
      "stands aside; with the command that shows each.",
      CLI_BOOK, 0, 0, NULL, cmd_desk },
    { NULL, "conflicts", "[ID]", "what needs a person's decision", NULL, CLI_BOOK | CLI_LOOKS, 0, 1,
      look_options, cmd_conflicts },
    { NULL, "resolve", "ID GROUP=CHOICE --reason TEXT", "decide between values",
      "CHOICE is the number that `daybook conflicts` shows. A new value instead: resolve ID "
      "FIELD=VALUE... --reason TEXT (FIELD:=JSON where a bare number would read as a choice). "
      "review=ok says that a merged record was looked at and stands. What changed since you last "
      "looked at the conflict is never decided unseen. With --undo CHOICE is a number of what the "
      "decision took the place of, as `daybook conflicts ID` shows them: it is decided anew, and "
      "both decisions stay in the history.",
      CLI_BOOK, 2, CLI_POSITIONAL_MAX, resolve_options, cmd_resolve },
    { NULL, "retention due", "", "cases and persons whose review is due, the longest first",
      "By their review group (MoPI), from the newest relevant event of whatever refers to them; "
      "the "
      "longer time counts. What was to be disposed of is here too, and what stands against it.",
      CLI_BOOK | CLI_LOOKS, 0, 0, retention_due_options, cmd_retention_due },
    { NULL, "retention show", "ID", "how long a case or person is kept, why, and who decided what",
      NULL, CLI_BOOK | CLI_MARKED, ONE_RECORD, look_options, cmd_retention_show },
    { NULL, "retention review", "ID decision=retain|dispose FIELD=VALUE...",
      "record a decision to retain or to dispose of",
      "Every review answers necessity, adequacy and accuracy (yes, no or not_known) with a reason. "
      "Where somebody was under 10 it says in `child` what was considered for them. A legal hold, "
      "a "
      "deployment that runs, and a time that isn't over (unless before_time says why) stop "
      "disposal. The decision is signed, and counts while nothing that it was made on changes. "
      "Nothing is erased by it: daybook retention dispose asks for that.",
      CLI_BOOK, 2, CLI_POSITIONAL_MAX, look_options, cmd_retention_review },
    { NULL, "retention dispose", "ID...", "ask that what was decided is erased everywhere",
      "Each ID is a case or a person that headquarters decided to dispose of, all of one space. "
      "What "
      "refers to them, and to no other case or person, goes with them; reviews stay. A second "
      "administrator, who reads that space, has to agree (org proposals, org agree). Every device, "
      "and the relay, then erases it at its next sync, unless a legal hold stands there or "
      "something came since. It wants that every device of the space has confirmed what came up to "
      "the decision. Backups, and devices that never sync again, keep what they have.",
      CLI_BOOK | CLI_NET, 1, CLI_POSITIONAL_MAX, look_options, cmd_retention_dispose },
    { NULL, "retention orders", "", "what was ordered to be disposed of, and which devices did it",
      "A device's word comes with its next sync. One that is not heard of may still hold it.",
      CLI_BOOK, 0, 0, NULL, cmd_retention_orders },
    { NULL, "persons duplicates", "[ID]", "who may be the same person, and why",
      "Compares names in any script, order and spelling, dates of birth, phones, email addresses "
      "and postcodes: which agree, and the points of each. Never nationality, ethnicity or "
      "religion. Nothing is ever merged.",
      CLI_BOOK | CLI_LOOKS, 0, 1, duplicates_options, cmd_persons_duplicates },
    { NULL, "persons link", "ID ID --reason TEXT", "two records are of one person",
      "Both stay, and `daybook show` of each names the other.", CLI_BOOK, 2, 2, reason_options,
      cmd_persons_link },
    { NULL, "persons unlink", "ID ID --reason TEXT", "two records are not of one person",
      "Takes a link back, or a suggestion away for good.", CLI_BOOK, 2, 2, reason_options,
      cmd_persons_unlink },
    { NULL, "persons cases", "ID [--at DAY]", "the cases that a person had a part in",
      "Under this record and all that are linked to it: how often, by that day.",
      CLI_BOOK | CLI_MARKED, 1, 1, cases_options, cmd_persons_cases },
    { NULL, "persons held", "ID", "all that is held on a person, and what of it is withheld",
      "For somebody who asks for what is held on them (DPA 2018 s45): their record, those linked "
      "to "
      "it, their cases, and every record that refers to one of these, form by form. Each answer "
      "is shown, or said to be withheld and why: about somebody else, safe contact, intelligence, "
      "words that have to be read first. It is what a data protection officer begins with, and "
      "nothing to hand over unread. With --to it is in the log of use as given out.",
      CLI_BOOK | CLI_MARKED, ONE_RECORD, held_options, cmd_persons_held },
    { NULL, "quarantine list", "", "notes that stand aside: too late, or from who may not write",
      "Every member holds them, and none merges them until a supervisor or headquarters decides.",
      CLI_BOOK | CLI_LOOKS, 0, 0, look_options, cmd_quarantine_list },
    { NULL, "quarantine show", "ID", "what one of them holds", NULL, CLI_BOOK | CLI_LOOKS, 1, 1,
      look_options, cmd_quarantine_show },
    { NULL, "quarantine admit", "ID --reason TEXT", "let it in, for every member and for good",
      "What its author wrote before it comes in too: an author's notes build on each other.",
      CLI_BOOK, 1, 1, decide_options, cmd_quarantine_admit },
    { NULL, "quarantine refuse", "ID --reason TEXT", "keep it out",
      "It stays with every member as evidence, and can be let in later.", CLI_BOOK, 1, 1,
      decide_options, cmd_quarantine_refuse },

    { PEOPLE, "org invite", "--name N --role R [--space S]...", "invite an officer's device",
      "Prints the invite alone on standard output. It holds a one-time secret that the relay never "
      "sees; whoever has it can ask to join, and an administrator still approves.",
      CLI_BOOK | CLI_NET, 0, 0, invite_options, cmd_org_invite },
    { NULL, "org approve", "[NAME]... [--all]", "see who asks to join, and approve",
      "Without a name it lists the requests that have arrived, with the number of each device to "
      "compare with the officer. NAME may also be a device's number.",
      CLI_BOOK | CLI_NET, 0, 64, approve_options, cmd_org_approve },
    { NULL, "org recover-log", "[--apply] [--anyway]",
      "let a relay go on that was restored from a backup",
      "On the device that founded the organisation, after the relay's operator ran `daybook-relay "
      "recover`. Gives the relay what this device holds, compares what it says it has with what "
      "this device has verified, and says what will be sent again. --apply signs for that with "
      "the organisation's root key. Let every administrator's device sync first: what only it "
      "knows of the membership would be lost.",
      CLI_BOOK | CLI_NET, 0, 0, recover_log_options, cmd_org_recover_log },
    { NULL, "org log", "[--since N]", "every change of members, spaces and rules",
      "What each change was, which administrator signed it, and when by their clock. Of a space "
      "that this device does not hold it says only that there was a change.",
      CLI_BOOK, 0, 0, log_options, cmd_org_log },
    { NULL, "org proposals", "", "what waits for a second administrator, in plain words",
      "Headquarters' and administrators' devices, restricted spaces and who is let into them, an "
      "administrator's revocation, bars and the rules need two administrators, once there were "
      "two. The command that one of them gives ends with status 20, and the change waits here.",
      CLI_BOOK | CLI_NET, 0, 0, look_options, cmd_org_proposals },
    { NULL, "org agree", "PROPOSAL", "sign what another administrator proposed; then it is done",
      "Only what `daybook org proposals` has shown on this device. PROPOSAL is its number, or the "
      "first 6 digits or more. If the organisation changes first, it has to be proposed anew.",
      CLI_BOOK | CLI_NET, 1, 1, NULL, cmd_org_agree },
    { NULL, "org decline", "PROPOSAL", "take a proposal away, your own or another's", NULL,
      CLI_BOOK | CLI_NET, 1, 1, NULL, cmd_org_decline },
    { NULL, "org floor", "SPACE", "ask that relays let go of old notes that everybody has",
      "Says how high the floor of the space's log may be and who holds it back, and proposes that. "
      "Below it relays keep who wrote what and when, signed, but no notes. It takes a confirmed "
      "snapshot, the word of every device that reads the space (device reach), two devices of "
      "headquarters that hold each note, and a second administrator who reads it (org agree).",
      CLI_BOOK | CLI_NET, 1, 1, NULL, cmd_org_floor },
    { NULL, "org policy", "", "the organisation's rules, and changing them",
      "Without an option it shows them. What isn't named stays as it is; a key that is named "
      "takes the place of all of its kind, and the word none stands for no key.",
      CLI_BOOK | CLI_NET, 0, 0, policy_options, cmd_org_policy },
    { NULL, "form pack", "FILE... --name N --out PACK", "sign forms of your own, as one file",
      "Each FILE is a form as docs/FORMS.md describes it, of version 1000 or later. The pack is "
      "signed by this device, which must be an administrator's or headquarters'. `form install` "
      "takes it.",
      CLI_BOOK, 1, CLI_POSITIONAL_MAX, pack_options, cmd_form_pack },
    { NULL, "org witness", "", "the key by which this device confirms what headquarters holds",
      "For a device of headquarters that syncs often; the key is made the first time. Once the "
      "organisation's policy names it, each sync of this device says of every space how much of "
      "its log it holds, and officers see that, and when it was said. They are warned when it is "
      "long ago, and a relay that shows different people different notes is found out.",
      CLI_BOOK, 0, 0, NULL, cmd_org_witness },
    { NULL, "space create", "NAME", "a new compartment with its own key",
      "This device is in it, as hq. A restricted space needs a second administrator, now and for "
      "each who is let in later.",
      CLI_BOOK | CLI_NET, 1, 1, create_options, cmd_space_create },
    { NULL, "space grant", "SPACE DEVICE", "let a device into a space", NULL, CLI_BOOK | CLI_NET, 2,
      2, grant_options, cmd_space_grant },
    { NULL, "space remove", "SPACE DEVICE",
      "take a device out of a space; the space gets a new key",
      "What the device holds already, it keeps. What it writes from now on, and what of it had not "
      "arrived, stands aside until someone decides.",
      CLI_BOOK | CLI_NET, 2, 2, NULL, cmd_space_remove },
    { NULL, "space bar", "SPACE DEVICE", "a person who can never be let into a space",
      "DEVICE is any device of that person. Take them out of the space first. It is never undone.",
      CLI_BOOK | CLI_NET, 2, 2, NULL, cmd_space_bar },
    { NULL, "space rotate", "SPACE", "a new key for a space",
      "Happens by itself when someone leaves, and when a key gets old.", CLI_BOOK | CLI_NET, 1, 1,
      NULL, cmd_space_rotate },
    { NULL, "space list", "", "the spaces that this device holds", NULL, CLI_BOOK, 0, 0, NULL,
      cmd_space_list },
    { NULL, "device list", "[DEVICE]", "every device of the organisation",
      "In the order in which they joined; with a name or an id that one alone.", CLI_BOOK, 0, 1,
      devices_options, cmd_device_list },
    { NULL, "device reach", "[--space S]", "headquarters: how far each device has a space's notes",
      "As each has signed for it; the relay asks them once a day, or when they are far behind. "
      "What "
      "a device lacks, it gets at its next sync.",
      CLI_BOOK | CLI_NET, 0, 0, snapshot_options, cmd_device_reach },
    { NULL, "device lost", "", "devices reported lost or stolen, and what they could read",
      "By `device revoke --reason lost` or stolen, which begins the 72 hours of section 67 of the "
      "Data Protection Act 2018. They run until headquarters has written in a record of the form "
      "breach, which names the device, that the Commissioner was told or need not be. Of each "
      "space: the records that were begun by then, and when something of it last came.",
      CLI_BOOK | CLI_LOOKS, 0, 0, look_options, cmd_device_lost },
    { NULL, "device revoke", "DEVICE --reason R", "shut a device out, at once and for good",
      "For a device that is lost or stolen, or whose officer has left. The relay refuses it from "
      "then on, and every space that it was in gets a new key. DEVICE is its name or number.",
      CLI_BOOK | CLI_NET, 1, 1, revoke_options, cmd_device_revoke },

    { FILES, "verify", "", "prove every chain, seal, signature and row",
      "Devices that hold the same print the same state hash.", CLI_BOOK, 0, 0, NULL, cmd_verify },
    { NULL, "evidence list", "", "what shows that somebody signed two histories",
      "What was found, who is to be told, and whether it is a proof or one word against another.",
      CLI_BOOK, 0, 0, NULL, cmd_evidence },
    { NULL, "evidence settle", "ID --reason TEXT", "say how it was looked into",
      "The evidence stays, and the alarm ends until it happens again. After two courses of the "
      "membership this device goes on with the one that it holds: only when headquarters has said "
      "so, by voice.",
      CLI_BOOK, 1, 1, reason_options, cmd_evidence_settle },
    { NULL, "evidence export", "ID FILE", "evidence as a file that anybody can check",
      "It holds the bytes that were signed and the membership chain as far as they need it: no "
      "note, no name.",
      CLI_BOOK, 2, 2, NULL, cmd_evidence_export },
    { NULL, "evidence check", "FILE [--root HEX]", "check such a file, without a relay",
      "With --root it needs no store.", 0, 1, 1, check_options, cmd_evidence_check },
    { NULL, "import", "FILE", "records from a JSON Lines file; a trial run unless --apply",
      "Each line: {\"form\": F, \"ref\": HANDLE, \"fields\": {...}}. \"@HANDLE\" in a reference "
      "field names the record of that line. A line may carry \"id\" instead, as exports do. The "
      "same file again adds nothing twice.",
      CLI_BOOK, 1, 1, import_options, cmd_import },
    { NULL, "export", "", "records as JSON Lines, in clear",
      "Numbers, addresses and accounts of people whose safe-contact rule restricts their use are "
      "left out, unless you say that you have read the rules, and why they are needed. "
      "Intelligence "
      "with handling code C, or without a code, goes only to whom its record names: else the "
      "export "
      "is refused. To whom that isn't a device of the organisation, records that touch a victim of "
      "FGM "
      "go without whoever they are about: only codes and numbers.",
      CLI_BOOK, 0, 0, export_options, cmd_export },
    { NULL, "unlock", "[--for TIME] [--idle TIME]", "type the passphrase once, for a while",
      "An agent, a process of yours, keeps the store's key in locked memory, and commands get it "
      "from there. It locks by itself: at the limits, when the machine slept, and when the "
      "passphrase changes. Lock before you leave the device.",
      0, 0, 0, unlock_options, cmd_unlock },
    { NULL, "lock", "", "wipe the key at once", NULL, 0, 0, 0, NULL, cmd_lock },
    { NULL, "agent", "[--for TIME] [--idle TIME]", "the agent of `unlock`, in the foreground",
      "For a service manager. It asks for the passphrase, and ends when it locks.", 0, 0, 0,
      agent_options, cmd_agent },
    { NULL, "console", "[--port N]", "pages for a browser on this machine",
      "For headquarters' desk and for officers. It listens on this machine alone and prints an "
      "address that lets one browser in, once. Pages do what commands do, under the same rules; "
      "the "
      "store is unlocked and locked as by `unlock` and `lock`. It ends with Ctrl-C.",
      0, 0, 0, console_options, cmd_console },
    { NULL, "passphrase", "", "change the passphrase",
      "The key of the notes stays as it is, so a copy of this store made before still opens with "
      "the old passphrase. If someone may have both, run `daybook rekey` as well. With "
      "--tpm the new passphrase opens the store on this machine only: its TPM gives its part to "
      "it, "
      "and to nobody after too many guesses. If the machine breaks, only headquarters' recovery "
      "opens the store, so see `daybook recovery status` first.",
      0, 0, 0, passphrase_options, cmd_passphrase },
    { NULL, "rekey", "", "after a leak: a new key for the notes on this device",
      "Enciphers the whole store anew under a new key; the passphrase stays, so change it first if "
      "it may be known. Takes about as long as copying the store, and as much room on the disk. If "
      "it is cut off, the store still opens. It can't take back a copy that was made before.",
      0, 0, 0, NULL, cmd_rekey },
    { NULL, "backup", "FILE", "the store in one encrypted file",
      "FILE must not be there yet. It opens with the passphrase of today, also after that was "
      "changed. It is proved by restoring it for a moment beside the store. What headquarters "
      "said it holds is left out, and comes back with the first sync after a restore: so what is "
      "disposed of later can't be read in an old backup. With --whole nothing is left out, for a "
      "move to another machine without a network.",
      CLI_BOOK, 1, 1, backup_options, cmd_backup },
    { NULL, "restore", "FILE", "a store from a backup, in an empty folder",
      "Asks for the passphrase of the day of the backup; --store says where. What came after it, "
      "and what it left out, comes with the next `daybook sync`, and nothing is lost or doubled. "
      "The other store, if it "
      "still is somewhere, should not be used any more.",
      0, 1, 1, NULL, cmd_restore },
    { NULL, "recovery status", "", "whether headquarters can open this store, and has", NULL,
      CLI_BOOK, 0, 0, NULL, cmd_recovery_status },
    { NULL, "recovery create", "ORGANISATION --share FILE...",
      "at headquarters: a recovery key, in shares for several keepers",
      "For stores whose passphrase is forgotten. Do it on a machine without a network: the secret "
      "half of the key exists only in the shares, one in each new FILE, and any two of them "
      "(--need) "
      "give it. Prints the public half, which goes into the organisation's policy.",
      0, 1, 1, recovery_options, cmd_recovery_create },
    { NULL, "recover", "--share FILE --share FILE",
      "at headquarters: open a store by shares, and set a new passphrase",
      "--store is the officer's store, or a copy or backup of it. It works without the passphrase "
      "and whatever was tried before. The officer will see that it was done.",
      0, 0, 0, recover_options, cmd_recover },
    { NULL, "wipe", "", "destroy the store on this device",
      "Without --yes it says what would be lost: the changes that are on this device only. With "
      "it, headquarters is told if the relay can be reached, and then the keys go first, then "
      "everything else. What has reached the relay stays there. With --unseen nothing is asked or "
      "sent.",
      0, 0, 0, wipe_options, cmd_wipe },
    { NULL, NULL, NULL, NULL, NULL, 0, 0, 0, NULL, NULL },
};
