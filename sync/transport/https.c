/* HTTPS by libcurl; the only file that knows it. The pinned key is the whole of the trust
 * (docs/decisions/0006): certificates' chains and names are not looked at, and libcurl compares
 * the pin before it sends the first byte of a request. */
#include "sync/transport/transport.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"

#define URL_BYTES_MAX 512u
#define HEADERS_BYTES_MAX (16u * 1024u)
#define LOW_SPEED_BYTES 64L /* a second: less than that for 30 s is a dead line */
#define LOW_SPEED_S 30L
#define CONNECT_TIMEOUT_MS 10000u
#define TIMEOUT_MS 300000u
#define PINS_MAX (1u + DBK_BACKUP_PINS_MAX)
#define PIN_TEXT_SIZE 56u /* "sha256//", base64 of 32 bytes, NUL */

typedef struct https {
    CURL *easy; /* one handle: it keeps its connection alive between exchanges */
    char url[URL_BYTES_MAX];
    size_t url_len;
    char authority[256];
    char why[CURL_ERROR_SIZE];
    uint8_t pins[PINS_MAX][32];
    size_t pins_count, pin; /* the one that the server is expected to meet */
    uint8_t met[32];        /* the one that it last met */

    /* the exchange under way */
    dbk_answer *answer;
    size_t headers_bytes;
    bool over_cap;
} https;

/* ---- what libcurl calls
 * -------------------------------------------------------------------------- */

static size_t take_body(char *p, size_t size, size_t count, void *ctx)
{
    https *h = ctx;
    size_t len = size * count; /* size is 1, says libcurl */
    if (dbk_bytes_append(&h->answer->body, dbk_span_of(p, len), NULL) != DBK_OK) {
        h->over_cap = true;
        return 0;
    }
    return len;
}

/* The value of a header line if it has this name (lower case), without the blanks around it. */
static bool value_of(dbk_span line, const char *name, dbk_span *value)
{
    size_t len = strlen(name);
    if (line.len <= len || line.p[len] != ':')
        return false;
    for (size_t i = 0; i < len; i++) {
        if (tolower(line.p[i]) != name[i])
            return false;
    }
    size_t from = len + 1, to = line.len;
    while (from < to && (line.p[from] == ' ' || line.p[from] == '\t'))
        from++;
    while (to > from && (line.p[to - 1] == '\r' || line.p[to - 1] == '\n' || line.p[to - 1] == ' '))
        to--;
    *value = dbk_span_of(line.p + from, to - from);
    return true;
}

static bool nonce_ok(dbk_span v)
{
    for (size_t i = 0; i < v.len; i++) {
        if (!isalnum(v.p[i]) && v.p[i] != '-' && v.p[i] != '_')
            return false;
    }
    return v.len >= 1;
}

static size_t take_header(char *p, size_t size, size_t count, void *ctx)
{
    https *h = ctx;
    size_t len = size * count;
    dbk_span line = dbk_span_of(p, len), value;
    uint64_t seconds;
    h->headers_bytes += len;
    if (h->headers_bytes > HEADERS_BYTES_MAX) {
        h->over_cap = true;
        return 0;
    }
    if (len >= 5 && memcmp(p, "HTTP/", 5) == 0) { /* an interim answer went before */
        h->answer->nonce[0] = '\0';
        h->answer->retry_after_s = 0;
    } else if (value_of(line, "daybook-nonce", &value)) {
        if (value.len < sizeof(h->answer->nonce) && nonce_ok(value)) {
            memcpy(h->answer->nonce, value.p, value.len);
            h->answer->nonce[value.len] = '\0';
        }
    } else if (value_of(line, "retry-after", &value)) {
        if (dbk_u64_parse(&seconds, value, NULL) == DBK_OK)
            h->answer->retry_after_s = seconds > 86400 ? 86400 : (uint32_t)seconds;
    }
    return len;
}

