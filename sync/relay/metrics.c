#include "sync/relay/metrics.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"

#define PREFIX "daybook_relay_"
#define US_PER_S 1000000u

static const struct {
    const char *family, *label, *help;
} count_rows[DBK_COUNTS] = {
#define COUNT_ROW(name, family, label, help) { family, label, help },
    DBK_COUNT_TABLE(COUNT_ROW)
#undef COUNT_ROW
};

/* The words of refusals (docs/PROTOCOL.md); whatever isn't here counts as the last. */
static const char *const causes[] = {
    "auth",      "busy",      "conflict",    "denied",  "full",    "malformed", "recovering",
    "too-large", "too-often", "unavailable", "unknown", "version", "other",
};
#define CAUSES (sizeof(causes) / sizeof(causes[0]))

/* Upper ends of buckets in microseconds; above the last there is no end. A disk's fsync takes
 * 0.3 ms (flash with a buffer) to 30 ms (a disk that turns); a call up to its deadline. */
#define BUCKETS_MAX 12u
static const uint32_t fsync_ends_us[] = { 250,   500,    1000,   2500,   5000,    10000,
                                          25000, 100000, 250000, 500000, 1000000, 2500000 };
static const uint32_t call_ends_us[] = { 1000,   2500,   5000,   10000,   25000,   50000,
                                         100000, 250000, 500000, 1000000, 2500000, 10000000 };

typedef struct histogram {
    atomic_uint_least64_t buckets[BUCKETS_MAX + 1];
    atomic_uint_least64_t sum_us;
} histogram;

struct dbk_metrics {
    atomic_uint_least64_t counts[DBK_COUNTS];
    atomic_uint_least64_t rejects[CAUSES];
    histogram fsync;
    histogram calls[DBK_METRICS_CALLS_MAX];
    const char *names[DBK_METRICS_CALLS_MAX]; /* [0]: no call */
    size_t names_count;
};

_Static_assert(sizeof(fsync_ends_us) / sizeof(fsync_ends_us[0]) == BUCKETS_MAX, "all ends");
_Static_assert(sizeof(call_ends_us) / sizeof(call_ends_us[0]) == BUCKETS_MAX, "all ends");

