#include "cli/outcome.h"

#include <stdio.h>

#include "core/base/text.h"

#define OUTCOME_BYTES_MAX 512u

/* Each note is "TIME SENTENCE". */
static const char *const names[] = {
    [CLI_OUTCOME_DONE] = "last-sync", [CLI_OUTCOME_FAILED] = "last-failure"
};

dbk_rc cli_outcome_keep(cli *c, cli_outcome_kind kind, const char *sentence, dbk_err *err)
{
    dbk_bytes text = DBK_BYTES_INIT(OUTCOME_BYTES_MAX);
    dbk_rc rc = dbk_bytes_append_fmt(&text, err, "%llu %s",
                                     (unsigned long long)dbk_env_system()->now_ms(NULL), sentence);
    if (rc == DBK_OK)
        rc = dbk_book_note_put(c->book, names[kind], dbk_bytes_span(&text), err);
    dbk_bytes_wipe(&text);
    return rc;
}

cli_outcome cli_outcome_read(const cli *c, cli_outcome_kind kind)
{
    dbk_bytes text = DBK_BYTES_INIT(OUTCOME_BYTES_MAX);
    cli_outcome out = { 0 };
    uint64_t ms = 0;
    size_t digits = 0;
    if (dbk_book_note_get(c->book, names[kind], &text, NULL) != DBK_OK)
        goto out;
    while (digits < text.len && text.p[digits] != ' ')
        digits++;
    if (dbk_u64_parse(&ms, dbk_span_of(text.p, digits), NULL) != DBK_OK)
        goto out;
    out.ms = (int64_t)ms;
    (void)snprintf(out.sentence, sizeof(out.sentence), "%.*s",
                   digits < text.len ? (int)(text.len - digits - 1) : 0,
                   (const char *)text.p + (digits < text.len ? digits + 1 : digits));
out:
    dbk_bytes_wipe(&text);
    return out;
}
