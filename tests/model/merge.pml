/* Merging: three replicas write to one register of one record, three times each, and hear of each
 * other in any order: by the relay, by a folder, by whoever was met on the way. Feed 2 is
 * headquarters', which alone resolves. docs/TESTING.md names the code behind each part.
 *
 * Rules (core/model/state.h, view.h): an ordinary edit names in its pred the value that was shown
 * and its author's own; a resolve names all that stand; a name that comes before its op waits.
 *
 * First the nine ops are written, each by a replica that has heard any part of what there is by
 * then. Then a reader hears them in any order of the feeds, and may be rebuilt from a snapshot on
 * the way. What a replica holds is compared with its definition after each step, so two that have
 * heard the same hold the same, whatever the order was.
 * Sets of ops are masks: bit OPS * feed + seq.
 *
 * Weakened, it breaks:
 *   BUG_NEWEST_WINS -> NoSilentOverwrite
 *   BUG_EDIT_NAMES_ALL -> NoSilentOverwrite
 *   BUG_RESOLVE_TAKES_ALL -> NoSilentOverwrite
 *   BUG_FORGETS_EARLY_NAME -> Convergence
 *   BUG_SNAPSHOT_WITHOUT_WAITS -> Convergence
 *   BUG_OWN_NOT_NAMED -> SiblingsAtMostAuthors
 */
#define FEEDS 3
#define OPS 3
#define HQ 2
#define READER 0 /* takes the first replica's place when all is written */
#define ALL 511
#define OWN(feed) (7 << ((feed) * OPS))
#define UPTO(r, feed) (((1 << vector[(r) * FEEDS + (feed)]) - 1) << ((feed) * OPS))
#define APPLIED(r) (UPTO(r, 0) | UPTO(r, 1) | UPTO(r, 2))
#define SIZE(m) (((m) & 1) + ((m) >> 1 & 1) + ((m) >> 2 & 1) + ((m) >> 3 & 1) + ((m) >> 4 & 1) + \
                 ((m) >> 5 & 1) + ((m) >> 6 & 1) + ((m) >> 7 & 1) + ((m) >> 8 & 1))

byte written[FEEDS];       /* how many ops each feed has */
short pred[9];             /* of each op: what it names */
byte vector[9];            /* vector[FEEDS * replica + feed]: ops applied there */
short values[FEEDS];       /* what stands, for each replica */
short waits[FEEDS];        /* named, and not here yet */
bool reading; /* all is written, and was read */
bool NoSilentOverwrite = true, Convergence = true, SiblingsAtMostAuthors = true;
hidden short named, o, shown; /* scratch of one step: no part of the state */
hidden byte i, next;
hidden short goal;
hidden byte r, choice, mode;  /* what one step does; set outside of it only */

/* What a replica holds follows from which ops it has applied, and from nothing else. */
inline check(at) {
    named = 0;
    i = 0;
    do
    :: i < 9 ->
        if
        :: APPLIED(at) & (1 << i) -> named = named | pred[i]
        :: else
        fi;
        i++
    :: else -> break
    od;
    if
    :: APPLIED(at) & ~named & ~values[at] -> NoSilentOverwrite = false
    :: else
    fi;
    if
    :: values[at] & (named | ~APPLIED(at)) || waits[at] != (named & ~APPLIED(at)) ->
        Convergence = false
    :: else
    fi;
    if
    :: APPLIED(at) == ALL && SIZE(values[at]) > FEEDS -> SiblingsAtMostAuthors = false
    :: else
    fi;
    assert(NoSilentOverwrite);
    assert(Convergence);
    assert(SiblingsAtMostAuthors);
    named = 0;
    i = 0
}

/* The next op of a feed comes to a replica. */
inline apply(at, feed) {
    o = feed * OPS + vector[at * FEEDS + feed];
#ifdef BUG_NEWEST_WINS /* the register keeps one value */
    values[at] = 0;
#endif
#ifdef BUG_RESOLVE_TAKES_ALL /* a resolve clears what stands where it comes, not what it names */
    if
    :: feed == HQ && SIZE(pred[o]) > 1 -> values[at] = 0
    :: else
    fi;
#endif
    values[at] = values[at] & ~pred[o];
#ifndef BUG_FORGETS_EARLY_NAME
    waits[at] = waits[at] | (pred[o] & ~APPLIED(at) & ~OWN(feed));
#endif
    vector[at * FEEDS + feed]++;
    if
    :: waits[at] & (1 << o) -> waits[at] = waits[at] & ~(1 << o)
    :: else -> values[at] = values[at] | (1 << o)
    fi;
    o = 0;
    check(at)
}

