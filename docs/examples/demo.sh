#!/usr/bin/env bash
# A day with Daybook: a relay, an administrator, a headquarters desk and two officers, all on this
# machine, in one folder. Run by ./dev demo, which says where the programs are.
set -euo pipefail
export LC_ALL=C.UTF-8
umask 077
unset DAYBOOK_STORE

: "${DAYBOOK:?run ./dev demo}" "${DAYBOOK_RELAY:?run ./dev demo}" "${SRC:?run ./dev demo}"
unit="Family Liaison Unit"
airport="Operation Limelight"
folder=$(mktemp -d "${TMPDIR:-/tmp}/daybook-demo.XXXXXX")
relay_pid=
relay_url=
began=$SECONDS
cd "$SRC"

leave() {
    local status=$?
    [ -z "$relay_pid" ] || relay_off
    [ "$status" = 0 ] || printf '\nThe demo failed. What it did is in %s\n' "$folder" >&2
    exit "$status"
}
trap leave EXIT
trap 'exit 130' INT TERM

# ---- telling --------------------------------------------------------------------------------
step=0
chapter() {
    step=$((step + 1))
    printf '\n%d. %s\n%s\n' $step "$1" "$(printf '%*s' $((${#1} + 3)) '' | tr ' ' '-')"
}

say() { tr '\n' ' ' <<<"$*" | fold -s -w 80 | sed 's/ *$//'; echo; }

wrong() { say "This should not happen: $*" >&2; exit 1; }

# The command as one would type it.
typed() {
    local word line=daybook
    for word; do
        case $word in
        *[!A-Za-z0-9_./:=@+-]*) line+=" '${word//\'/\'\\\'\'}'" ;;
        *) line+=" $word" ;;
        esac
    done
    printf '%s' "$line"
}

# ---- devices and relay ----------------------------------------------------------------------
declare -A names=([admin]="Administrator's computer" [desk]="Headquarters desk"
    [amir]="Amir's laptop" [bethan]="Bethan's laptop")

# quiet DEVICE ARGUMENT...: not shown
quiet() {
    local device=$1
    shift
    "$DAYBOOK" --store "$folder/$device" --passphrase-file "$folder/$device.passphrase" \
        "$@" </dev/null
}

# on DEVICE ARGUMENT...: shown, with what it answers
on() {
    local device=$1 status=0
    shift
    printf '\n%s $ %s\n' "${names[$device]}" "$(typed "$@")"
    quiet "$device" "$@" >"$folder/answer" 2>&1 || status=$?
    sed 's/^/    /' "$folder/answer"
    return $status
}

# The passphrase that a person would type stands in a file of the folder here.
new_device() { head -c 18 /dev/urandom | base64 >"$folder/$1.passphrase"; }

relay_on() {
    local tries
    : >"$folder/relay.out"
    "$DAYBOOK_RELAY" serve --data "$folder/relay" --listen "${relay_url:-127.0.0.1:0}" \
        >"$folder/relay.out" 2>>"$folder/relay.log" </dev/null &
    relay_pid=$!
    for ((tries = 0; tries < 200; tries++)); do
        if grep -q '^listening on ' "$folder/relay.out"; then
            relay_url=$(sed -n 's|^listening on https://||p' "$folder/relay.out")
            return
        fi
        kill -0 "$relay_pid" 2>/dev/null || break
        sleep 0.05
    done
    wrong "the relay does not start; see $folder/relay.log"
}

relay_off() {
    kill "$relay_pid" 2>/dev/null || true
    wait "$relay_pid" 2>/dev/null || true
    relay_pid=
}

# id_of DEVICE FORM FIELD=VALUE: of the one record that fits
id_of() {
    quiet "$1" --json list "$2" --where "$3" | sed -n 's/^{"id":"\([^"]*\)".*/\1/p' | head -n 1
}

# count DEVICE FORM
count() { quiet "$1" --json list "$2" | wc -l; }

# state SPACE: the state hash in the answer of `verify`, or nothing
state() {
    awk -v space="$1: " '
        index($0, space) == 1 { here = 1 }
        here && /state hash/ { print $3; exit }' "$folder/answer"
}

