#!/usr/bin/env bash
# Goal: the same evening, on the device and without a network, the team has what came of the
# operation and on whom it fell, each figure beside what it is a part of, and nobody named (LL-4);
# what leaves the force tells no small number (B24).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Limelight
enrol amir officer Limelight
must amir add action text="Charge the tablets" due=2095-01-01
must amir sync
relay_end TERM

must amir add flight op_ref=LIME-26 airport=BHX carrier=Carrier number=XY123 direction=outbound \
    origin=Birmingham destination=Lagos scheduled_at="2026-11-20 14:30" pax=180
flight=$out
must amir add flight op_ref=LIME-25 airport=BHX number=XY9 scheduled_at="2026-10-01 09:00"
must amir edit "$flight" families_approached+=12 leaflets+=7
must amir edit "$flight" families_approached+=1 corrections=families_approached

# meet COUNT FIELD=VALUE...: as many interventions on that flight, at that time
meet() {
    local n=$1 i
    shift
    for ((i = 0; i < n; i++)); do
        must amir add intervention flight="$flight" op_ref=LIME-26 direction=outbound \
            happened_at="2026-11-20 13:50" agency=police "$@"
    done
}
meet 6 selection_basis=all_with_girls_under_18 outcome=advice_only,leaflet
meet 2 selection_basis=referral outcome=leaflet,arrest baggage:='{"searched":true,"power":"x"}'
meet 1 outcome=declined
must amir add intervention op_ref=LIME-25 happened_at="2026-10-01 09:10" outcome=disclosure
elsewhere=$out

# ---- outcome --------------------------------------------------------------------------------
must amir --json report outcome --op LIME-26
json "LL-4: the flight sheets are the denominators" \
    "{r['code']: r['count'] for r in rows if r['part'] == 'flights' and r['count']}" \
    "{'flights': 1, 'pax': 180, 'families_approached': 12, 'leaflets': 7}"
json "each intervention once, where it came to, and however often an outcome was named" \
    "{r['code']: (r['interventions'], r['named']) for r in rows
      if r['part'] == 'outcome' and 'code' in r and r['named']}" \
    "{'advice_only': (0, 6), 'leaflet': (6, 8), 'declined': (1, 1), 'arrest': (2, 2)}"
json "the rows add up to the total (B79)" \
    "[sum(r['interventions'] for r in rows if r['part'] == 'outcome' and r['total'] == t)
      for t in (False, True)]" "[9, 9]"
must amir report outcome --op LIME-26
has "in words, each beside the whole" "^Arrest +2 of 9 +2" "$out"
has "there is a row for what isn't recorded" "^Unclassified +0 of 9" "$out"
has "what isn't signed may change" "9 of the interventions not signed yet" "$err"
must amir --json report outcome
json "without --op all that is here" \
    "[r['interventions'] for r in rows if r['part'] == 'outcome' and r['total']]" "[10]"
must amir --json report outcome --on 2026-10-01
json "of a day, what happened on it" \
    "[r.get('count', r.get('interventions')) for r in rows
      if r.get('code') == 'flights' or r.get('total')]" "[1, 1]"
must amir --json report outcome --flight "$flight"
json "of a flight, what happened on it" \
    "[r['interventions'] for r in rows if r['part'] == 'outcome' and r['total']]" "[9]"

# ---- fairness -------------------------------------------------------------------------------
must amir --json report fairness --op LIME-26
json "LL-2: by why the family was chosen, and where nobody said" \
    "{r.get('code'): (r['interventions'], r['past_advice'], r['searched'], r['power_used'])
      for r in rows if r['part'] == 'selection_basis' and not r['total'] and r['interventions']}" \
    "{'all_with_girls_under_18': (6, 0, 0, 0), 'referral': (2, 2, 2, 2), None: (1, 0, 0, 0)}"
must amir report fairness --op LIME-26
has "in words, of how many" "^Referred to us +2 of 9 +2 of 2 +2 of 2 +2 of 2 +0 of 2" "$out"
must amir add person name='Maria Alvarez'
must amir edit "$elsewhere" persons="$out"
must amir report fairness
hasnt "nobody is named" "Alvarez" "$out"

# ---- outside --------------------------------------------------------------------------------
must amir report fairness --op LIME-26 --outside
has "B24: a number below five is a star" "^Referred to us +\* +\*" "$out"
hasnt "and so is whatever gives it away" "^All families.* 6" "$out"
must amir report fairness --op LIME-26 --outside --csv --output "$T/fairness.csv"
equal "CSV, as long as a person needs to read it" \
    '"selection_basis","referral","Referred to us","*","*","*","*","0",""' \
    "$(grep referral "$T/fairness.csv" | tr -d '\r')"
wont "never over a file that is there" 5 "" \
    amir report fairness --csv --output "$T/fairness.csv"
wont "a day that is none" 2 "is a day" amir report outcome --on yesterday
wont "a flight that isn't there" 4 "no record" amir report outcome --flight 0123456789ab

# ---- priorities -----------------------------------------------------------------------------
must amir add case kind=fatal_rtc happened_at="2026-11-20 10:00"
must amir add case kind=other hidden_crime=modern_slavery happened_at="2026-11-20 10:00"
must amir --json report priorities
json "B33: by the table, and what maps to nothing is not dropped" \
    "{r['label']: r['cases'] for r in rows if r['cases']}" \
    "{'Fatal road collisions': 1, 'No priority': 1, 'Cases in all': 2}"
must amir report priorities --since 2026-11-21
has "of a time" "^Cases in all +0" "$out"
must amir --json report priorities --outside
json "B24: for outside small numbers are hidden" \
    "[r['cases'] for r in rows if r['label'] in ('Fatal road collisions', 'Cases in all')]" \
    "[None, None]"

