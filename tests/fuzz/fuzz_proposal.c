/* What waits for a second administrator, against a store of one: a proposal of the first one that
 * was spoiled (three bytes each: offset u16, change u8), behind a 'p', or any bytes. It is refused,
 * or is shown from the very bytes that were signed: nothing in it can be another. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/journal/proposal.h"
#include "tests/lib/org.h"

#define FIRST 0
#define SECOND 2

static dbk_test_org org;
static dbk_bytes entry; /* a policy that the first administrator proposes */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Only the files: at this time the crypto library has been torn down already. */
static void finish(void)
{
    for (size_t i = 0; i < org.count; i++)
        dbk_test_dir_remove(org.books[i].dir);
}

static void prepare(void)
{
    static const dbk_role roles[] = { DBK_ROLE_OFFICER, DBK_ROLE_ADMIN };
    if (org.count > 0)
        return;
    dbk_test_org_make(&org, roles, 2);
    DBK_ASSERT(atexit(finish) == 0);
    dbk_bytes_init(&entry, DBK_ENTRY_BYTES_MAX);
    dbk_policy policy = *dbk_roster_policy(dbk_book_roster(org.books[FIRST].book));
    policy.lease_h = 500;
    DBK_ASSERT(dbk_org_policy(org.books[FIRST].book, &entry, &policy, NULL) == DBK_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dbk_proposal p;
    dbk_bytes in = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    prepare();
    bool spoils = size > 0 && data[0] == 'p';
    dbk_span whole = dbk_bytes_span(&entry);
    if (dbk_bytes_append(&in, spoils ? whole : dbk_span_of(data, size), NULL) != DBK_OK)
        return 0;
    for (size_t i = 1; spoils && i + 3 <= size; i += 3)
        in.p[((size_t)data[i] << 8 | data[i + 1]) % in.len] ^= data[i + 2];
    dbk_rc rc = dbk_proposal_open(&p, org.books[SECOND].book, dbk_bytes_span(&in), NULL);
    DBK_ASSERT((rc == DBK_OK) == dbk_span_equal(dbk_bytes_span(&in), whole));
    if (rc == DBK_OK) {
        DBK_ASSERT(p.change.entry->policy.lease_h == 500);
        DBK_ASSERT(p.lacking == 1);
        dbk_proposal_wipe(&p);
    }
    dbk_bytes_wipe(&in);
    return 0;
}
