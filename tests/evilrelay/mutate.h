/* tests/evilrelay/mutate.h - the mutations' functions, for the table in mutations.c. */
#ifndef DBK_TESTS_EVILRELAY_MUTATE_H
#define DBK_TESTS_EVILRELAY_MUTATE_H

#include "tests/evilrelay/evil.h"

/* mutate_log.c: items */
bool flip_body(evil *e, uint8_t *header, dbk_bytes *body);
bool cut_body(evil *e, uint8_t *header, dbk_bytes *body);
bool extend_body(evil *e, uint8_t *header, dbk_bytes *body);
bool other_nonce(evil *e, uint8_t *header, dbk_bytes *body);
bool other_key(evil *e, uint8_t *header, dbk_bytes *body);
bool lower_suite(evil *e, uint8_t *header, dbk_bytes *body);
bool higher_version(evil *e, uint8_t *header, dbk_bytes *body);
bool drop_frame(evil *e, uint8_t *header, dbk_bytes *body);
bool drop_last_frame(evil *e, uint8_t *header, dbk_bytes *body);
bool swap_frames(evil *e, uint8_t *header, dbk_bytes *body);
bool double_frame(evil *e, uint8_t *header, dbk_bytes *body);
bool other_header(evil *e, uint8_t *header, dbk_bytes *body);
bool other_space(evil *e, uint8_t *header, dbk_bytes *body);
bool other_kind_of_id(evil *e, uint8_t *header, dbk_bytes *body);
bool other_context(evil *e, uint8_t *header, dbk_bytes *body);
bool flip_signature(evil *e, uint8_t *header, dbk_bytes *body);
bool other_root(evil *e, uint8_t *header, dbk_bytes *body);
/* mutate_log.c: logs */
bool insert_unknown(evil *e, minilog *log, uint64_t from);
bool insert_stranger(evil *e, minilog *log, uint64_t from);
bool insert_neighbour(evil *e, minilog *log, uint64_t from);
bool insert_reader(evil *e, minilog *log, uint64_t from);
bool insert_no_key(evil *e, minilog *log, uint64_t from);
bool insert_two_key(evil *e, minilog *log, uint64_t from);
bool insert_replay(evil *e, minilog *log, uint64_t from);
bool insert_other_log(evil *e, minilog *log, uint64_t from);
bool swap_fields(evil *e, minilog *log, uint64_t from);
bool swap_order(evil *e, minilog *log, uint64_t from);
bool other_times(evil *e, minilog *log, uint64_t from);
bool hide_author(evil *e, minilog *log, uint64_t from);
bool hide_tail(evil *e, minilog *log, uint64_t from);
bool hide_middle(evil *e, minilog *log, uint64_t from);
/* mutate_wire.c: the welcome */
bool fewer_members(evil *e, dbk_welcome *w, dbk_welcome_space *spaces);
bool says_restored(evil *e, dbk_welcome *w, dbk_welcome_space *spaces);
bool other_members(evil *e, dbk_welcome *w, dbk_welcome_space *spaces);
bool too_many_members(evil *e, dbk_welcome *w, dbk_welcome_space *spaces);
bool stale_checkpoint(evil *e, dbk_welcome *w, dbk_welcome_space *spaces);
bool smaller_tree(evil *e, dbk_welcome *w, dbk_welcome_space *spaces);
bool larger_tree(evil *e, dbk_welcome *w, dbk_welcome_space *spaces);
bool same_size_other_root(evil *e, dbk_welcome *w, dbk_welcome_space *spaces);
bool forged_checkpoint(evil *e, dbk_welcome *w, dbk_welcome_space *spaces);
bool checkpoint_of_other(evil *e, dbk_welcome *w, dbk_welcome_space *spaces);
bool other_log_name(evil *e, dbk_welcome *w, dbk_welcome_space *spaces);
bool higher_own_seq(evil *e, dbk_welcome *w, dbk_welcome_space *spaces);
bool no_space(evil *e, dbk_welcome *w, dbk_welcome_space *spaces);
bool clock_past(evil *e, dbk_welcome *w, dbk_welcome_space *spaces);
bool clock_future(evil *e, dbk_welcome *w, dbk_welcome_space *spaces);
bool old_word(evil *e, dbk_welcome *w, dbk_welcome_space *spaces);
bool forged_word(evil *e, dbk_welcome *w, dbk_welcome_space *spaces);
bool no_word(evil *e, dbk_welcome *w, dbk_welcome_space *spaces);
bool word_beyond(evil *e, dbk_welcome *w, dbk_welcome_space *spaces);
bool no_limits(evil *e, dbk_welcome *w, dbk_welcome_space *spaces);
/* mutate_wire.c: one membership entry more */
bool ghost_entry(evil *e, dbk_bytes *entry);
bool other_kem_entry(evil *e, dbk_bytes *entry);
bool other_sign_entry(evil *e, dbk_bytes *entry);
bool other_org_entry(evil *e, dbk_bytes *entry);
bool bare_wrap_entry(evil *e, dbk_bytes *entry);
bool no_wrap_entry(evil *e, dbk_bytes *entry);
bool swapped_wrap_entry(evil *e, dbk_bytes *entry);
bool officer_entry(evil *e, dbk_bytes *entry);
bool checkpoint_entry(evil *e, dbk_bytes *entry);
bool padded_entry(evil *e, dbk_bytes *entry);
bool old_entry(evil *e, dbk_bytes *entry);
bool rotate_entry(evil *e, dbk_bytes *entry);
bool moved_log_entry(evil *e, dbk_bytes *entry);
bool admin_moved_log_entry(evil *e, dbk_bytes *entry);
bool recovery_entry(evil *e, dbk_bytes *entry);
bool officer_recovery_entry(evil *e, dbk_bytes *entry);
bool child_entry(evil *e, dbk_bytes *entry);
bool empty_entry(evil *e, dbk_bytes *entry);
/* mutate_wire.c: bytes of an answer */
bool lower_protocol(evil *e, dbk_relay_answer *answer);
bool flip_receipt(evil *e, dbk_relay_answer *answer);
bool other_receipt(evil *e, dbk_relay_answer *answer);
bool no_receipts(evil *e, dbk_relay_answer *answer);
bool long_proof(evil *e, dbk_relay_answer *answer);
bool empty_proof(evil *e, dbk_relay_answer *answer);
bool short_range(evil *e, dbk_relay_answer *answer);
bool no_bodies(evil *e, dbk_relay_answer *answer);
bool other_from(evil *e, dbk_relay_answer *answer);
bool leave_op_out(evil *e, dbk_relay_answer *answer);
bool other_leaf(evil *e, dbk_relay_answer *answer);
bool kept_though_whole(evil *e, dbk_relay_answer *answer);
bool flip_members(evil *e, dbk_relay_answer *answer);
bool hide_entry(evil *e, dbk_relay_answer *answer);
bool forge_request(evil *e, dbk_relay_answer *answer);
bool double_request(evil *e, dbk_relay_answer *answer);
bool endless_body(evil *e, dbk_relay_answer *answer);
bool cut_body_anywhere(evil *e, dbk_relay_answer *answer);
bool many_ops(evil *e, dbk_relay_answer *answer);
bool redirect(evil *e, dbk_relay_answer *answer);
bool denied(evil *e, dbk_relay_answer *answer);
bool nothing_said(evil *e, dbk_relay_answer *answer);

#endif