dbk_rc dbk_metrics_new(dbk_metrics **out, dbk_err *err)
{
    *out = dbk_alloc(sizeof(**out)); /* zeroed */
    if (*out == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory to count");
    dbk_metrics_name_call(*out, DBK_METRICS_NO_CALL);
    return DBK_OK;
}

void dbk_metrics_free(dbk_metrics *m)
{
    dbk_free(m);
}

void dbk_metrics_name_call(dbk_metrics *m, const char *name)
{
    DBK_ASSERT(m->names_count < DBK_METRICS_CALLS_MAX);
    m->names[m->names_count++] = name;
}

/* ---- counting ---------------------------------------------------------------------------- */

static void add(atomic_uint_least64_t *to, uint64_t n)
{
    (void)atomic_fetch_add_explicit(to, n, memory_order_relaxed);
}

void dbk_metrics_add(dbk_metrics *m, dbk_count what, uint64_t n)
{
    DBK_ASSERT(what < DBK_COUNTS);
    add(&m->counts[what], n);
}

static void observe(histogram *h, const uint32_t ends_us[BUCKETS_MAX], uint64_t took_us)
{
    size_t at = 0;
    while (at < BUCKETS_MAX && took_us > ends_us[at])
        at++;
    add(&h->buckets[at], 1);
    add(&h->sum_us, took_us);
}

void dbk_metrics_fsync(dbk_metrics *m, uint64_t took_us)
{
    observe(&m->fsync, fsync_ends_us, took_us);
}

static size_t find(const char *const *names, size_t count, const char *name, size_t otherwise)
{
    for (size_t i = 0; i < count && name != NULL; i++) {
        if (strcmp(names[i], name) == 0)
            return i;
    }
    return otherwise;
}

const char *dbk_metrics_cause(dbk_span word)
{
    for (size_t i = 0; i < CAUSES; i++) {
        if (dbk_span_equal(word, dbk_span_str(causes[i])))
            return causes[i];
    }
    return NULL;
}

void dbk_metrics_answered(dbk_metrics *m, const dbk_metrics_answer *a)
{
    observe(&m->calls[find(m->names, m->names_count, a->call, 0)], call_ends_us, a->took_us);
    if (a->cause != NULL)
        add(&m->rejects[find(causes, CAUSES, a->cause, CAUSES - 1)], 1);
    dbk_metrics_add(m, DBK_COUNT_REQUEST_BYTES, a->request_bytes);
    dbk_metrics_add(m, DBK_COUNT_RESPONSE_BYTES, a->response_bytes);
}

uint64_t dbk_metrics_coarse(uint64_t size, uint64_t least)
{
    uint64_t step = 1;
    if (size == 0)
        return 0;
    if (size < least)
        return least;
    while (size / step >= 16) /* eight steps: 8 to 16 of them make the size */
        step *= 2;
    return (size + step - 1) / step * step;
}

/* ---- printing ---------------------------------------------------------------------------- */

static dbk_rc print_head(dbk_bytes *out, const char *family, const char *type, const char *help,
                         dbk_err *err)
{
    return dbk_bytes_append_fmt(out, err,
                                "# HELP " PREFIX "%s %s\n"
                                "# TYPE " PREFIX "%s %s\n",
                                family, help, family, type);
}

static dbk_rc print_value(dbk_bytes *out, const char *family, const char *labels, uint64_t value,
                          dbk_err *err)
{
    bool has = labels[0] != '\0';
    return dbk_bytes_append_fmt(out, err, PREFIX "%s%s%s%s %" PRIu64 "\n", family, has ? "{" : "",
                                labels, has ? "}" : "", value);
}

dbk_rc dbk_metrics_gauge_head(dbk_bytes *out, const char *family, const char *help, dbk_err *err)
{
    return print_head(out, family, "gauge", help, err);
}

dbk_rc dbk_metrics_gauge_value(dbk_bytes *out, const char *family, const char *labels,
                               uint64_t value, dbk_err *err)
{
    return print_value(out, family, labels, value, err);
}

static dbk_rc print_counts(dbk_metrics *m, dbk_bytes *out, size_t from, size_t to, dbk_err *err)
{
    dbk_rc rc = DBK_OK;
    for (size_t i = from; i < to && rc == DBK_OK; i++) {
        if (count_rows[i].help[0] != '\0')
            rc = print_head(out, count_rows[i].family, "counter", count_rows[i].help, err);
        if (rc == DBK_OK)
            rc = print_value(out, count_rows[i].family, count_rows[i].label,
                             atomic_load(&m->counts[i]), err);
    }
    return rc;
}

static dbk_rc print_rejects(dbk_metrics *m, dbk_bytes *out, dbk_err *err)
{
    dbk_rc rc = print_head(out, "rejects_total", "counter", "Requests that were refused, by cause.",
                           err);
    for (size_t i = 0; i < CAUSES && rc == DBK_OK; i++)
        rc = dbk_bytes_append_fmt(out, err, PREFIX "rejects_total{cause=\"%s\"} %" PRIu64 "\n",
                                  causes[i], (uint64_t)atomic_load(&m->rejects[i]));
    return rc;
}

/* The count is the sum of the buckets that were read, so that both agree while others count. */
static dbk_rc print_histogram(dbk_bytes *out, const char *family, const char *label, histogram *h,
                              const uint32_t ends_us[BUCKETS_MAX], dbk_err *err)
{
    uint64_t count = 0, sum_us = atomic_load(&h->sum_us);
    const char *comma = label[0] != '\0' ? "," : "";
    const char *open = label[0] != '\0' ? "{" : "", *end = label[0] != '\0' ? "}" : "";
    dbk_rc rc = DBK_OK;
    for (size_t i = 0; i <= BUCKETS_MAX && rc == DBK_OK; i++) {
        count += atomic_load(&h->buckets[i]);
        rc = dbk_bytes_append_fmt(out, err, PREFIX "%s_bucket{%s%sle=\"", family, label, comma);
        if (rc == DBK_OK)
            rc = i < BUCKETS_MAX ? dbk_bytes_append_fmt(out, err, "%u.%06u", ends_us[i] / US_PER_S,
                                                        ends_us[i] % US_PER_S)
                                 : dbk_bytes_append_str(out, "+Inf", err);
        if (rc == DBK_OK)
            rc = dbk_bytes_append_fmt(out, err, "\"} %" PRIu64 "\n", count);
    }
    if (rc == DBK_OK)
        rc = dbk_bytes_append_fmt(out, err, PREFIX "%s_sum%s%s%s %" PRIu64 ".%06" PRIu64 "\n",
                                  family, open, label, end, sum_us / US_PER_S, sum_us % US_PER_S);
    if (rc == DBK_OK)
        rc = dbk_bytes_append_fmt(out, err, PREFIX "%s_count%s%s%s %" PRIu64 "\n", family, open,
                                  label, end, count);
    return rc;
}

static dbk_rc print_calls(dbk_metrics *m, dbk_bytes *out, dbk_err *err)
{
    static const char family[] = "request_duration_seconds";
    char label[64];
    dbk_rc rc = print_head(out, family, "histogram",
                           "Requests from their head to their answer's end, by call.", err);
    for (size_t i = 0; i < m->names_count && rc == DBK_OK; i++) {
        (void)snprintf(label, sizeof(label), "call=\"%s\"", m->names[i]);
        rc = print_histogram(out, family, label, &m->calls[i], call_ends_us, err);
    }
    return rc;
}

dbk_rc dbk_metrics_print_log(dbk_metrics *m, dbk_bytes *out, dbk_err *err)
{
    static const char family[] = "fsync_seconds";
    dbk_rc rc = print_counts(m, out, 0, DBK_COUNT_CONNECTIONS, err);
    if (rc == DBK_OK)
        rc = print_head(out, family, "histogram",
                        "How long a commit took until what it holds was durable.", err);
    return rc == DBK_OK ? print_histogram(out, family, "", &m->fsync, fsync_ends_us, err) : rc;
}

dbk_rc dbk_metrics_print_requests(dbk_metrics *m, dbk_bytes *out, dbk_err *err)
{
    dbk_rc rc = print_counts(m, out, DBK_COUNT_CONNECTIONS, DBK_COUNTS, err);
    if (rc == DBK_OK)
        rc = print_rejects(m, out, err);
    return rc == DBK_OK ? print_calls(m, out, err) : rc;
}
