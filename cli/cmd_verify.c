/* Prove every chain, seal, signature and row. */
#include <jansson.h>

#include "cli/cmd.h"
#include "cli/render.h"
#include "cli/words.h"
#include "core/base/text.h"

typedef struct proof_run {
    cli *c;
    json_t *spaces, *faults;
    out_progress bar;
} proof_run;

static json_t *vector_json(const proof_run *run, const dbk_verified *v)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < v->vector_count; i++) {
        char feed[DBK_ID_HEX_SIZE], device[DBK_ID_HEX_SIZE];
        dbk_id_hex(feed, &v->vector[i].feed);
        dbk_id_hex(device, &v->vector[i].device);
        (void)json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:I}", "feed", feed, "device",
                                                    device, "name",
                                                    cli_device_name(run->c, &v->vector[i].device),
                                                    "last", (json_int_t)v->vector[i].last_seq));
    }
    return rows;
}

static dbk_rc take_space(void *ctx, const dbk_verified *v, dbk_err *err)
{
    proof_run *run = ctx;
    char state[2 * DBK_HASH_BYTES + 1], vector[2 * DBK_HASH_BYTES + 1], space[DBK_ID_HEX_SIZE];
    dbk_hex_print(state, dbk_span_of(v->state_hash.b, DBK_HASH_BYTES));
    dbk_hex_print(vector, dbk_span_of(v->vector_hash.b, DBK_HASH_BYTES));
    dbk_id_hex(space, &v->space);
    out_progress_end(&run->bar);
    (void)err;
    if (run->spaces != NULL) {
        (void)json_array_append_new(
            run->spaces,
            json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:s, s:s, s:I, s:I, s:I, s:o}", "space",
                      space, "name", cli_space_name(run->c, &v->space), "segments",
                      (json_int_t)v->segments, "ops", (json_int_t)v->ops, "records",
                      (json_int_t)v->records, "log_size", (json_int_t)v->log_size, "absent",
                      (json_int_t)v->absent, "state_hash", state, "vector_hash", vector, "faults",
                      (json_int_t)v->faults, "bare", (json_int_t)v->bare, "believed",
                      (json_int_t)v->believed, "vector", vector_json(run, v)));
        return DBK_OK;
    }
    out_text("%s: %s\n", cli_space_name(run->c, &v->space),
             v->faults == 0 ? "every chain, seal, signature and row holds" : "NOT WHOLE");
    out_text("  %llu records from %llu changes in %llu signed segments\n",
             (unsigned long long)v->records, (unsigned long long)v->ops,
             (unsigned long long)v->segments);
    if (v->absent > 0)
        out_text("  %llu of these changes, which a backup left out, are not here yet: the next "
                 "sync fetches them\n",
                 (unsigned long long)v->absent);
    if (v->bare > 0)
        out_text("  %llu record%s came with headquarters' snapshot and %s believed: the notes of "
                 "%llu segments\n  are not on this device. daybook snapshot fetch\n",
                 (unsigned long long)v->believed, cli_plural(v->believed),
                 v->believed == 1 ? "is" : "are", (unsigned long long)v->bare);
    for (size_t i = 0; i < v->vector_count; i++)
        out_text("  %-28s %llu changes\n", cli_device_name(run->c, &v->vector[i].device),
                 (unsigned long long)v->vector[i].last_seq);
    out_text("  state hash  %s\n", state);
    return DBK_OK;
}

static dbk_rc take_fault(void *ctx, const char *sentence, dbk_err *err)
{
    proof_run *run = ctx;
    (void)err;
    out_progress_end(&run->bar);
    if (run->faults != NULL)
        (void)json_array_append_new(run->faults, json_string(sentence));
    else
        out_text("! %s\n", out_safe_str(sentence));
    return DBK_OK;
}

static void take_progress(void *ctx, uint64_t done, uint64_t total)
{
    proof_run *run = ctx;
    out_progress_draw(&run->bar, "verifying", done, total);
}

dbk_rc cmd_verify(cli *c, const cli_args *a, dbk_err *err)
{
    proof_run run = { .c = c };
    (void)a;
    if (c->format == OUT_JSON) {
        run.spaces = json_array();
        run.faults = json_array();
    }
    out_progress_start(&run.bar);
    dbk_verify_sink sink = { take_space, take_fault, take_progress, &run };
    dbk_rc rc = dbk_verify_book(c->book, &sink, err);
    out_progress_end(&run.bar);
    if (c->format == OUT_JSON && (rc == DBK_OK || rc == DBK_DAMAGED)) {
        dbk_rc printed = out_json_take(json_pack("{s:b, s:o, s:o}", "whole", rc == DBK_OK, "spaces",
                                                 run.spaces, "faults", run.faults),
                                       err);
        return rc == DBK_OK ? printed : rc;
    }
    json_decref(run.spaces);
    json_decref(run.faults);
    return rc;
}
