#!/usr/bin/env bash
# Goal: an officer without a network finds a service that helps, sees whether it can be relied
# upon, and headquarters sees what must be checked and what nobody offers (B14, B18, B23). Others'
# directories come in, and this one goes out, without what is confidential.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Unit
enrol amir officer Unit
enrol desk hq Unit

# ---- looking up -------------------------------------------------------------------------------
must desk add service name="Roshni" organization="Roshni Trust" categories=idva \
    hidden_crime=forced_marriage,hbv la_areas=birmingham,sandwell minimum_age=16 \
    languages+=Urdu languages+=Punjabi phones="0800 953 9777" assured_date=2026-11-01 \
    alert="New number since October"
roshni=$out
must desk add service name="Young Voices" categories=idva la_areas=birmingham minimum_age=11 \
    maximum_age=17 assured_date=2026-01-10 verify_every_days=90
young=$out
must desk add service name="Shelter" categories=idva la_areas=birmingham status=closed
must desk sync
must amir sync
relay_end TERM
must amir --json directory find --category idva --area birmingham --on 2026-11-29
json "checked before overdue, and never a closed one" \
    "[(r['id'], r['stale'], r['unsaid']) for r in rows]" \
    "[('$roshni', False, []), ('$young', True, [])]"
json "what it is, with it" "d['fields']['phones'][0]['number']" "0800 953 9777"
json "until when it counts" "(d['checked'], d['due'])" "('2026-11-01', '2027-04-30')"
must amir --json directory find --category hbv --language urdu --age 17 --on 2026-11-29
json "by hidden crime, language and age" "[r['id'] for r in rows]" "['$roshni']"
must amir --json directory find --language Polish
json "nobody speaks it" "rows" "[]"
must amir directory find --category idva --on 2026-11-29
has "in words" "Roshni, Roshni Trust" "$out"
has "an overdue check says what to do" "CHECK OVERDUE since 2026-04-10 .*ring before" "$out"
has "a notice" "Notice: New number since October" "$out"
wont "a code that isn't there" 2 'did you mean "idva"' amir directory find --category idvva
wont "a day that isn't one" 2 "is a day" amir directory find --on tomorrow

# ---- overdue, and gaps ------------------------------------------------------------------------
must desk --json directory stale --on 2027-06-01
json "the longest first; a closed one needs no check" "[r['id'] for r in rows]" \
    "['$young', '$roshni']"
must desk --json directory gaps --category idva --area birmingham --age 15 --on 2026-11-29
json "for one of 15 there is only a service whose check is overdue" \
    "[(r['gap'], r['area'], r['age']) for r in rows]" "[('stale', 'birmingham', 15)]"
must desk --json directory gaps --category idva --area sandwell --on 2026-11-29 --age 15
json "Roshni begins at 16" "[(r['gap'], r['services']) for r in rows]" "[('age', 1)]"
must desk directory gaps --category nrm
has "nobody at all" "National Referral Mechanism: none, anywhere" "$out"

# ---- a refuge ---------------------------------------------------------------------------------
must desk add service name="Haven" categories=idva la_areas=dudley phones="0121 496 0001" \
    address="14 Elm Road
Dudley
DY1 1AA" latitude=52.5086 longitude=-2.0877 address_confidential=yes assured_date=2026-11-20
haven=$out
relay_start
must desk sync
must amir sync
relay_end TERM
for device in amir desk; do
    must $device --json directory find --area dudley --on 2026-11-29
    has "it is found" "Haven" "$out"
    hasnt "and not where it is, on $device" "Elm|DY1|52\\.5" "$out"
    must $device search Elm
    hasnt "nor are words of it, on $device" "DY1" "$out"
    must $device directory export
    has "it is exported" "Haven" "$out"
    hasnt "without its place, by $device" "Elm|DY1|52\\.5|service_at_locations" "$out"
    must $device export --form service
    hasnt "also among records, by $device" "Elm|DY1|52\\.5" "$out"
done
must desk show "$haven"
has "headquarters sees it" "14 Elm Road" "$out"
must amir show "$haven"
hasnt "an officer doesn't" "Elm|DY1" "$out"
has "and is told what to do" "confidential: ring the service" "$out"
must amir --json history "$haven"
hasnt "nor in its history" "Elm|DY1" "$out"

# ---- out, and in again ------------------------------------------------------------------------
must desk directory export "$T/out.json"
must desk --json directory import "$T/out.json"
json "a trial: nothing to change" "(d['applied'], d['new'], d['changed'], d['same'])" \
    "(False, 0, 0, 4)"
must desk --json directory import "$T/out.json" --apply
json "what came from here changes nothing" "(d['services'], d['changed'])" "(4, 0)"
organisation_ops() { must desk --json status; py "sum(s['own_ops'] for s in d['spaces'])"; }
before=$(organisation_ops)
must desk directory import "$T/out.json" --apply
equal "and writes nothing" "$before" "$(organisation_ops)"

cat >"$T/county.json" <<'EOF'
{"total_pages": 1, "contents": [
 {"id": "ac148810-d857-441c-9679-408f346de14b", "name": "County Helpline", "status": "active",
  "assured_date": "2026-02-01", "url": "https://county.example", "licenses": "none",
  "languages": [{"code": "pl"}], "phones": [{"number": "0121 496 0002"}],
  "service_areas": [{"name": "Dudley MBC",
   "uri": "http://statistics.data.gov.uk/id/statistical-geography/E08000027"}],
  "attributes": [{"taxonomy_term": {"name": "Domestic violence adviser (IDVA)"}}]}]}