# ---- the day --------------------------------------------------------------------------------
echo
say "DAYBOOK: two family liaison officers, their headquarters, and a server that cannot read
what it keeps. All of it runs on this machine. The names and cases are made up."
echo
say "A line like \"Amir's laptop \$ daybook ...\" is a command as one would type it there. (Really
each is also told which device it is, and where its passphrase stands, as --store and
--passphrase-file do; a person would be asked for the passphrase.)"

chapter "A relay, and an organisation"
say "The relay is the server on the internet. It stores sealed parcels and signs for them. It holds
no key that opens one."
"$DAYBOOK_RELAY" init "$folder/relay" >/dev/null
relay_on
new_device admin
on admin org create "$unit" --relay-card "$folder/relay/relay-card.txt" --relay "https://$relay_url"
echo
say "Airport notes are kept apart, in a space of their own, with a key of its own:"
on admin space create "$airport"

chapter "Two officers and a headquarters desk join"
say "Each gets an invite by hand, joins on their own device, and reads the device's number to the
administrator, who approves it. Bethan also works at the airport; Amir does not."
join() {
    local device=$1 name=$2 role=$3 space spaces=()
    shift 3
    for space; do spaces+=(--space "$space"); done
    new_device "$device"
    quiet admin org invite --name "$name" --role "$role" "${spaces[@]}" \
        >"$folder/$device.invite" 2>/dev/null
    quiet "$device" join "$folder/$device.invite" --device-name "${names[$device]}" >/dev/null
}
join amir "PC Amir Qureshi" officer "$unit"
join bethan "PC Bethan Rees" officer "$unit" "$airport"
join desk "HQ desk" hq "$unit" "$airport"
on admin org approve
on admin org approve "PC Amir Qureshi" "PC Bethan Rees" "HQ desk"
for device in amir bethan desk; do quiet $device sync >/dev/null; done

chapter "The notes that they have already"
say "Amir has been with the Marsh family since September, Bethan with the Nowickis; and she has the
sheets of two days at Birmingham Airport. Their notes come from files. A file is tried first:"
on amir import docs/examples/flo-amir.jsonl
on amir import docs/examples/flo-amir.jsonl --apply
on amir sync
echo
say "Bethan syncs first, and so has Amir's notes. Two lines of her file are officers who are there
already; they are not taken twice:"
on bethan sync
on bethan import docs/examples/flo-bethan.jsonl --space "$unit" --apply
on bethan import docs/examples/limelight.jsonl --space "$airport" --apply
on bethan sync
on desk sync
quiet amir sync >/dev/null
echo
say "Headquarters now holds $(count desk case) cases, $(count desk contact) contacts with families,
$(count desk intervention) interventions on $(count desk flight) flights. Amir sees the
families of both officers, but nothing of the airport: to his device that space does not
exist."
[ "$(count amir intervention)" = 0 ] || wrong "Amir sees airport notes"

chapter "Out of reach: the relay is switched off"
relay_off
marsh=$(id_of amir case ref=20/114932/26)
kevin=$(id_of amir person "name=Kevin Marsh")
say "Amir visits the Marshes. There is no signal, so he writes where he is, and signs the note:"
on amir add contact "case_id=$marsh" method=visit "started_at=2026-11-23 10:30" \
    direction=police_to_family 'present:=[{"name":"Joan Marsh","role":"family"}]' purpose=exit \
    "account=Joan says that she is ready. She would like one more call when the file is closed." \
    s38=fact
visit=$(tail -n 1 "$folder/answer")
on amir sign "${visit:0:13}" 2>/dev/null
on amir edit "${marsh:0:13}" status=exiting "status_reason=The family is ready; support is in place"
on amir edit "${kevin:0:13}" safe_voicemail=yes
echo
say "The same day Bethan covers for him. She can't see what he wrote, and he can't see hers:"
on bethan edit "${marsh:0:13}" status=paused \
    "status_reason=Joan asked for no calls before the trial"
on bethan edit "${kevin:0:13}" safe_voicemail=no
echo
say "Nothing is lost by trying to sync. Each device says where things stand, and why:"
if on amir sync; then wrong "there is no relay, and sync says that it worked"; fi
on amir status
on bethan status

