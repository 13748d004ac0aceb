/* What decodes must hold every invariant and encode to the same bytes. */
#include "core/model/state.h"
#include "core/model/view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    DBK_ASSERT(holds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const dbk_id record = { { 'R' } };
    static const dbk_view_opts opts = { NULL, NULL, NULL };
    dbk_span in = dbk_span_of(data, size);
    dbk_bytes again = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    dbk_state *s;
    dbk_dispute dispute;
    if (dbk_state_decode(&s, &record, in, NULL) != DBK_OK) {
        must(s == NULL);
        return 0;
    }
    dbk_state_check_deep(s);
    must(dbk_state_encode(&again, s, NULL) == DBK_OK);
    must(dbk_span_equal(dbk_bytes_span(&again), in));
    (void)dbk_view_attention(s, &opts);
    (void)dbk_view_life(s, &opts, &dispute);
    dbk_bytes_wipe(&again);
    dbk_state_free(s);
    return 0;
}