EOF
must desk directory import "$T/county.json"
has "a trial run says so" "Nothing was written" "$out"
has "what has no place here is named" "left out: contents\\[\\].licenses" "$out"
must desk directory find --language Polish
hasnt "and nothing was" "County" "$out"
must desk directory import "$T/county.json" --apply
must desk --json directory find --language Polish --area dudley --category idva --on 2026-11-29
json "by its language, area and kind; its check is overdue" \
    "[(r['id'], r['checked'], r['stale']) for r in rows]" \
    "[('ac148810-d857-441c-9679-408f346de14b', '2026-02-01', True)]"
sed 's/2026-02-01/2026-11-15/; s/496 0002/496 0003/' "$T/county.json" >"$T/newer.json"
must desk --json directory import "$T/newer.json" --apply
json "the newer directory changes it by its id" "(d['new'], d['changed'])" "(0, 1)"
must desk --json directory find --language Polish --on 2026-11-29
json "and its check counts" "[(r['checked'], r['stale']) for r in rows]" "[('2026-11-15', False)]"
json "with the new number" "d['fields']['phones'][0]['number']" "0121 496 0003"
must desk edit ac148810-d857-441c-9679-408f346de14b status=closed
must desk --json directory import "$T/newer.json" --apply
json "a file opens nothing that was closed here" "(d['changed'], d['kept'])" "(0, 1)"

# Another program's UUIDv7 says nothing of form and space: the id that follows from it is the
# service's, the same from the next file (decision 0033).
sed 's/ac148810-d857-441c/017f22e2-79b0-7cc3/; s/County Helpline/City Helpline/' "$T/newer.json" \
    >"$T/city.json"
must desk --json directory import "$T/city.json" --apply
json "it is new" "(d['new'], d['changed'], d['same'])" "(1, 0, 0)"
must desk --json directory import "$T/city.json" --apply
json "and known the next time" "(d['new'], d['changed'], d['same'])" "(0, 0, 1)"
must desk --json search "City Helpline"
json "under an id of our own" "d['id'][14], d['id'] == '017f22e2-79b0-7cc3-9679-408f346de14b'" \
    "('8', False)"
must desk withdraw "$(py "d['id']")" --reason "Not of this area"

# ---- what isn't taken -------------------------------------------------------------------------
wont "an officer doesn't import" 6 "at headquarters" amir directory import "$T/county.json"
sed 's/"active"/"open"/; s/"licenses": "none"/"minimum_age": 1.5/' "$T/county.json" >"$T/bad.json"
wont "a faulty file" 3 "nothing was imported" desk directory import "$T/bad.json" --apply
has "every fault by its path" "contents\\[0\\].status: must be active" "$err"
has "the other one too" "contents\\[0\\].minimum_age" "$err"
head -c 300 "$T/county.json" >"$T/cut.json"
wont "a file that was cut off" 8 "no JSON" desk directory import "$T/cut.json"

# ---- what an officer finds wrong --------------------------------------------------------------
wont "not without how they know" 2 "--reason is needed" \
    amir directory correct "$roshni" email=new@example.org
must amir --json directory correct "$roshni" assured_date=2026-11-28 status=paused \
    --reason "Rang them: full until January"
json "what headquarters keeps is proposed; what protects counts at once" \
    "(d['proposed'], d['saved'])" "(['assured'], ['status'])"
must amir --json directory correct "$haven" address_confidential=no --reason "Heard so"
relay_start
must amir sync
must desk sync
relay_end TERM
must desk --json desk
json "headquarters has a proposal on the desk" "d['proposals']" "1"
must desk --json conflicts "$roshni"
json "with both values, and why" \
    "sorted((c['value'].get('assured_date'), c['hq'], c['reason']) for g in d['groups']
        if g['group'] == 'assured' for c in g['choices'])" \
    "[('2026-11-01', True, None), ('2026-11-28', False, 'Rang them: full until January')]"
proposed=$(py "[i + 1 for g in d['groups'] if g['group'] == 'assured'
    for i, c in enumerate(g['choices']) if not c['hq']][0]")
must desk conflicts "$roshni"
has "in words too" "because: Rang them" "$out"
must desk --json directory find --language Urdu --on 2026-11-29
json "until then their own is shown, and what protects" "(d['checked'], d['status'])" \
    "('2026-11-01', 'paused')"
must desk resolve "$roshni" "assured=$proposed" --reason "Heard the same"
must desk --json directory find --language Urdu --on 2026-11-29
json "accepted" "d['checked']" "2026-11-28"
must amir show "$haven"
hasnt "an officer's word opens no refuge" "Elm" "$out"
must desk directory export
hasnt "nor in an export" "Elm" "$out"

# ---- maps and spreadsheets --------------------------------------------------------------------
must desk edit "$roshni" latitude=52.4862 longitude=-1.8904
must desk directory export --format geojson
json "longitude first, and a refuge without a place" \
    "sorted((f['properties']['name'], f['geometry'] and f['geometry']['coordinates'])
        for f in d['features'] if f['properties']['name'] in ('Roshni', 'Haven'))" \
    "[('Haven', None), ('Roshni', [-1.8904, 52.4862])]"
must desk directory export --format csv "$T/out.csv"
hasnt "nor in the table" "Elm|52\\.5" "$(cat "$T/out.csv")"
equal "as many rows as services, and the head" 6 "$("$python" -c 'import csv, sys
print(len(list(csv.reader(open(sys.argv[1], newline="")))))' "$T/out.csv")"
wont "a format that isn't one" 2 "hsds, geojson or csv" desk directory export --format kml
finish
