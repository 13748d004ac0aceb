/* Feeds: one device saves up to three notes, and may be put back to an older image or copied while
 * it works; the relay may be put back to an older log. Headquarters pulls the log, and is given
 * feeds by folder. Three feeds (the device's incarnations), three ops each. docs/TESTING.md names
 * the code.
 *
 * Rules (decisions 0012, 0014, 0018, 0019): the relay takes the next op of a feed, and signs for it
 * when it is durable; another op in a place that is taken is a fork, and kept. Where the log shows
 * under a device's own signature what its store doesn't hold, that feed is closed; what the log
 * lacks is written again in a new one. After the relay was restored everybody goes back to where
 * the logs part, and gives what is missing again. Two ops in one place, both signed, are kept both,
 * and the feed goes no further.
 *
 * Weakened, it breaks:
 *   BUG_RECEIPT_BY_SEQ -> NoAckedLoss
 *   BUG_LOGS_BRANCH_WINS -> NoAckedLoss
 *   BUG_TRUSTS_OLD_RECEIPT -> Convergence
 *   BUG_SECOND_IS_DUPLICATE -> ForkDetected
 */
#define OPS 3
#define X 0 /* the device's store */
#define Y 1 /* an older image of it; a copy, once it is alive */
#define AT(feed, seq) ((feed) * OPS + (seq))
#define LEN(a, base) ((a[base] != 0) + (a[(base) + 1] != 0) + (a[(base) + 2] != 0))
#define MINE(x, feed) LEN(note, (x) * 9 + (feed) * OPS)
#define HEAD(feed) LEN(log, (feed) * OPS)
#define BIT(n) (1 << (n))

byte note[18];      /* by store, feed, seq: which note stands there; 0: none */
byte log[9];        /* the relay's, by feed and seq */
byte order[9];      /* which feed each entry of the log is of */
byte size;          /* of the log */
byte hq[9];         /* headquarters' records */
byte aside[9];      /* what stands aside there: a mask of notes */
byte met[9];        /* what came there, a mask of notes: for ForkDetected alone */
byte position[3];   /* of X, Y and headquarters in the log */
byte open[2];       /* the feed in which a store writes */
bool alive[2] = { true, false };
byte saved;         /* how many notes there are */
byte feeds = 1;     /* how many incarnations */
byte acked;         /* a mask: the relay has signed for it, and the device knows */
byte gone;          /* a mask: never acked, and its store was destroyed */
bool imaged, restored, copied, relay_restored;
bool NoAckedLoss = true, ForkDetected = true, Convergence = true;
hidden byte i, j, n, f, s, held;

inline find_held() {
    held = 0;
    i = 0;
    do
    :: i < 9 ->
        held = held | BIT(log[i]) | BIT(hq[i]) | aside[i] | BIT(note[i]) |
               (alive[Y] -> BIT(note[9 + i]) : 0);
        i++
    :: else -> break
    od;
    i = 0
}

/* What has to be somewhere. Where device and relay were both put back, only what headquarters had
 * is safe, and that is what it says: nothing is asked of the rest. */
#define WANTED ((restored && relay_restored) -> 0 : (BIT(saved + 1) - 2) & ~gone)

inline check() {
    find_held();
    if
    :: WANTED & ~held -> NoAckedLoss = false
    :: else
    fi;
    i = 0;
    do
    :: i < 9 ->
        if
        :: met[i] & ~(BIT(hq[i]) | aside[i]) -> ForkDetected = false
        :: else
        fi;
        i++
    :: else -> break
    od;
    assert(NoAckedLoss);
    assert(ForkDetected);
    held = 0;
    i = 0
}

/* ---- the relay ---- */
inline append(which, content) {
    order[size] = which;
    size++;
    log[AT(which, HEAD(which))] = content
}

/* Is what stands in a feed of x's the same as the log's, as far as both go? */
inline find_parting(x, feed) {
    s = 0;
    do
    :: s < OPS && note[x * 9 + AT(feed, s)] != 0 && log[AT(feed, s)] == note[x * 9 + AT(feed, s)] ->
        s++
    :: else -> break
    od
}

/* x pushes what the log lacks of a feed, or (as it had asked before) what it has already. */
inline push(x, feed) {
    find_parting(x, feed);
    if
    :: s == HEAD(feed) && s < MINE(x, feed) ->
        n = note[x * 9 + AT(feed, s)];
        append(feed, n);
        acked = acked | BIT(n)
    :: else
#ifdef BUG_RECEIPT_BY_SEQ /* the relay signs for whatever claims a place that is taken */
        ; if
        :: s < HEAD(feed) && s < MINE(x, feed) ->
            acked = acked | BIT(note[x * 9 + AT(feed, s)]);
            note[x * 9 + AT(feed, s)] = log[AT(feed, s)]
        :: else
        fi
#endif
    fi;
    n = 0;
    s = 0;
    check()
}

