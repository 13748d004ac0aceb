/* core/model/record_impl.h - what the parts of record share. Not for others. */
#ifndef DBK_MODEL_RECORD_IMPL_H
#define DBK_MODEL_RECORD_IMPL_H

#include "core/model/form_impl.h"
#include "core/model/record.h"
#include "core/model/value_impl.h"

/* The values that a condition or a need is judged by: those of a whole record, or of one map. */
typedef struct record_values {
    dbk_span (*get)(void *ctx, const char *field); /* empty: blank */
    void *ctx;
} record_values;
bool dbk_cond_holds(const form_cond *cond, const record_values *values);

/* What is looked for in a set of fields and their values. */
typedef enum record_wants {
    WANT_CONDITIONS = 1, /* need_if and only_if, as faults */
    WANT_NEEDS = 2,      /* need: sign is a fault, warn a warning */
} record_wants;
typedef struct record_need {
    dbk_problems *problems; /* NULL: only whether something lacks, which `lacks` says */
    dbk_rc rc;
    dbk_err *err;
    bool lacks;
} record_need;
/* Parts of the elements of one field: an object, or a list of objects; and roles of people. */
void dbk_need_parts(record_need *n, const dbk_field *field, const form_more *more, dbk_span value,
                    unsigned wants);
/* The whole record, for a stage. */
void dbk_need_record(record_need *n, const dbk_form *form, const record_values *values);
/* Whether only_if or need_if of a top-level field is broken; says so as severity. */
void dbk_need_condition(record_need *n, const dbk_form *form, size_t field,
                        const record_values *values, dbk_severity severity);

/* One field of the record while the inputs are read, one after the other. */
typedef struct record_slot {
    bool touched;
    bool loaded;     /* base, for lists: what stood there before */
    dbk_bytes value; /* what will be shown; for a log: what is added */
    value_items base, add, remove;
    uint64_t count; /* of a counter: what is added */
} record_slot;

typedef struct record_work {
    const dbk_check_opts *opts;
    const dbk_form *form;
    dbk_problems *problems;
    record_slot *slots;
    bool denied;
    dbk_rc rc; /* but for faults: those are counted in problems */
    dbk_err *err;
} record_work;

/* record_field.c: one input into the slot of its field. */
void dbk_work_say(record_work *c, const dbk_field *field, dbk_severity severity, const char *text);
void dbk_work_keep(record_work *c, dbk_rc rc);
record_slot *dbk_work_slot(record_work *c, const dbk_field *field);
dbk_span dbk_work_current(const record_work *c, const dbk_field *field);
/* The value that will be shown after this change; by name, ctx is a record_work. */
dbk_span dbk_work_shows(record_work *c, const dbk_field *field);
dbk_span dbk_work_shown(void *ctx, const char *name);
void dbk_work_set_value(record_work *c, record_slot *s, dbk_span value);
void dbk_work_take(record_work *c, const dbk_field *field, const dbk_input *in);
/* "next_contact.when": one sub-field of an object. */
void dbk_work_take_part(record_work *c, const dbk_field *top, const dbk_field *part,
                        const dbk_input *in);

/* record_write.c: the touched slots as writes. */
DBK_MUST_CHECK dbk_rc dbk_work_write(dbk_change *out, record_work *c);

#endif
