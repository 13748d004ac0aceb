/* Every mutation of security.md section 2, M01..M56, and resource attacks R01.. : what it is, where
 * it is done, and what must come of it. */
#include "tests/lib/test.h"

#include "tests/evilrelay/mutate.h"

#define SEGMENTS (CALL_RANGE | CALL_CARRY)
/* A row for each way of lying; the words are the alarm's. */
#define ITEM(id, text, fn, words)                                                   \
    {                                                                               \
        id, text, SEGMENTS, END_ALARM, words, fn, 0, 0, 0, 0, NULL, PICK_ANY, false \
    }
#define TIP(id, text, fn, words)                                                    \
    {                                                                               \
        id, text, SEGMENTS, END_ALARM, words, fn, 0, 0, 0, 0, NULL, PICK_TIP, false \
    }
/* Whatever follows in the feed vouches for it by its hash. */
#define EARLIER(id, text, fn)                                                           \
    {                                                                                   \
        id, text, CALL_RANGE, END_SAFE, NULL, fn, 0, 0, 0, 0, NULL, PICK_EARLIER, false \
    }
#define PULLED(id, text, fn, words)                                                   \
    {                                                                                 \
        id, text, CALL_RANGE, END_ALARM, words, fn, 0, 0, 0, 0, NULL, PICK_ANY, false \
    }
/* A stick may hold what isn't for this device, or not yet: it is left where it is. */
#define CARRIED(id, text, fn)                                                       \
    {                                                                               \
        id, text, CALL_CARRY, END_SAFE, NULL, fn, 0, 0, 0, 0, NULL, PICK_ANY, false \
    }
#define LOG(id, text, fn, end, words)                                           \
    {                                                                           \
        id, text, CALL_RANGE, end, words, 0, fn, 0, 0, 0, NULL, PICK_ANY, false \
    }
/* The same where the relay also shows what headquarters said of the honest log: every run is told.
 */
#define WORDS(id, text, fn)                                                         \
    {                                                                               \
        id, text, CALL_RANGE, END_VIEWS, NULL, 0, fn, 0, 0, 0, NULL, PICK_ANY, true \
    }
#define HELLO(id, text, fn, end, words)                                         \
    {                                                                           \
        id, text, CALL_HELLO, end, words, 0, 0, fn, 0, 0, NULL, PICK_ANY, false \
    }
#define ENTRY(id, text, fn, end, words)                                         \
    {                                                                           \
        id, text, CALL_HELLO, end, words, 0, 0, 0, fn, 0, NULL, PICK_ANY, false \
    }
#define BYTES(id, text, calls, fn, end, words)                             \
    {                                                                      \
        id, text, calls, end, words, 0, 0, 0, 0, fn, NULL, PICK_ANY, false \
    }
#define NEVER(id, text, why)                                             \
    {                                                                    \
        id, text, 0, END_SAFE, NULL, 0, 0, 0, 0, 0, why, PICK_ANY, false \
    }

#define NOT_HIS "not signed by"
#define NOT_NEXT "does not follow|names a feed|not signed by|not a member"
#define NOT_BODY "does not match|frames|body|came without"
#define NOT_FRAMED NOT_BODY "|a range|a push message|segment header|relay's log"

