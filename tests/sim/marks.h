/* tests/sim/marks.h - faults, by how many seeds have them and how often they come there; and what
 * has to happen sometimes, or the simulator isn't looking where it says. */
#ifndef DBK_TESTS_SIM_MARKS_H
#define DBK_TESTS_SIM_MARKS_H

#include <stdbool.h>
#include <stdint.h>

/* name, words, of 100 seeds, then from and to in 10,000 chances */
#define SIM_FAULTS(X)                                                                           \
    X(FAULT_NET_DROP, "a request is lost", 60, 20, 1500)                                        \
    X(FAULT_NET_LOST_ANSWER, "an answer is lost after the relay acted", 60, 20, 1500)           \
    X(FAULT_NET_DOUBLE, "a request arrives twice", 50, 20, 2000)                                \
    X(FAULT_NET_LATE, "an old request arrives once more", 40, 20, 1000)                         \
    X(FAULT_NET_STALE, "the answer to an earlier request comes", 30, 10, 400)                   \
    X(FAULT_NET_CUT_REQUEST, "a request is cut short", 30, 10, 500)                             \
    X(FAULT_NET_CUT_ANSWER, "an answer is cut short", 30, 10, 500)                              \
    X(FAULT_NET_FLIP_REQUEST, "a bit of a request is turned", 30, 10, 500)                      \
    X(FAULT_NET_FLIP_ANSWER, "a bit of an answer is turned", 30, 10, 500)                       \
    X(FAULT_NET_SLOW, "a link is so slow that the caller gives up", 30, 20, 800)                \
    X(FAULT_PARTITION, "a device is cut off for a while", 40, 50, 400)                          \
    X(FAULT_CLOG, "links clog one by one, and clear in another order", 25, 30, 150)             \
    X(FAULT_KILL, "a device's program dies at a write", 60, 50, 800)                            \
    X(FAULT_POWER, "the power of a device goes at a write", 40, 50, 500)                        \
    X(FAULT_FULL, "a device's disk is full for a while", 30, 50, 300)                           \
    X(FAULT_RELAY_KILL, "the relay dies at a write", 50, 20, 300)                               \
    X(FAULT_RELAY_POWER, "the relay's power goes at a write", 40, 20, 300)                      \
    X(FAULT_RELAY_FULL, "the relay's disk is full for a while", 20, 20, 150)                    \
    X(FAULT_CLOCK_JUMP, "a clock jumps by up to ten years", 30, 50, 300)                        \
    X(FAULT_CLOCK_BACK, "a clock goes backwards by seconds to days", 30, 50, 300)               \
    X(FAULT_CLOCK_2038, "a clock stands just before 19 January 2038", 15, 30, 100)              \
    X(FAULT_RESTORED, "an older image of a device is put back", 70, 40, 200)                    \
    X(FAULT_HQ_RESTORED, "an older image of a desk is put back", 60, 40, 200)                   \
    X(FAULT_COPIED, "a device is copied, and both go on", 50, 10, 60)                           \
    X(FAULT_DISK_LIES, "a device's disk says too early that it is durable", 50, 40, 250)        \
    X(FAULT_LOST, "a device is lost for ever", 70, 10, 60)                                      \
    X(FAULT_SHUT_OUT, "a device is shut out, perhaps while it is away", 80, 10, 80)             \
    X(FAULT_MOVED, "a device is taken out of a space, or into it", 70, 20, 150)                 \
    X(FAULT_RELAY_RESTORED, "an older image of the relay is put back", 80, 20, 80)              \
    X(FAULT_RELAY_LOST, "the relay is lost, but for its first backup", 50, 10, 40)              \
    X(FAULT_RELAY_DISK_LIES, "the relay's disk says too early that it is durable", 50, 20, 150) \
    X(FAULT_NEWER_FORMS, "a device gets forms that others don't have", 60, 50, 150)             \
    X(FAULT_JOINS_LATE, "a device joins when all is over, with a snapshot", 25, 1, 1)           \
    X(FAULT_ORDERED, "two administrators order a record disposed of", 90, 30, 150)              \
    X(FAULT_RELAY_LIES, "the relay lies to a device for a while", 90, 100, 300)                 \
    X(FAULT_MEMBER, "a member's program writes what no honest one would", 90, 30, 150)          \
    X(FAULT_FLOOR, "two administrators move a log's floor", 25, 50, 200)
#define SIM_FAULT_ENUM(name, words, seeds, from, to) name,
typedef enum sim_fault_kind { SIM_FAULTS(SIM_FAULT_ENUM) FAULT_COUNT } sim_fault_kind;

