/* core/model/record.h - an officer's input for one record, checked against its form, as the
 * writes that an op will carry. Pure. Reports every problem, not the first. */
#ifndef DBK_MODEL_RECORD_H
#define DBK_MODEL_RECORD_H

#include "core/model/form.h"
#include "core/model/op.h"
#include "core/model/problem.h"

struct json_t; /* Jansson */

typedef enum dbk_input_op {
    DBK_INPUT_SET,   /* FIELD=VALUE: replace; for a set "make it just this"; for a log append */
    DBK_INPUT_ADD,   /* FIELD+=VALUE: an element of a set, an entry of a log, a count */
    DBK_INPUT_REMOVE /* FIELD-=VALUE: an element of a set; FIELD-= blanks a register field */
} dbk_input_op;

/* One typed argument. Exactly one of text and json is used. field is a field's name, or that of a
 * sub-field of an OBJECT ("next_contact.when", SET and blanking only; the rest of the object
 * stays). ADD and REMOVE also work on registers that hold a list. */
typedef struct dbk_input {
    dbk_input_op op;
    const char *field;
    const char *text;          /* FIELD=VALUE, or NULL */
    const struct json_t *json; /* FIELD:=JSON, or NULL */
} dbk_input;

typedef enum dbk_stage {
    DBK_STAGE_DRAFT, /* only values that are wrong in themselves are problems */
    DBK_STAGE_SIGN   /* what is required must be there; what is wanted is warned about */
} dbk_stage;

/* Writes before they have preds: what `op` needs. Owns its memory. */
typedef struct dbk_change {
    dbk_write *writes; /* spans point into buf */
    size_t writes_count;
    dbk_bytes buf;
} dbk_change;
void dbk_change_init(dbk_change *c);
void dbk_change_wipe(dbk_change *c);

/* The displayed value of one field (CBOR) or an empty span when blank: what an edit builds on.
 * For a set: an array of its elements. */
typedef dbk_span (*dbk_current_fn)(void *ctx, const char *field);

/* Turns inputs into writes, one per touched group (a set may give one ADD and one REMOVE).
 * A register group's write holds the whole group: untouched fields come from current.
 * Unknown field names are problems that name the nearest known one. DBK_INVALID if
 * problems->faults > 0, with *out empty; warnings alone are DBK_OK. current may be NULL (a new
 * record); its answer need only last until it is asked again. An input that would change nothing
 * is a problem, so writes_count > 0. Rule "own" is the caller's to enforce. */
typedef struct dbk_check_opts {
    const dbk_form *form;
    dbk_current_fn current;
    void *current_ctx;
    bool is_new;    /* fields that aren't given get the form's defaults */
    bool is_signed; /* only after_sign fields may be touched: else problem rows and DBK_DENIED */
} dbk_check_opts;
DBK_MUST_CHECK dbk_rc dbk_record_check(dbk_change *out, dbk_problems *problems,
                                       const dbk_check_opts *opts, const dbk_input *inputs,
                                       size_t inputs_count, dbk_err *err);
/* What is still missing for the stage, given the displayed values. DBK_INVALID if anything
 * required is. */
DBK_MUST_CHECK dbk_rc dbk_record_check_stage(dbk_problems *problems, const dbk_form *form,
                                             dbk_stage stage, dbk_current_fn current,
                                             void *current_ctx, dbk_err *err);
/* Whether that would say anything before the record is signed, a problem or a warning. */
bool dbk_record_lacks(const dbk_form *form, dbk_current_fn current, void *current_ctx);
/* Whether a person is to be asked for a top-level field, given the displayed values: it is blank
 * and needed or warned about, or it has its place only beside an answer that is there. */
bool dbk_record_wants(const dbk_form *form, const dbk_field *field, dbk_current_fn current,
                      void *current_ctx);
/* The members of a JSON object as inputs (DBK_INPUT_SET, borrowed from it). The caller frees
 * *out with dbk_free(). DBK_FORMAT when it isn't an object. */
DBK_MUST_CHECK dbk_rc dbk_inputs_from_json(dbk_input **out, size_t *out_count,
                                           const struct json_t *object, dbk_err *err);
/* Parses JSON text (any value, no duplicates, at most 256 KiB). The caller frees with
 * dbk_json_free(). DBK_FORMAT names line and column and repeats nothing of the text. Notes pass
 * through Jansson's heap: a program calls json_set_alloc_funcs(dbk_alloc, dbk_free) before its
 * first call of Jansson, so that they are wiped. */
DBK_MUST_CHECK dbk_rc dbk_json_parse(struct json_t **out, dbk_span text, dbk_err *err);
void dbk_json_free(struct json_t *json);

#endif
