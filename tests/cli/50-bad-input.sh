#!/usr/bin/env bash
# Goal: whatever is wrong (a value, a name, a passphrase, the network, the relay, the disk, the
# store), there is one clear sentence, an exit status of its own, and nothing is lost.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

organisation Unit
enrol amir officer Unit
must amir add contact method=visit account="The note that must survive"
kept=$out
must amir sync

# still_there WHAT: the note of before is there, and the store is whole
still_there() {
    must amir show "$kept"
    has "$1: the note is still there" "must survive" "$out"
    must amir --json verify
    json "$1: the store is whole" "d['whole']" True
}

# ---- what an officer types ------------------------------------------------------------------
wont "a bad value" 3 "nothing was saved: [0-9]+ things to put right" \
    amir add contact method=visit started_at=yesterday child_present=perhaps accont="x" \
    strategy_version=many next_contact:='{"when":"soon"}'
has "every problem at once: a time" "^- Started" "$err"
has "every problem at once: yes or no" "^- Children present" "$err"
has "every problem at once: a number" "^- Strategy in force" "$err"
has "every problem at once: a part of a field" "^- Next contact" "$err"
has "a mistyped field gets a suggestion" '^- .*accont.*account' "$err"
on amir --json add contact started_at=yesterday child_present=perhaps
json "all of it for programs" \
    "d['error']['code'], d['error']['status'], sorted(p['field'] for p in d['error']['problems'])" \
    "('DBK_INVALID', 3, ['child_present', 'started_at'])"
wont "an answer that isn't one" 3 "nothing was saved: 1 thing to put right" \
    amir add contact method=telepathy
has "the answers are listed" \
    "^- Method: \"telepathy\" is not one of the answers: visit, phone" "$err"
wont "an unknown form" 4 'no such form: contcat; did you mean "contact"' \
    amir add contcat method=visit
wont "an unknown form, far from any" 4 "daybook forms. lists them" amir add zzzzzzzzz method=visit
wont "not FIELD=VALUE" 2 "is not FIELD=VALUE" amir add contact visit
wont "no field's name" 2 "begin with a field" amir add contact =visit
wont "not JSON" 2 "is not JSON" amir add contact present:='[{'
wont "an unknown command" 2 'did you mean "status"' amir statsu
wont "half a command" 2 "create, invite, approve" amir org
wont "an unknown option" 2 'did you mean "--space"' amir add --spcae Unit contact
wont "an unknown global option" 2 "no such option" amir --jason status
wont "a missing value" 2 "needs a value" amir status --store
wont "a missing argument" 2 "usage: daybook show ID" amir show
wont "too many arguments" 2 "usage: daybook show ID" amir show a b
wont "an id that isn't one" 3 "no record's id" amir show xyz
wont "an id of nothing" 4 . amir show 00000000-0000-7000-8000-000000000000
wont "an edit of nothing" 4 . amir edit 00000000-0000-7000-8000-000000000000 method=phone
wont "a time that isn't one" 2 "since" amir list --since lately
long=$(head -c 100000 /dev/zero | tr '\0' x)
wont "a text that is too long" 3 "to put right" amir add contact place="$long"
must amir add contact account="$(head -c 5000 /dev/zero | tr '\0' y)"
must amir withdraw "$out" --reason "Only a test"
wont "not UTF-8" 3 . amir add contact account=$'\xff\xfe'

# ---- the passphrase and the folder ----------------------------------------------------------
echo "not the passphrase" >"$T/wrong.pass"
refused "a wrong passphrase" 7 "passphrase" \
    "$DAYBOOK" --store "$T/amir" --passphrase-file "$T/wrong.pass" list
: >"$T/empty.pass"
refused "an empty passphrase" 2 "empty" \
    "$DAYBOOK" --store "$T/amir" --passphrase-file "$T/empty.pass" list