/* Counts what is on the wire. libcurl's own sums count a short body twice (7.88). */
static int count_bytes(CURL *easy, curl_infotype type, char *p, size_t len, void *ctx)
{
    https *h = ctx;
    (void)easy;
    (void)p;
    if (h->answer == NULL)
        return 0;
    if (type == CURLINFO_HEADER_OUT || type == CURLINFO_DATA_OUT)
        h->answer->sent_bytes += len;
    else if (type == CURLINFO_HEADER_IN || type == CURLINFO_DATA_IN)
        h->answer->received_bytes += len;
    return 0;
}

/* ---- one exchange
 * -------------------------------------------------------------------------------- */

static dbk_rc add_header(struct curl_slist **list, const char *line, dbk_err *err)
{
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer == NULL)
        return dbk_fail(err, DBK_NOMEM, "out of memory");
    *list = longer;
    return DBK_OK;
}

/* No header goes out that the relay doesn't need: an idle sync has 600 bytes each way. */
static dbk_rc make_headers(struct curl_slist **list, const https *h, const dbk_exchange *req,
                           dbk_err *err)
{
    char line[1024];
    (void)snprintf(line, sizeof(line), "Host: %s", h->authority);
    dbk_rc rc = add_header(list, line, err);
    if (rc == DBK_OK)
        rc = add_header(list, "Accept:", err);
    if (rc == DBK_OK)
        rc = add_header(list, "Expect:", err);
    for (size_t i = 0; i < req->fields_count && rc == DBK_OK; i++) {
        int n = snprintf(line, sizeof(line), "%s: %s", req->fields[i].name, req->fields[i].value);
        if (n < 0 || (size_t)n >= sizeof(line))
            return dbk_fail(err, DBK_LIMIT, "a header is too long");
        rc = add_header(list, line, err);
    }
    return rc;
}

static void set(CURLcode *first, CURLcode got)
{
    if (*first == CURLE_OK)
        *first = got;
}

static CURLcode prepare(https *h, const dbk_exchange *req, struct curl_slist *headers)
{
    CURLcode c = CURLE_OK;
    bool get = strcmp(req->method, "GET") == 0 && !req->has_body;
    uint32_t timeout_ms = req->timeout_ms != 0 ? req->timeout_ms : TIMEOUT_MS;
    set(&c, curl_easy_setopt(h->easy, CURLOPT_URL, h->url));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_HTTPHEADER, headers));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms));
    if (get) {
        set(&c, curl_easy_setopt(h->easy, CURLOPT_HTTPGET, 1L));
        set(&c, curl_easy_setopt(h->easy, CURLOPT_CUSTOMREQUEST, NULL));
        return c;
    }
    set(&c, curl_easy_setopt(h->easy, CURLOPT_POST, 1L));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_CUSTOMREQUEST, req->method));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body.len));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_POSTFIELDS,
                             req->body.len > 0 ? (const char *)req->body.p : ""));
    return c;
}

/* What an officer can make sense of; libcurl's own words for the rest. */
static const char *unreachable_why(const https *h, CURLcode c)
{
    switch (c) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return "its name can't be looked up (no network?)";
    case CURLE_COULDNT_CONNECT:
        return "nothing answers there";
    case CURLE_OPERATION_TIMEDOUT:
        return "no answer came in time";
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
        return "the connection was cut off";
    default:
        return h->why[0] != '\0' ? h->why : curl_easy_strerror(c);
    }
}

static dbk_rc explain(const https *h, CURLcode c, dbk_err *err)
{
    switch (c) {
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
        return dbk_fail(err, DBK_PEER, "what answers at %s is not this organisation's relay",
                        h->authority);
    case CURLE_WRITE_ERROR:
        if (h->over_cap)
            return dbk_fail(err, DBK_LIMIT, "the relay's answer is longer than it may be");
        break;
    case CURLE_OUT_OF_MEMORY:
        return dbk_fail(err, DBK_NOMEM, "out of memory");
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return dbk_fail(err, DBK_PEER, "what answers at %s speaks no HTTP", h->authority);
    default:
        break;
    }
    return dbk_fail(err, DBK_UNREACHABLE, "the relay at %s cannot be reached: %s", h->authority,
                    unreachable_why(h, c));
}

