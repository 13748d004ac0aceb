/* core/seal/dict_builtin.h - the zstd dictionaries that every program carries.
 * Knows:     nothing; the build turns core/seal/dict/NAME.txt into bytes (core/CMakeLists.txt).
 * Invariant: a shipped dictionary never changes: sealed ops name it and need its exact bytes. */
#ifndef DBK_SEAL_DICT_BUILTIN_H
#define DBK_SEAL_DICT_BUILTIN_H

#include <stddef.h>

extern const unsigned char dbk_blob_notes_1[]; /* core/seal/dict/notes-1.txt */
extern const size_t dbk_blob_notes_1_len;

#endif