#ifdef BUG_RECEIPT_BY_SEQ
#define CAN_PUSH(x, feed) (alive[x] && MINE(x, feed) > 0)
#else
#define SAME(x, feed, seq) (HEAD(feed) <= (seq) || \
                            log[AT(feed, seq)] == note[(x) * 9 + AT(feed, seq)])
#ifdef BUG_TRUSTS_OLD_RECEIPT /* what was signed for once isn't sent to a restored relay again */
#define UNSENT(x, feed) !(acked & BIT(note[(x) * 9 + AT(feed, HEAD(feed))]))
#else
#define UNSENT(x, feed) true
#endif
#define CAN_PUSH(x, feed) (alive[x] && MINE(x, feed) > HEAD(feed) && SAME(x, feed, 0) && \
                           SAME(x, feed, 1) && UNSENT(x, feed))
#endif

/* ---- a store pulls ---- */
/* The log shows another op of this device's than the store holds, or more of the feed in which it
 * writes: what the store has from there on moves to a new feed. */
inline move(x, feed, seq) {
    if
    :: open[x] == feed -> open[x] = feeds; feeds++
    :: else
    fi;
    j = seq;
    do
    :: j < OPS && note[x * 9 + AT(feed, j)] != 0 ->
        n = note[x * 9 + AT(feed, j)];
        note[x * 9 + AT(feed, j)] = 0;
#ifndef BUG_LOGS_BRANCH_WINS /* what stood there is overwritten by what the log has */
        note[x * 9 + AT(open[x], MINE(x, open[x]))] = n;
#endif
        j++
    :: else -> break
    od;
    j = 0;
    n = 0
}

/* The feed and seq of the log's entry at a position. */
inline find_entry(at) {
    f = order[at];
    s = 0;
    i = 0;
    do
    :: i < at -> s = s + (order[i] == f); i++
    :: else -> break
    od;
    i = 0
}

inline pull(x) {
    find_entry(position[x]);
    if
    :: note[x * 9 + AT(f, s)] != log[AT(f, s)] &&
       (open[x] == f || note[x * 9 + AT(f, s)] != 0) ->
        if /* within three feeds of three ops there is room; else it waits for ever */
        :: (open[x] == f && feeds < 3) ||
           (open[x] != f && MINE(x, open[x]) + MINE(x, f) - s <= OPS) ->
            move(x, f, s);
            note[x * 9 + AT(f, s)] = log[AT(f, s)];
            position[x]++
        :: else
        fi
    :: else ->
        note[x * 9 + AT(f, s)] = log[AT(f, s)];
        position[x]++
    fi;
    f = 0;
    s = 0;
    check()
}

/* ---- headquarters ---- */
#define FORKED(feed) (aside[AT(feed, 0)] | aside[AT(feed, 1)] | aside[AT(feed, 2)])
inline take(feed, seq, content) {
    met[AT(feed, seq)] = met[AT(feed, seq)] | BIT(content);
    if
    :: hq[AT(feed, seq)] == content
    :: hq[AT(feed, seq)] != content && hq[AT(feed, seq)] == 0 && !FORKED(feed) &&
       LEN(hq, (feed) * OPS) == seq -> hq[AT(feed, seq)] = content
    :: else
#ifndef BUG_SECOND_IS_DUPLICATE /* a seq that is there was had already */
        -> aside[AT(feed, seq)] = aside[AT(feed, seq)] | BIT(content)
#endif
    fi;
    check()
}

inline hq_pull() {
    find_entry(position[2]);
    position[2]++;
    n = log[AT(f, s)];
    take(f, s, n);
    f = 0;
    s = 0;
    n = 0
}

#define HAS(feed, seq, content) \
    (hq[AT(feed, seq)] == (content) || (aside[AT(feed, seq)] & BIT(content)))
#define CAN_CARRY(x, feed, seq) \
    (alive[x] && note[(x) * 9 + AT(feed, seq)] != 0 && \
     !HAS(feed, seq, note[(x) * 9 + AT(feed, seq)]) && \
     ((seq) == 0 || HAS(feed, (seq) - 1, note[(x) * 9 + AT(feed, (seq) - 1)])))
#define CARRIES(x, feed, seq) \
    :: d_step { CAN_CARRY(x, feed, seq) -> n = note[(x) * 9 + AT(feed, seq)]; \
                take(feed, seq, n); n = 0 }
