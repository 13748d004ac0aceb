/* Membership: a device (feed A) is revoked while its notes are on their way. Feed B is another
 * officer's, feed H headquarters', which revokes once and decides up to three times. Three ops a
 * feed, in a log of any order. A reader, who may be any member, pulls that log, is given notes and
 * decisions by folder, and hears of the revocation, in any order. docs/TESTING.md names the code.
 *
 * Rules (decision 0016): REVOKE names a cut, a size of the log. Of a revoked device counts what
 * stands in the log before the cut, by the relay's order and never by its author's clock, and what
 * a decision let in, with all that its author wrote before. Anything else of it stands aside: kept,
 * also where it had been merged before the word came. A decision is an op of H's feed.
 *
 * The reader has no say in the log, so it may come when all is written. Whatever it has heard by
 * then, in whatever order, it hears one thing more; what it shows is compared with its definition
 * after each such step. So two who hold the same show the same, whatever came first.
 *
 * Weakened, it breaks:
 *   BUG_DROPS_LATE -> NoAckedLoss
 *   BUG_CLAIMED_TIME -> RevokedQuarantined
 *   BUG_NO_EVICTION -> RevokedQuarantined
 *   BUG_EVICTS_BY_LOG_ONLY -> RevokedQuarantined
 *   BUG_DECISION_ONCE -> Convergence
 */
#define A 0
#define B 1
#define H 2
#define OPS 3
#define NEVER 15 /* no cut yet */

byte place[9];         /* of each op: 1 + its index in the log; 0: in none */
byte size;             /* of the log */
byte written[3];       /* of each feed, all in the log */
byte lets_in[3];       /* by each op of H: how many of A's ops its decision lets in */
byte cut = NEVER;
byte position;         /* the reader's: of the log */
byte held;             /* of A's ops, merged or aside */
byte taken;            /* of those, merged */
byte heard;            /* of H's ops */
bool knows;            /* that A was revoked */
bool NoAckedLoss = true, RevokedQuarantined = true, Convergence = true;
hidden byte i, s, up, level, p, a, h, known, step; /* scratch of one step: no part of the state */
bool read;             /* by now */

inline find_level() {
    level = 0;
    i = 0;
    do
    :: i < heard ->
        if
        :: lets_in[i] > level -> level = lets_in[i]
        :: else
        fi;
        i++
    :: else -> break
    od;
    i = 0
}

#define KNOWN(op) (place[op] != 0 && place[op] <= position)
#define IN_TIME(op) (KNOWN(op) && place[op] <= cut)
#ifdef BUG_CLAIMED_TIME /* a note counts if its author says that it was there before */
#define MAY(op) true
#else
#define MAY(op) (!knows || IN_TIME(op) || (op) < level)
#endif
#ifdef BUG_EVICTS_BY_LOG_ONLY /* what a folder brought stays where the word came after it */
#define LATE(op) (KNOWN(op) && !IN_TIME(op) && (op) >= level)
#else
#define LATE(op) (!IN_TIME(op) && (op) >= level)
#endif

/* What may not stand goes aside, and what may takes its place. */
inline judge() {
    find_level();
#ifndef BUG_NO_EVICTION
    s = 0;
    do
    :: s < taken && !(knows && LATE(s)) -> s++
    :: else -> break
    od;
    taken = s;
#endif
    s = 0;
    do
    :: s < OPS && taken < held && MAY(taken) -> taken++
    :: else -> break
    od;
    s = 0;
    check()
}

inline check() {
    find_level();
    up = 0;
    do
    :: up < held && (!knows || IN_TIME(up) || up < level) -> up++
    :: else -> break
    od;
    if
    :: taken > up -> RevokedQuarantined = false
    :: taken < up -> Convergence = false
    :: else
    fi;
    s = 0;
    do
    :: s < OPS ->
        if
        :: KNOWN(s) && held <= s -> NoAckedLoss = false
        :: else
        fi;
        s++
    :: else -> break
    od;
    assert(NoAckedLoss);
    assert(RevokedQuarantined);
    assert(Convergence);
    s = 0;
    up = 0;
    level = 0
}

#ifdef BUG_DROPS_LATE /* a late note is refused, and gone */
#define WANTED (!knows || IN_TIME(held))
#else
#define WANTED true
#endif

/* The reader gets A's next op. */
inline hold() {
    if
    :: WANTED -> held++
    :: else
    fi
}

#ifdef BUG_DECISION_ONCE /* a decision lets in what is there, not what comes after it */
#define DECIDED check()
#else
#define DECIDED judge()
#endif

/* The next entry of the log. */
inline pull() {
    position++;
    i = 0;
    do
    :: i < 9 && place[i] != position -> i++
    :: else -> break
    od;
    if
    :: i < OPS && i >= held -> hold()
    :: i >= H * OPS && i - H * OPS >= heard -> heard++
    :: else
    fi;
    i = 0;
    judge()
}

inline append(feed) {
    size++;
    place[(feed) * OPS + written[feed]] = size;
    written[feed]++
}

/* The reader as it must be that has heard so much. */
inline define() {
    position = p;
    held = a;
    heard = h;
    knows = known;
    find_level();
    taken = 0;
    do
    :: taken < held && (!knows || IN_TIME(taken) || taken < level) -> taken++
    :: else -> break
    od;
    level = 0
}

/* What stands in the log up to the reader's position it holds; more may have come by folder. */
#define HAS(feed, count) (count == OPS || place[(feed) * OPS + (count)] > p)

inline hear_one() {
    if
    :: step == 0 && position < 9 -> pull()
    :: step == 1 && held < OPS -> hold(); judge()
    :: step == 2 && heard < OPS -> heard++; DECIDED
    :: step == 3 && !knows -> knows = true; judge()
    :: else
    fi
}

inline read_all() {
    p = 0;
    do
    :: p < 10 -> a = 0;
        do
        :: a <= OPS -> h = 0;
            do
            :: h <= OPS && HAS(A, a) && HAS(H, h) -> known = 0;
                do
                :: known < 2 -> step = 0;
                    do
                    :: step < 4 -> define(); hear_one(); step++
                    :: else -> break
                    od;
                    known++
                :: else -> break
                od;
                h++
            :: h <= OPS && !(HAS(A, a) && HAS(H, h)) -> h++
            :: else -> break
            od;
            a++
        :: else -> break
        od;
        p++
    :: else -> break
    od;
    p = 0; a = 0; h = 0; known = 0; step = 0;
    position = 0; held = 0; heard = 0; taken = 0; knows = 0;
    read = true
}

#define LETS_IN(count) \
    :: d_step { cut != NEVER && written[H] < OPS -> lets_in[written[H]] = count; append(H) }
#define CUTS_AT(at) :: d_step { cut == NEVER && size >= at -> cut = at }

active proctype world() {
end:
    do
    :: d_step { written[A] < OPS -> append(A) } /* also late: it may bring what it has */
    :: d_step { written[B] < OPS -> append(B) }
    :: d_step { written[H] < OPS -> append(H) } /* an ordinary note, or a refusal */
    LETS_IN(1)
    LETS_IN(2)
    LETS_IN(3)
    CUTS_AT(0)
    CUTS_AT(1)
    CUTS_AT(2)
    CUTS_AT(3)
    CUTS_AT(4)
    CUTS_AT(5)
    CUTS_AT(6)
    CUTS_AT(7)
    CUTS_AT(8)
    CUTS_AT(9)
    :: d_step { size == 9 && cut != NEVER && !read -> read_all() }
    od
}