#define SIM_MARKS(X)                                                             \
    X(MARK_ADD, "a record is begun")                                             \
    X(MARK_EDIT, "a record is changed")                                          \
    X(MARK_EDIT_OTHERS, "a record of somebody else is changed")                  \
    X(MARK_RAISE, "a protective answer is given")                                \
    X(MARK_LOWER, "a protective answer is lowered, with a reason")               \
    X(MARK_SET, "an element comes into a set")                                   \
    X(MARK_UNSET, "an element leaves a set")                                     \
    X(MARK_NEWER_FIELD, "a field that others' forms don't know is written")      \
    X(MARK_NEWER_KEPT, "an edit by older forms keeps such a field")              \
    X(MARK_LOG, "an entry is appended")                                          \
    X(MARK_COUNT_UP, "a counter grows")                                          \
    X(MARK_SIGN, "a record is signed")                                           \
    X(MARK_ADDENDUM, "an addendum is written")                                   \
    X(MARK_WITHDRAW, "a record is withdrawn")                                    \
    X(MARK_DENIED, "a change is refused")                                        \
    X(MARK_CONFLICT, "a sync brings a conflict")                                 \
    X(MARK_SIBLINGS, "three values of a group stand side by side")               \
    X(MARK_RESOLVE, "headquarters chooses a value")                              \
    X(MARK_RESOLVE_BOTH, "both desks decide the same dispute")                   \
    X(MARK_REVIEW, "headquarters has looked at a record")                        \
    X(MARK_LIFE_DISPUTE, "an edit and a withdrawal are in dispute")              \
    X(MARK_IDLE, "a sync is one round trip")                                     \
    X(MARK_PUSH, "a sync pushes")                                                \
    X(MARK_PULL, "a sync pulls")                                                 \
    X(MARK_COSIGN, "headquarters vouches for a log")                             \
    X(MARK_CONFIRMED, "a note is known to be at headquarters")                   \
    X(MARK_ROTATE, "a space gets a new key")                                     \
    X(MARK_CARRY, "a folder is written and read")                                \
    X(MARK_CARRIED, "a folder brings what the relay didn't")                     \
    X(MARK_CARRIED_LATE, "a folder is weeks old")                                \
    X(MARK_COMPARTMENT, "a note is written into the compartment")                \
    X(MARK_PENDING, "a segment waits for its key")                               \
    X(MARK_UNREACHABLE, "a sync fails on the wire")                              \
    X(MARK_DISTRUST, "a sync fails because an answer can't be trusted")          \
    X(MARK_RESTARTED, "a device starts again after its program died")            \
    X(MARK_RELAY_RESTARTED, "the relay starts again after it died")              \
    X(MARK_TORN, "a write is torn")                                              \
    X(MARK_UNSYNCED_LOST, "power takes what wasn't made durable")                \
    X(MARK_DISK_LIED, "a disk lost what it had said is durable")                 \
    X(MARK_RELAY_DISK_LIED, "the relay's disk lost what it had said is durable") \
    X(MARK_SAVED_NOT_TOLD, "a note is durable though its save failed")           \
    X(MARK_DISK_FULL, "a save is refused because the disk is full")              \
    X(MARK_DOUBT, "a clock is told to be doubtful")                              \
    X(MARK_MARK_AHEAD, "the mark outside tells that a store is an older copy")   \
    X(MARK_REISSUED, "own changes are written again")                            \
    X(MARK_PARTED, "a device finds that its store was put back or copied")       \
    X(MARK_GIVEN_BACK, "a device gives back what a restored relay lost")         \
    X(MARK_RECOVERED, "the root signs for a restored relay")                     \
    X(MARK_RELAY_LOST_MINE, "a restored relay lost a device's own notes")        \
    X(MARK_CARRIED_FOR, "a device brings to the relay what others wrote")        \
    X(MARK_ASIDE, "a note of one who was shut out stands aside")                 \
    X(MARK_ADMITTED, "such a note is let in")                                    \
    X(MARK_REFUSED, "such a note is refused")                                    \
    X(MARK_SHUT_OUT, "a device that was shut out is told so")                    \
    X(MARK_TAKEN_OUT, "a device is taken out of a space that it may write in")   \
    X(MARK_TAKEN_IN, "a device comes into a space, perhaps again")               \
    X(MARK_ORDERED, "an order to dispose is agreed to")                          \
    X(MARK_DISPOSED, "a device disposes of changes")                             \
    X(MARK_LIE, "the relay tells a lie")                                         \
    X(MARK_LIE_HOLES, "the relay lies about a log of which it let go of some")   \
    X(MARK_LIE_TOLD, "a sync fails over a lie")                                  \
    X(MARK_SPLIT_FOUND, "a device that was shown another log has the evidence")  \
    X(MARK_FORGED, "a member has written what is wrong")                         \
    X(MARK_EQUIVOCATES, "a member signs two histories")                          \
    X(MARK_MASS, "a member withdraws all that it may")                           \
    X(MARK_STRANDED, "a history that the relay can't take stays where it is")    \
    X(MARK_SPLIT_SHOWN, "headquarters sees by a stick that views differ")        \
    X(MARK_BEGUN, "a device begins with what two desks vouch for")               \
    X(MARK_FLOOR, "a log's floor moves")                                         \
    X(MARK_LET_GO, "a device lacks what relays have let go of")                  \
    X(MARK_BROUGHT, "another device brings that")                                \
    X(MARK_REFILLED, "and the first has it then")                                \
    X(MARK_HEALED_FAST, "all are equal after three rounds")
#define SIM_MARK_ENUM(name, words) name,
typedef enum sim_marker { SIM_MARKS(SIM_MARK_ENUM) MARK_COUNT } sim_marker;

typedef struct sim_fault_row {
    const char *words;
    unsigned seeds, from, to;
} sim_fault_row;
extern const sim_fault_row sim_fault_rows[FAULT_COUNT];
extern const char *const sim_mark_words[MARK_COUNT];

/* Prints all; returns how many never came. */
unsigned marks_print(const uint64_t marks[MARK_COUNT], const uint64_t faults[FAULT_COUNT]);

#endif
