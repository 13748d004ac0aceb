#!/usr/bin/env bash
# Goal: the console lets in one browser of this machine and nobody else: not other sites, names that
# were made to point here, addresses that were used, or pages without its key (issue "console" 5);
# what pages ask is what commands answer, by the same rules; it shares the agent's lock (P3, A06).
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/lib-console.sh"
organisation "Op Rowan"
person=$(on admin add person name="Rowan <b>Testname</b>"; echo "$out")

console_start admin
# ---- the door -------------------------------------------------------------------------------
equal "it listens on loopback alone" "http://127.0.0.1" "${console%:*}"
ask / ; must_be "a page is there for everybody" 200
for field in "content-security-policy: default-src 'none'; script-src 'self'" \
    "cache-control: no-store" "x-content-type-options: nosniff" "referrer-policy: no-referrer"; do
    has "each answer says $field" "$field" "$(tr 'A-Z' 'a-z' <"$T/head")"
done
hasnt "no inline code is allowed" "unsafe" "$(<"$T/head")"
ask /api/session; must_be "without a session it says nothing" 401
hasnt "not even its key" '"key"' "$out"
ask /enter/0000; must_be "a guessed address lets nobody in" 403
ask "${address#"$console"}"; must_be "the printed one does" 303
has "by a cookie that no script reads and no other site sends" \
    'HttpOnly; SameSite=Strict' "$(grep -i '^set-cookie' "$T/head")"
session=$(cookie)
ask "${address#"$console"}"; must_be "once" 403
ask -H "Cookie: $session" /api/session; must_be "with it one is in" 200
key=$(sed -n 's/.*"key":"\([0-9a-f]*\)".*/\1/p' <<<"$out")
ask -H "Cookie: ${session%?}0x" /api/session; must_be "another cookie is none" 401
ask -H "Cookie: other=1; $session; more=2" /api/session; must_be "ours is found among others" 200
ask -H "Cookie: x$session" /api/session; must_be "by its whole name" 401

# Whatever one says of a POST that another page could send, it isn't answered.
post=(-H "Cookie: $session" -H "Content-Type: application/json" -d '{"argv":["whoami"]}')
ask "${post[@]}" -H "X-Daybook-Key: $key" /api/run; must_be "no Origin (CSRF)" 403
ask "${post[@]}" -H "Origin: $console" /api/run; must_be "no key of the page (CSRF)" 403
ask "${post[@]}" -H "X-Daybook-Key: $key" -H "Origin: https://evil.example" /api/run
must_be "another site's Origin" 403
ask "${post[@]}" -H "X-Daybook-Key: $key" -H "Origin: http://127.0.0.1:1" /api/run
must_be "another port's Origin" 403
ask "${post[@]}" -H "X-Daybook-Key: $key" -H "Origin: $console" \
    -H "Sec-Fetch-Site: cross-site" /api/run
must_be "a browser that says it is another site" 403
ask -H "Cookie: $session" -H "X-Daybook-Key: $key" -H "Origin: $console" \
    -H "Content-Type: text/plain" -d '{"argv":["whoami"]}' /api/run
must_be "what a form could send" 403
ask -H "Host: daybook.evil.example" /; must_be "a name that points here (DNS rebinding)" 403
ask -H "Host: localhost:${console##*:}" -H "Cookie: $session" /api/session
must_be "not even localhost" 403
ask -H "Cookie: $session" -H "Sec-Fetch-Site: cross-site" /api/session
must_be "nor is anything read across sites" 403
ask -X PUT -H "Cookie: $session" /api/run; must_be "no other method" 404
ask -H "Cookie: $session" /api/nothing; must_be "no other call" 404
ask /../../etc/passwd.txt; must_be "no file of this machine" 404

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    run setpriv --reuid=65534 --clear-groups curl -sS --max-time 20 "$console/"
    [ "$status" != 0 ] || fail "a program of another user is not answered" "$out"
else
    echo "not shown here: programs of other users, as that takes root"
fi

# ---- locked, and the agent's lock -----------------------------------------------------------
page run '{"argv":["whoami"]}'; must_be "nothing is shown while it is locked" 423
page unlock '{"passphrase":"not this one"}'
has "a wrong passphrase is told" '"code":"DBK_PASSPHRASE","status":7' "$out"
page unlock "{\"passphrase\":\"$(<"$T/admin.pass")\"}"
has "the right one unlocks" '"unlocked":true' "$out"
run "$DAYBOOK" --store "$T/admin" --json whoami
equal "the terminal too" 0 "$status"
mine=$out
page run '{"argv":["whoami"]}'
must_be "a command" 200
equal "answers as in a terminal" "{\"lines\":[$mine],\"error\":null}" "$out"

