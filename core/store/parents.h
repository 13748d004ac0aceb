/* core/store/parents.h - folders that are made on the way to one. */
#ifndef DBK_STORE_PARENTS_H
#define DBK_STORE_PARENTS_H

/* Makes what leads to the path, and the path itself, with mode 0700, where they aren't there. What
 * was made has its name durably when this returns, as far as the folder above it may be opened: a
 * store whose folder is lost is lost with all that was ever saved in it. Returns 0, or the errno of
 * making the path itself; of what leads to it, opening says why. */
int dbk_parents_make(const char *path);

#endif