const evil_mutation evil_mutations[] = {
    ITEM("M01", "a bit of a sealed op", flip_body, NOT_BODY),
    ITEM("M02a", "a body cut short", cut_body, NOT_FRAMED),
    ITEM("M02b", "a body made longer", extend_body, NOT_FRAMED),
    ITEM("M03", "another nonce", other_nonce, NOT_NEXT),
    ENTRY("M04", "another member's wrap in a grant", swapped_wrap_entry, END_ALARM, "membership"),
    LOG("M05", "an op signed by an unknown key", insert_unknown, END_ALARM, "not a member"),
    LOG("M06", "an op of a known non-member", insert_stranger, END_ALARM, "not a member"),
    LOG("M07", "an op of a member of another space", insert_neighbour, END_VIEWS, NULL),
    LOG("M08", "an op of a reader", insert_reader, END_VIEWS, NULL),
    ENTRY("M10", "a ghost device", ghost_entry, END_ALARM, "membership"),
    ENTRY("M11", "another X25519 key for a member", other_kem_entry, END_ALARM, "membership"),
    ENTRY("M12", "another Ed25519 key for a member", other_sign_entry, END_ALARM, "membership"),
    ENTRY("M13", "another organisation's chain", other_org_entry, END_ALARM, "membership"),
    ENTRY("M14", "a bare wrap", bare_wrap_entry, END_ALARM, "membership"),
    ENTRY("M15", "a new epoch for one member by nobody", rotate_entry, END_ALARM, "membership"),
    ENTRY("M16", "a grant without its wrap", no_wrap_entry, END_ALARM, "membership"),
    ITEM("M17", "an op under another epoch's key id", other_key, NOT_NEXT),
    LOG("M18", "an op under a key that nobody announced", insert_no_key, END_VIEWS, NULL),
    HELLO("M19", "a shorter membership chain", fewer_members, END_ALARM, "membership"),
    ITEM("M20", "a lower suite", lower_suite, "malformed|suite|header|version"),
    BYTES("M21", "a lower protocol version", CALL_HELLO, lower_protocol, END_ALARM,
          "no known protocol"),
    ITEM("M22", "a frame dropped from the middle", drop_frame, NOT_FRAMED),
    ITEM("M23", "frames in another order", swap_frames, NOT_BODY),
    ITEM("M24", "the last frame dropped", drop_last_frame, NOT_FRAMED),
    ITEM("M25", "a frame of one op twice", double_frame, NOT_FRAMED),
    PULLED("M26a", "another feed, seq, parent or view in the header", other_header,
           NOT_NEXT "|malformed|entries|disagree|is not one"),
    /* Told, or left on the stick: with another feed or incarnation it is nobody's. */
    { "M26b", "the same on a stick", CALL_CARRY, END_MENDS, NULL, other_header, 0, 0, 0, 0, NULL,
      PICK_ANY, false },
    PULLED("M27a", "a header that names another space", other_space, "of another space"),
    CARRIED("M27c", "the same on a stick", other_space),
    LOG("M27b", "another space's segment, signed and whole", insert_other_log, END_ALARM,
        "of another space"),
    ENTRY("M28", "a checkpoint where an entry is due", checkpoint_entry, END_ALARM, "membership"),
    PULLED("M29a", "a device id where a feed id is due", other_kind_of_id, NOT_NEXT),
    CARRIED("M29b", "the same on a stick", other_kind_of_id),
    TIP("M30", "the author's signature for another purpose", other_context, NOT_HIS),
    ENTRY("M31a", "an entry with a byte too many", padded_entry, END_ALARM, "membership"),
    ENTRY("M31b", "an empty list for an entry", empty_entry, END_ALARM, "membership"),
    ENTRY("M32a", "a policy with its own recovery key", recovery_entry, END_ALARM, "membership"),
    ENTRY("M32b", "the same by an officer", officer_recovery_entry, END_ALARM, "membership"),
    NEVER("M33", "KDF floor and ceiling", "costs never travel: unit/slots, A03"),
    ENTRY("M34", "an entry of long ago", old_entry, END_ALARM, "membership"),
    LOG("M35", "two notes' bodies change places", swap_fields, END_ALARM, NOT_FRAMED),
    HELLO("M36", "a stale checkpoint", stale_checkpoint, END_ALARM, "another size"),
    HELLO("M36b", "a relay that says it was restored", says_restored, END_ALARM,
          "restored|membership"),
    ENTRY("M36c", "the root's word about a log, by nobody", moved_log_entry, END_ALARM,
          "membership"),
    ENTRY("M36d", "the same by an administrator", admin_moved_log_entry, END_ALARM, "membership"),
    HELLO("M37", "a smaller tree", smaller_tree, END_ALARM, "rolled back|shorter|lost"),
    HELLO("M38", "the same size, another root", same_size_other_root, END_ALARM,
          "another history|lost"),
    LOG("M39a", "a view of its own: other receipt times", other_times, END_VIEWS, NULL),
    LOG("M39b", "a view of its own: another order", swap_order, END_VIEWS, NULL),
    WORDS("M39c", "the same with headquarters' word about the honest one", other_times),
    WORDS("M39d", "another order, with that word", swap_order),
    LOG("M40a", "one author hidden", hide_author, END_VIEWS, NULL),
    WORDS("M40b", "one author hidden, with headquarters' word", hide_author),
    LOG("M41a", "the last ops hidden", hide_tail, END_MENDS, NULL),
    WORDS("M41c", "the last ops hidden, with headquarters' word", hide_tail),
    LOG("M41b", "the first of an author's ops hidden", hide_middle, END_ALARM,
        "does not follow|place or time|not the one that it signed for"),
    HELLO("M42a", "all spaces hidden", no_space, END_ALARM, "does not know a space"),
    HELLO("M42b", "another chain of the same length", other_members, END_ALARM, "membership"),
    BYTES("M43a", "a proof of 63 made-up hashes", CALL_RANGE, long_proof, END_ALARM,
          "not proved|relay's log"),
    BYTES("M43b", "no proof where one is due", CALL_RANGE, empty_proof, END_ALARM, "not proved"),
    HELLO("M43c", "a larger tree that nobody can prove", larger_tree, END_ALARM,
          "not proved|does not verify|keeps back|size"),
    HELLO("M44a", "an older word of headquarters", old_word, END_SAFE, NULL),
    HELLO("M44b", "a word that headquarters never said", forged_word, END_ALARM, "word"),
    HELLO("M44c", "no word of headquarters", no_word, END_SAFE, NULL),
    HELLO("M44d", "a word about more than there is", word_beyond, END_ALARM,
          "keeps back notes that headquarters"),
    LOG("M45", "a ciphertext that its key doesn't open", insert_two_key, END_VIEWS, NULL),
    NEVER("M46", "colliding commitments in a slot file", "never travels: unit/slots"),
    NEVER("M47", "a store restored from last week", "no lie of a relay: flow/sync_hostile"),
    HELLO("M48", "own segments that were never written", higher_own_seq, END_ALARM,
          "claims notes of this device"),
    ENTRY("M49", "one of two children of a head", child_entry, END_VIEWS, "membership"),
    ENTRY("M50", "a grant signed by an officer", officer_entry, END_ALARM, "membership"),
    BYTES("M51", "a join request of the relay's own", CALL_REQUESTS, forge_request, END_SAFE, NULL),
    BYTES("M52", "a join request many times", CALL_REQUESTS, double_request, END_SAFE, NULL),
    NEVER("M53", "a forged wipe", "nothing that arrives wipes in this version"),
    NEVER("M54", "a withheld wipe", "nothing that arrives wipes in this version"),
    HELLO("M55a", "a clock ten years slow", clock_past, END_SAFE, NULL),
    HELLO("M55b", "a clock ten years fast", clock_future, END_SAFE, NULL),
    LOG("M56", "a segment for the second time", insert_replay, END_ALARM,
        "second time|place or time|does not follow"),
    /* Signatures and roots by themselves, and what a checkpoint is of. */
    TIP("S01a", "a bit of an author's newest signature", flip_signature, NOT_HIS),
    EARLIER("S01b", "a bit of a signature before that", flip_signature),
    ITEM("S02", "another op root", other_root, NOT_NEXT "|match"),
    ITEM("S03", "a newer format", higher_version, "newer|version|malformed"),
    HELLO("S04", "a checkpoint signed by somebody else", forged_checkpoint, END_ALARM,
          "not signed|verify"),
    HELLO("S05", "another space's checkpoint", checkpoint_of_other, END_ALARM, "another log"),
    HELLO("S06", "another name for the log", other_log_name, END_ALARM, "replaced|size"),
    BYTES("S07", "a receipt with a wrong signature", CALL_RESULTS, flip_receipt, END_ALARM,
          "receipt"),
    BYTES("S08", "a receipt for another segment", CALL_RESULTS, other_receipt, END_ALARM,
          "receipt"),
    BYTES("S09", "no receipts: a gap", CALL_RESULTS, no_receipts, END_ALARM, "lost notes"),
    BYTES("S10", "segments without their notes", CALL_RANGE, no_bodies, END_ALARM, "without"),
    BYTES("S11", "another range than was asked for", CALL_RANGE, other_from, END_ALARM,
          "another range"),
    BYTES("S12", "nothing of what the checkpoint covers", CALL_RANGE, short_range, END_ALARM,
          "keeps back"),
    BYTES("S13", "a bit of an entry", CALL_MEMBERS, flip_members, END_ALARM, "membership"),
    /* Resources, as far as a wire in one process goes. */
    BYTES("R01", "a body without end", CALL_HELLO | CALL_MEMBERS | CALL_RANGE | CALL_RESULTS,
          endless_body, END_ALARM, "more than|bytes"),
    HELLO("R02", "a chain without end", too_many_members, END_ALARM, "gives no membership"),
    BYTES("R03", "a million tiny ops announced", CALL_RANGE, many_ops, END_ALARM, "range|entries"),
    BYTES("R04", "a redirect", CALL_HELLO | CALL_MEMBERS | CALL_RANGE | CALL_RESULTS, redirect,
          END_ALARM, "302|relay"),
    BYTES("R05", "an answer cut at any byte", CALL_HELLO | CALL_RANGE | CALL_RESULTS,
          cut_body_anywhere, END_ALARM, "welcome|range|results|relay"),
    BYTES("R06", "an answer with nothing in it", CALL_HELLO | CALL_RANGE | CALL_RESULTS,
          nothing_said, END_ALARM, "welcome|range|results|relay"),
    BYTES("R07", "a refusal for nothing", CALL_ANY & ~(unsigned)CALL_REQUESTS, denied, END_ALARM,
          "not allow|not accept"),
    HELLO("R08", "limits of one byte", no_limits, END_MENDS, NULL),
};
const size_t evil_mutations_count = ARRAY_LEN(evil_mutations);