# ---- what pages may do ----------------------------------------------------------------------
page run "{\"argv\":[\"show\",\"--\",\"$person\"]}"
has "a record" '<b>Testname</b>' "$out"
page run '{"argv":["audit"]}'
has "that it was looked at is in the log of use" "$person" "$out"
page run '{"argv":["show","--","ffffff"]}'
has "what fails is told as in a terminal" '"error":{"code":"DBK_NOT_FOUND","status":4' "$out"
page run '{"argv":["add","person","--","name=Second","dob=nonsense"]}'
has "with all problems" '"problems":\[{' "$out"
for forbidden in '["wipe"]' '["passphrase"]' '["export","/tmp/x"]' '["import","/etc/passwd"]' \
    '["backup","/tmp/x"]' '["org","invite","--name","x","--role","hq"]' '["console"]' '["agent"]' \
    '["--store","/tmp","whoami"]' '["sync","--folder","/tmp"]' '["sync","--folder=/tmp"]' \
    '["help","show"]' '["--version"]'; do
    page run "{\"argv\":$forbidden}"
    must_be "not for pages: $forbidden" 403
done
for malformed in '' '[]' '{}' '{"argv":[]}' '{"argv":[1]}' '{"argv":["a"],"b":1}' \
    '{"argv":["whoami"],"argv":["x"]}' '{"argv":["show","a\u0000b"]}' '{"argv":["whoami"'; do
    page run "$malformed"
    must_be "malformed: $malformed" 400
done
head -c 300000 /dev/zero | tr '\0' x >"$T/large"
ask -H "Cookie: $session" -H "X-Daybook-Key: $key" -H "Origin: $console" \
    -H "Content-Type: application/json" --data-binary "@$T/large" /api/run
must_be "too large" 413
page csv '{"argv":["report","trends","--from","2026-01-01","--to","2026-06-30","--csv"]}'
must_be "a table" 200
has "to be kept as a file" 'attachment; filename="daybook.csv"' "$(<"$T/head")"
page csv '{"argv":["report","trends","--csv","--from","nonsense"]}'
must_be "that can't be made" 422
page run '{"argv":["add","person","--","name==SUM(1) \"q\""]}'
page csv '{"argv":["list","person"],"columns":[["Name","summary"],
    ["Stands","carriage",{"here":"Here"}],["To decide","attention.asks"],["Late","late"],
    ["None","no.such"]]}'
must_be "a list in the columns of its page" 200
equal "marked in each line, without a formula, codes in words" \
    '"OFFICIAL-SENSITIVE","'"'"'=SUM(1) ""q""","Here","0","no",""' \
    "$(tr -d '\r' <<<"$out" | grep SUM)"
equal "under its heads" '"Marking","Name","Stands","To decide","Late","None"' \
    "$(head -n 1 <<<"$out" | tr -d '\r')"
page run '{"argv":["audit","--limit","1"]}'
has "that it was saved is in the log of use" '"what":"list person, saved as a file"' "$out"
for malformed in '[]' '[["a"]]' '[["a",1]]' '[["a","b","c"]]' '{}' '1'; do
    page csv "{\"argv\":[\"list\",\"person\"],\"columns\":$malformed}"
    must_be "no columns: $malformed" 400
done
page run '{"argv":["list","person"],"columns":[["a","id"]]}'; must_be "a page has no columns" 400
page run '{"argv":["scratch","keep","--","new/a","she said --x"]}'
page run '{"argv":["scratch","list"]}'
has "what is typed is kept" '"text":"she said --x"' "$out"
page run '{"argv":["scratch","keep","--","new/b/name","Rowan"]}'
page run '{"argv":["add","--scratch=new/b","--","person","nonsense=1"]}'
page run '{"argv":["scratch","list"]}'
has "and stays where the record could not be saved" '"name":"new/b/name"' "$out"
page run '{"argv":["add","--scratch=new/b","--","person","name=Rowan"]}'
page run '{"argv":["scratch","list"]}'
hasnt "it goes with the record that is saved" 'new/b' "$out"
has "and nothing else does" '"name":"new/a"' "$out"

# Nobody waits for ever, and what is asked at once is answered in turn.
for n in 1 2 3 4 5 6; do
    page_n() { curl -sS --max-time 60 -H "Cookie: $session" -H "X-Daybook-Key: $key" \
        -H "Origin: $console" -H "Content-Type: application/json" \
        -d "{\"argv\":[\"scratch\",\"keep\",\"--\",\"at-once/$1\",\"$1\"]}" "$console/api/run"; }
    page_n $n >"$T/at-once.$n" 2>&1 &
    pids[n]=$!
done
wait "${pids[@]}"
equal "six at once" 6 "$(grep -l '"kept":true' "$T"/at-once.? | wc -l)"

# Words are in no argument list, and not in this process.
hasnt "no word of a note is in its argument list" "Testname" \
    "$(tr '\0' ' ' <"/proc/$console_pid/cmdline")"

page lock '{}'
has "locking" '"locked":true' "$out"
page run '{"argv":["whoami"]}'; must_be "locks the page" 423
run "$DAYBOOK" --store "$T/admin" whoami </dev/null
[ "$status" != 0 ] || fail "and the terminal"

status=0
kill -TERM "$console_pid"
wait "$console_pid" || status=$?
equal "it ends in order" 0 "$status"
finish
