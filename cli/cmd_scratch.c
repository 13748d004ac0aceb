/* What was typed and isn't saved yet (core/journal/scratch.h): scratch keep, list, drop. */
#include <jansson.h>

#include "cli/cmd.h"
#include "cli/render.h"
#include "cli/words.h"

static dbk_rc say(const cli *c, const char *done, dbk_err *err)
{
    if (c->format == OUT_JSON)
        return out_json_take(json_pack("{s:b}", done, 1), err);
    return DBK_OK;
}

dbk_rc cmd_scratch_keep(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_rc rc = dbk_scratch_keep(c->book, dbk_span_str(a->positional[0]),
                                 dbk_span_str(a->positional[1]), err);
    return rc == DBK_OK ? say(c, "kept", err) : rc;
}

dbk_rc cmd_scratch_drop(cli *c, const cli_args *a, dbk_err *err)
{
    dbk_rc rc = dbk_scratch_drop(c->book, dbk_span_str(a->positional[0]), err);
    return rc == DBK_OK ? say(c, "dropped", err) : rc;
}

static dbk_rc tell(void *ctx, const dbk_scratch *s, dbk_err *err)
{
    const cli *c = ctx;
    if (c->format == OUT_JSON)
        return out_json_take(json_pack("{s:s%, s:s%, s:o}", "name", s->name.p, s->name.len, "text",
                                       s->text.p, s->text.len, "at",
                                       cli_time_json((int64_t)s->at_ms)),
                             err);
    out_text("%s  %s\n    %s\n", out_safe(s->name), cli_time((int64_t)s->at_ms),
             out_safe_lines(s->text));
    return DBK_OK;
}

dbk_rc cmd_scratch_list(cli *c, const cli_args *a, dbk_err *err)
{
    (void)a;
    return dbk_scratch_each(c->book, tell, c, err);
}
