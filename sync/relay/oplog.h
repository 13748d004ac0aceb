/* sync/relay/oplog.h - the operator's log: lines on standard error. */
#ifndef DBK_RELAY_OPLOG_H
#define DBK_RELAY_OPLOG_H

/* One line without its end, with the time before it, from any thread or process: lines don't mix.
 * ctx isn't used. */
void dbk_oplog(void *ctx, const char *line);
/* "event=reload WHAT=kept why="...": something that was read again is no good. The sentence isn't
 * ours in whole; it stays one value. */
void dbk_oplog_kept(const char *what, const char *why);

#endif
