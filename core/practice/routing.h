/* core/practice/routing.h - where a referral goes: rules as data, asked with facts.
 * Knows:  the rules that are shipped (core/practice/routing.json), and those that headquarters
 *         keeps as records of form routing_rule. One of the same name takes a shipped one's place.
 * Never:  reading a book but for rules; asking anybody; deciding for an officer.
 * A rule holds when all its conditions do. Of those that hold, a hard one comes before advice, then
 * the one with most conditions, then headquarters' before a shipped one, then the name decides. */
#ifndef DBK_PRACTICE_ROUTING_H
#define DBK_PRACTICE_ROUTING_H

#include "core/practice/reading.h"

#define DBK_ROUTE_RULES_MAX 1024u

/* Years completed on a day: from low to high, as exactly as the date of birth is known. */
typedef struct dbk_age {
    bool known;
    int low, high;
} dbk_age;
/* dob: YYYY-MM-DD; precision: a code of person.dob_precision, empty: to the day. Who is born on 29
 * February has the birthday on 1 March. Unknown: no dates, or born after that day. */
dbk_age dbk_age_on(dbk_span dob, dbk_span precision, dbk_span on);
/* What a code of person.age_band tells. */
dbk_age dbk_age_of_band(dbk_span band);

/* Codes; empty: nobody knows. For risk, area and age that is "perhaps"; a kind of case and a hidden
 * crime that aren't recorded are no such kind. Borrowed. */
typedef struct dbk_route_facts {
    dbk_span case_kind, risk_band, la_area;
    dbk_span hidden_crime; /* CBOR array of codes */
    dbk_age age;           /* on the day of the event */
    dbk_span on;           /* the day of the referral; a longer text counts by its first 10 */
} dbk_route_facts;

typedef struct dbk_routes dbk_routes;
typedef struct dbk_route_rule dbk_route_rule;

/* The shipped rules. forms: for the form routing_rule; borrowed for as long as the routes live. */
DBK_MUST_CHECK dbk_rc dbk_routes_new(dbk_routes **out, const dbk_forms *forms, dbk_err *err);
void dbk_routes_free(dbk_routes *routes);
/* Rules as the JSON array that routing.json is. DBK_FORMAT: no such array; DBK_INVALID: an element
 * that the form refuses, or without a name or strength. */
DBK_MUST_CHECK dbk_rc dbk_routes_add_json(dbk_routes *routes, dbk_span json, dbk_err *err);
/* Headquarters' rules in a book's spaces that this device reads. What an officer wrote of one is a
 * proposal and counts as blank; a record without a name and a strength of headquarters is none. */
DBK_MUST_CHECK dbk_rc dbk_routes_add_book(dbk_routes *routes, dbk_book *book, dbk_err *err);

typedef struct dbk_route_answer {
    const dbk_route_rule *rule; /* NULL: no rule holds */
    /* A hard rule that comes before it, and would hold if what isn't known were so; or NULL. */
    const dbk_route_rule *perhaps;
} dbk_route_answer;
/* asked: a code of referral_type. */
dbk_route_answer dbk_routes_ask(const dbk_routes *routes, const char *asked,
                                const dbk_route_facts *facts);

/* Text is borrowed from the rule, not terminal-safe; empty: blank. */
dbk_span dbk_route_name(const dbk_route_rule *rule);
dbk_span dbk_route_note(const dbk_route_rule *rule);
bool dbk_route_hard(const dbk_route_rule *rule);
bool dbk_route_shipped(const dbk_route_rule *rule);
/* CBOR array of referral types; empty: there is no service (a gap). */
dbk_span dbk_route_to(const dbk_route_rule *rule);
bool dbk_route_leads_to(const dbk_route_rule *rule, const char *type);
/* Its destinations and its conditions in the form's words: "Brake", "Public protection unit (PPU)
 * or ..."; "Kind of case: Fatal road collision; Risk: High". Append. */
DBK_MUST_CHECK dbk_rc dbk_route_append_to(dbk_bytes *out, const dbk_routes *routes,
                                          const dbk_route_rule *rule, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_route_append_why(dbk_bytes *out, const dbk_routes *routes,
                                           const dbk_route_rule *rule, dbk_err *err);

#endif
