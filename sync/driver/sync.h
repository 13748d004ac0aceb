/* sync/driver/sync.h - the two ways in which a book meets others; inside the driver only. */
#ifndef DBK_DRIVER_SYNC_H
#define DBK_DRIVER_SYNC_H

#include "core/journal/inbox.h"
#include "sync/driver/line.h"

void dbk_report_add(dbk_sync_report *report, const dbk_inbox_stats *stats);

/* The pins of a connection: the current one, and those that may follow it. */
void dbk_driver_pins(dbk_https_opts *opts, const uint8_t current[32], const dbk_pins *backup);

/* With the relay, by the session's rules; while joining too. */
DBK_MUST_CHECK dbk_rc dbk_sync_relay(dbk_line *line, dbk_sync_report *report, dbk_watch *watch,
                                     dbk_err *err);
/* With a folder: reads what is new here, writes what is new there. */
DBK_MUST_CHECK dbk_rc dbk_sync_folder(dbk_book *book, const dbk_transport *t,
                                      dbk_sync_report *report, dbk_watch *watch, dbk_err *err);

#endif
