/* core/model/form.h - forms are data: JSON -> a checked, immutable form.
 * Knows:  field kinds (one table), code lists, groups and their merge rules, what is required.
 * Never:  records, bytes on the wire, the clock.
 * A form's JSON is described in docs/FORMS.md; core/forms/ holds the shipped ones, compiled in.
 * Unknown keys in a form of a newer version are ignored; unknown kinds or rules are refused. */
#ifndef DBK_MODEL_FORM_H
#define DBK_MODEL_FORM_H

#include <stdbool.h>

#include "core/base/bytes.h"

#define DBK_FORM_JSON_BYTES_MAX (256u * 1024u)
#define DBK_FORM_FIELDS_MAX 128u
#define DBK_NAME_BYTES_MAX 48u /* form, group, field and code names: [a-z][a-z0-9_]* */

/* design.md section 10. A new kind is one row here and one row of checks in value.c. */
#define DBK_FIELD_KIND_TABLE(X)                                                            \
    X(TEXT, "text")         /* one line */                                                 \
    X(LONGTEXT, "longtext") /* lines */                                                    \
    X(CODE, "code")         /* one of a list; unknown codes are carried, with a warning */ \
    X(CODES, "codes")       /* several of a list */                                        \
    X(BOOL3, "bool3")       /* yes, no, not_known */                                       \
    X(DATE, "date")                                                                        \
    X(DATETIME, "datetime") /* RFC 3339 with offset */                                     \
    X(NUMBER, "number")     /* whole, with min and max */                                  \
    X(REF, "ref")           /* a record id */                                              \
    X(REFS, "refs")                                                                        \
    X(PRESENT, "present") /* who was there: array of { name and/or person, role } */       \
    X(PHONE, "phone")                                                                      \
    X(EMAIL, "email")                                                                      \
    X(ADDRESS, "address")                                                                  \
    X(LIST, "list")     /* of texts, or of objects with the field's sub-fields */          \
    X(OBJECT, "object") /* sub-fields */
#define DBK_FIELD_KIND_ENUM(name, text) DBK_FIELD_##name,
typedef enum dbk_field_kind {
    DBK_FIELD_KIND_TABLE(DBK_FIELD_KIND_ENUM) DBK_FIELD_KINDS
} dbk_field_kind;
#undef DBK_FIELD_KIND_ENUM

/* How a group of fields merges (design.md section 5). ASK..ONCE are registers. */
#define DBK_RULE_TABLE(X)                            \
    X(ASK, "ask")                                    \
    X(CAUTIOUS, "cautious")                          \
    X(HQ, "hq")                                      \
    X(LATEST, "latest")                              \
    X(ONCE, "once")                                  \
    X(SET, "set")     /* add-wins set of elements */ \
    X(LOG, "log")     /* append-only entries */      \
    X(COUNT, "count") /* grows per device */
#define DBK_RULE_ENUM(name, text) DBK_RULE_##name,
typedef enum dbk_rule { DBK_RULE_TABLE(DBK_RULE_ENUM) DBK_RULES } dbk_rule;
#undef DBK_RULE_ENUM
const char *dbk_rule_name(dbk_rule rule);
static inline bool dbk_rule_is_register(dbk_rule rule)
{
    return rule <= DBK_RULE_ONCE;
}

typedef enum dbk_need {
    DBK_NEED_OPTIONAL,
    DBK_NEED_WARN, /* "w": warned if absent */
    DBK_NEED_SIGN  /* "r": required to sign; a draft is always savable */
} dbk_need;

typedef struct dbk_code {
    const char *name;
    const char *label;
    int rank;                 /* for cautious groups: higher is more protective */
    const char *from, *until; /* dates or NULL: codes are dated data */
} dbk_code;

typedef struct dbk_field dbk_field;
struct dbk_field {
    const char *name;
    const char *label; /* the officer's words: used in every message */
    const char *help;  /* or NULL */
    dbk_field_kind kind;
    dbk_need need;
    const dbk_code *codes; /* CODE, CODES; and roles of PRESENT */
    size_t codes_count;
    const dbk_field *fields; /* sub-fields of OBJECT and LIST */
    size_t fields_count;
    const char *ref_form; /* REF, REFS: the form wanted, or NULL for any */
    int64_t min, max;     /* NUMBER */
    size_t len_max;       /* text kinds: in code points */
    bool sensitive;       /* DPA 2018 s35(8): health, ethnicity, religion, sex life */
    bool after_sign;      /* may still be written on a signed record (supervision, HQ flags) */
    bool route;           /* a way to reach the person, under the safe-contact rule */
    size_t group;         /* index into the form's groups (top-level fields only) */
};

typedef struct dbk_group {
    const char *name;
    const char *label;
    dbk_rule rule;
    bool own;                /* only the author may write it */
    const char *lower_needs; /* CAUTIOUS: NULL or "reason" */
} dbk_group;

