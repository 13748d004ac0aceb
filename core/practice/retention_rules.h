/* core/practice/retention_rules.h - the review groups as the table has them
 * (core/practice/retention.json), and years counted on the calendar. Never: records. */
#ifndef DBK_PRACTICE_RETENTION_RULES_H
#define DBK_PRACTICE_RETENTION_RULES_H

#include "core/base/bytes.h"

/* Of a group, on one day. 0: that isn't what the group goes by. */
typedef struct dbk_retention_rule {
    const char *group; /* a code of mopi_group; NULL: of what nobody has graded */
    const char *from, *until;
    int review_years; /* from one review to the next */
    int clear_years;  /* without anything relevant */
    int to_age;       /* of the person */
} dbk_retention_rule;

typedef struct dbk_retention_rules {
    struct json_t *json; /* what the texts are borrowed from */
    dbk_retention_rule *rows;
    size_t count;
} dbk_retention_rules;
/* json empty: the shipped ones. DBK_FORMAT: no such table. The caller wipes it, whatever comes
 * back. */
DBK_MUST_CHECK dbk_rc dbk_retention_rules_init(dbk_retention_rules *rules, dbk_span json,
                                               dbk_err *err);
void dbk_retention_rules_wipe(dbk_retention_rules *rules);

/* The rule of that day (YYYY-MM-DD); group empty: not graded. A code that the table doesn't have on
 * that day is as good as none. Never NULL: there is always one for what isn't graded. */
const dbk_retention_rule *dbk_retention_rule_of(const dbk_retention_rules *rules, dbk_span group,
                                                dbk_span day);
/* The place of a group in the order of the table, the longest first; of any other SIZE_MAX. */
size_t dbk_retention_rank(const dbk_retention_rules *rules, dbk_span group);
/* Does a record of this form tell of something that happened? Of forms that aren't known: yes. */
bool dbk_retention_is_event(const dbk_retention_rules *rules, const char *form);

/* The same day that many years later; after 29 February that is 1 March. Past the year 9999: its
 * end. */
int64_t dbk_retention_years_on(int64_t unix_ms, int years);

#endif
