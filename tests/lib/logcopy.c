#include "tests/lib/test.h"

#include "tests/lib/logcopy.h"

#include <stdio.h>

#include "sync/relay/log_copy.h"
#include "sync/relay/log_embedded.h"

static dbk_rc same_segment(void *ctx, const dbk_id *space, dbk_log_segment *segment, dbk_err *err)
{
    (void)ctx;
    (void)space;
    (void)segment;
    (void)err;
    return DBK_OK;
}

static dbk_rc same_fork(void *ctx, const dbk_id *space, dbk_log_fork *fork, dbk_err *err)
{
    (void)ctx;
    (void)space;
    (void)fork;
    (void)err;
    return DBK_OK;
}

void logcopy(dbk_log *to, relaykit *kit, logcopy_how how)
{
    char path[3 * DBK_TEST_PATH_SIZE];
    dbk_log from;
    dbk_log_report report;
    const dbk_log_filter same = { same_segment, same_fork, NULL };
    const dbk_env *env = &kit->env.env;
    (void)snprintf(path, sizeof(path), "%s/copy%d.db", kit->dir, (int)how);
    const dbk_log_embedded file = { path, kit->db_key };
    assert_ok(dbk_log_embedded_create(&file, NULL), NULL);
    assert_ok(dbk_log_embedded_open(&file, to, DBK_LOG_WRITES, NULL), NULL);
    assert_ok(kit->source.open(kit->source.self, &from, DBK_LOG_READS, NULL), NULL);
    if (how == LOGCOPY_BACKUP) {
        assert_ok(to->ops->begin(to->self, NULL), NULL);
        assert_ok(dbk_log_copy_through(to, &from, &same, env, NULL), NULL);
        assert_ok(to->ops->commit(to->self, NULL), NULL);
    } else {
        assert_ok(dbk_log_copy(to, &from, env, &report, NULL), NULL);
    }
    assert_ok(dbk_log_check_deep(to, &report, NULL), NULL);
    dbk_log_close(&from);
}
