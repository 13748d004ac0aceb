/* core/seal/dict_builtin.h - the zstd dictionary that every program carries.
 * notes-1 = dbk_notes_1_tables || dbk_notes_1_ops || dbk_blob_notes_1: entropy tables, ops, text.
 * Knows:     nothing; the build turns core/seal/dict/NAME.txt into bytes (core/CMakeLists.txt).
 * Invariant: a shipped dictionary never changes: sealed ops name it and need its exact bytes. */
#ifndef DBK_SEAL_DICT_BUILTIN_H
#define DBK_SEAL_DICT_BUILTIN_H

#include <stddef.h>

#define DBK_NOTES_1_TABLES_BYTES 158u
extern const unsigned char dbk_notes_1_tables[DBK_NOTES_1_TABLES_BYTES];

#define DBK_NOTES_1_OPS_BYTES 7479u
extern const unsigned char dbk_notes_1_ops[DBK_NOTES_1_OPS_BYTES];

extern const unsigned char dbk_blob_notes_1[]; /* core/seal/dict/notes-1.txt */
extern const size_t dbk_blob_notes_1_len;

#endif
