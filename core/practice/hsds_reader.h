/* core/practice/hsds_reader.h - inside hsds_*.c: one file being read. */
#ifndef DBK_PRACTICE_HSDS_READER_H
#define DBK_PRACTICE_HSDS_READER_H

#include "core/practice/hsds.h"

typedef struct dbk_hsds_reader {
    dbk_hsds *out;
    dbk_problems *problems;
    const dbk_form *form;
    const char *root; /* "contents", or "" */
    bool many;
    size_t index;
    struct json_t *fields; /* of the service that is being read */
    dbk_err *err;
} dbk_hsds_reader;

/* A part is "phones[2].number": where in the service something stands. */
dbk_rc dbk_hsds_wrong(dbk_hsds_reader *r, const char *part, const char *text);
void dbk_hsds_leave_out(dbk_hsds_reader *r, const char *part);
/* "attributes[].taxonomy_term: NAME" */
void dbk_hsds_leave_named(dbk_hsds_reader *r, const char *part, const char *name);
/* Keys of a part of a service that nothing was made of. Ids of parts, and of what they belong to,
 * are structure: they are made anew when the service is written. */
void dbk_hsds_leave_others(dbk_hsds_reader *r, const char *part, const struct json_t *object,
                           const char *const *known);
dbk_rc dbk_hsds_no_memory(dbk_hsds_reader *r);

/* Takes value. The form judges it; what it finds is said under the path of the file. */
dbk_rc dbk_hsds_put(dbk_hsds_reader *r, const char *part, const char *name, struct json_t *value);
/* Of texts; an empty one says nothing. */
dbk_rc dbk_hsds_put_text(dbk_hsds_reader *r, const char *part, const char *name,
                         const struct json_t *value);

typedef dbk_rc (*dbk_hsds_element_fn)(dbk_hsds_reader *r, const char *part,
                                      const struct json_t *element, void *ctx);
dbk_rc dbk_hsds_each(dbk_hsds_reader *r, const char *key, const struct json_t *array,
                     dbk_hsds_element_fn fn, void *ctx);

/* One key of a service each. */
dbk_rc dbk_hsds_take_phones(dbk_hsds_reader *r, const char *key, const struct json_t *value);
dbk_rc dbk_hsds_take_contacts(dbk_hsds_reader *r, const char *key, const struct json_t *value);
dbk_rc dbk_hsds_take_languages(dbk_hsds_reader *r, const char *key, const struct json_t *value);
dbk_rc dbk_hsds_take_schedules(dbk_hsds_reader *r, const char *key, const struct json_t *value);
dbk_rc dbk_hsds_take_areas(dbk_hsds_reader *r, const char *key, const struct json_t *value);
dbk_rc dbk_hsds_take_attributes(dbk_hsds_reader *r, const char *key, const struct json_t *value);
dbk_rc dbk_hsds_take_locations(dbk_hsds_reader *r, const char *key, const struct json_t *value);

#endif