#define CARRIES_FEED(x, feed) CARRIES(x, feed, 0) CARRIES(x, feed, 1) CARRIES(x, feed, 2)
/* What a restored relay lost it gives back. */
#define CAN_GIVE(feed) \
    (position[2] == size && HEAD(feed) < LEN(hq, (feed) * OPS) && \
     (HEAD(feed) == 0 || log[AT(feed, 0)] == hq[AT(feed, 0)]) && \
     (HEAD(feed) < 2 || log[AT(feed, 1)] == hq[AT(feed, 1)]))
#define GIVES(feed) \
    :: d_step { relay_restored && CAN_GIVE(feed) -> n = hq[AT(feed, HEAD(feed))]; \
                append(feed, n); n = 0; check() }

/* ---- what goes wrong ---- */
inline copy(from, to) {
    i = 0;
    do
    :: i < 9 -> note[to * 9 + i] = note[from * 9 + i]; i++
    :: else -> break
    od;
    i = 0;
    open[to] = open[from];
    position[to] = position[from]
}

inline restore() {
    gone = gone | ((BIT(saved + 1) - 2) & ~acked);
    i = 0;
    do
    :: i < 9 -> gone = gone & ~BIT(note[9 + i]); i++
    :: else -> break
    od;
    copy(Y, X);
    restored = true;
    check()
}

/* The log is what it was at a size, with what members could give back: any. */
inline lose_log(at) {
    do
    :: size > at ->
        size--;
        f = order[size];
        log[AT(f, HEAD(f) - 1)] = 0;
        order[size] = 0
    :: else -> break
    od;
    f = 0;
    i = 0;
    do
    :: i < 3 ->
        if
        :: position[i] > at -> position[i] = at
        :: else
        fi;
        i++
    :: else -> break
    od;
    i = 0;
    relay_restored = true;
    check()
}
#define LOSES(at) :: d_step { !relay_restored && size > at -> lose_log(at) }

/* ---- when nothing is left to do ---- */
#define PUSHED(x) (!CAN_PUSH(x, 0) && !CAN_PUSH(x, 1) && !CAN_PUSH(x, 2))
#define QUIET (PUSHED(X) && PUSHED(Y) && !(relay_restored && (CAN_GIVE(0) || CAN_GIVE(1) || \
               CAN_GIVE(2))) && position[X] == size && position[2] == size && \
               (!alive[Y] || position[Y] == size))
inline check_quiet() {
    held = 0;
    i = 0;
    do
    :: i < 9 ->
        held = held | BIT(log[i]);
        if
        :: note[i] != log[i] || (alive[Y] && note[9 + i] != log[i]) ||
           (log[i] != 0 && !(met[i] & BIT(log[i]))) -> Convergence = false
        :: else
        fi;
        i++
    :: else -> break
    od;
    if
    :: WANTED & ~held -> NoAckedLoss = false
    :: else
    fi;
    assert(NoAckedLoss);
    assert(Convergence);
    i = 0;
    held = 0
}

#define SAVES(x) \
    :: d_step { alive[x] && saved < 3 && MINE(x, open[x]) < OPS -> \
                saved++; note[(x) * 9 + AT(open[x], MINE(x, open[x]))] = saved; check() }
#define PUSHES(x, feed) :: d_step { CAN_PUSH(x, feed) -> push(x, feed) }

active proctype world() {
end:
    do
    SAVES(X)
    SAVES(Y)
    PUSHES(X, 0) PUSHES(X, 1) PUSHES(X, 2)
    PUSHES(Y, 0) PUSHES(Y, 1) PUSHES(Y, 2)
    :: d_step { position[X] < size -> pull(X) }
    :: d_step { alive[Y] && position[Y] < size -> pull(Y) }
    :: d_step { position[2] < size -> hq_pull() }
    CARRIES_FEED(X, 0) CARRIES_FEED(X, 1) CARRIES_FEED(X, 2)
    CARRIES_FEED(Y, 0) CARRIES_FEED(Y, 1) CARRIES_FEED(Y, 2)
    GIVES(0) GIVES(1) GIVES(2)
    :: d_step { !imaged -> copy(X, Y); imaged = true }
    :: d_step { imaged && !restored && !copied -> restore() } /* and no mark told */
    :: d_step { imaged && !restored && !copied && feeds < 3 -> restore(); open[X] = feeds; feeds++ }
    :: d_step { imaged && !copied && !restored -> copied = true; alive[Y] = true }
    LOSES(0) LOSES(1) LOSES(2) LOSES(3) LOSES(4) LOSES(5) LOSES(6) LOSES(7) LOSES(8)
    :: d_step { QUIET -> check_quiet() }
    od
}