static CURLcode expect_pin(const https *h)
{
    char text[PIN_TEXT_SIZE]; /* libcurl copies it */
    dbk_bytes pin = DBK_BYTES_INIT(PIN_TEXT_SIZE);
    CURLcode c = CURLE_OUT_OF_MEMORY;
    if (dbk_bytes_append_str(&pin, "sha256//", NULL) == DBK_OK &&
        dbk_base64_append(&pin, dbk_span_of(h->pins[h->pin], 32), NULL) == DBK_OK &&
        dbk_bytes_append_u8(&pin, 0, NULL) == DBK_OK) {
        memcpy(text, pin.p, pin.len);
        c = curl_easy_setopt(h->easy, CURLOPT_PINNEDPUBLICKEY, text);
    }
    dbk_bytes_wipe(&pin);
    return c;
}

/* A server with another key was told nothing: the next pin is tried. libcurl takes them all at
 * once, but doesn't say which one was met. */
static CURLcode perform(https *h)
{
    CURLcode c = CURLE_OK;
    for (size_t tried = 0; tried < h->pins_count; tried++) {
        c = expect_pin(h);
        if (c == CURLE_OK)
            c = curl_easy_perform(h->easy);
        if (c != CURLE_SSL_PINNEDPUBKEYNOTMATCH)
            break;
        h->pin = (h->pin + 1) % h->pins_count;
    }
    if (c == CURLE_OK)
        memcpy(h->met, h->pins[h->pin], sizeof(h->met));
    return c;
}

static dbk_rc exchange(void *self, dbk_answer *answer, const dbk_exchange *req, dbk_err *err)
{
    https *h = self;
    struct curl_slist *headers = NULL;
    long status = 0;
    size_t target_len = strlen(req->target);

    dbk_bytes_truncate(&answer->body, 0);
    answer->status = 0;
    answer->nonce[0] = '\0';
    answer->retry_after_s = 0;
    answer->sent_bytes = answer->received_bytes = 0;
    h->answer = answer;
    h->headers_bytes = 0;
    h->over_cap = false;
    h->why[0] = '\0';
    if (req->target[0] != '/' || target_len >= sizeof(h->url) - h->url_len)
        return dbk_fail(err, DBK_LIMIT, "a request's target is too long");
    memcpy(h->url + h->url_len, req->target, target_len + 1);
    dbk_rc rc = make_headers(&headers, h, req, err);
    if (rc != DBK_OK)
        goto out;
    CURLcode c = prepare(h, req, headers);
    if (c == CURLE_OK)
        c = perform(h);
    if (c == CURLE_OK)
        c = curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
    if (c != CURLE_OK) {
        rc = explain(h, c, err);
        goto out;
    }
    answer->status = (int)status;
out:
    /* The handle must not keep pointers to what the caller owns. */
    (void)curl_easy_setopt(h->easy, CURLOPT_HTTPHEADER, NULL);
    (void)curl_easy_setopt(h->easy, CURLOPT_POSTFIELDS, NULL);
    curl_slist_free_all(headers);
    h->url[h->url_len] = '\0';
    h->answer = NULL;
    return rc;
}

/* ---- open, close
 * --------------------------------------------------------------------------------- */

static void close_https(void *self)
{
    https *h = self;
    if (h->easy != NULL)
        curl_easy_cleanup(h->easy);
    curl_global_cleanup();
    dbk_free(h);
}

static const dbk_transport_ops https_ops = { exchange, close_https };

/* "https://" host [":" port]; the host's letters in lower case, the default port left out, as
 * RFC 9421 section 2.2.3 wants "@authority". */
static dbk_rc parse_url(https *h, const char *url, dbk_err *err)
{
    static const char scheme[] = "https://";
    size_t len = strlen(url), from = sizeof(scheme) - 1;
    if (len <= from || strncmp(url, scheme, from) != 0)
        return dbk_fail(err, DBK_INVALID, "a relay's address begins with https://");
    if (len - from >= sizeof(h->authority))
        return dbk_fail(err, DBK_INVALID, "a relay's address is too long");
    for (size_t i = from; i < len; i++) {
        unsigned char c = (unsigned char)url[i];
        if (!isalnum(c) && strchr(".-:[]", c) == NULL)
            return dbk_fail(err, DBK_INVALID, "a relay's address is https://HOST:PORT and no more");
        h->authority[i - from] = (char)tolower(c);
    }
    size_t host_len = len - from;
    if (host_len > 4 && strcmp(h->authority + host_len - 4, ":443") == 0)
        h->authority[host_len - 4] = '\0';
    int n = snprintf(h->url, sizeof(h->url), "%s%s", scheme, h->authority);
    DBK_ASSERT(n > 0 && (size_t)n < sizeof(h->url));
    h->url_len = (size_t)n;
    return DBK_OK;
}

