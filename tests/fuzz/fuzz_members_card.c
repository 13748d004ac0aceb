/* A members' card is refused, or its chain begins with the root that was named. Whatever two cards
 * hold, asking whether one extends the other reads no byte beyond them.
 * Input: root key (32) || card. The card is also taken apart at its middle. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/crypto/members_card.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    dbk_sign_pk root;
    dbk_roster *roster = NULL;
    if (size < sizeof(root.b))
        return 0;
    memcpy(root.b, data, sizeof(root.b));
    dbk_span card = { data + sizeof(root.b), size - sizeof(root.b) };
    if (dbk_members_card_open(&roster, card, &root, NULL) == DBK_OK) {
        if (roster == NULL || !dbk_members_card_extends(card, card))
            abort();
    } else if (roster != NULL) {
        abort();
    }
    dbk_roster_free(roster);
    dbk_span older = { card.p, card.len / 2 };
    dbk_span newer = { card.p + older.len, card.len - older.len };
    (void)dbk_members_card_extends(newer, older);
    (void)dbk_members_card_extends(card, older);
    return 0;
}