typedef struct dbk_form dbk_form; /* opaque, immutable */

/* The caller owns *out: dbk_form_free(). DBK_FORMAT names the line or the key at fault. */
DBK_MUST_CHECK dbk_rc dbk_form_parse(dbk_form **out, dbk_span json, dbk_err *err);
void dbk_form_free(dbk_form *form);

const char *dbk_form_name(const dbk_form *form);
uint32_t dbk_form_version(const dbk_form *form);
const char *dbk_form_title(const dbk_form *form);
const char *dbk_form_help(const dbk_form *form); /* or NULL */
bool dbk_form_signs(const dbk_form *form); /* a record of it can be signed, then is immutable */
size_t dbk_form_fields(const dbk_form *form, const dbk_field **out);
size_t dbk_form_groups(const dbk_form *form, const dbk_group **out);
const dbk_field *dbk_form_field(const dbk_form *form, const char *name); /* NULL: not there */
const dbk_group *dbk_form_group(const dbk_form *form, dbk_span name);    /* NULL: not there */
/* "next_contact.when" as well as "next_contact": a sub-field of an OBJECT and, in *top, the field
 * that it belongs to; for a plain name both are the field. NULL: not there. */
const dbk_field *dbk_form_part(const dbk_form *form, const char *path, const dbk_field **top);
/* Fields whose displayed values, joined, are the one-line summary of a record in lists. */
size_t dbk_form_summary(const dbk_form *form, const dbk_field *const **out);
/* The field that dates a record ("happened_at" for most), or NULL. */
const dbk_field *dbk_form_when(const dbk_form *form);
/* Was an entry written long after what it is about (FL-11)? Of forms that are signed and dated to
 * the minute. when_ms: what it says; begun_ms: when its first words were saved, by its device's
 * clock. */
#define DBK_FORM_LATE_MS (24 * 60 * 60 * 1000LL)
bool dbk_form_is_late(const dbk_form *form, int64_t when_ms, uint64_t begun_ms);
const char *dbk_field_kind_name(dbk_field_kind kind);

/* The protective rank of a register's value (a CBOR map of field -> value) under a CAUTIOUS
 * group: the sum is not meant; it is the highest rank of any answer in it. Unknown codes and
 * not_known rank above every known one but the highest ("cautious when in doubt"); of dates and
 * numbers, whatever has no place in their order ranks below those that have one. */
int64_t dbk_form_rank(const dbk_form *form, const dbk_group *group, dbk_span value);

/* A set of forms by name and version; finds the newest, or the one a draft is pinned to. */
typedef struct dbk_forms dbk_forms;
DBK_MUST_CHECK dbk_rc dbk_forms_new(dbk_forms **out, dbk_err *err); /* holds the shipped forms */
/* The same, borrowed from such a set, which must outlive this one: for who needs many. */
DBK_MUST_CHECK dbk_rc dbk_forms_over(dbk_forms **out, const dbk_forms *shipped, dbk_err *err);
/* Parses and adds; a form of the same name and version must be byte-equal (DBK_CONFLICT). */
DBK_MUST_CHECK dbk_rc dbk_forms_add(dbk_forms *forms, dbk_span json, dbk_err *err);
/* A text of a pack that a force has signed (core/crypto/form_pack.h). Its versions begin where
 * those of the program end, so that no later program ships another text under the same name and
 * version. AS_NEW: it is to be taken. DBK_INVALID: a version of the program's range; DBK_DENIED: a
 * form that the program alone writes, or it would protect less than a version that is there
 * (core/model/form_keep.h); else as above.
 * AS_HELD: it was taken once, and records may be of it. If a program has come since whose version
 * protects more, it is kept for those and is the newest no longer. */
#define DBK_FORM_PACK_VERSION_MIN 1000u
typedef enum dbk_forms_how { DBK_FORMS_AS_NEW, DBK_FORMS_AS_HELD } dbk_forms_how;
typedef struct dbk_forms_text {
    dbk_span json;
    uint64_t pack; /* of which pack; not 0 */
    dbk_forms_how how;
} dbk_forms_text;
DBK_MUST_CHECK dbk_rc dbk_forms_add_pack(dbk_forms *forms, const dbk_forms_text *text,
                                         dbk_err *err);
/* Takes out what came with this pack first: only before anybody was handed one of them. */
void dbk_forms_drop_pack(dbk_forms *forms, uint64_t pack);
/* With which pack a form came; 0: it is shipped. */
uint64_t dbk_forms_pack_at(const dbk_forms *forms, size_t i);
void dbk_forms_free(dbk_forms *forms);
size_t dbk_forms_count(const dbk_forms *forms);
const dbk_form *dbk_forms_at(const dbk_forms *forms, size_t i); /* by name, then version */
/* version 0: the newest that is to be used. NULL: unknown. Borrowed until the set is freed. */
const dbk_form *dbk_forms_find(const dbk_forms *forms, dbk_span name, uint32_t version);

#endif
