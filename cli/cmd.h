/* cli/cmd.h - the commands, one line each; commands.c puts them into the table. */
#ifndef DBK_CLI_CMD_H
#define DBK_CLI_CMD_H

#include "cli/cli.h"

/* cmd_org.c: organisation and enrolment */
dbk_rc cmd_org_create(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_org_invite(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_org_approve(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_no_such_role(const char *word, dbk_err *err);
dbk_rc cmd_org_recover_log(cli *c, const cli_args *a, dbk_err *err); /* cmd_recover.c */
dbk_rc cmd_join(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_org_log(cli *c, const cli_args *a, dbk_err *err); /* cmd_org_log.c */
/* cmd_agree.c, cmd_policy.c: what needs a second administrator; the rules */
dbk_rc cmd_org_proposals(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_org_agree(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_org_decline(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_org_policy(cli *c, const cli_args *a, dbk_err *err);
/* cmd_space.c: spaces */
dbk_rc cmd_space_create(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_space_grant(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_space_bar(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_space_list(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_space_remove(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_space_rotate(cli *c, const cli_args *a, dbk_err *err);
/* cmd_device.c: devices, by their name, or by a prefix of their id of at least 6 digits */
dbk_rc cmd_device_reach(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_device_list(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_device_revoke(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_device_lost(cli *c, const cli_args *a, dbk_err *err); /* cmd_lost.c */
/* At headquarters, how many of them nobody has decided about; as text they are told. */
dbk_rc cmd_lost_remind(cli *c, uint64_t *open, dbk_err *err);
dbk_rc cmd_find_device(dbk_id *out, cli *c, const char *text, dbk_err *err);
dbk_rc cmd_leave(cli *c, const dbk_leaving *leaving, dbk_err *err);
dbk_rc cmd_org_witness(cli *c, const cli_args *a, dbk_err *err); /* cmd_witness.c */
/* cmd_form.c: what can be recorded */
dbk_rc cmd_forms(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_form_show(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_form_pack(cli *c, const cli_args *a, dbk_err *err); /* cmd_form_pack.c */
dbk_rc cmd_form_install(cli *c, const cli_args *a, dbk_err *err);
/* cmd_note.c: writing */
dbk_rc cmd_add(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_edit(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_sign(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_addendum(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_withdraw(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_tally(cli *c, const cli_args *a, dbk_err *err);      /* cmd_tally.c */
dbk_rc cmd_today(cli *c, const cli_args *a, dbk_err *err);      /* cmd_today.c */
dbk_rc cmd_report_dmm(cli *c, const cli_args *a, dbk_err *err); /* cmd_dmm.c */
/* cmd_statistic.c: figures of a period beside the one before */
dbk_rc cmd_report_trends(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_report_indicators(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_report_children(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_report_referrals(cli *c, const cli_args *a, dbk_err *err);
/* --from and --to, which are needed, and their ends in this machine's zone. */
typedef struct cmd_days {
    dbk_period period;
    int64_t from_ms, end_ms;
} cmd_days;
dbk_rc cmd_period(cmd_days *days, const cli_args *a, dbk_err *err);
/* cmd_report.c: what came of an operation, and whom it fell on */
dbk_rc cmd_report_outcome(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_report_fairness(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_report_months(cli *c, const cli_args *a, dbk_err *err);     /* cmd_months.c */
dbk_rc cmd_report_priorities(cli *c, const cli_args *a, dbk_err *err); /* cmd_priorities.c */
dbk_rc cmd_report_clocks(cli *c, const cli_args *a, dbk_err *err);     /* cmd_clocks.c */
/* cmd_schedule.c: schedules of unused material */
dbk_rc cmd_report_schedule(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_schedule_number(cli *c, const cli_args *a, dbk_err *err);
/* cmd_liaison.c: families and their officers */
dbk_rc cmd_liaison_show(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_liaison_families(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_liaison_approve(cli *c, const cli_args *a, dbk_err *err); /* cmd_answer.c */
dbk_rc cmd_liaison_answer(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_liaison_officers(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_journey(cli *c, const cli_args *a, dbk_err *err); /* cmd_journey.c */
/* cmd_retention.c: how long records are kept */
dbk_rc cmd_retention_due(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_retention_show(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_retention_review(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_org_floor(cli *c, const cli_args *a, dbk_err *err);         /* cmd_floor.c */
dbk_rc cmd_retention_dispose(cli *c, const cli_args *a, dbk_err *err); /* cmd_dispose.c */
dbk_rc cmd_retention_orders(cli *c, const cli_args *a, dbk_err *err);
/* Of spaces that aren't restricted, where this device is headquarters. */
dbk_rc cmd_retention_count(cli *c, uint64_t *due, dbk_err *err);
/* cmd_handover.c: referrals on their way */
dbk_rc cmd_referral_send(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_referral_receipt(cli *c, const cli_args *a, dbk_err *err);
/* Of a referral with something to correct; cmd_correction.c. */
dbk_rc cmd_raise_correction(cli *c, const dbk_note *referral, const dbk_sent *sent, dbk_err *err);
dbk_rc cmd_referral_due(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_referral_card(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_referral_suggest(cli *c, const cli_args *a, dbk_err *err); /* cmd_referral.c */
/* cmd_show.c, cmd_list.c, cmd_history.c: reading */
dbk_rc cmd_show(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_list(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_search(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_history(cli *c, const cli_args *a, dbk_err *err);
/* One change as `history` tells it; of the note only the form counts. */
dbk_rc cmd_history_event(cli *c, const dbk_note *note, const dbk_event *e, dbk_err *err);
struct json_t *cmd_history_event_json(cli *c, const dbk_note *note, const dbk_event *e);
dbk_rc cmd_audit(cli *c, const cli_args *a, dbk_err *err); /* cmd_audit.c */
/* cmd_sync.c, cmd_status.c: exchange, and what has arrived where */
dbk_rc cmd_sync(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_status(cli *c, const cli_args *a, dbk_err *err);
/* cmd_snapshot.c: what a new device begins with */
dbk_rc cmd_snapshot_make(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_snapshot_confirm(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_snapshot_fetch(cli *c, const cli_args *a, dbk_err *err);
/* cmd_evidence.c: of two histories */
dbk_rc cmd_evidence(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_evidence_settle(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_evidence_export(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_evidence_check(cli *c, const cli_args *a, dbk_err *err);
/* cmd_desk.c, cmd_conflict.c: the HQ desk */
dbk_rc cmd_desk(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_conflicts(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_resolve(cli *c, const cli_args *a, dbk_err *err);
/* cmd_persons.c: who may be the same */
dbk_rc cmd_persons_duplicates(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_persons_link(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_persons_unlink(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_persons_cases(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_persons_held(cli *c, const cli_args *a, dbk_err *err); /* cmd_subject.c */
/* cmd_directory.c: services, looked up */
dbk_rc cmd_directory_find(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_directory_stale(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_directory_gaps(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_directory_import(cli *c, const cli_args *a, dbk_err *err); /* cmd_directory_file.c */
dbk_rc cmd_directory_correct(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_directory_export(cli *c, const cli_args *a, dbk_err *err);
/* cmd_quarantine.c: what stands aside */
dbk_rc cmd_quarantine_list(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_quarantine_show(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_quarantine_admit(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_quarantine_refuse(cli *c, const cli_args *a, dbk_err *err);
/* cmd_agent.c: the passphrase once a shift */
dbk_rc cmd_unlock(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_lock(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_agent(cli *c, const cli_args *a, dbk_err *err);
/* cmd_console.c: pages; cmd_whoami.c; cmd_scratch.c: what was typed and isn't saved yet */
dbk_rc cmd_console(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_whoami(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_scratch_keep(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_scratch_list(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_scratch_drop(cli *c, const cli_args *a, dbk_err *err);
/* cmd_verify.c, cmd_import.c, cmd_export.c, cmd_passphrase.c */
dbk_rc cmd_verify(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_import(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_export(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_passphrase(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_backup(cli *c, const cli_args *a, dbk_err *err); /* cmd_backup.c */
dbk_rc cmd_restore(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_wipe(cli *c, const cli_args *a, dbk_err *err); /* cmd_wipe.c */
dbk_rc cmd_rekey(cli *c, const cli_args *a, dbk_err *err);
/* cmd_recovery.c: a forgotten passphrase, by headquarters */
dbk_rc cmd_recovery_create(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_recovery_status(cli *c, const cli_args *a, dbk_err *err);
dbk_rc cmd_recover(cli *c, const cli_args *a, dbk_err *err);

#endif
