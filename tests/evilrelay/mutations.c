/* Every mutation of security.md section 2, M01..M56, and resource attacks R01.. : what it is, where
 * it is done, what must come of it, and by which alarms an officer may hear of it. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "tests/evilrelay/mutate.h"

#define SEGMENTS (CALL_RANGE | CALL_CARRY)
/* A row for each way of lying; a row without alarms is never told. */
#define ITEM(id, text, fn, told)                                                   \
    {                                                                              \
        id, text, SEGMENTS, END_ALARM, told, fn, 0, 0, 0, 0, NULL, PICK_ANY, false \
    }
#define TIP(id, text, fn, told)                                                    \
    {                                                                              \
        id, text, SEGMENTS, END_ALARM, told, fn, 0, 0, 0, 0, NULL, PICK_TIP, false \
    }
/* Whatever follows in the feed vouches for it by its hash: it is told all the same, since it is to
 * be passed on. */
#define EARLIER(id, text, fn, told)                                                    \
    {                                                                                  \
        id, text, SEGMENTS, END_ALARM, told, fn, 0, 0, 0, 0, NULL, PICK_EARLIER, false \
    }
#define PULLED(id, text, fn, told)                                                   \
    {                                                                                \
        id, text, CALL_RANGE, END_ALARM, told, fn, 0, 0, 0, 0, NULL, PICK_ANY, false \
    }
/* A stick may hold what isn't for this device, or not yet: it is left where it is. */
#define CARRIED(id, text, fn)                                                    \
    {                                                                            \
        id, text, CALL_CARRY, END_SAFE, 0, fn, 0, 0, 0, 0, NULL, PICK_ANY, false \
    }
#define LOG(id, text, fn, end, told)                                           \
    {                                                                          \
        id, text, CALL_RANGE, end, told, 0, fn, 0, 0, 0, NULL, PICK_ANY, false \
    }
/* The same where the relay also shows what headquarters said of the honest log: every run is told.
 */
#define WORDS(id, text, fn, told)                                                   \
    {                                                                               \
        id, text, CALL_RANGE, END_VIEWS, told, 0, fn, 0, 0, 0, NULL, PICK_ANY, true \
    }
#define HELLO(id, text, fn, end, told)                                         \
    {                                                                          \
        id, text, CALL_HELLO, end, told, 0, 0, fn, 0, 0, NULL, PICK_ANY, false \
    }
#define ENTRY(id, text, fn, end, told)                                         \
    {                                                                          \
        id, text, CALL_HELLO, end, told, 0, 0, 0, fn, 0, NULL, PICK_ANY, false \
    }
#define BYTES(id, text, calls, fn, end, told)                             \
    {                                                                     \
        id, text, calls, end, told, 0, 0, 0, 0, fn, NULL, PICK_ANY, false \
    }
#define NEVER(id, text, why)                                          \
    {                                                                 \
        id, text, 0, END_SAFE, 0, 0, 0, 0, 0, 0, why, PICK_ANY, false \
    }

/* A header that was changed: its signature doesn't hold, or what follows it says so first. */
#define NOT_HIS (TOLD_SIGNATURE | TOLD_ORDER)
/* A split view, in all the ways in which two logs can be seen to be two. */
#define TWO_LOGS (TOLD_TWO_LOGS | TOLD_ROLLED_BACK | TOLD_UNPROVED | TOLD_PLACE)

