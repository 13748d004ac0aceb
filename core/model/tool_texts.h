/* core/model/tool_texts.h - the questions of assessment tools in a force's own words. They are
 * under copyright and never shipped (domain study 2.4): a pack brings them
 * (core/crypto/form_pack.h). { "tool": "dash", "version": "safelives_ric", "questions": { "q1":
 * "...", ... } } tool as in risk_assessment.kind, version as in tool_version. One version of a tool
 * has one text for ever, as a form has: what was answered was that question (A22). */
#ifndef DBK_MODEL_TOOL_TEXTS_H
#define DBK_MODEL_TOOL_TEXTS_H

#include <stdbool.h>

#include "core/base/bytes.h"

#define DBK_TOOL_TEXT_BYTES_MAX (256u * 1024u)
#define DBK_TOOL_QUESTIONS_MAX 200u
#define DBK_TOOL_QUESTION_CHARS_MAX 2000u
#define DBK_TOOL_TEXTS_MAX 64u /* versions of tools in one store */

typedef struct dbk_tool_texts dbk_tool_texts;
DBK_MUST_CHECK dbk_rc dbk_tool_texts_new(dbk_tool_texts **out, dbk_err *err);
void dbk_tool_texts_free(dbk_tool_texts *texts);
/* pack: which brought it, not 0. DBK_FORMAT: malformed, and what is; DBK_CONFLICT: another text has
 * that tool and version; DBK_LIMIT. The same text again is nothing. */
DBK_MUST_CHECK dbk_rc dbk_tool_texts_add(dbk_tool_texts *texts, dbk_span json, uint64_t pack,
                                         dbk_err *err);
/* Takes out what came with this pack first. */
void dbk_tool_texts_drop_pack(dbk_tool_texts *texts, uint64_t pack);
/* The question of that key, borrowed; NULL: no pack has brought it. */
const char *dbk_tool_texts_find(const dbk_tool_texts *texts, dbk_span tool, dbk_span version,
                                const char *key);

/* What is there, in the order in which it came: the tool's name and *version; NULL: no further. And
 * the n-th question of the i-th, with its key. All borrowed. */
const char *dbk_tool_texts_at(const dbk_tool_texts *texts, size_t i, const char **version);
const char *dbk_tool_texts_question(const dbk_tool_texts *texts, size_t i, size_t n,
                                    const char **key);

#endif
