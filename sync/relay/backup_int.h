/* sync/relay/backup_int.h - between backup.c, which makes one, and backup_restore.c, which takes
 * one back: what stands in a backup beside the log, and a restore that is only a proof. */
#ifndef DBK_RELAY_BACKUP_INT_H
#define DBK_RELAY_BACKUP_INT_H

#include "sync/relay/backup.h"

/* What stands in a backup beside the log, each as a setting of its name. */
typedef struct dbk_backup_beside {
    const char *name;
    bool needed;
} dbk_backup_beside;
#define DBK_BACKUP_BESIDE 4u
extern const dbk_backup_beside dbk_backup_beside_all[DBK_BACKUP_BESIDE];
#define DBK_BACKUP_SETTING_SIZE 64u
void dbk_backup_setting_of(char out[DBK_BACKUP_SETTING_SIZE], size_t i);

/* Files of a restore under way, in its folder. */
#define DBK_BACKUP_COPY_NAME "backup.part"  /* a copy of the backup */
#define DBK_BACKUP_BOOK_NAME "openers.part" /* one of the opener book */
#define DBK_BACKUP_LOG_NAME "restore.part"  /* the log that is made of both */

/* All of a restore but relay.key: the relay's log stands in dir under its name, sealed under
 * log_key. from->key isn't read: key opens backup and book. */
DBK_MUST_CHECK dbk_rc dbk_backup_restore_log(dbk_backup *out, bool *waits, const char *dir,
                                             const dbk_backup_source *from, const dbk_secret *key,
                                             const dbk_secret *log_key, const dbk_env *env,
                                             dbk_err *err);
/* Removes whatever a restore writes into its folder: one that failed leaves it empty, one that was
 * cut off doesn't. */
void dbk_backup_restore_undo(const char *dir);

#endif
