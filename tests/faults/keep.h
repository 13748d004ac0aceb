/* tests/faults/keep.h - the files of some folders as they are now, to be put back as often as a
 * test likes. Beyond tests/lib/image.h: a file that was taken away comes back as the same inode, so
 * that handles of a parent that stand on it still do, and what its child did to locks and logs by
 * closing them is undone. Failures stop the test. */
#ifndef DBK_TESTS_FAULTS_KEEP_H
#define DBK_TESTS_FAULTS_KEEP_H

#include <stddef.h>

#define KEEP_ROOTS_MAX 12u

/* Of these folders (one that isn't there is empty), and of folders in them; in place of what was
 * kept before. The paths are
 * borrowed. */
void keep_files(const char *const *roots, size_t count);
/* What is new is taken away, everything else is as it was. */
void keep_restore(void);
/* In a child that keeps files of its own: those that its parent keeps are left to the parent. */
void keep_fork(void);
void keep_end(void); /* forgets all */

#endif
