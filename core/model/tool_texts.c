#include "core/model/tool_texts.h"

#include <jansson.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/model/form_impl.h"
#include "core/model/record.h"

#define VERSION_CHARS_MAX 40u /* as risk_assessment.tool_version */

typedef struct texts_row {
    json_t *json;
    dbk_bytes bytes; /* what it was made of */
    uint64_t pack;
} texts_row;

struct dbk_tool_texts {
    texts_row rows[DBK_TOOL_TEXTS_MAX];
    size_t count;
};

dbk_rc dbk_tool_texts_new(dbk_tool_texts **out, dbk_err *err)
{
    *out = dbk_alloc(sizeof(**out));
    return *out != NULL ? DBK_OK : dbk_fail(err, DBK_NOMEM, "no memory for the texts of tools");
}

static void row_wipe(texts_row *row)
{
    dbk_json_free(row->json);
    dbk_bytes_wipe(&row->bytes);
}

void dbk_tool_texts_free(dbk_tool_texts *texts)
{
    for (size_t i = 0; texts != NULL && i < texts->count; i++)
        row_wipe(&texts->rows[i]);
    dbk_free(texts);
}

static const char *text_of(const json_t *json, const char *key)
{
    return json_string_value(json_object_get(json, key));
}

static bool is_short(const char *text, size_t chars_max)
{
    size_t chars = text == NULL ? 0 : dbk_utf8_count(dbk_span_str(text));
    return chars > 0 && chars <= chars_max;
}

static dbk_rc check(const json_t *json, dbk_err *err)
{
    const char *key, *tool = text_of(json, "tool"), *version = text_of(json, "version");
    const json_t *questions = json_object_get(json, "questions");
    json_t *one;
    if (tool == NULL || !dbk_form_name_valid(tool))
        return dbk_fail(err, DBK_FORMAT, "a tool's text begins with \"tool\" and its name");
    if (!is_short(version, VERSION_CHARS_MAX))
        return dbk_fail(err, DBK_FORMAT, "tool %s: \"version\" has 1 to %u characters", tool,
                        VERSION_CHARS_MAX);
    if (json_object_size(questions) == 0 || json_object_size(questions) > DBK_TOOL_QUESTIONS_MAX)
        return dbk_fail(err, DBK_FORMAT, "tool %s: \"questions\" has 1 to %u, by their keys", tool,
                        DBK_TOOL_QUESTIONS_MAX);
    json_object_foreach((json_t *)(uintptr_t)questions, key, one)
    {
        if (!dbk_form_name_valid(key) ||
            !is_short(json_string_value(one), DBK_TOOL_QUESTION_CHARS_MAX))
            return dbk_fail(
                err, DBK_FORMAT,
                "tool %s: each question has a key of a-z, 0-9 and _, and a text of 1 to "
                "%u characters",
                tool, DBK_TOOL_QUESTION_CHARS_MAX);
    }
    return DBK_OK;
}

static bool is_of(const texts_row *row, dbk_span tool, dbk_span version)
{
    return dbk_span_equal(dbk_span_str(text_of(row->json, "tool")), tool) &&
           dbk_span_equal(dbk_span_str(text_of(row->json, "version")), version);
}

/* Takes what row holds, unless it is there already. */
static dbk_rc insert(dbk_tool_texts *texts, texts_row *row, dbk_err *err)
{
    const char *tool = text_of(row->json, "tool"), *version = text_of(row->json, "version");
    for (size_t i = 0; i < texts->count; i++) {
        if (!is_of(&texts->rows[i], dbk_span_str(tool), dbk_span_str(version)))
            continue;
        if (dbk_span_equal(dbk_bytes_span(&texts->rows[i].bytes), dbk_bytes_span(&row->bytes)))
            return DBK_OK;
        return dbk_fail(err, DBK_CONFLICT, "another text is tool %s version %.40s already", tool,
                        version);
    }
    if (texts->count == DBK_TOOL_TEXTS_MAX)
        return dbk_fail(err, DBK_LIMIT, "more than %u versions of tools", DBK_TOOL_TEXTS_MAX);
    texts->rows[texts->count++] = *row;
    *row = (texts_row){ .bytes = DBK_BYTES_INIT(DBK_TOOL_TEXT_BYTES_MAX) };
    return DBK_OK;
}

dbk_rc dbk_tool_texts_add(dbk_tool_texts *texts, dbk_span json, uint64_t pack, dbk_err *err)
{
    json_error_t where;
    texts_row row = { .bytes = DBK_BYTES_INIT(DBK_TOOL_TEXT_BYTES_MAX), .pack = pack };
    DBK_ASSERT(pack != 0);
    if (json.len > DBK_TOOL_TEXT_BYTES_MAX)
        return dbk_fail(err, DBK_LIMIT, "a tool's text has at most %u KiB",
                        DBK_TOOL_TEXT_BYTES_MAX / 1024u);
    row.json = json_loadb((const char *)json.p, json.len, JSON_REJECT_DUPLICATES, &where);
    if (row.json == NULL)
        return dbk_fail(err, DBK_FORMAT, "a tool's text isn't JSON: line %d, column %d", where.line,
                        where.column);
    dbk_rc rc = check(row.json, err);
    if (rc == DBK_OK)
        rc = dbk_bytes_append(&row.bytes, json, err);
    if (rc == DBK_OK)
        rc = insert(texts, &row, err);
    row_wipe(&row);
    return rc;
}

void dbk_tool_texts_drop_pack(dbk_tool_texts *texts, uint64_t pack)
{
    size_t kept = 0;
    DBK_ASSERT(pack != 0);
    for (size_t i = 0; i < texts->count; i++) {
        if (texts->rows[i].pack == pack)
            row_wipe(&texts->rows[i]);
        else
            texts->rows[kept++] = texts->rows[i];
    }
    texts->count = kept;
}

const char *dbk_tool_texts_find(const dbk_tool_texts *texts, dbk_span tool, dbk_span version,
                                const char *key)
{
    for (size_t i = 0; i < texts->count; i++)
        if (is_of(&texts->rows[i], tool, version))
            return text_of(json_object_get(texts->rows[i].json, "questions"), key);
    return NULL;
}

const char *dbk_tool_texts_at(const dbk_tool_texts *texts, size_t i, const char **version)
{
    if (i >= texts->count)
        return NULL;
    *version = text_of(texts->rows[i].json, "version");
    return text_of(texts->rows[i].json, "tool");
}

const char *dbk_tool_texts_question(const dbk_tool_texts *texts, size_t i, size_t n,
                                    const char **key)
{
    DBK_ASSERT(i < texts->count);
    json_t *questions = json_object_get(texts->rows[i].json, "questions");
    void *at = json_object_iter(questions);
    for (size_t k = 0; at != NULL && k < n; k++)
        at = json_object_iter_next(questions, at);
    if (at == NULL)
        return NULL;
    *key = json_object_iter_key(at);
    return json_string_value(json_object_iter_value(at));
}
