#!/usr/bin/env bash
# Goal: the same evening, on the device and without a network, the team has what came of the
# operation and on whom it fell, each figure beside what it is a part of, and nobody named (LL-4);
# what leaves the force tells no small number (B24).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Limelight
enrol amir officer Limelight
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
must amir --json audit --op consultation
json "what was counted was looked at: it is in the log" \
    "sorted({r['what'] for r in rows})" \
    "['report fairness', 'report outcome', 'report priorities']"
finish
