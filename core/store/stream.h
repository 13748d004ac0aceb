/* core/store/stream.h - a file of any size, read or written once from its beginning to its end. */
#ifndef DBK_STORE_STREAM_H
#define DBK_STORE_STREAM_H

#include "core/base/bytes.h"

typedef struct dbk_stream dbk_stream;

/* A new file with mode 0600. DBK_CONFLICT: there is something of that name already. */
DBK_MUST_CHECK dbk_rc dbk_stream_create(dbk_stream **out, const char *path, dbk_err *err);
/* A file that is there; *size is how many bytes it has now. DBK_NOT_FOUND. */
DBK_MUST_CHECK dbk_rc dbk_stream_open(dbk_stream **out, uint64_t *size, const char *path,
                                      dbk_err *err);
/* Fills the room. DBK_FORMAT: the file ends before. */
DBK_MUST_CHECK dbk_rc dbk_stream_read(dbk_stream *s, uint8_t *room, size_t len, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_stream_write(dbk_stream *s, dbk_span in, dbk_err *err);
/* What was written stays: durable, with its name, when it returns. */
DBK_MUST_CHECK dbk_rc dbk_stream_keep(dbk_stream *s, dbk_err *err);
/* A file that was made and not kept is taken away; NULL is nothing. */
void dbk_stream_close(dbk_stream *s);

#endif
