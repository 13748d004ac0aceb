/* What the client tells of a relay that lies: by which words an alarm is known. */
#include "tests/lib/test.h"

#include <string.h>

#include "tests/evilrelay/evil.h"

const evil_alarm evil_alarms[] = {
    { TOLD_SIGNATURE, "signature", "is not signed by its author|is not signed by its device",
      DBK_PEER },
    { TOLD_BODY, "body", "body is not the one that was signed|came without its notes", DBK_PEER },
    { TOLD_MALFORMED, "malformed",
      "a range is cut short|a segment has an unknown form|a range has |a push message |"
      "what is kept of a segment's body is too long|a kept body's holes are not among its ops|"
      "a results message is cut short|a list of entries is cut short|"
      "this is no segment header|previous hash and first seq disagree|checkpoint is not one",
      DBK_PEER },
    { TOLD_NEWER, "newer", "segment version", DBK_VERSION },
    { TOLD_STRANGER, "stranger", "is of a device that is not a member", DBK_PEER },
    { TOLD_ORDER, "order",
      "does not follow what its author wrote before|names a feed that is not its own", DBK_PEER },
    { TOLD_SPACE, "space", "is of another space", DBK_PEER },
    { TOLD_TWICE, "twice", "stands in it for the second time", DBK_PEER },
    { TOLD_UNSIGNED, "unsigned entry",
      "membership entry is not signed by an admin|membership entry's signature does not hold|"
      "only the organisation's root can sign this",
      DBK_PEER },
    { TOLD_NO_ENTRY, "no entry",
      "CBOR|membership entry is malformed|membership entry's body is|entry contradicts itself|"
      "membership entry is empty or too long",
      DBK_PEER },
    { TOLD_FOREIGN, "foreign entry", "membership entry of another organisation", DBK_PEER },
    { TOLD_CHAIN, "another chain",
      "membership chain is another one than this device's|entry doesn't follow the head|"
      "another one than this device holds",
      DBK_PEER },
    { TOLD_CHAIN_BACK, "shorter chain", "a shorter membership chain than this device", DBK_PEER },
    { TOLD_CHAIN_LACKS, "chain lacks", "gives no membership entries", DBK_PEER },
    { TOLD_TWO_LOGS, "split view",
      "another history of the same length|signed two different logs of one size|"
      "shows different people different logs|holds another log than it showed|"
      "gave one place in its log to two notes",
      DBK_PEER },
    { TOLD_ROLLED_BACK, "rolled back", "log was rolled back or replaced", DBK_PEER },
    { TOLD_UNPROVED, "unproved",
      "are not proved to lead to its checkpoint|are not those of its checkpoint|"
      "receipts are not in the log that it signed",
      DBK_PEER },
    { TOLD_KEPT_BACK, "kept back",
      "keeps back notes that headquarters holds|keeps back what its checkpoint covers", DBK_PEER },
    { TOLD_CHECKPOINT, "checkpoint",
      "another size than it signed for|checkpoint is of another log|"
      "checkpoint is not signed by the relay",
      DBK_PEER },
    { TOLD_WORD, "word", "is not cosigned by its witness", DBK_PEER },
    { TOLD_OWN, "own notes", "claims notes of this device", DBK_PEER },
    { TOLD_RECEIPT, "receipt", "a receipt is not signed by the relay", DBK_PEER },
    { TOLD_PLACE, "place",
      "another place or time than the relay's receipt|is not the one that it signed for",
      DBK_PEER },
    { TOLD_LOST, "lost", "lost notes that it said it had", DBK_PEER },
    { TOLD_NO_SPACE, "no space", "does not know a space of this device", DBK_PEER },
    { TOLD_RESTORED, "restored", "was restored from a backup", DBK_PENDING },
    { TOLD_RANGE, "range", "another range than was asked for", DBK_PEER },
    { TOLD_NO_RELAY, "no relay",
      "answered with status|welcome is no JSON object|welcome is of no known protocol", DBK_PEER },
    { TOLD_TOO_LONG, "too long", "longer than it may be", DBK_LIMIT },
    { TOLD_NO_ORDER, "no order", "that no order known here disposes of", DBK_PEER },
    { TOLD_REFUSED, "refused", "does not allow this|does not accept this card", DBK_DENIED },
};
const size_t evil_alarms_count = ARRAY_LEN(evil_alarms);

static bool says(const char *text, const char *words)
{
    while (*words != '\0') {
        char word[64];
        size_t len = strcspn(words, "|");
        DBK_ASSERT(len > 0 && len < sizeof(word));
        memcpy(word, words, len);
        word[len] = '\0';
        if (strstr(text, word) != NULL)
            return true;
        words += len + (words[len] == '|' ? 1 : 0);
    }
    return false;
}

unsigned evil_alarm_of(dbk_rc rc, const char *text, bool carried)
{
    unsigned found = 0;
    size_t times = 0;
    for (size_t i = 0; i < evil_alarms_count; i++) {
        const evil_alarm *a = &evil_alarms[i];
        bool of_bytes = carried && (rc == DBK_AUTH || rc == DBK_FORMAT);
        if (!says(text, a->words))
            continue;
        times++;
        found = rc == a->rc || of_bytes ? a->told : 0;
    }
    return times == 1 ? found : 0;
}
