# shellcheck shell=bash
# The world that the console's tests look at: a unit and its relay, whose desk has something of
# each kind to do. Sourced after tests/cli/lib.sh. Sets the ids that a test names: case_id ...

unit="Family Liaison Unit"

# new VARIABLE DEVICE ARGUMENT...: adds a record, and keeps its id
new() {
    local -n id_of=$1
    must "$2" add "${@:3}"
    id_of=$out
}

everybody() { settle amir bethan desk; }

people() {
    organisation "$unit"
    enrol amir officer "$unit"
    enrol bethan officer "$unit"
    enrol carol officer "$unit"
    enrol sue supervisor "$unit"
    enrol ada auditor "$unit"
    enrol desk hq "$unit"
}


# Two officers write without a network; a duplicate, a safe-contact rule, hostile words.
records() {
    new officer desk officer name="DI Gwen Lee" rank=DI phone="0121 496 0000"
    new case_id desk case ref=20/1234 kind=fatal_rtc status=proposed la_area=walsall \
        happened_at=2026-11-02T21:40:00Z summary="A lorry and a bicycle." \
        no_exit_plan_reason="Not deployed yet" lead_role=sio lead="$officer" \
        strategy:='[{"version":1,"objectives":"Listen, and tell what can be told",
            "held_back":["the speed of the lorry"],"to_tell":["the inquest is opened"],
            "approved_by":"'"$officer"'","approved_at":"2026-11-03T09:00:00Z"}]'
    new person desk person name="Maria Alvarez" dob=1984-03-02 safe_rule=only_via \
        safe_rule_detail="Only by her sister" safe_message=no safe_post=no \
        phones:='[{"value":"07700 900123","safe":"no"}]' \
        role_in_case:='[{"role":"close_relative","case":"'"$case_id"'"}]'
    must desk sync
    for device in amir bethan; do must $device sync; done
    new twin amir person name="Alvarez, Maria" dob=1984-03-02
    new contact amir contact case_id="$case_id" method=visit started_at=2026-11-20T14:30:00Z \
        account="They ask whether the driver was alone." child_present=yes \
        present:='[{"person":"'"$person"'","role":"family"}]' \
        told:='[{"topic":"the inquest is opened","detail":"On 12 November",
                 "authority":"DI Lee, decision 3"},
                {"topic":"the speed of the lorry","detail":"That it is looked into",
                 "held_back":"yes","authority":"DI Lee, by phone"}]' \
        requests:='[{"text":"To see the place","agreed":"pending"}]' \
        family_voice="Was he alone?"
    must amir edit "$case_id" strategy+:='[{"version":2,"objectives":"As before",
        "held_back":["the speed of the lorry","the phone"],"approved_by":"'"$officer"'",
        "approved_at":"2026-11-20T09:00:00Z"}]'
    new attempt amir contact case_id="$case_id" method=attempted attempt=no_answer \
        started_at=2026-11-22T10:00:00Z
    new marker amir marker kind=no_lone_visit about="$person" review_on=2027-01-31 \
        reason="A dog that bites" case_id="$case_id"
    new service desk service name="Roshni" organization="Roshni Trust" categories=idva,brake \
        la_areas=birmingham,walsall minimum_age=16 languages+=Urdu phones="0800 953 9777" \
        assured_date=2026-02-01 verify_every_days=90 status=active \
        description="Support for those bereaved on the road"
    new referral amir referral person="$person" type=brake service="$service" la_area=walsall \
        decision=referred consent=given case_id="$case_id" happened_at=2026-11-21T09:00:00Z
    new item amir disclosure_item case_id="$case_id" description="Notebook of PC Amir" \
        sensitive=no
    new action amir action kind=family_request text="A visit to the place" raised_from="$contact" \
        due=2026-11-25 case_id="$case_id"
}

# A case whose review is due.
old() {
    new old_case desk case ref=05/0417 kind=fatal_rtc happened_at="2005-03-01 10:00" \
        mopi_group=mopi_3 status=closed closure_reason=court_complete lessons=None \
        no_exit_plan_reason="None was needed" legal_hold=no
    must desk add contact case_id="$old_case" method=visit started_at="2006-05-01 10:00"
    must desk sync
}

# What a page must show as words, whatever it is.
hostile() {
    local bidi=$'\u202egpj.exe\u202c' long
    long=$(printf 'Donaudampfschiff%.0s' {1..40})
    new hostile desk person \
        name='<script>alert(1)</script><img src=x onerror=alert(2)>' needs_detail="$long"
    new bidi_case amir case ref="$bidi" kind=other status=proposed \
        summary='</textarea><svg onload=alert(3)> {{7*7}} javascript:alert(4) &amp;&lt;b&gt;' \
        no_exit_plan_reason="<a href='javascript:alert(5)'>x</a>"
    for device in amir desk; do must $device sync; done
    must amir edit "$bidi_case" kind=suicide
    must desk edit "$bidi_case" summary='"><iframe src=javascript:alert(6)>' \
        kind=homicide
    for device in amir desk; do must $device sync; done
}

conflicts() {
    must amir edit "$case_id" status=exiting status_reason="The inquest is over"
    must bethan edit "$case_id" status=paused status_reason="The family is abroad"
    must amir edit "$case_id" suspect_in_family=not_known
    must bethan edit "$case_id" suspect_in_family=no
    must bethan edit "$case_id" la_area=dudley
    must amir edit "$service" waiting_weeks=6
    everybody
}

# Carol's tablet is stolen, and she wrote on it after.
stolen() {
    must carol sync
    for name in "Tomas Alvarez" "Not hers"; do must carol add person name="$name"; done
    must admin sync
    must admin device revoke carol --reason stolen
    on carol sync
    must desk sync
}

# More than a page of persons.
crowd() {
    local i
    for ((i = 1; i <= 60; i++)); do
        printf '{"form": "person", "fields": {"name": "Witness number %d"}}\n' $i
    done >"$T/crowd.jsonl"
    must desk import --apply "$T/crowd.jsonl"
}

# A compartment, which a record is looked at in with a reason only.
compartment() {
    enrol chief admin "$unit"
    must admin sync
    wont "a restricted space takes two" 20 "org agree" admin space create "Operation Blackbird" \
        --restricted --member chief=hq --member desk=hq --member amir=officer
    local proposal
    proposal=$(grep -oE '[0-9a-f]{8}$' <<<"$err")
    must chief org proposals
    must chief org agree "$proposal"
    must desk sync
    must amir sync
    new secret desk person --space "Operation Blackbird" name="Nightingale"
    must desk sync
}

world() {
    people
    records
    old
    hostile
    conflicts
    stolen
    crowd
    compartment
    must ada sync
}
