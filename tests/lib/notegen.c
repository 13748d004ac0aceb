#include "tests/lib/notegen.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/base/err.h"

/* Words that stand in place of a letter in a sentence. */
static const char *const names[] = {
    "Maria", "Tomas",    "Ines",   "Asha",    "Gurpreet", "Leon",  "Farida",  "Declan", "Zofia",
    "Kwame", "Bridget",  "Hassan", "Yusuf",   "Eleanor",  "Nadia", "Owen",    "Priya",  "Marek",
    "Chidi", "Rosalind", "Amir",   "Siobhan", "Jamal",    "Petra", "Dilys",   "Kofi",   "Ruth",
    "Emeka", "Halima",   "Connor", "Ludmila", "Iqbal",    "Tegan", "Wanjiru", "Alun",   "Saoirse",
};
static const char *const kin[] = {
    "mother",
    "father",
    "sister",
    "brother",
    "aunt",
    "uncle",
    "grandmother",
    "grandfather",
    "stepfather",
    "stepsister",
    "cousin",
    "eldest son",
    "youngest daughter",
    "partner",
    "godmother",
    "neighbour",
    "landlord",
    "half-brother",
};
static const char *const things[] = {
    "the blue rucksack",   "his work phone",     "a bundle of letters",  "the car keys",
    "her reading glasses", "the bus pass",       "two photographs",      "a torn receipt",
    "the laptop charger",  "a silver bracelet",  "the tenancy papers",   "his inhaler",
    "a school report",     "the spare door key", "an unopened parcel",   "the dog's lead",
    "a prescription",      "the wedding ring",   "a notebook in Polish", "the football shirt",
    "her library card",    "a bank statement",   "the garage fob",       "a box of slides",
};
static const char *const places[] = {
    "kitchen",          "front room",         "garden",
    "community hall",   "hospital canteen",   "car park",
    "hallway",          "mosque office",      "chapel",
    "allotment",        "solicitor's office", "stairwell",
    "library",          "bus shelter",        "back yard",
    "school reception", "tower block lobby",  "conservatory",
};
static const char *const feelings[] = {
    "angry",    "tired",     "calm",    "tearful",    "distant",   "talkative",
    "hesitant", "restless",  "polite",  "suspicious", "relieved",  "confused",
    "composed", "exhausted", "hopeful", "ashamed",    "impatient", "numb",
};
static const char *const matters[] = {
    "the second post-mortem",
    "the date of the inquest",
    "the return of clothing",
    "why the road was not closed",
    "the delay with the phone data",
    "who may visit the scene",
    "the funeral in Lahore",
    "the newspaper article",
    "school for the little ones",
    "the CCTV from the petrol station",
    "the bail conditions",
    "the interpreter on Tuesday",
    "her own statement",
    "the damaged front door",
    "money for the coach fare",
    "a lock on the side gate",
    "the coroner's letter",
    "the reconstruction film",
    "his brother's visa",
    "the flowers left at the bridge",
    "the identification",
    "the appeal for witnesses",
    "what the lorry driver said",
    "the release of the body",
};
static const char *const roads[] = {
    "Elm Street",    "Corporation Road", "Bishop's Walk",   "Harbour Terrace",   "Windmill Lane",
    "Foundry Close", "Queen's Parade",   "Saltmarsh Drive", "Coronation Avenue", "Ferry Row",
    "Beaumont Rise", "Cattle Market",    "Lower Gungate",   "Priory Gardens",    "Station Approach",
};
/* A sentence is an opener, a clause and an end. N name, K kin, T thing, P place, F feeling, M
 * matter, R road, 0 a number. */
static const char *const openers[] = {
    "",
    "",
    "",
    "",
    "After the tea, ",
    "On the way out ",
    "By about 0 minutes past, ",
    "In the P ",
    "Before the K came back, ",
    "Over the phone from R, ",
    "With N translating, ",
    "As on the 0th, ",
    "While the kettle boiled, ",
    "Rather to my surprise ",
    "Once N had gone, ",
    "Standing in the P, ",
    "For the second time ",
    "Quite openly ",
};
static const char *const clauses[] = {
    "N did most of the talking and kept coming back to M",
    "I was asked about M by the K, who had written 0 questions down",
    "the K brought out T and wanted it to go to the team tonight",
    "she was F about M, then F",
    "I handed over T against a receipt that the K signed",
    "nobody had yet explained M to them, so I did, slowly",
    "he remembers seeing T near R about 0 days before",
    "N rang, and the K went out to take it",
    "a man from R had called about M and left no name",
    "they would rather meet in the P while the press are on R",
    "N has not slept more than 0 hours since Thursday because of M",
    "T was no longer where I had seen it last week",
    "the K wants M in writing, in a language that N reads",
    "0 relatives are arriving by coach with nowhere to stay but the P",
    "it is to be put on record that M was raised 0 weeks ago",
    "I photographed 0 messages about T with the consent of the K",
    "I am not to park on R again, says N, because of the neighbours",
    "N speaks for the family on M, and the K on everything else",
    "there was laughter about T, the first that I have heard in that P",
    "the K left the room for 0 minutes when M came up",
    "N had kept T from the others and was F to be rid of it",
    "we walked as far as R and spoke of nothing but M",
    "an elder from the P sat with the K and prayed",
    "I read my note of the 0th back, and N corrected two dates",
};
static const char *const ends[] = {
    ".",
    ".",
    ".",
    ".",
    ", and asked that N not be told yet.",
    "; I said I would find out by noon.",
    ", which the K disputes.",
    ", with N witnessing.",
    ". The K agreed.",
    "; nothing was promised.",
    ", as N had feared.",
    ", though the K looked F.",
    ". I gave the leaflet and left it there.",
    "; see also M.",
    ", says N.",
    ". This is new to me.",
    ", and would like T back first.",
    ". N wrote it down.",
};

