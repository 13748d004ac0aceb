#include "core/model/language.h"

#include <string.h>
#include <unicode/uloc.h>
#include <unicode/ustring.h>

bool dbk_language_of_code(char out[DBK_LANGUAGE_SIZE], const char *code)
{
    UChar wide[DBK_LANGUAGE_SIZE];
    UErrorCode status = U_ZERO_ERROR;
    size_t len = strlen(code);
    out[0] = '\0';
    if (len < 2 || len > 3 || strspn(code, "abcdefghijklmnopqrstuvwxyz") != len)
        return false;
    int32_t units = uloc_getDisplayLanguage(code, "en", wide, DBK_LANGUAGE_SIZE, &status);
    if (U_FAILURE(status) || status == U_USING_DEFAULT_WARNING || units <= 0)
        return false;
    (void)u_strToUTF8(out, (int32_t)DBK_LANGUAGE_SIZE - 1, NULL, wide, units, &status);
    /* ICU gives back a code that it doesn't know. */
    if (U_FAILURE(status) || strcmp(out, code) == 0) {
        out[0] = '\0';
        return false;
    }
    return true;
}
