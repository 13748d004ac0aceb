/* core/journal/device_log.h - what happens to this device and to no record: it was unlocked,
 * guessed at, given another key, opened by headquarters, wiped (domain.md 3.11). It is kept in the
 * store at once, also where nothing can be signed yet, and goes into the log of use (audit.h) as
 * soon as that can be written: an entry in one space that the device writes in, an ordinary one if
 * there is any, so that a restricted space tells nobody outside of it. Only a device whose spaces
 * are all restricted says it in one of those. It names no record and takes no reason. */
#ifndef DBK_JOURNAL_DEVICE_LOG_H
#define DBK_JOURNAL_DEVICE_LOG_H

#include "core/journal/audit.h"

/* Written into stores by its number: only ever added to, at the end. */
#define DBK_DEVICE_EVENT_TABLE(X)                                       \
    X(UNLOCKED, LOGIN, "unlock")                                        \
    X(GUESSED, FAILED_UNLOCK, "wrong passphrase")                       \
    X(PASSPHRASE, KEY, "new passphrase")                                \
    X(REKEYED, KEY, "new store key")                                    \
    X(SLOTS, KEY, "headquarters' recovery key put in or taken out")     \
    X(RECOVERED, BREAK_GLASS, "opened with headquarters' recovery key") \
    X(WIPED, WIPE, "wipe")
#define DBK_DEVICE_EVENT_ENUM(name, op, text) DBK_DEVICE_##name,
typedef enum dbk_device_event {
    DBK_DEVICE_EVENT_TABLE(DBK_DEVICE_EVENT_ENUM) DBK_DEVICE_EVENTS
} dbk_device_event;
#undef DBK_DEVICE_EVENT_ENUM

/* It happened so many times, the last time then. Durable when it returns; what waits already is
 * counted together, so that what waits for a year stays small. */
typedef struct dbk_device_happened {
    dbk_device_event event;
    uint32_t count;
    uint64_t at_ms;
} dbk_device_happened;
DBK_MUST_CHECK dbk_rc dbk_device_log_note(dbk_book *book, const dbk_device_happened *what,
                                          dbk_err *err);
/* Now, once. */
DBK_MUST_CHECK dbk_rc dbk_device_log_now(dbk_book *book, dbk_device_event event, dbk_err *err);
/* Writes what waits. *left: something waits still, as this device writes in no space. Nothing
 * waits: nothing is written. Cut off in between, an entry may stand twice and none is lost. */
DBK_MUST_CHECK dbk_rc dbk_device_log_settle(dbk_book *book, bool *left, dbk_err *err);

#endif