echo "short" >"$T/short.pass"
wont "a new passphrase that is too short" 3 "at least 12" amir passphrase --new-file "$T/short.pass"
must amir status
refused "no passphrase file" 2 "passphrase file" \
    "$DAYBOOK" --store "$T/amir" --passphrase-file "$T/none.pass" list
refused "no terminal to ask on" 2 "no terminal" setsid "$DAYBOOK" --store "$T/amir" list
refused "no store" 4 "no store at .*daybook join" \
    "$DAYBOOK" --store "$T/none" --passphrase-file "$T/amir.pass" list
mkdir "$T/hollow"
refused "an empty folder" 4 . \
    "$DAYBOOK" --store "$T/hollow" --passphrase-file "$T/amir.pass" list
run bash -c '"$0" --store "$1" --passphrase-fd 5 list 5<"$2"' "$DAYBOOK" "$T/amir" "$T/amir.pass"
equal "a passphrase from a descriptor" 0 "$status"
mkfifo "$T/fifo"
"$DAYBOOK" --store "$T/amir" --passphrase-file "$T/amir.pass" import "$T/fifo" >/dev/null 2>&1 &
holder=$!
others+=("$holder")
exec 6>"$T/fifo"
for ((tries = 0; tries < 100; tries++)); do
    on amir list
    [ "$status" = 0 ] || break
    sleep 0.05
done
equal "a store in use by another program" 17 "$status"
has "it says so" "another program has the store open" "$err"
exec 6>&-
wait "$holder"
still_there "after all that"

# ---- the network and the relay --------------------------------------------------------------
must amir add contact method=phone account="Written before the relay went away"
second=$out
relay_end TERM
wont "no relay" 13 "relay at .* cannot be reached: nothing answers there" amir sync
still=$("$DAYBOOK" --store "$T/amir" --passphrase-file "$T/amir.pass" status)
has "status says what waits" "on this device only: [1-9]" "$still"

# Another server at the relay's address: the pin doesn't match, and nothing is sent to it.
mv "$T/relay" "$T/relay.true"
ok "an impostor" "$DAYBOOK_RELAY" init "$T/relay"
relay_start
wont "an impostor at the relay's address" 14 "." amir sync
relay_end TERM
mv "$T/relay" "$T/relay.impostor"

# The right keys on an empty server: the log went back, which no honest relay's does.
cp -a "$T/relay.impostor" "$T/relay"
cp "$T"/relay.true/tls-*.pem "$T/relay"
relay_start
on amir sync
[ "$status" != 0 ] || fail "an emptied relay is not believed" "$out"
has "an emptied relay is refused in one sentence" "^daybook: " "$err"
must amir show "$second"
relay_end TERM
rm -r "$T/relay"
mv "$T/relay.true" "$T/relay"
relay_start
must amir sync
must amir --json status
json "back with the true relay all arrives" \
    "d['spaces'][0]['own_ops'] - d['spaces'][0]['own_at_relay']" 0

# ---- the disk -------------------------------------------------------------------------------
cp -a "$T/amir" "$T/amir.good"
text=$(head -c 14000 /dev/urandom | base64 -w 0)
# Not by listing them: a look has to be written down, and that takes room.
count_notes() { must amir --json status && py "d['spaces'][0]['records']"; }
before=$(count_notes)

# full WHAT STATUSES: adds until the disk is full; each note that was acknowledged must be there.
full() {
    local what=$1 statuses=$2 added=0
    shift 2
    status=0
    while [ $added -lt 200 ]; do
        "$@" || true
        [ "$status" = 0 ] || break
        added=$((added + 1))
    done
    [[ " $statuses " == *" $status "* ]] ||
        fail "$what" "expected an exit status of: $statuses" "got: $status" "$err"
    has "$what: one sentence" "^daybook: .*(disk|file)" "$err"
    checks=$((checks + 1))
    equal "$what: every acknowledged note is there" $((before + added)) "$(count_notes)"
}

whole_again() {
    must amir --json verify
    json "$1: the store is whole" "d['whole']" True
}

