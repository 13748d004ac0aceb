/* A frame between the relay's processes is refused, or means what its bytes say: written again it
 * is the same. */
#include <stdint.h>
#include <stdlib.h>

#include "sync/relay/passage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(dbk_bytes *again, dbk_span in)
{
    if (!dbk_span_equal(dbk_bytes_span(again), in))
        abort();
    dbk_bytes_wipe(again);
}

static void ask_again(const dbk_passage_asked *asked, dbk_span in)
{
    dbk_bytes again = DBK_BYTES_INIT(DBK_PASSAGE_ASK_BYTES_MAX);
    bool reload = asked->kind == DBK_PASSAGE_RELOAD;
    dbk_rc rc = reload ? dbk_passage_ask_reload(&again, asked->pin, NULL)
                       : dbk_passage_ask(&again, asked->kind, &asked->request, NULL);
    if (rc != DBK_OK || dbk_bytes_append(&again, asked->request.body, NULL) != DBK_OK)
        abort();
    check_same(&again, in);
}

static void answer_again(dbk_relay_answer *answer, dbk_span in)
{
    dbk_bytes again = DBK_BYTES_INIT(DBK_PASSAGE_REPLY_BYTES_MAX);
    if (dbk_passage_answer(&again, answer, NULL) != DBK_OK ||
        dbk_bytes_append(&again, dbk_bytes_span(&answer->body), NULL) != DBK_OK)
        abort();
    check_same(&again, in);
    dbk_bytes_wipe(&answer->body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const dbk_span in = { data, size };
    dbk_passage_asked asked;
    dbk_relay_answer answer;
    dbk_relay_expects expects;
    dbk_passage_reloaded reloaded;
    dbk_bytes again = DBK_BYTES_INIT(64), text = DBK_BYTES_INIT(DBK_PASSAGE_REPLY_BYTES_MAX);
    if (dbk_passage_asked_decode(&asked, in, NULL) == DBK_OK)
        ask_again(&asked, in);
    if (dbk_passage_answer_decode(&answer, in, NULL) == DBK_OK)
        answer_again(&answer, in);
    if (dbk_passage_expects_decode(&expects, in, NULL) == DBK_OK) {
        if (dbk_passage_expects(&again, &expects, NULL) != DBK_OK)
            abort();
        check_same(&again, in);
    }
    if (dbk_passage_reloaded_decode(&reloaded, in, NULL) == DBK_OK) {
        if (dbk_passage_reloaded_encode(&text, &reloaded, NULL) != DBK_OK)
            abort();
        check_same(&text, in);
    }
    (void)(dbk_passage_measured_decode(&text, in, NULL) == DBK_OK);
    (void)(dbk_passage_greeting_decode("0.1.0", in, NULL) == DBK_OK);
    dbk_bytes_wipe(&text);
    return 0;
}
