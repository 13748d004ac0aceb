/* tests/evilrelay/evil.h - the real client against a relay that follows the protocol except for one
 * scripted mutation (security.md section 2, A12-A19).
 * One world is prepared: a relay, an organisation, devices with notes. A child of it does what
 * comes before the lies of one workflow and seed. Each run is a child of that one: it lies to one
 * device while that does its work, then the honest relay answers again, and the pass rules are
 * judged. So a run costs neither enrolment nor preparation, a crash of the client is a failed run
 * and nothing else, and every run begins from the same bytes. A parent puts the files back
 * afterwards. The harness holds the relay's signing key: its lies about the log are properly
 * signed. */
#ifndef DBK_TESTS_EVILRELAY_EVIL_H
#define DBK_TESTS_EVILRELAY_EVIL_H

#include "tests/lib/minilog.h"
#include "tests/lib/syncworld.h"

#define EVIL_CANARY "zzcanaryzz" /* in every note: must never be seen on the wire (rule a) */
#define EVIL_SPACES_MAX 3u
#define EVIL_WHY_MAX 400u

/* What a device hears of the relay: where a mutation can be. */
enum {
    CALL_HELLO = 1,     /* POST /v1/hello */
    CALL_MEMBERS = 2,   /* GET /v1/members with something in it */
    CALL_RANGE = 4,     /* GET segments with something of others in it */
    CALL_RESULTS = 8,   /* the answer to a push of its own */
    CALL_REQUESTS = 16, /* GET /v1/join */
    CALL_POSTED = 32,   /* the answers to POST /v1/org, /v1/members */
    CALL_MAIL = 64,     /* the answers to PUT and POST /v1/join/{i} */
    CALL_CARRY = 128,   /* a folder's files */
    CALL_ANY = 127      /* any answer of the relay */
};

typedef enum evil_end {
    END_ALARM, /* the call in which it was done fails; then all is whole again */
    END_SAFE,  /* nothing is there to be told: the call succeeds, and nothing comes of it */
    END_MENDS, /* told or mended at once, whichever; then all is whole again */
    END_VIEWS  /* may pass until views meet: then it is told, or all is whole again */
} evil_end;

/* What an officer is told. Each is known by words of its own, which no other has, so that a lie
 * that is told as another one is seen (rule d). */
enum {
    TOLD_SIGNATURE = 1u << 0,    /* its author didn't sign it */
    TOLD_BODY = 1u << 1,         /* its author signed another body, or there is none */
    TOLD_MALFORMED = 1u << 2,    /* no such message can be */
    TOLD_NEWER = 1u << 3,        /* of a newer version */
    TOLD_STRANGER = 1u << 4,     /* who is no member of the space wrote it */
    TOLD_ORDER = 1u << 5,        /* its author wrote something else before it */
    TOLD_SPACE = 1u << 6,        /* it belongs elsewhere */
    TOLD_TWICE = 1u << 7,        /* it stands there already */
    TOLD_UNSIGNED = 1u << 8,     /* no administrator made this entry of the chain */
    TOLD_NO_ENTRY = 1u << 9,     /* no entry of a chain can be so */
    TOLD_FOREIGN = 1u << 10,     /* an entry of another organisation's chain */
    TOLD_CHAIN = 1u << 11,       /* the chain is another one than here */
    TOLD_CHAIN_BACK = 1u << 12,  /* the chain is shorter than here */
    TOLD_CHAIN_LACKS = 1u << 13, /* fewer entries than were announced */
    TOLD_TWO_LOGS = 1u << 14,    /* a split view: the relay signed two logs */
    TOLD_ROLLED_BACK = 1u << 15, /* the log is shorter, or another, than was signed for */
    TOLD_UNPROVED = 1u << 16,    /* the entries aren't those of the checkpoint */
    TOLD_KEPT_BACK = 1u << 17,   /* less than is signed for, by the relay or by headquarters */
    TOLD_CHECKPOINT = 1u << 18,  /* the relay didn't sign this, of this log, of this size */
    TOLD_WORD = 1u << 19,        /* headquarters didn't say this */
    TOLD_OWN = 1u << 20,         /* own notes that were never written */
    TOLD_RECEIPT = 1u << 21,     /* no receipt of the relay for this */
    TOLD_PLACE = 1u << 22,       /* another place, time or note than the receipt says */
    TOLD_LOST = 1u << 23,        /* notes that it had a receipt for are gone */
    TOLD_NO_SPACE = 1u << 24,    /* a space that the chain has isn't there */
    TOLD_RESTORED = 1u << 25,    /* the relay says itself that it lost something */
    TOLD_RANGE = 1u << 26,       /* not what was asked for */
    TOLD_NO_RELAY = 1u << 27,    /* this isn't how a relay speaks */
    TOLD_TOO_LONG = 1u << 28,    /* more than it may be */
    TOLD_REFUSED = 1u << 29,     /* not allowed */
    TOLD_NO_ORDER = 1u << 30     /* something is left out, and the chain doesn't order that */
};
typedef struct evil_alarm {
    unsigned told;
    const char *name, *words; /* one of these, parted by '|' */
    dbk_rc rc;                /* over the relay; of what is carried the code is of the bytes */
} evil_alarm;
extern const evil_alarm evil_alarms[];
extern const size_t evil_alarms_count;
/* 0, if the words are nobody's or those of two. */
unsigned evil_alarm_of(dbk_rc rc, const char *text, bool carried);
/* Are M01..M56 in the table, each by itself or with letters a, b, c ...? Says which aren't. */
bool evil_table_is_whole(void);