static CURLcode set_up(https *h, const dbk_https_opts *opts)
{
    CURLcode c = CURLE_OK;
    uint32_t connect_ms = opts->connect_timeout_ms != 0 ? opts->connect_timeout_ms
                                                        : CONNECT_TIMEOUT_MS;
    set(&c, curl_easy_setopt(h->easy, CURLOPT_PROTOCOLS_STR, "https"));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_REDIR_PROTOCOLS_STR, "https"));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_FOLLOWLOCATION, 0L));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_PATH_AS_IS, 1L));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_HTTP_CONTENT_DECODING, 0L));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_PROXY, ""));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_NOPROXY, "*"));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED));
    /* TLS 1.3 or nothing; the pin is what is trusted, so no store of authorities is loaded. */
    set(&c, curl_easy_setopt(h->easy, CURLOPT_SSLVERSION,
                             (long)CURL_SSLVERSION_TLSv1_3 | (long)CURL_SSLVERSION_MAX_TLSv1_3));
    set(&c, expect_pin(h));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_SSL_VERIFYPEER, 0L));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_SSL_VERIFYHOST, 0L));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_CAINFO, NULL));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_CAPATH, NULL));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_SSL_ENABLE_ALPN, 0L));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_SSL_SESSIONID_CACHE, 0L));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_NOSIGNAL, 1L));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_TCP_NODELAY, 1L));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_LOW_SPEED_LIMIT, LOW_SPEED_BYTES));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_LOW_SPEED_TIME, LOW_SPEED_S));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_BUFFERSIZE, 256L * 1024L));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_UPLOAD_BUFFERSIZE, 256L * 1024L));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_ERRORBUFFER, h->why));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_VERBOSE, 1L)); /* to count_bytes, not to stderr */
    set(&c, curl_easy_setopt(h->easy, CURLOPT_DEBUGFUNCTION, count_bytes));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_DEBUGDATA, h));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_WRITEFUNCTION, take_body));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_WRITEDATA, h));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_HEADERFUNCTION, take_header));
    set(&c, curl_easy_setopt(h->easy, CURLOPT_HEADERDATA, h));
    return c;
}

dbk_rc dbk_transport_https(dbk_transport *out, const dbk_https_opts *opts, dbk_err *err)
{
    DBK_ASSERT(opts->backup_pins_count <= DBK_BACKUP_PINS_MAX);
    memset(out, 0, sizeof(*out));
    https *h = dbk_alloc(sizeof(*h));
    if (h == NULL)
        return dbk_fail(err, DBK_NOMEM, "out of memory");
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        dbk_free(h);
        return dbk_fail(err, DBK_IO, "libcurl does not start");
    }
    dbk_rc rc = parse_url(h, opts->url, err);
    if (rc != DBK_OK)
        goto out;
    memcpy(h->pins[0], opts->tls_pin, sizeof(h->pins[0]));
    memcpy(h->pins[1], opts->backup_pins, opts->backup_pins_count * sizeof(h->pins[0]));
    h->pins_count = 1 + opts->backup_pins_count;
    h->easy = curl_easy_init();
    if (h->easy == NULL || set_up(h, opts) != CURLE_OK) {
        rc = dbk_fail(err, DBK_IO, "this libcurl cannot do TLS 1.3 with a pinned key");
        goto out;
    }
    memcpy(out->authority, h->authority, sizeof(out->authority));
    out->ops = &https_ops;
    out->self = h;
    out->met = h->met;
    out->is_slow = true;
    h = NULL;
out:
    if (h != NULL)
        close_https(h);
    return rc;
}
