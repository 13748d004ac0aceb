/* What the log's state tells an operator's monitoring. A space is its number in the order of the
 * chain: that is the same at each relay and after each start, and says nothing to who can't read
 * the chain. */
#include <stdio.h>

#include "sync/relay/measure.h"
#include "sync/relay/relay_calls.h"

#define SPACES_TOLD_MAX 200u /* the rest is told as one: monitoring keeps a row for each */

typedef struct measured {
    dbk_measure log;
    dbk_room sizes[SPACES_TOLD_MAX + 1]; /* the last: of all others together */
    dbk_quota quota;
    unsigned fullest_space, fullest_device; /* percent of what they may have */
} measured;

static dbk_rc take_space(void *ctx, const dbk_measure_space *space, dbk_err *err)
{
    measured *m = ctx;
    dbk_room taken = { space->segments, space->bytes };
    size_t at = space->number <= SPACES_TOLD_MAX ? (size_t)space->number - 1 : SPACES_TOLD_MAX;
    unsigned percent = dbk_room_percent(&taken, &m->quota.space);
    (void)err;
    m->sizes[at].segments += space->segments;
    m->sizes[at].bytes += space->bytes;
    m->fullest_space = percent > m->fullest_space ? percent : m->fullest_space;
    return DBK_OK;
}

static dbk_rc take_device(void *ctx, const dbk_id *device, const dbk_room *taken, dbk_err *err)
{
    measured *m = ctx;
    unsigned percent = dbk_room_percent(taken, &m->quota.device);
    (void)device;
    (void)err;
    m->fullest_device = percent > m->fullest_device ? percent : m->fullest_device;
    return DBK_OK;
}

static dbk_rc print_size(dbk_bytes *out, const char *family, uint64_t number, uint64_t size,
                         dbk_err *err)
{
    char label[32];
    if (number <= SPACES_TOLD_MAX)
        (void)snprintf(label, sizeof(label), "space=\"%llu\"", (unsigned long long)number);
    else
        (void)snprintf(label, sizeof(label), "space=\"others\"");
    return dbk_metrics_gauge_value(out, family, label, size, err);
}

static dbk_rc print_sizes(dbk_bytes *out, const measured *m, dbk_err *err)
{
    static const char segments[] = "space_segments", bytes[] = "space_bytes";
    uint64_t count = m->log.spaces <= SPACES_TOLD_MAX ? m->log.spaces : SPACES_TOLD_MAX + 1;
    dbk_rc rc = dbk_metrics_gauge_head(out, segments,
                                       "Segments in a space, rounded up; a space is its number "
                                       "in the membership chain.",
                                       err);
    for (uint64_t i = 0; i < count && rc == DBK_OK; i++)
        rc = print_size(out, segments, i + 1,
                        dbk_metrics_coarse(m->sizes[i].segments, DBK_METRICS_LEAST_SEGMENTS), err);
    if (rc == DBK_OK)
        rc = dbk_metrics_gauge_head(out, bytes, "Bytes of them, rounded up.", err);
    for (uint64_t i = 0; i < count && rc == DBK_OK; i++)
        rc = print_size(out, bytes, i + 1,
                        dbk_metrics_coarse(m->sizes[i].bytes, DBK_METRICS_LEAST_BYTES), err);
    return rc;
}

static dbk_rc print_log(dbk_relay *r, dbk_bytes *out, const measured *all, uint64_t now_ms,
                        dbk_err *err)
{
    const dbk_measure *m = &all->log;
    uint64_t age_s = m->oldest_ms != 0 && now_ms > m->oldest_ms ? (now_ms - m->oldest_ms) / 1000
                                                                : 0;
    const struct {
        const char *family, *help;
        uint64_t value;
    } rows[] = {
        { "healthy", "1 until the storage has failed.", atomic_load(&r->failed) ? 0 : 1 },
        { "recovering", "1 while the relay waits for the organisation's word on a restored log.",
          atomic_load(&r->recovering) ? 1 : 0 },
        { "spaces", "Spaces with a log.", m->spaces },
        { "log_segments", "Segments in all logs.", m->segments },
        { "log_bytes", "Bytes of them.", m->bytes },
        { "fullest_space_percent", "How much the fullest space has of what a space may have.",
          all->fullest_space },
        { "fullest_device_percent", "The same of the device that has brought most.",
          all->fullest_device },
        { "witnesses", "Witnesses that the policy in force names.", m->witnesses },
        { "unwitnessed_segments", "Segments that no witness has vouched for.", m->unwitnessed },
        { "oldest_unwitnessed_age_seconds", "How long the oldest of these waits; 0: there is none.",
          age_s },
    };
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && rc == DBK_OK; i++) {
        rc = dbk_metrics_gauge_head(out, rows[i].family, rows[i].help, err);
        if (rc == DBK_OK)
            rc = dbk_metrics_gauge_value(out, rows[i].family, "", rows[i].value, err);
    }
    return rc;
}

dbk_rc dbk_relay_measure(dbk_relay *r, dbk_bytes *out, uint64_t now_ms, dbk_err *err)
{
    size_t reader;
    measured m = { .quota = dbk_relay_quota(r) };
    dbk_rc rc = dbk_relay_reader_take(r, &reader, err);
    if (rc != DBK_OK)
        return rc;
    rc = dbk_measure_log(&m.log, &r->readers[reader], r->roll, take_space, &m, err);
    if (rc == DBK_OK)
        rc = dbk_room_devices(&r->readers[reader], take_device, &m, err);
    dbk_relay_reader_give(r, reader);
    if (rc == DBK_OK)
        rc = print_log(r, out, &m, now_ms, err);
    if (rc == DBK_OK)
        rc = print_sizes(out, &m, err);
    return rc == DBK_OK ? dbk_metrics_print_log(r->metrics, out, err) : rc;
}
