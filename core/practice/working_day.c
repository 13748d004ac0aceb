#include "core/practice/working_day.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/practice/bank_holidays_builtin.h"

#define DATE_CHARS 10u
#define DAYS_MAX 16u       /* rules; holidays of one year are as many, and what was proclaimed */
#define PROCLAIMED_MAX 64u /* more than one in two years until 2140 */
#define HOUR_MS (60 * 60 * 1000LL)
enum { SUNDAY, MONDAY, SATURDAY = 6 };

/* How a rule finds its day of a year. */
typedef enum rule_kind { FIXED, EASTER, FIRST_MONDAY, LAST_MONDAY } rule_kind;
typedef struct rule {
    const char *name;
    rule_kind kind;
    int month, day; /* day: of the month, or after Easter */
} rule;
typedef struct proclaimed {
    const char *name;
    int64_t on, instead_of;
    bool moved;
} proclaimed;
typedef struct holiday {
    const char *name;
    int64_t day;
} holiday;
typedef struct holidays {
    holiday rows[DAYS_MAX + PROCLAIMED_MAX];
    size_t count;
} holidays;

struct dbk_working_days {
    rule rules[DAYS_MAX];
    proclaimed proclaimed[PROCLAIMED_MAX];
    size_t rules_count, proclaimed_count;
    int first_year, last_year;
    json_t *json; /* what the names are borrowed from */
};

/* ---- days ------------------------------------------------------------------------------------ */

static int64_t floor_day(int64_t unix_ms)
{
    int64_t day = unix_ms / DBK_DAY_MS;
    return day * DBK_DAY_MS > unix_ms ? day - 1 : day;
}

static int64_t day_at(int year, int month, int day_of_month)
{
    char text[DBK_TIME_TEXT_SIZE];
    int64_t ms = 0;
    (void)snprintf(text, sizeof(text), "%04d-%02d-%02d", year, month, day_of_month);
    /* Rules name days that every year has, and the years are those of a day that was read. */
    dbk_rc rc = dbk_moment_parse(&ms, dbk_span_str(text), NULL);
    return rc == DBK_OK ? floor_day(ms) : INT64_MIN;
}

static int year_of(int64_t day)
{
    char text[DBK_TIME_TEXT_SIZE];
    int year = 0;
    dbk_time_print(text, day * DBK_DAY_MS);
    for (size_t i = 0; i < 4; i++)
        year = year * 10 + (text[i] - '0');
    return year;
}

/* 1970-01-01 was a Thursday. */
static int weekday(int64_t day)
{
    int w = (int)((day + 4) % 7);
    return w < 0 ? w + 7 : w;
}

/* The last such day of the week up to that day. */
static int64_t weekday_until(int64_t day, int wanted)
{
    return day - (weekday(day) - wanted + 7) % 7;
}

/* Summer time is from 1 h GMT of March's last Sunday to 1 h GMT of October's. */
static bool is_summer(int64_t unix_ms)
{
    int year = year_of(floor_day(unix_ms));
    int64_t begin = weekday_until(day_at(year, 3, 31), SUNDAY);
    int64_t end = weekday_until(day_at(year, 10, 31), SUNDAY);
    return unix_ms >= begin * DBK_DAY_MS + HOUR_MS && unix_ms < end * DBK_DAY_MS + HOUR_MS;
}

int64_t dbk_uk_day(int64_t unix_ms)
{
    return floor_day(is_summer(unix_ms) ? unix_ms + HOUR_MS : unix_ms);
}

int64_t dbk_uk_midnight(int64_t day)
{
    int64_t gmt = day * DBK_DAY_MS;
    return is_summer(gmt - HOUR_MS) ? gmt - HOUR_MS : gmt;
}

/* ---- the holidays of a year ------------------------------------------------------------------ */

/* Easter is the Sunday after the full moon of the tables of the Calendar (New Style) Act 1750: at
 * most 29 days after 21 March; golden is the year's place in the moon's cycle of 19. */
static int64_t easter_of(int year)
{
    int golden = year % 19, century = year / 100;
    int moon = (19 * golden + century - century / 4 - (8 * century + 13) / 25 + 15) % 30;
    if (moon == 29 || (moon == 28 && golden > 10))
        moon--;
    int64_t full = day_at(year, 3, 21) + moon;
    return full + 7 - weekday(full);
}

static int64_t day_of_rule(const rule *r, int year)
{
    switch (r->kind) {
    case EASTER:
        return easter_of(year) + r->day;
    case FIRST_MONDAY:
        return weekday_until(day_at(year, r->month, 7), MONDAY);
    case LAST_MONDAY:
        return weekday_until(day_at(year, r->month, 31), MONDAY);
    case FIXED:
    default:
        return day_at(year, r->month, r->day);
    }
}

static const char *find(const holidays *h, int64_t day)
{
    for (size_t i = 0; i < h->count; i++)
        if (h->rows[i].day == day)
            return h->rows[i].name;
    return NULL;
}

static bool is_moved(const dbk_working_days *w, int64_t day)
{
    for (size_t i = 0; i < w->proclaimed_count; i++)
        if (w->proclaimed[i].moved && w->proclaimed[i].instead_of == day)
            return true;
    return false;
}

static bool is_weekend(int64_t day)
{
    return weekday(day) == SATURDAY || weekday(day) == SUNDAY;
}

/* A holiday of the week stands where it is; one that falls on a weekend is kept on the next day
 * that is neither: so the others have to be known first. */