chapter "Back in reach"
relay_on
say "Whatever waited goes out with the next sync, and what the others wrote comes in:"
on amir sync
on bethan sync
on amir sync

chapter "Headquarters decides"
on desk sync
echo
say "An officer's word that the lead approved a strategy can hold things back, and lets nothing go.
It is in force when headquarters writes it:"
lead=$(id_of desk officer "name=Ruth Callender")
on desk liaison approve "${marsh:0:13}" --by "${lead:0:13}"
echo
say "Two officers gave the Marsh case a different status, and said different things about Kevin
Marsh's voicemail. Daybook kept all of it. It asks a person:"
on desk conflicts
echo
say "The case has no answer that is safe by itself, so the two values wait side by side. Whether a
message may be left does: until somebody decides, every device shows \"No\"."
choice=$(quiet desk --json conflicts "$marsh" |
    grep -o '"choice":[0-9]*,"value":{[^}]*"status":"exiting"' | cut -d , -f 1 | cut -d : -f 2)
on desk resolve "${marsh:0:13}" "status=$choice" \
    --reason "Amir saw the family last; Joan's wish is noted in the exit plan"
on desk resolve "${kevin:0:13}" safe_voicemail=no \
    --reason "His ex-partner's brother answers that phone"
on desk conflicts
on desk sync

chapter "The officers see the decision"
on amir sync
on bethan sync
echo
say "The case on Bethan's laptop, and the end of its history. What she wrote is not gone:"
quiet bethan show "$marsh" >"$folder/answer"
printf '\n%s $ %s\n' "${names[bethan]}" "$(typed show "${marsh:0:13}")"
{ head -n 8 "$folder/answer"; echo "..."; grep -A 3 '^  Status' "$folder/answer"; } |
    sed 's/^/    /'
printf '\n%s $ %s\n' "${names[bethan]}" "$(typed history "${marsh:0:13}")"
{ echo "..."; quiet bethan history "$marsh" | tail -n 12; } | sed 's/^/    /'
found=$(cat "$folder/relay"/* "$folder/relay.log" |
    grep -aicE 'marsh|nowicki|qureshi|inquest' || true)
echo
say "And the relay, which all of it went through? Lines of its files and its log with the word
Marsh, Nowicki, Qureshi or inquest in them: $found"
[ "$found" = 0 ] || wrong "the relay can read"

chapter "Proof"
say "Each device checks every chain, seal, signature and row that it holds, and makes a fingerprint
of what it shows. The same fingerprint means the same notes, to the letter. What Bethan has just
looked at is in the log of use, which all of them hold: so they exchange once more first."
for device in bethan desk amir; do quiet $device sync >/dev/null; done
declare -A unit_state airport_state
for device in amir bethan desk; do
    on $device verify
    unit_state[$device]=$(state "$unit")
    airport_state[$device]=$(state "$airport")
done
printf '\n%-22s %-20s %s\n' "Fingerprints of" "$unit" "$airport"
for device in amir bethan desk; do
    airport_words="holds nothing of it"
    [ -z "${airport_state[$device]}" ] || airport_words=${airport_state[$device]:0:16}...
    printf '%-22s %-20s %s\n' "${names[$device]}" "${unit_state[$device]:0:16}..." "$airport_words"
done
if [ -z "${unit_state[desk]}" ] || [ "${unit_state[amir]}" != "${unit_state[desk]}" ] ||
    [ "${unit_state[bethan]}" != "${unit_state[desk]}" ]; then
    wrong "the three do not hold the same notes"
fi
if [ -z "${airport_state[desk]}" ] || [ "${airport_state[bethan]}" != "${airport_state[desk]}" ] ||
    [ -n "${airport_state[amir]}" ]; then
    wrong "the airport's notes are not where they belong"
fi
echo
say "All three hold the same notes of the $unit: the same state hash on each.
Bethan and headquarters hold the same airport notes; Amir holds none."

relay_off
rm -f "$folder/answer" "$folder/relay.out"
echo
say "The demo took $((SECONDS - began)) seconds. The relay is switched off. Everything is in one
folder, and nowhere else; to tidy up, remove it:"
printf '\n    rm -r %s\n' "$folder"
