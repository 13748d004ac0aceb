/* core/practice/assessment.h - a risk assessment by a tool: the score that follows from its
 * answers, and what is judged of one before it is saved (domain study 2.4). Knows:  the form
 * risk_assessment; how many questions a version of a tool has and where its bands begin
 * (core/practice/assessment_tools.json): keys q1, q2, ... and no question's text. Never:  writing;
 * a score for a tool or version that it doesn't know, or that is never scored. A question that
 * nobody answered, or would not, isn't No. An answer that was Yes once counts as Yes. */
#ifndef DBK_PRACTICE_ASSESSMENT_H
#define DBK_PRACTICE_ASSESSMENT_H

#include "core/journal/journal.h"
#include "core/model/tool_texts.h"
#include "core/practice/reading.h"

/* Worse is more; of blank and not_graded nothing is known. */
typedef enum dbk_band { DBK_BAND_NONE, DBK_BAND_STANDARD, DBK_BAND_MEDIUM, DBK_BAND_HIGH } dbk_band;
const char *dbk_band_name(dbk_band band); /* the code; NULL for NONE */
/* NONE for what is no band. */
dbk_band dbk_band_of(dbk_span code);

#define DBK_ASSESSMENT_QUESTIONS_MAX 64u
typedef struct dbk_assessment_score {
    bool known;                      /* this version of the tool is in the table */
    bool scored;                     /* by its bands; else it is only counted, or not even that */
    bool verified;                   /* by a source that we hold */
    char title[48];                  /* of the tool */
    size_t questions, yes, no, open; /* open: neither Yes nor No */
    dbk_band band;                   /* by the tool: NONE without a single Yes */
    dbk_band could;                  /* if all that is open were Yes */
} dbk_assessment_score;
/* Of a stored assessment. Another form: known false. */
DBK_MUST_CHECK dbk_rc dbk_assessment_read(dbk_assessment_score *out, dbk_reading *r, dbk_err *err);

/* The i-th row of the table; *there false: no further. version "": of all versions of the tool. */
typedef struct dbk_assessment_tool {
    char kind[DBK_NAME_BYTES_MAX + 1], version[48], title[48];
    size_t questions, medium_from, high_from;
    bool scored, verified;
} dbk_assessment_tool;
DBK_MUST_CHECK dbk_rc dbk_assessment_tool_at(dbk_assessment_tool *out, bool *there, size_t i,
                                             dbk_err *err);

/* What a pack's words of the tool (core/model/tool_texts.h) ask for and nobody answered yet, in
 * their order. None: no pack has that version of the tool, or it isn't said which. Borrowed from
 * the book's packs. out: DBK_TOOL_QUESTIONS_MAX rows. */
typedef struct dbk_assessment_question {
    const char *key, *text;
} dbk_assessment_question;
DBK_MUST_CHECK dbk_rc dbk_assessment_open(dbk_assessment_question *out, size_t *count,
                                          dbk_book *book, const dbk_note *note, dbk_err *err);

/* A dbk_practice_fn; other forms pass. Refused: a band below what the answers make it, below an
 * unreviewed one of the same person, or below its own, but by a supervisor with a reason; another
 * tool or version under answers that were given. Warned of: what is open and would raise it, a key
 * that the tool doesn't have, a Yes that is answered again; and that high proposes a MARAC. Of
 * spaces that are restricted only the assessment's own is looked at. */
DBK_MUST_CHECK dbk_rc dbk_assessment_judge(dbk_problems *problems, const dbk_intent *proposed,
                                           dbk_err *err);

#endif
