/* sync/relay/gate.h - the strict door before every call: what isn't plainly one HTTP/1.1 request is
 * refused before anything of it is believed. The HTTP library is lenient (security.md F6): it takes
 * two lengths, folded lines, zero bytes, both kinds of framing. Pure: names and values in, verdict
 * and the parts that the relay uses out.
 *   one request line: GET, POST or PUT; a target of plain characters, at most 1 KiB; HTTP/1.1
 *   at most 40 fields and 8 KiB of them; names are tokens, values hold no control byte
 *   no Transfer-Encoding, Content-Encoding, Trailer, Upgrade; one Host; at most one of each field
 *   that counts here; POST and PUT state a length, GET has none
 *   the head is laid out the one way that proper clients do ("Name: value" CR LF): its size says
 *   so, also where the library hides folds and bare line feeds. (Who makes up for a missing CR
 *   with a space more isn't seen; it gains nothing: no connection is shared between peers) */
#ifndef DBK_RELAY_GATE_H
#define DBK_RELAY_GATE_H

#include "sync/relay/relay.h"

#define DBK_GATE_TARGET_BYTES_MAX 1024u
#define DBK_GATE_FIELDS_MAX 40u
#define DBK_GATE_FIELD_BYTES_MAX (8u * 1024u)
#define DBK_GATE_HOST_BYTES_MAX 255u

typedef struct dbk_gate {
    dbk_relay_request head; /* method, authority, path, query and fields; no body yet */
    uint64_t length;        /* Content-Length, if head.has_body */
    char host[DBK_GATE_HOST_BYTES_MAX + 1];
    dbk_span client; /* X-Real-IP; empty: none. Whether it counts is for who knows the proxy */
    uint32_t seen;   /* which of the fields that may stand only once */
    size_t fields;
    size_t line_bytes, field_bytes; /* of the head, as proper clients lay it out */
    bool bad;
} dbk_gate;
typedef struct dbk_gate_line {
    dbk_span method, target, version;
} dbk_gate_line;

/* All spans must outlive the gate. */
void dbk_gate_begin(dbk_gate *g, const dbk_gate_line *line);
void dbk_gate_field(dbk_gate *g, dbk_span name, dbk_span value);
/* true: g->head is a request. head_bytes: what the head took on the wire, with the empty line; 0:
 * not known. */
bool dbk_gate_end(dbk_gate *g, size_t head_bytes);

#endif
