/* core/store/folder.h - a book's folder: locked by one program, readable by its owner only, with
 * small files that are replaced whole and durably.
 * Invariant: while a dbk_folder exists its lock file is held, by this process and no other. */
#ifndef DBK_STORE_FOLDER_H
#define DBK_STORE_FOLDER_H

#include "core/base/bytes.h"

#define DBK_FOLDER_PATH_SIZE 4096u /* with the final zero byte */

typedef struct dbk_folder dbk_folder;

/* Makes the folder, and what leads to it, with mode 0700, unless it is there and empty but for
 * names in leftovers (which end with NULL), and takes the lock. DBK_CONFLICT: it holds something
 * else. DBK_BUSY. */
DBK_MUST_CHECK dbk_rc dbk_folder_create(dbk_folder **out, const char *path,
                                        const char *const *leftovers, dbk_err *err);
/* Takes the lock of a folder that is there. DBK_NOT_FOUND; DBK_BUSY; DBK_DENIED: not ours, or
 * others may look into it. */
DBK_MUST_CHECK dbk_rc dbk_folder_open(dbk_folder **out, const char *path, dbk_err *err);
void dbk_folder_close(dbk_folder *folder); /* gives the lock back; NULL is nothing */

/* The whole path of a name in it, without symbolic links. DBK_LIMIT: too long. */
DBK_MUST_CHECK dbk_rc dbk_folder_path(const dbk_folder *folder, char out[DBK_FOLDER_PATH_SIZE],
                                      const char *name, dbk_err *err);
/* Is there something of this name? A disk that doesn't answer is a failure, never a no: whoever
 * decides by it what a cut-off change still has to do would else undo half of it. */
DBK_MUST_CHECK dbk_rc dbk_folder_has(const dbk_folder *folder, bool *there, const char *name,
                                     dbk_err *err);
/* Appends the file. DBK_NOT_FOUND; DBK_LIMIT: it doesn't fit into out. */
DBK_MUST_CHECK dbk_rc dbk_folder_read(const dbk_folder *folder, dbk_bytes *out, const char *name,
                                      dbk_err *err);
/* The old content or the new, whole, whatever happens meanwhile; durable when it returns. */
DBK_MUST_CHECK dbk_rc dbk_folder_write(const dbk_folder *folder, const char *name, dbk_span in,
                                       dbk_err *err);
/* In place and durable, for a small file that has its room on the disk: at a full disk, too. Not
 * whole after a power cut in mid-write: the content has to tell. Makes the file when there is none.
 */
DBK_MUST_CHECK dbk_rc dbk_folder_overwrite(const dbk_folder *folder, const char *name, dbk_span in,
                                           dbk_err *err);
/* A copy under another name, which may be there already; durable when it returns. */
DBK_MUST_CHECK dbk_rc dbk_folder_copy(const dbk_folder *folder, const char *from, const char *to,
                                      dbk_err *err);
/* Takes the place of what has that name; durable when it returns. */
DBK_MUST_CHECK dbk_rc dbk_folder_rename(const dbk_folder *folder, const char *from, const char *to,
                                        dbk_err *err);
/* Overwrites it with zeros as well as this disk lets it, and removes it. Flash keeps old pages, and
 * so do disks that copy on write: only the loss of a key is sure. What isn't there is nothing. */
DBK_MUST_CHECK dbk_rc dbk_folder_shred(const dbk_folder *folder, const char *name, dbk_err *err);
/* Shreds every file, then takes the folder itself away and gives the lock back; *folder becomes
 * NULL. The names in first (which end with NULL) go first, and durably. What can't be removed is
 * skipped, and the first such failure is returned. */
DBK_MUST_CHECK dbk_rc dbk_folder_destroy(dbk_folder **folder, const char *const *first,
                                         dbk_err *err);
/* A new empty file with mode 0600. DBK_CONFLICT: there is one. */
DBK_MUST_CHECK dbk_rc dbk_folder_touch(const dbk_folder *folder, const char *name, dbk_err *err);
/* What isn't there is nothing. */
DBK_MUST_CHECK dbk_rc dbk_folder_remove(const dbk_folder *folder, const char *name, dbk_err *err);

#endif
