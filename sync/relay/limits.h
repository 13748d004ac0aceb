/* sync/relay/limits.h - how much the relay takes and how often it may be asked: limits.txt in its
 * folder, read at the start and again on SIGHUP. A line is a name and a number; '#' begins a
 * comment. What isn't named has its default; a name stands once. Bytes may end in k, M or G, of a
 * thousand each. */
#ifndef DBK_RELAY_LIMITS_H
#define DBK_RELAY_LIMITS_H

#include "sync/relay/relay.h"

#define DBK_LIMITS_BYTES_MAX (16u * 1024u) /* of the file */

/* Name, default, least and most, and whether a suffix may stand. An honest officer's device writes
 * some 300 bytes a note besides its words: a million notes, 4 GB, is a long life. */
#define DBK_LIMITS_TABLE(X)                                                             \
    X(DISK_MAX_PERCENT, "disk-max-percent", 90, 1, 100, false)                          \
    X(DEVICE_REQUESTS_BURST, "device-requests-burst", 200, 1, 100000, false)            \
    X(DEVICE_REQUESTS_PER_SECOND, "device-requests-per-second", 20, 1, 10000, false)    \
    X(STRANGER_REQUESTS_BURST, "stranger-requests-burst", 100, 1, 100000, false)        \
    X(STRANGER_REQUESTS_PER_SECOND, "stranger-requests-per-second", 5, 1, 10000, false) \
    X(DEVICE_SEGMENTS_MAX, "device-segments-max", 1000000, 0, UINT64_MAX, false)        \
    X(DEVICE_BYTES_MAX, "device-bytes-max", 4000000000, 0, UINT64_MAX, true)            \
    X(SPACE_SEGMENTS_MAX, "space-segments-max", 0, 0, UINT64_MAX, false)                \
    X(SPACE_BYTES_MAX, "space-bytes-max", 0, 0, UINT64_MAX, true)
#define DBK_LIMITS_ENUM(name, text, normal, least, most, suffix) DBK_LIMITS_##name,
typedef enum dbk_limits_name { DBK_LIMITS_TABLE(DBK_LIMITS_ENUM) DBK_LIMITS_COUNT } dbk_limits_name;
#undef DBK_LIMITS_ENUM

typedef struct dbk_limits {
    uint64_t of[DBK_LIMITS_COUNT];
} dbk_limits;
void dbk_limits_default(dbk_limits *out);
/* DBK_USAGE: which line, and what is wrong with it; then *out is as it was. */
DBK_MUST_CHECK dbk_rc dbk_limits_parse(dbk_limits *out, dbk_span text, dbk_err *err);
/* Those of the folder; without a file, the defaults. */
struct dbk_home;
DBK_MUST_CHECK dbk_rc dbk_limits_read(dbk_limits *out, const struct dbk_home *home, dbk_err *err);
/* For the relay. */
dbk_relay_limits dbk_limits_of_relay(const dbk_limits *l);

#endif