add_long() { on amir add contact method=text account="$text"; }
add_limited() {
    run bash -c 'ulimit -f "$1"; shift; exec "$@"' - "$limit" \
        "$DAYBOOK" --store "$T/amir" --passphrase-file "$T/amir.pass" \
        add contact method=text account="$text"
}
mkdir "$T/small"
if mount -t tmpfs -o size=1500k tmpfs "$T/small" 2>/dev/null; then
    mounted=$T/small
    cp -a "$T/amir" "$T/small/amir"
    rm -r "$T/amir"
    ln -s "$T/small/amir" "$T/amir"
    full "a full disk" "11" add_long
    mount -o remount,size=20m "$T/small"
    whole_again "a full disk"
    must amir add contact method=text account="$text"
    must amir sync
    has "with room again it goes on" "Sent" "$out"
    rm "$T/amir"
    umount "$T/small"
    mounted=
    cp -a "$T/amir.good" "$T/amir"
fi
limit=$(($(stat -c %s "$T/amir/store.db") / 1024 + 256))
full "a limit on files" "11 12" add_limited
whole_again "a limit on files"
rm -r "$T/amir"
cp -a "$T/amir.good" "$T/amir"

# ---- a damaged store ------------------------------------------------------------------------
# damaged WHAT STATUSES COMMAND...: the store is damaged by the command, refused, and put back
damaged() {
    local what=$1 statuses=$2
    shift 2
    "$@"
    on amir verify
    [[ " $statuses " == *" $status "* ]] ||
        fail "$what" "expected an exit status of: $statuses" "got: $status" "$err" "$out"
    equal "$what: one sentence" 1 "$(grep -c '^daybook: ' <<<"$err")"
    rm -r "$T/amir"
    cp -a "$T/amir.good" "$T/amir"
}
rm -f "$T"/amir.good/store.db-*
size=$(stat -c %s "$T/amir.good/store.db")
for ((i = 0; i < 16; i++)); do
    at=$((size * i / 16 + 37 * i + 17))
    damaged "a flipped bit in store.db at $at" 10 flip "$T/amir/store.db" $at
done
for at in 0 5 8 20 30 45 70 110 170 190; do
    damaged "a flipped bit in keys.slots at $at" "7 8 10 15 18" flip "$T/amir/keys.slots" $at
done
damaged "store.db cut in half" 10 truncate -s $((size / 2)) "$T/amir/store.db"
damaged "store.db empty" 10 truncate -s 0 "$T/amir/store.db"
damaged "store.db gone" "4 10" rm "$T/amir/store.db"
damaged "keys.slots gone" "4 10" rm "$T/amir/keys.slots"
damaged "keys.slots empty" 10 truncate -s 0 "$T/amir/keys.slots"
damaged "another device's database" 10 cp "$T/admin/store.db" "$T/amir/store.db"
must amir show "$kept"
has "the store that was put back is as before" "must survive" "$out"

# ---- a damaged file to import ---------------------------------------------------------------
head -c 20000 /dev/urandom >"$T/noise.jsonl"
wont "noise" 3 "lines refused" amir import "$T/noise.jsonl" --apply
printf '{"form":"contact","fields":{"method":"visit"}' >"$T/cut.jsonl"
wont "a line that was cut off" 3 "1 of 1" amir import "$T/cut.jsonl" --apply
head -c 300000 /dev/zero | tr '\0' '[' >"$T/deep.jsonl"
wont "nesting without end" 3 "1 of 1" amir import "$T/deep.jsonl" --apply
equal "none of it was taken" "$before" "$(count_notes)"

# ---- output that can't be written -----------------------------------------------------------
if [ -e /dev/full ]; then
    status=0
    "$DAYBOOK" --store "$T/amir" --passphrase-file "$T/amir.pass" list >/dev/full 2>"$T/err" ||
        status=$?
    equal "standard output is full" 11 "$status"
    has "it says so" "could not be written" "$(<"$T/err")"
fi
finish
