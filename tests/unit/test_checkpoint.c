#include "tests/lib/test.h"
#include "tests/lib/chain.h"

#include <stdio.h>
#include <string.h>

#include "core/crypto/checkpoint.h"
#include "core/crypto/tree.h"

typedef struct fixture {
    fixed_source source;
    const dbk_env *env;
    dbk_sign_pk pk;
    dbk_secret *sk;
    dbk_checkpoint c;
    dbk_bytes note;
} fixture;

static void set_up(fixture *f)
{
    dbk_err err = { 0 };
    memset(f, 0, sizeof(*f));
    f->env = fixed_source_init(&f->source, 91);
    assert_ok(dbk_sign_keypair(&f->pk, &f->sk, f->env, &err), &err);
    f->env->random(f->env->self, f->c.org.b, 16);
    f->env->random(f->env->self, f->c.space.b, 16);
    f->env->random(f->env->self, f->c.log.b, 16);
    f->c.size = 20852163;
    f->env->random(f->env->self, f->c.root.b, 32);
    dbk_bytes_init(&f->note, DBK_CHECKPOINT_BYTES_MAX);
    assert_ok(dbk_checkpoint_sign(&f->note, &f->c, f->sk, &err), &err);
}

static void tear_down(fixture *f)
{
    dbk_bytes_wipe(&f->note);
    dbk_secret_free(f->sk);
}

static dbk_rc open_text(const fixture *f, dbk_span note)
{
    dbk_checkpoint got, zero;
    memset(&zero, 0, sizeof(zero));
    dbk_rc rc = dbk_checkpoint_open(&got, note, &f->pk, NULL);
    assert_memory_equal(&got, rc == DBK_OK ? &f->c : &zero, sizeof(got));
    return rc;
}

static void a_checkpoint_is_a_signed_note_with_three_lines(void **state)
{
    fixture f;
    char org[DBK_ID_HEX_SIZE], space[DBK_ID_HEX_SIZE], log[DBK_ID_HEX_SIZE], want[256];
    (void)state;
    set_up(&f);
    dbk_id_hex(org, &f.c.org);
    dbk_id_hex(space, &f.c.space);
    dbk_id_hex(log, &f.c.log);
    int n = snprintf(want, sizeof(want), "daybook/%s/%s/%s\n20852163\n", org, space, log);
    assert_memory_equal(f.note.p, want, (size_t)n);
    /* 44 of base64, the blank line, then: em dash, space, name, space, base64 of 4 + 64. */
    const uint8_t *after = f.note.p + n + 44;
    assert_memory_equal(after, "\n\n\xe2\x80\x94 relay ", 12);
    assert_int_equal(f.note.len, (size_t)n + 44 + 12 + 92 + 1);
    assert_int_equal(f.note.p[f.note.len - 1], '\n');
    assert_int_equal(open_text(&f, dbk_bytes_span(&f.note)), DBK_OK);
    tear_down(&f);
}

static void each_bit_and_byte_of_a_checkpoint_counts(void **state)
{
    fixture f;
    (void)state;
    set_up(&f);
    for (size_t bit = 0; bit < f.note.len * 8; bit++) {
        f.note.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        dbk_rc rc = open_text(&f, dbk_bytes_span(&f.note));
        assert_true(rc == DBK_FORMAT || rc == DBK_AUTH);
        f.note.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t len = 0; len < f.note.len; len++) {
        dbk_rc rc = open_text(&f, dbk_span_of(f.note.p, len));
        assert_true(rc == DBK_FORMAT || rc == DBK_AUTH);
    }
    tear_down(&f);
}

