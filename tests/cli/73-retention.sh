#!/usr/bin/env bash
# Goal: headquarters sees which cases and persons are to be reviewed, records every decision, and a
# legal hold that an officer sets meanwhile beats a decision to dispose (domain.md 2.5).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Unit
enrol amir officer Unit
must admin add case ref=05/0417 kind=fatal_rtc happened_at="2005-03-01 10:00" mopi_group=mopi_3 \
    status=closed closure_reason=court_complete lessons=None no_exit_plan_reason="None was needed"
case_id=$out
must admin add case ref=26/0001 kind=homicide
must admin add contact case_id="$case_id" method=visit started_at="2006-05-01 10:00"
must admin sync
must amir sync

# ---- due ------------------------------------------------------------------------------------
must admin --json retention due
json "2.5: six years after the newest event of group 3" \
    "[(d['id'], d['stand'], d['due'], d['group'], d['events']) for d in rows]" \
    "[('$case_id', 'due', '2012-05-01', 'mopi_3', 2)]"
must admin --json retention due --all
json "all of them, when asked for" "len(rows)" 2
must admin retention due
has "in plain words" "^01 May 2012 +review is due +.*05/0417" "$out"
must admin --json desk
json "the desk counts what is overdue" "d['retention']" 1
must admin desk
has "in plain words" "1  to review, whether they are still kept" "$out"
must admin --json today
json "and so does the day" "[d['due'] for d in rows if d['kind'] == 'retention']" "[1]"
must amir --json today
json "an officer's day doesn't" "[d for d in rows if d['kind'] == 'retention']" "[]"
wont "days are a number" 2 "number" admin retention due --within many

# ---- decided --------------------------------------------------------------------------------
answers=(adequacy=yes accuracy=yes reason="Nothing needs it any more")
wont "every question is answered" 3 "nothing was decided" \
    admin retention review "$case_id" decision=retain reason="x"
has "all of what lacks is said at once" "Adequate" "$err"
has "all of what lacks is said at once" "Accurate" "$err"
wont "the basis isn't typed" 2 "filled in" \
    admin retention review "$case_id" decision=retain basis=00
wont "only headquarters decides" 3 "nothing was decided" \
    amir retention review "$case_id" decision=dispose necessity=no "${answers[@]}"
wont "only cases and persons are reviewed" 3 "cases and persons" \
    admin retention review "$(must admin --json list contact && py "d['id']")" decision=retain
must admin edit "$case_id" legal_hold=not_known
wont "nobody knows whether a hold stands" 3 "nothing was decided" \
    admin retention review "$case_id" decision=dispose necessity=no "${answers[@]}"
has "and that is said" "legal hold" "$err"
must admin edit "$case_id" legal_hold=no --reason "The coroner has released it"
must admin sync
must amir sync
must amir edit "$case_id" legal_hold=yes legal_hold_for=litigation
must admin --json retention review "$case_id" decision=dispose necessity=no "${answers[@]}"
json "a hold that nobody here has heard of yet" "d['stand']" dispose
review=$(py "d['id']")
must admin --json show "$review"
json "the decision is a signed record" "(d['form'], d['state'])" "('retention_review', 'signed')"
must amir sync
must admin sync
must admin --json retention due
json "P6: the hold wins" "[(d['stand'], d['held']) for d in rows]" "[('again', True)]"
must admin retention show "$case_id"
has "who decided what, and why" "dispose" "$out"
has "who decided what, and why" "Nothing needs it any more" "$out"
has "and what stands against it" "Legal hold: +yes" "$out"
must admin retention review "$case_id" decision=retain necessity=yes adequacy=yes accuracy=yes \
    reason="A claim was brought"
has "when it comes again" "^Signed .*: to be reviewed again on " "$out"
must admin --json retention due
json "nothing is due now" "rows" "[]"
must admin --json retention show "$case_id"
json "both decisions stay" "[(r['decision'], r['counts']) for r in d['reviews']]" \
    "[('retain', True), ('dispose', True)]"
must admin --json audit --op consultation
json "and the looks are in the log of use" \
    "sorted({r['what'] for r in rows if r['what'].startswith('retention')})" \
    "['retention due', 'retention show']"
finish
