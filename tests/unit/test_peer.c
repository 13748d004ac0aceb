/* The address that limits count by and the log tells in part: the connection's, or the one that a
 * proxy on this machine tells. */
#include "tests/lib/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "sync/relay/peer.h"

typedef struct row {
    const char *text, *printed; /* printed NULL: no address */
} row;
static const row rows[] = {
    { "192.0.2.77", "192.0.2.0" },
    { "2001:db8:1:2:3:4:5:6", "2001:db8:1::" },
    { "::1", "::" },
    { "::ffff:192.0.2.77", "192.0.2.0" }, /* of a socket that listens for both */
    { "", NULL },
    { "192.0.2", NULL },
    { "192.0.2.77, 10.0.0.1", NULL }, /* of a proxy behind a proxy: which of them is it? */
    { "192.0.2.77:1234", NULL },
    { "[::1]", NULL },
    { "relay.example", NULL },
    { "unknown", NULL },
    { "2001:db8:1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17", NULL },
};

static void an_address_is_told_by_its_network_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        dbk_peer p;
        char text[DBK_PEER_TEXT_SIZE];
        bool is = dbk_peer_parse(&p, dbk_span_str(rows[i].text));
        dbk_peer_print(text, &p);
        if (is != (rows[i].printed != NULL) || strcmp(text, is ? rows[i].printed : "?") != 0)
            fail_msg("%s: %d %s", rows[i].text, is, text);
    }
    dbk_peer p;
    assert_false(dbk_peer_parse(&p, dbk_span_of("192.0.2.7\0.8", 12)));
}

static void assert_same_key(const char *a, const char *b, bool same)
{
    dbk_peer p, q;
    uint8_t pk[DBK_PACE_KEY_BYTES], qk[DBK_PACE_KEY_BYTES];
    assert_true(dbk_peer_parse(&p, dbk_span_str(a)));
    assert_true(dbk_peer_parse(&q, dbk_span_str(b)));
    dbk_peer_key(pk, &p);
    dbk_peer_key(qk, &q);
    assert_int_equal(memcmp(pk, qk, sizeof(pk)) == 0, same);
}

static void limits_count_by_address_or_by_a_customers_network(void **state)
{
    (void)state;
    assert_same_key("192.0.2.7", "192.0.2.8", false);
    assert_same_key("192.0.2.7", "::ffff:192.0.2.7", true);
    assert_same_key("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true);
    assert_same_key("2001:db8:1:2::1", "2001:db8:1:3::1", false);
    /* Through a socket for both kinds IPv4 addresses aren't all one network. */
    assert_same_key("::ffff:192.0.2.7", "::ffff:192.0.2.8", false);
}

static void a_connections_address_is_the_same_as_its_text(void **state)
{
    struct sockaddr_in4_6 {
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } at = { .v4 = { .sin_family = AF_INET }, .v6 = { .sin6_family = AF_INET6 } };
    dbk_peer told;
    (void)state;
    assert_int_equal(inet_pton(AF_INET, "192.0.2.7", &at.v4.sin_addr), 1);
    assert_int_equal(inet_pton(AF_INET6, "2001:db8::7", &at.v6.sin6_addr), 1);
    dbk_peer p = dbk_peer_of((const struct sockaddr *)&at.v4);
    assert_true(dbk_peer_parse(&told, dbk_span_str("192.0.2.7")));
    assert_memory_equal(&p, &told, sizeof(p));
    p = dbk_peer_of((const struct sockaddr *)&at.v6);
    assert_true(dbk_peer_parse(&told, dbk_span_str("2001:db8::7")));
    assert_memory_equal(&p, &told, sizeof(p));
    assert_int_equal(dbk_peer_of(NULL).family, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_told_by_its_network_alone),
        cmocka_unit_test(limits_count_by_address_or_by_a_customers_network),
        cmocka_unit_test(a_connections_address_is_the_same_as_its_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
