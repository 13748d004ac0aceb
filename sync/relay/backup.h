/* sync/relay/backup.h - a copy of the log while it is served, and a relay made from it (decision
 * 0035). The copy is one file, the database of one moment, sealed under relay.key like the log
 * itself; the TLS keys stand in it, so that devices know the restored relay by its pin. relay.key
 * is not in it: either without the other is worth nothing.
 * Nor are the openers of ops (decision 0037): they stand in one file for all backups, the opener
 * book, which each backup writes anew. So what the chain orders erased is shut in every older
 * backup once the next one was made.
 * Invariant: what was restored is never served as the log going on. It waits for the organisation's
 * word from its first moment, as dbk_relay_recover leaves it. */
#ifndef DBK_RELAY_BACKUP_H
#define DBK_RELAY_BACKUP_H

#include "sync/relay/home.h"
#include "sync/relay/opener_book.h"

#define DBK_BACKUP_NAME_SIZE 64u
#define DBK_BACKUP_DIGEST_SIZE 65u

typedef struct dbk_backup {
    char name[DBK_BACKUP_NAME_SIZE]; /* of the file */
    char sha256[DBK_BACKUP_DIGEST_SIZE];
    uint64_t made_ms, bytes;
    dbk_log_report holds; /* by a deep check of what was restored from it */
    uint64_t book_ms;     /* when the opener book was written */
} dbk_backup;

/* Into the folder `to`, which is made if it isn't there: NAME and NAME.sha256, under their names
 * only when they are whole, durable, and were restored into a folder beside them and checked deep
 * there; and the opener book, whose last version is shredded then. The relay may be serving;
 * writers wait for nothing. Noted in the relay's folder.
 * DBK_USAGE: the log is in a database, which has backups of its own. DBK_DAMAGED also: the opener
 * book that is there can't be read. DBK_CONFLICT also: it knows more than the relay. DBK_BUSY: one
 * is being made there already. */
typedef struct dbk_backup_target {
    const char *to;
    const char *openers; /* the opener book's path; NULL: DBK_OPENER_BOOK_NAME in the folder */
} dbk_backup_target;
DBK_MUST_CHECK dbk_rc dbk_backup_make(dbk_backup *out, const dbk_home *home,
                                      const dbk_backup_target *target, const dbk_env *env,
                                      dbk_err *err);

typedef struct dbk_backup_source {
    const char *file;
    const char *key;     /* relay.key's copy */
    const char *reason;  /* the operator's words to the organisation */
    const char *openers; /* the opener book's path; NULL: DBK_OPENER_BOOK_NAME beside the backup */
} dbk_backup_source;
/* A relay in a new or empty folder, from a backup: checked deep, and waiting for its recovery.
 * Cut off, there is no relay in the folder. DBK_DAMAGED: another key, not a backup, or damaged.
 * DBK_NOT_FOUND also: no opener book, or openers that nobody ordered erased aren't in it.
 * DBK_CONFLICT also: the book is of another organisation. waits: false if it served no organisation
 * yet. */
DBK_MUST_CHECK dbk_rc dbk_backup_restore(dbk_backup *out, bool *waits, const char *dir,
                                         const dbk_backup_source *from, const dbk_env *env,
                                         dbk_err *err);

#endif
