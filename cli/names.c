#include "cli/names.h"

#include <jansson.h>
#include <string.h>

#include "cli/words.h"
#include "core/base/alloc.h"

#define UUID_LEN (DBK_ID_UUID_SIZE - 1u)
#define NAMES_MAX 500u

/* An id as JSON has it, quoted: what stands inside a longer text is words, and stays so. */
static bool id_at(dbk_id *out, char uuid[DBK_ID_UUID_SIZE], const char *quoted)
{
    if (strlen(quoted) < UUID_LEN + 2 || quoted[UUID_LEN + 1] != '"' || quoted[9] != '-')
        return false;
    memcpy(uuid, quoted + 1, UUID_LEN);
    uuid[UUID_LEN] = '\0';
    return dbk_id_parse(out, uuid, NULL) == DBK_OK;
}

static void add(const cli *c, json_t *names, const dbk_id *id, const char *uuid)
{
    dbk_bytes summary = DBK_BYTES_INIT(DBK_STATE_BYTES_MAX);
    if (json_object_get(names, uuid) == NULL && json_object_size(names) < NAMES_MAX &&
        cli_record_text(c, &summary, id, NULL) == DBK_OK && summary.len > 0)
        (void)json_object_set_new(names, uuid, json_string(out_safe(dbk_bytes_span(&summary))));
    dbk_bytes_wipe(&summary);
}

json_t *cli_names_add(const cli *c, json_t *answer)
{
    size_t len = answer == NULL ? 0 : json_dumpb(answer, NULL, 0, JSON_COMPACT);
    char *text = len == 0 ? NULL : dbk_alloc(len + 1);
    json_t *names = text == NULL ? NULL : json_object();
    char uuid[DBK_ID_UUID_SIZE] = "";
    dbk_id id;
    if (names != NULL && json_dumpb(answer, text, len, JSON_COMPACT) == len) {
        text[len] = '\0';
        for (const char *at = strchr(text, '"'); at != NULL; at = strchr(at + 1, '"'))
            if (id_at(&id, uuid, at))
                add(c, names, &id, uuid);
        (void)json_object_set(answer, "names", names);
    }
    json_decref(names);
    dbk_free(text);
    return answer;
}
