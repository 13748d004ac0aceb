#!/usr/bin/env bash
# Goal: who isn't in a compartment learns nothing of it from the program: it isn't listed, counted,
# found or exported, and a guess is answered like a guess at nothing, in words and in time. What
# the team may know is a restricted marker: whom to ring, and no more (A26, P3, domain.md 3.9).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
export XDG_RUNTIME_DIR=$T/run
mkdir "$XDG_RUNTIME_DIR"

organisation "Family Liaison Unit"
enrol chief admin "Family Liaison Unit"
enrol amir officer "Family Liaison Unit"
must admin sync
must admin add person name='Maria Alvarez'
person=$out
wont "a restricted space takes two" 20 "org agree" \
    admin space create "Operation Blackbird" --restricted --member chief=hq
proposal=$(grep -oE '[0-9a-f]{8}$' <<<"$err")
must chief org proposals
must chief org agree "$proposal"
must admin sync
must admin --json space list
compartment=$(py "[s['space'] for s in d if s['name'] == 'Operation Blackbird'][0]")
must admin add person --space "Operation Blackbird" name=Quetzalcoatlus
hidden=$out
must admin edit "$hidden" name='Featherstonehaugh Quetzalcoatlus'
must admin add restricted_marker --space "Family Liaison Unit" about="$person" ask="101 ext 4471"
marker=$out
must admin sync
must chief sync
must chief search Quetzalcoatlus --reason "Review of the deployment"
has "control: its members find it" "Quetzalcoatlus" "$out"

# Its members say why they look; in its log, and in no other (domain.md A44, 2.6, 3.11).
must chief search Quetzalcoatlus
equal "no ordinary search finds it" "" "$out"
has "but says that something may be left out" "Restricted spaces are left out" "$err"
must chief --json list
hasnt "nor is it in an ordinary list" "$hidden" "$out"
must chief export
hasnt "nor in an export of all" "$hidden" "$out"
wont "shown without a reason" 2 "restricted space: say why" chief show "$hidden"
equal "not a word of it" "" "$out"
wont "for programs" 2 "say why" chief --json show "$hidden"
json "they are told what is wanted" "d['error']['wants']" "reason"
wont "its history" 2 "say why" chief history "$hidden"
wont "a list of it" 2 "say why" chief list --space "Operation Blackbird"
wont "an export of it" 2 "say why" chief export --space "Operation Blackbird"
wont "where they are referred to" 2 "say why" chief referral suggest "$hidden"
must chief add referral --space "Operation Blackbird" person="$hidden" type=cru \
    decision=referred consent=given la_area=walsall happened_at=2026-11-29T09:00:00Z
referral=$out
wont "a referral out of it" 2 "say why" chief referral send "$referral" "$T/sealed"
must chief referral due
hasnt "what it waits for" "$referral" "$out"
must chief withdraw "$referral" --reason "of the test"
must chief --json directory gaps --category cru --area walsall
gaps=$out
must chief add service --space "Operation Blackbird" name="Nightjar House" status=active \
    categories:='["cru"]' la_areas:='["walsall"]'
service=$out
for command in "directory find" "directory stale"; do
    # shellcheck disable=SC2086
    must chief $command
    hasnt "$command" "Nightjar|$service" "$out"
    has "$command says that something may be left out" "Restricted spaces are left out" "$err"
done
must chief --json directory gaps --category cru --area walsall
equal "and what lacks elsewhere is told as if it weren't there" "$gaps" "$out"
must chief show "$hidden" --reason "Marker of why"
has "with one it is shown" Quetzalcoatlus "$out"
must chief list --reason "Marker of why"
has "and listed" Quetzalcoatlus "$out"
must chief directory find --reason "Marker of why"
has "so is its service" "Nightjar House" "$out"
must chief --json audit --op consultation
json "each look at it has its reason" \
    "[(r['what'], r['reason']) for r in rows if r['space'] == '$compartment']" \
    "[('search', 'Review of the deployment'), ('show', 'Marker of why'), \
('list', 'Marker of why'), \
('directory find', 'Marker of why')]"
json "one in an ordinary space has none" \
    "[r.get('reason') for r in rows if r['space'] != '$compartment' and r['author'] == 'chief']" \
    "[None, None]"
must chief sync
must amir sync

# The marker, as everybody in the ordinary space has it.
must amir list
has "the team sees that there is somebody to ring" "101 ext 4471" "$out"
must amir --json show "$marker"
json "about whom, whom to ring, and that it stands" "d['fields']" \
    "{'about': '$person', 'ask': '101 ext 4471', 'state': 'active'}"
must amir form show restricted_marker
hasnt "it has no room for words" "longtext|text" "$(grep -oE '[a-z_]+ +(long)?text' <<<"$out")"
# An end that meets a marker that somebody goes on with doesn't take it away (P6).
must amir edit "$marker" state=ended --reason "no longer"
must admin edit "$marker" ask="101 ext 4472"
must amir sync
must admin sync
must amir sync