inline hear(feed, upto) {
    goal = upto;
    do
    :: feed != r && vector[r * FEEDS + feed] < goal && vector[r * FEEDS + feed] < written[feed] ->
        apply(r, feed)
    :: else -> break
    od;
    goal = 0
}

/* The value that a person sees: the first of those that stand, or the last. Which one the clocks
 * choose is nothing that the merge may depend on. */
inline look() {
    i = 0;
    do
    :: i < 9 ->
        if
        :: (values[r] & (1 << i)) && (shown == 0 || mode == 1) -> shown = 1 << i
        :: else
        fi;
        i++
    :: else -> break
    od;
    i = 0
}

/* Saved: applied at home in the same transaction. */
inline save() {
    look();
#ifndef BUG_OWN_NOT_NAMED /* an author's earlier values stay beside the later one */
    shown = shown | OWN(r);
#endif
#ifdef BUG_EDIT_NAMES_ALL /* an edit overwrites what its author was never shown */
    shown = ALL;
#endif
    if
    :: mode == 2 -> shown = ALL /* a resolve */
    :: else
    fi;
    shown = shown & values[r];
    if
    :: mode < 2 && SIZE(shown & ~OWN(r)) > 1 -> NoSilentOverwrite = false
    :: else
    fi;
    pred[r * OPS + written[r]] = shown;
    written[r]++;
    shown = 0;
    apply(r, r)
}

inline forget(at) {
    vector[at * FEEDS] = 0;
    vector[at * FEEDS + 1] = 0;
    vector[at * FEEDS + 2] = 0;
    values[at] = 0;
    waits[at] = 0
}

/* The choice says how much of the two other feeds is heard first: 0 to 3 each. */
inline write() {
    next = (r + 1) % 3;
    hear(next, choice & 3);
    next = (r + 2) % 3;
    hear(next, choice >> 2);
    next = 0;
    save();
    if
    :: written[r] == OPS -> forget(r) /* it writes no more: nothing depends on it */
    :: else
    fi
}


/* What a replica holds by definition that has applied what its vector says. */
inline define(at) {
    named = 0;
    i = 0;
    do
    :: i < 9 ->
        if
        :: APPLIED(at) & (1 << i) -> named = named | pred[i]
        :: else
        fi;
        i++
    :: else -> break
    od;
    values[at] = APPLIED(at) & ~named;
    waits[at] = named & ~APPLIED(at);
#ifdef BUG_SNAPSHOT_WITHOUT_WAITS /* it is rebuilt from values and vector alone */
    waits[at] = 0;
#endif
    named = 0;
    i = 0
}

/* All is written. A reader who has heard any part of it, in whatever order (or was rebuilt there
 * from a snapshot), hears one op more: every order is a chain of such steps, so none is left out. */
inline read() {
    goal = 0;
    do
    :: goal < 64 * FEEDS ->
        vector[READER * FEEDS] = goal & 3;
        vector[READER * FEEDS + 1] = goal >> 2 & 3;
        vector[READER * FEEDS + 2] = goal >> 4 & 3;
        next = goal >> 6;
        if
        :: vector[READER * FEEDS + next] < OPS ->
            define(READER);
            apply(READER, next)
        :: else
        fi;
        goal++
    :: else -> break
    od;
    goal = 0;
    next = 0;
    forget(READER);
    reading = true
}

active proctype world() {
end:
    do
    :: atomic {
        written[0] + written[1] + written[2] < 9 && !reading ->
        if
        :: written[0] < OPS -> r = 0
        :: written[1] < OPS -> r = 1
        :: written[2] < OPS -> r = 2
        fi;
        if
        :: choice = 0 :: choice = 1 :: choice = 2 :: choice = 3
        :: choice = 4 :: choice = 5 :: choice = 6 :: choice = 7
        :: choice = 8 :: choice = 9 :: choice = 10 :: choice = 11
        :: choice = 12 :: choice = 13 :: choice = 14 :: choice = 15
        fi;
        if
        :: r != HQ -> mode = 0
        :: r != HQ -> mode = 1
        :: r == HQ -> mode = 2
        fi;
        d_step { write() }
       }
    :: d_step { written[0] + written[1] + written[2] == 9 && !reading -> read() }
    od
}