typedef struct gen {
    uint64_t state;
    char *out;
    size_t len;
} gen;

static uint64_t draw(gen *g, uint64_t count)
{
    g->state += UINT64_C(0x9e3779b97f4a7c15); /* SplitMix64 */
    uint64_t z = g->state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % count;
}

static void put(gen *g, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(g->out + g->len, NOTEGEN_BYTES_MAX - g->len, fmt, args);
    va_end(args);
    DBK_ASSERT(n >= 0);
    DBK_ASSERT((size_t)n < NOTEGEN_BYTES_MAX - g->len);
    g->len += (size_t)n;
}

#define PICK(g, list) (list)[draw((g), sizeof(list) / sizeof((list)[0]))]

static const char *word_for(gen *g, char letter)
{
    switch (letter) {
    case 'N':
        return PICK(g, names);
    case 'K':
        return PICK(g, kin);
    case 'T':
        return PICK(g, things);
    case 'P':
        return PICK(g, places);
    case 'F':
        return PICK(g, feelings);
    case 'M':
        return PICK(g, matters);
    case 'R':
        return PICK(g, roads);
    default:
        return NULL;
    }
}

/* A capital that no small letter follows stands for a word. */
static void fill(gen *g, const char *pattern)
{
    for (const char *p = pattern; *p != '\0'; p++) {
        bool alone = !(p[1] >= 'a' && p[1] <= 'z');
        const char *word = alone ? word_for(g, *p) : NULL;
        if (word != NULL)
            put(g, "%s", word);
        else if (*p == '0')
            put(g, "%u", (unsigned)(2 + draw(g, 26)));
        else
            put(g, "%c", *p);
    }
}

static void sentence(gen *g)
{
    size_t begin = g->len;
    fill(g, PICK(g, openers));
    fill(g, PICK(g, clauses));
    fill(g, PICK(g, ends));
    if (g->out[begin] >= 'a' && g->out[begin] <= 'z')
        g->out[begin] = (char)(g->out[begin] - 'a' + 'A');
}

static void prose(gen *g, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        put(g, "%s", i > 0 ? " " : "");
        sentence(g);
    }
}

static void when(gen *g, const char *key, unsigned day, unsigned minute)
{
    put(g, "\"%s\":\"2026-%02u-%02uT%02u:%02u:00Z\"", key, 1 + day % 12, 1 + day % 28, minute / 60,
        minute % 60);
}

size_t notegen_contact(char out[NOTEGEN_BYTES_MAX], uint64_t seed, uint64_t number)
{
    static const char *const methods[] = { "visit", "phone", "video", "text", "email" };
    static const char *const purposes[] = { "update", "statement", "property", "court", "support" };
    static const char *const needs[] = { "translation", "transport", "heating", "food" };
    gen g = { .state = seed * UINT64_C(0x2545f4914f6cdd1d) + number, .out = out };
    unsigned day = (unsigned)draw(&g, 336), minute = (unsigned)draw(&g, 1300);
    put(&g, "{");
    when(&g, "started_at", day, minute);
    put(&g, ",");
    when(&g, "ended_at", day, minute + (unsigned)draw(&g, 120));
    put(&g, ",\"method\":\"%s\",\"direction\":\"%s\"", PICK(&g, methods),
        draw(&g, 4) == 0 ? "family_to_police" : "police_to_family");
    put(&g, ",\"place\":\"%u %s\",\"purpose\":[\"%s\"]", (unsigned)(1 + draw(&g, 240)),
        PICK(&g, roads), PICK(&g, purposes));
    put(&g, ",\"account\":\"");
    prose(&g, 3);
    put(&g, "\",\"assessment\":\"");
    prose(&g, 1);
    put(&g, "\",\"told\":[{\"topic\":\"%s\",\"detail\":\"", PICK(&g, matters));
    prose(&g, 1);
    put(&g, "\",\"held_back\":\"no\"}],\"requests\":[{\"text\":\"");
    prose(&g, 1);
    put(&g, "\",\"agreed\":\"pending\"}]");
    if (draw(&g, 3) == 0)
        put(&g, ",\"practical_needs\":[\"%s\"]", PICK(&g, needs));
    put(&g, ",\"child_present\":\"%s\",\"next_contact\":{", draw(&g, 3) == 0 ? "yes" : "no");
    when(&g, "when", day + 3, minute);
    put(&g, ",\"agreed_with\":\"%s\"}}", PICK(&g, names));
    return g.len;
}
