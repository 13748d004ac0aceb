/* core/model/form_impl.h - what form.c and its parts share with record. Not for others. */
#ifndef DBK_MODEL_FORM_IMPL_H
#define DBK_MODEL_FORM_IMPL_H

#include <jansson.h>

#include "core/model/form.h"

#define FORM_PART_FIELDS_MAX 64u /* sub-fields of one field */
#define FORM_CODES_MAX 1024u     /* of one list */
#define FORM_LABEL_MAX 120u      /* code points */
#define FORM_HELP_MAX 600u

/* One line of a condition: a sibling field, and the answers that make it true. */
typedef struct form_test {
    const char *field;
    const char *const *codes;
    size_t codes_count; /* 0: any answer but blank and not_known */
} form_test;
/* True if every test is. No tests: there is no condition. */
typedef struct form_cond {
    const form_test *tests;
    size_t count;
} form_cond;

/* What protects more. */
typedef enum form_order {
    FORM_ORDER_NONE,
    FORM_ORDER_CODES,   /* as their ranks say */
    FORM_ORDER_LOWEST,  /* of numbers; of dates the earliest */
    FORM_ORDER_HIGHEST, /* of numbers; of dates the latest */
} form_order;

/* What only the checks need to know of a field; beside form->fields, by the same index. */
typedef struct form_more form_more;
struct form_more {
    form_cond need_if, only_if;
    const char *need_or;              /* a sibling that may be answered instead, or NULL */
    dbk_span preset;                  /* CBOR of the default for a new record, or empty */
    form_order order;                 /* of protection */
    int rank_unknown, rank_not_known; /* FORM_ORDER_CODES; known codes hold theirs */
    const form_more *parts;           /* of the sub-fields */
    const dbk_field *next;            /* of the same group, in the order of CBOR keys; or NULL */
};

/* Ranks: nothing recorded < anything recorded < the answers of an order, least protective first. */
#define FORM_RANK_BLANK 0
#define FORM_RANK_ANY 1

typedef struct form_block form_block;

struct dbk_form {
    form_block *blocks; /* every allocation below hangs here */
    const char *name, *title, *help;
    uint32_t version;
    bool signs;
    dbk_field *fields;
    form_more *more;
    size_t fields_count;
    dbk_group *groups;
    const dbk_field **firsts; /* of each group, the first field in the order of CBOR keys */
    size_t groups_count;
    const dbk_field **summary;
    size_t summary_count;
    const dbk_field *when;
};

/* Zeroed memory that lives as long as the form; NULL when memory is short. */
void *dbk_form_take(dbk_form *form, size_t count, size_t item_size);
const form_more *dbk_form_more(const dbk_form *form, const dbk_field *field); /* top-level only */

/* Reads a form's JSON. The first failure sticks and names its place; getters then give nothing. */
typedef struct form_reader {
    dbk_form *form;
    const json_t *lists; /* the form's own code lists, or NULL */
    json_t **shared;     /* what forms include, by file, read when first asked for; the caller's */
    json_t *groups;      /* the form's own and those of what it includes; owned */
    dbk_rc rc;
    dbk_err *err;
    char place[2 * DBK_NAME_BYTES_MAX + 32];
} form_reader;
void dbk_form_fail(form_reader *r, const char *fmt, ...) DBK_PRINTF(2, 3);
void dbk_form_at(form_reader *r, const char *fmt, ...) DBK_PRINTF(2, 3);
/* NULL when the key is absent (or has the wrong type, which fails). */
const json_t *dbk_form_get(form_reader *r, const json_t *from, const char *key, json_type type);
bool dbk_form_get_bool(form_reader *r, const json_t *from, const char *key);
/* A copy. Need: absent is a failure. */
typedef enum form_need { FORM_MAY, FORM_MUST } form_need;
const char *dbk_form_get_text(form_reader *r, const json_t *from, const char *key, size_t len_max,
                              form_need need);
const char *dbk_form_get_name(form_reader *r, const json_t *from, const char *key, form_need need);
int64_t dbk_form_get_int(form_reader *r, const json_t *from, const char *key, int64_t otherwise);
const char *dbk_form_copy(form_reader *r, const char *text);
bool dbk_form_name_valid(const char *name);

/* One field and its sub-fields; conditions are read when all siblings are known. */
void dbk_form_read_field(form_reader *r, dbk_field *field, form_more *more, const json_t *from);
void dbk_form_read_codes(form_reader *r, dbk_field *field, const json_t *from);
/* The order of a field's codes, "protect". */
void dbk_form_read_order(form_reader *r, dbk_field *field, form_more *more, const json_t *from);
typedef struct form_siblings {
    const dbk_field *fields;
    size_t count;
} form_siblings;
void dbk_form_read_conditions(form_reader *r, form_more *more, const json_t *from,
                              form_siblings siblings);

/* dbk_form_parse() that keeps what forms share in *shared (NULL at first) for the next one. */
DBK_MUST_CHECK dbk_rc dbk_form_parse_with(dbk_form **out, dbk_span json, json_t **shared,
                                          dbk_err *err);
/* A file of core/forms, kept in *r->shared. NULL: there is none, or the reading has failed. */
const json_t *dbk_form_part_json(form_reader *r, const char *file);

#endif
