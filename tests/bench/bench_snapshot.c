/* A new device that pulls a space's whole log, and one that begins with headquarters' snapshot: CPU
 * of device and relay together, in one process without TLS, and bytes. Prints; never fails.
 * BENCH_NOTES sets the number of changes, ten to a record; BENCH_SINGLE=1 leaves each in a segment
 * of its own, as where a device syncs after every change. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/text.h"
#include "tests/lib/syncworld.h"

#define CHANGES_PER_RECORD 10u

static uint64_t received;

static void count(void *ctx, sync_device *d, const dbk_exchange *req, dbk_relay_answer *answer)
{
    (void)ctx;
    (void)d;
    received += answer->body.len + req->body.len;
}

static double cpu_s(void)
{
    return (double)clock() / (double)CLOCKS_PER_SEC;
}

static void write_all(sync_device *d, const dbk_id *space, unsigned changes)
{
    for (unsigned i = 0; i < changes / CHANGES_PER_RECORD; i++) {
        char name[64];
        (void)snprintf(name, sizeof(name), "Edwina Quagmire %u", i);
        dbk_id record = sync_write(d, space, name);
        for (unsigned k = 1; k < CHANGES_PER_RECORD; k++) {
            (void)snprintf(name, sizeof(name), "Edwina Quagmire %u, the %uth time", i, k);
            sync_edit(d, &record, name);
        }
    }
}

static void arrive(syncworld *w, sync_device *hq, const dbk_id *space, const char *how)
{
    sync_device d;
    sync_device_open(w, &d, how);
    double begin = cpu_s();
    received = 0;
    sync_enlist(hq, &d, DBK_ROLE_OFFICER, space);
    double cpu = cpu_s() - begin;
    sync_held held = sync_verify(&d, space);
    printf("%-20s %7.2f s CPU  %10llu bytes  %llu records of a log of %llu segments\n", how, cpu,
           (unsigned long long)received, (unsigned long long)held.records,
           (unsigned long long)held.log_size);
    sync_device_close(&d);
}

int main(void)
{
    const char *given = getenv("BENCH_NOTES");
    uint64_t changes = 20000;
    syncworld w;
    sync_device hq, second, asha;
    dbk_snapshot_told told;
    dbk_err err = { 0 };
    if (given != NULL && dbk_u64_parse(&changes, dbk_span_str(given), NULL) != DBK_OK)
        return 0;
    syncworld_open(&w);
    w.packs = getenv("BENCH_SINGLE") == NULL;
    w.meddle = count;
    sync_device_open(&w, &hq, "hq desk");
    sync_device_open(&w, &second, "second desk");
    sync_device_open(&w, &asha, "asha");
    sync_found(&hq);
    dbk_id space = sync_space(&hq, "Operation Limelight");
    sync_enlist(&hq, &second, DBK_ROLE_HQ, &space);
    sync_enlist(&hq, &asha, DBK_ROLE_OFFICER, &space);
    write_all(&asha, &space, (unsigned)changes);
    (void)sync_now(&asha);
    (void)sync_now(&hq);
    (void)sync_now(&second);
    printf("%llu changes, %u to a record\n", (unsigned long long)changes, CHANGES_PER_RECORD);
    arrive(&w, &hq, &space, "the whole log");
    double begin = cpu_s();
    assert_ok(dbk_driver_snapshot_make(hq.book, &hq.t, &space, &told, NULL, &err), &err);
    double made = cpu_s();
    (void)sync_now(&second);
    printf("%-20s %7.2f s CPU  %10llu bytes\n%-20s %7.2f s CPU\n", "made", made - begin,
           (unsigned long long)told.bytes, "confirmed", cpu_s() - made);
    arrive(&w, &hq, &space, "a snapshot");
    sync_device_close(&asha);
    sync_device_close(&second);
    sync_device_close(&hq);
    syncworld_close(&w);
    return 0;
}