static void holidays_of(holidays *h, const dbk_working_days *w, int year)
{
    h->count = 0;
    for (size_t i = 0; i < w->proclaimed_count; i++)
        if (year_of(w->proclaimed[i].on) == year)
            h->rows[h->count++] = (holiday){ w->proclaimed[i].name, w->proclaimed[i].on };
    for (size_t i = 0; i < w->rules_count; i++) {
        int64_t day = day_of_rule(&w->rules[i], year);
        if (!is_weekend(day) && !is_moved(w, day))
            h->rows[h->count++] = (holiday){ w->rules[i].name, day };
    }
    for (size_t i = 0; i < w->rules_count; i++) {
        int64_t day = day_of_rule(&w->rules[i], year);
        if (!is_weekend(day))
            continue;
        while (is_weekend(day) || find(h, day) != NULL)
            day++;
        h->rows[h->count++] = (holiday){ w->rules[i].name, day };
    }
}

const char *dbk_bank_holiday(const dbk_working_days *w, int64_t day)
{
    holidays h;
    holidays_of(&h, w, year_of(day));
    return find(&h, day);
}

static bool is_vouched(const dbk_working_days *w, int64_t day)
{
    int year = year_of(day);
    return year >= w->first_year && year <= w->last_year;
}

dbk_deadline dbk_working_days_after(const dbk_working_days *w, int64_t from_ms, unsigned count)
{
    int64_t day = dbk_uk_day(from_ms);
    dbk_deadline due = { .vouched = is_vouched(w, day) };
    holidays h = { .count = 0 };
    int year = year_of(day) - 1; /* that they are of: none yet */
    count = count > DBK_WORKING_DAYS_MAX ? DBK_WORKING_DAYS_MAX : count;
    while (count > 0) {
        day++;
        if (year_of(day) != year) {
            year = year_of(day);
            holidays_of(&h, w, year);
        }
        due.vouched = due.vouched && is_vouched(w, day);
        if (!is_weekend(day) && find(&h, day) == NULL)
            count--;
    }
    due.at_ms = dbk_uk_midnight(day + 1) - 1;
    return due;
}

/* ---- the data -------------------------------------------------------------------------------- */

static bool read_day(int64_t *day, const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    int64_t ms = 0;
    if (text == NULL || strlen(text) != DATE_CHARS ||
        dbk_moment_parse(&ms, dbk_span_str(text), NULL) != DBK_OK)
        return false;
    *day = floor_day(ms);
    return true;
}

static bool read_rule(rule *r, const json_t *row)
{
    const json_t *easter = json_object_get(row, "easter"), *day = json_object_get(row, "day");
    const char *monday = json_string_value(json_object_get(row, "monday"));
    *r = (rule){ .name = json_string_value(json_object_get(row, "name")),
                 .month = (int)json_integer_value(json_object_get(row, "month")) };
    if (easter != NULL) {
        r->kind = EASTER;
        r->day = (int)json_integer_value(easter);
    } else if (monday != NULL) {
        r->kind = strcmp(monday, "first") == 0 ? FIRST_MONDAY : LAST_MONDAY;
    } else {
        r->kind = FIXED;
        r->day = (int)json_integer_value(day);
    }
    return r->name != NULL;
}

static bool read_proclaimed(proclaimed *p, const json_t *row)
{
    *p = (proclaimed){ .name = json_string_value(json_object_get(row, "name")) };
    p->moved = json_object_get(row, "instead_of") != NULL;
    return p->name != NULL && read_day(&p->on, row, "on") &&
           (!p->moved || read_day(&p->instead_of, row, "instead_of"));
}

static bool read_all(dbk_working_days *w)
{
    const json_t *vouched = json_object_get(w->json, "vouched");
    const json_t *days = json_object_get(w->json, "days");
    const json_t *proclaimed_days = json_object_get(w->json, "proclaimed");
    bool whole = json_array_size(days) <= DAYS_MAX &&
                 json_array_size(proclaimed_days) <= PROCLAIMED_MAX;
    w->first_year = (int)json_integer_value(json_object_get(vouched, "from"));
    w->last_year = (int)json_integer_value(json_object_get(vouched, "to"));
    for (size_t i = 0; whole && i < json_array_size(days); i++)
        whole = read_rule(&w->rules[w->rules_count++], json_array_get(days, i));
    for (size_t i = 0; whole && i < json_array_size(proclaimed_days); i++)
        whole = read_proclaimed(&w->proclaimed[w->proclaimed_count++],
                                json_array_get(proclaimed_days, i));
    return whole && w->rules_count > 0 && w->first_year > 0;
}

dbk_rc dbk_working_days_new(dbk_working_days **out, dbk_err *err)
{
    dbk_working_days *w = dbk_alloc(sizeof(*w));
    *out = NULL;
    if (w == NULL)
        return dbk_fail(err, DBK_NOMEM, "no memory for the bank holidays");
    *w = (dbk_working_days){ .rules_count = 0 };
    w->json = json_loadb((const char *)dbk_blob_bank_holidays, dbk_blob_bank_holidays_len,
                         JSON_REJECT_DUPLICATES, NULL);
    if (w->json == NULL || !read_all(w)) {
        dbk_working_days_free(w);
        return dbk_fail(err, DBK_FORMAT, "the table of bank holidays can't be read");
    }
    *out = w;
    return DBK_OK;
}

void dbk_working_days_free(dbk_working_days *w)
{
    if (w != NULL)
        json_decref(w->json);
    dbk_free(w);
}

int dbk_working_days_last_year(const dbk_working_days *w)
{
    return w->last_year;
}
