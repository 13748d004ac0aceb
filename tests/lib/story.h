/* tests/lib/story.h - one small organisation for membership tests: an admin, an officer and an hq
 * device in one case space, and a guest who is only enrolled. */
#ifndef DBK_TESTS_LIB_STORY_H
#define DBK_TESTS_LIB_STORY_H

#include "tests/lib/chain.h"

typedef struct story {
    chain c;
    chain_device officer, hq, guest;
    dbk_id space;
    chain_entry entry; /* the one that a test is about */
} story;

story *story_new(void);
void story_free(story *s);
/* With a second admin. */
story *story_of_two(chain_device *second);
void story_of_two_free(story *s, chain_device *second);
/* s->entry, signed as it now stands, is refused with this code, and the roster is as it was. */
void story_refused(story *s, const dbk_secret *signer, dbk_rc want, const char *why);
/* The same with two signatures; b NULL: with one. */
void story_refused_two(story *s, const dbk_secret *a, const dbk_secret *b, dbk_rc want,
                       const char *why);

#endif
