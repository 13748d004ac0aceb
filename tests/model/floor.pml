/* The floor: a log of three feeds, three ops each; two replicas of headquarters, an officer's
 * device on duty, and a second one that is enrolled at any time, retired, and comes back. The log
 * below the floor is given up: who needs it begins with the snapshot. Once a builder makes a
 * snapshot that lacks something; once a replica of headquarters is lost and built anew.
 * docs/TESTING.md names the code.
 * All entries are there from the beginning: who pulls one later can't tell it from one that was
 * written later. Whose an entry is makes no difference here.
 *
 * Rules (design.md section 8): headquarters makes a snapshot, a second replica of it must come to
 * the same hash from the ops themselves, and the floor moves only behind what every device that
 * isn't retired has said to hold.
 *
 * Weakened, it breaks:
 *   BUG_CONFIRMS_UNSEEN -> NoAckedLoss
 *   BUG_FLOOR_BY_ONE -> NoAckedLoss
 *   BUG_FLOOR_PAST_UNACKED -> FloorBehindAll
 *   BUG_LATE_ENROLMENT -> FloorBehindAll
 */
#define HQ1 0
#define HQ2 1
#define DUTY 2
#define LATER 3
#define FEEDS 3
#define OPS 3
#define SIZE (FEEDS * OPS)
#define UPTO(count) ((1 << (count)) - 1)
#define NONE 15

byte position[4];     /* of each replica */
short holds[4];       /* a mask of the log's entries */
bool here[4] = { true, true, true, false };
byte shot = NONE;     /* how many entries the newest snapshot stands for */
short shot_holds;     /* and which of them it has */
bool confirmed;
byte base;            /* of the snapshot with which the log begins: the floor */
short base_holds;
bool spoiled, lost;   /* what goes wrong, once each */
bool retired;
bool NoAckedLoss = true, Convergence = true, FloorBehindAll = true;
hidden byte i;

inline check() {
    if
    :: (UPTO(base) & ~base_holds) -> NoAckedLoss = false /* neither in the log nor in its base */
    :: else
    fi;
    i = 0;
    do
    :: i < 4 ->
        if
        :: here[i] && holds[i] != UPTO(position[i]) -> Convergence = false
        :: else
        fi;
        if
        :: here[i] && i >= DUTY && position[i] < base -> FloorBehindAll = false
        :: else
        fi;
        i++
    :: else -> break
    od;
    assert(NoAckedLoss);
    assert(Convergence);
    assert(FloorBehindAll);
    i = 0
}

/* The next entry, or the snapshot where the log begins later. */
inline pull(r) {
    if
    :: position[r] >= base ->
        holds[r] = holds[r] | (1 << position[r]);
        position[r]++
    :: else ->
        holds[r] = holds[r] | base_holds;
        position[r] = base
    fi;
    check()
}

/* A new store: from the snapshot, not from years of ops. */
inline begin(r) {
    here[r] = true;
    position[r] = base;
    holds[r] = base_holds;
    check()
}

inline confirm() {
#ifdef BUG_CONFIRMS_UNSEEN /* the second replica takes the first one's word */
    confirmed = true
#else
    if
    :: shot_holds == (holds[HQ2] & UPTO(shot)) -> confirmed = true
    :: else -> shot = NONE; shot_holds = 0
    fi
#endif
}

#ifdef BUG_FLOOR_BY_ONE /* one replica is enough */
#define SECOND true
#else
#define SECOND confirmed
#endif
#ifdef BUG_FLOOR_PAST_UNACKED /* who is late has to look after itself */
#define ACKED true
#else
#ifdef BUG_LATE_ENROLMENT /* who was enrolled meanwhile isn't asked */
#define ACKED (position[DUTY] >= shot)
#else
#define ACKED (position[DUTY] >= shot && (!here[LATER] || position[LATER] >= shot))
#endif
#endif

#define PULLS(r) :: d_step { here[r] && position[r] < SIZE -> pull(r) }

active proctype world() {
end:
    do
    PULLS(HQ1)
    PULLS(HQ2)
    PULLS(DUTY)
    PULLS(LATER)
    :: d_step { shot == NONE && here[HQ1] && position[HQ1] > base ->
                shot = position[HQ1]; shot_holds = holds[HQ1]; confirmed = false }
    :: d_step { shot != NONE && !spoiled && !confirmed ->
                spoiled = true; shot_holds = shot_holds & ~(1 << (shot - 1)) }
    :: d_step { shot != NONE && !confirmed && here[HQ2] && position[HQ2] >= shot -> confirm() }
    :: d_step { shot != NONE && SECOND && ACKED ->
                base = shot; base_holds = shot_holds; shot = NONE; shot_holds = 0;
                confirmed = false; check() }
    :: d_step { shot != NONE && confirmed && here[LATER] && position[LATER] < shot && !retired ->
                here[LATER] = false; retired = true }
    :: d_step { !here[LATER] && !retired -> begin(LATER) }
    :: d_step { !here[LATER] && retired ->
                here[LATER] = true;
                if
                :: position[LATER] < base -> holds[LATER] = holds[LATER] | base_holds;
                                             position[LATER] = base
                :: else
                fi;
                check() }
    :: d_step { !lost -> lost = true; begin(HQ1) }
    od
}