static void lines_of_witnesses_are_passed_by_if_well_formed(void **state)
{
    static const struct {
        const char *line;
        dbk_rc want;
    } cases[] = {
        { "\xe2\x80\x94 witness-01 AAAA\n", DBK_OK },
        { "\xe2\x80\x94 witness-01 AAAA", DBK_FORMAT }, /* no end */
        { "\xe2\x80\x94 witness-01\n", DBK_FORMAT },
        { "\xe2\x80\x94 witness-01 \n", DBK_FORMAT },
        { "\xe2\x80\x94  AAAA\n", DBK_FORMAT },
        { "\xe2\x80\x94 wit+ness AAAA\n", DBK_FORMAT },
        { "- witness-01 AAAA\n", DBK_FORMAT },
        { "\n", DBK_FORMAT },
        { "text\n", DBK_FORMAT },
    };
    fixture f;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    size_t len = f.note.len;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        dbk_bytes_truncate(&f.note, len);
        assert_ok(dbk_bytes_append_str(&f.note, cases[i].line, &err), &err);
        dbk_rc rc = open_text(&f, dbk_bytes_span(&f.note));
        if (rc != cases[i].want)
            fail_msg("case %zu: %s", i, dbk_rc_name(rc));
    }
    /* Sixteen lines are read, seventeen refused. */
    dbk_bytes_truncate(&f.note, len);
    for (size_t i = 0; i < 15; i++)
        assert_ok(dbk_bytes_append_str(&f.note, cases[0].line, &err), &err);
    assert_int_equal(open_text(&f, dbk_bytes_span(&f.note)), DBK_OK);
    assert_ok(dbk_bytes_append_str(&f.note, cases[0].line, &err), &err);
    assert_int_equal(open_text(&f, dbk_bytes_span(&f.note)), DBK_FORMAT);
    tear_down(&f);
}

static void the_relays_line_must_be_there_once_and_hold(void **state)
{
    fixture f;
    dbk_sign_pk other;
    dbk_secret *other_sk;
    dbk_bytes note = DBK_BYTES_INIT(4096);
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    size_t text_len = f.note.len - (1 + 4 + 6 + 92 + 1);
    dbk_span line = dbk_span_of(f.note.p + text_len + 1, f.note.len - text_len - 1);
    assert_ok(dbk_bytes_append(&note, dbk_bytes_span(&f.note), &err), &err);
    assert_ok(dbk_bytes_append(&note, line, &err), &err);
    assert_int_equal(open_text(&f, dbk_bytes_span(&note)), DBK_FORMAT); /* twice */
    dbk_bytes_truncate(&note, 0);
    assert_ok(dbk_bytes_append(&note, dbk_span_of(f.note.p, text_len + 1), &err), &err);
    assert_int_equal(open_text(&f, dbk_bytes_span(&note)), DBK_FORMAT); /* no line at all */
    assert_ok(dbk_bytes_append_str(&note, "\xe2\x80\x94 witness-01 AAAA\n", &err), &err);
    assert_int_equal(open_text(&f, dbk_bytes_span(&note)), DBK_AUTH); /* only another's */
    /* Signed by another key: the text is right, the relay isn't. */
    assert_ok(dbk_sign_keypair(&other, &other_sk, f.env, &err), &err);
    dbk_bytes_truncate(&note, 0);
    assert_ok(dbk_checkpoint_sign(&note, &f.c, other_sk, &err), &err);
    assert_int_equal(open_text(&f, dbk_bytes_span(&note)), DBK_AUTH);
    dbk_secret_free(other_sk);
    dbk_bytes_wipe(&note);
    tear_down(&f);
}

/* One checkpoint has one text: no capitals, leading zeros, signs or other base64. */
static void other_spellings_are_refused_though_signed(void **state)
{
    static const struct {
        const char *find, *put;
    } cases[] = {
        { "20852163\n", "020852163\n" },
        { "20852163\n", "+20852163\n" },
        { "20852163\n", "4611686018427387905\n" },
        { "20852163\n", "99999999999999999999\n" },
        { "20852163\n", "\n" },
        { "20852163\n", "20852163\nextension\n" },
        { "daybook/", "Daybook/" },
        { "daybook/", "daybook//" },
        { "20852163\n", "20852163\r\n" },
    };
    fixture f;
    (void)state;
    set_up(&f);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char note[DBK_CHECKPOINT_BYTES_MAX + 64], text[DBK_CHECKPOINT_BYTES_MAX];
        memcpy(text, f.note.p, f.note.len);
        text[f.note.len] = '\0';
        char *at = strstr(text, cases[i].find);
        assert_non_null(at);
        int n = snprintf(note, sizeof(note), "%.*s%s%s", (int)(at - text), text, cases[i].put,
                         at + strlen(cases[i].find));
        assert_true(n > 0);
        /* The signature is of the old text, so a parser that forgave would say DBK_AUTH. */
        assert_int_equal(open_text(&f, dbk_span_of(note, (size_t)n)), DBK_FORMAT);
    }
    tear_down(&f);
}