const evil_mutation evil_mutations[] = {
    ITEM("M01", "a bit of a sealed op", flip_body, TOLD_BODY),
    ITEM("M02a", "a body cut short", cut_body, TOLD_MALFORMED),
    ITEM("M02b", "a body made longer", extend_body, TOLD_MALFORMED),
    ITEM("M03", "another nonce", other_nonce, NOT_HIS),
    ENTRY("M04", "another member's wrap in a grant", swapped_wrap_entry, END_ALARM, TOLD_UNSIGNED),
    LOG("M05", "an op signed by an unknown key", insert_unknown, END_ALARM, TOLD_STRANGER),
    LOG("M06", "an op of a known non-member", insert_stranger, END_ALARM, TOLD_STRANGER),
    LOG("M07", "an op of a member of another space", insert_neighbour, END_VIEWS, TOLD_STRANGER),
    LOG("M08", "an op of a reader", insert_reader, END_VIEWS, TWO_LOGS),
    NEVER("M09", "traffic after a refusal tells the cause", "a check of its own: see the end"),
    ENTRY("M10", "a ghost device", ghost_entry, END_ALARM, TOLD_UNSIGNED),
    ENTRY("M11", "another X25519 key for a member", other_kem_entry, END_ALARM, TOLD_UNSIGNED),
    ENTRY("M12", "another Ed25519 key for a member", other_sign_entry, END_ALARM, TOLD_UNSIGNED),
    ENTRY("M13", "another organisation's chain", other_org_entry, END_ALARM, TOLD_FOREIGN),
    ENTRY("M14", "a bare wrap", bare_wrap_entry, END_ALARM, TOLD_NO_ENTRY),
    ENTRY("M15", "a new epoch for one member by nobody", rotate_entry, END_ALARM, TOLD_UNSIGNED),
    ENTRY("M16", "a grant without its wrap", no_wrap_entry, END_ALARM, TOLD_UNSIGNED),
    ITEM("M17", "an op under another epoch's key id", other_key, NOT_HIS),
    LOG("M18", "an op under a key that nobody announced", insert_no_key, END_VIEWS, TWO_LOGS),
    HELLO("M19", "a shorter membership chain", fewer_members, END_ALARM, TOLD_CHAIN_BACK),
    ITEM("M20", "a lower suite", lower_suite, TOLD_MALFORMED),
    BYTES("M21", "a lower protocol version", CALL_HELLO, lower_protocol, END_ALARM, TOLD_NO_RELAY),
    ITEM("M22", "a frame dropped from the middle", drop_frame, TOLD_MALFORMED),
    ITEM("M23", "frames in another order", swap_frames, TOLD_BODY),
    ITEM("M24", "the last frame dropped", drop_last_frame, TOLD_MALFORMED),
    ITEM("M25", "a frame of one op twice", double_frame, TOLD_MALFORMED),
    PULLED("M26a", "another feed, seq, parent or view in the header", other_header,
           NOT_HIS | TOLD_MALFORMED | TOLD_STRANGER),
    /* Told, or left on the stick: with another feed or incarnation it is nobody's. */
    { "M26b", "the same on a stick", CALL_CARRY, END_MENDS, TOLD_MALFORMED | NOT_HIS, other_header,
      0, 0, 0, 0, NULL, PICK_ANY, false },
    PULLED("M27a", "a header that names another space", other_space, TOLD_SPACE),
    CARRIED("M27c", "the same on a stick", other_space),
    LOG("M27b", "another space's segment, signed and whole", insert_other_log, END_ALARM,
        TOLD_SPACE),
    ENTRY("M28", "a checkpoint where an entry is due", checkpoint_entry, END_ALARM, TOLD_NO_ENTRY),
    PULLED("M29a", "a device id where a feed id is due", other_kind_of_id, TOLD_STRANGER),
    CARRIED("M29b", "the same on a stick", other_kind_of_id),
    TIP("M30", "the author's signature for another purpose", other_context, TOLD_SIGNATURE),
    ENTRY("M31a", "an entry with a byte too many", padded_entry, END_ALARM, TOLD_NO_ENTRY),
    ENTRY("M31b", "an empty list for an entry", empty_entry, END_ALARM, TOLD_NO_ENTRY),
    ENTRY("M32a", "a policy with its own recovery key", recovery_entry, END_ALARM, TOLD_UNSIGNED),
    ENTRY("M32b", "the same by an officer", officer_recovery_entry, END_ALARM, TOLD_UNSIGNED),
    NEVER("M33", "KDF floor and ceiling", "costs never travel: unit/slots, A03"),
    ENTRY("M34", "an entry of long ago", old_entry, END_ALARM, TOLD_CHAIN_LACKS),
    LOG("M35", "two notes' bodies change places", swap_fields, END_ALARM,
        TOLD_BODY | TOLD_MALFORMED),
    HELLO("M36a", "a stale checkpoint", stale_checkpoint, END_ALARM, TOLD_CHECKPOINT),
    HELLO("M36b", "a relay that says it was restored", says_restored, END_ALARM,
          TOLD_RESTORED | TOLD_CHAIN),
    ENTRY("M36c", "the root's word about a log, by nobody", moved_log_entry, END_ALARM,
          TOLD_UNSIGNED),
    ENTRY("M36d", "the same by an administrator", admin_moved_log_entry, END_ALARM, TOLD_UNSIGNED),
    HELLO("M37", "a smaller tree", smaller_tree, END_ALARM, TOLD_ROLLED_BACK),
    HELLO("M38", "the same size, another root", same_size_other_root, END_ALARM, TOLD_TWO_LOGS),
    LOG("M39a", "a view of its own: other receipt times", other_times, END_VIEWS, TWO_LOGS),
    LOG("M39b", "a view of its own: another order", swap_order, END_VIEWS, TWO_LOGS | TOLD_ORDER),
    WORDS("M39c", "the same with headquarters' word about the honest one", other_times, TWO_LOGS),
    WORDS("M39d", "another order, with that word", swap_order, TWO_LOGS | TOLD_ORDER),
    LOG("M40a", "one author hidden", hide_author, END_VIEWS, TWO_LOGS | TOLD_ORDER),
    WORDS("M40b", "one author hidden, with headquarters' word", hide_author,
          TOLD_KEPT_BACK | TOLD_PLACE),
    LOG("M41a", "the last ops hidden", hide_tail, END_MENDS, TWO_LOGS),
    WORDS("M41c", "the last ops hidden, with headquarters' word", hide_tail, TOLD_KEPT_BACK),
    LOG("M41b", "the first of an author's ops hidden", hide_middle, END_ALARM,
        TOLD_ORDER | TOLD_PLACE),
    HELLO("M42a", "all spaces hidden", no_space, END_ALARM, TOLD_NO_SPACE),
    HELLO("M42b", "another chain of the same length", other_members, END_ALARM, TOLD_CHAIN),
    BYTES("M42c", "one entry hidden, those after it shown", CALL_MEMBERS, hide_entry, END_ALARM,
          TOLD_CHAIN),
    BYTES("M43a", "a proof of 63 made-up hashes", CALL_RANGE, long_proof, END_ALARM, TOLD_UNPROVED),
    BYTES("M43b", "no proof where one is due", CALL_RANGE, empty_proof, END_ALARM, TOLD_UNPROVED),
    HELLO("M43c", "a larger tree that nobody can prove", larger_tree, END_ALARM, TOLD_KEPT_BACK),
    /* Words that come at once: unit/cosign. The limit of freshness, which takes a day:
       flow/witness. */
    HELLO("M44a", "an older word of headquarters", old_word, END_SAFE, 0),
    HELLO("M44b", "a word that headquarters never said", forged_word, END_ALARM, TOLD_WORD),
    HELLO("M44c", "no word of headquarters", no_word, END_SAFE, 0),
    HELLO("M44d", "a word about more than there is", word_beyond, END_ALARM, TOLD_KEPT_BACK),
    LOG("M45", "a ciphertext that its key doesn't open", insert_two_key, END_VIEWS, TWO_LOGS),
    NEVER("M46", "colliding commitments in a slot file", "never travels: unit/slots"),
    NEVER("M47", "a store restored from last week",
          "no lie of a relay: flow/restored_device, flow/anchor, unit/mark"),
    HELLO("M48", "own segments that were never written", higher_own_seq, END_ALARM, TOLD_OWN),
    ENTRY("M49", "one of two children of a head", child_entry, END_VIEWS,
          TOLD_CHAIN_BACK | TOLD_NO_SPACE),
    ENTRY("M50", "a grant signed by an officer", officer_entry, END_ALARM, TOLD_UNSIGNED),
    BYTES("M51", "a join request of the relay's own", CALL_REQUESTS, forge_request, END_SAFE, 0),
    BYTES("M52", "a join request many times", CALL_REQUESTS, double_request, END_SAFE, 0),
    NEVER("M53", "a forged wipe", "nothing that arrives wipes in this version"),
    NEVER("M54", "a withheld wipe", "nothing that arrives wipes in this version"),
    HELLO("M55a", "a clock ten years slow", clock_past, END_SAFE, 0),
    HELLO("M55b", "a clock ten years fast", clock_future, END_SAFE, 0),
    LOG("M56", "a segment for the second time", insert_replay, END_ALARM, TOLD_TWICE | TOLD_PLACE),
    /* Signatures and roots by themselves, and what a checkpoint is of. */
    TIP("S01a", "a bit of an author's newest signature", flip_signature, TOLD_SIGNATURE),
    EARLIER("S01b", "a bit of a signature before that", flip_signature, TOLD_SIGNATURE),
    ITEM("S02", "another op root", other_root, NOT_HIS),
    ITEM("S03", "a newer format", higher_version, TOLD_NEWER),
    HELLO("S04", "a checkpoint signed by somebody else", forged_checkpoint, END_ALARM,
          TOLD_CHECKPOINT),
    HELLO("S05", "another space's checkpoint", checkpoint_of_other, END_ALARM, TOLD_CHECKPOINT),
    HELLO("S06", "another name for the log", other_log_name, END_ALARM, TOLD_ROLLED_BACK),
    BYTES("S07", "a receipt with a wrong signature", CALL_RESULTS, flip_receipt, END_ALARM,
          TOLD_RECEIPT),
    BYTES("S08", "a receipt for another segment", CALL_RESULTS, other_receipt, END_ALARM,
          TOLD_RECEIPT),
    BYTES("S09", "no receipts: a gap", CALL_RESULTS, no_receipts, END_ALARM, TOLD_LOST),
    BYTES("S10", "segments without their notes", CALL_RANGE, no_bodies, END_ALARM, TOLD_BODY),
    BYTES("S11", "another range than was asked for", CALL_RANGE, other_from, END_ALARM, TOLD_RANGE),
    BYTES("S12", "nothing of what the checkpoint covers", CALL_RANGE, short_range, END_ALARM,
          TOLD_KEPT_BACK),
    BYTES("S13", "a bit of an entry", CALL_MEMBERS, flip_members, END_ALARM,
          TOLD_UNSIGNED | TOLD_NO_ENTRY | TOLD_FOREIGN | TOLD_CHAIN | TOLD_MALFORMED),
    /* Of kept bodies (decision 0031). A whole one of which something was ordered erased is no lie:
     * the device erases it as it comes, unit/disposal. */
    BYTES("S14a", "a change left out that nobody ordered erased", CALL_RANGE, leave_op_out,
          END_ALARM, TOLD_NO_ORDER),
    BYTES("S14b", "another hash in the place of a change", CALL_RANGE, other_leaf, END_ALARM,
          TOLD_BODY),
    BYTES("S14c", "a whole body called a kept one", CALL_RANGE, kept_though_whole, END_ALARM,
          TOLD_MALFORMED),
    /* Resources, as far as a wire in one process goes. */
    BYTES("R01a", "a body without end", CALL_HELLO, endless_body, END_ALARM, TOLD_TOO_LONG),
    BYTES("R01b", "the same for a chain", CALL_MEMBERS, endless_body, END_ALARM, TOLD_TOO_LONG),
    BYTES("R01c", "the same for a range", CALL_RANGE, endless_body, END_ALARM, TOLD_TOO_LONG),
    BYTES("R01d", "the same for receipts", CALL_RESULTS, endless_body, END_ALARM, TOLD_TOO_LONG),
    HELLO("R02", "a chain without end", too_many_members, END_ALARM, TOLD_CHAIN_LACKS),
    BYTES("R03", "a million tiny ops announced", CALL_RANGE, many_ops, END_ALARM, TOLD_MALFORMED),
    BYTES("R04a", "a redirect", CALL_HELLO, redirect, END_ALARM, TOLD_NO_RELAY),
    BYTES("R04b", "the same for a range", CALL_RANGE, redirect, END_ALARM, TOLD_NO_RELAY),
    BYTES("R05a", "an answer cut at any byte", CALL_HELLO, cut_body_anywhere, END_ALARM,
          TOLD_NO_RELAY),
    BYTES("R05b", "a chain cut at any byte", CALL_MEMBERS, cut_body_anywhere, END_ALARM,
          TOLD_CHAIN_LACKS | TOLD_MALFORMED),
    BYTES("R05c", "a range cut at any byte", CALL_RANGE, cut_body_anywhere, END_ALARM,
          TOLD_MALFORMED),
    BYTES("R05d", "receipts cut at any byte", CALL_RESULTS, cut_body_anywhere, END_ALARM,
          TOLD_MALFORMED),
    BYTES("R06a", "a welcome with nothing in it", CALL_HELLO, nothing_said, END_ALARM,
          TOLD_NO_RELAY),
    BYTES("R06b", "a range with nothing in it", CALL_RANGE, nothing_said, END_ALARM,
          TOLD_MALFORMED),
    BYTES("R06c", "nothing for receipts", CALL_RESULTS, nothing_said, END_ALARM, TOLD_MALFORMED),
    BYTES("R07", "a refusal for nothing", CALL_ANY & ~(unsigned)CALL_REQUESTS, denied, END_ALARM,
          TOLD_REFUSED),
    HELLO("R08", "limits of one byte", no_limits, END_MENDS, 0),
};
const size_t evil_mutations_count = ARRAY_LEN(evil_mutations);

/* The rows of one number: how many, or 0 if their letters aren't a, b, c ... in some order. */
static size_t rows_of(unsigned number)
{
    char id[8];
    size_t count = 0;
    unsigned letters = 0;
    (void)snprintf(id, sizeof(id), "M%02u", number);
    for (size_t i = 0; i < evil_mutations_count; i++) {
        const char *at = evil_mutations[i].id;
        if (strncmp(at, id, 3) != 0)
            continue;
        bool is_letter = at[3] >= 'a' && at[3] <= 'z' && at[4] == '\0';
        letters |= is_letter ? 1u << (at[3] - 'a') : 0;
        count++;
    }
    bool alone = count == 1 && letters == 0;
    return alone || (count > 1 && letters == (1u << count) - 1) ? count : 0;
}

bool evil_table_is_whole(void)
{
    bool whole = true;
    for (unsigned number = 1; number <= 56; number++) {
        if (rows_of(number) == 0) {
            printf("FAIL M%02u: no row, or not one for each of its letters\n", number);
            whole = false;
        }
    }
    return whole;
}
