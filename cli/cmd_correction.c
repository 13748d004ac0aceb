/* An action for each recipient who has to be told of a change: referral due --raise. */
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/input.h"
#include "core/base/text.h"

#define ID_LABEL "daybook/correction/1"
#define FORM "action"
#define TEXT                                                                            \
    "Something that this referral told has changed since. Tell the recipient: daybook " \
    "referral send ID FILE --correction"

/* One for each package that was sent, whoever raises it and how often. */
static dbk_id action_of(const dbk_note *referral, const dbk_hash *package)
{
    uint8_t name[DBK_ID_BYTES + sizeof(package->b)];
    memcpy(name, referral->record.b, DBK_ID_BYTES);
    memcpy(name + DBK_ID_BYTES, package->b, sizeof(package->b));
    const dbk_id hash = dbk_hash_id(ID_LABEL, dbk_span_of(name, sizeof(name)));
    return dbk_record_id_of(&referral->space, FORM, &hash);
}

dbk_rc cmd_raise_correction(cli *c, const dbk_note *referral, const dbk_sent *sent, dbk_err *err)
{
    char uuid[DBK_ID_UUID_SIZE], at[DBK_TIME_TEXT_SIZE];
    dbk_problems problems = { 0 };
    dbk_note *there = NULL;
    dbk_id made, id = action_of(referral, &sent->hash);
    if (dbk_query_note(&there, c->book, &id, NULL) == DBK_OK) {
        dbk_note_free(there);
        return DBK_OK;
    }
    dbk_id_uuid(uuid, &referral->record);
    (void)snprintf(at, sizeof(at), "%.*s", (int)sent->at.len, (const char *)sent->at.p);
    /* The same on every desk: two that raise it at once write one record with equal values. */
    const dbk_input inputs[] = { { DBK_INPUT_SET, "text", TEXT, NULL },
                                 { DBK_INPUT_SET, "kind", "correction", NULL },
                                 { DBK_INPUT_SET, "raised_from", uuid, NULL },
                                 { DBK_INPUT_SET, "happened_at", at, NULL } };
    const dbk_add add = { .space = referral->space,
                          .form = FORM,
                          .inputs = inputs,
                          .inputs_count = sizeof(inputs) / sizeof(inputs[0]),
                          .record = &id };
    dbk_rc rc = dbk_journal_add(c->book, &made, &problems, &add, err);
    if (rc == DBK_INVALID)
        rc = cli_refuse(c, rc, "no action was raised", &problems, err);
    dbk_problems_wipe(&problems);
    return rc;
}