static void an_id_in_capitals_is_another_spelling(void **state)
{
    fixture f;
    size_t changed = 0;
    (void)state;
    set_up(&f);
    for (size_t at = 8; f.note.p[at] != '\n'; at++) {
        if (f.note.p[at] < 'a' || f.note.p[at] > 'f')
            continue;
        f.note.p[at] = (uint8_t)(f.note.p[at] - 'a' + 'A');
        assert_int_equal(open_text(&f, dbk_bytes_span(&f.note)), DBK_FORMAT);
        f.note.p[at] = (uint8_t)(f.note.p[at] - 'A' + 'a');
        changed++;
    }
    assert_true(changed > 10);
    tear_down(&f);
}

static void an_empty_and_the_largest_log_have_checkpoints(void **state)
{
    static const uint64_t sizes[] = { 0, 1, DBK_TREE_SIZE_MAX };
    fixture f;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        f.c.size = sizes[i];
        dbk_bytes_truncate(&f.note, 0);
        assert_ok(dbk_checkpoint_sign(&f.note, &f.c, f.sk, &err), &err);
        assert_int_equal(open_text(&f, dbk_bytes_span(&f.note)), DBK_OK);
    }
    /* A note that doesn't fit leaves nothing behind. */
    dbk_bytes small = DBK_BYTES_INIT(200);
    assert_ok(dbk_bytes_append_str(&small, "before", &err), &err);
    assert_rc(dbk_checkpoint_sign(&small, &f.c, f.sk, &err), DBK_LIMIT, &err);
    assert_int_equal(small.len, 6);
    dbk_bytes_wipe(&small);
    tear_down(&f);
}

static void a_cosignature_is_a_timed_line_of_its_witness(void **state)
{
    fixture f;
    dbk_sign_pk witness, other;
    dbk_secret *sk = NULL, *other_sk = NULL;
    char name[DBK_WITNESS_NAME_SIZE];
    uint64_t time_s = 0;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    assert_ok(dbk_sign_keypair(&witness, &sk, f.env, &err), &err);
    assert_ok(dbk_sign_keypair(&other, &other_sk, f.env, &err), &err);
    size_t before = f.note.len;
    assert_rc(dbk_checkpoint_cosigned(&time_s, dbk_bytes_span(&f.note), &witness, &err),
              DBK_NOT_FOUND, &err);
    assert_ok(dbk_checkpoint_cosign(&f.note, 1795803600, sk, &err), &err);
    dbk_witness_name(name, &witness);
    /* em dash, space, name, space, base64 of 4 + 8 + 64, newline */
    assert_int_equal(f.note.len, before + 4 + strlen(name) + 1 + 104 + 1);
    assert_memory_equal(f.note.p + before + 4, name, strlen(name));
    assert_ok(dbk_checkpoint_cosigned(&time_s, dbk_bytes_span(&f.note), &witness, &err), &err);
    assert_int_equal(time_s, 1795803600);
    assert_rc(dbk_checkpoint_cosigned(&time_s, dbk_bytes_span(&f.note), &other, &err),
              DBK_NOT_FOUND, &err);
    assert_int_equal(time_s, 0);
    /* The relay's line still holds, another witness has room, the same one is there already. */
    assert_int_equal(open_text(&f, dbk_bytes_span(&f.note)), DBK_OK);
    size_t once = f.note.len;
    assert_rc(dbk_checkpoint_cosign(&f.note, 1795803601, sk, &err), DBK_CONFLICT, &err);
    assert_int_equal(f.note.len, once);
    assert_ok(dbk_checkpoint_cosign(&f.note, 7, other_sk, &err), &err);
    assert_ok(dbk_checkpoint_cosigned(&time_s, dbk_bytes_span(&f.note), &other, &err), &err);
    assert_int_equal(time_s, 7);
    dbk_secret_free(sk);
    dbk_secret_free(other_sk);
    tear_down(&f);
}

