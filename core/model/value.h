/* core/model/value.h - one field's value: checked on the way in, CBOR inside, text or JSON out.
 * Blank is absent; not_known is CBOR null and is legal for every kind (domain.md section 3).
 * In CBOR: text kinds, codes, dates and times are text; CODES are arrays of text, sorted;
 * BOOL3 is true or false; NUMBER is an integer; ids are tag 37 with 16 bytes; REFS are arrays,
 * sorted; OBJECT is a map with text keys in deterministic order; LIST is an array of texts or of
 * such maps; PRESENT is an array of maps { name and/or person, role }. "Sorted" is bytewise by
 * encoding, each once. */
#ifndef DBK_MODEL_VALUE_H
#define DBK_MODEL_VALUE_H

#include "core/model/form.h"
#include "core/model/problem.h"

struct json_t; /* Jansson */

/* Appends the CBOR of a typed text ("FIELD=VALUE") or of a JSON value ("FIELD:=JSON"), of the
 * whole field: kinds that are arrays take one element for an array of one. The text "not_known" is
 * null for every kind. Each fault is added to problems (and DBK_INVALID returned, nothing
 * appended); a warning is added and the value still taken (odd phone number). An unknown code is a
 * fault with the nearest known one: here somebody types. Codes that come by sync never pass here.
 * How texts are read: "a, b" for codes and refs; "Joan Marsh (family); ..." for present; an object
 * or a list of objects takes the text as its first sub-field. */
DBK_MUST_CHECK dbk_rc dbk_value_from_text(dbk_bytes *cbor, const dbk_field *field, dbk_span text,
                                          dbk_problems *problems, dbk_err *err);
DBK_MUST_CHECK dbk_rc dbk_value_from_json(dbk_bytes *cbor, const dbk_field *field,
                                          const struct json_t *json, dbk_problems *problems,
                                          dbk_err *err);

/* One line for lists and messages; code labels when field is given. field NULL: a value whose
 * form isn't known, shown as it stands. Not terminal-safe: the printer does that. */
DBK_MUST_CHECK dbk_rc dbk_value_to_text(dbk_bytes *out, const dbk_field *field, dbk_span cbor,
                                        dbk_err *err);
/* Appends JSON text. null becomes "not_known", tag 37 a UUID string, bytes base64url. */
DBK_MUST_CHECK dbk_rc dbk_value_to_json(dbk_bytes *out, dbk_span cbor, dbk_err *err);
/* Appends what full-text search should find: the words of every text inside. */
DBK_MUST_CHECK dbk_rc dbk_value_to_words(dbk_bytes *out, const dbk_field *field, dbk_span cbor,
                                         dbk_err *err);

#endif
