#!/usr/bin/env bash
# Goal: what two administrators disposed of can't be opened from a backup of the relay that is older
# than their order, with the relay's key, every key of the space, every backup and the opener book
# as it is; its neighbours can, and that backup still brings every live note back (domain.md 2.5,
# decision 0037).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
: "${EPOCHKEYS:?}" "${LOCKEDOPS:?the program that opens what can be opened of a backup}"
export XDG_RUNTIME_DIR=$T/run
mkdir "$XDG_RUNTIME_DIR"

organisation Unit
enrol chief admin Unit
enrol amir officer Unit
gone=Quagmirevale
stays=Larkspurfield
must admin add case ref=05/0417 kind=fatal_rtc happened_at="2005-03-01 10:00" mopi_group=mopi_3 \
    status=closed closure_reason=court_complete lessons=None no_exit_plan_reason="None was needed"
case_id=$out
must admin add case ref=26/0001 kind=homicide
other_id=$out
must admin sync
must amir sync
# Several changes in one segment: some will go, and some stay.
line() { echo "{\"form\":\"$1\",\"fields\":{$2}}"; }
told() { echo "\"case_id\":\"$1\",\"method\":\"phone\",\"account\":\"Told of $2\""; }
{
    line person "\"name\":\"Edwina $gone\",\"dob\":\"1950-01-01\",\"case_id\":\"$case_id\""
    line contact "$(told "$other_id" "$stays")"
    line contact "$(told "$case_id" "$gone")"
} >"$T/notes.jsonl"
must amir import "$T/notes.jsonl" --space Unit --apply
must amir sync
must amir --json list person
person_id=$(py "rows[0]['id']")
settle amir admin chief

# every_key DEVICE: the keys of its spaces, as it opens them
every_key() {
    must "$1" unlock
    "$python" - "$XDG_RUNTIME_DIR"/daybook/agent-* "$T/store.key" <<'PY'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"DBKA\1\2\0\0")
answer = s.recv(40, socket.MSG_WAITALL)
assert len(answer) == 40 and answer[5] == 0
open(sys.argv[2], "wb").write(answer[8:])
PY
    must "$1" lock
    mapfile -t epoch_keys < <("$EPOCHKEYS" "$T/$1" "$T/store.key" | cut -d ' ' -f 2)
    rm "$T/store.key"
}
# read_with BACKUP BOOK: what somebody reads who has these two, relay.key and every epoch key
read_with() {
    cp "$1" "$T/stolen.db"
    cp "$2" "$T/stolen.book"
    ok "reading ${1##*/}" "$LOCKEDOPS" "$T/stolen.db" "$T/stolen.book" "$T/relay.key" \
        "${epoch_keys[@]}"
    rm "$T"/stolen.*
}
newest() { find "$T/backups" -name 'daybook-relay-*.db' | sort | tail -n 1; }

# ---- before ---------------------------------------------------------------------------------
ok "a backup" "$DAYBOOK_RELAY" backup --data "$T/relay" --to "$T/backups"
has "it names the book" "^opener book, written anew: $T/backups/openers\.book$" "$out"
old=$(newest)
cp "$T/backups/openers.book" "$T/copy.book"
cp "$T/relay/relay.key" "$T/relay.key"
every_key admin
[ "${#epoch_keys[@]}" -ge 1 ] || fail "there are keys to try"
read_with "$old" "$T/backups/openers.book"
has "control: with the book all is open" "^open [0-9]+ [0-9]+ .*$gone" "$out"
hasnt "all of it" "^shut" "$out"
opened=$(grep -c '^open' <<<"$out")

# ---- disposed of ----------------------------------------------------------------------------
answers=(necessity=no adequacy=yes accuracy=yes reason="Nothing needs it any more"
    before_time=recorded_wrongly)
must admin --json retention review "$person_id" decision=dispose "${answers[@]}"
must admin --json retention review "$case_id" decision=dispose "${answers[@]}"
must admin sync
for device in amir chief; do
    must "$device" sync
    must "$device" list
    must "$device" sync
done
must admin sync
wont "one administrator only asks" 20 "second administrator must agree" \
    admin retention dispose "$case_id" "$person_id"
must chief sync
must chief org proposals --reason "To sign what was decided"
id=$(grep -oE 'org agree [0-9a-f]{8}' <<<"$out" | cut -d ' ' -f 3)
must chief org agree "$id"
settle chief amir admin
read_with "$old" "$T/backups/openers.book"
has "until the book is brought up to date" "$gone" "$out"
sleep 1.1 # a backup is named by its second
ok "the next backup" "$DAYBOOK_RELAY" backup --data "$T/relay" --to "$T/backups"
new=$(newest)
[ "$new" != "$old" ] || fail "there are two"

# ---- shut -----------------------------------------------------------------------------------
read_with "$old" "$T/backups/openers.book"
hasnt "the older backup doesn't open what went" "$gone|05/0417" "$out"
has "what stays opens" "^open [0-9]+ [0-9]+ .*$stays" "$out"
shut=$(grep -c '^shut' <<<"$out")
[ "$shut" -ge 3 ] || fail "case, person and contact are shut" "$shut"
equal "and nothing else" "$opened" "$((shut + $(grep -c '^open' <<<"$out")))"
place=$(grep "$stays" <<<"$out" | head -n 1 | cut -d ' ' -f 2)
has "a neighbour in the same segment stays open" "^shut $place " "$out"
read_with "$new" "$T/backups/openers.book"
hasnt "nor does the newer one" "$gone|05/0417" "$out"
read_with "$old" "$T/copy.book"
has "an old copy of the book does: OPERATIONS.md says to delete it" "$gone" "$out"

# ---- and back -------------------------------------------------------------------------------
relay_end KILL
rm -rf "$T/relay"
restore=("$DAYBOOK_RELAY" restore --data "$T/relay" --key "$T/relay.key" --reason "the disk failed")
mkdir "$T/apart"
cp "$old" "$T/apart/"
run "${restore[@]}" --from "$T/apart/${old##*/}"
equal "without the book nothing comes back" 4 "$status"
has "and it says why" "no opener book at" "$err"
run "${restore[@]}" --from "$new" --openers "$T/copy.book"
equal "an old copy isn't enough for a newer backup" 4 "$status"
has "it says how many" "lacks what [0-9]+ changes need.*: it is older than the backup" "$err"
ok "the backup that is older than the order" "${restore[@]}" --from "$old"
relay_start
for device in chief amir; do
    wont "$device gives back what it has, and waits" 16 "nothing is lost" "$device" sync
done
must admin org recover-log --apply
settle admin chief amir
for device in admin chief amir; do
    must "$device" --json verify
    json "$device: every proof holds" "d['whole']" True
    must "$device" search "$stays"
    has "$device: every live note is there" "$stays" "$out"
    must "$device" --json search "$gone"
    json "$device: and nothing of what went" "rows" "[]"
done
settle admin chief amir
hash=$(state_hash admin Unit)
equal "the same state" "$hash" "$(state_hash amir Unit)"
# Whoever comes anew has the notes from this relay alone.
enrol dora officer Unit
must dora search "$stays"
has "the relay has it all" "$stays" "$out"
must dora --json verify
json "and each of its holes is ordered" "d['whole']" True
settle dora admin
equal "as everybody has it" "$(state_hash admin Unit)" "$(state_hash dora Unit)"
relay_end TERM
ok "the relay is sound" "$DAYBOOK_RELAY" fsck --data "$T/relay"
sleep 1.1
ok "and can be backed up anew" "$DAYBOOK_RELAY" backup --data "$T/relay" --to "$T/backups"
finish
