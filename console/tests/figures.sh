#!/usr/bin/env bash
# Goal: the figures are drawn as pictures, and each has its table and its file with the same
# numbers; they can be read at 360 pixels, in light and dark, and by a screen reader.
. "$(dirname "${BASH_SOURCE[0]}")/kit.sh"

organisation "Family Liaison Unit"
enrol desk hq "Family Liaison Unit"
"$python" - >"$T/figures.jsonl" <<'PY'
import datetime, json
now = datetime.date.today()
def month(back):
    at = now.year * 12 + now.month - 1 - back
    return f"{at // 12}-{at % 12 + 1:02d}-01T10:00:00Z"
def line(form, n, **fields):
    print(json.dumps({"form": form, "ref": f"{form}{n}", "fields": fields}))
flown = [("BHX", 0), ("BHX", 0), ("LHR", 0), ("BHX", 1), ("=1+1", 11), ("BHX", 12)]
for n, (airport, back) in enumerate(flown):
    line("intervention", n, op_ref="LIME", airport=airport, happened_at=month(back))
for n, (area, back) in enumerate([("walsall", 0), ("dudley", 2)]):
    line("referral", n, type="brake", decision="info_left", reason="x", la_area=area,
         happened_at=month(back))
PY
must desk import "$T/figures.jsonl" --apply
must desk add officer name="PC Amir Khan"
officer=$out
must desk add case ref=20/1 kind=fatal_rtc status=proposed flo_primary="$officer" \
    family_groups:='[{"name":"The Marshes"}]' happened_at="2026-09-01 10:00" \
    no_exit_plan_reason="Not yet"
must desk sync
browse figures
