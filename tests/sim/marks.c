#include "tests/sim/marks.h"

#include <stdio.h>

#define ROW(name, words, seeds, from, to) [name] = { words, seeds, from, to },
const sim_fault_row sim_fault_rows[FAULT_COUNT] = { SIM_FAULTS(ROW) };
#define WORDS(name, words) [name] = words,
const char *const sim_mark_words[MARK_COUNT] = { SIM_MARKS(WORDS) };

static unsigned print_row(const char *words, uint64_t count)
{
    printf("%s %8llu  %s\n", count > 0 ? "    " : "FAIL", (unsigned long long)count, words);
    return count > 0 ? 0 : 1;
}

unsigned marks_print(const uint64_t marks[MARK_COUNT], const uint64_t faults[FAULT_COUNT])
{
    unsigned never = 0;
    for (unsigned i = 0; i < FAULT_COUNT; i++)
        never += print_row(sim_fault_rows[i].words, faults[i]);
    for (unsigned i = 0; i < MARK_COUNT; i++)
        never += print_row(sim_mark_words[i], marks[i]);
    return never;
}
