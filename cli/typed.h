/* cli/typed.h - what a person types while a command runs: single keys at a terminal, words and
 * lines from anywhere. Passphrases are cli/ask.c's. One reader at a time. */
#ifndef DBK_CLI_TYPED_H
#define DBK_CLI_TYPED_H

#include "core/base/bytes.h"

#define CLI_TYPED_LINE_BYTES_MAX 65536u

/* From here on a terminal gives each key at once and shows none; cli_typed_end puts it back, as
 * does a signal that ends the program. No terminal: nothing happens, and false. */
bool cli_typed_keys(void);
void cli_typed_end(void);

/* The next key, or the next word between blanks and line ends. false: there is no more. */
DBK_MUST_CHECK dbk_rc cli_typed_key(bool *more, char *key, dbk_err *err);
DBK_MUST_CHECK dbk_rc cli_typed_word(bool *more, dbk_bytes *out, dbk_err *err);
/* The next line without its end. */
DBK_MUST_CHECK dbk_rc cli_typed_line(bool *more, dbk_bytes *out, dbk_err *err);

#endif
