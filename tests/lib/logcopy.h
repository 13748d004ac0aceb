/* tests/lib/logcopy.h - a relay's log copied as a backup does it, without a change on the way, or
 * as a move to another store does. Failures stop the test. */
#ifndef DBK_TESTS_LIB_LOGCOPY_H
#define DBK_TESTS_LIB_LOGCOPY_H

#include "tests/lib/relaykit.h"

typedef enum logcopy_how { LOGCOPY_BACKUP, LOGCOPY_MOVE } logcopy_how;
/* Into a file beside it, which is left open: dbk_log_close(). */
void logcopy(dbk_log *to, relaykit *kit, logcopy_how how);

#endif
