/* cli/out.h - the only writer of standard output, and of messages on standard error.
 * Everything that came from a record, a name or the network is made safe for terminals here
 * (security.md A28). With --json, standard output holds JSON only: one document, or one object a
 * line where a command says so. */
#ifndef DBK_CLI_OUT_H
#define DBK_CLI_OUT_H

#include "core/base/bytes.h"

struct json_t; /* Jansson */

/* Text on standard output. %s arguments are printed as they are: they must be ours or have gone
 * through out_safe(). */
void out_text(const char *fmt, ...) DBK_PRINTF(1, 2);
/* The text, safe for a terminal, in a ring of 16 buffers: borrowed for the next 15 calls. Lines
 * are kept only by out_safe_lines. Long text is cut with "..." at 4 KiB (lines: 64 KiB). */
const char *out_safe(dbk_span text);
const char *out_safe_str(const char *text);
const char *out_safe_lines(dbk_span text);
/* A paragraph wrapped to the terminal's width (80 when unknown), with an indent. */
void out_wrapped(const char *indent, dbk_span text);

/* The marking (domain.md 2.8) stands above the first text from here on, and not at all if there is
 * none. Never in JSON or CSV, whose readers are programs. */
#define OUT_MARKING "OFFICIAL-SENSITIVE"
void out_mark(void);

/* A table: columns are as wide as their widest cell in display columns; the last one takes the
 * rest of the line. Cells are made safe and copied. */
#define OUT_COLUMNS_MAX 10u
typedef struct out_table out_table;
DBK_MUST_CHECK dbk_rc out_table_new(out_table **out, const char *const *heads, size_t columns,
                                    dbk_err *err);
DBK_MUST_CHECK dbk_rc out_table_row(out_table *t, const char *const *cells, dbk_err *err);
void out_table_print(const out_table *t);
void out_table_free(out_table *t);

/* A cell of CSV (RFC 4180), always in quotes, after a comma unless it is the first. One that a
 * spreadsheet would take for a formula gets an apostrophe. A line ends with "\r\n". */
void out_csv_cell(const char *text, bool first);
DBK_MUST_CHECK dbk_rc out_csv_append(dbk_bytes *out, const char *text, bool first, dbk_err *err);

/* Takes the value; prints it in one line, keys as inserted, and a newline. */
DBK_MUST_CHECK dbk_rc out_json_take(struct json_t *json, dbk_err *err);
/* Text that is JSON already, and a newline. */
void out_json_text(dbk_span text);

/* "daybook: SENTENCE" on standard error; with --json also, as the last line of standard output,
 * {"error":{"code":NAME,"status":N,"text":SENTENCE,"wants":WORD,"problems":[...]}}. Takes problems.
 */
typedef enum out_format { OUT_TEXT, OUT_JSON } out_format;
typedef struct out_details {
    const char *wants;       /* what was not given, for programs: "reason"; or NULL */
    struct json_t *problems; /* or NULL */
} out_details;
void out_failure(dbk_rc rc, const char *sentence, out_details details, out_format format);
/* Plain notes on standard error (what a command is doing), not with --json. */
void out_note(const char *fmt, ...) DBK_PRINTF(1, 2);

/* A progress bar on standard error: only on a terminal, and only once a second has passed. */
typedef struct out_progress {
    uint64_t started_ms, drawn_ms;
    bool shown;
} out_progress;
void out_progress_start(out_progress *p);
void out_progress_draw(out_progress *p, const char *phase, uint64_t done, uint64_t total);
void out_progress_end(out_progress *p);

/* From here on, standard output waits in memory until it is released, or dropped by a failure.
 * DBK_LIMIT: it was more than OUT_HELD_BYTES_MAX; nothing of it is out. */
#define OUT_HELD_BYTES_MAX (512u * 1024u * 1024u)
void out_hold(void);
DBK_MUST_CHECK dbk_rc out_release(dbk_err *err);

/* From here on, standard output goes into a new file of mode 0600; DBK_CONFLICT if it exists. */
DBK_MUST_CHECK dbk_rc out_redirect(const char *path, dbk_err *err);
/* A new file of mode 0600, durable; DBK_CONFLICT if it exists. */
DBK_MUST_CHECK dbk_rc out_file(const char *path, dbk_span bytes, dbk_err *err);
/* Before anything is written: what waits in standard output lies in memory that can be wiped. */
void out_start(void);
/* Flushes, and wipes what was written from memory; DBK_IO / DBK_FULL if standard output could not
 * take everything. */
DBK_MUST_CHECK dbk_rc out_finish(dbk_err *err);
/* After the last out_finish. whole: all went well; then a file of out_redirect is durable when this
 * returns. Else it is taken away again: half of it could be taken for all. */
DBK_MUST_CHECK dbk_rc out_redirect_end(bool whole, dbk_err *err);

#endif
