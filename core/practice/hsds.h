/* core/practice/hsds.h - services as other directories publish them: Open Referral's HSDS 3.0, as
 * JSON, with what the UK's profile 3.0 adds to it (docs/format/hsds.md says field by field).
 * Knows:  HSDS's names, the form "service". Of a file: one service, an array of them, or a page of
 *         the API ({"contents": [...]}).
 * Never:  guessing. What a file says and the form has no place for is named, not dropped in
 *         silence; what is wrong is named by its path, all at once. A recipient's key is neither
 *         read nor written: who publishes a file would otherwise choose whom referrals are sealed
 *         to. */
#ifndef DBK_PRACTICE_HSDS_H
#define DBK_PRACTICE_HSDS_H

#include "core/journal/query.h"
#include "core/model/problem.h"

struct json_t; /* Jansson */

#define DBK_HSDS_BYTES_MAX (64u << 20)
#define DBK_HSDS_SERVICES_MAX 20000u
#define DBK_HSDS_PARTS_MAX 1000u /* elements of one array inside a service */
#define DBK_HSDS_LEFT_OUT_MAX 200u
#define DBK_HSDS_PATH_SIZE 120u

typedef struct dbk_hsds_service {
    dbk_id id;             /* HSDS's id is the record's: decision 0026 */
    struct json_t *fields; /* field of the form -> JSON as dbk_inputs_from_json takes it */
} dbk_hsds_service;

/* "contents[].funding": how often it stood in the file. Not terminal-safe. */
typedef struct dbk_hsds_left_out {
    char path[DBK_HSDS_PATH_SIZE];
    uint64_t count;
} dbk_hsds_left_out;

typedef struct dbk_hsds {
    dbk_hsds_service *services;
    size_t count;
    dbk_hsds_left_out left_out[DBK_HSDS_LEFT_OUT_MAX]; /* beyond, the last row counts the rest */
    size_t left_out_count;
} dbk_hsds;
/* DBK_FORMAT: no JSON, or not of these shapes. DBK_INVALID: problems says what, by path, and
 * services holds nothing. The caller wipes *out, whatever comes back. */
DBK_MUST_CHECK dbk_rc dbk_hsds_read(dbk_hsds *out, dbk_problems *problems, const dbk_form *form,
                                    dbk_span text, dbk_err *err);
void dbk_hsds_wipe(dbk_hsds *h);

/* One service as an object that HSDS's schema takes, from its fields as JSON; without its place if
 * that is confidential (core/practice/place.h). updated_ms 0: not said. The caller owns *out.
 * DBK_INVALID: it has no name. */
DBK_MUST_CHECK dbk_rc dbk_hsds_write(struct json_t **out, const dbk_form *form, const dbk_id *id,
                                     const struct json_t *fields, uint64_t updated_ms,
                                     dbk_err *err);

/* ---- against what is here -------------------------------------------------------------------- */

typedef enum dbk_hsds_verdict {
    DBK_HSDS_NEW,
    DBK_HSDS_SAME,
    DBK_HSDS_CHANGED,
    DBK_HSDS_WITHDRAWN, /* taken out of use here: it stays so */
    DBK_HSDS_OTHER      /* the id is of a record that is no service: a problem of the file */
} dbk_hsds_verdict;

/* What the file would change. What it doesn't say stays as it is here. */
typedef struct dbk_hsds_change {
    dbk_hsds_verdict verdict;
    dbk_id space;          /* of a record that is here */
    struct json_t *fields; /* only those that differ */
    unsigned kept;         /* answers that are more protective here, and stay */
} dbk_hsds_change;
/* The caller wipes *out, whatever comes back. */
DBK_MUST_CHECK dbk_rc dbk_hsds_compare(dbk_hsds_change *out, dbk_book *book,
                                       const dbk_hsds_service *service, dbk_err *err);
void dbk_hsds_change_wipe(dbk_hsds_change *c);

#endif