/* M36, M38: neither the time nor the tree can be moved under a witness's name. */
static void M36_each_byte_of_a_cosigned_note_counts(void **state)
{
    fixture f;
    dbk_sign_pk witness;
    dbk_secret *sk = NULL;
    uint64_t time_s;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    size_t relay_line = 0;
    for (size_t i = 0; i < f.note.len; i++)
        relay_line = f.note.p[i] == 0xe2 && relay_line == 0 ? i : relay_line;
    assert_ok(dbk_sign_keypair(&witness, &sk, f.env, &err), &err);
    size_t relay_end = f.note.len;
    assert_ok(dbk_checkpoint_cosign(&f.note, 1795803600, sk, &err), &err);
    for (size_t i = 0; i < f.note.len; i++) {
        if (i >= relay_line && i < relay_end)
            continue; /* the relay's line is for dbk_checkpoint_open() */
        for (unsigned bit = 0; bit < 8; bit++) {
            f.note.p[i] ^= (uint8_t)(1u << bit);
            dbk_rc rc = dbk_checkpoint_cosigned(&time_s, dbk_bytes_span(&f.note), &witness, NULL);
            if (rc == DBK_OK || time_s != 0)
                fail_msg("byte %zu, bit %u", i, bit);
            f.note.p[i] ^= (uint8_t)(1u << bit);
        }
    }
    dbk_secret_free(sk);
    tear_down(&f);
}

static void a_note_without_room_is_not_cosigned(void **state)
{
    fixture f;
    dbk_sign_pk witness;
    dbk_secret *sk = NULL;
    dbk_err err = { 0 };
    (void)state;
    set_up(&f);
    unsigned lines = 0;
    dbk_rc rc;
    do {
        assert_ok(dbk_sign_keypair(&witness, &sk, f.env, &err), &err);
        rc = dbk_checkpoint_cosign(&f.note, 1, sk, &err);
        lines += rc == DBK_OK;
        dbk_secret_free(sk);
    } while (rc == DBK_OK);
    assert_rc(rc, DBK_LIMIT, &err);
    assert_true(lines >= DBK_WITNESSES_MAX);
    assert_true(f.note.len <= DBK_CHECKPOINT_BYTES_MAX);
    assert_int_equal(open_text(&f, dbk_bytes_span(&f.note)), DBK_OK);
    dbk_bytes junk = DBK_BYTES_INIT(64);
    assert_ok(dbk_bytes_append_str(&junk, "not a note\n", &err), &err);
    assert_ok(dbk_sign_keypair(&witness, &sk, f.env, &err), &err);
    assert_rc(dbk_checkpoint_cosign(&junk, 1, sk, &err), DBK_FORMAT, &err);
    dbk_secret_free(sk);
    dbk_bytes_wipe(&junk);
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_checkpoint_is_a_signed_note_with_three_lines),
        cmocka_unit_test(each_bit_and_byte_of_a_checkpoint_counts),
        cmocka_unit_test(lines_of_witnesses_are_passed_by_if_well_formed),
        cmocka_unit_test(the_relays_line_must_be_there_once_and_hold),
        cmocka_unit_test(other_spellings_are_refused_though_signed),
        cmocka_unit_test(an_id_in_capitals_is_another_spelling),
        cmocka_unit_test(an_empty_and_the_largest_log_have_checkpoints),
        cmocka_unit_test(a_cosignature_is_a_timed_line_of_its_witness),
        cmocka_unit_test(M36_each_byte_of_a_cosigned_note_counts),
        cmocka_unit_test(a_note_without_room_is_not_cosigned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