# ---- a period and the one before ----------------------------------------------------------
# cases COUNT DAY FIELD=VALUE...
cases() {
    local n=$1 day=$2 i
    shift 2
    for ((i = 0; i < n; i++)); do must amir add case happened_at="$day 10:00" kind=other "$@"; done
}
cases 6 2025-09-30 hidden_crime=domestic_abuse la_area=walsall
cases 5 2025-06-30 hidden_crime=domestic_abuse la_area=walsall
cases 2 2025-07-01 hidden_crime=fgm,forced_marriage la_area=dudley
cases 1 2025-03-31 hidden_crime=fgm
must amir --json report trends --from 2025-07-01 --to 2025-09-30
json "A8: the count beside what it is of, with the ends of both periods" \
    "[[r[t][k] for t in ('period', 'before') for k in ('from', 'to', 'months', 'count', 'out_of')]
      for r in rows if r.get('code') == 'domestic_abuse']" \
    "[['2025-07-01', '2025-09-30', 3.0, 6, 8, '2025-04-01', '2025-06-30', 3.0, 5, 5]]"
json "the mean of a month, and the change" \
    "[(r['period']['a_month'], r['before']['a_month'], r['change_percent']) for r in rows
      if r.get('code') == 'domestic_abuse']" "[(2.0, 1.7, 20.0)]"
json "B79: none is dropped, and there is no change against none" \
    "[(r['period']['count'], r['change_percent']) for r in rows if r.get('code') == 'fgm' or
      'code' not in r]" "[(2, None), (0, None), (8, 60.0)]"
must amir report trends --from 2025-07-01 --to 2025-09-30
has "in words, with both ends" \
    "^2025-07-01 to 2025-09-30, and before it 2025-04-01 to 2025-06-30: 3.0 months" "$out"
has "and each beside what it is of" "^Domestic abuse +6 of 8 +2.0 +5 of 5 +1.7 +\+20.0%" "$out"
must amir report trends --from 2025-07-01 --to 2025-09-30 --outside
has "B24: hidden, with what gives it away" "^Female genital mut.* +\* of 8 +\* +0 of 5" "$out"
must amir report trends --from 2025-07-01 --to 2025-09-30 --by la_area --category fgm
has "A11: by area" "^Dudley +2 of 2" "$out"
must amir report trends --from 2025-07-01 --to 2025-09-30 --csv --output "$T/trends.csv"
has "CSV has the ends on every figure" \
    '"domestic_abuse","[^"]*","2025-07-01","2025-09-30","3.0","6","8","2.0","2025-04-01"' \
    "$(cat "$T/trends.csv")"
wont "a period has two ends" 2 "--from DAY and --to DAY" amir report trends --from 2025-07-01
wont "in their order" 3 "not before its first" \
    amir report trends --from 2025-09-30 --to 2025-07-01
wont "a field that is none" 3 "no code \"weather\"" \
    amir report trends --from 2025-07-01 --to 2025-09-30 --by weather
must amir --json report indicators --from 2026-11-01 --to 2026-11-30
json "B95: by indicator, never added up" \
    "sorted({r['part'] for r in rows}), [r['period']['count'] for r in rows if r['total']][:2]" \
    "(['i1', 'i2', 'i3', 'i4', 'i5', 'i6', 'i7', 'i8'], [9, 9])"
must amir --json report children --from 2026-11-01 --to 2026-11-30
json "A30: none yet" "[r['period']['count'] for r in rows if r['total']]" "[0]"
must amir add referral type=brake decision=info_left reason=x happened_at="2025-08-01 10:00"
must amir report referrals --from 2025-07-01 --to 2025-09-30
has "B24: by provider" "^Information left +1 of 1 +0.3 +0 of 0 +0.0 +-" "$out"

# ---- month by month -----------------------------------------------------------------------
must amir --json report months --from 2025-07-01 --to 2026-11-30
json "interventions and referrals, each in its month" \
    "{(r['part'], r['month']): sum(q['count'] for q in rows
      if (q['part'], q['month']) == (r['part'], r['month'])) for r in rows
      if r['month'] in ('2025-08', '2026-10', '2026-11')}" \
    "{('intervention', '2026-10'): 1, ('intervention', '2026-11'): 9, ('referral', '2025-08'): 1}"
must amir report months --from 2026-11-01 --to 2026-11-30 --csv
has "for a spreadsheet" '^"intervention","2026-11","","","9"' "$out"
wont "it needs both days" 2 "--from DAY and --to DAY" amir report months --from 2026-11-01

# ---- the daily management meeting (A19) ---------------------------------------------------
must amir add action text="Ring the school" due=2026-01-02 priority=urgent
must amir add risk_assessment kind=dash judgement_band=high
must amir --json report dmm --la walsall
json "high risk since yesterday, overdue actions, on every area's page where none is recorded" \
    "[(r['part'], r['new'], r['urgent'], r['area_unsaid']) for r in rows if 'id' in r]" \
    "[('risk', True, False, True), ('action', False, True, True)]"
json "devices that the relay hasn't heard from: not one that synced today" \
    "[(r['name'], r['heard']) for r in rows if r['part'] == 'device']" "[('Administrator', None)]"
must amir report dmm
has "in words, on a page" "^Overdue actions: 1" "$out"
has "each with what it is" "2026-01-02 +URGENT .*Ring the school" "$out"
wont "an area that is none" 2 "no area" amir report dmm --la leeds
must amir --json audit --op consultation
json "what was counted was looked at: it is in the log" \
    "' '.join(sorted({r['what'].split()[1] for r in rows}))" \
    "dmm fairness indicators months outcome priorities referrals trends"
finish
