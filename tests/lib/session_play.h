/* tests/lib/session_play.h - a device in front of a relay that is played by the test, step by
 * step. What the session wants is written down; the text is what a test compares. */
#ifndef DBK_TESTS_LIB_SESSION_PLAY_H
#define DBK_TESTS_LIB_SESSION_PLAY_H

#include "sync/engine/session.h"

typedef struct play {
    dbk_session *s;
    dbk_session_action a;
    dbk_trust trust;
    dbk_secret *relay_sk;
    dbk_local local;
    dbk_local_space spaces[3];
    dbk_bytes answer;  /* the body that the last TAKE borrows from */
    dbk_hash heads[3]; /* of each own feed, by what was loaded */
    uint32_t rounds_max;
    char trace[4096];
} play;

/* What the relay holds of one space. */
typedef struct play_there {
    uint64_t size;
    uint64_t own_seq; /* its head of our feed; 0: none */
    dbk_hash root, own_head;
    uint8_t log; /* 0: 0x10 and the space's number */
    bool no_note;
    bool snapshot;      /* stands there */
    uint64_t said_size; /* of headquarters' word; 0: none. Its witness's line is left out: not the
                         * session's to check */
    uint8_t said_other, said_log; /* turned in its root, its log */
} play_there;

dbk_id play_id(uint8_t b);
dbk_hash play_hash(uint8_t b);
/* Spaces a1, a2, .. with nothing in them; a membership chain of 5 entries. */
play *play_new(size_t spaces);
void play_end(play *p);
/* Of space i, in which last own ops stand; their chain begins anew. */
void play_own_notes(play *p, size_t i, uint64_t last, uint64_t receipted);
/* Where the own feed of space i stands at seq; play_load goes on from there. */
dbk_hash play_head_at(play *p, size_t i, uint64_t seq);

/* Events. */
void play_step(play *p, dbk_session_event e);
void play_start(play *p);
void play_answer(play *p, int status); /* with what stands in p->answer */
void play_say(play *p, int status, const char *body);
void play_lose(play *p);
void play_take(play *p, dbk_rc rc, const char *why); /* with p->local */
void play_let_go(play *p, const char *why); /* of a range: a relay has let go of some of it */
void play_timer(play *p);
/* count own segments of one op each, after what the session asked for. */
void play_load(play *p, size_t i, uint32_t count);
void play_load_stray(play *p, size_t i, uint32_t count); /* of somebody else's: one, or none */

/* What the relay says. */
void play_make_note(play *p, dbk_bytes *note, size_t i, const play_there *t);
void play_welcome(play *p, uint64_t members, const play_there *spaces);
void play_results(play *p, size_t i, const char *statuses, uint64_t size); /* digits */
void play_range(play *p, uint64_t from, uint32_t count);

/* Compares the whole trace, and ends the play. */
void play_expect(play *p, const char *trace);

#endif
