#include "tests/lib/test.h"
#include "tests/lib/story.h"

#include "core/base/alloc.h"

story *story_new(void)
{
    story *s = dbk_alloc(sizeof(*s));
    assert_non_null(s);
    chain_begin(&s->c, 7);
    chain_enrolled(&s->officer, &s->c, DBK_ROLE_OFFICER);
    chain_enrolled(&s->hq, &s->c, DBK_ROLE_HQ);
    chain_enrolled(&s->guest, &s->c, DBK_ROLE_GUEST);
    const chain_device *members[] = { &s->officer, &s->hq, &s->c.admin };
    chain_space(&s->entry, &s->c, members, ARRAY_LEN(members));
    s->space = s->entry.e.space;
    chain_take(&s->c, &s->entry, NULL);
    dbk_roster_check_deep(s->c.roster);
    return s;
}

void story_free(story *s)
{
    chain_device_free(&s->officer);
    chain_device_free(&s->hq);
    chain_device_free(&s->guest);
    chain_free(&s->c);
    dbk_free(s);
}

story *story_of_two(chain_device *second)
{
    story *s = story_new();
    chain_enrolled(second, &s->c, DBK_ROLE_ADMIN);
    return s;
}

void story_of_two_free(story *s, chain_device *second)
{
    chain_device_free(second);
    story_free(s);
}

void story_refused(story *s, const dbk_secret *signer, dbk_rc want, const char *why)
{
    story_refused_two(s, signer, NULL, want, why);
}

void story_refused_two(story *s, const dbk_secret *a, const dbk_secret *b, dbk_rc want,
                       const char *why)
{
    dbk_roster *r = s->c.roster;
    dbk_bytes bytes = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX),
              two = DBK_BYTES_INIT(DBK_ENTRY_BYTES_MAX);
    dbk_err err = { 0 };
    dbk_hash head = dbk_roster_head(r);
    uint64_t count = dbk_roster_count(r);
    size_t devices = dbk_roster_devices(r), spaces = dbk_roster_spaces(r);
    dbk_rc rc = dbk_entry_sign(&bytes, &s->entry.e, a, &err);
    if (rc == DBK_OK && b != NULL)
        rc = dbk_entry_cosign(&two, dbk_bytes_span(&bytes), b, &err);
    if (rc == DBK_OK)
        rc = dbk_roster_add(r, dbk_bytes_span(b != NULL ? &two : &bytes), &err);
    if (rc != want)
        fail_msg("%s: got %s, want %s (%s)", why, dbk_rc_name(rc), dbk_rc_name(want), err.text);
    dbk_hash after = dbk_roster_head(r);
    assert_true(dbk_hash_equal(&head, &after));
    assert_int_equal(dbk_roster_count(r), count);
    assert_int_equal(dbk_roster_devices(r), devices);
    assert_int_equal(dbk_roster_spaces(r), spaces);
    dbk_roster_check_deep(r);
    dbk_bytes_wipe(&bytes);
    dbk_bytes_wipe(&two);
}
