/* What officers were told is saved. Each change carries SIM_CANARY and its number in its text, so
 * that it can be found again on any device, whatever name its op has by then. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "tests/sim/sim.h"

size_t ledger_record(sim *s, const sim_device *d, size_t space, sim_kind kind)
{
    sim_ledger *l = &s->ledger;
    DBK_ASSERT(l->records_count < SIM_RECORDS_MAX);
    l->records[l->records_count] = (sim_record){ .space = space, .author = d->index, .kind = kind };
    return l->records_count++;
}

size_t ledger_open(sim *s, const sim_device *d, size_t record, char text[64])
{
    sim_ledger *l = &s->ledger;
    DBK_ASSERT(l->acks_count < SIM_TOKENS_MAX);
    l->acks[l->acks_count] = (sim_ack){ .device = d->index, .record = record };
    (void)snprintf(text, 64, SIM_CANARY " %zu.", l->acks_count);
    return l->acks_count++;
}

static const dbk_book_feed *own_feed(const sim_device *d, const dbk_id *space)
{
    const dbk_book_space *row = dbk_tables_space(&d->d.book->tables, space);
    return row != NULL ? dbk_tables_own_feed(&d->d.book->tables, row) : NULL;
}

/* False: nothing of its own is new. To save what stands already changes nothing, and is no failure.
 */
bool ledger_take_heads(sim *s, sim_device *d)
{
    bool any = false;
    for (size_t i = 0; i < SIM_SPACES; i++) {
        const dbk_book_feed *feed = own_feed(d, &s->spaces[i]);
        if (feed == NULL)
            continue;
        any = any || feed->now.last_seq != d->told[i].seq ||
              !dbk_id_equal(&feed->feed, &d->told[i].feed);
        d->told[i].feed = feed->feed;
        d->told[i].seq = feed->now.last_seq;
    }
    return any;
}

/* An older copy that has heard of it goes on in another feed, and what it had written moves there:
 * its program may have died just behind that, before anybody could look (seed 1895). By its text
 * each change is looked for at the end. */
static bool has_moved(const sim *s, const sim_device *d, size_t space)
{
    const dbk_book_feed *feed = own_feed(d, &s->spaces[space]);
    return d->rolled && feed != NULL && !dbk_id_equal(&feed->feed, &d->told[space].feed);
}

void ledger_reopened(sim *s, sim_device *d)
{
    for (size_t i = 0; i < SIM_SPACES; i++) {
        if (d->told[i].seq == 0 || has_moved(s, d, i))
            continue;
        const dbk_book_feed *feed = dbk_tables_feed(&d->d.book->tables, &d->told[i].feed);
        uint64_t seq = feed != NULL ? feed->now.last_seq : 0;
        if (seq < d->told[i].seq)
            sim_blame(s, "%s was told that change %llu is saved, and it ends with %llu", d->d.name,
                      (unsigned long long)d->told[i].seq, (unsigned long long)seq);
        if (seq > d->told[i].seq)
            sim_mark(s, MARK_SAVED_NOT_TOLD);
    }
}

void ledger_close(sim *s, size_t number, dbk_rc rc)
{
    sim_ack *a = &s->ledger.acks[number];
    a->told = rc == DBK_OK && ledger_take_heads(s, &s->devices[a->device]);
    if (!a->told)
        return;
    a->held = UINT32_C(1) << a->device;
    s->out->told++;
    sim_note(s, "change %zu is saved", number);
}

size_t ledger_numbers(const sim *s, size_t *out, dbk_span text, size_t max)
{
    static const char canary[] = SIM_CANARY " ";
    const size_t len = sizeof(canary) - 1;
    size_t count = 0;
    for (size_t i = 0; text.len > len && i + len < text.len && count < max; i++) {
        if (memcmp(text.p + i, canary, len) != 0)
            continue;
        size_t number = 0;
        for (size_t k = i + len; k < text.len && text.p[k] >= '0' && text.p[k] <= '9'; k++)
            number = number * 10 + (size_t)(text.p[k] - '0');
        if (number < s->ledger.acks_count)
            out[count++] = number;
    }
    return count;
}

void ledger_disposed(sim *s, size_t record)
{
    s->ledger.records[record].disposed = true;
    for (size_t i = 0; i < s->ledger.acks_count; i++)
        if (s->ledger.acks[i].record == record)
            s->ledger.acks[i].erased = true;
}
