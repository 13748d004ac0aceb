/* tests/lib/notegen.h - made-up family contacts for benchmarks: the JSON of one `contact` each,
 * about 1.1 KB, whose prose is put together from word lists, so that no two notes share more than
 * officers' notes do. The same seed and number give the same note everywhere. */
#ifndef DBK_TESTS_LIB_NOTEGEN_H
#define DBK_TESTS_LIB_NOTEGEN_H

#include <stddef.h>
#include <stdint.h>

#define NOTEGEN_BYTES_MAX 4096u

/* Zero-ended; returns its length. */
size_t notegen_contact(char out[NOTEGEN_BYTES_MAX], uint64_t seed, uint64_t number);

#endif