# Nothing else, wherever it is looked for.
secrets="Blackbird|Quetzalcoatlus|Featherstonehaugh|$hidden|${hidden:0:13}|$compartment"
clean() {
    local what=$1
    shift
    must amir "$@"
    hasnt "$what is silent about the compartment" "$secrets" "$out$err"
}
clean "status" status
clean "status --json" --json status
clean "the list" list --withdrawn
clean "the list in JSON" --json list --withdrawn
clean "a search" search Quetzalcoatlus
clean "a search of the beginning of a word" search Quetz
clean "conflicts" conflicts
clean "the spaces" --json space list
clean "the devices" --json device list
clean "the export" export
clean "the log of use" --json audit
must amir --json audit
hasnt "nor why somebody looked at it" "Marker of why" "$out"
clean "verify" --json verify
clean "evidence" evidence list
clean "sync" --json sync
clean "org log" org log
must amir --json org log
hasnt "org log in JSON names neither it nor its records" "Blackbird|Quetzalcoatlus|$hidden" "$out"
must amir --json space list
json "one space is there" "[s['name'] for s in d]" "['Family Liaison Unit']"
equal "and two records are counted" 2 "$(ids amir | wc -l)"

# A guess at the compartment, and one at nothing: the same status and the same bytes.
nowhere=${compartment:0:20}777777777777
nobody=${hidden:0:24}777777777777
must amir unlock
answer() { # answer ARGUMENT...: status and both outputs, in one text, without what was typed
    run setsid "$DAYBOOK" --store "$T/amir" "$@"
    printf '%s\n%s\n%s\n' "$status" "$out" "$err" |
        sed -e "s/$compartment/ID/g; s/$nowhere/ID/g; s/$hidden/ID/g; s/$nobody/ID/g" \
            -e 's/Operation Blackbird/NAME/g; s/Operation Hummbird/NAME/g'
}
alike() { # alike WHAT "REAL" "GUESS" ARGUMENT...: X in an argument stands for either
    local what=$1 real=$2 guess=$3 first second
    shift 3
    first=$(answer "${@//X/$real}")
    second=$(answer "${@//X/$guess}")
    has "control: $what is refused" "daybook: " "$first"
    equal "$what: the same answer as to a guess at nothing" "$second" "$first"
}
alike "show" "$hidden" "$nobody" show X
alike "show --json" "$hidden" "$nobody" --json show X
alike "history" "$hidden" "$nobody" history X
alike "edit" "$hidden" "$nobody" edit X name=Ann
alike "withdraw" "$hidden" "$nobody" withdraw X --reason error
alike "list by name" "Operation Blackbird" "Operation Hummbird" list --space X
alike "list by id" "$compartment" "$nowhere" list --space X
alike "add by name" "Operation Blackbird" "Operation Hummbird" add person --space X name=A
alike "add by id" "$compartment" "$nowhere" add person --space X name=A
alike "space remove" "$compartment" "$nowhere" space remove X chief
alike "a device in it" "Operation Blackbird" "Operation Hummbird" space bar X chief

# And the same time: medians of many, taken in turn so that the machine's other work meets both.
cat >"$T/times.py" <<'PY'
import statistics, subprocess, sys, time
program, store, rounds = sys.argv[1], sys.argv[2], 25
def cost(arguments):
    begin = time.monotonic()
    subprocess.run([program, "--store", store, *arguments], stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - begin
worst = 0.0
for real, guess in (a.split("|") for a in sys.argv[3:]):
    took = {real: [], guess: []}
    for n in range(rounds):
        for one in (real, guess) if n % 2 else (guess, real):
            took[one].append(cost(one.split()))
    a, b = (statistics.median(took[x]) for x in (real, guess))
    worst = max(worst, abs(a - b) / max(a, b))
    print(f"note: {1000 * a:.2f} and {1000 * b:.2f} ms", file=sys.stderr)
print(f"{worst:.2f}")
PY
ok "times can be taken" "$python" "$T/times.py" "$DAYBOOK" "$T/amir" \
    "show $hidden|show $nobody" "list --space $compartment|list --space $nowhere"
echo "$err"
equal "a guess at it takes no other time ($out apart)" True "$("$python" -c "print($out < 0.3)")"
must amir lock

# What names a record of it, names no more than its id.
must chief add action --space "Family Liaison Unit" text="Ring first" raised_from="$hidden" \
    case_id="$person"
action=$out
must chief --json show "$action"
json "a record that names it has no name for it" \
    "sorted(d['names']) == sorted(['$action', '$person'])" True
must chief withdraw "$action" --reason "of the test"
finish