/* Which segment of others an item mutation is done to. */
typedef enum evil_pick { PICK_ANY, PICK_TIP, PICK_EARLIER } evil_pick; /* in its feed */

struct evil;
/* One of these per mutation; each says whether it has changed anything. */
typedef bool (*evil_item_fn)(struct evil *e, uint8_t header[DBK_SEGMENT_HEADER_BYTES],
                             dbk_bytes *body);
typedef bool (*evil_log_fn)(struct evil *e, minilog *log, uint64_t from);
typedef bool (*evil_hello_fn)(struct evil *e, dbk_welcome *w, dbk_welcome_space *spaces);
typedef bool (*evil_entry_fn)(struct evil *e, dbk_bytes *entry); /* one more than there is */
typedef bool (*evil_bytes_fn)(struct evil *e, dbk_relay_answer *answer);
typedef struct evil_mutation {
    const char *id, *sentence;
    unsigned calls;
    evil_end end;
    unsigned told; /* the alarms that tell of it; any other is a wrong one */
    evil_item_fn item;
    evil_log_fn log;
    evil_hello_fn hello;
    evil_entry_fn entry;
    evil_bytes_fn bytes;
    const char *never; /* why no relay can do it to this version; then the rest is empty */
    evil_pick pick;
    bool with_words; /* headquarters' words stay in the welcome: else the relay hides them */
} evil_mutation;
extern const evil_mutation evil_mutations[];
extern const size_t evil_mutations_count;

typedef struct evil_workflow {
    const char *name;
    unsigned calls;                  /* those that `act` makes for the device that is lied to */
    void (*prepare)(struct evil *e); /* honestly */
    void (*act)(struct evil *e);     /* with the mutation */
} evil_workflow;
extern const evil_workflow evil_workflows[];
extern const size_t evil_workflows_count;

typedef struct evil {
    syncworld world, young;
    sync_device hq, asha, ben, auditor, mallory, fresh, founder;
    sync_device *victim;
    dbk_id space, other, later; /* later: only where a workflow makes it */
    dbk_secret *relay_sk;
    dbk_log log; /* the honest relay's rows, read past it */
    char folder[DBK_TEST_PATH_SIZE];
    dbk_id record;
    dbk_bytes invite;

    const evil_mutation *mutation; /* NULL: honest */
    uint64_t rng;
    bool armed, with_holes; /* the last lie is about a log of which the relay has let go of some */
    unsigned fired, told;   /* how often it was done; alarms heard */
    unsigned alarms;        /* which */
    uint64_t pick[EVIL_SPACES_MAX];
    bool picked[EVIL_SPACES_MAX];
    uint64_t sent_bytes, calls; /* of the victim, for M09 */
    uint64_t transcript;        /* of what the victim sent: method, path, length */
    bool joined, founded;
    char why[EVIL_WHY_MAX]; /* the first rule that was broken; "": none */
} evil;

/* world.c */
void evil_open(evil *e);
void evil_close(evil *e);
uint64_t evil_random(evil *e, uint64_t below);
void evil_blame(evil *e, const char *rule, const char *fmt, ...) DBK_PRINTF(3, 4);
dbk_id evil_write(evil *e, sync_device *d, const dbk_id *space);
void evil_batch(evil *e, sync_device *d, const dbk_id *space, unsigned count);
/* A call of the device that is lied to: judged by the mutation's row. */
void evil_judge(evil *e, dbk_rc rc, const dbk_err *err, unsigned fired_before, const char *what);
void evil_sync(evil *e, sync_device *d);
/* The honest relay again: rules b, c, d, e. */
void evil_settle(evil *e);

/* lie.c: what the relay answers while the mutation is armed. */
void evil_meddle(void *ctx, sync_device *d, const dbk_exchange *req, dbk_relay_answer *answer);
void evil_spoil_folder(evil *e);

/* run.c */
#define EVIL_SERIES_MAX 256u
typedef struct evil_start { /* several runs begin from the same bytes */
    const evil_workflow *workflow;
    uint64_t seed;
    bool with_words; /* headquarters has vouched for all that there is */
} evil_start;
typedef struct evil_verdict {
    const evil_mutation *mutation; /* by the caller; NULL: honest */
    unsigned fired, told, alarms;
    bool passed, crashed;
    int status; /* the process's, as waitpid has it */
    long rss_kib;
    uint64_t transcript, sent_bytes, calls;
    char why[EVIL_WHY_MAX];
} evil_verdict;
/* One run for each verdict's mutation. */
void evil_series(evil *e, const evil_start *start, evil_verdict *verdicts, size_t count);
void evil_snapshot(evil *e);
/* Does the workflow make a call that the mutation changes? */
bool evil_applies(const evil_mutation *m, const evil_workflow *w);

#endif
